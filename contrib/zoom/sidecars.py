#!/usr/bin/env python3
"""Writes beside each film of Zoom a NAME.json that says what an import is to know: topic, start, organizer, transcript.

    sidecars.py [--topic TOPIC] [--all-views] [--as-is] FOLDER…

FOLDER and what is below it is looked through for recordings of this computer, in folders such as
`2026-03-01 14.05.09 Planning 12345678901`, and for downloads of the cloud, such as `GMT20260301-140509_Recording_1920x1080.mp4` with
`GMT20260301-140509_Recording.transcript.vtt`. A folder in which a recording is still converted is passed over, and written the next
time. Of several views of one meeting the best is taken.

Where: /opt/graphophone-contrib/zoom/sidecars.py beside ../graphophone_upload.py; run it before `graphophone import`, or in cron.

Settings, in the environment or in the file that UPLOAD_SETTINGS names (see ../graphophone_upload.py):
    UPLOAD_ORGANIZER    whose meetings they are: object id or userPrincipalName
    UPLOAD_ORGANIZERS   a file with lines TOPIC ORGANIZER, looked at first
    TZ                  the time zone of folder names, where it is not that of the machine

    --topic TOPIC       the topic of downloads, whose names have none; otherwise the name of their folder
    --all-views         each view becomes a recording of the same meeting
    --as-is             transcripts stay as they are. Otherwise `Name: text` becomes `<v Name>text</v>`, which tells who speaks

Try it:
    UPLOAD_ORGANIZER=megan@example.org ./sidecars.py ~/Documents/Zoom && cat ~/Documents/Zoom/*/*.json
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from graphophone_upload import Settings, exit_status, instant, write_sidecar  # noqa: E402

LOCAL_FOLDER = re.compile(r"(\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d)(?: (.*?))?(?: \d{9,11})?")
LOCAL_FILM = re.compile(r"(?:video|zoom_)(\d+)\.mp4")
CLOUD_FILM = re.compile(r"(GMT\d{8}-\d{6})_Recording(?P<view>.*)\.mp4")
# Of the views of a cloud recording the best first: the shared screen with whoever speaks has no name.
VIEWS = [re.compile(text) for text in (r"(?:_\d+x\d+)?", r"_gallery.*", r"_gvo.*", r"_as.*", r"_avo.*", r".*")]
UNFINISHED = ("*.zoom", "*.tmp")
SPOKEN = re.compile(r"([^:<>]{1,80}): (.*)")


def say(text: str) -> None:
    print(f"zoom: {text}", file=sys.stderr)


def with_voices(text: str) -> str:
    """A transcript in which `Name: text` has become `<v Name>text</v>`."""
    lines: list[str] = []
    voice = is_cue = False
    for line in [*text.splitlines(), ""]:
        found = SPOKEN.fullmatch(line) if is_cue else None
        if found:
            name = re.sub(r"&(?!\w+;)", "&amp;", found[1])
            line, voice = f"<v {name}>{found[2]}", True
        if not line and voice:
            lines[-1] += "</v>"
            voice = False
        is_cue = "-->" in line
        lines.append(line)
    return "\n".join(lines[:-1]) + "\n"


def transcript(file: Path, as_is: bool) -> dict[str, Any]:
    """The member of a request, where there is such a file."""
    if not file.is_file():
        return {}
    text = file.read_text(encoding="utf-8-sig")
    if not text.startswith("WEBVTT"):
        say(f"{file.name} is passed over, as it is no WebVTT")
        return {}
    return {"transcript": {"content": text if as_is else with_voices(text)}}


def request(film: Path, topic: str, start: datetime, settings: Settings) -> dict[str, Any]:
    begun = instant(start)
    return {
        "meeting": {
            "externalId": f"{topic} {begun}",
            "organizer": settings.organizer_of(topic),
            "subject": topic,
            "startDateTime": begun,
        },
        "recording": {"createdDateTime": begun},
        "source": {"system": "zoom", "id": f"{film.resolve().parent.name}/{film.name}"},
    }


def local(folder: Path, asked: argparse.Namespace, settings: Settings) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Recordings of this computer: a folder is a meeting."""
    named = LOCAL_FOLDER.fullmatch(folder.name)
    if not named:
        return
    start = datetime.strptime(named[1], "%Y-%m-%d %H.%M.%S")
    topic = named[2] or asked.topic or "Zoom"
    films = [(int(found[1]), film) for film in folder.iterdir() for found in [LOCAL_FILM.fullmatch(film.name)] if found]
    texts = sorted(folder.glob("*.vtt"))
    for number, (_, film) in enumerate(sorted(films)):
        own = request(film, topic, start, settings)
        if number > 0:
            # When a later part began tells its file.
            own["recording"] = {}
        yield film, {**own, **(transcript(texts[0], asked.as_is) if texts and number == 0 else {})}


def cloud(folder: Path, asked: argparse.Namespace, settings: Settings) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Downloads of the cloud: a stamp is a meeting."""
    meetings: dict[str, list[tuple[int, str, Path]]] = {}
    for film in folder.iterdir():
        found = CLOUD_FILM.fullmatch(film.name)
        if found:
            rank = next(rank for rank, view in enumerate(VIEWS) if view.fullmatch(found["view"]))
            meetings.setdefault(found[1], []).append((rank, film.name, film))
    for stamp, views in sorted(meetings.items()):
        start = datetime.strptime(stamp, "GMT%Y%m%d-%H%M%S").replace(tzinfo=timezone.utc)
        topic = asked.topic or folder.resolve().name
        for number, (_, _, film) in enumerate(sorted(views)[: None if asked.all_views else 1]):
            own = request(film, topic, start, settings)
            texts = [folder / f"{stamp}_Recording.{kind}.vtt" for kind in ("transcript", "cc")]
            there = next(filter(Path.is_file, texts), texts[0])
            yield film, {**own, **(transcript(there, asked.as_is) if number == 0 else {})}


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes what an import is to know beside each film of Zoom.")
    parser.add_argument("--topic")
    parser.add_argument("--all-views", action="store_true")
    parser.add_argument("--as-is", action="store_true")
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    asked = parser.parse_args()
    settings = Settings.read()
    for root in asked.folders:
        for folder in [root, *sorted(path for path in root.rglob("*") if path.is_dir())]:
            if any(next(folder.glob(pattern), None) for pattern in UNFINISHED):
                say(f"{folder} is passed over, as it is still converted")
                continue
            for film, own in [*local(folder, asked, settings), *cloud(folder, asked, settings)]:
                if write_sidecar(film, own):
                    print(film.with_suffix(".json"))


if __name__ == "__main__":
    sys.exit(exit_status(main))
