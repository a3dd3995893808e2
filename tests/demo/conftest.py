"""One sample company for all tests of the room, and a reader that shares no code with its writers."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from attain import demo
from attain.settings import Settings


@dataclass(frozen=True)
class Sample:
    settings: Settings
    report: demo.DemoReport


@dataclass(frozen=True)
class Sheet:
    """A file as a spreadsheet shows it: `rows[0]` is row `first_row`, cells are text."""

    header: list[str]
    first_row: int
    rows: list[list[str]]

    def records(self) -> list[dict[str, str]]:
        """Data rows by header, totals rows left out."""
        return [dict(zip(self.header, row, strict=True)) for row in self.rows if row[0] != "合计"]


def read_sheet(path: Path) -> Sheet:
    if path.suffix == ".xlsx":
        cells = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
        lines = [[str(cell) for cell in row] for row in cells]
    else:
        content = path.read_bytes()
        encoding = "utf-8-sig"
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            encoding = "gb18030"
        with path.open(encoding=encoding, newline="") as file:
            lines = list(csv.reader(file))
    header_at = 0 if sum(1 for cell in lines[0] if cell) > 1 else 1
    return Sheet(lines[header_at], header_at + 2, lines[header_at + 1 :])


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample company as `attain demo` writes it. Read only."""
    settings = Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("sample") / "home")})
    return Sample(settings, demo.generate(settings))


@pytest.fixture
def own_home(sample: Sample, tmp_path: Path) -> Settings:
    """A home of its own with the company's manifest and receipts, for tests that add files."""
    settings = dataclasses.replace(sample.settings, home=tmp_path / "own")
    settings.home.mkdir()
    (settings.home / "demo.json").write_bytes((sample.settings.home / "demo.json").read_bytes())
    return settings


@pytest.fixture(scope="session")
def records(sample: Sample) -> Callable[[str], list[dict[str, str]]]:
    """The readable records of a feed (`source/feed`), each delivery over the one before, dirty rows left out."""

    def read(feed: str) -> list[dict[str, str]]:
        found: dict[tuple[str, ...], dict[str, str]] = {}
        order = {"更正": 2, "补录": 1}
        files = [file for file in sample.report.files if f"{file.source}/{file.feed}" == feed and not file.duplicate_of]
        files.sort(
            key=lambda file: (max((rank for word, rank in order.items() if word in file.path), default=0), file.path)
        )
        for file in files:
            sheet = read_sheet(sample.settings.inbox / file.path)
            dirty = {row.row_number for row in file.dirty}
            for number, cells in enumerate(sheet.rows, start=sheet.first_row):
                if number in dirty or cells[0] == "合计":
                    continue
                record = dict(zip(sheet.header, cells, strict=True))
                key = (cells[0], record["发票号码"]) if feed == "finance/receipts" else (cells[0],)
                found[key] = record
        return list(found.values())

    return read
