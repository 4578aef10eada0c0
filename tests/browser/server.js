// Our server on a port of its own, over HTTPS, with the sample tenants of the demo.

import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { request } from 'node:https';
import path from 'node:path';
import { promisify } from 'node:util';

export const CONTOSO = 'f6fadfa7-e5c1-4b62-9362-da5cc13da58a';
export const SAMPLE_CLIENT = '3f0d5a1e-8a0c-4c0e-9c1b-5a8f2b7d6e41';
/** Who can sign in with PASSWORD. */
export const MEGAN = 'megan@contoso.example';
export const ALEX = 'alex@contoso.example';
export const NESTOR = 'nestor@contoso.example';
export const PASSWORD = 'wide awake at the river';
/** How the other provider knows Alex. */
export const ALEX_THERE = 'alex-over-there';
/** A meeting of Alex, with two recordings. */
export const BUDGET_REVIEW =
  'MSpiYzY3YmE5NC02MzdkLTRlZmEtYTA5ZS00NjdhZGE2NzlmODEqMCoqMTk6bWVldGluZ19OalV4T1dFNVpEVXRZV001TVMwME1HWTBMVGswTjJNdE1UZGtNekJsTTJFMk5UVm1AdGhyZWFkLnYy';

const DEADLINE_MS = 60_000;
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** What the demo does not say of its people. */
const SEED = {
  users: [
    person('8a119b9e-16bc-4732-8f7b-7676d015b0dc', MEGAN, 'Megan Bowen', {
      directoryRoles: ['Global Administrator'],
    }),
    person('bc67ba94-637d-4efa-a09e-467ada679f81', ALEX, 'Alex Wilber', { externalId: ALEX_THERE }),
    person('0b80a255-53a1-4945-a932-58ef7777682c', NESTOR, 'Nestor Wilke', {}),
  ],
};

function person(id, name, displayName, more) {
  return { id, tenantId: CONTOSO, userPrincipalName: name, displayName, mail: name, password: PASSWORD, ...more };
}

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until `look` gives something. */
export async function until(what, look) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Server {
  constructor(binary, folder, port) {
    this.binary = binary;
    this.folder = folder;
    this.port = port;
    this.base = `https://localhost:${port}`;
    this.config = path.join(folder, 'config.toml');
    this.log = '';
  }

  /** A store with the sample tenants. */
  static async seeded(binary, root, folder) {
    const server = new Server(binary, folder, await freePort());
    await mkdir(folder, { recursive: true });
    await server.configure('');
    const seed = path.join(folder, 'people.json');
    await writeFile(seed, JSON.stringify(SEED));
    await server.run(['seed', '--config', server.config, path.join(root, 'demo', 'seed.yaml'), seed]);
    return server;
  }

  /** Another server, on a copy of the store. */
  async copy(folder) {
    await cp(this.folder, folder, { recursive: true });
    const other = new Server(this.binary, folder, await freePort());
    await other.configure('');
    return other;
  }

  async configure(more) {
    const text = `data = "data"
listen = "127.0.0.1:${this.port}"
public_url = "${this.base}"
[tls]
development = true
${more}`;
    await writeFile(this.config, text);
  }

  /** Our program, to its end; gives what it printed. */
  async run(args, input) {
    const running = promisify(execFile)(this.binary, args, { timeout: DEADLINE_MS });
    running.child.stdin.end(input ?? '');
    return (await running).stdout;
  }

  async users() {
    const text = await this.run(['user', 'list', '--config', this.config, '--tenant', CONTOSO, '--json']);
    return text.trim().split('\n').map((line) => JSON.parse(line));
  }

  async start() {
    // It does not outlive this process, however that ends.
    const args = ['--pdeathsig', 'KILL', this.binary, 'serve', '--config', this.config];
    this.child = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (data) => (this.log += data));
    }
    await until('the server answers', async () => {
      if (this.child.exitCode !== null) throw new Error(`the server has ended:\n${this.log}`);
      this.ca ??= await readFile(path.join(this.folder, 'data', 'tls', 'ca.pem')).catch(() => undefined);
      return this.ca && (await this.get('/healthz').catch(() => undefined));
    });
  }

  async stop() {
    if (!this.child || this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
    children.delete(this.child);
  }

  get(target, token) {
    return this.send('GET', target, token ? { authorization: `Bearer ${token}` } : {});
  }

  post(target, fields) {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.send('POST', target, type, new URLSearchParams(fields).toString());
  }

  send(method, target, headers, body) {
    return new Promise((resolve, reject) => {
      const sent = request(this.base + target, { method, headers, ca: this.ca, agent: false }, async (answer) => {
        const chunks = [];
        for await (const chunk of answer) chunks.push(chunk);
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode, headers: answer.headers, text, json: () => JSON.parse(text) });
      });
      sent.setTimeout(10_000, () => sent.destroy(new Error('no answer')));
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
