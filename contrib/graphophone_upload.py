#!/usr/bin/env python3
"""Uploads recordings to Graphophone in slices and goes on after any break. The other recipes import it; by itself it is a
program:

    graphophone_upload.py FILE REQUEST

REQUEST is a file with what POST /api/v1/uploadSessions asks for, without its `item`; `-` is standard input. The item is made
of the file, with its SHA-256. The same source once more uploads nothing twice.

Where: beside the recipes, or anywhere in PYTHONPATH. It needs Python 3.8 and nothing else.

Settings, in the environment or as lines NAME=value in the file that UPLOAD_SETTINGS names (/etc/graphophone-upload.env where
there is one; what it says counts over the environment). It holds a secret: chmod 600.

    GRAPH_BASE_URL           https://recordings.example.org/v1.0
    AZURE_TENANT_ID          the tenant, by id or domain
    AZURE_CLIENT_ID          the application that uploads
    AZURE_CLIENT_SECRET      its secret, or
    AZURE_CLIENT_SECRET_FILE a file with it, or
    UPLOAD_TOKEN_FILE        a file with a token in the place of the three above
    AZURE_AUTHORITY_HOST     who gives tokens; the server itself
    GRAPH_SCOPE              for what; the server's own /.default
    SSL_CERT_FILE            whom to trust, where that is not one of the system
    UPLOAD_SLICE_BYTES       length of slices; what the server says
    UPLOAD_RETRY_SECONDS     first pause after a failure, doubled up to a minute; 5
    UPLOAD_ATTEMPTS          failures in a row after which it gives up for now; 50
    UPLOAD_ORGANIZER         whose meetings they are, where nothing else tells
    UPLOAD_ORGANIZERS        a file with lines ROOM ORGANIZER, looked at first

Ends with 0 when the recording is there, 1 where it is refused, 2 for wrong use or a file that cannot be read, 75 where it gave
up for now, 130 after Ctrl-C. Whatever it is, it is told in a line.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shlex
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Mapping

SETTINGS_FILE = "/etc/graphophone-upload.env"
TIMEOUT_SECONDS = 120
LONGEST_PAUSE_SECONDS = 60
# What the server takes as JSON by default is 1 MiB; a text that would not fit is uploaded by itself.
MOST_JSON_BYTES = 1_000_000
# Answers after which the same is asked again later.
PASSING = frozenset({408, 423, 425, 429})


class Refused(Exception):
    """The server does not take it, and would not the next time."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class GaveUp(Exception):
    """Too many failures in a row. The next run goes on where this one ends."""


class Misconfigured(Exception):
    """A setting is missing or no good."""


class NoOrganizer(Misconfigured):
    """Nothing says whose meetings a room has. Another room may have somebody."""


