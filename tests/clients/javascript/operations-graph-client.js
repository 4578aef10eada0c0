// Every operation of the server with @microsoft/microsoft-graph-client, which knows paths and no types.

import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DefaultAzureCredential } from "@azure/identity";
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  GraphError,
  PageIterator,
  ResponseType,
} from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import {
  baseUrl,
  expected,
  ids,
  isContent,
  isGone,
  isMetadata,
  isRecording,
  isSpoken,
  last,
  person,
  run,
  same,
  scope,
  unattributed,
} from "./steps.js";

const base = new URL(baseUrl);

const connect = (credential) =>
  Client.initWithMiddleware({
    authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [scope] }),
    baseUrl: `${base.origin}/`,
    defaultVersion: base.pathname.slice(1),
    customHosts: new Set([base.hostname]),
  });

const graph = connect(new DefaultAzureCredential());
const me = connect(person);
const { organizer, recordings, transcripts, all, between } = expected;
const user = `/users/${organizer.id}`;
const meetings = `${user}/onlineMeetings`;
const meeting = `${meetings}/${expected.meeting.id}`;
const recording = ({ id }) => `${meeting}/recordings/${id}`;
const transcript = `${meeting}/transcripts/${transcripts[0].id}`;
const caller = `/users/${expected.call.userId}`;
const call = `${caller}/adhocCalls/${expected.call.id}`;
const [ofCall] = expected.call.recordings;
const [saidInCall] = expected.call.transcripts;

const refusal = (why) =>
  why instanceof GraphError ? `${why.statusCode} ${why.code}: ${why.message}` : undefined;

async function find(filter, { id }) {
  same("meetings", ids((await graph.api(meetings).filter(filter).get()).value), [id]);
}

// The ids of all pages, and the delta link of the last.
async function gather(page) {
  const found = [];
  const pages = new PageIterator(graph, page, ({ id }) => found.push(id) > 0);
  await pages.iterate();
  return { found: found.sort(), link: pages.getDeltaLink() };
}

async function everything(path, wanted) {
  same("ids", (await gather(await graph.api(path).get())).found, wanted);
}

// Follows the links to the end, and asks once more from there.
async function changes(path, wanted) {
  const { found, link } = await gather(await graph.api(path).top(2).get());
  same("ids", found, [...wanted].sort());
  const again = await gather(await graph.api(link).get());
  same("ids of the second round", again.found, []);
  same("the second round has a deltaLink", typeof again.link, "string");
}

const bytes = (path) => graph.api(path).responseType(ResponseType.ARRAYBUFFER).get();
const spoken = (accept) =>
  graph.api(`${transcript}/content`).header("Accept", accept).responseType(ResponseType.TEXT).get();
const of = (user, first, between) =>
  `(${first}='${user}',startDateTime=${between.start},endDateTime=${between.end})`;
let made;

// A request of a batch has an address without the version.
const item = (id, path, dependsOn) => ({ id, request: new Request(new URL(path, base.origin)), dependsOn });

async function batchOf(...items) {
  const content = await new BatchRequestContent(items).getContent();
  return new BatchResponseContent(await graph.api("/$batch").post(content));
}

const statuses = (answer) =>
  Object.fromEntries([...answer.getResponses()].map(([id, { status }]) => [id, status]));

