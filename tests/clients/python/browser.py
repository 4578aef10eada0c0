"""Opens the sign-in page in a browser, and lists the recordings of a meeting in the person's name."""

import os
import sys

import msal
import requests

BASE_URL = os.environ.get("GRAPH_BASE_URL", "https://graph.microsoft.com/v1.0")
AUTHORITY_HOST = os.environ.get("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com")

application = msal.PublicClientApplication(
    os.environ["AZURE_CLIENT_ID"],
    authority=f"{AUTHORITY_HOST}/{os.environ['AZURE_TENANT_ID']}",
    # Else a server of Microsoft is asked whether this authority is one to be trusted.
    instance_discovery="AZURE_AUTHORITY_HOST" not in os.environ,
)

# The browser is sent back to http://localhost with a port that is free: register http://localhost.
result = application.acquire_token_interactive(["OnlineMeetingRecording.Read.All"], timeout=300)
if "access_token" not in result:
    sys.exit(f"{result.get('error')}: {result.get('error_description')}")
print("signed in as", result["id_token_claims"]["preferred_username"])

answer = requests.get(
    f"{BASE_URL}/me/onlineMeetings/{os.environ['GRAPH_MEETING_ID']}/recordings",
    headers={"Authorization": f"Bearer {result['access_token']}"},
    timeout=100,
)
body = answer.json()
if not answer.ok:
    sys.exit(f"{answer.status_code} {body['error']['code']}: {body['error']['message']}")
print(len(body["value"]), "recordings")
