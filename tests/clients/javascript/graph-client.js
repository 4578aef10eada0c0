// Lists the recordings of a meeting and downloads the first, with @microsoft/microsoft-graph-client.
// All it needs to know stands in the environment.

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DefaultAzureCredential } from "@azure/identity";
import { Client, GraphError } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const base = new URL(process.env.GRAPH_BASE_URL ?? "https://graph.microsoft.com/v1.0");
const scope = process.env.GRAPH_SCOPE ?? "https://graph.microsoft.com/.default";

const graph = Client.initWithMiddleware({
  authProvider: new TokenCredentialAuthenticationProvider(new DefaultAzureCredential(), { scopes: [scope] }),
  baseUrl: `${base.origin}/`,
  defaultVersion: base.pathname.slice(1),
  // Tokens are sent to this host and to Graph's.
  customHosts: new Set([base.hostname]),
});

async function main() {
  const meeting = `/users/${process.env.GRAPH_USER_ID}/onlineMeetings/${process.env.GRAPH_MEETING_ID}`;

  const list = (await graph.api(`${meeting}/recordings`).get()).value;
  for (const recording of list) {
    console.log("recording", recording.createdDateTime, recording.id);
  }

  const recording = await graph.api(`${meeting}/recordings/${list[0].id}`).get();
  const content = await graph.api(`${meeting}/recordings/${recording.id}/content`).getStream();
  const file = createWriteStream("recording.mp4");
  await pipeline(Readable.fromWeb(content), file);
  console.log("downloaded", file.bytesWritten, "bytes");

  // A transcript and the recording of the same part of a call have the same contentCorrelationId.
  const [transcript] = (await graph.api(`${meeting}/transcripts`).get()).value;
  const filter = `contentCorrelationId eq '${transcript.contentCorrelationId}'`;
  const [found] = (await graph.api(`${meeting}/recordings`).filter(filter).get()).value;
  console.log("transcript", transcript.id, "belongs to recording", found.id);
}

try {
  await main();
} catch (refused) {
  if (!(refused instanceof GraphError)) throw refused;
  console.error(refused.statusCode, `${refused.code}: ${refused.message}`);
  process.exitCode = 1;
}
