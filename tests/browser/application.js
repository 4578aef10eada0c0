// An application on this machine: it sends browsers to the authorize endpoint and takes them back on a port of its own.

import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { CONTOSO, SAMPLE_CLIENT } from './server.js';

export class Application {
  /** `forward`: where it sends browsers on to, as many applications do. */
  static async start(forward) {
    const application = new Application();
    application.answers = [];
    application.server = createServer(async (request, answer) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const url = new URL(request.url, application.base);
      if (url.pathname === '/frame') {
        answer.setHeader('content-type', 'text/html');
        answer.end(`<!DOCTYPE html><title>Frame</title><iframe src="${url.searchParams.get('of')}"></iframe>`);
        return;
      }
      if (url.pathname !== '/callback') {
        answer.end('<!DOCTYPE html><title>Home</title><h1>At home</h1>');
        return;
      }
      const posted = request.method === 'POST';
      const parameters = posted ? new URLSearchParams(Buffer.concat(chunks).toString()) : url.searchParams;
      application.answers.push({ method: request.method, ...Object.fromEntries(parameters) });
      if (forward) {
        answer.writeHead(302, { location: forward() });
        answer.end();
        return;
      }
      answer.setHeader('content-type', 'text/html');
      answer.end('<!DOCTYPE html><title>Back</title><h1>Back at the application</h1>');
    });
    await new Promise((resolve) => application.server.listen(0, '127.0.0.1', resolve));
    application.port = application.server.address().port;
    application.base = `http://localhost:${application.port}`;
    application.redirectUri = `${application.base}/callback`;
    return application;
  }

  /** Where a browser begins, on `server`. */
  begin(server, changes = {}) {
    this.verifier = randomBytes(32).toString('base64url');
    this.state = randomBytes(8).toString('hex') + ' é&=';
    const parameters = {
      client_id: SAMPLE_CLIENT,
      response_type: 'code',
      redirect_uri: this.redirectUri,
      scope: 'openid profile offline_access OnlineMeetingRecording.Read.All',
      state: this.state,
      nonce: randomBytes(8).toString('hex'),
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...changes,
    };
    return `${server.base}/${CONTOSO}/oauth2/v2.0/authorize?${new URLSearchParams(parameters)}`;
  }

  /** The answer that came last. */
  get last() {
    return this.answers.at(-1);
  }

  /** Redeems the code that came last; gives the tokens. */
  async redeem(server) {
    const answer = await server.post(`/${CONTOSO}/oauth2/v2.0/token`, {
      grant_type: 'authorization_code',
      client_id: SAMPLE_CLIENT,
      code: this.last.code,
      redirect_uri: this.redirectUri,
      code_verifier: this.verifier,
    });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.json();
  }
}

/** The claims of a token, unverified. */
export function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
}