class Settings(dict):
    """Names and values, from the environment and a file."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        settings = cls(environment)
        named = environment.get("UPLOAD_SETTINGS")
        file = Path(named or SETTINGS_FILE)
        if named or file.exists():
            try:
                lines = file.read_text(encoding="utf-8").splitlines()
            except (OSError, ValueError) as why:
                raise Misconfigured(f"the file of settings: {in_a_line(why)}") from None
            for number, line in enumerate(lines, 1):
                try:
                    words = shlex.split(line, comments=True)
                except ValueError:
                    raise Misconfigured(f"{file}:{number}: expected NAME=value, found a quote that does not end") from None
                if words[:1] == ["export"]:
                    words = words[1:]
                for word in words:
                    name, equals, value = word.partition("=")
                    if not equals or not name.isidentifier():
                        raise Misconfigured(f"{file}:{number}: expected NAME=value")
                    settings[name] = value
        return settings

    def wanted(self, name: str) -> str:
        if not self.get(name):
            raise Misconfigured(f"{name} is not set")
        return self[name]

    def number(self, name: str, default: float) -> float:
        try:
            return float(self.get(name) or default)
        except ValueError:
            raise Misconfigured(f"{name} is no number") from None

    def is_on(self, name: str) -> bool:
        return self.get(name, "").lower() in ("1", "yes", "true", "on")

    def organizer_of(self, *rooms: str) -> str:
        """Whose meetings a room has, by any of its names: what the file says of it, or the default."""
        known: dict[str, str] = {}
        if self.get("UPLOAD_ORGANIZERS"):
            try:
                lines = Path(self["UPLOAD_ORGANIZERS"]).read_text(encoding="utf-8").splitlines()
            except (OSError, ValueError) as why:
                raise Misconfigured(f"UPLOAD_ORGANIZERS: {in_a_line(why)}") from None
            for line in lines:
                name, _, organizer = " ".join(line.split()).rpartition(" ")
                if name and not line.startswith("#"):
                    known.setdefault(name.lower(), organizer)
        for room in rooms:
            if room.lower() in known:
                return known[room.lower()]
        if not self.get("UPLOAD_ORGANIZER"):
            raise NoOrganizer(f"{rooms[0]} has no organizer: set UPLOAD_ORGANIZER, or UPLOAD_ORGANIZERS to a file")
        return self["UPLOAD_ORGANIZER"]


@dataclass
class Answer:
    """What came back; status 0 where nothing did."""

    status: int
    headers: Any
    body: bytes

    def json(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def may_pass(self) -> bool:
        return self.status == 0 or self.status >= 500 or self.status in PASSING

    def why(self) -> str:
        known = self.json()
        error = known.get("error")
        if isinstance(error, dict):
            return f"{error.get('code')}: {error.get('message')}"
        said = known.get("error_description") or self.headers.get("x-why")
        return str(said or f"status {self.status}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Uploader:
    """Uploads files, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        base = settings.wanted("GRAPH_BASE_URL").rstrip("/")
        if not base.startswith(("http://", "https://")):
            raise Misconfigured(f"GRAPH_BASE_URL: expected https://HOST/v1.0, found {base}")
        self.origin = base[: -len("/v1.0")] if base.endswith("/v1.0") else base
        self.opener = urllib.request.build_opener(_NoRedirect)
        self.first_pause = settings.number("UPLOAD_RETRY_SECONDS", 5)
        self.attempts = settings.number("UPLOAD_ATTEMPTS", 50)

    def upload(self, file: Path, request: dict[str, Any]) -> dict[str, Any]:
        """Uploads `file` as what `request` describes, and gives the JSON of what has become of it."""
        whole = {**request, "item": described(file)}
        text = whole.get("transcript", {}).get("content")
        is_apart = text is not None and "recording" in whole and len(json.dumps(whole)) > MOST_JSON_BYTES
        if is_apart:
            del whole["transcript"]
        made = _Upload(self, file, whole).run()
        tell_if_held_back(file.name, made)
        if is_apart:
            self.upload_text(made, request, text)
        return made

    def upload_text(self, recording: dict[str, Any], request: dict[str, Any], text: str) -> None:
        """The transcript of a recording that is there, by slices."""
        own = {name: value for name, value in request["transcript"].items() if name != "content"}
        for name in ("callId", "contentCorrelationId", "createdDateTime", "endDateTime"):
            if recording.get(name):
                own.setdefault(name, recording[name])
        about = {"meeting": {"id": recording["meetingId"]}, "transcript": own, "source": request["source"]}
        with tempfile.NamedTemporaryFile("w", suffix=".vtt", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            made = _Upload(self, Path(out.name), {**about, "item": described(Path(out.name))}).run()
            tell_if_held_back("the transcript", made)

    def ask(self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}) -> Answer:
        asked = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
        try:
            with self.opener.open(asked, timeout=TIMEOUT_SECONDS) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refusal:
            try:
                return Answer(refusal.code, refusal.headers, refusal.read())
            except (OSError, http.client.HTTPException):
                return Answer(0, {}, b"")
        except (OSError, http.client.HTTPException) as broken:
            # Never the URL, which carries a secret.
            return Answer(0, {"x-why": f"no answer: {type(broken).__name__}"}, b"")

    def token(self) -> str | Answer:
        """A token, or the answer that is none."""
        settings = self.settings
        if settings.get("UPLOAD_TOKEN_FILE"):
            return Path(settings["UPLOAD_TOKEN_FILE"]).read_text().strip()
        if settings.get("AZURE_CLIENT_SECRET_FILE"):
            secret = Path(settings["AZURE_CLIENT_SECRET_FILE"]).read_text().strip()
        else:
            secret = settings.wanted("AZURE_CLIENT_SECRET")
        authority = settings.get("AZURE_AUTHORITY_HOST") or self.origin
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.wanted("AZURE_CLIENT_ID"),
            "client_secret": secret,
            "scope": settings.get("GRAPH_SCOPE") or f"{self.origin}/.default",
        }
        url = f"{authority.rstrip('/')}/{settings.wanted('AZURE_TENANT_ID')}/oauth2/v2.0/token"
        answer = self.ask("POST", url, urllib.parse.urlencode(form).encode())
        token = answer.json().get("access_token")
        return token if answer.is_good and token else answer


