// Our own pages, as people meet them.

import assert from 'node:assert/strict';

import { Application, claims } from './application.js';
import { BROWSERS, withPage } from './browser.js';
import { test } from './runner.js';
import { ALEX, BUDGET_REVIEW, CONTOSO, MEGAN, NESTOR, PASSWORD, SAMPLE_CLIENT, until } from './server.js';

/** Fills in the sign-in page. */
export async function signIn(page, name, password = PASSWORD) {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Whether the access token lists recordings. */
export async function recordings(server, token) {
  const answer = await server.get(`/v1.0/me/onlineMeetings/${BUDGET_REVIEW}/recordings`, token);
  assert.equal(answer.status, 200, answer.text);
  return answer.json().value;
}

/** What a device asks with, and what it is told. */
export async function deviceCode(server) {
  const answer = await server.post(`/${CONTOSO}/oauth2/v2.0/devicecode`, {
    client_id: SAMPLE_CLIENT,
    scope: 'openid OnlineMeetingRecording.Read.All',
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

function poll(server, device) {
  return server.post(`/${CONTOSO}/oauth2/v2.0/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: SAMPLE_CLIENT,
    device_code: device.device_code,
  });
}

const heading = (page, name) => page.getByRole('heading', { name, exact: true }).waitFor();
const back = (page) => heading(page, 'Back at the application');

export function tests(server) {
  for (const [kind, options] of BROWSERS) {
    test(`signing in, ${kind}: a wrong password is told, the right one leads to consent and back`, () =>
      withPage(options, async (page) => {
        const application = await Application.start();
        await page.goto(application.begin(server, { prompt: 'consent' }));
        await signIn(page, ALEX, 'not the one');
        await page.getByRole('alert').waitFor();
        assert.equal(await page.getByLabel('User name').inputValue(), ALEX);
        await page.getByLabel('Password').fill(PASSWORD);
        await page.getByRole('button', { name: 'Sign in', exact: true }).click();
        await until('consent or back', async () => (await page.title()).match(/Permissions|Back/));
        if ((await page.title()).startsWith('Permissions')) await page.getByRole('button', { name: 'Accept' }).click();
        await back(page);
        assert.equal(application.last.state, application.state);
        assert.equal(application.last.iss, `${server.base}/${CONTOSO}/v2.0`);
        const { access_token: token } = await application.redeem(server);
        assert.equal((await recordings(server, token)).length, 2);
      }));

    test(`consent, ${kind}: a no goes to the application, a yes gives a code`, () =>
      withPage(options, async (page) => {
        const application = await Application.start();
        await page.goto(application.begin(server));
        await signIn(page, MEGAN);
        await page.goto(application.begin(server, { prompt: 'consent' }));
        await page.getByRole('button', { name: 'Cancel' }).click();
        await back(page);
        assert.equal(application.last.error, 'access_denied');
        assert.equal(application.last.state, application.state);
        await page.goto(application.begin(server, { prompt: 'consent' }));
        await page.getByRole('button', { name: 'Accept' }).click();
        await back(page);
        assert.ok(application.last.code);
      }));

    test(`a device, ${kind}: it is let in by whoever enters its code, or kept out`, () =>
      withPage(options, async (page) => {
        const device = await deviceCode(server);
        const pending = await poll(server, device);
        assert.equal(pending.json().error, 'authorization_pending', pending.text);
        await page.goto(device.verification_uri);
        await page.getByLabel('Code').fill('BBB-BBB-BBB');
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('alert').waitFor();
        await page.getByLabel('Code').fill(device.user_code.toLowerCase());
        await page.getByRole('button', { name: 'Continue' }).click();
        await signIn(page, ALEX);
        await heading(page, 'Let this device in?');
        assert.ok(await page.getByText(device.user_code).isVisible());
        await page.getByRole('button', { name: 'Accept' }).click();
        await heading(page, 'The device is let in');
        const tokens = await until('the device is given tokens', async () => {
          const answer = await poll(server, device);
          return answer.status === 200 && answer.json();
        });
        assert.equal((await recordings(server, tokens.access_token)).length, 2);

        // Signed in already: only the device is asked about.
        const other = await deviceCode(server);
        await page.goto(other.verification_uri);
        await page.getByLabel('Code').fill(other.user_code);
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('button', { name: 'Cancel' }).click();
        await heading(page, 'The device is kept out');
        const declined = await poll(server, other);
        assert.equal(declined.json().error, 'authorization_declined', declined.text);
      }));

    test(`signing out, ${kind}: the browser has to sign in again`, () =>
      withPage(options, async (page, context) => {
        const application = await Application.start();
        await page.goto(application.begin(server, { scope: 'openid' }));
        await signIn(page, NESTOR);
        await back(page);
        await page.goto(application.begin(server, { scope: 'openid' }));
        await back(page);
        await page.goto(`${server.base}/${CONTOSO}/oauth2/v2.0/logout`);
        await heading(page, 'You are signed out');
        const names = (await context.cookies()).map((cookie) => cookie.name);
        assert.ok(!names.some((name) => name.includes('session')), names.join());
        await page.goto(application.begin(server, { scope: 'openid' }));
        await heading(page, 'Sign in');
        const target = new URLSearchParams({
          client_id: SAMPLE_CLIENT,
          post_logout_redirect_uri: application.redirectUri,
          state: 'left',
        });
        await page.goto(`${server.base}/${CONTOSO}/oauth2/v2.0/logout?${target}`);
        await back(page);
        assert.equal(application.last.state, 'left');
      }));

    test(`a link, ${kind}: a password is set with it once`, () =>
      withPage(options, async (page) => {
        const name = `new-${kind.replace(' ', '-')}@contoso.example`;
        const own = ['--config', server.config, '--tenant', CONTOSO];
        await server.run(['user', 'create', ...own, '--upn', name, '--no-password']);
        const link = (await server.run(['user', 'password', name, ...own, '--link'])).match(/https:\S+/)[0];
        await page.goto(link);
        await page.getByLabel('New password', { exact: true }).fill('one and the same');
        await page.getByLabel('New password, again').fill('another one');
        await page.getByRole('button', { name: 'Set a password' }).click();
        await page.getByRole('alert').waitFor();
        await page.getByLabel('New password', { exact: true }).fill('one and the same');
        await page.getByLabel('New password, again').fill('one and the same');
        await page.getByRole('button', { name: 'Set a password' }).click();
        await heading(page, 'The password is set');
        await page.goto(link);
        await heading(page, 'This link has ended');
        const application = await Application.start();
        await page.goto(application.begin(server, { scope: 'openid' }));
        await signIn(page, name, 'one and the same');
        await back(page);
      }));

    test(`response_mode=form_post, ${kind}: the code is posted`, () =>
      withPage(options, async (page) => {
        const application = await Application.start();
        await page.goto(application.begin(server, { scope: 'openid', response_mode: 'form_post' }));
        await signIn(page, ALEX);
        if (options.javaScriptEnabled === false) {
          await heading(page, 'You are signed in');
          await page.getByRole('button', { name: 'Continue' }).click();
        }
        await back(page);
        assert.equal(application.last.method, 'POST');
        assert.equal(application.last.state, application.state);
        const tokens = await application.redeem(server);
        assert.equal(claims(tokens.id_token).preferred_username, ALEX);
      }));

    test(`an application, ${kind}: it may send its browser on to another port`, () =>
      withPage(options, async (page) => {
        const home = await Application.start();
        const application = await Application.start(() => `${home.base}/home`);
        await page.goto(application.begin(server, { scope: 'openid' }));
        await signIn(page, ALEX);
        await heading(page, 'At home');
        assert.ok(application.last.code);
        await page.goto(application.begin(server, { prompt: 'consent' }));
        await page.getByRole('button', { name: 'Accept' }).click();
        await heading(page, 'At home');
        assert.equal(application.answers.length, 2);
        await page.goto(application.begin(server, { scope: 'openid', response_mode: 'form_post' }));
        if (options.javaScriptEnabled === false) await page.getByRole('button', { name: 'Continue' }).click();
        await heading(page, 'At home');
        assert.equal(application.last.method, 'POST');
      }));
  }

  test('cookies: no other site sets or reads them, and no script', () =>
    withPage({}, async (page, context) => {
      const application = await Application.start();
      await page.goto(application.begin(server, { scope: 'openid' }));
      await signIn(page, ALEX);
      await back(page);
      const cookies = (await context.cookies()).filter((cookie) => cookie.name.includes('graphophone'));
      assert.deepEqual(cookies.map((one) => one.name).sort(), [
        '__Host-graphophone-browser',
        '__Host-graphophone-session',
      ]);
      for (const { name, secure, httpOnly, sameSite, path, domain, expires } of cookies) {
        assert.deepEqual(
          { secure, httpOnly, sameSite, path, domain, expires },
          { secure: true, httpOnly: true, sameSite: 'Lax', path: '/', domain: 'localhost', expires: -1 },
          name,
        );
      }
    }));

  test('frames: another site shows none of the pages', () =>
    withPage({ expectComplaints: true }, async (page, _, complaints) => {
      const application = await Application.start();
      for (const target of [application.begin(server), `${server.base}/devicelogin`]) {
        complaints.length = 0;
        await page.goto(`http://127.0.0.1:${application.port}/frame?${new URLSearchParams({ of: target })}`);
        await until('the browser says so', () => complaints.some((text) => text.includes('frame-ancestors')));
        const inside = page.frames().at(1);
        assert.equal(await inside.getByRole('textbox').count(), 0);
      }
    }));

  test('forms: one that another site sends is refused', () =>
    withPage({}, async (page) => {
      await page.goto(`${server.base}/devicelogin`);
      const application = await Application.start();
      await page.goto(`http://127.0.0.1:${application.port}/home`);
      await page.evaluate((action) => {
        const form = document.createElement('form');
        Object.assign(form, { method: 'post', action });
        document.body.append(form);
        form.submit();
      }, `${server.base}/devicelogin`);
      await heading(page, 'This cannot go on');
    }));
}
