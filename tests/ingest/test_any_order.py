"""The sample company's exports, in any order, twice, with `kill -9` in between: the same records, rows counted once.

`ATTAIN_SOAK=N` tries N orders (`make soak`); one is tried otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from attain import demo
from attain.ingest import contracts, deliveries, history
from attain.settings import Settings

SEEDS = range(int(os.environ.get("ATTAIN_SOAK", "1")))
KILLS = 3
INGEST = [sys.executable, "-c", "from attain.cli import main; main()", "ingest"]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inbox of a sample company that nobody has looked at yet."""
    settings = Settings(home=tmp_path_factory.mktemp("sample"))
    demo.generate(settings)
    return settings.inbox


@pytest.fixture(scope="module")
def in_order(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """What comes of the files when nothing disturbs."""
    settings = Settings(home=tmp_path_factory.mktemp("in_order"))
    shutil.copytree(exports, settings.inbox)
    ingest_all(settings)
    return records(settings), account(settings)


def ingest_all(settings: Settings) -> list[deliveries.FileResult]:
    """Take in what lies there, all of it settled."""
    for path in settings.inbox.rglob("*"):
        os.utime(path, (time.time() - 60,) * 2)
    return [file for name in contracts.load() for file in deliveries.ingest_source(settings, name).files]


def records(settings: Settings) -> dict[str, list[Any]]:
    """Every record of every feed as it counts now, by feed."""
    return {
        code: sorted((record.key, sorted(record.values.items(), key=str)) for record in history.records(settings, code))
        for code in contracts.feeds()
    }


def account(settings: Settings) -> set[tuple[Any, ...]]:
    """What the register says of each file's rows."""
    counted = set()
    for item in deliveries.list_deliveries(settings):
        rows = (item.rows_loaded, item.rows_quarantined, item.rows_declared_totals, item.rows_not_for_feed)
        if item.status == "committed":
            assert sum(rows) == item.rows_in_file
        counted.add((item.content_sha256, item.feed, item.status, item.rows_in_file, *rows))
    return counted


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_twice_and_killed_in_between(
    exports: Path, in_order: tuple[Any, Any], tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    settings = Settings(home=tmp_path / "home")
    files = [path for path in exports.rglob("*") if path.is_file()] * 2
    chance.shuffle(files)
    killed = 0
    while files:
        batch, files = files[: len(files) // KILLS + 1], files[len(files) // KILLS + 1 :]
        for path in batch:
            target = settings.inbox / path.relative_to(exports)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            os.utime(target, (time.time() - 60,) * 2)
        if killed < KILLS:
            env = {**os.environ, "ATTAIN_HOME": str(settings.home)}
            child = subprocess.Popen(INGEST, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            before = len(list((settings.lake / "raw").glob("*/*/*")))
            deadline = time.monotonic() + 30  # wait until it has landed something, then let it come some way
            while child.poll() is None and time.monotonic() < deadline:
                if len(list((settings.lake / "raw").glob("*/*/*"))) > before:
                    break
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 0.9))
            child.kill()
            child.wait()
            killed += 1
    ingest_all(settings)
    for path in (path for path in exports.rglob("*") if path.is_file()):
        target = settings.inbox / path.relative_to(exports)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    again = ingest_all(settings)
    assert {file.outcome for file in again} <= {"duplicate", "rejected"}
    wanted_records, wanted_account = in_order
    assert account(settings) >= wanted_account
    assert {row for row in account(settings) if row[2] == "committed"} == {
        row for row in wanted_account if row[2] == "committed"
    }
    found = records(settings)
    for code, wanted in wanted_records.items():
        assert found[code] == wanted, code
    assert [path for path in settings.inbox.rglob("*") if path.is_file()] == []
