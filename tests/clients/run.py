"""Starts the demo and runs every recipe of this folder against it. scripts/test-clients calls it; everything is from the
standard library.

    run.py SERVER BUILT CLIENT…    SERVER is the program, BUILT the folder in which the recipes have been installed
"""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path

from front import Front

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Nestor takes part in no meeting.
OUTSIDER = "0b80a255-53a1-4945-a932-58ef7777682c"
# How long one recipe may take: a device is asked to wait five seconds between its questions.
LIMIT_SECONDS = 90
START_SECONDS = 60


@dataclass
class Case:
    """One run of a recipe."""

    about: str
    command: list[str]
    # Changes of the environment; None takes a variable out of it.
    environment: dict[str, str | None] = field(default_factory=dict)
    # HTTP versions of the requests for tokens and of those to the API.
    tokens: str = "1.1"
    graph: str = "1.1"
    # What it is to show: everything, a download, a count, a status, a refusal, all operations, or patience.
    shows: str = "walk"
    # The column of the table of operations.
    column: str = ""
    # A person signs in while it runs: by a device code.
    device: bool = False


# What every program of operations does, in the words in which it says so: the rows of the table.
OPERATIONS = """
get a meeting
find a meeting by joinWebUrl
create a meeting
find a meeting by joinMeetingId
create or get a meeting
update a meeting
delete a meeting
get a user
get me
list recordings
list my recordings
count recordings
filter recordings
select properties of recordings
page through recordings
get a recording
content of a recording
download a recording to a file
list transcripts
count transcripts
get a transcript
content of a transcript
content of a transcript as text/vtt
content of a transcript with $format
content of a transcript without speakers
metadataContent of a transcript
getAllRecordings
getAllRecordings between dates
getAllRecordings with $filter
getAllRecordings by URL
getAllTranscripts
getAllTranscripts between dates
delta of recordings
delta of transcripts
delta of getAllRecordings
delta of getAllTranscripts
list calls
get a call
list recordings of a call
get a recording of a call
content of a recording of a call
list transcripts of a call
get a transcript of a call
content of a transcript of a call
metadataContent of a transcript of a call
getAllRecordings of calls
getAllRecordings of calls by URL
getAllTranscripts of calls
delta of recordings of a call
batch
batch with a failing item
batch with dependsOn
batch with a content
batch with a body
""".strip().splitlines()


class Failed(Exception):
    """A recipe did not do what it is for."""


