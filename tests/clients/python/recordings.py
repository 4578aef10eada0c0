"""Lists the recordings of a meeting and downloads the first. All it needs to know stands in the environment."""

import asyncio
import os
import sys

from azure.identity import DefaultAzureCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.item.online_meetings.item.recordings.recordings_request_builder import (
    RecordingsRequestBuilder,
)

BASE_URL = os.environ.get("GRAPH_BASE_URL", "https://graph.microsoft.com/v1.0")
SCOPE = os.environ.get("GRAPH_SCOPE", "https://graph.microsoft.com/.default")


async def main() -> None:
    graph = GraphServiceClient(DefaultAzureCredential(), scopes=[SCOPE])
    graph.request_adapter.base_url = BASE_URL

    user = graph.users.by_user_id(os.environ["GRAPH_USER_ID"])
    meeting = user.online_meetings.by_online_meeting_id(os.environ["GRAPH_MEETING_ID"])

    recordings = (await meeting.recordings.get()).value
    for recording in recordings:
        print("recording", recording.created_date_time.isoformat(), recording.id)

    recording = await meeting.recordings.by_call_recording_id(recordings[0].id).get()
    content = await meeting.recordings.by_call_recording_id(recording.id).content.get()
    with open("recording.mp4", "wb") as file:
        file.write(content)
    print("downloaded", len(content), "bytes")

    # A transcript and the recording of the same part of a call have the same contentCorrelationId.
    transcript = (await meeting.transcripts.get()).value[0]
    query = RecordingsRequestBuilder.RecordingsRequestBuilderGetQueryParameters(
        filter=f"contentCorrelationId eq '{transcript.content_correlation_id}'",
    )
    found = (await meeting.recordings.get(RequestConfiguration(query_parameters=query))).value
    print("transcript", transcript.id, "belongs to recording", found[0].id)


try:
    asyncio.run(main())
except ODataError as refused:
    sys.exit(f"{refused.response_status_code} {refused.error.code}: {refused.error.message}")
