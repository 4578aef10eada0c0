// Uploads one recording in slices with the LargeFileUploadTask of @microsoft/microsoft-graph-client, and prints the JSON of what
// has become of it.
//
//   node upload.mjs FILE REQUEST
//
// REQUEST is a file with what POST /api/v1/uploadSessions asks for, without its `item`. The same source once more uploads nothing
// twice, and a run after a break goes on where the one before ended.
//
// Where: beside node_modules. Needs: npm install @azure/identity @microsoft/microsoft-graph-client, and a server with https, as the
// task takes an uploadUrl with http for a path below Graph.
//
// Settings, in the environment. The library does not read /etc/graphophone-upload.env nor AZURE_CLIENT_SECRET_FILE. These lines are
// needed (docs/clients.md says why; `graphophone demo --tls` writes all of them):
//   AZURE_AUTHORITY_HOST=https://recordings.example.org    the server itself, without a path
//   AZURE_TENANT_ID=adfs                                   this word, whatever the tenant is
//   AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000000   the application that uploads
//   AZURE_CLIENT_SECRET=…                                  its secret: AZURE_CLIENT_SECRET=$(cat FILE) keeps it out of files
//   GRAPH_BASE_URL=https://recordings.example.org/v1.0
//   GRAPH_SCOPE=https://recordings.example.org/.default    may be left out
// and where the certificate of the server is of an authority of your own, before Node.js starts:
//   NODE_EXTRA_CA_CERTS=/path/of/ca.crt
// These may be set:
//   UPLOAD_SLICE_BYTES       length of slices; what the server says
//   UPLOAD_RETRY_SECONDS     pause after a failure; 5
//   UPLOAD_ATTEMPTS          failures in a row after which it gives up for now; 50
//
// Try it:
//   node upload.mjs meeting.mp4 request.json

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { DefaultAzureCredential } from "@azure/identity";
import { Client, GraphError, LargeFileUploadTask } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

if (process.argv.length !== 4 || !process.env.GRAPH_BASE_URL?.startsWith("https://")) {
  console.error("usage: node upload.mjs FILE REQUEST, with GRAPH_BASE_URL=https://HOST/v1.0: see the head of this program");
  process.exit(2);
}
const base = new URL(process.env.GRAPH_BASE_URL);
const scope = process.env.GRAPH_SCOPE ?? `${base.origin}/.default`;
const pause = 1000 * Number(process.env.UPLOAD_RETRY_SECONDS ?? 5);
const attempts = Number(process.env.UPLOAD_ATTEMPTS ?? 50);

const graph = Client.initWithMiddleware({
  authProvider: new TokenCredentialAuthenticationProvider(new DefaultAzureCredential(), { scopes: [scope] }),
  baseUrl: `${base.origin}/`,
  defaultVersion: base.pathname.slice(1),
  // Tokens are sent to this host and to Graph's.
  customHosts: new Set([base.hostname]),
});

// A file of which the task gets the slices that it asks for, in any order: its own StreamUpload cannot go back.
class OpenFile {
  constructor(handle, name, size) {
    Object.assign(this, { handle, name, size, content: handle });
  }

  async sliceFile(range) {
    const slice = Buffer.alloc(range.maxValue - range.minValue + 1);
    const { bytesRead } = await this.handle.read(slice, 0, slice.length, range.minValue);
    if (bytesRead < slice.length) throw new Error("the file is shorter than it was");
    return slice;
  }
}

// What is not there for good: 404 of a session, which has expired. Other refusals end it.
function mayPass(error) {
  // A task throws the JSON of an answer, without its status.
  if (!(error instanceof GraphError)) return error?.error !== undefined || error instanceof TypeError;
  return error.statusCode === -1 || error.statusCode >= 500 || [408, 423, 429].includes(error.statusCode);
}

async function upload(path, request) {
  const sha256 = createHash("sha256");
  await pipeline(createReadStream(path), sha256);
  const handle = await open(path);
  const { size } = await handle.stat();
  const item = { name: basename(path), size, sha256: sha256.digest("hex") };
  const file = new OpenFile(handle, item.name, size);
  let url, before;
  let failures = 0;
  while (failures < attempts) {
    try {
      const known = url ? await graph.api(url).get() : await graph.api(`${base.origin}/api/v1/uploadSessions`).post({ ...request, item });
      if (known.id) return known;
      if (known["@graphophone.fault"]) throw new Error(known["@graphophone.fault"]);
      url = known.uploadUrl ?? url;
      const [expected] = known.nextExpectedRanges;
      failures = expected && expected !== before ? 0 : failures + 1;
      before = expected;
      if (expected) {
        const session = { url, expiry: new Date(known.expirationDateTime), isCancelled: false };
        const rangeSize = Number(process.env.UPLOAD_SLICE_BYTES || known["@graphophone.sliceSize"]);
        // Not upload(), which begins at 0 whatever the server has.
        const { responseBody } = await new LargeFileUploadTask(graph, file, session, { rangeSize }).resume();
        if (responseBody?.id) return responseBody;
      }
    } catch (error) {
      if (url && error.statusCode === 404) url = undefined;
      else if (!mayPass(error)) throw error;
      failures += 1;
    }
    if (failures) await sleep(pause);
  }
  throw new Error("gave up for now: the next run goes on where this one ends");
}

try {
  const [path, request] = process.argv.slice(2);
  console.log(JSON.stringify(await upload(path, JSON.parse(await readFile(request, "utf8")))));
} catch (refused) {
  console.error(refused instanceof GraphError ? `${refused.code}: ${refused.message}` : refused.message);
  process.exitCode = 1;
}