class Demo:
    """A server with the sample tenant, its environment and its log."""

    def __init__(self, server: str, folder: Path, settings: dict[str, str] = {}) -> None:
        self.server = server
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        self.log = folder / "log"
        self.read = 0
        own = {**os.environ, "GRAPHOPHONE_LOG__FORMAT": "json", **settings}
        self.process = subprocess.Popen(
            [server, "demo", "--tls", "--json", "--data", str(self.data)],
            stdout=(folder / "demo.json").open("wb"),
            stderr=self.log.open("wb"),
            env=own,
        )
        try:
            self.sample = self.wait(folder / "demo.json")
        except BaseException:
            self.stop()
            raise
        self.environment: dict[str, str] = self.sample["environment"]
        self.trust = ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])

    def wait(self, printed: Path) -> dict:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            text = printed.read_text()
            if text.endswith("\n"):
                return json.loads(text)
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise Failed(f"the demo did not start: {self.log.read_text()[-2000:]}")

    def address(self) -> tuple[str, int]:
        """Where it listens itself, whatever its URLs say."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            found = re.search(r"https://127\.0\.0\.1:(\d+)", self.log.read_text())
            if found:
                return "127.0.0.1", int(found[1])
            time.sleep(0.02)
        raise Failed("the demo does not say where it listens")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def requests(self) -> list[dict]:
        """What has been asked since the last time."""
        # Its line is written after those of all requests that have been answered.
        url = self.environment["AZURE_AUTHORITY_HOST"] + "/healthz"
        urllib.request.urlopen(url, context=self.trust, timeout=20).read()
        lines: list[dict] = []
        until = time.monotonic() + 20
        while not lines or lines[-1].get("route") != "/healthz":
            if time.monotonic() > until:
                raise Failed("the server does not write its log")
            with self.log.open("rb") as log:
                log.seek(self.read)
                for line in log:
                    if not line.endswith(b"\n"):
                        break
                    self.read += len(line)
                    if line.startswith(b"{"):
                        lines.append(json.loads(line))
            time.sleep(0.02)
        return [line for line in lines[:-1] if line.get("message") == "request"]


def expectations(demo: Demo) -> dict:
    """What the answers have to hold, from what the demo prints and the files that it was filled from."""
    sample, environment = demo.sample, demo.environment
    base, user, meeting = (environment[name] for name in ("GRAPH_BASE_URL", "GRAPH_USER_ID", "GRAPH_MEETING_ID"))
    media = {}
    for block in re.split(r"^  - ", (ROOT / "demo" / "seed.yaml").read_text(), flags=re.MULTILINE):
        members = dict(re.findall(r'^ *(\w+): "([^"\n]+)"', block, re.MULTILINE))
        if "contentFile" in members and "contentCorrelationId" in members:
            is_transcript = members["contentFile"].endswith(".vtt")
            media[members["contentCorrelationId"], is_transcript] = ROOT / "demo" / members["contentFile"]

    def with_content(one: dict, is_transcript: bool) -> dict:
        content = media[one["contentCorrelationId"], is_transcript].read_bytes()
        known = {**one, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if is_transcript:
            cues = re.findall(r"<v ([^>]+)>(.*?)</v>", content.decode())
            known["cues"] = [{"speaker": speaker, "text": text} for speaker, text in cues]
        return known

    def kept(kind: str, **members: str) -> list[dict]:
        found = [one for one in sample[kind] if one.get("uploadState") != "pending"]
        found = [one for one in found if all(one[name] == value for name, value in members.items())]
        found.sort(key=lambda one: (one["createdDateTime"], one["id"]))
        return [with_content(one, kind == "transcripts") for one in found]

    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    # An expired meeting, one of a channel and one without a calendar do not count.
    served = {
        one["id"]
        for one in sample["meetings"]
        if one["iCalUId"] and not one["isChannelMeeting"] and (one["expiryDateTime"] or now) >= now
    }
    of_user = {
        kind: [one for one in kept(kind, organizerId=user) if one["meetingId"] in served]
        for kind in ("recordings", "transcripts")
    }
    # From after the first to before the last.
    times = [one["createdDateTime"] for one in of_user["recordings"]]
    start, end = times[0][:19] + ".9999999Z", times[-1][:19] + ".0000000Z"
    between = {
        kind: sorted(one["id"] for one in of_user[kind] if start < one["createdDateTime"] < end) for kind in of_user
    }
    all_of = {kind: sorted(one["id"] for one in of_user[kind]) for kind in of_user}
    here = next(one for one in sample["meetings"] if one["id"] == meeting)
    call = next(one for one in sample["recordings"] if one["adhocCallId"])
    caller, of_call = call["organizerId"], {"adhocCallId": call["adhocCallId"]}
    calls = {
        kind: [one for one in kept(kind, organizerId=caller) if one["adhocCallId"]]
        for kind in ("recordings", "transcripts")
    }
    functions = f"{base}/users/{user}/onlineMeetings/getAll"
    return {
        "baseUrl": base,
        "organizerToken": sample["tokens"]["organizer"],
        "organizer": {
            **next(one for one in sample["users"] if one["id"] == user),
            "url": f"{base}/users/{user}",
        },
        "meeting": {
            **here,
            "url": f"{base}/users/{user}/onlineMeetings/{meeting}",
        },
        "recordings": kept("recordings", meetingId=meeting),
        "transcripts": kept("transcripts", meetingId=meeting),
        "all": {
            **all_of,
            "recordingsUrl": f"{functions}Recordings(meetingOrganizerUserId='{user}')",
            "transcriptsUrl": f"{functions}Transcripts(meetingOrganizerUserId='{user}')",
        },
        "between": {**between, "start": start, "end": end},
        "call": {
            "id": call["adhocCallId"],
            "userId": caller,
            "userUrl": f"{base}/users/{caller}",
            "url": f"{base}/users/{caller}/adhocCalls/{call['adhocCallId']}",
            "calls": sorted({one["adhocCallId"] for one in calls["recordings"]}),
            "recordings": kept("recordings", **of_call),
            "transcripts": kept("transcripts", **of_call),
            "allRecordings": sorted(one["id"] for one in calls["recordings"]),
            "allTranscripts": sorted(one["id"] for one in calls["transcripts"]),
        },
    }


def spoken(requests: list[dict]) -> tuple[str, str]:
    """The HTTP versions of requests for tokens and of those to the API; the person's browser does not count."""
    tokens, graph = set(), set()
    for request in requests:
        route, version = request["route"], request["http.version"]
        if "onlineMeetings" in route:
            graph.add(version)
        elif "oauth2" in route or ".well-known" in route:
            tokens.add(version)
    return "+".join(sorted(tokens)), "+".join(sorted(graph))


