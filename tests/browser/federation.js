// Signing in through another OpenID provider.

import assert from 'node:assert/strict';

import { Application, claims } from './application.js';
import { BROWSERS, withPage } from './browser.js';
import { recordings } from './pages.js';
import { CLIENT_ID, CLIENT_SECRET } from './provider.js';
import { test } from './runner.js';
import { ALEX, ALEX_THERE, CONTOSO, until } from './server.js';

/** What our server is told of the provider. */
export function configuration(issuer) {
  return `[[identity_providers]]
tenant = "contoso.example"
name = "Our school"
issuer = "${issuer}"
client_id = "${CLIENT_ID}"
client_secret = "${CLIENT_SECRET}"
administrators = ["graphophone-administrators"]
`;
}

const heading = (page, name) => page.getByRole('heading', { name, exact: true }).waitFor();

/** From our page to the provider, and through its own. */
async function signInThere(page, name) {
  await page.getByRole('button', { name: 'Sign in with Our school' }).click();
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('anything');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Answers our consent page, if it comes. */
async function acceptHere(page) {
  await until('consent or back', async () => (await page.title()).match(/Permissions|Back/));
  if ((await page.title()).startsWith('Permissions')) await page.getByRole('button', { name: 'Accept' }).click();
  await heading(page, 'Back at the application');
}

export function tests(server, provider) {
  for (const [kind, options] of BROWSERS) {
    test(`another provider, ${kind}: from the application there and back, to recordings`, () =>
      withPage(options, async (page) => {
        const application = await Application.start();
        await page.goto(application.begin(server));
        assert.equal(await page.getByLabel('Password').count(), 0);
        await signInThere(page, ALEX_THERE);
        await acceptHere(page);
        const { access_token: token } = await application.redeem(server);
        assert.equal((await recordings(server, token)).length, 2);
        const users = await server.users();
        const alex = users.filter((user) => user.externalId === ALEX_THERE);
        assert.equal(alex.length, 1);
        assert.equal(alex[0].userPrincipalName, ALEX);
        assert.equal(claims(token).oid, alex[0].id);
        assert.deepEqual(provider.errors, []);
      }));

    test(`another provider, ${kind}: whoever says no there hears that here, and can try again`, () =>
      withPage(options, async (page) => {
        const application = await Application.start();
        await page.goto(application.begin(server));
        await page.getByRole('button', { name: 'Sign in with Our school' }).click();
        await page.getByRole('link', { name: 'Cancel' }).click();
        await page.getByRole('alert').waitFor();
        assert.match(await page.getByRole('alert').innerText(), /has not signed you in/);
        assert.equal(new URL(page.url()).origin, server.base);
        await signInThere(page, ALEX_THERE);
        await acceptHere(page);
        assert.ok(application.last.code);
        provider.errors.length = 0;
      }));
  }

  test('another provider: somebody new becomes a user, and stays the same one', () =>
    withPage({}, async (page, context) => {
      const application = await Application.start();
      await page.goto(application.begin(server));
      await signInThere(page, 'zoe');
      await acceptHere(page);
      const first = claims((await application.redeem(server)).access_token);
      const find = async () => (await server.users()).filter((user) => user.externalId === 'zoe');
      const [zoe] = await find();
      assert.equal(zoe.id, first.oid);
      assert.equal(zoe.userPrincipalName, 'zoe@contoso.example');
      assert.equal(zoe.displayName, 'Zoë Martin');
      assert.equal(zoe.mail, 'zoe@mail.example');
      assert.deepEqual(zoe.directoryRoles ?? [], []);

      // Signed in there still: there is nothing to fill in on the way.
      await page.goto(application.begin(server, { prompt: 'login' }));
      await page.getByRole('button', { name: 'Sign in with Our school' }).click();
      await acceptHere(page);
      assert.equal(claims((await application.redeem(server)).access_token).oid, zoe.id);
      // And in a browser that knows nothing.
      await context.clearCookies();
      await page.goto(application.begin(server));
      await signInThere(page, 'zoe');
      await acceptHere(page);
      assert.equal(claims((await application.redeem(server)).access_token).oid, zoe.id);
      assert.equal((await find()).length, 1);
    }));

  test('another provider: a group makes an administrator, who may consent for everybody', () =>
    withPage({}, async (page) => {
      const application = await Application.start();
      await page.goto(application.begin(server));
      await signInThere(page, 'chief');
      await page.getByLabel('Consent for everybody in the organisation').waitFor();
      const [chief] = (await server.users()).filter((user) => user.externalId === 'chief');
      assert.deepEqual(chief.directoryRoles, ['Global Administrator']);
    }));

  test('another provider: it comes back to the browser that left, and to no other', () =>
    withPage({}, async (page) => {
      const application = await Application.start();
      await page.goto(application.begin(server));
      await page.getByRole('button', { name: 'Sign in with Our school' }).click();
      await page.locator('input[name=login]').fill('zoe');
      await page.locator('input[name=password]').fill('anything');
      await page.getByRole('button', { name: 'Sign-in' }).click();
      await page.context().clearCookies({ domain: 'localhost' });
      await page.getByRole('button', { name: 'Continue' }).click();
      await heading(page, 'This cannot go on');
      assert.equal(new URL(page.url()).pathname, `/${CONTOSO}/callback`);
    }));
}
