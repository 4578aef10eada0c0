"""Every operation of the server with msgraph-sdk: by its typed builders, and by a URL where it has none.

    operations.py [WORD…]    runs the operations whose names contain one of the words, or all

What the answers have to hold stands in the file that OPERATIONS_EXPECTED names; `../run.py` writes it. For each operation a line
`NAME: requests N` says how many requests were sent, or `NAME: cannot WHY` what the library is not able to do. Everything that is
wrong is said at the end.
"""

import asyncio
import datetime
import hashlib
import json
import os
import ssl
import sys
import uuid
import warnings
from urllib.parse import quote, unquote

import httpx
from azure.core.credentials import AccessToken
from azure.identity import DefaultAzureCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.call_recording_collection_response import CallRecordingCollectionResponse
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.online_meeting import OnlineMeeting
from msgraph.generated.users.item.online_meetings.create_or_get.create_or_get_post_request_body import (
    CreateOrGetPostRequestBody,
)
from msgraph.graph_request_adapter import options
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

# A generated class warns about itself.
warnings.simplefilter("ignore", DeprecationWarning)

BASE_URL = os.environ["GRAPH_BASE_URL"]
UNATTRIBUTED = "application/vnd.microsoft.graph.transcript+text"


class Counting(httpx.AsyncHTTPTransport):
    """Counts what is sent, below everything that sends again."""

    sent = 0
    # The last request, as it went out.
    last: httpx.Request | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        Counting.sent += 1
        Counting.last = request
        return await super().handle_async_request(request)