def clean_environment(demo: Demo, home: Path) -> dict[str, str]:
    """All that a recipe is told: nothing of this machine is to help."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # DefaultAzureCredential looks for the cloud that it runs in where the environment does not do; not here.
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
        **demo.environment,
    }


class Runner:
    """Runs cases, and tells how they went."""

    def __init__(self, demo: Demo, folder: Path) -> None:
        self.demo = demo
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.passed = self.failed = 0
        # For each column what it says of each operation.
        self.operations: dict[str, dict[str, str]] = {}
        # For each operation what the first column says of it.
        self.usual: dict[str, str] = {}
        self.expected = folder / "expected.json"
        self.expected.write_text(json.dumps(expectations(demo)))
        meeting = demo.environment["GRAPH_MEETING_ID"]
        of_meeting = lambda one: one["meetingId"] == meeting and one.get("uploadState") != "pending"
        self.recordings = [one for one in demo.sample["recordings"] if of_meeting(one)]
        self.transcripts = {one["id"]: one for one in demo.sample["transcripts"]}
        media = (ROOT / "demo" / "media").glob("*.mp4")
        self.media = {hashlib.sha256(file.read_bytes()).hexdigest() for file in media}

    def say(self, text: str) -> None:
        print(text, flush=True)

    def fail(self, about: str, why: str) -> None:
        self.failed += 1
        self.say(f"  failed  {about}: {why}")

    def run(self, case: Case) -> None:
        began = time.monotonic()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        environment = {**clean_environment(self.demo, self.home), "OPERATIONS_EXPECTED": str(self.expected)}
        for name, value in case.environment.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        try:
            status, out, err = self.carry_out(case, folder, environment)
            asked = self.demo.requests()
            self.check(case, status, out, err, folder)
            versions = spoken(asked)
            if versions != (case.tokens, case.graph):
                raise Failed(f"tokens over http/{versions[0]} and graph over http/{versions[1]}")
        except Failed as why:
            self.fail(case.about, str(why))
            return
        finally:
            shutil.rmtree(folder)
        self.passed += 1
        took = time.monotonic() - began
        self.say(f"  ok      {case.about}: tokens http/{case.tokens}, graph http/{case.graph}, {took:.1f} s")

    def carry_out(self, case: Case, folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
        # Output goes to files: a full pipe would stop a recipe.
        out, err = folder / "out", folder / "err"
        process = subprocess.Popen(
            case.command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out.open("wb"),
            stderr=err.open("wb"),
            start_new_session=True,
        )
        try:
            if case.device:
                self.let_in(out, process, environment)
            status = process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            said = (out.read_text() + err.read_text())[-1000:]
            raise Failed(f"took longer than {LIMIT_SECONDS} s: {said}") from None
        finally:
            # With whatever it has started.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        return status, out.read_text(), err.read_text()

    def let_in(self, out: Path, process: subprocess.Popen, environment: dict[str, str]) -> None:
        until = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < until and process.poll() is None:
            page = re.search(r"https://\S+/devicelogin", out.read_text())
            code = re.search(r"\b[A-Z]{3}-[A-Z]{3}-[A-Z]{3}\b", out.read_text())
            if page and code:
                person = [sys.executable, str(HERE / "sign_in.py"), page[0], code[0]]
                subprocess.run(person, env=environment, check=False, timeout=LIMIT_SECONDS)
                return
            time.sleep(0.1)

    def check(self, case: Case, status: int, out: str, err: str, folder: Path) -> None:
        if case.shows == "refusal":
            wanted = "Forbidden: 3003: User does not have access to lookup meeting"
            if status != 1 or wanted not in err or "403" not in err or "Traceback" in err:
                raise Failed(f"is not told of a 403, but ends with {status}: {err[-1000:]}")
            return
        if case.shows == "patience":
            found = re.search(r"^page through recordings: requests (\d+)$", out, re.MULTILINE)
            if status != 0 or not found or int(found[1]) <= len(self.recordings):
                raise Failed(f"does not ask again after a 429, but ends with {status}: {(out + err)[-1500:]}")
            return
        if case.shows == "operations":
            self.check_operations(case, status, out, err)
            return
        if status != 0:
            raise Failed(f"ends with {status}: {err[-1500:]}")
        if case.shows == "status":
            if not out.startswith("200 OK"):
                raise Failed(f"is not let in: {out[-500:]}")
            return
        if case.shows == "count":
            if f"{len(self.recordings)} recordings" not in out:
                raise Failed(f"does not count right: {out[-500:]}")
            return
        if case.shows == "walk":
            listed = re.findall(r"^recording \S+ (\S+)$", out, re.MULTILINE)
            if sorted(listed) != sorted(one["id"] for one in self.recordings):
                raise Failed(f"does not list the recordings: {out[-500:]}")
            found = re.search(r"^transcript (\S+) belongs to recording (\S+)$", out, re.MULTILINE)
            if not found:
                raise Failed(f"finds no recording of a transcript: {out[-500:]}")
            transcript = self.transcripts[found[1]]
            recording = next(one for one in self.recordings if one["id"] == found[2])
            if transcript["contentCorrelationId"] != recording["contentCorrelationId"]:
                raise Failed("finds another recording of the transcript")
        content = (folder / "recording.mp4").read_bytes()
        if f"downloaded {len(content)} bytes" not in out or content[4:8] != b"ftyp":
            raise Failed(f"downloads something else: {out[-500:]}")
        if hashlib.sha256(content).hexdigest() not in self.media:
            raise Failed("downloads other bytes than those of the recording")


    def check_operations(self, case: Case, status: int, out: str, err: str) -> None:
        done = dict(re.findall(r"^(.+?): ((?:requests \d+|cannot .+))$", out, re.MULTILINE))
        self.operations[case.column] = done
        missing = [name for name in OPERATIONS if name not in done]
        if status != 0 or missing:
            lines = err.strip()[-40000:].splitlines()
            unsaid = [name for name in missing if not any(line.startswith(name + ":") for line in lines)]
            lines += [f"{name}: nothing is said of it" for name in unsaid]
            raise Failed("\n".join([f"{len(OPERATIONS) - len(missing)} of {len(OPERATIONS)} operations", *lines]))

        # A library that asks again, for whatever reason, sends more than the others.
        for name, said in done.items():
            usual = self.usual.setdefault(name, said) if said.startswith("requests") else said
            if said != usual:
                raise Failed(f"{name}: {said} in the place of {usual}")

    def table(self) -> str:
        """Operations and clients, with the requests that each has sent."""
        columns = list(self.operations)
        rows = [["requests", *columns]]
        # One client does more than all have in common.
        more = [name for done in self.operations.values() for name in done if name not in OPERATIONS]
        for name in [*OPERATIONS, *more]:
            otherwise = "failed" if name in OPERATIONS else "-"
            said = (self.operations[column].get(name, otherwise) for column in columns)
            rows.append([name, *(text.removeprefix("requests ").split(" ")[0] for text in said)])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        reasons = [
            f"{column} cannot do `{name}`: {said.removeprefix('cannot ')}"
            for column, done in self.operations.items()
            for name, said in done.items()
            if said.startswith("cannot ")
        ]
        return "\n".join([*lines, "", *reasons])


def said(command: list[str]) -> str:
    """The first number in what a program says about itself."""
    if shutil.which(command[0]) is None:
        return "(missing)"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    number = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return number[0] if number else "?"


def certificate(demo: Demo, folder: Path) -> Path:
    """Registers a certificate for the sample's client, and gives the file with it and its key."""
    key, public, both = folder / "client.key", folder / "client.pem", folder / "client-with-key.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    # One whose thumbprints differ between the alphabets of base64, for libraries do not agree on one.
    telling = False
    while not telling:
        make = ["openssl", "req", "-x509", "-key", key, "-days", "1", "-subj", "/CN=recipes", "-out", public]
        subprocess.run(make, check=True, capture_output=True)
        der = ssl.PEM_cert_to_DER_cert(public.read_text())
        thumbprints = (base64.b64encode(hashed(der).digest()) for hashed in (hashlib.sha1, hashlib.sha256))
        telling = all(b"+" in text or b"/" in text for text in thumbprints)
    both.write_bytes(key.read_bytes() + public.read_bytes())
    app_id = demo.environment["AZURE_CLIENT_ID"]
    add = [demo.server, "app", "certificate", "add", app_id, str(public), "--data", str(demo.data)]
    subprocess.run([*add, "--tenant", "contoso.example"], check=True, capture_output=True)
    return both


