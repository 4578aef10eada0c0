"""Lets a person sign in on another device, and downloads a recording in that person's name."""

import os
import sys

import msal
import requests

BASE_URL = os.environ.get("GRAPH_BASE_URL", "https://graph.microsoft.com/v1.0")
AUTHORITY_HOST = os.environ.get("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com")
# Microsoft's authority takes scopes with and without the name of the resource, as this one does.
SCOPES = ["OnlineMeetingRecording.Read.All"]

application = msal.PublicClientApplication(
    os.environ["AZURE_CLIENT_ID"],
    authority=f"{AUTHORITY_HOST}/{os.environ['AZURE_TENANT_ID']}",
    # Else a server of Microsoft is asked whether this authority is one to be trusted.
    instance_discovery="AZURE_AUTHORITY_HOST" not in os.environ,
)

flow = application.initiate_device_flow(scopes=SCOPES)
if "user_code" not in flow:
    sys.exit(f"{flow.get('error')}: {flow.get('error_description')}")
print(flow["message"], flush=True)

result = application.acquire_token_by_device_flow(flow)  # Waits until the person is done.
if "access_token" not in result:
    sys.exit(f"{result.get('error')}: {result.get('error_description')}")

# From now on without the person: from memory, and with the refresh token when the access token has expired.
account = application.get_accounts()[0]
result = application.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
print("signed in as", account["username"])

with requests.Session() as graph:
    graph.headers["Authorization"] = f"Bearer {result['access_token']}"
    recordings_url = f"{BASE_URL}/me/onlineMeetings/{os.environ['GRAPH_MEETING_ID']}/recordings"
    answer = graph.get(recordings_url)
    if not answer.ok:
        error = answer.json()["error"]
        sys.exit(f"{answer.status_code} {error['code']}: {error['message']}")
    recording = answer.json()["value"][0]
    with graph.get(recording["recordingContentUrl"], stream=True) as content:
        content.raise_for_status()
        with open("recording.mp4", "wb") as file:
            for chunk in content.iter_content(1 << 16):
                file.write(chunk)
print("downloaded", os.path.getsize("recording.mp4"), "bytes")
