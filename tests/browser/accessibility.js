// Every page for everybody: by axe against WCAG 2.2 A and AA, at two widths, light and dark, in both languages; by keyboard alone.

import assert from 'node:assert/strict';

import { AxeBuilder } from '@axe-core/playwright';

import { Application } from './application.js';
import { withPage } from './browser.js';
import { deviceCode } from './pages.js';
import { test } from './runner.js';
import { ALEX, CONTOSO, MEGAN, PASSWORD } from './server.js';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
const NARROW = { width: 320, height: 640 };
const WIDE = { width: 1280, height: 800 };

/** Sends the form of a page, filled in, as its first button does. */
async function send(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.locator(`input[name=${name}]`).fill(value);
  await Promise.all([page.waitForEvent('framenavigated'), page.locator('button').first().click()]);
  await page.waitForFunction(() => document.readyState !== 'loading');
}

async function signIn(page, server, name, changes) {
  const application = await Application.start();
  await page.goto(application.begin(server, changes));
  await send(page, { username: name, password: PASSWORD });
}

async function device(page, server) {
  await page.goto(`${server.base}/devicelogin`);
  await send(page, { user_code: (await deviceCode(server)).user_code });
}

/** How one comes to each page, and a text that stands on it in both languages. */
function all(server, federated) {
  return {
    'sign-in': async (page) => page.goto((await Application.start()).begin(server)),
    'sign-in with a button': async (page) => page.goto((await Application.start()).begin(federated)),
    'sign-in with an error': async (page) => {
      await page.goto((await Application.start()).begin(server));
      await send(page, { username: `x${Date.now()}@contoso.example`, password: 'not the one' });
      await page.getByRole('alert').waitFor();
    },
    consent: (page) => signIn(page, server, MEGAN, { prompt: 'consent', scope: 'openid User.Read' }),
    device: (page) => page.goto(`${server.base}/devicelogin`),
    'device with an error': async (page) => {
      await page.goto(`${server.base}/devicelogin`);
      await send(page, { user_code: 'BBB-BBB-BBB' });
      await page.getByRole('alert').waitFor();
    },
    'device confirmation': async (page) => {
      await device(page, server);
      await send(page, { username: ALEX, password: PASSWORD });
      await page.locator('strong.code').waitFor();
    },
    password: async (page) => {
      const own = ['--config', server.config, '--tenant', CONTOSO];
      const name = `link-${Date.now()}@contoso.example`;
      await server.run(['user', 'create', ...own, '--upn', name, '--no-password']);
      const link = (await server.run(['user', 'password', name, ...own, '--link'])).match(/https:\S+/)[0];
      await page.goto(link);
      await send(page, { password: 'one and the same', again: 'another one' });
      await page.getByRole('alert').waitFor();
    },
    message: (page) => page.goto(`${server.base}/${CONTOSO}/oauth2/v2.0/logout`),
    error: (page) => page.goto(`${server.base}/${CONTOSO}/oauth2/v2.0/authorize?client_id=nobody`),
    'form post': async (page) => {
      // It sends itself off; with an answer of no content the browser stays.
      await page.route('**/callback', (route) => route.fulfill({ status: 204 }));
      await signIn(page, server, ALEX, { response_mode: 'form_post', scope: 'openid' });
    },
  };
}

export function tests({ looked, keyed, federated }) {
  for (const [name, visit] of Object.entries(all(looked, federated))) {
    test(`for everybody: ${name}`, async () => {
      for (const language of ['en-GB', 'fr-FR']) {
        await withPage({ locale: language, viewport: WIDE }, async (page) => {
          await visit(page);
          assert.equal(await page.locator('html').getAttribute('lang'), language.slice(0, 2));
          for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme });
            for (const viewport of [WIDE, NARROW]) {
              await page.setViewportSize(viewport);
              const { violations, incomplete } = await new AxeBuilder({ page }).withTags(RULES).setLegacyMode(true).analyze();
              const found = [...violations, ...incomplete].flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html}`));
              // What axe cannot decide counts as well: there is nothing on these pages that it could not.
              assert.deepEqual(found, [], `${language} ${colorScheme} ${viewport.width}`);
              const width = await page.evaluate(() => document.documentElement.scrollWidth);
              assert.ok(width <= viewport.width, `${width} at ${viewport.width}`);
            }
          }
        });
      }
    });
  }

  test('by keyboard alone: Tab reaches every control in order, and shows where it is', async () => {
    for (const [name, visit] of Object.entries(all(keyed, federated))) {
      await withPage({}, async (page) => {
        await visit(page);
        const all = await page.locator('input:not([type=hidden]), button, a[href]').count();
        // From wherever the page begins, once around: behind the last control comes the browser itself.
        const seen = [];
        for (let presses = 0; presses < 2 * all + 2; presses += 1) {
          await page.keyboard.press('Tab');
          const now = await page.evaluate(() => {
            const controls = [...document.querySelectorAll('input:not([type=hidden]), button, a[href]')];
            const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
            return { place: controls.indexOf(document.activeElement), outline: `${outlineStyle} ${outlineWidth}` };
          });
          if (now.place < 0) continue;
          assert.equal(now.outline, 'solid 3px', `${name}: ${now.place}`);
          if (seen.length > 0) assert.equal(now.place, (seen.at(-1) + 1) % all, `${name}: ${seen}, ${now.place}`);
          seen.push(now.place);
        }
        assert.equal(new Set(seen).size, all, `${name}: ${seen}`);
      });
    }
  });

  test('by keyboard alone: a person signs in, consents and lets a device in', () =>
    withPage({}, async (page) => {
      const { keyboard } = page;
      const next = (key) => Promise.all([page.waitForEvent('load'), keyboard.press(key)]);
      const code = (await deviceCode(keyed)).user_code;
      // The pages put the cursor where one begins to type.
      const focused = (id) => page.locator(`#${id}:focus`).waitFor();
      await page.goto(`${keyed.base}/devicelogin`);
      await focused('user_code');
      await keyboard.type(code);
      await next('Enter');
      await focused('username');
      await keyboard.type(ALEX);
      await keyboard.press('Tab');
      await keyboard.type(PASSWORD);
      await next('Enter');
      await page.getByRole('heading', { name: 'Let this device in?' }).waitFor();
      await keyboard.press('Tab');
      await next('Space');
      await page.getByRole('heading', { name: 'The device is let in' }).waitFor();
      const application = await Application.start();
      await page.goto(application.begin(keyed, { prompt: 'consent', login_hint: ALEX }));
      await page.getByRole('button', { name: 'Accept' }).waitFor();
      await keyboard.press('Tab');
      await next('Enter');
      await page.getByRole('heading', { name: 'Back at the application' }).waitFor();
      assert.ok(application.last.code);
    }));
}
