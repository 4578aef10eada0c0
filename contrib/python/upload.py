"""Uploads one recording in slices with msgraph-core's LargeFileUploadTask, and prints the JSON of what has become of it.

    upload.py FILE REQUEST

REQUEST is a file with what POST /api/v1/uploadSessions asks for, without its `item`. The same source once more uploads nothing
twice, and a run after a break goes on where the one before ended.

Where: anywhere. Needs: pip install azure-identity msgraph-core microsoft-kiota-serialization-json (tests/clients/python/requirements.txt has the versions that are tested).
Where nothing is to be installed, ../graphophone_upload.py does the same.

Settings, in the environment. The library does not read /etc/graphophone-upload.env nor AZURE_CLIENT_SECRET_FILE, and takes no
server without https. These lines are needed (docs/clients.md says why; `graphophone demo --tls` writes all of them):
    AZURE_AUTHORITY_HOST=https://recordings.example.org    the server itself, without a path
    AZURE_TENANT_ID=adfs                                   this word, whatever the tenant is
    AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000000   the application that uploads
    AZURE_CLIENT_SECRET=…                                  its secret: AZURE_CLIENT_SECRET=$(cat FILE) keeps it out of files
    GRAPH_BASE_URL=https://recordings.example.org/v1.0
    GRAPH_SCOPE=https://recordings.example.org/.default    may be left out
and where the certificate of the server is of an authority of your own, its file twice, for tokens and for uploads:
    REQUESTS_CA_BUNDLE=/path/of/ca.crt
    SSL_CERT_FILE=/path/of/ca.crt
These may be set:
    UPLOAD_SLICE_BYTES       length of slices; what the server says
    UPLOAD_RETRY_SECONDS     pause after a failure; 5
    UPLOAD_ATTEMPTS          failures in a row after which it gives up for now; 50

Ends with 0 when the recording is there, 1 where it is refused, 2 for wrong use, 75 where it gave up for now, 130 after Ctrl-C.
Whatever it is, it is told in a line.

Try it:
    python upload.py meeting.mp4 request.json
"""

import asyncio
import hashlib
import json
import logging
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.serialization import ParseNodeFactoryRegistry
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph_core import BaseGraphRequestAdapter, GraphClientFactory
from msgraph_core.models import LargeFileUploadSession
from msgraph_core.tasks import LargeFileUploadTask

ORIGIN = os.environ.get("GRAPH_BASE_URL", "").rstrip("/").removesuffix("/v1.0")
SCOPE = os.environ.get("GRAPH_SCOPE", f"{ORIGIN}/.default")


def described(file: Path) -> dict[str, Any]:
    """The `item` of a request. With its SHA-256 the server notices whatever the task does not."""
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256") if sys.version_info >= (3, 11) else hashlib.sha256(source.read())
    return {"name": file.name, "size": file.stat().st_size, "sha256": digest.hexdigest()}


class Refused(Exception):
    """The server does not take it."""


class GaveUp(Exception):
    """Too many failures in a row."""


async def ask(http: httpx.AsyncClient, method: str, url: str, **more: Any) -> dict[str, Any] | None:
    """The JSON of an answer, or None where it may be another one later."""
    try:
        answer = await http.request(method, url, **more)
    except httpx.HTTPError:
        return None
    if answer.status_code in (408, 423, 429) or answer.status_code >= 500:
        return None
    if answer.status_code == 404 and method == "GET":
        return {}
    known = answer.json()
    if answer.is_error:
        raise Refused(f"{known['error']['code']}: {known['error']['message']}")
    if known.get("@graphophone.fault"):
        raise Refused(f"{known['@graphophone.fault']} Give it up with DELETE of its uploadUrl to begin anew.")
    return known


async def begin(http: httpx.AsyncClient, credential: DefaultAzureCredential, request: dict[str, Any]) -> dict[str, Any] | None:
    token = credential.get_token(SCOPE).token
    url = f"{ORIGIN}/api/v1/uploadSessions"
    return await ask(http, "POST", url, json=request, headers={"Authorization": f"Bearer {token}"})


async def send(adapter: BaseGraphRequestAdapter, session: dict[str, Any], url: str, file: Path) -> None:
    """Sends what is expected, as far as the task gets."""
    own = LargeFileUploadSession(
        upload_url=url,
        expiration_date_time=datetime.fromisoformat(session["expirationDateTime"][:19] + "+00:00"),
        next_expected_ranges=session["nextExpectedRanges"],
    )
    slice_bytes = int(os.environ.get("UPLOAD_SLICE_BYTES") or session["@graphophone.sliceSize"])
    with file.open("rb") as stream:
        # A task is used once: it counts its slices down, those that failed, too. resume() from 0 would send all in one slice.
        task = LargeFileUploadTask(own, adapter, stream, max_chunk_size=slice_bytes)
        is_new = session["nextExpectedRanges"][0].startswith("0-")
        try:
            await (task.upload() if is_new else task.resume())
        except (APIError, httpx.HTTPError):
            # It swallows most errors and succeeds without the file: what there is, only the server tells. Its last slice it
            # sends twice, and the second time the server answers as the first.
            pass


async def upload(file: Path, request: dict[str, Any]) -> dict[str, Any]:
    # msgraph-sdk does so by itself.
    ParseNodeFactoryRegistry().CONTENT_TYPE_ASSOCIATED_FACTORIES.setdefault("application/json", JsonParseNodeFactory())
    # The uploadUrl carries its own secret: no token goes there.
    client = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(http2=True, timeout=100))
    adapter = BaseGraphRequestAdapter(AnonymousAuthenticationProvider(), http_client=client)
    request = {**request, "item": described(file)}
    credential, url, before, failures = DefaultAzureCredential(), "", None, 0
    pause, attempts = float(os.environ.get("UPLOAD_RETRY_SECONDS", "5")), int(os.environ.get("UPLOAD_ATTEMPTS", "50"))
    async with httpx.AsyncClient(timeout=100) as http:
        while failures < attempts:
            known = await (ask(http, "GET", url) if url else begin(http, credential, request))
            if known is not None:
                if "id" in known:
                    return known
                url = known.get("uploadUrl", url) if known else ""
                if known.get("nextExpectedRanges"):
                    await send(adapter, known, url, file)
            # Progress is told by the range.
            expected = known and known.get("nextExpectedRanges")
            failures = 0 if expected and expected != before else failures + 1
            before = expected or before
            if failures:
                await asyncio.sleep(pause)
    raise GaveUp("gave up for now: the next run goes on where this one ends")


def main(arguments: list[str]) -> int:
    # It logs what it throws, too.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    try:
        if len(arguments) != 2:
            raise ValueError("usage: upload.py FILE REQUEST")
        if not ORIGIN.startswith("https://"):
            raise ValueError("GRAPH_BASE_URL: expected https://HOST/v1.0: see the head of this program")
        request = json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
        if not isinstance(request, dict):
            raise ValueError(f"{arguments[1]} is no object of JSON")
        print(json.dumps(asyncio.run(upload(Path(arguments[0]), request))))
        return 0
    except (Refused, AzureError) as refused:
        why, status = refused, 1
    except GaveUp as later:
        why, status = later, 75
    except (OSError, ValueError) as wrong:
        why, status = wrong, 2
    except KeyboardInterrupt:
        why, status = "interrupted", 130
    # What the library says has many lines: the one on the variables above says most.
    lines = [line.strip() for line in str(why).splitlines() if line.strip()] or [type(why).__name__]
    told = next((line for line in lines if line.startswith("EnvironmentCredential: ")), lines[0])
    print(f"upload.py: {told}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
