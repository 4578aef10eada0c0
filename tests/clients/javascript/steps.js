// What the two programs of operations have in common: what the answers have to hold, counting, and saying how it went.
// For each operation a line `NAME: requests N` or `NAME: cannot WHY`; everything that is wrong at the end.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

export const expected = JSON.parse(readFileSync(process.env.OPERATIONS_EXPECTED, "utf8"));
export const baseUrl = process.env.GRAPH_BASE_URL;
export const scope = process.env.GRAPH_SCOPE;
export const unattributed = "application/vnd.microsoft.graph.transcript+text";

// A credential that holds the token that it was given.
export const person = {
  getToken: async () => ({ token: expected.organizerToken, expiresOnTimestamp: Date.now() + 3_600_000 }),
};

let sent = 0;
export let last;
const { fetch } = globalThis;
// Both libraries send with it, whatever they do before; tokens are fetched in another way.
globalThis.fetch = (address, options) => {
  sent += 1;
  last = { address: String(address.url ?? address), ...options };
  return fetch(address, options);
};

// The library is not able to do this.
export class Cannot extends Error {}

export function same(what, found, wanted) {
  if (!isDeepStrictEqual(found, wanted)) {
    throw new Error(`${what}: ${JSON.stringify(found)} in the place of ${JSON.stringify(wanted)}`);
  }
}

export const ids = (items) => items.map(({ id }) => id);

export function isContent(found, wanted) {
  const bytes = new Uint8Array(found);
  same("length", bytes.length, wanted.bytes);
  same("sha256", createHash("sha256").update(bytes).digest("hex"), wanted.sha256);
}

export function isRecording(found, wanted) {
  same("id", found.id, wanted.id);
  same("callId", found.callId, wanted.callId);
  same("contentCorrelationId", found.contentCorrelationId, wanted.contentCorrelationId);
  // JavaScript's clock has three decimals.
  same("createdDateTime", new Date(found.createdDateTime).getTime(), new Date(wanted.createdDateTime).getTime());
  same("organizer", found.meetingOrganizer.user.id, wanted.organizerId);
}

const text = (found) => (typeof found === "string" ? found : new TextDecoder().decode(found));

export function isSpoken(found, wanted, attributed) {
  for (const cue of wanted.cues) {
    if (!text(found).includes(cue.text)) throw new Error(`${cue.text} is not in ${text(found).slice(0, 300)}`);
    same("names its speakers", text(found).includes(`<v ${cue.speaker}>`), attributed);
  }
}

export function isMetadata(found, wanted) {
  const cues = text(found)
    .split(/\r?\n/)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  const heard = cues.map(({ speakerName, spokenText }) => ({ speaker: speakerName, text: spokenText }));
  same("spoken", heard, wanted.cues);
}

// Runs the operations whose names contain one of the words of the command line, or all. `refusal` reads an error of the library.
export async function run(steps, refusal) {
  const words = process.argv.slice(2);
  const wrong = [];
  for (const [name, step] of Object.entries(steps)) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    sent = 0;
    try {
      await step();
      console.log(`${name}: requests ${sent}`);
    } catch (why) {
      if (why instanceof Cannot) console.log(`${name}: cannot ${why.message}`);
      else wrong.push(`${name}: ${refusal(why) ?? why.message}`);
    }
  }
  for (const line of wrong) console.error(line);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

// That what has been deleted is answered 404.
export async function isGone(get, refusal) {
  let status;
  try {
    await get();
  } catch (why) {
    status = refusal(why)?.split(" ")[0];
  }
  same("status afterwards", status, "404");
}
