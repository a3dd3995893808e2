"""What takes long to make is made once for all test processes, by the first that asks for it."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Made = TypeVar("Made")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Made]) -> Made:
    """What `make` returns for a new folder of that name; other processes of the same test run get a copy of it.

    Whoever asks while it is being made waits. What fails is tried again by the next who asks.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    told = root / f"{name}.pickle"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            folder = root / f"{name}-{sum(1 for _ in root.glob(f'{name}-*'))}"
            folder.mkdir()
            told.write_bytes(pickle.dumps(make(folder)))
    result: Made = pickle.loads(told.read_bytes())
    return result