def cases(demo: Demo, built: Path, folder: Path) -> dict[str, tuple[str, list[Case]]]:
    """For each client its versions and its runs."""
    tenant = {"AZURE_TENANT_ID": demo.environment["DEMO_TENANT_ID"]}
    refused = {"GRAPH_USER_ID": OUTSIDER}
    by_certificate = {"AZURE_CLIENT_SECRET": None, "AZURE_CLIENT_CERTIFICATE_PATH": str(certificate(demo, folder))}
    person = {"BROWSER": f"{sys.executable} {HERE / 'sign_in.py'} %s &"}
    no_secret = {"AZURE_CLIENT_SECRET": None}

    curl = ["sh", str(built / "curl" / "recordings.sh")]
    operations = ["sh", str(built / "curl" / "operations.sh")]
    python = lambda name: [str(built / "python" / "venv/bin/python"), str(built / "python" / name)]
    script = lambda *names: ["node", *(str(built / "javascript" / name) for name in names)]
    http2 = ["node", "--import", str(built / "javascript/http2.js")]
    go = lambda name: [str(built / "go/bin" / name)]
    http1_go = {"GODEBUG": "http2client=0"}
    classpath = f"{built / 'java/target/classes'}:{built / 'java/target/dependency'}/*"
    java = lambda name: ["java", "-cp", classpath, name]
    store = folder / "graphophone.p12"
    if shutil.which("keytool"):
        trust = ["sh", str(HERE / "java" / "trust.sh")]
        own = {**os.environ, "SSL_CERT_FILE": demo.environment["SSL_CERT_FILE"]}
        subprocess.run(trust, cwd=folder, env=own, check=True, capture_output=True)
    options = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"
    for_java = {"JAVA_TOOL_OPTIONS": options}

    def pinned(name: str, text: str, pattern: str) -> str:
        found = re.search(pattern, text, re.DOTALL)
        return f"{name} {found[1] if found else '?'}"

    requirements = (HERE / "python/requirements.txt").read_text()
    lock = json.loads((HERE / "javascript/package-lock.json").read_text())["packages"]
    pom = (HERE / "java/pom.xml").read_text()
    modules = (HERE / "go/go.mod").read_text()
    of_python = ["azure-identity", "msgraph-sdk", "msal"]
    of_javascript = ["@azure/identity", "@microsoft/msgraph-sdk", "@microsoft/microsoft-graph-client", "undici"]
    return {
        "curl": (
            f"curl {said(['curl', '--version'])}",
            [
                Case("client secret", curl, graph="2", tokens="2"),
                Case("every operation", operations, tokens="2", graph="2", shows="operations", column="curl"),
                Case("client secret, --http1.1", [*curl, "--http1.1"]),
                Case("client secret, tenant by id, --http2", [*curl, "--http2"], tenant, "2", "2"),
                Case("a refusal", curl, refused, "2", "2", "refusal"),
            ],
        ),
        "python": (
            f"Python {said(['python3', '--version'])}, "
            + ", ".join(pinned(name, requirements, rf"(?:^|\n){name}==(\S+)") for name in of_python),
            [
                Case("environment alone", python("recordings.py"), graph="2"),
                Case("environment alone, certificate", python("recordings.py"), by_certificate, graph="2"),
                Case("a refusal", python("recordings.py"), refused, graph="2", shows="refusal"),
                Case("every operation", python("operations.py"), graph="2", shows="operations", column="Python"),
                Case("HTTP/1.1", python("http1.py"), shows="count"),
                Case("client secret, tenant by id", python("tenant.py"), tenant, graph="2", shows="count"),
                Case("msal, device code", python("device_code.py"), no_secret, shows="download", device=True),
                Case(
                    "msal, device code, tenant by id",
                    python("device_code.py"),
                    {**no_secret, **tenant},
                    shows="download",
                    device=True,
                ),
                Case("msal, browser", python("browser.py"), {**no_secret, **person}, shows="count"),
                Case(
                    "msal, browser, tenant by id",
                    python("browser.py"),
                    {**no_secret, **person, **tenant},
                    shows="count",
                ),
            ],
        ),
        "javascript": (
            f"Node.js {said(['node', '--version'])}, "
            + ", ".join(f"{name} {lock['node_modules/' + name]['version']}" for name in of_javascript),
            [
                Case("msgraph-sdk, environment alone", script("recordings.js")),
                Case("msgraph-sdk, certificate", script("recordings.js"), by_certificate),
                Case("msgraph-sdk, HTTP/2", [*http2, *script("recordings.js")[1:]], graph="2"),
                Case("msgraph-sdk, a refusal", script("recordings.js"), refused, shows="refusal"),
                Case("microsoft-graph-client, environment alone", script("graph-client.js")),
                Case("microsoft-graph-client, HTTP/2", [*http2, *script("graph-client.js")[1:]], graph="2"),
                Case("microsoft-graph-client, a refusal", script("graph-client.js"), refused, shows="refusal"),
                Case(
                    "msgraph-sdk, every operation",
                    script("operations.js"),
                    shows="operations",
                    column="JS msgraph-sdk",
                ),
                Case(
                    "microsoft-graph-client, every operation",
                    script("operations-graph-client.js"),
                    shows="operations",
                    column="JS graph-client",
                ),
                Case("client secret, tenant by id", script("tenant.js"), tenant, shows="count"),
            ],
        ),
        "java": (
            f"Java {said(['java', '-version'])}, "
            + ", ".join(
                pinned(name, pom, rf"<artifactId>{name}</artifactId>\s*<version>([^<]+)")
                for name in ["azure-identity", "microsoft-graph"]
            ),
            [
                Case("environment alone", java("Recordings"), for_java, graph="2"),
                Case("certificate", java("Recordings"), {**for_java, **by_certificate}, graph="2"),
                Case(
                    "every operation",
                    java("Operations"),
                    for_java,
                    graph="2",
                    shows="operations",
                    column="Java",
                ),
                Case("a refusal", java("Recordings"), {**for_java, **refused}, graph="2", shows="refusal"),
                Case("client secret, tenant by id, HTTP/1.1", java("Tenant"), {**for_java, **tenant}, shows="count"),
            ],
        ),
        "go": (
            f"Go {said(['go', 'version'])}, "
            + ", ".join(
                pinned(name, modules, rf"/{name} v(\S+)") for name in ["azidentity", "msgraph-sdk-go-core"]
            ),
            [
                Case("environment alone", go("recordings"), tokens="2", graph="2"),
                Case("certificate", go("recordings"), by_certificate, tokens="2", graph="2"),
                Case(
                    "every operation", go("operations"), tokens="2", graph="2", shows="operations", column="Go core"
                ),
                Case("GODEBUG=http2client=0", go("recordings"), http1_go, tokens="2", graph="1.1"),
                Case("a refusal", go("recordings"), refused, tokens="2", graph="2", shows="refusal"),
                Case("client secret, tenant by id", go("tenant"), tenant, "2", "2", "status"),
            ],
        ),
        "go-sdk": (
            pinned("msgraph-sdk-go", (HERE / "go-sdk/go.mod").read_text(), r"/msgraph-sdk-go v(\S+)"),
            [
                Case(
                    "every operation",
                    [str(built / "go-sdk/bin/operations")],
                    tokens="2",
                    graph="2",
                    shows="operations",
                    column="Go msgraph-sdk",
                ),
            ],
        ),
    }


