"""What a pull came to, and how its records become a file of the inbox; the same for every system that can be asked."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attain.connectors import exact_json
from attain.connectors.dropping import dropped
from attain.errors import AttainError, Busy
from attain.settings import Settings

MODES = ("changes", "full")
MANIFEST = ".manifest.json"


@dataclass(frozen=True)
class Pulled:
    """What the pull of one feed came to.

    Attributes:
        feed: its name in the contract.
        records: rows of the file, those of deleted records among them; 0 when there was nothing to write.
        deleted: how many of them say only that a record is gone.
        file: path of the file below the inbox; None: nothing was written.
        note: what a reader of the table should know.
        problem: why the feed could not be pulled; None: it could.
        remedy: what to do about the problem.
        exit_code: of the problem: 2 for what has to be mended first, 3 for what passes by itself.
    """

    feed: str
    records: int = 0
    deleted: int = 0
    file: str | None = None
    note: str = ""
    problem: str | None = None
    remedy: str = ""
    exit_code: int = 0

    def failed(self, error: AttainError) -> Pulled:
        """The same feed, not pulled because of `error`."""
        return replace(self, problem=error.message, remedy=error.remedy, exit_code=error.exit_code)


@contextmanager
def sole_puller(settings: Settings, source: str) -> Iterator[None]:
    """Hold what is remembered of `source` for one pull at a time; the kernel frees it if we die.

    Raises:
        Busy: another process pulls from the same system into this home.
    """
    folder = settings.home / "connectors" / source
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another process pulls from {source} into this home", "wait until it has ended") from None
        yield


def work_folder(settings: Settings, source: str, feed: str) -> Path:
    """An empty folder for what is downloaded before it is complete; what a killed pull left in it is removed."""
    folder = settings.home / "connectors" / source / f"{feed}.work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def free_name(settings: Settings, source: str, feed: str, stem: str, suffix: str) -> str:
    """A file name that nothing in the feed's inbox has yet: a second pull of one second must not replace the first."""
    folder = settings.inbox / source / feed
    number = 1
    while True:
        name = f"{stem}{suffix}" if number == 1 else f"{stem}_{number}{suffix}"
        if not any((folder / taken).exists() for taken in (name, f"{name}{MANIFEST}")):
            return name
        number += 1


def sweep(settings: Settings, source: str, feed: str, stem: str, unfinished: str | None) -> None:
    """Remove what a killed pull left in the feed's inbox.

    Args:
        stem: what the names of this puller's files begin with.
        unfinished: the file that the last pull was about to drop; its manifest is removed if the file never came.
    """
    folder = settings.inbox / source / feed
    for draft in folder.glob(f".{stem}_*.part"):
        draft.unlink(missing_ok=True)
    if unfinished and Path(unfinished).name == unfinished and not (folder / unfinished).exists():
        (folder / f"{unfinished}{MANIFEST}").unlink(missing_ok=True)


def drop_lines(
    settings: Settings, source: str, feed: str, name: str, mode: str, extracted_at: datetime, lines: Iterable[Any]
) -> int:
    """Drop records as JSON Lines, the manifest before the file; answers how many lines there are.

    Args:
        mode: what the file is: `snapshot` (a full list), `changes` or `events`.
        extracted_at: the moment as of which the records are true, with zone.
        lines: the records, as `exact_json` reads them. They are written as they come.
    """
    rows = 0
    sha256 = hashlib.sha256()
    with dropped(settings, source, feed, name) as stream:
        for record in lines:
            line = exact_json.dumps(record).encode() + b"\n"
            stream.write(line)
            sha256.update(line)
            rows += 1
        _drop_manifest(settings, source, feed, name, mode, extracted_at, rows, sha256.hexdigest())
    return rows


def drop_file(
    settings: Settings, source: str, feed: str, name: str, mode: str, extracted_at: datetime, rows: int, content: Path
) -> None:
    """Drop a file that lies complete at `content`, the manifest before it; `rows` are the records in it."""
    sha256 = hashlib.sha256()
    with dropped(settings, source, feed, name) as stream, content.open("rb") as found:
        while chunk := found.read(1 << 20):
            stream.write(chunk)
            sha256.update(chunk)
        _drop_manifest(settings, source, feed, name, mode, extracted_at, rows, sha256.hexdigest())


def _drop_manifest(
    settings: Settings, source: str, feed: str, name: str, mode: str, extracted_at: datetime, rows: int, sha256: str
) -> None:
    said = {"mode": mode, "extracted_at": extracted_at.isoformat(), "rows": rows, "sha256": sha256}
    with dropped(settings, source, feed, f"{name}{MANIFEST}") as stream:
        stream.write(json.dumps(said).encode() + b"\n")


def stamp(moment: datetime) -> str:
    """A moment as it stands in the names of pulled files, in UTC: 2026_01_26T061000Z."""
    return moment.astimezone(UTC).strftime("%Y_%m_%dT%H%M%SZ")
