#!/usr/bin/env python3
"""Receives LiveKit's webhook `egress_ended`, which OpenVidu 3 sends too, and uploads what was recorded.

    receiver.py            listens, and uploads what comes
    receiver.py --once     uploads what lies in the spool folder, and ends

LiveKit waits for no upload and forgets what could not be delivered for long: each event is checked, written to the spool
folder and answered at once. A worker fetches the file, uploads it, and moves the event to `done/`; what fails stays and is
tried again, later each time, also after a restart. The same egress twice is one recording.

Where: /opt/graphophone-contrib/livekit/receiver.py beside ../graphophone_upload.py, as a service that is started again when it
ends; only LiveKit needs to reach it. In livekit.yaml:
    webhook: { api_key: KEY, urls: ["http://receiver.example.org:8095/"] }

Settings: those of ../graphophone_upload.py and these, in the environment or in the file that UPLOAD_SETTINGS names:
    LIVEKIT_API_KEY       the key that signs webhooks
    LIVEKIT_API_SECRET    its secret, or
    LIVEKIT_API_SECRET_FILE  a file with it
    LIVEKIT_SPOOL         folder of events; /var/spool/graphophone-livekit
    LIVEKIT_LISTEN        address and port; 127.0.0.1:8095
    How a file is fetched, the first of these that is set:
    LIVEKIT_FETCH         a command that copies it, in which {location}, {filename} and {to} are replaced; it runs without a
                          shell: `aws s3 cp s3://recordings/{filename} {to}`
    LIVEKIT_HTTP          yes: it is downloaded from its location, which anybody may read
    LIVEKIT_FILES         the folder of the egress on this machine, where that is not the path of the egress:
                          /out=/srv/livekit/egress
    and otherwise its location is a path of this machine.

Try it:
    UPLOAD_SETTINGS=./upload.env ./receiver.py
    lk egress start --type room-composite request.json
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from graphophone_upload import GaveUp, Misconfigured, Refused, Settings, Uploader, exit_status  # noqa: E402

# An event is some kilobytes.
MOST_BYTES = 1 << 20
# Clocks differ.
LEEWAY_SECONDS = 60
# Egresses that left a file that can be used.
USABLE = frozenset({"EGRESS_COMPLETE", "EGRESS_LIMIT_REACHED"})
# The longest pause between two tries of an event.
LONGEST_PAUSE_SECONDS = 3600

# What keeps an event in the spool folder.
FAILURES = (
    *(Refused, GaveUp, Misconfigured, OSError, subprocess.SubprocessError),
    *(ValueError, LookupError, TypeError, AttributeError, RecursionError),
)


class NotSigned(Exception):
    """Whoever sends this is not LiveKit."""


def verify(token: str, body: bytes, key: str, secret: str) -> None:
    """Checks a JWT of LiveKit: its signature, its time, its issuer, and that it is of this body."""

    def decoded(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    try:
        head, payload, signature = token.split(".")
        algorithm, claims = json.loads(decoded(head))["alg"], json.loads(decoded(payload))
        mac = hmac.new(secret.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
        is_signed = algorithm == "HS256" and hmac.compare_digest(mac, decoded(signature))
        now = time.time()
        is_in_time = claims["exp"] > now - LEEWAY_SECONDS and claims.get("nbf", now) < now + LEEWAY_SECONDS
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        is_of_body = hmac.compare_digest(str(claims["sha256"]), digest)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise NotSigned("it has no token of LiveKit") from None
    if not is_signed or claims.get("iss") != key:
        raise NotSigned("it is signed with another key")
    if not is_in_time:
        raise NotSigned("its token has expired: compare the clocks")
    if not is_of_body:
        raise NotSigned("its token is of another body")


class Spool:
    """Events on the disk: those to do, and in `done/` those that are done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done = folder / "done"
        self.done.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, name: str, body: bytes) -> bool:
        """Keeps an event, durably. False where it has come before."""
        if (self.folder / name).exists() or (self.done / name).exists():
            return False
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self.folder / name)
        self.sync()
        return True

    def clean(self) -> None:
        """Removes what a run that was killed has left."""
        for left in self.folder.glob(".*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def events(self) -> list[Path]:
        return sorted(self.folder.glob("[!.]*.json"), key=lambda file: file.stat().st_mtime)

    def finish(self, event: Path) -> None:
        os.replace(event, self.done / event.name)
        self.sync()

    def sync(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def say(text: str) -> None:
    print(f"livekit: {text}", file=sys.stderr, flush=True)


def instant(nanoseconds: Any) -> str | None:
    """An instant of LiveKit as Graph writes it."""
    count = int(nanoseconds or 0)
    if count <= 0:
        return None
    whole = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=count // 10**9)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{count % 10**9 // 100:07d}Z"


class Worker:
    """Uploads what the events are about."""

    def __init__(self, settings: Settings, spool: Spool) -> None:
        self.settings = settings
        self.spool = spool
        self.uploader = Uploader(settings)
        self.news = threading.Event()
        self.later: dict[str, tuple[float, float]] = {}

    def run(self) -> None:
        """Goes on for ever."""
        while True:
            self.news.clear()
            self.go_over()
            due = [when for when, _ in self.later.values()]
            self.news.wait(max(min(due) - time.monotonic(), 0.05) if due else None)

    def go_over(self) -> bool:
        """Tries everything that is due. Whether all of it is done."""
        is_done = True
        for event in self.spool.events():
            when, pause = self.later.get(event.name, (0.0, max(self.uploader.first_pause, 0.1)))
            if when > time.monotonic():
                is_done = False
                continue
            try:
                self.upload(json.loads(event.read_bytes())["egressInfo"])
            except FAILURES as why:
                say(f"{event.stem}: {why}; tried again in {pause:g} s")
                self.later[event.name] = (time.monotonic() + pause, min(pause * 2, LONGEST_PAUSE_SECONDS))
                is_done = False
                continue
            self.later.pop(event.name, None)
            self.spool.finish(event)
            say(f"{event.stem}: uploaded")
        return is_done

    def upload(self, egress: dict[str, Any]) -> None:
        # `file` is what older versions send in its place.
        files = egress.get("fileResults") or [egress[name] for name in ("file",) if egress.get(name)]
        for number, file in enumerate(files):
            with tempfile.TemporaryDirectory(dir=self.spool.folder, prefix=".") as folder:
                self.uploader.upload(self.fetch(file, Path(folder)), self.request(egress, file, number))

    def request(self, egress: dict[str, Any], file: dict[str, Any], number: int) -> dict[str, Any]:
        room, egress_id = egress.get("roomName") or "", egress["egressId"]
        started = instant(file.get("startedAt") or egress.get("startedAt"))
        ended = instant(file.get("endedAt") or egress.get("endedAt"))
        times = {name: value for name, value in (("createdDateTime", started), ("endDateTime", ended)) if value}
        meeting = {
            # A room that is opened again has another id.
            "externalId": egress.get("roomId") or f"{room or 'egress'} {started or egress_id}",
            "organizer": self.settings.organizer_of(room),
            "subject": room or None,
            "startDateTime": started,
        }
        return {
            "meeting": {name: value for name, value in meeting.items() if value},
            "recording": times,
            "source": {"system": "livekit", "id": egress_id if number == 0 else f"{egress_id}/{number}"},
        }

    def fetch(self, file: dict[str, Any], folder: Path) -> Path:
        """The file on this machine, perhaps copied to `folder`."""
        location, filename = file.get("location") or "", file.get("filename") or ""
        name = Path(filename or location.split("?")[0]).name or "recording"
        if self.settings.get("LIVEKIT_FETCH"):
            words = {"location": location, "filename": filename, "to": str(folder / name)}
            pattern = re.compile(r"\{(location|filename|to)\}")
            template = shlex.split(self.settings["LIVEKIT_FETCH"])
            command = [pattern.sub(lambda found: words[found[1]], word) for word in template]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            return folder / name
        if self.settings.is_on("LIVEKIT_HTTP"):
            if not location.startswith(("http://", "https://")):
                raise ValueError("its location is no URL")
            with urllib.request.urlopen(location, timeout=120) as source, open(folder / name, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                length = source.headers.get("Content-Length")
                if length and copy.tell() != int(length):
                    raise OSError("the download broke off")
            return folder / name
        path = Path(location or filename)
        there, _, here = self.settings.get("LIVEKIT_FILES", "").partition("=")
        if here:
            path = Path(here) / path.relative_to(there)
        return path


class Handler(BaseHTTPRequestHandler):
    """Takes events."""

    server: Receiver
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        # Digits of other scripts are digits, too; a long number is no number to Python.
        is_number = length.isascii() and length.isdigit() and len(length) < 20
        if not is_number or int(length) > MOST_BYTES:
            self.close_connection = True
            self.answer(413 if is_number else 411)
            return
        body = self.rfile.read(int(length))
        try:
            # LiveKit sends the token alone.
            token = self.headers.get("Authorization", "").split(" ")[-1]
            verify(token, body, self.server.key, self.server.secret)
            self.take(body)
        except NotSigned as why:
            say(f"refused: {why}")
            self.answer(401)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self.answer(400)
        except OSError as why:
            # LiveKit tries again.
            say(f"the event could not be kept: {why}")
            self.answer(503)
        else:
            self.answer(200)

    def take(self, body: bytes) -> None:
        event = json.loads(body)
        if event["event"] != "egress_ended":
            return
        egress = event["egressInfo"]
        egress_id, status = egress["egressId"], egress.get("status")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", egress_id):
            raise ValueError("an egress has no such id")
        if status not in USABLE:
            say(f"{egress_id}: nothing to upload, as it ended with {status}")
        elif not egress.get("fileResults") and not egress.get("file"):
            say(f"{egress_id}: nothing to upload, as it has no file")
        elif self.server.spool.put(f"{egress_id}.json", body):
            self.server.worker.news.set()

    def do_GET(self) -> None:
        self.answer(200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class Receiver(ThreadingHTTPServer):
    """Listens."""

    daemon_threads = True

    def __init__(self, settings: Settings, spool: Spool, worker: Worker) -> None:
        host, _, port = settings.get("LIVEKIT_LISTEN", "127.0.0.1:8095").rpartition(":")
        self.key = settings.wanted("LIVEKIT_API_KEY")
        file = settings.get("LIVEKIT_API_SECRET_FILE")
        self.secret = Path(file).read_text().strip() if file else settings.wanted("LIVEKIT_API_SECRET")
        self.spool, self.worker = spool, worker
        super().__init__((host, int(port)), Handler)

    def handle_error(self, *_: Any) -> None:
        say(f"a request broke off: {type(sys.exc_info()[1]).__name__}")


def main(arguments: list[str]) -> None:
    settings = Settings.read()
    spool = Spool(Path(settings.get("LIVEKIT_SPOOL") or "/var/spool/graphophone-livekit"))
    worker = Worker(settings, spool)
    if arguments == ["--once"]:
        if not worker.go_over():
            raise GaveUp("something is left in the spool folder")
        return
    if arguments:
        raise Misconfigured("usage: receiver.py [--once]")
    spool.clean()
    receiver = Receiver(settings, spool, worker)
    threading.Thread(target=worker.run, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    say("listening on http://{}:{}".format(*receiver.server_address[:2]))
    receiver.serve_forever()


if __name__ == "__main__":
    sys.exit(exit_status(lambda: main(sys.argv[1:])))