await run(
  {
    "get a meeting": async () => {
      const found = await graph.api(meeting).get();
      const { id, subject, joinWebUrl } = expected.meeting;
      same("meeting", [found.id, found.subject, found.joinWebUrl], [id, subject, joinWebUrl]);
    },
    "find a meeting by joinWebUrl": () =>
      find(`JoinWebUrl eq '${encodeURIComponent(expected.meeting.joinWebUrl)}'`, expected.meeting),
    "create a meeting": async () => {
      const wanted = {
        subject: "Made by JavaScript",
        startDateTime: "2030-01-15T09:00:00Z",
        endDateTime: "2030-01-15T10:00:00Z",
      };
      made = await graph.api(meetings).post(wanted);
      same("subject", made.subject, wanted.subject);
      same("startDateTime", new Date(made.startDateTime), new Date(wanted.startDateTime));
      same("organizer", made.participants.organizer.identity.user.id, organizer.id);
      same("joinWebUrl", made.joinWebUrl.startsWith("https://"), true);
    },
    "find a meeting by joinMeetingId": () =>
      find(`joinMeetingIdSettings/joinMeetingId eq '${made.joinMeetingIdSettings.joinMeetingId}'`, made),
    "create or get a meeting": async () => {
      const body = {
        externalId: randomUUID(),
        subject: "Made or got",
        startDateTime: "2030-01-16T09:00:00Z",
        endDateTime: "2030-01-16T10:00:00Z",
      };
      const first = await graph.api(`${meetings}/createOrGet`).post(body);
      const second = await graph.api(`${meetings}/createOrGet`).post(body);
      same("externalId", first.externalId, body.externalId);
      same("the second time", second.id, first.id);
    },
    "update a meeting": async () => {
      const path = `${meetings}/${made.id}`;
      same("subject in the answer", (await graph.api(path).patch({ subject: "Renamed" })).subject, "Renamed");
      same("subject afterwards", (await graph.api(path).get()).subject, "Renamed");
    },
    "delete a meeting": async () => {
      const path = `${meetings}/${made.id}`;
      await graph.api(path).delete();
      await isGone(() => graph.api(path).get(), refusal);
    },
    "get a user": async () => {
      const found = await graph.api(user).get();
      same("user", [found.id, found.userPrincipalName], [organizer.id, organizer.userPrincipalName]);
    },
    "get me": async () => {
      const found = await me.api("/me").get();
      same("user", [found.id, found.displayName], [organizer.id, organizer.displayName]);
    },

    "list recordings": async () => {
      const found = await graph.api(`${meeting}/recordings`).get();
      same("recordings", ids(found.value), ids(recordings));
      same("count", found["@odata.count"], recordings.length);
      isRecording(found.value[0], recordings[0]);
      same("createdDateTime", found.value[0].createdDateTime, recordings[0].createdDateTime);
    },
    "list my recordings": async () => {
      const found = await me.api(`/me/onlineMeetings/${expected.meeting.id}/recordings`).get();
      same("recordings", ids(found.value), ids(recordings));
      same("path", new URL(last.address).pathname.includes("/me/onlineMeetings/"), true);
    },
    "count recordings": async () => {
      const path = `${meeting}/recordings/$count`;
      same("count", await graph.api(path).responseType(ResponseType.TEXT).get(), String(recordings.length));
    },
    "filter recordings": async () => {
      const filter = `contentcorrelationId eq '${recordings[1].contentCorrelationId}'`;
      const found = await graph.api(`${meeting}/recordings`).filter(filter).get();
      same("recordings", ids(found.value), [recordings[1].id]);
    },
    "select properties of recordings": async () => {
      const found = (await graph.api(`${meeting}/recordings`).select(["id", "callId"]).get()).value;
      const wanted = recordings.map(({ callId }) => [callId, undefined]);
      same("properties", found.map(({ callId, createdDateTime }) => [callId, createdDateTime]), wanted);
    },
    "page through recordings": async () => {
      const first = await graph.api(`${meeting}/recordings`).top(1).get();
      same("first page", first.value.length, 1);
      const seen = [];
      await new PageIterator(graph, first, ({ id }) => seen.push(id) > 0).iterate();
      same("recordings", seen, ids(recordings));
    },
    "get a recording": async () => {
      const found = await graph.api(recording(recordings[0])).get();
      isRecording(found, recordings[0]);
      same("meetingId", found.meetingId, expected.meeting.id);
      const [url, wanted] = [found.recordingContentUrl, recordings[0].contentUrl].map(decodeURIComponent);
      same("recordingContentUrl", url, wanted);
    },
    "content of a recording": async () =>
      isContent(await bytes(`${recording(recordings[1])}/content`), recordings[1]),
    "download a recording to a file": async () => {
      const content = await graph.api(`${recording(recordings[0])}/content`).getStream();
      await pipeline(Readable.fromWeb(content), createWriteStream("downloaded.mp4"));
      isContent(await readFile("downloaded.mp4"), recordings[0]);
    },

    "list transcripts": async () =>
      same("ids", ids((await graph.api(`${meeting}/transcripts`).get()).value), ids(transcripts)),
    "count transcripts": async () => {
      const path = `${meeting}/transcripts/$count`;
      same("count", await graph.api(path).responseType(ResponseType.TEXT).get(), String(transcripts.length));
    },
    "get a transcript": async () => {
      const found = await graph.api(transcript).get();
      const { id, contentCorrelationId } = transcripts[0];
      same("transcript", [found.id, found.contentCorrelationId], [id, contentCorrelationId]);
      same("transcriptContentUrl", found.transcriptContentUrl.endsWith("/content"), true);
    },
    "content of a transcript": async () =>
      isSpoken(await bytes(`${transcript}/content`), transcripts[0], true),
    "content of a transcript as text/vtt": async () => isSpoken(await spoken("text/vtt"), transcripts[0], true),
    "content of a transcript with $format": async () =>
      isSpoken(await bytes(`${transcript}/content?$format=text/vtt`), transcripts[0], true),
    "content of a transcript without speakers": async () =>
      isSpoken(await spoken(unattributed), transcripts[0], false),
    "metadataContent of a transcript": async () =>
      isMetadata(await bytes(`${transcript}/metadataContent`), transcripts[0]),

    getAllRecordings: () =>
      everything(`${meetings}/getAllRecordings(meetingOrganizerUserId='${organizer.id}')`, all.recordings),
    "getAllRecordings between dates": () =>
      everything(
        `${meetings}/getAllRecordings${of(organizer.id, "meetingOrganizerUserId", between)}?$top=1`,
        between.recordings,
      ),
    "getAllRecordings with $filter": async () => {
      const filter = `MeetingOrganizer/User/Id eq '${organizer.id}'`;
      const first = await graph.api(`${meetings}/getAllRecordings`).filter(filter).get();
      same("ids", (await gather(first)).found, all.recordings);
    },
    "getAllRecordings by URL": () => everything(all.recordingsUrl, all.recordings),
    getAllTranscripts: () =>
      everything(`${meetings}/getAllTranscripts(meetingOrganizerUserId='${organizer.id}')`, all.transcripts),
    "getAllTranscripts between dates": () =>
      everything(
        `${meetings}/getAllTranscripts${of(organizer.id, "meetingOrganizerUserId", between)}`,
        between.transcripts,
      ),

    "delta of recordings": () => changes(`${meeting}/recordings/delta`, ids(recordings)),
    "delta of transcripts": () => changes(`${meeting}/transcripts/delta`, ids(transcripts)),
    "delta of getAllRecordings": () => changes(`${all.recordingsUrl}/delta`, all.recordings),
    "delta of getAllTranscripts": () => changes(`${all.transcriptsUrl}/delta`, all.transcripts),

    "list calls": async () =>
      same("ids", ids((await graph.api(`${caller}/adhocCalls`).get()).value).sort(), expected.call.calls),
    "get a call": async () => same("id", (await graph.api(call).get()).id, expected.call.id),
    "list recordings of a call": async () =>
      same("ids", ids((await graph.api(`${call}/recordings`).get()).value), ids(expected.call.recordings)),
    "get a recording of a call": async () =>
      isRecording(await graph.api(`${call}/recordings/${ofCall.id}`).get(), ofCall),
    "content of a recording of a call": async () =>
      isContent(await bytes(`${call}/recordings/${ofCall.id}/content`), ofCall),
    "list transcripts of a call": async () =>
      same("ids", ids((await graph.api(`${call}/transcripts`).get()).value), ids(expected.call.transcripts)),
    "get a transcript of a call": async () => {
      const found = await graph.api(`${call}/transcripts/${saidInCall.id}`).get();
      same("contentCorrelationId", found.contentCorrelationId, saidInCall.contentCorrelationId);
    },
    "content of a transcript of a call": async () =>
      isSpoken(await bytes(`${call}/transcripts/${saidInCall.id}/content`), saidInCall, true),
    "metadataContent of a transcript of a call": async () =>
      isMetadata(await bytes(`${call}/transcripts/${saidInCall.id}/metadataContent`), saidInCall),
    "getAllRecordings of calls": () =>
      everything(
        `${caller}/adhocCalls/getAllRecordings(userId='${expected.call.userId}')`,
        expected.call.allRecordings,
      ),
    "getAllRecordings of calls by URL": () =>
      everything(
        `${expected.call.userUrl}/adhocCalls/getAllRecordings(userId='${expected.call.userId}')`,
        expected.call.allRecordings,
      ),
    "getAllTranscripts of calls": () =>
      everything(
        `${caller}/adhocCalls/getAllTranscripts(userId='${expected.call.userId}')`,
        expected.call.allTranscripts,
      ),
    "delta of recordings of a call": () => changes(`${call}/recordings/delta`, ids(expected.call.recordings)),

    batch: async () => {
      const answer = await batchOf(
        item("recordings", `${meeting}/recordings`),
        item("transcripts", `${meeting}/transcripts`),
      );
      same("statuses", statuses(answer), { recordings: 200, transcripts: 200 });
      const found = await answer.getResponseById("recordings").json();
      same("recordings", ids(found.value), ids(recordings));
    },
    "batch with a failing item": async () => {
      const answer = await batchOf(
        item("none", `${meeting}/recordings/there-is-none`),
        item("list", `${meeting}/recordings`),
      );
      same("statuses", statuses(answer), { none: 404, list: 200 });
      same("code", (await answer.getResponseById("none").json()).error.code, "NotFound");
    },
    "batch with dependsOn": async () => {
      const answer = await batchOf(
        item("first", `${meeting}/recordings/there-is-none`),
        item("second", `${meeting}/recordings`, ["first"]),
      );
      same("statuses", statuses(answer), { first: 404, second: 424 });
    },
    "batch with a content": async () => {
      const answer = await batchOf(item("content", `${recording(recordings[0])}/content`));
      same("statuses", statuses(answer), { content: 200 });
      isContent(Buffer.from(await answer.getResponseById("content").text(), "base64"), recordings[0]);
    },
    "batch with a body": async () => {
      const request = new Request(new URL(`${meetings}/createOrGet`, base.origin), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ externalId: randomUUID(), subject: "Made in a batch" }),
      });
      same("statuses", statuses(await batchOf({ id: "made", request })), { made: 201 });
    },
  },
  refusal,
);