def described(file: Path) -> dict[str, Any]:
    """The `item` of a request."""
    digest, size = hashlib.sha256(), 0
    with open(file, "rb") as source:
        for chunk in iter(lambda: source.read(1 << 20), b""):
            digest.update(chunk)
            size += len(chunk)
    return {"name": file.name, "size": size, "sha256": digest.hexdigest()}


class _Upload:
    """One upload under way."""

    def __init__(self, uploader: Uploader, file: Path, request: dict[str, Any]) -> None:
        self.uploader = uploader
        self.file = file
        self.request = request
        self.url = ""
        self.slice_bytes = 0
        self.failures = 0
        self.pause = uploader.first_pause
        self.has_begun_anew = False

    def run(self) -> dict[str, Any]:
        while True:
            answer = self.uploader.ask("GET", self.url) if self.url else self.begin()
            if answer.is_good:
                answer = self.send(answer)
            known = answer.json()
            if answer.is_good and "id" in known:
                return known
            fault = known.get("@graphophone.fault") if answer.is_good else None
            if answer.status in (409, 422):
                fault = answer.why()
            if fault:
                self.begin_anew(answer.status, str(fault))
                continue
            if answer.status == 404 and self.url:
                self.url = ""  # It has expired.
            elif not answer.is_good and not answer.may_pass and answer.status != 416:
                raise Refused(answer.status, answer.why() + self.for_whom(answer))
            self.wait(answer)

    def begin(self) -> Answer:
        """Asks for a session: the same one as long as there is one."""
        token = self.uploader.token()
        if isinstance(token, Answer):
            return token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = json.dumps(self.request).encode()
        answer = self.uploader.ask("POST", f"{self.uploader.origin}/api/v1/uploadSessions", body, headers)
        if answer.is_good:
            self.url = answer.json().get("uploadUrl", "")
        return answer

    def for_whom(self, answer: Answer) -> str:
        """Who was meant: most answers of 403 are about the organizer and do not say so."""
        meeting = self.request.get("meeting")
        organizer = meeting.get("organizer") if isinstance(meeting, dict) else None
        return f" (for organizer {organizer})" if answer.status == 403 and organizer else ""

    def begin_anew(self, status: int, fault: str) -> None:
        """What came before is not of this file as it is now. Once that is given up, all of it is sent."""
        if self.has_begun_anew or not self.url:
            raise Refused(status, fault)
        self.uploader.ask("DELETE", self.url)
        self.url, self.has_begun_anew = "", True

    def send(self, answer: Answer) -> Answer:
        """Sends what is expected next, until something else is answered than what is expected then."""
        size = self.request["item"]["size"]
        own = int(self.uploader.settings.number("UPLOAD_SLICE_BYTES", 0))
        with open(self.file, "rb") as source:
            while answer.is_good and answer.json().get("nextExpectedRanges"):
                known = answer.json()
                first = int(known["nextExpectedRanges"][0].split("-")[0])
                source.seek(first)
                data = source.read(own or known.get("@graphophone.sliceSize") or 960 * 1024)
                headers = {
                    "Content-Type": "application/octet-stream",
                    "Content-Range": f"bytes {first}-{first + len(data) - 1}/{size}",
                }
                answer = self.uploader.ask("PUT", self.url, data, headers)
                if answer.is_good:
                    self.failures, self.pause = 0, self.uploader.first_pause
        return answer

    def wait(self, answer: Answer) -> None:
        self.failures += 1
        if self.failures >= self.uploader.attempts:
            raise GaveUp(f"gave up for now ({answer.why()}): the next run goes on where this one ends")
        if answer.status == 416 and self.failures == 1:
            return
        after = answer.headers.get("Retry-After") or ""
        time.sleep(float(after) if after.isdigit() else self.pause)
        self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)


