"""Files are landed in batches, and where one ends must make no difference to anything: rows, numbers, sums, reasons.

Random dirty files of several feeds and formats are landed in one batch and in tiny ones, at a glance and by the query.
What comes of it must be the same, and each row of the file must be there under its own number, by the count of the
standard library and of the writer of the file. `ATTAIN_SOAK=N` tries N times as many files (`make soak`).
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from pyarrow import parquet

from attain.ingest import (
    contracts,
    delimited,
    glance,
    html_tables,
    json_records,
    landing,
    layouts,
    matching,
    reading,
    tables,
    workbooks,
)
from attain.ingest.conversion import INVISIBLE, is_footer
from attain.ingest.mappings import Target
from attain.ingest.rejected import Rejected
from tests.ingest.dirty_files import FORMATS, FORMS, KINDS, File, Kind, dirty

SOAK = int(os.environ.get("ATTAIN_SOAK", "1"))
LAST_DAY = date(2026, 1, 1)


# --- landing


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("set TimeZone = 'UTC'")
        yield made


def landed(path: Path, kind: Kind, queries: glance.Queries, ratio: float) -> list[Any]:
    """What landing comes to for each feed that the file is for: rows, refused rows, account; or why it is refused."""
    source, feed = kind.code.split(".")
    known = contracts.load()[source].feeds[feed]
    facts = tables.look(path)
    told: list[Any] = []
    with TemporaryDirectory() as made:
        folder = Path(made)
        targets = kind.targets(known) if kind.targets else layouts.all_targets(known, FORMATS)
        try:
            table = reading.open_table(path, path.name, facts, matching.score(targets), folder)
            if kind.targets is None:
                table, arranged = layouts.arranged(table, known, FORMATS)
                targets = list(arranged)
        except Rejected as rejected:
            return [rejected.message]
        for number, target in enumerate(targets):
            try:
                told.append(_landed(table, target, folder / str(number), queries, ratio))
            except Rejected as rejected:
                told.append(rejected.message)
    return told


def _landed(table: tables.Table, target: Target, folder: Path, queries: glance.Queries, ratio: float) -> Any:
    folder.mkdir()
    matched = matching.match(table, target)
    kept = {name: index for index, name in enumerate(table.header) if index not in matched.used}
    refused = folder / "refused.parquet"
    result = landing.land(
        queries.connection, table, matched, kept, "d", folder, refused, LAST_DAY, ratio, "Asia/Shanghai", queries
    )
    rows = parquet.read_table(folder / landing.PART_NAME).to_pylist()
    return rows, parquet.read_table(refused).to_pylist() if refused.exists() else [], asdict(result)


def tiny(patch: pytest.MonkeyPatch, chance: Random, first_bytes: int) -> dict[str, Any]:
    """Let everything that is done in batches be done in tiny ones; all that stands above the rows needs one block."""
    sizes: dict[str, tuple[Any, Any]] = {
        "ROWS_A_BATCH": (tables, chance.randrange(1, 9)),
        "BYTES_A_BATCH": (tables, chance.choice([4, 400, 4_000, 8 << 20])),
        "_USUAL_BLOCK_BYTES": (delimited, first_bytes + chance.randrange(1, 400)),
        "_ROW_GROUP": (landing, chance.randrange(1, 12)),
        "_REFUSED_A_GROUP": (landing, chance.randrange(1, 4)),
        "_BATCHES_AHEAD": (landing, chance.randrange(1, 5)),
        "_BATCHES_A_QUERY": (landing, chance.randrange(1, 4)),
        "_ROWS_A_QUERY": (landing, chance.randrange(1, 9)),
        "_FEW_OF": (landing, chance.choice([1, 4, 200])),
        "_ODD_SHARE": (glance, chance.choice([0.0, 0.01, 1.0])),
        "_SAMPLE_ROWS": (glance, chance.choice([2, 2_000])),
        "_FEW_WORDS": (glance, chance.choice([2, 5_000])),
        "_REMEMBERED_WORDS": (glance, chance.choice([3, 50_000])),
        "_CELLS_A_BATCH": (workbooks, chance.randrange(1, 60)),
        "_KEPT_CELLS": (workbooks, chance.choice([0, 5_000_000])),
    }
    for name, (module, size) in sizes.items():
        patch.setattr(module, name, size)
    for module in (json_records, html_tables):
        size = chance.choice([7, 100, 1 << 16])
        patch.setattr(module, "_CHUNK", size)
        sizes[f"{module.__name__}._CHUNK"] = module, size
    return {name: size for name, (_, size) in sizes.items()}


def try_one(seed: int, form: str, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    chance = Random(seed)
    kind = chance.choice(KINDS)
    written = FORMS[form](kind, dirty(kind, chance, chance.choice([1, 5, 30, 60])), chance)
    path = folder / written.name
    path.write_bytes(written.content)
    queries = glance.Queries(connection)
    told = {}
    above = len(written.content) - len(written.content[:2_000].lstrip()) if form != "csv" else 0
    first_bytes = above + 4 * sum(map(len, kind.header)) + 200
    ratio = 1.0 if chance.random() < 0.9 else 0.05
    for few in (10**9, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(glance, "FEW_ROWS", few)
            told["one batch", few] = landed(path, kind, queries, ratio)
            sizes = tiny(patch, chance, first_bytes)
            told["tiny batches", few] = landed(path, kind, queries, ratio)
            told["tiny batches", few, "sizes"] = sizes
    wanted = told["one batch", 10**9]
    for how in (("one batch", 1), ("tiny batches", 10**9), ("tiny batches", 1)):
        for mine, other in zip(wanted, told[how], strict=True):
            if isinstance(mine, str) and "too many to take the rest" in mine:
                assert isinstance(other, str) and "too many to take the rest" in other
                continue
            assert mine == other, (*how, told.get((*how, "sizes")), *differences(mine, other))
    for each in wanted:
        if not isinstance(each, str):
            hold_against(each, kind, written)
    queries.close()


def differences(mine: Any, other: Any) -> list[Any]:
    """The first differences, for people."""
    if isinstance(mine, str) or isinstance(other, str):
        return [each if isinstance(each, str) else each[2]["notes"] for each in (mine, other)]
    told: list[Any] = []
    for one, two in zip(mine[:2], other[:2], strict=True):
        told += [(a, b) for a, b in zip(one, two, strict=False) if a != b][:1] or [(len(one), len(two))]
    return told + [(name, mine[2][name], other[2][name]) for name in mine[2] if mine[2][name] != other[2][name]]


def hold_against(result: Any, kind: Kind, written: File) -> None:
    """Each row of the file is accounted for under its number, and what was loaded under it stands there in the file."""
    loaded, refused, account = result
    said = {number: cells for number, cells in written.rows.items() if any(cell.strip(INVISIBLE) for cell in cells)}
    is_expanded = any("[" in header for header in kind.header)
    numbers = Counter(row["_row_number"] for row in loaded)
    held = Counter(row["_row_number"] for row in refused)
    assert numbers.keys() | held.keys() <= said.keys()
    rest = said.keys() - numbers.keys() - held.keys()
    assert [row["_row_number"] for row in loaded] == sorted(numbers.elements())
    assert [row["_row_number"] for row in refused] == sorted(held.elements())
    if not is_expanded:
        assert account["rows_in_file"] == len(said)
        assert not numbers.keys() & held.keys()
        assert set((numbers + held).values()) <= {1}
        assert len(rest) == account["rows_declared_totals"] + account["rows_not_for_feed"]
    source, feed = kind.code.split(".")
    key = contracts.load()[source].feeds[feed].key[0]

    def cell(number: int, place: int) -> str:
        return said[number][place].strip(INVISIBLE) if place < len(said[number]) else ""

    keys = {number: cell(number, kind.key) for number in said}
    if kind.bill:  # what is not the first row of a bill belongs to the one above, pages in between or not
        own = ""
        for number, cells in sorted(said.items()):
            if not keys[number]:
                keys[number] = own
            elif keys[number] != kind.header[kind.key] and not is_footer(list(filter(None, map(str.strip, cells)))):
                own = keys[number]
    for row in loaded:
        assert row[key] == keys[row["_row_number"]].removeprefix("zcrm_")
        if "Tag" in kind.header:
            extra = json.loads(row["_extra"] or "{}")  # of JSON in which no record has it there is none
            assert (extra.get("Tag") or "") == cell(row["_row_number"], kind.header.index("Tag"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", range(4))
def test_where_a_batch_ends_makes_no_difference(
    form: str, part: int, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    for seed in range(part * 1_000, part * 1_000 + 6 * SOAK):
        try:
            try_one(seed, form, tmp_path, connection)
        except BaseException as error:
            error.add_note(f"seed {seed}, {form}")
            raise


# --- what is counted without a parser


def test_line_ends_are_counted_however_the_bytes_come(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(1_500 * SOAK):
        chance = Random(seed)
        marks = ["\r", "\n", "\r\n", '"', "a", ",", "é", "中"]
        content = "".join(chance.choice(marks) for _ in range(chance.randrange(1, 30))).encode()
        content = content[: len(content) - chance.randrange(2)] or b"a"
        monkeypatch.setattr(tables, "_SCAN_BYTES", chance.choice([1, 2, 7, 100]))
        with tables.Look() as look:
            at = 0
            while at < len(content):
                size = chance.choice([1, 2, 5, 50])
                look.take(content[at : at + size])
                at += size
            facts = look.facts()
        whole = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        outside = [part for place, part in enumerate(whole.split(b'"')) if place % 2 == 0]
        assert facts.line_ends == whole.count(b"\n"), content
        assert facts.record_ends == sum(part.count(b"\n") for part in outside), content
        assert facts.ends_in_quotes == bool(content.count(b'"') % 2)
        assert facts.ends_with_line_end == whole.endswith(b"\n")
        assert facts.is_utf8 == (content.decode(errors="ignore").encode() == content)


def test_lone_quotes_that_meet_are_seen_wherever_a_window_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.csv"
    seen = Counter[bool]()
    for seed in range(1_500 * SOAK):
        chance = Random(seed)
        content = "".join(chance.choice(['"', '""', "a", ",", "\n", "bc"]) for _ in range(chance.randrange(1, 40)))
        path.write_bytes(content.encode())
        odd = False
        for match in re.finditer(r'"((?:[^"]|"")*)"(?!")', content):  # the cells in quotes, one after another
            follows = content[match.end() : match.end() + 1]
            cell = match.group(1)
            odd |= "\n" in cell and ("," in cell or cell.endswith("\n")) and follows not in ("", ",", "\n")
        monkeypatch.setattr(delimited, "BLOCK_BYTES", chance.choice([1, 2, 3, 7, 100]))
        assert delimited._may_swallow_rows(path, ",") == odd, content
        seen[odd] += 1
    assert min(seen[True], seen[False]) > 100
