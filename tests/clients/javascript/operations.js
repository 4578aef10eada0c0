// Every operation of the server with @microsoft/msgraph-sdk: by its typed builders, and by a URL where it has none.

import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { DefaultAzureCredential } from "@azure/identity";
import { AzureIdentityAuthenticationProvider } from "@microsoft/kiota-authentication-azure";
import { createGraphServiceClient, GraphRequestAdapter } from "@microsoft/msgraph-sdk";
import { createCallRecordingCollectionResponseFromDiscriminatorValue } from "@microsoft/msgraph-sdk/models/index.js";
import { createODataErrorFromDiscriminatorValue } from "@microsoft/msgraph-sdk/models/oDataErrors/index.js";
import { BatchRequestContent, PageIterator } from "@microsoft/msgraph-sdk-core";
import "@microsoft/msgraph-sdk-users";
import {
  baseUrl,
  Cannot,
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

const hosts = new Set([new URL(baseUrl).hostname]);
const errors = { XXX: createODataErrorFromDiscriminatorValue };

function connect(credential) {
  const adapter = new GraphRequestAdapter(new AzureIdentityAuthenticationProvider(credential, [scope], undefined, hosts));
  adapter.baseUrl = baseUrl;
  return { adapter, graph: createGraphServiceClient(adapter) };
}

const { adapter, graph } = connect(new DefaultAzureCredential());
const me = connect(person).graph.me;
const { organizer, recordings, transcripts, all, between } = expected;
const user = graph.users.byUserId(organizer.id);
const meeting = user.onlineMeetings.byOnlineMeetingId(expected.meeting.id);
const caller = graph.users.byUserId(expected.call.userId);
const call = caller.adhocCalls.byAdhocCallId(expected.call.id);
const [ofCall] = expected.call.recordings;
const [saidInCall] = expected.call.transcripts;

const allRecordings =
  user.onlineMeetings.getAllRecordingsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTime;
const allTranscripts =
  user.onlineMeetings.getAllTranscriptsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTime;
const allCallRecordings = caller.adhocCalls.getAllRecordingsuserIdUserIdWithStartDateTimeWithEndDateTime;
const allCallTranscripts = caller.adhocCalls.getAllTranscriptsuserIdUserIdWithStartDateTimeWithEndDateTime;

const refusal = (why) =>
  why.responseStatusCode === undefined
    ? undefined
    : `${why.responseStatusCode} ${why.errorEscaped?.code}: ${why.errorEscaped?.message}`;

async function find(filter, { id }) {
  same("meetings", ids((await user.onlineMeetings.get({ queryParameters: { filter } })).value), [id]);
}

// The ids of all pages, and the delta link of the last.
async function gather(page, builder) {
  const found = ids(page.value);
  while (page.odataNextLink) {
    page = await builder.withUrl(page.odataNextLink).get();
    found.push(...ids(page.value));
  }
  return { found: found.sort(), link: page.odataDeltaLink };
}

async function everything(builder, wanted, queryParameters) {
  const { found } = await gather(await builder.get({ queryParameters }), builder);
  same("ids", found, wanted);
}

// Follows the links to the end, and asks once more from there.
async function changes(first, builder, wanted) {
  const { found, link } = await gather(first, builder);
  same("ids", found, [...wanted].sort());
  const again = await gather(await builder.withUrl(link).get(), builder);
  same("ids of the second round", again.found, []);
  same("the second round has a deltaLink", typeof again.link, "string");
}

const transcript = meeting.transcripts.byCallTranscriptId(transcripts[0].id);
const spoken = (accept) => transcript.content.get(accept && { headers: { Accept: [accept] } });
let made;

function batchOf(items, dependsOn = {}) {
  const content = new BatchRequestContent(adapter, errors);
  for (const [id, request] of Object.entries(items)) {
    const item = content.addBatchRequest(request, id);
    if (dependsOn[id]) item.dependsOn = dependsOn[id];
  }
  return content.postAsync();
}

const statuses = async (answer) => Object.fromEntries(await answer.getResponsesStatusCodes());
const unknown = () => meeting.recordings.byCallRecordingId("there-is-none").toGetRequestInformation();

await run(
  {
    "get a meeting": async () => {
      const found = await meeting.get();
      const { id, subject, joinWebUrl } = expected.meeting;
      same("meeting", [found.id, found.subject, found.joinWebUrl], [id, subject, joinWebUrl]);
    },
    "find a meeting by joinWebUrl": () => find(`JoinWebUrl eq '${expected.meeting.joinWebUrl}'`, expected.meeting),
    "create a meeting": async () => {
      const startDateTime = new Date("2030-01-15T09:00:00Z");
      const endDateTime = new Date("2030-01-15T10:00:00Z");
      made = await user.onlineMeetings.post({ subject: "Made by JavaScript", startDateTime, endDateTime });
      same("subject", made.subject, "Made by JavaScript");
      same("startDateTime", made.startDateTime, startDateTime);
      same("organizer", made.participants.organizer.identity.user.id, organizer.id);
      same("joinWebUrl", made.joinWebUrl.startsWith("https://"), true);
    },
    "find a meeting by joinMeetingId": () =>
      find(`joinMeetingIdSettings/joinMeetingId eq '${made.joinMeetingIdSettings.joinMeetingId}'`, made),
    "create or get a meeting": async () => {
      const body = {
        externalId: randomUUID(),
        subject: "Made or got",
        startDateTime: new Date("2030-01-16T09:00:00Z"),
        endDateTime: new Date("2030-01-16T10:00:00Z"),
      };
      const first = await user.onlineMeetings.createOrGet.post(body);
      const second = await user.onlineMeetings.createOrGet.post(body);
      same("externalId", first.externalId, body.externalId);
      same("the second time", second.id, first.id);
    },
    "update a meeting": async () => {
      const item = user.onlineMeetings.byOnlineMeetingId(made.id);
      same("subject in the answer", (await item.patch({ subject: "Renamed" })).subject, "Renamed");
      same("subject afterwards", (await item.get()).subject, "Renamed");
    },
    "delete a meeting": async () => {
      const item = user.onlineMeetings.byOnlineMeetingId(made.id);
      await item.delete();
      await isGone(() => item.get(), refusal);
    },
    "get a user": async () => {
      const found = await user.get();
      same("user", [found.id, found.userPrincipalName], [organizer.id, organizer.userPrincipalName]);
    },
    "get me": async () => {
      const found = await me.get();
      same("user", [found.id, found.displayName], [organizer.id, organizer.displayName]);
    },

    "list recordings": async () => {
      const found = await meeting.recordings.get();
      same("recordings", ids(found.value), ids(recordings));
      same("count", found.odataCount, recordings.length);
      isRecording(found.value[0], recordings[0]);
    },
    "list my recordings": async () => {
      const found = await me.onlineMeetings.byOnlineMeetingId(expected.meeting.id).recordings.get();
      same("recordings", ids(found.value), ids(recordings));
      same("path", new URL(last.address).pathname.includes("/me/onlineMeetings/"), true);
    },
    "count recordings": async () => same("count", await meeting.recordings.count.get(), recordings.length),
    "filter recordings": async () => {
      const filter = `contentcorrelationId eq '${recordings[1].contentCorrelationId}'`;
      const found = await meeting.recordings.get({ queryParameters: { filter } });
      same("recordings", ids(found.value), [recordings[1].id]);
    },
    "select properties of recordings": async () => {
      const found = (await meeting.recordings.get({ queryParameters: { select: ["id", "callId"] } })).value;
      const wanted = recordings.map(({ callId }) => [callId, undefined]);
      same("properties", found.map(({ callId, createdDateTime }) => [callId, createdDateTime]), wanted);
    },
    "page through recordings": async () => {
      const first = await meeting.recordings.get({ queryParameters: { top: 1 } });
      same("first page", first.value.length, 1);
      const seen = [];
      const keep = ({ id }) => seen.push(id) > 0;
      const factory = createCallRecordingCollectionResponseFromDiscriminatorValue;
      await new PageIterator(adapter, first, keep, factory, errors).iterate();
      same("recordings", seen, ids(recordings));
    },
    "get a recording": async () => {
      const found = await meeting.recordings.byCallRecordingId(recordings[0].id).get();
      isRecording(found, recordings[0]);
      same("meetingId", found.meetingId, expected.meeting.id);
      const [url, wanted] = [found.recordingContentUrl, recordings[0].contentUrl].map(decodeURIComponent);
      same("recordingContentUrl", url, wanted);
    },
    "content of a recording": async () =>
      isContent(await meeting.recordings.byCallRecordingId(recordings[1].id).content.get(), recordings[1]),
    "download a recording to a file": async () => {
      const { content } = meeting.recordings.byCallRecordingId(recordings[0].id);
      await writeFile("downloaded.mp4", new Uint8Array(await content.withUrl(recordings[0].contentUrl).get()));
      isContent(await readFile("downloaded.mp4"), recordings[0]);
    },

    "list transcripts": async () => same("ids", ids((await meeting.transcripts.get()).value), ids(transcripts)),
    "count transcripts": async () => same("count", await meeting.transcripts.count.get(), transcripts.length),
    "get a transcript": async () => {
      const found = await transcript.get();
      const { id, contentCorrelationId } = transcripts[0];
      same("transcript", [found.id, found.contentCorrelationId], [id, contentCorrelationId]);
      same("transcriptContentUrl", found.transcriptContentUrl.endsWith("/content"), true);
    },
    "content of a transcript": async () => isSpoken(await spoken(), transcripts[0], true),
    "content of a transcript as text/vtt": async () => isSpoken(await spoken("text/vtt"), transcripts[0], true),
    "content of a transcript with $format": async () => {
      const url = `${expected.meeting.url}/transcripts/${transcripts[0].id}/content?$format=text/vtt`;
      isSpoken(await transcript.content.withUrl(url).get(), transcripts[0], true);
    },
    "content of a transcript without speakers": async () =>
      isSpoken(await spoken(unattributed), transcripts[0], false),
    "metadataContent of a transcript": async () =>
      isMetadata(await transcript.metadataContent.get(), transcripts[0]),

    getAllRecordings: () => everything(allRecordings, all.recordings, { meetingOrganizerUserId: organizer.id }),
    "getAllRecordings between dates": () =>
      everything(allRecordings, between.recordings, {
        meetingOrganizerUserId: organizer.id,
        startDateTime: new Date(between.start),
        endDateTime: new Date(between.end),
        top: 1,
      }),
    "getAllRecordings with $filter": () => {
      const filter = encodeURIComponent(`MeetingOrganizer/User/Id eq '${organizer.id}'`);
      const url = `${organizer.url}/onlineMeetings/getAllRecordings?$filter=${filter}`;
      return everything(allRecordings.withUrl(url), all.recordings);
    },
    "getAllRecordings by URL": () => everything(allRecordings.withUrl(all.recordingsUrl), all.recordings),
    getAllTranscripts: () => everything(allTranscripts, all.transcripts, { meetingOrganizerUserId: organizer.id }),
    "getAllTranscripts between dates": () =>
      everything(allTranscripts, between.transcripts, {
        meetingOrganizerUserId: organizer.id,
        startDateTime: new Date(between.start),
        endDateTime: new Date(between.end),
      }),

    "delta of recordings": async () => {
      const builder = meeting.recordings.delta;
      await changes(await builder.get({ queryParameters: { top: 2 } }), builder, ids(recordings));
    },
    "delta of transcripts": async () => {
      const builder = meeting.transcripts.delta;
      await changes(await builder.get({ queryParameters: { top: 2 } }), builder, ids(transcripts));
    },
    "delta of getAllRecordings": async () => {
      const builder = meeting.recordings.delta;
      await changes(await builder.withUrl(`${all.recordingsUrl}/delta?$top=2`).get(), builder, all.recordings);
    },
    "delta of getAllTranscripts": async () => {
      const builder = meeting.transcripts.delta;
      await changes(await builder.withUrl(`${all.transcriptsUrl}/delta?$top=2`).get(), builder, all.transcripts);
    },

    "list calls": async () => same("ids", ids((await caller.adhocCalls.get()).value).sort(), expected.call.calls),
    "get a call": async () => same("id", (await call.get()).id, expected.call.id),
    "list recordings of a call": async () =>
      same("ids", ids((await call.recordings.get()).value), ids(expected.call.recordings)),
    "get a recording of a call": async () =>
      isRecording(await call.recordings.byCallRecordingId(ofCall.id).get(), ofCall),
    "content of a recording of a call": async () =>
      isContent(await call.recordings.byCallRecordingId(ofCall.id).content.get(), ofCall),
    "list transcripts of a call": async () =>
      same("ids", ids((await call.transcripts.get()).value), ids(expected.call.transcripts)),
    "get a transcript of a call": async () => {
      const found = await call.transcripts.byCallTranscriptId(saidInCall.id).get();
      same("contentCorrelationId", found.contentCorrelationId, saidInCall.contentCorrelationId);
    },
    "content of a transcript of a call": async () =>
      isSpoken(await call.transcripts.byCallTranscriptId(saidInCall.id).content.get(), saidInCall, true),
    "metadataContent of a transcript of a call": async () =>
      isMetadata(await call.transcripts.byCallTranscriptId(saidInCall.id).metadataContent.get(), saidInCall),
    "getAllRecordings of calls": () =>
      everything(allCallRecordings, expected.call.allRecordings, { userId: expected.call.userId }),
    "getAllRecordings of calls by URL": () => {
      const url = `${expected.call.userUrl}/adhocCalls/getAllRecordings(userId='${expected.call.userId}')`;
      return everything(allCallRecordings.withUrl(url), expected.call.allRecordings);
    },
    "getAllTranscripts of calls": () =>
      everything(allCallTranscripts, expected.call.allTranscripts, { userId: expected.call.userId }),
    "delta of recordings of a call": async () => {
      const builder = call.recordings.delta;
      await changes(await builder.get({ queryParameters: { top: 2 } }), builder, ids(expected.call.recordings));
    },

    batch: async () => {
      const answer = await batchOf({
        recordings: meeting.recordings.toGetRequestInformation(),
        transcripts: meeting.transcripts.toGetRequestInformation(),
      });
      same("statuses", await statuses(answer), { recordings: 200, transcripts: 200 });
      const { body } = answer.getResponseById("recordings");
      if (body === undefined) throw new Cannot("it reads no body that is JSON");
      same("recordings", ids(JSON.parse(new TextDecoder().decode(body)).value), ids(recordings));
    },
    "batch with a failing item": async () => {
      const answer = await batchOf({ none: unknown(), list: meeting.recordings.toGetRequestInformation() });
      same("statuses", await statuses(answer), { none: 404, list: 200 });
    },
    "batch with dependsOn": async () => {
      const items = { first: unknown(), second: meeting.recordings.toGetRequestInformation() };
      same("statuses", await statuses(await batchOf(items, { second: ["first"] })), { first: 404, second: 424 });
    },
    "batch with a content": async () => {
      const { content } = meeting.recordings.byCallRecordingId(recordings[0].id);
      const answer = await batchOf({ content: content.toGetRequestInformation() });
      same("statuses", await statuses(answer), { content: 200 });
      isContent(answer.getResponseById("content").body, recordings[0]);
    },
    "batch with a body": async () => {
      const body = { externalId: randomUUID(), subject: "Made in a batch" };
      const answer = await batchOf({ made: user.onlineMeetings.createOrGet.toPostRequestInformation(body) });
      // It leaves all headers of an item out, and so writes a body as base64 without saying what it is.
      same("statuses", await statuses(answer), { made: 201 });
    },
  },
  refusal,
);
