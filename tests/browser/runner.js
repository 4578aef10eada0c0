// Runs tests one after another, with a line for each.

const LIMIT_MS = 60_000;
const tests = [];

/** A test by the name of what holds. */
export function test(name, run) {
  tests.push({ name, run });
}

/** Runs all tests whose names hold `filter`; gives how many failed. */
export async function runAll(filter) {
  let passed = 0;
  let failed = 0;
  for (const { name, run } of tests.filter((one) => one.name.includes(filter))) {
    const begun = Date.now();
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${LIMIT_MS / 1000} s`)), LIMIT_MS);
    });
    try {
      await Promise.race([run(), late]);
      passed += 1;
      console.log(`ok      ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${indent(error.stack ?? String(error))}`);
    } finally {
      clearTimeout(timer);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed;
}

function indent(text) {
  return text.replace(/^/gm, '        ');
}