class Given:
    """A credential that holds the token that it was given."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        return AccessToken(self.token, int(datetime.datetime.now().timestamp()) + 3600)


def connect(credential: object) -> GraphServiceClient:
    """A client as `GraphServiceClient(credential)` makes it, with a transport that counts."""
    authentication = AzureIdentityAuthenticationProvider(
        credential, scopes=[os.environ["GRAPH_SCOPE"]], allowed_hosts=[httpx.URL(BASE_URL).host]
    )
    transport = Counting(http2=True, verify=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]))
    client = GraphClientFactory.create_with_default_middleware(
        client=httpx.AsyncClient(transport=transport, timeout=30), options=options
    )
    graph = GraphServiceClient(request_adapter=GraphRequestAdapter(authentication, client))
    graph.request_adapter.base_url = BASE_URL
    return graph


class Cannot(Exception):
    """The library is not able to do this."""


class Wrong(Exception):
    """The answer is not what it has to be."""


def same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"{what}: {found!r} in the place of {wanted!r}")


def ids(items: list) -> list[str]:
    return [item.id for item in items]


def asking(builder: object, accept: str | None = None, **query: object) -> RequestConfiguration:
    """A request configuration with the query parameters of this builder."""
    configuration = RequestConfiguration()
    if query:
        kind = next(
            getattr(type(builder), name) for name in dir(type(builder)) if name.endswith("GetQueryParameters")
        )
        configuration.query_parameters = kind(**query)
    if accept:
        configuration.headers = HeadersCollection()
        configuration.headers.add("Accept", accept)
    return configuration


def instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


with open(os.environ["OPERATIONS_EXPECTED"], encoding="utf-8") as file:
    EXPECTED = json.load(file)
GRAPH = connect(DefaultAzureCredential())
PERSON = connect(Given(EXPECTED["organizerToken"]))
ORGANIZER = EXPECTED["organizer"]
USER = GRAPH.users.by_user_id(ORGANIZER["id"])
MEETING = USER.online_meetings.by_online_meeting_id(EXPECTED["meeting"]["id"])
RECORDINGS = EXPECTED["recordings"]
TRANSCRIPTS = EXPECTED["transcripts"]
CALLER = GRAPH.users.by_user_id(EXPECTED["call"]["userId"])
CALL = CALLER.adhoc_calls.by_adhoc_call_id(EXPECTED["call"]["id"])
ALL = EXPECTED["all"]
BETWEEN = EXPECTED["between"]
STEPS = []


def step(name: str):
    def register(function):
        STEPS.append((name, function))
        return function

    return register


def is_content(found: bytes, wanted: dict) -> None:
    same("length", len(found), wanted["bytes"])
    same("sha256", hashlib.sha256(found).hexdigest(), wanted["sha256"])


def is_recording(found: object, wanted: dict) -> None:
    same("id", found.id, wanted["id"])
    same("callId", found.call_id, wanted["callId"])
    same("contentCorrelationId", found.content_correlation_id, wanted["contentCorrelationId"])
    # Python's clock has six decimals.
    same("createdDateTime", found.created_date_time, instant(wanted["createdDateTime"][:26] + "Z"))
    same("organizer", found.meeting_organizer.user.id, wanted["organizerId"])


def is_spoken(found: bytes, wanted: dict, attributed: bool) -> None:
    text = found.decode()
    for cue in wanted["cues"]:
        if cue["text"] not in text:
            raise Wrong(f"{cue['text']!r} is not in {text[:300]!r}")
        same("names its speakers", f"<v {cue['speaker']}>" in text, attributed)


def is_metadata(found: bytes, wanted: dict) -> None:
    cues = [json.loads(line) for line in found.decode().splitlines() if line.startswith("{")]
    same("spoken", [cue["spokenText"] for cue in cues], [cue["text"] for cue in wanted["cues"]])
    same("speakers", [cue["speakerName"] for cue in cues], [cue["speaker"] for cue in wanted["cues"]])


# Meetings and people.


@step("get a meeting")
async def _() -> None:
    meeting = await MEETING.get()
    same("id", meeting.id, EXPECTED["meeting"]["id"])
    same("subject", meeting.subject, EXPECTED["meeting"]["subject"])
    same("joinWebUrl", meeting.join_web_url, EXPECTED["meeting"]["joinWebUrl"])


async def find(text: str, wanted: str) -> None:
    found = await USER.online_meetings.get(asking(USER.online_meetings, filter=text))
    same("meetings", ids(found.value), [wanted])


@step("find a meeting by joinWebUrl")
async def _() -> None:
    await find(f"JoinWebUrl eq '{EXPECTED['meeting']['joinWebUrl']}'", EXPECTED["meeting"]["id"])


MADE: dict[str, str] = {}


@step("create a meeting")
async def _() -> None:
    start = datetime.datetime(2030, 1, 15, 9, tzinfo=datetime.timezone.utc)
    wanted = OnlineMeeting(
        subject="Made by Python", start_date_time=start, end_date_time=start + datetime.timedelta(hours=1)
    )
    made = await USER.online_meetings.post(wanted)
    MADE["id"] = made.id
    MADE["joinMeetingId"] = made.join_meeting_id_settings.join_meeting_id
    same("subject", made.subject, "Made by Python")
    same("startDateTime", made.start_date_time, start)
    same("organizer", made.participants.organizer.identity.user.id, ORGANIZER["id"])
    if not made.join_web_url.startswith("https://"):
        raise Wrong(f"joinWebUrl is {made.join_web_url!r}")


@step("find a meeting by joinMeetingId")
async def _() -> None:
    await find(f"joinMeetingIdSettings/joinMeetingId eq '{MADE['joinMeetingId']}'", MADE["id"])


@step("create or get a meeting")
async def _() -> None:
    start = datetime.datetime(2030, 1, 16, 9, tzinfo=datetime.timezone.utc)
    body = CreateOrGetPostRequestBody(
        external_id=str(uuid.uuid4()),
        subject="Made or got",
        start_date_time=start,
        end_date_time=start + datetime.timedelta(hours=1),
    )
    made = await USER.online_meetings.create_or_get.post(body)
    got = await USER.online_meetings.create_or_get.post(body)
    same("subject", made.subject, "Made or got")
    same("externalId", made.external_id, body.external_id)
    same("the second time", got.id, made.id)


@step("update a meeting")
async def _() -> None:
    made = USER.online_meetings.by_online_meeting_id(MADE["id"])
    changed = await made.patch(OnlineMeeting(subject="Renamed by Python"))
    same("subject in the answer", changed.subject, "Renamed by Python")
    same("subject afterwards", (await made.get()).subject, "Renamed by Python")


@step("delete a meeting")
async def _() -> None:
    made = USER.online_meetings.by_online_meeting_id(MADE["id"])
    await made.delete()
    try:
        await made.get()
    except ODataError as refused:
        same("status afterwards", refused.response_status_code, 404)
    else:
        raise Wrong("it is there after it has been deleted")


@step("get a user")
async def _() -> None:
    user = await USER.get()
    same("user", (user.id, user.user_principal_name), (ORGANIZER["id"], ORGANIZER["userPrincipalName"]))


@step("get me")
async def _() -> None:
    user = await PERSON.me.get()
    same("user", (user.id, user.display_name), (ORGANIZER["id"], ORGANIZER["displayName"]))


# Recordings of a meeting.


@step("list recordings")
async def _() -> None:
    found = await MEETING.recordings.get()
    same("recordings", ids(found.value), [one["id"] for one in RECORDINGS])
    same("count", found.odata_count, len(RECORDINGS))
    is_recording(found.value[0], RECORDINGS[0])


@step("list my recordings")
async def _() -> None:
    meeting = PERSON.me.online_meetings.by_online_meeting_id(EXPECTED["meeting"]["id"])
    found = (await meeting.recordings.get()).value
    same("recordings", ids(found), [one["id"] for one in RECORDINGS])
    same("path", "/me/onlineMeetings/" in Counting.last.url.path, True)


@step("count recordings")
async def _() -> None:
    same("count", await MEETING.recordings.count.get(), len(RECORDINGS))


@step("filter recordings")
async def _() -> None:
    text = f"contentcorrelationId eq '{RECORDINGS[1]['contentCorrelationId']}'"
    found = await MEETING.recordings.get(asking(MEETING.recordings, filter=text))
    same("recordings", ids(found.value), [RECORDINGS[1]["id"]])


@step("select properties of recordings")
async def _() -> None:
    found = await MEETING.recordings.get(asking(MEETING.recordings, select=["id", "callId"]))
    same("callId", [one.call_id for one in found.value], [one["callId"] for one in RECORDINGS])
    same("createdDateTime", [one.created_date_time for one in found.value], [None] * len(RECORDINGS))


@step("page through recordings")
async def _() -> None:
    first = await MEETING.recordings.get(asking(MEETING.recordings, top=1))
    same("first page", len(first.value), 1)
    seen: list[str] = []
    await PageIterator(first, GRAPH.request_adapter).iterate(lambda one: seen.append(one.id) or True)
    same("recordings", seen, [one["id"] for one in RECORDINGS])


@step("get a recording")
async def _() -> None:
    wanted = RECORDINGS[0]
    found = await MEETING.recordings.by_call_recording_id(wanted["id"]).get()
    is_recording(found, wanted)
    same("meetingId", found.meeting_id, EXPECTED["meeting"]["id"])
    same("recordingContentUrl", unquote(found.recording_content_url), unquote(wanted["contentUrl"]))


@step("content of a recording")
async def _() -> None:
    wanted = RECORDINGS[1]
    is_content(await MEETING.recordings.by_call_recording_id(wanted["id"]).content.get(), wanted)


@step("download a recording to a file")
async def _() -> None:
    wanted = RECORDINGS[0]
    content = MEETING.recordings.by_call_recording_id(wanted["id"]).content.with_url(wanted["contentUrl"])
    with open("downloaded.mp4", "wb") as target:
        target.write(await content.get())
    with open("downloaded.mp4", "rb") as written:
        is_content(written.read(), wanted)


# Transcripts of a meeting.


@step("list transcripts")
async def _() -> None:
    found = await MEETING.transcripts.get()
    same("transcripts", ids(found.value), [one["id"] for one in TRANSCRIPTS])


@step("count transcripts")
async def _() -> None:
    same("count", await MEETING.transcripts.count.get(), len(TRANSCRIPTS))


@step("get a transcript")
async def _() -> None:
    found = await MEETING.transcripts.by_call_transcript_id(TRANSCRIPTS[0]["id"]).get()
    same("id", found.id, TRANSCRIPTS[0]["id"])
    same("contentCorrelationId", found.content_correlation_id, TRANSCRIPTS[0]["contentCorrelationId"])
    same("transcriptContentUrl", found.transcript_content_url.endswith("/content"), True)


def spoken(accept: str | None = None):
    content = MEETING.transcripts.by_call_transcript_id(TRANSCRIPTS[0]["id"]).content
    return content.get(asking(content, accept))


@step("content of a transcript")
async def _() -> None:
    is_spoken(await spoken(), TRANSCRIPTS[0], attributed=True)


@step("content of a transcript as text/vtt")
async def _() -> None:
    found = await spoken("text/vtt")
    same("begins with", found[:6], b"WEBVTT")
    is_spoken(found, TRANSCRIPTS[0], attributed=True)


@step("content of a transcript with $format")
async def _() -> None:
    item = MEETING.transcripts.by_call_transcript_id(TRANSCRIPTS[0]["id"])
    url = f"{EXPECTED['meeting']['url']}/transcripts/{quote(TRANSCRIPTS[0]['id'])}/content?$format=text/vtt"
    is_spoken(await item.content.with_url(url).get(), TRANSCRIPTS[0], attributed=True)


@step("content of a transcript without speakers")
async def _() -> None:
    is_spoken(await spoken(UNATTRIBUTED), TRANSCRIPTS[0], attributed=False)


@step("metadataContent of a transcript")
async def _() -> None:
    item = MEETING.transcripts.by_call_transcript_id(TRANSCRIPTS[0]["id"])
    is_metadata(await item.metadata_content.get(), TRANSCRIPTS[0])


# Everything of one user.

ALL_RECORDINGS = (
    USER.online_meetings.get_all_recordingsmeeting_organizer_user_id_meeting_organizer_user_id_with_start_date_time_with_end_date_time
)
ALL_TRANSCRIPTS = (
    USER.online_meetings.get_all_transcriptsmeeting_organizer_user_id_meeting_organizer_user_id_with_start_date_time_with_end_date_time
)
CALL_RECORDINGS = CALLER.adhoc_calls.get_all_recordingsuser_id_user_id_with_start_date_time_with_end_date_time
CALL_TRANSCRIPTS = CALLER.adhoc_calls.get_all_transcriptsuser_id_user_id_with_start_date_time_with_end_date_time


async def gather(page: object, builder: object) -> tuple[list[str], str | None]:
    """The ids of all pages, and the delta link of the last."""
    found = ids(page.value)
    while page.odata_next_link:
        page = await builder.with_url(page.odata_next_link).get()
        found += ids(page.value)
    return sorted(found), getattr(page, "odata_delta_link", None)


async def everything(builder: object, wanted: list[str], **query: object) -> None:
    found, _ = await gather(await builder.get(asking(builder, **query)), builder)
    same("ids", found, wanted)


@step("getAllRecordings")
async def _() -> None:
    await everything(ALL_RECORDINGS, ALL["recordings"], meeting_organizer_user_id=ORGANIZER["id"])


@step("getAllRecordings between dates")
async def _() -> None:
    await everything(
        ALL_RECORDINGS,
        BETWEEN["recordings"],
        meeting_organizer_user_id=ORGANIZER["id"],
        start_date_time=instant(BETWEEN["start"]),
        end_date_time=instant(BETWEEN["end"]),
        top=1,
    )


@step("getAllRecordings with $filter")
async def _() -> None:
    url = f"{EXPECTED['organizer']['url']}/onlineMeetings/getAllRecordings"
    builder = ALL_RECORDINGS.with_url(url + "?$filter=" + quote(f"MeetingOrganizer/User/Id eq '{ORGANIZER['id']}'"))
    await everything(builder, ALL["recordings"])


@step("getAllRecordings by URL")
async def _() -> None:
    await everything(ALL_RECORDINGS.with_url(ALL["recordingsUrl"]), ALL["recordings"])


@step("getAllTranscripts")
async def _() -> None:
    await everything(ALL_TRANSCRIPTS, ALL["transcripts"], meeting_organizer_user_id=ORGANIZER["id"])


@step("getAllTranscripts between dates")
async def _() -> None:
    await everything(
        ALL_TRANSCRIPTS,
        BETWEEN["transcripts"],
        meeting_organizer_user_id=ORGANIZER["id"],
        start_date_time=instant(BETWEEN["start"]),
        end_date_time=instant(BETWEEN["end"]),
    )


@step("getAllRecordings with its commas kept")
async def _() -> None:
    # The library for URI templates leaves out a comma that stands outside of braces. The server knows what is meant.
    builder = type(ALL_RECORDINGS)(ALL_RECORDINGS.request_adapter, dict(ALL_RECORDINGS.path_parameters))
    for name in ("startDateTime", "endDateTime"):
        builder.url_template = builder.url_template.replace(f",{name}=", f"%2C{name}=")
    found, _ = await gather(await builder.get(asking(builder, meeting_organizer_user_id=ORGANIZER["id"], top=2)), builder)
    same("ids", found, ALL["recordings"])


# What is new.


async def changes(first: object, builder: object, wanted: list[str]) -> None:
    """Follows the links to the end, and asks once more from there."""
    found, link = await gather(await first.get(asking(first, top=2) if first is builder else None), builder)
    same("ids", found, wanted)
    if not link:
        raise Wrong("the last page has no deltaLink")
    again, link = await gather(await builder.with_url(link).get(), builder)
    same("ids of the second round", again, [])
    if not link:
        raise Wrong("the second round has no deltaLink")


@step("delta of recordings")
async def _() -> None:
    builder = MEETING.recordings.delta
    await changes(builder, builder, sorted(one["id"] for one in RECORDINGS))


@step("delta of transcripts")
async def _() -> None:
    builder = MEETING.transcripts.delta
    await changes(builder, builder, sorted(one["id"] for one in TRANSCRIPTS))


@step("delta of getAllRecordings")
async def _() -> None:
    builder = MEETING.recordings.delta
    await changes(builder.with_url(f"{ALL['recordingsUrl']}/delta?$top=2"), builder, ALL["recordings"])


@step("delta of getAllTranscripts")
async def _() -> None:
    builder = MEETING.transcripts.delta
    await changes(builder.with_url(f"{ALL['transcriptsUrl']}/delta?$top=2"), builder, ALL["transcripts"])


# Calls without a meeting.


@step("list calls")
async def _() -> None:
    same("calls", sorted(ids((await CALLER.adhoc_calls.get()).value)), EXPECTED["call"]["calls"])


@step("get a call")
async def _() -> None:
    same("call", (await CALL.get()).id, EXPECTED["call"]["id"])


@step("list recordings of a call")
async def _() -> None:
    found = (await CALL.recordings.get()).value
    same("recordings", ids(found), [one["id"] for one in EXPECTED["call"]["recordings"]])


@step("get a recording of a call")
async def _() -> None:
    wanted = EXPECTED["call"]["recordings"][0]
    is_recording(await CALL.recordings.by_call_recording_id(wanted["id"]).get(), wanted)


@step("content of a recording of a call")
async def _() -> None:
    wanted = EXPECTED["call"]["recordings"][0]
    is_content(await CALL.recordings.by_call_recording_id(wanted["id"]).content.get(), wanted)


@step("list transcripts of a call")
async def _() -> None:
    found = (await CALL.transcripts.get()).value
    same("transcripts", ids(found), [one["id"] for one in EXPECTED["call"]["transcripts"]])


@step("get a transcript of a call")
async def _() -> None:
    wanted = EXPECTED["call"]["transcripts"][0]
    found = await CALL.transcripts.by_call_transcript_id(wanted["id"]).get()
    same("contentCorrelationId", found.content_correlation_id, wanted["contentCorrelationId"])


@step("content of a transcript of a call")
async def _() -> None:
    wanted = EXPECTED["call"]["transcripts"][0]
    item = CALL.transcripts.by_call_transcript_id(wanted["id"])
    is_spoken(await item.content.get(), wanted, attributed=True)


@step("metadataContent of a transcript of a call")
async def _() -> None:
    wanted = EXPECTED["call"]["transcripts"][0]
    item = CALL.transcripts.by_call_transcript_id(wanted["id"])
    is_metadata(await item.metadata_content.get(), wanted)


@step("getAllRecordings of calls")
async def _() -> None:
    await everything(CALL_RECORDINGS, EXPECTED["call"]["allRecordings"], user_id=EXPECTED["call"]["userId"])


@step("getAllRecordings of calls by URL")
async def _() -> None:
    url = f"{EXPECTED['call']['userUrl']}/adhocCalls/getAllRecordings(userId='{EXPECTED['call']['userId']}')"
    await everything(CALL_RECORDINGS.with_url(url), EXPECTED["call"]["allRecordings"])


@step("getAllTranscripts of calls")
async def _() -> None:
    await everything(CALL_TRANSCRIPTS, EXPECTED["call"]["allTranscripts"], user_id=EXPECTED["call"]["userId"])


@step("delta of recordings of a call")
async def _() -> None:
    builder = CALL.recordings.delta
    await changes(builder, builder, sorted(one["id"] for one in EXPECTED["call"]["recordings"]))


# Several at once.


def unknown():
    return MEETING.recordings.by_call_recording_id("there-is-none").to_get_request_information()


async def batch(*items: BatchRequestItem) -> object:
    content = BatchRequestContent()
    for item in items:
        content.add_request(item.id, item)
    return await GRAPH.batch.post(content)


@step("batch")
async def _() -> None:
    answer = await batch(
        BatchRequestItem(MEETING.recordings.to_get_request_information(), "recordings"),
        BatchRequestItem(MEETING.transcripts.to_get_request_information(), "transcripts"),
    )
    same("statuses", answer.get_response_status_codes(), {"recordings": 200, "transcripts": 200})
    if answer.get_response_by_id("recordings").body is None:
        raise Cannot("it reads no body that is JSON")
    found = answer.get_response_by_id("recordings", CallRecordingCollectionResponse)
    same("recordings", ids(found.value), [one["id"] for one in RECORDINGS])


@step("batch with a failing item")
async def _() -> None:
    answer = await batch(
        BatchRequestItem(unknown(), "none"),
        BatchRequestItem(MEETING.recordings.count.to_get_request_information(), "count"),
    )
    same("statuses", answer.get_response_status_codes(), {"none": 404, "count": 200})
    same("count", answer.get_response_stream_by_id("count").read(), str(len(RECORDINGS)).encode())


@step("batch with dependsOn")
async def _() -> None:
    first = BatchRequestItem(unknown(), "first")
    second = BatchRequestItem(MEETING.recordings.to_get_request_information(), "second", depends_on=[first])
    answer = await batch(first, second)
    sent = json.loads(Counting.last.content)["requests"][1]
    if "dependsOn" not in sent and sent.get("depends_on") == ["first"]:
        same("first", answer.get_response_status_codes()["first"], 404)
        raise Cannot("it writes `depends_on`")
    same("statuses", answer.get_response_status_codes(), {"first": 404, "second": 424})


@step("batch with a content")
async def _() -> None:
    wanted = RECORDINGS[0]
    item = MEETING.recordings.by_call_recording_id(wanted["id"]).content
    answer = await batch(BatchRequestItem(item.to_get_request_information(), "content"))
    same("status", answer.get_response_status_codes(), {"content": 200})
    is_content(answer.get_response_stream_by_id("content").read(), wanted)


@step("batch with a body")
async def _() -> None:
    body = CreateOrGetPostRequestBody(external_id=str(uuid.uuid4()), subject="Made in a batch")
    request = USER.online_meetings.create_or_get.to_post_request_information(body)
    answer = await batch(BatchRequestItem(request, "made"))
    same("status", answer.get_response_status_codes(), {"made": 201})


async def main(words: list[str]) -> int:
    wrong: list[str] = []
    for name, function in STEPS:
        if words and not any(word in name for word in words):
            continue
        Counting.sent = 0
        try:
            await function()
            print(f"{name}: requests {Counting.sent}", flush=True)
        except Cannot as why:
            print(f"{name}: cannot {why}", flush=True)
        except ODataError as refused:
            said = f"{refused.error.code}: {refused.error.message}" if refused.error else ""
            wrong.append(f"{name}: {refused.response_status_code} {said}")
        except Exception as why:  # noqa: BLE001
            wrong.append(f"{name}: {type(why).__name__}: {why}")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


sys.exit(asyncio.run(main(sys.argv[1:])))