def run(server: str, built: Path, clients: tuple[str, ...]) -> Runner:
    """Runs every case of these clients."""
    # The folder holds the secrets of the demo.
    with tempfile.TemporaryDirectory(prefix="graphophone-clients-") as name:
        folder = Path(name)
        demo = Demo(server, folder)
        try:
            runner = Runner(demo, folder)
            for client, (versions, runs) in cases(demo, built, folder).items():
                if client not in clients:
                    continue
                problem = built / client / "problem"
                if problem.exists():
                    runner.say(f"{client}: {versions}")
                    runner.fail("installing", "; ".join(problem.read_text().splitlines()))
                    continue
                runner.say(f"{client}: {versions}")
                for case in runs:
                    runner.run(case)
            runner.say("\n" + runner.table())
        finally:
            demo.stop()
    return runner


def run_throttled(server: str, built: Path, clients: tuple[str, ...]) -> Runner:
    """Runs the libraries where one request in a second is let through: they have to wait as long as they are told, and ask again."""
    with tempfile.TemporaryDirectory(prefix="graphophone-clients-") as name:
        folder = Path(name)
        demo = Demo(server, folder, {"GRAPHOPHONE_THROTTLING__REQUESTS_PER_SECOND": "1"})
        try:
            runner = Runner(demo, folder)
            runner.say("\none request in a second")
            for client, (_, runs) in cases(demo, built, folder).items():
                # curl does not ask again by itself.
                if client not in clients or client == "curl" or (built / client / "problem").exists():
                    continue
                for case in runs:
                    if case.shows == "operations":
                        command = [*case.command, "page"]
                        runner.run(replace(case, about=case.column, command=command, shows="patience"))
        finally:
            demo.stop()
    return runner


