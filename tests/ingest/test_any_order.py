"""Files in any order, twice, with `kill -9` in between: the same records, and each row of each file counted once.

The sample company's exports, and dirty files that are large for the tiny batches in which they are landed.

`ATTAIN_SOAK=N` tries N orders (`make soak`); one is tried otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyarrow import parquet

from attain import demo
from attain.ingest import contracts, delimited, deliveries, history, lake, landing, tables, workbooks
from attain.ingest.conversion import INVISIBLE, totals_label
from attain.settings import Settings
from tests.ingest.dirty_files import FORMS, KINDS, File, Kind, dirty

SEEDS = range(int(os.environ.get("ATTAIN_SOAK", "1")))
KILLS = 3
INGEST = [sys.executable, "-c", "from attain.cli import main; main()", "ingest"]
TINY = {
    (tables, "ROWS_A_BATCH"): 25,
    (tables, "BYTES_A_BATCH"): 4_000,
    (delimited, "_USUAL_BLOCK_BYTES"): 1_500,
    (landing, "_ROW_GROUP"): 60,
    (landing, "_REFUSED_A_GROUP"): 3,
    (workbooks, "_CELLS_A_BATCH"): 200,
}


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


def deliver(settings: Settings, exports: Path, chance: Random, command: list[str]) -> None:
    """Drop all files twice in some order; a process that takes them in is killed after each part but the last."""
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
            child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_twice_and_killed_in_between(
    exports: Path, in_order: tuple[Any, Any], tmp_path: Path, seed: int
) -> None:
    settings = Settings(home=tmp_path / "home")
    deliver(settings, exports, Random(seed), INGEST)
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


@pytest.mark.parametrize("seed", SEEDS)
def test_every_row_of_large_files_is_there_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """By file and row number, in the lake's Parquet files: loaded, quarantined, or a row that says what it is."""
    chance = Random(seed)
    known: dict[str, tuple[Kind, File]] = {}  # by hash
    exports = tmp_path / "exports"
    for number, (kind, form) in enumerate((kind, form) for kind in KINDS if kind.targets is None for form in FORMS):
        rows = dirty(kind, chance, 250, dirt=0.03, wrong=0.0)
        written = FORMS[form](kind, rows, chance)
        path = exports / kind.code.replace(".", "/") / f"{kind.code}_{number}{Path(written.name).suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written.content)
        known[tables.look(path).sha256] = kind, written
    in_one_batch = Settings(home=tmp_path / "in_one_batch", max_quarantine_ratio=0.9)
    shutil.copytree(exports, in_one_batch.inbox)
    ingest_all(in_one_batch)
    sizes = ""
    for (module, name), size in TINY.items():
        monkeypatch.setattr(module, name, size)
        sizes += f"import {module.__name__}; {module.__name__}.{name} = {size}; "
    settings = Settings(home=tmp_path / "home", max_quarantine_ratio=0.9)
    monkeypatch.setenv("ATTAIN_MAX_QUARANTINE_RATIO", "0.9")
    deliver(settings, exports, chance, [*INGEST[:2], sizes + INGEST[2], "ingest"])
    ingest_all(settings)
    assert [path for path in settings.inbox.rglob("*") if path.is_file()] == []
    found: Counter[str] = Counter()
    for delivery in lake.committed(settings):
        assert delivery.raw_path is not None
        found[delivery.content_sha256] += 1
        kind, written = known[delivery.content_sha256]
        loaded = Counter(row["_row_number"] for row in rows_in(settings, delivery.raw_path))
        refused = Counter(row["_row_number"] for row in rows_in(settings, delivery.quarantine_path))
        assert loaded.total() == delivery.rows_loaded
        assert refused.total() == delivery.rows_quarantined
        said = {number for number, cells in written.rows.items() if any(cell.strip(INVISIBLE) for cell in cells)}
        assert loaded.keys() | refused.keys() <= said
        rest = said - loaded.keys() - refused.keys()
        if "[" not in "".join(kind.header):  # else a record is several rows
            assert len(said) == delivery.rows_in_file
            assert max((loaded + refused).values()) == 1
            assert len(rest) == delivery.rows_declared_totals + delivery.rows_not_for_feed
        if not delivery.rows_not_for_feed:
            others = [number for number in rest if not any(map(totals_label, map(str.strip, written.rows[number])))]
            assert others == [], [written.rows[number] for number in others]
    rejected = {item.content_sha256 for item in deliveries.list_deliveries(settings) if item.status == "rejected"}
    assert found.keys() | rejected == known.keys()
    assert not found.keys() & rejected
    assert len(found) > 0.8 * len(known)
    assert account(settings) == account(in_one_batch)
    assert len(list((settings.lake / "raw").rglob("*.parquet"))) == found.total()  # what a killed process left is gone
    assert contents(settings) == contents(in_one_batch)


def rows_in(settings: Settings, path: str | None) -> list[dict[str, Any]]:
    """The rows of a Parquet file, or of those of a folder, in their order."""
    if path is None:
        return []
    found = settings.home / path
    files = sorted(found.rglob("*.parquet")) if found.is_dir() else [found]
    return [row for file in files for row in parquet.read_table(file).drop_columns("_delivery_id").to_pylist()]


def contents(settings: Settings) -> dict[tuple[str, str], Any]:
    """Each row that is loaded and each in quarantine, by the file's hash and the feed."""
    found = {}
    for delivery in lake.committed(settings):
        about = delivery.content_sha256, delivery.feed
        assert about not in found
        found[about] = rows_in(settings, delivery.raw_path), rows_in(settings, delivery.quarantine_path)
    return found
