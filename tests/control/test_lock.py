"""The writer's lock: one process at a time, freed by the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from attain.control import lock
from attain.errors import Busy
from attain.settings import Settings

HOLD = """
import sys, time
from pathlib import Path
from attain.control import lock
from attain.settings import Settings
with lock.writer(Settings(home=Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def _holder(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(settings.home)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_another_process_is_busy_and_named(settings: Settings) -> None:
    with (
        _holder(settings) as process,
        pytest.raises(Busy, match=rf"process {process.pid}\b"),
        lock.writer(settings),
    ):
        pytest.fail("two writers")


def test_kill_minus_nine_frees_it(settings: Settings) -> None:
    with _holder(settings) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        with lock.writer(settings, wait_seconds=5):
            pass


def test_waits_as_long_as_asked(settings: Settings) -> None:
    with _holder(settings):
        started = time.monotonic()
        with pytest.raises(Busy), lock.writer(settings, wait_seconds=0.3):
            pytest.fail("two writers")
        assert 0.3 <= time.monotonic() - started < 10


def test_the_holder_may_take_it_again(settings: Settings) -> None:
    with lock.writer(settings):
        with lock.writer(settings):
            assert (settings.warehouse / lock.LOCK_NAME).read_text().strip() == str(os.getpid())
        with pytest.raises(Busy):
            _in_child(settings)
    _in_child(settings)


def _in_child(settings: Settings) -> None:
    """Take the lock in a forked child: it must not ride on its parent's."""
    child = os.fork()
    if child == 0:
        try:
            with lock.writer(settings):
                os._exit(0)
        except Busy:
            os._exit(3)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 3:
        raise Busy("child found it taken")
    assert code == 0
