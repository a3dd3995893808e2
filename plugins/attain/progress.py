"""Progress for people: one line for each step that takes over two seconds, written to where a person looks.

Logs are for machines and go to files; these lines go to the terminal, even when a task's output is captured
(`send_to` is called once by whoever owns the terminal).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

QUIET_SECONDS = 2.0

_sink: TextIO | None = None


def send_to(stream: TextIO | None) -> None:
    """Write progress lines to `stream` from now on; None: to standard error as it is at the time."""
    global _sink
    _sink = stream


def say(text: str) -> None:
    """Write one progress line."""
    stream = _sink or sys.stderr
    stream.write(text.rstrip() + "\n")
    stream.flush()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Announce a step once it has run for two seconds, and say how long it took when it ends."""
    started = time.monotonic()
    announced = threading.Timer(QUIET_SECONDS, say, [f"  … {name}"])
    announced.daemon = True
    announced.start()
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        announced.cancel()
        seconds = time.monotonic() - started
        if seconds >= QUIET_SECONDS:
            say(f"  {'✓' if outcome == 'done in' else '✗'} {name}: {outcome} {seconds:.1f} s")
