"""Tables as files: CSV in the encodings that finance and CRM systems use, and workbooks as people save them.

A table is written row by row into a hidden file beside its place and takes its name only when it is whole
(`close`), so that nothing which looks at the inbox ever meets half of it. Nothing is kept in memory but counts.
The same rows always give the same bytes: no clock, no temporary names, no machine's settings get into a file.
"""

from __future__ import annotations

import csv
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

import xlsxwriter

Cell = str | int | float | date | None

WORKBOOK_ROWS = 50_000
"""Rows of one workbook; what is more goes to another part."""

EXAMPLES_KEPT = 100
"""Dirty rows of one file that are described one by one; all of them are counted."""

_WORKBOOK_DATE = datetime(2026, 10, 31, 18, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Damage:
    """How a row is spoilt: `value` stands where `column` should say something readable."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class DirtyRow:
    """A row that was spoilt on purpose. `row_number` is the row a spreadsheet shows, headers counted."""

    row_number: int
    column: str
    value: str
    reason: str


@dataclass
class WrittenFile:
    """What one file holds.

    Attributes:
        path: below the inbox, with forward slashes.
        rows: data rows, dirty ones included; headers, titles and totals rows are not data.
        dirty_rows: of them, rows that can't be read by the contract.
        dirty: the first of them, one by one.
        totals_rows: rows that only add up the others.
        duplicate_of: another file of the same bytes.
        note: what is special about this delivery.
    """

    path: str
    source: str
    feed: str
    rows: int = 0
    dirty_rows: int = 0
    dirty: list[DirtyRow] = field(default_factory=list)
    totals_rows: int = 0
    byte_size: int = 0
    sha256: str = ""
    note: str = ""
    duplicate_of: str | None = None


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Table(ABC):
    """One table of one feed, in one or several files.

    Args:
        inbox: the folder that the path is below.
        folder: `source/feed`, and a folder below them where an export brings its own.
        stem: the file's name without its ending.
        header: the columns' titles.
        damages: kinds of dirt; after every `dirty_every` rows one spoilt row follows.
        has_key: the first column alone is the key, and a spoilt row gets another one.
    """

    ending = ""

    def __init__(
        self,
        inbox: Path,
        folder: str,
        stem: str,
        header: Sequence[str],
        *,
        damages: Sequence[Damage] = (),
        dirty_every: int = 200,
        dirty_from: int = 60,
        has_key: bool = True,
        note: str = "",
    ) -> None:
        self.inbox, self.folder, self.stem, self.header, self.note = inbox, folder, stem, list(header), note
        self.source, self.feed = folder.split("/")[:2]
        self.damages, self.dirty_every = tuple(damages), dirty_every
        self.until_dirty = dirty_from
        self.has_key = has_key
        self.dirty_count = 0
        self.files: list[WrittenFile] = []
        self.position = 0
        self._open_file(stem)

    # the two formats differ in these four

    @abstractmethod
    def _begin(self, path: Path) -> int:
        """Open the hidden file, write what stands above the data, return the number of rows that took."""

    @abstractmethod
    def _put(self, cells: Sequence[Cell]) -> None:
        """Write one row."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what stands below the data and close the file."""

    def _is_full(self) -> bool:
        return False

    # what all tables do

    def write(self, cells: Sequence[Cell]) -> None:
        """Write one row; now and then a spoilt copy of it, under a key of its own, follows."""
        self._write(cells)
        if self.damages:
            self.until_dirty -= 1
            if self.until_dirty <= 0:
                self.until_dirty = self.dirty_every
                self._write_spoilt(cells)

    def write_totals(self, cells: Sequence[Cell]) -> None:
        """Write a row that adds up the rows above it."""
        self._put(cells)
        self.position += 1
        self.files[-1].totals_rows += 1

    def close(self) -> list[WrittenFile]:
        """Finish the last file. The files keep their hidden names until `release`."""
        self._close_file()
        return self.files

    def release(self) -> None:
        """Give every file its name."""
        for file in self.files:
            target = self.inbox / file.path
            _hidden(target).replace(target)

    def abandon(self) -> None:
        """Remove what was written so far."""
        for file in self.files:
            _hidden(self.inbox / file.path).unlink(missing_ok=True)

    def _write(self, cells: Sequence[Cell]) -> None:
        if self._is_full():
            self._close_file()
            self._open_file(f"{self.stem}_part{len(self.files) + 1}")
        self._put(cells)
        self.position += 1
        self.files[-1].rows += 1

    def _write_spoilt(self, cells: Sequence[Cell]) -> None:
        damage = self.damages[self.dirty_count % len(self.damages)]
        self.dirty_count += 1
        spoilt = list(cells)
        if self.has_key:
            spoilt[0] = another_key(str(spoilt[0]))
        spoilt[self.header.index(damage.column)] = damage.value
        self._write(spoilt)
        file = self.files[-1]
        file.dirty_rows += 1
        if len(file.dirty) < EXAMPLES_KEPT:
            file.dirty.append(DirtyRow(self.position, damage.column, damage.value, damage.reason))

    def _open_file(self, stem: str) -> None:
        path = f"{self.folder}/{stem}{self.ending}"
        self.files.append(WrittenFile(path, self.source, self.feed, note=self.note))
        target = self.inbox / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self.position = self._begin(_hidden(target))

    def _close_file(self) -> None:
        self._finish()
        file = self.files[-1]
        hidden = _hidden(self.inbox / file.path)
        file.byte_size, file.sha256 = hidden.stat().st_size, sha256_of(hidden)


class CsvTable(Table):
    """A comma-separated file. `encoding` is Python's name for it; Zoho ends lines with LF, finance with CR LF."""

    ending = ".csv"

    def __init__(
        self,
        inbox: Path,
        folder: str,
        stem: str,
        header: Sequence[str],
        *,
        encoding: str = "utf-8",
        line_end: str = "\r\n",
        title: str = "",
        damages: Sequence[Damage] = (),
        dirty_every: int = 200,
        dirty_from: int = 60,
        has_key: bool = True,
        note: str = "",
    ) -> None:
        self.encoding, self.line_end, self.title = encoding, line_end, title
        self._file: TextIO | None = None
        self._rows: Any = None
        super().__init__(
            inbox,
            folder,
            stem,
            header,
            damages=damages,
            dirty_every=dirty_every,
            dirty_from=dirty_from,
            has_key=has_key,
            note=note,
        )

    def _begin(self, path: Path) -> int:
        self._file = path.open("w", encoding=self.encoding, newline="")
        self._rows = csv.writer(self._file, lineterminator=self.line_end)
        if self.title:
            self._rows.writerow([self.title] + [""] * (len(self.header) - 1))
        self._rows.writerow(self.header)
        return 2 if self.title else 1

    def _put(self, cells: Sequence[Cell]) -> None:
        self._rows.writerow(cells)

    def _finish(self) -> None:
        if self._file is not None:
            self._file.close()

    def abandon(self) -> None:
        self._finish()
        super().abandon()


class WorkbookTable(Table):
    """An xlsx file of one sheet; text, numbers and dates keep their kind. `title` stands in a row above the header."""

    ending = ".xlsx"

    def __init__(
        self,
        inbox: Path,
        folder: str,
        stem: str,
        header: Sequence[str],
        *,
        sheet: str,
        title: str = "",
        damages: Sequence[Damage] = (),
        dirty_every: int = 200,
        dirty_from: int = 60,
        has_key: bool = True,
        note: str = "",
    ) -> None:
        self.sheet_name, self.title = sheet, title
        self._book: xlsxwriter.Workbook | None = None
        super().__init__(
            inbox,
            folder,
            stem,
            header,
            damages=damages,
            dirty_every=dirty_every,
            dirty_from=dirty_from,
            has_key=has_key,
            note=note,
        )

    def _begin(self, path: Path) -> int:
        book = self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        book.set_properties({"created": _WORKBOOK_DATE})
        self._date_format = book.add_format({"num_format": "yyyy-mm-dd"})
        bold = book.add_format({"bold": True})
        self._sheet = book.add_worksheet(self.sheet_name)
        first = 0
        if self.title:
            self._sheet.write_string(0, 0, self.title, bold)
            first = 1
        for column, text in enumerate(self.header):
            self._sheet.write_string(first, column, text, bold)
        return first + 1

    def _put(self, cells: Sequence[Cell]) -> None:
        sheet, row = self._sheet, self.position
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                if cell:
                    sheet.write_string(row, column, cell)
            elif isinstance(cell, date):
                sheet.write_datetime(row, column, cell, self._date_format)
            elif cell is not None:
                sheet.write_number(row, column, cell)

    def _finish(self) -> None:
        if self._book is not None:
            self._book.close()
            self._book = None

    def _is_full(self) -> bool:
        return self.files[-1].rows >= WORKBOOK_ROWS

    def abandon(self) -> None:
        self._finish()
        super().abandon()


def copy_of(inbox: Path, original: WrittenFile, name: str) -> WrittenFile:
    """The bytes of a file once more, beside it, under another name. The original must have been released."""
    source = inbox / original.path
    path = f"{original.path.rsplit('/', 1)[0]}/{name}"
    target = inbox / path
    with source.open("rb") as reader, _hidden(target).open("wb") as writer:
        while block := reader.read(1 << 20):
            writer.write(block)
    _hidden(target).replace(target)
    return WrittenFile(
        path,
        original.source,
        original.feed,
        rows=original.rows,
        dirty_rows=original.dirty_rows,
        dirty=list(original.dirty),
        totals_rows=original.totals_rows,
        byte_size=original.byte_size,
        sha256=original.sha256,
        note="the same bytes under another name",
        duplicate_of=original.path,
    )


def another_key(key: str) -> str:
    """A key of the same look that no record has: its last digit is followed by a 9."""
    return f"{key}9" if key else key


def money(hundredths: int) -> str:
    """`1234567` as `12345.67`."""
    sign = "-" if hundredths < 0 else ""
    whole, part = divmod(abs(hundredths), 100)
    return f"{sign}{whole}.{part:02d}"


def grouped_money(hundredths: int) -> str:
    """`1234567` as `12,345.67`."""
    sign = "-" if hundredths < 0 else ""
    whole, part = divmod(abs(hundredths), 100)
    return f"{sign}{whole:,}.{part:02d}"


def crm_money(hundredths: int) -> str:
    """`1234560` as `12345.6`: Zoho writes one decimal at least and no needless zeros."""
    text = money(hundredths)
    return text[:-1] if text.endswith("0") else text


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")
