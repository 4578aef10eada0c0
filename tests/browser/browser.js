// A real browser without a screen. What a page complains about is kept, and asked for at the end of each test.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

import { chromium } from 'playwright-core';

let browser;

export async function startBrowser() {
  browser = await chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    // Nothing but this machine is there.
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1', '--disable-gpu'],
  });
  return browser;
}

export async function stopBrowser() {
  await browser?.close();
}

/** Runs `visit` with a page of a new browser; fails if a page of ours has complained. */
export async function withPage(options, visit) {
  const { expectComplaints = false, ...context } = options;
  const own = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', ...context });
  own.setDefaultTimeout(10_000);
  const complaints = [];
  own.on('console', (message) => {
    // A refused sign-in is 403, and the pages of the other provider want a font from elsewhere.
    const isExpected = /Failed to load resource: (the server responded|net::ERR_NAME_NOT_RESOLVED)/;
    const isBad = ['error', 'warning'].includes(message.type()) || message.text().includes('Content Security Policy');
    if (isBad && !isExpected.test(message.text())) complaints.push(message.text());
  });
  own.on('weberror', (error) => complaints.push(String(error.error())));
  try {
    const result = await visit(await own.newPage(), own, complaints);
    if (!expectComplaints) assert.deepEqual(complaints, []);
    return result;
  } catch (error) {
    const pages = own.pages().map((page) => page.url().slice(0, 200));
    const seen = await own.pages()[0]?.locator('body').innerText({ timeout: 1000 }).catch(() => '');
    error.stack += `\nat ${pages}\nsaying ${seen?.slice(0, 400)}\ncomplaints ${JSON.stringify(complaints)}`;
    throw error;
  } finally {
    await own.close();
  }
}

/** Every kind of browser that the pages are for. */
export const BROWSERS = [
  ['with scripts', {}],
  ['without scripts', { javaScriptEnabled: false }],
];
