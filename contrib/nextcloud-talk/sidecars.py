#!/usr/bin/env python3
"""Writes beside each recording of Nextcloud Talk a NAME.json that says what an import is to know: room, start, organizer, subtitles.

    sidecars.py [--rooms FILE] FOLDER…

FOLDER and what is below it is looked through for `TOKEN/Recording YYYY-MM-DD HH-MM-SS.webm`: the files of one owner, as a client
synchronises them, or the data folder of a server, where `OWNER/files/Talk/Recording/TOKEN/` tells the owner, too.

Where: /opt/graphophone-contrib/nextcloud-talk/sidecars.py beside ../graphophone_upload.py; run it before `graphophone import`, or in
cron.

Settings, in the environment or in the file that UPLOAD_SETTINGS names (see ../graphophone_upload.py):
    UPLOAD_ORGANIZER    whose meetings they are: object id or userPrincipalName
    UPLOAD_ORGANIZERS   a file with lines TOKEN ORGANIZER and OWNER ORGANIZER, looked at first
    TZ                  the time zone of the recording server, where it is not that of this machine

    --rooms FILE        lines TOKEN NAME: what the rooms are called, which no file says

Try it:
    UPLOAD_ORGANIZER=megan@example.org ./sidecars.py ~/Nextcloud && cat ~/Nextcloud/Talk/Recording/*/*.json
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from graphophone_upload import Settings, exit_status, instant, write_sidecar  # noqa: E402

# Ogg, which Talk can be told to write, is no film that players of recordings expect.
FILM = re.compile(r"Recording (\d{4}-\d\d-\d\d \d\d-\d\d-\d\d)(?: \(\d+\))?\.(?:webm|mp4|mkv)")
TIMES = re.compile(r"(\d\d:\d\d:\d\d),(\d{3}) --> (\d\d:\d\d:\d\d),(\d{3})(.*)")


def owner_of(folder: Path) -> str:
    """The owner of the files, where the path tells: the folder above the last `files`."""
    parts = folder.resolve().parts
    places = [at for at, name in enumerate(parts) if name == "files" and at > 0]
    return parts[places[-1] - 1] if places else ""


def subtitles(film: Path) -> dict[str, Any]:
    """The member of a request, where Talk has made subtitles: they are hidden files."""
    file = film.with_name(f".{film.stem} subtitles.srt")
    if not file.is_file():
        return {}
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    cues = [TIMES.sub(r"\1.\2 --> \3.\4\5", line) for line in lines]
    return {"transcript": {"content": "\n".join(["WEBVTT", "", *cues]) + "\n"}}


def request(film: Path, start: str, rooms: dict[str, str], settings: Settings) -> dict[str, Any]:
    token = film.resolve().parent.name
    begun = instant(datetime.strptime(start, "%Y-%m-%d %H-%M-%S"))
    own = {
        "meeting": {
            "externalId": f"{token} {begun}",
            "organizer": settings.organizer_of(token, owner_of(film.parent)),
            "subject": rooms.get(token, f"Talk {token}"),
            "startDateTime": begun,
        },
        "recording": {"createdDateTime": begun},
        "source": {"system": "nextcloud-talk", "id": f"{token}/{film.name}"},
    }
    return {**own, **subtitles(film)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes what an import is to know beside each recording of Nextcloud Talk.")
    parser.add_argument("--rooms", metavar="FILE", type=Path)
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    asked = parser.parse_args()
    settings, rooms = Settings.read(), {}
    if asked.rooms:
        for line in asked.rooms.read_text(encoding="utf-8").splitlines():
            token, _, name = line.strip().partition(" ")
            rooms[token] = name.strip()
    for root in asked.folders:
        for film in sorted(root.rglob("Recording *")):
            found = FILM.fullmatch(film.name)
            if found and film.is_file() and write_sidecar(film, request(film, found[1], rooms, settings)):
                print(film.with_suffix(".json"))


if __name__ == "__main__":
    sys.exit(exit_status(main))
