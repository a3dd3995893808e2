"""Airflow for real: it starts, a dropped file becomes a release by itself, it stops without a trace."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from attain.assets import CONTRACT_SOURCES

ATTAIN = Path(sys.executable).parent / "attain"
START_SECONDS = 200
RELEASE_SECONDS = 400
STOP_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment_of(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home.parent), "ATTAIN_HOME": str(home), "LANG": "C.UTF-8"}


def attain(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ATTAIN), *words], env=environment_of(home), capture_output=True, text=True, timeout=120, check=False
    )


def processes_of(home: Path) -> list[psutil.Process]:
    """Every process that works in this home, whoever started it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("ATTAIN_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def sources_of(release: Path) -> set[str]:
    """Who sent what the release was made from; nobody, while there is no release."""
    if not release.is_dir():
        return set()
    receipt = json.loads((release / "receipt.json").read_text(encoding="utf-8"))
    return {given["source_system"] for given in receipt["inputs"]}


def wait_until(is_done: Callable[[], object], seconds: float, what: str, told: Path) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s\n{told.read_text(encoding='utf-8')}"
        time.sleep(0.5)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    for process in processes_of(home):
        process.kill()


def start(home: Path, port: int, told: Path) -> subprocess.Popen[bytes]:
    with told.open("wb") as file:
        return subprocess.Popen(
            [str(ATTAIN), "airflow", "up", "--port", str(port)],
            env=environment_of(home),
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def stop(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(timeout=STOP_SECONDS)


def test_a_dropped_file_reaches_a_release_with_nobody_touching_anything(home: Path, tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    port = free_port()
    airflow = start(home, port, told)
    wait_until(lambda: "Airflow is up" in told.read_text(encoding="utf-8"), START_SECONDS, "starting", told)
    welcome = told.read_text(encoding="utf-8")
    assert f"http://127.0.0.1:{port}" in welcome
    assert "sign in as" in welcome

    # The home is in use: a second Airflow and a local run say so at once, and by whom.
    for words in (["airflow", "up", "--port", str(free_port())], ["airflow", "run"]):
        refused = attain(home, *words)
        assert refused.returncode == 3, refused.stdout + refused.stderr
        assert str(airflow.pid) in refused.stderr

    current = home / "releases" / "current"
    assert not current.exists()
    assert attain(home, "demo").returncode == 0
    # Four sources at once are four ingests; whatever is built on the way, the release in the end has them all.
    wait_until(lambda: sources_of(current) == set(CONTRACT_SOURCES), RELEASE_SECONDS, "a release of all", told)
    wait_until(lambda: "✓ marts_build: success" in told.read_text(encoding="utf-8"), 30, "the line on it", told)
    assert airflow.poll() is None

    assert stop(airflow, signal.SIGTERM) == 0
    assert processes_of(home) == []
    assert "Airflow is stopped" in told.read_text(encoding="utf-8")


def test_a_taken_port_is_said_at_once(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = attain(home, "airflow", "up", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 3
    assert "can't be had" in refused.stderr
    assert processes_of(home) == []


def test_interrupted_while_it_starts_it_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    airflow = start(home, free_port(), told)
    wait_until(lambda: len(processes_of(home)) > len(("attain", "api-server")), START_SECONDS, "starting", told)
    assert stop(airflow, signal.SIGINT) == 0
    assert processes_of(home) == []
