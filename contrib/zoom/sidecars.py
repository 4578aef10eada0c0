#!/usr/bin/env python3
"""Writes beside each film of Zoom a NAME.json that says what an import is to know: topic, start, organizer, transcript.

    sidecars.py [--topic TOPIC] [--all-views] [--as-is] FOLDER…

FOLDER and what is below it is looked through for recordings of this computer, in folders such as
`2026-03-01 14.05.09 Planning 12345678901`, and for downloads of the cloud, such as `GMT20260301-140509_Recording_1920x1080.mp4` with
`GMT20260301-140509_Recording.transcript.vtt`. A folder in which a recording is still converted is passed over, and written the next
time. Of several views of one meeting the best is taken. A sidecar whose source is not `zoom`, such as one written by hand, stays as it
is; one whose source is `zoom` is written anew where something in it is another, so give it another source if you change it.

A film with which something is wrong, such as a transcript that is not UTF-8, is told in a line and gets none; the others get theirs.
What is left out is counted in a last line. Ends with 0, with 1 where something was wrong with a film or a folder, with 2 for wrong use.

Where: /opt/graphophone-contrib/zoom/sidecars.py beside ../graphophone_upload.py; run it before `graphophone import`, as the
same user, which is mostly that of the server: `sudo -u graphophone`.

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
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from graphophone_upload import Misconfigured, Settings, Sidecars, exit_status, instant  # noqa: E402

LOCAL_FOLDER = re.compile(r"(\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d)(?: (.*?))?(?: \d{9,11})?")
LOCAL_FILM = re.compile(r"(?:video|zoom_)(\d+)\.mp4")
CLOUD_FILM = re.compile(r"(GMT\d{8}-\d{6})_Recording(?P<view>.*)\.mp4")
# Of the views of a cloud recording the best first: the shared screen with whoever speaks has no name.
VIEWS = [re.compile(text) for text in (r"(?:_\d+x\d+)?", r"_gallery.*", r"_gvo.*", r"_as.*", r"_avo.*", r".*")]
UNFINISHED = ("*.zoom", "*.tmp")
FILMS = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv"})
SPOKEN = re.compile(r"([^:<>]{1,80}): (.*)")

# A film and what makes the request of it.
Found = Tuple[Path, Callable[[], Dict[str, Any]]]


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


class Zoom:
    """Looks for films."""

    def __init__(self, asked: argparse.Namespace, settings: Settings, sidecars: Sidecars) -> None:
        self.asked, self.settings, self.sidecars = asked, settings, sidecars

    def request(self, film: Path, topic: str, start: datetime, text: Path | None) -> dict[str, Any]:
        begun = instant(start)
        request = {
            "meeting": {
                "externalId": f"{topic} {begun}",
                "organizer": self.settings.organizer_of(topic),
                "subject": topic,
                "startDateTime": begun,
            },
            "recording": {"createdDateTime": begun},
            "source": {"system": "zoom", "id": f"{film.resolve().parent.name}/{film.name}"},
        }
        return {**request, **(self.transcript(text) if text else {})}

    def transcript(self, file: Path) -> dict[str, Any]:
        """The member of a request."""
        try:
            text = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(f"its transcript {file.name} is no text in UTF-8: convert it, or take it away") from None
        if not text.startswith("WEBVTT"):
            self.sidecars.say(f"{file.name} is passed over, as it is no WebVTT")
            return {}
        return {"transcript": {"content": text if self.asked.as_is else with_voices(text)}}

    def later_part(self, film: Path, topic: str, start: datetime) -> dict[str, Any]:
        """When it began tells its file."""
        return {**self.request(film, topic, start, None), "recording": {}}

    def local(self, folder: Path) -> Iterator[Found]:
        """Recordings of this computer: a folder is a meeting."""
        named = LOCAL_FOLDER.fullmatch(folder.name)
        if not named:
            return
        start = datetime.strptime(named[1], "%Y-%m-%d %H.%M.%S")
        topic = named[2] or self.asked.topic or "Zoom"
        films = [(int(found[1]), film) for film in folder.iterdir() for found in [LOCAL_FILM.fullmatch(film.name)] if found]
        texts = sorted(folder.glob("*.vtt"))
        for number, (_, film) in enumerate(sorted(films)):
            if number > 0:
                yield film, partial(self.later_part, film, topic, start)
            else:
                yield film, partial(self.request, film, topic, start, texts[0] if texts else None)

    def cloud(self, folder: Path) -> Iterator[Found]:
        """Downloads of the cloud: a stamp is a meeting."""
        meetings: dict[str, list[tuple[int, str, Path]]] = {}
        for film in folder.iterdir():
            found = CLOUD_FILM.fullmatch(film.name)
            if found:
                rank = next(rank for rank, view in enumerate(VIEWS) if view.fullmatch(found["view"]))
                meetings.setdefault(found[1], []).append((rank, film.name, film))
        topic = self.asked.topic or folder.resolve().name
        for stamp, views in sorted(meetings.items()):
            try:
                start = datetime.strptime(stamp, "GMT%Y%m%d-%H%M%S").replace(tzinfo=timezone.utc)
            except ValueError as why:
                self.sidecars.fail(views[0][2], why)
                continue
            for number, (_, _, film) in enumerate(sorted(views)[: None if self.asked.all_views else 1]):
                texts = [folder / f"{stamp}_Recording.{kind}.vtt" for kind in ("transcript", "cc")]
                there = next(filter(Path.is_file, texts), None)
                yield film, partial(self.request, film, topic, start, there if number == 0 else None)

    def go_over(self, folder: Path) -> None:
        """Writes the sidecars of a folder."""
        try:
            if any(next(folder.glob(pattern), None) for pattern in UNFINISHED):
                self.sidecars.say(f"{folder} is passed over, as it is still converted")
                return
            found = [*self.local(folder), *self.cloud(folder)]
            for film, request in found:
                self.sidecars.write(film, request)
            self.leave(folder, {film for film, _ in found})
        except (OSError, ValueError) as why:
            self.sidecars.fail(folder, why)

    def leave(self, folder: Path, known: set[Path]) -> None:
        """Counts the films that get no sidecar and have none."""
        for film in folder.iterdir():
            is_film = film.suffix.lower() in FILMS and film not in known and film.is_file()
            if is_film and not (film.with_suffix(".json").exists() or film.with_name(f"{film.name}.json").exists()):
                is_view = CLOUD_FILM.fullmatch(film.name)
                self.sidecars.leave("further views, which --all-views takes" if is_view else "films whose name or folder is not Zoom's")


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes what an import is to know beside each film of Zoom.")
    parser.add_argument("--topic")
    parser.add_argument("--all-views", action="store_true")
    parser.add_argument("--as-is", action="store_true")
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    asked = parser.parse_args()
    sidecars = Sidecars("zoom")
    zoom = Zoom(asked, Settings.read(), sidecars)
    for root in asked.folders:
        if not root.is_dir():
            raise Misconfigured(f"{root} is no folder")
    for root in asked.folders:
        for folder in [root, *sorted(path for path in root.rglob("*") if path.is_dir())]:
            zoom.go_over(folder)
    return sidecars.end()


if __name__ == "__main__":
    sys.exit(exit_status(main))
