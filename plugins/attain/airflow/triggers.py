"""Watches the inbox for Airflow: an event for each set of files that has come to rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from attain import assets
from attain.settings import Settings

LOOK_SECONDS = 5.0
REMIND_SECONDS = 60.0
LONGEST_REMIND_SECONDS = 3600.0

Sighting = frozenset[tuple[str, int, int]]


class InboxTrigger(BaseEventTrigger):  # type: ignore[misc]
    """Fires when the files below a source's inbox folder are the same in two looks, `LOOK_SECONDS` apart.

    One event a set of files. If the same files still lie there after `REMIND_SECONDS` (the ingest failed, or found one
    of them unfinished, or nobody knows their folder), it fires again, and then ever more rarely, up to once an hour.

    Args:
        source: a source with a contract, or `mapped` for all other folders of the inbox.
        look_seconds: time between two looks, seconds.
        remind_seconds: time after which an unchanged set is announced for the second time, seconds.
    """

    def __init__(self, source: str, look_seconds: float = LOOK_SECONDS, remind_seconds: float = REMIND_SECONDS) -> None:
        super().__init__()
        self.source = source
        self.look_seconds = look_seconds
        self.remind_seconds = remind_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments; no path of this machine is among them, the triggerer knows its own home."""
        arguments = {
            "source": self.source,
            "look_seconds": self.look_seconds,
            "remind_seconds": self.remind_seconds,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the end of time; yields an event a settled set of files."""
        inbox = Settings.from_environment().inbox
        previous: Sighting = frozenset()
        announced: Sighting = frozenset()
        waited, patience = 0.0, self.remind_seconds
        while True:
            seen = await asyncio.to_thread(look, inbox, self.source)
            is_settled = bool(seen) and seen == previous
            is_news = seen != announced
            if is_settled and (is_news or waited >= patience):
                yield TriggerEvent({"source": self.source, "files": sorted(name for name, _, _ in seen)})
                patience = self.remind_seconds if is_news else min(2 * patience, LONGEST_REMIND_SECONDS)
                announced, waited = seen, 0.0
            previous = seen
            await asyncio.sleep(self.look_seconds)
            waited += self.look_seconds


def look(inbox: Path, source: str) -> Sighting:
    """Name (below the inbox), size in bytes and mtime in ns of every file that waits for `source`; links and hidden
    files are left out, as ingest leaves them alone."""
    if source != assets.MAPPED:
        folders = [inbox / source]
    elif inbox.is_dir():
        folders = [folder for folder in inbox.iterdir() if folder.name not in assets.CONTRACT_SOURCES]
    else:
        folders = []
    found = set()
    for folder in folders:
        if folder.is_symlink() or folder.name.startswith("."):
            continue
        for parent, _, names in os.walk(folder):
            for name in names:
                path = Path(parent, name)
                if name.startswith(".") or path.is_symlink():
                    continue
                try:
                    status = path.stat()
                except FileNotFoundError:
                    continue  # taken in between the listing and the look
                found.add((path.relative_to(inbox).as_posix(), status.st_size, status.st_mtime_ns))
    return frozenset(found)
