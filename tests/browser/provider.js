// Another OpenID provider: oidc-provider, with its own sign-in and consent pages.

import './quiet.js';

import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

import { ALEX_THERE, CONTOSO } from './server.js';

export const CLIENT_ID = 'graphophone at work';
export const CLIENT_SECRET = 'a secret: with + signs & more';

const PEOPLE = {
  [ALEX_THERE]: { preferred_username: 'alex@contoso.example', name: 'Alex Wilber', email: 'alex@contoso.example' },
  zoe: { preferred_username: 'zoe@contoso.example', name: 'Zoë Martin', email: 'zoe@mail.example' },
  chief: {
    preferred_username: 'chief@contoso.example',
    name: 'The Chief',
    email: 'chief@contoso.example',
    groups: ['everybody', 'graphophone-administrators'],
  },
};

/** Starts it for `server`; `more` are settings of its own. Gives its issuer. */
export async function startProvider(server, more = {}) {
  const listener = createServer((request, answer) => handle(request, answer));
  let handle;
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${listener.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        token_endpoint_auth_method: 'client_secret_basic',
        redirect_uris: [`${server.base}/${CONTOSO}/callback`],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: {
      openid: ['sub'],
      profile: ['preferred_username', 'name', 'groups'],
      email: ['email'],
    },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['for tests'] },
    findAccount: (_, id) =>
      PEOPLE[id] && { accountId: id, claims: () => ({ sub: id, groups: ['everybody'], ...PEOPLE[id] }) },
    ...more,
  });
  const errors = [];
  for (const event of ['server_error', 'authorization.error', 'grant.error', 'userinfo.error']) {
    provider.on(event, (_, error) => errors.push(`${event}: ${error.message} ${error.error_detail ?? ''}`));
  }
  handle = provider.callback();
  return { issuer, errors, stop: () => listener.close() };
}