class Uploads:
    """Runs the recipes of contrib/ that upload one file: once, twice, and with breaks."""

    def __init__(self, demo: Demo, front: Front, folder: Path) -> None:
        self.demo, self.front, self.folder = demo, front, folder
        self.passed = self.failed = self.count = 0
        self.film = ROOT / "demo" / "media" / "biology.mp4"
        self.size = self.film.stat().st_size
        own = {"UPLOAD_SLICE_BYTES": "20000", "UPLOAD_RETRY_SECONDS": "1", "UPLOAD_ATTEMPTS": "20"}
        self.environment = {**clean_environment(demo, folder), **own}

    def request(self, about: str) -> Path:
        """What is asked for, of another source each time."""
        self.count += 1
        request = {
            "meeting": {"organizer": self.demo.environment["GRAPH_USER_ID"], "subject": about},
            "recording": {"createdDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())},
            "source": {"system": "clients", "id": str(self.count)},
        }
        file = self.folder / f"request-{self.count}.json"
        file.write_text(json.dumps(request))
        return file

    def start(self, command: list[str], request: Path) -> subprocess.Popen:
        out, err = (self.folder / "out").open("wb"), (self.folder / "err").open("wb")
        own = [*command, str(self.film), str(request)]
        return subprocess.Popen(
            own, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )

    def finish(self, command: list[str], request: Path) -> dict:
        """Runs a recipe to its end, and gives the recording that it prints, whose content is the film."""
        process = self.start(command, request)
        try:
            status = process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed(f"took longer than {LIMIT_SECONDS} s") from None
        finally:
            self.kill(process)
        out, err = (self.folder / "out").read_text(), (self.folder / "err").read_text()
        for secret in (self.environment["AZURE_CLIENT_SECRET"], "eyJ", "/uploadSessions/"):
            if secret in out + err:
                raise Failed("tells a secret")
        if status != 0:
            raise Failed(f"ends with {status}: {err[-1500:]}")
        made = json.loads(out)
        base, organizer = self.environment["GRAPH_BASE_URL"], self.environment["GRAPH_USER_ID"]
        recordings = f"{base}/users/{organizer}/onlineMeetings/{made['meetingId']}/recordings"
        listed = json.loads(self.get(recordings))["value"]
        if [one["id"] for one in listed] != [made["id"]]:
            raise Failed(f"the meeting has {len(listed)} recordings")
        if self.get(f"{recordings}/{made['id']}/content") != self.film.read_bytes():
            raise Failed("the content is not the film")
        return made

    def kill(self, process: subprocess.Popen) -> None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def get(self, url: str) -> bytes:
        token = self.demo.sample["tokens"]["organizer"]
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        return urllib.request.urlopen(asked, context=self.demo.trust, timeout=20).read()

    def twice(self, command: list[str]) -> None:
        request = self.request("twice")
        first = self.finish(command, request)
        before = self.front.sent
        if self.finish(command, request)["id"] != first["id"] or self.front.sent - before > self.size // 2:
            raise Failed("the second time something is uploaded")

    def broken(self, command: list[str]) -> None:
        self.front.break_after(self.size // 2)
        self.finish(command, self.request("broken"))
        if not self.front.has_broken:
            raise Failed("the connection did not break")

    def killed(self, command: list[str]) -> None:
        request, before = self.request("killed"), self.front.sent
        process, until = self.start(command, request), time.monotonic() + LIMIT_SECONDS
        while self.front.sent - before < self.size * 2 // 3:
            if process.poll() is not None or time.monotonic() > until:
                self.kill(process)
                raise Failed(f"ends too early: {(self.folder / 'err').read_text()[-1500:]}")
            time.sleep(0.002)
        self.kill(process)
        before = self.front.sent
        self.finish(command, request)
        if self.front.sent - before > self.size * 3 // 4:
            raise Failed("what had come is uploaded again")

    def run(self, about: str, command: list[str]) -> None:
        for what, test in [("twice", self.twice), ("broken off", self.broken), ("killed", self.killed)]:
            try:
                test(command)
            except Failed as why:
                self.failed += 1
                print(f"  failed  {about}, {what}: {why}", flush=True)
                continue
            self.passed += 1
            print(f"  ok      {about}, {what}", flush=True)


def run_uploads(server: str, built: Path, clients: tuple[str, ...]) -> Uploads:
    """Uploads with the recipes of contrib/, through an address that breaks."""
    contrib = ROOT / "contrib"
    if "javascript" in clients:
        # Packages are looked for beside the program that imports them.
        shutil.copy(contrib / "javascript" / "upload.mjs", built / "javascript")
    recipes = {
        "curl": [
            ("contrib/curl/upload.sh", [str(contrib / "curl" / "upload.sh")]),
            ("contrib/graphophone_upload.py", [sys.executable, str(contrib / "graphophone_upload.py")]),
        ],
        "python": [
            ("contrib/python/upload.py", [str(built / "python/venv/bin/python"), str(contrib / "python" / "upload.py")]),
        ],
        "javascript": [("contrib/javascript/upload.mjs", ["node", str(built / "javascript" / "upload.mjs")])],
    }
    with tempfile.TemporaryDirectory(prefix="graphophone-clients-") as name:
        folder, front = Path(name), Front()
        demo = Demo(server, folder, {"GRAPHOPHONE_PUBLIC_URL": f"https://localhost:{front.port}"})
        try:
            front.behind = demo.address()
            app_id = demo.environment["AZURE_CLIENT_ID"]
            add = [demo.server, "app", "permission", "add", app_id, "OnlineMeetingRecording.Write.All", "--application"]
            own = ["--tenant", "contoso.example", "--data", str(demo.data)]
            subprocess.run([*add, *own], check=True, capture_output=True)
            uploads = Uploads(demo, front, folder)
            print("\nuploads", flush=True)
            for client in clients:
                # What could not be installed has been told before.
                if not (built / client / "problem").exists():
                    for about, command in recipes.get(client, []):
                        uploads.run(about, command)
        finally:
            demo.stop()
    return uploads


def main(server: str, built: str, *clients: str) -> int:
    runners = [
        run(server, Path(built), clients),
        run_throttled(server, Path(built), clients),
        run_uploads(server, Path(built), clients),
    ]
    passed, failed = sum(one.passed for one in runners), sum(one.failed for one in runners)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(*sys.argv[1:]))
