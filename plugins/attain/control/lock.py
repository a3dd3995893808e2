"""The one writer's lock: at any moment one process changes the lake, the warehouse and the releases of a home.

It is a lock of the kernel on a file, so a killed process never leaves it behind.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from attain.errors import Busy
from attain.settings import Settings

LOCK_NAME = ".writer.lock"
_POLL_SECONDS = 0.1


@dataclass
class _Held:
    descriptor: int
    depth: int


_held: dict[Path, _Held] = {}
_guard = threading.Lock()


def _forget_after_fork() -> None:
    """A forked child does not own its parent's lock: it closes the copies and asks for the lock itself."""
    global _guard
    _guard = threading.Lock()
    for held in _held.values():
        os.close(held.descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forget_after_fork)


@contextmanager
def writer(settings: Settings, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the writer's lock of this home; a process that holds it may take it again.

    Args:
        settings: the home.
        wait_seconds: how long to wait for another process to let go.

    Raises:
        Busy: another process holds it; the message names its process id.
    """
    path = settings.warehouse / LOCK_NAME
    _take(path, wait_seconds)
    try:
        yield
    finally:
        _release(path)


def _take(path: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        with _guard:
            held = _held.get(path)
            if held is not None:
                held.depth += 1
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
                os.close(descriptor)
            else:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
                _held[path] = _Held(descriptor, 1)
                return
        if time.monotonic() >= deadline:
            raise Busy(
                f"another run is at work in this home (process {holder})",
                "wait until it has finished, then try again; a killed run frees the lock by itself",
            )
        time.sleep(_POLL_SECONDS)


def _release(path: Path) -> None:
    with _guard:
        held = _held.get(path)
        if held is None:  # a child forked inside the block leaves it: the lock was never its own
            return
        held.depth -= 1
        if held.depth == 0:
            del _held[path]
            os.close(held.descriptor)
