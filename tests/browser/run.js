// node run.js SOURCE-TREE WORK-FOLDER [--screenshots | PART-OF-A-TEST'S-NAME]

import path from 'node:path';

import { startBrowser, stopBrowser } from './browser.js';
import { startProvider } from './provider.js';
import { runAll } from './runner.js';
import { screenshots } from './screenshots.js';
import { Server } from './server.js';
import * as accessibility from './accessibility.js';
import * as federation from './federation.js';
import * as pages from './pages.js';

const [root, folder, filter = ''] = process.argv.slice(2);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const binary = path.join(root, 'target', 'debug', 'graphophone');
const plain = await Server.seeded(binary, root, path.join(folder, 'plain'));
const federated = await plain.copy(path.join(folder, 'federated'));
// Wrong attempts are counted for each address, and few are free. Each part has a server, so that none waits for another's.
const looked = await plain.copy(path.join(folder, 'looked'));
const keyed = await plain.copy(path.join(folder, 'keyed'));
await startBrowser();
let failed = 0;
if (filter === '--screenshots') {
  await plain.start();
  await screenshots(plain, path.join(root, 'docs', 'images'));
} else {
  const provider = await startProvider(federated);
  await federated.configure(federation.configuration(provider.issuer));
  await Promise.all([plain, federated, looked, keyed].map((server) => server.start()));
  pages.tests(plain);
  federation.tests(federated, provider);
  accessibility.tests({ looked, keyed, federated });
  failed = await runAll(filter);
}
await stopBrowser();
await Promise.all([plain, federated, looked, keyed].map((server) => server.stop()));
process.exit(failed === 0 ? 0 : 1);