def instant(at: datetime) -> str:
    """An instant as Graph writes it. One without a zone is in that of this machine, or of TZ."""
    return f"{at.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def in_a_line(why: BaseException) -> str:
    """What is wrong, without a number, in one line."""
    if isinstance(why, OSError) and why.strerror:
        return f"{why.filename}: {why.strerror}" if why.filename else why.strerror
    if isinstance(why, UnicodeDecodeError):
        return "it is no text in UTF-8"
    return " ".join(str(why).split()) or type(why).__name__


class Sidecars:
    """Writes what an import is to know about films into NAME.json beside them. A film with which something is wrong is told, and
    does not keep back the others."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.failed = 0
        self.left: Counter[str] = Counter()
        # A path need not be UTF-8.
        sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]

    def say(self, text: str) -> None:
        print(f"{self.system}: {text}", file=sys.stderr)

    def fail(self, where: Path, why: BaseException) -> None:
        self.failed += 1
        self.say(f"{where}: {in_a_line(why)}")

    def leave(self, why: str) -> None:
        """Counts a film that gets no sidecar."""
        self.left[why] += 1

    def write(self, film: Path, request: Callable[[], dict[str, Any]]) -> None:
        """Writes one where it is new, and prints its path."""
        try:
            other = self.by_another(film)
            if other:
                self.say(f"{other} stays as it is, as its source is not {self.system}")
            elif write_sidecar(film, request()):
                print(film.with_suffix(".json"))
        except (NoOrganizer, OSError, ValueError) as why:
            self.fail(film, why)

    def by_another(self, film: Path) -> Path | None:
        """A sidecar that somebody else has written, perhaps by hand."""
        own = film.with_suffix(".json")
        for sidecar in (film.with_name(f"{film.name}.json"), own):
            if sidecar.exists():
                try:
                    known = json.loads(sidecar.read_bytes())
                except (ValueError, RecursionError):
                    return sidecar
                source = known.get("source") if isinstance(known, dict) else None
                if not isinstance(source, dict) or source.get("system") != self.system:
                    return sidecar
        return None

    def end(self) -> int:
        """Tells what is left out, and gives the exit status."""
        if self.left:
            self.say("left out: " + "; ".join(f"{why}: {count}" for why, count in sorted(self.left.items())))
        return 1 if self.failed else 0


def write_sidecar(film: Path, request: dict[str, Any]) -> bool:
    """Writes what an import is to know about a film into NAME.json beside it. False where that stands there already."""
    sidecar = film.with_suffix(".json")
    try:
        text = (json.dumps(request, indent=2, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        raise ValueError("its name, or that of its folder, is not UTF-8") from None
    if sidecar.exists() and sidecar.read_bytes() == text:
        return False
    # Whoever watches the folder sees all of it or nothing.
    part = sidecar.with_name(f".{sidecar.name}.part")
    try:
        part.write_bytes(text)
        os.replace(part, sidecar)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return True


def exit_status(work: Callable[[], int | None]) -> int:
    """Does the work of a program, tells in a line why it was not done, and gives the exit status."""
    try:
        return work() or 0
    except Refused as why:
        told, status = str(why), 1
    except GaveUp as why:
        told, status = str(why), 75
    except Misconfigured as why:
        told, status = str(why), 2
    except (OSError, ValueError) as why:
        told, status = in_a_line(why), 2
    except KeyboardInterrupt:
        told, status = "interrupted", 130
    tell(told)
    return status


def tell_if_held_back(name: str, made: dict[str, Any]) -> None:
    why = made.get("@graphophone.quarantined")
    if why:
        tell(f"{name}: kept, and not served: {why}")


def tell(text: str) -> None:
    print(f"{Path(sys.argv[0]).name}: {text}", file=sys.stderr, flush=True)


def request_of(name: str) -> dict[str, Any]:
    """What a file asks for; `-` is standard input."""
    try:
        request = json.loads(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes())
    except OSError as why:
        raise Misconfigured(f"REQUEST: {in_a_line(why)}") from None
    except (ValueError, RecursionError) as why:
        raise Misconfigured(f"REQUEST: {name} is no JSON: {in_a_line(why)}") from None
    if not isinstance(request, dict):
        raise Misconfigured(f"REQUEST: {name} is no object of JSON")
    return request


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: graphophone_upload.py FILE REQUEST", file=sys.stderr)
        return 2

    def work() -> None:
        made = Uploader(Settings.read()).upload(Path(arguments[0]), request_of(arguments[1]))
        print(json.dumps(made))

    return exit_status(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
