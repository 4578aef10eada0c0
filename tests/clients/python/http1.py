"""HTTP/1.1 in the place of HTTP/2, for where something on the way does not know the second."""

import asyncio
import os

import httpx
from azure.identity import DefaultAzureCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory


async def main() -> None:
    base_url = os.environ.get("GRAPH_BASE_URL", "https://graph.microsoft.com/v1.0")
    scope = os.environ.get("GRAPH_SCOPE", "https://graph.microsoft.com/.default")
    # Tokens are sent to this host alone.
    authentication = AzureIdentityAuthenticationProvider(
        DefaultAzureCredential(), scopes=[scope], allowed_hosts=[httpx.URL(base_url).host]
    )
    client = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(http2=False, timeout=100))
    graph = GraphServiceClient(request_adapter=GraphRequestAdapter(authentication, client))
    graph.request_adapter.base_url = base_url

    meeting = graph.users.by_user_id(os.environ["GRAPH_USER_ID"]).online_meetings.by_online_meeting_id(
        os.environ["GRAPH_MEETING_ID"]
    )
    recordings = (await meeting.recordings.get()).value
    content = await meeting.recordings.by_call_recording_id(recordings[0].id).content.get()
    print(len(recordings), "recordings, the first of", len(content), "bytes")


asyncio.run(main())
