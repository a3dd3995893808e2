"""Files that appear in the inbox whole or not at all, and what a connector remembers between two pulls."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from attain.settings import Settings


@contextmanager
def dropped(settings: Settings, source: str, feed: str, file_name: str) -> Iterator[IO[bytes]]:
    """A file to write; it appears as `inbox/<source>/<feed>/<file_name>` when the block ends without an error.

    Until then it is `.<file_name>.part` beside its place, which ingest never reads; an error removes it.
    """
    target = settings.inbox / source / feed / file_name
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{file_name}.part")
    try:
        with draft.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


class Memory:
    """What a connector remembers of one feed, in `connectors/<source>/<feed>.json` of the home.

    It is a convenience: without it the next pull reads everything again, and ingest counts nothing twice. It is
    written after the file it speaks of has been dropped, never before.
    """

    def __init__(self, settings: Settings, source: str, feed: str) -> None:
        self.path: Path = settings.home / "connectors" / source / f"{feed}.json"

    def recall(self) -> dict[str, Any]:
        """What was remembered; empty when nothing was, or when it can't be read."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def keep(self, value: dict[str, Any]) -> None:
        """Remember `value` instead of what was remembered before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as stream:
            json.dump(value, stream, ensure_ascii=False, indent=1, sort_keys=True)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self.path)
