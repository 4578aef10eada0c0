"""The same with a tenant in the place of `adfs`, and a credential that is told everything; asynchronous as well."""

import asyncio
import os
import sys

from azure.identity.aio import ClientSecretCredential
from msgraph import GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError


async def main() -> None:
    async with ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"],
        os.environ["AZURE_CLIENT_ID"],
        os.environ["AZURE_CLIENT_SECRET"],
        # Left out, it is AZURE_AUTHORITY_HOST or that of Microsoft.
        authority=os.environ.get("AZURE_AUTHORITY_HOST"),
        # Else a server of Microsoft is asked whether this authority is one to be trusted.
        disable_instance_discovery="AZURE_AUTHORITY_HOST" in os.environ,
    ) as credential:
        scope = os.environ.get("GRAPH_SCOPE", "https://graph.microsoft.com/.default")
        graph = GraphServiceClient(credential, scopes=[scope])
        graph.request_adapter.base_url = os.environ.get("GRAPH_BASE_URL", "https://graph.microsoft.com/v1.0")
        meeting = graph.users.by_user_id(os.environ["GRAPH_USER_ID"]).online_meetings.by_online_meeting_id(
            os.environ["GRAPH_MEETING_ID"]
        )
        print(len((await meeting.recordings.get()).value), "recordings")


try:
    asyncio.run(main())
except ODataError as refused:
    sys.exit(f"{refused.response_status_code} {refused.error.code}: {refused.error.message}")
