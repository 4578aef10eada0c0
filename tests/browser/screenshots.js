// Pictures of the pages for the documents.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { Application } from './application.js';
import { withPage } from './browser.js';
import { deviceCode, signIn } from './pages.js';
import { MEGAN } from './server.js';

export async function screenshots(server, folder) {
  await mkdir(folder, { recursive: true });
  await withPage({ viewport: { width: 480, height: 640 }, colorScheme: 'light' }, async (page) => {
    const take = async (name) => {
      // No cursor, and no focus ring that depends on how one came here.
      await page.evaluate(() => document.activeElement?.blur());
      const height = await page.locator('main').evaluate((one) => Math.ceil(one.getBoundingClientRect().height) + 32);
      await page.setViewportSize({ width: 480, height });
      await page.screenshot({ path: path.join(folder, `${name}.png`) });
      console.log(`taken   ${name}.png`);
    };
    const application = await Application.start();
    await page.goto(application.begin(server, { prompt: 'consent', login_hint: MEGAN }));
    await take('sign-in');
    await signIn(page, MEGAN);
    await page.getByRole('button', { name: 'Accept' }).waitFor();
    await take('consent');
    await page.goto((await deviceCode(server)).verification_uri);
    await take('device');
  });
}
