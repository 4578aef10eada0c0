// Lists the recordings of a meeting and downloads the first, with @microsoft/msgraph-sdk.
// All it needs to know stands in the environment.

import { writeFile } from "node:fs/promises";
import { DefaultAzureCredential } from "@azure/identity";
import { AzureIdentityAuthenticationProvider } from "@microsoft/kiota-authentication-azure";
import { createGraphServiceClient, GraphRequestAdapter } from "@microsoft/msgraph-sdk";
import "@microsoft/msgraph-sdk-users";

const baseUrl = process.env.GRAPH_BASE_URL ?? "https://graph.microsoft.com/v1.0";
const scope = process.env.GRAPH_SCOPE ?? "https://graph.microsoft.com/.default";

// Tokens are sent to this host alone. Without the set they are sent to Graph's hosts alone.
const hosts = new Set([new URL(baseUrl).hostname]);
const authentication = new AzureIdentityAuthenticationProvider(new DefaultAzureCredential(), [scope], undefined, hosts);
const adapter = new GraphRequestAdapter(authentication);
adapter.baseUrl = baseUrl;
const graph = createGraphServiceClient(adapter);

async function main() {
  const user = graph.users.byUserId(process.env.GRAPH_USER_ID);
  const { recordings, transcripts } = user.onlineMeetings.byOnlineMeetingId(process.env.GRAPH_MEETING_ID);

  const list = (await recordings.get()).value;
  for (const recording of list) {
    console.log("recording", recording.createdDateTime.toISOString(), recording.id);
  }

  const recording = await recordings.byCallRecordingId(list[0].id).get();
  const content = await recordings.byCallRecordingId(recording.id).content.get();
  await writeFile("recording.mp4", new Uint8Array(content));
  console.log("downloaded", content.byteLength, "bytes");

  // A transcript and the recording of the same part of a call have the same contentCorrelationId.
  const [transcript] = (await transcripts.get()).value;
  const filter = `contentCorrelationId eq '${transcript.contentCorrelationId}'`;
  const [found] = (await recordings.get({ queryParameters: { filter } })).value;
  console.log("transcript", transcript.id, "belongs to recording", found.id);
}

try {
  await main();
} catch (refused) {
  if (refused.responseStatusCode === undefined) throw refused;
  console.error(refused.responseStatusCode, `${refused.errorEscaped?.code}: ${refused.errorEscaped?.message}`);
  process.exitCode = 1;
}
