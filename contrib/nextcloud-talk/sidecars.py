#!/usr/bin/env python3
"""Writes beside each recording of Nextcloud Talk a NAME.json that says what an import is to know: room, start, organizer, subtitles.

    sidecars.py [--rooms FILE] FOLDER…
    sidecars.py [--rooms FILE] --data-folder FOLDER…

FOLDER and what is below it is looked through for `TOKEN/Recording YYYY-MM-DD HH-MM-SS.webm`. Without an option FOLDER holds the files of
one owner, as a client synchronises them. With `--data-folder` it is the data folder of a server, and only what lies in
`OWNER/files/…/TOKEN/` counts, such as `OWNER/files/Talk/Recording/TOKEN/`.

Who the organizer is: in a data folder everybody chooses the names of the own folders, TOKEN among them. So the owner leads there, who is
the first folder below FOLDER: lines OWNER ORGANIZER count, lines TOKEN ORGANIZER do not. In the files of one owner it is the other way
round: there is no OWNER in a path, whatever it looks like, and lines TOKEN ORGANIZER count. An import believes any sidecar, also one that
an owner has put there: copy the recordings alone out of a data folder first, with their paths (README.md), and name the copy.

A sidecar whose source is not `nextcloud-talk`, such as one written by hand, stays as it is; one whose source is `nextcloud-talk` is
written anew where something in it is another, so give it another source if you change it. A film with which something is wrong is told in
a line and gets none; the others get theirs. What is left out is counted in a last line. Ends with 0, with 1 where something was wrong with
a film, with 2 for wrong use.

Where: /opt/graphophone-contrib/nextcloud-talk/sidecars.py beside ../graphophone_upload.py; run it before `graphophone import`,
as the same user, which is mostly that of the server: `sudo -u graphophone`.

Settings, in the environment or in the file that UPLOAD_SETTINGS names (see ../graphophone_upload.py):
    UPLOAD_ORGANIZER    whose meetings they are: object id or userPrincipalName
    UPLOAD_ORGANIZERS   a file with lines TOKEN ORGANIZER, or with --data-folder OWNER ORGANIZER, looked at first
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
from functools import partial
from pathlib import Path
from typing import Any, Mapping

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from graphophone_upload import Misconfigured, Settings, Sidecars, exit_status, in_a_line, instant  # noqa: E402

# Ogg, which Talk can be told to write, is no film that players of recordings expect.
FILM = re.compile(r"Recording (\d{4}-\d\d-\d\d \d\d-\d\d-\d\d)(?: \(\d+\))?\.(?:webm|mp4|mkv)")
TIMES = re.compile(r"(\d\d:\d\d:\d\d),(\d{3}) --> (\d\d:\d\d:\d\d),(\d{3})(.*)")

# What a server has in its data folder: the second is the newer name.
MARKS = (".ocdata", ".ncdata")
# What an owner has there.
OWNED = frozenset({"files", "files_trashbin", "files_versions"})
OUTSIDE = "films that lie in no OWNER/files"
ANOTHERS = "films that lie as in the data folder of a server (use --data-folder if it is one)"


def subtitles(film: Path) -> dict[str, Any]:
    """The member of a request, where Talk has made subtitles: they are hidden files."""
    file = film.with_name(f".{film.stem} subtitles.srt")
    if not file.is_file():
        return {}
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"its subtitles {file.name} are no text in UTF-8: convert them, or take them away") from None
    cues = [TIMES.sub(r"\1.\2 --> \3.\4\5", line) for line in lines]
    return {"transcript": {"content": "\n".join(["WEBVTT", "", *cues]) + "\n"}}


def request(film: Path, start: str, owner: str | None, rooms: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """What an import is to know. The owner is the one of a data folder."""
    token = film.parent.name
    begun = instant(datetime.strptime(start, "%Y-%m-%d %H-%M-%S"))
    own = {
        "meeting": {
            "externalId": f"{token} {begun}",
            "organizer": settings.organizer_of(owner or token),
            "subject": rooms.get(token, f"Talk {token}"),
            "startDateTime": begun,
        },
        "recording": {"createdDateTime": begun},
        # With the owner, so that nobody has what another's recording is known by.
        "source": {"system": "nextcloud-talk", "id": "/".join(filter(None, (owner, token, film.name)))},
    }
    return {**own, **subtitles(film)}


def read_rooms(file: Path | None) -> dict[str, str]:
    rooms: dict[str, str] = {}
    if file:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as why:
            raise Misconfigured(f"--rooms: {in_a_line(why)}") from None
        for line in lines:
            token, _, name = line.strip().partition(" ")
            rooms[token] = name.strip()
    return rooms


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes what an import is to know beside each recording of Nextcloud Talk.")
    parser.add_argument("--rooms", metavar="FILE", type=Path)
    parser.add_argument("--data-folder", action="store_true")
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    asked = parser.parse_args()
    settings, rooms, sidecars = Settings.read(), read_rooms(asked.rooms), Sidecars("nextcloud-talk")
    for root in asked.folders:
        if not root.is_dir():
            raise Misconfigured(f"{root} is no folder")
        if not asked.data_folder and any((root / mark).exists() for mark in MARKS):
            raise Misconfigured(f"{root} is the data folder of a server: use --data-folder")
    for root in asked.folders:
        # A TOKEN is a folder: of a FOLDER that is one itself the name is wanted.
        root = root.resolve()
        for film in sorted(root.rglob("Recording *")):
            found = FILM.fullmatch(film.name)
            if not found or not film.is_file():
                continue
            above = film.relative_to(root).parts[:-1]
            kind = above[1] if len(above) > 2 else ""
            if asked.data_folder and kind != "files":
                sidecars.leave(OUTSIDE)
            elif not asked.data_folder and kind in OWNED:
                sidecars.leave(ANOTHERS)
            else:
                owner = above[0] if asked.data_folder else None
                sidecars.write(film, partial(request, film, found[1], owner, rooms, settings))
    return sidecars.end()


if __name__ == "__main__":
    sys.exit(exit_status(main))
