"""Workbooks, old and new, as tables of text: the visible sheet whose header fits a feed best, and those like it."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from attain.ingest import tables
from attain.ingest.header_search import FoundHeader, Merged, are_alike, find_header, one_header
from attain.ingest.old_sheet_marks import OldSheetMarks
from attain.ingest.rejected import Rejected
from attain.ingest.sheet_marks import PERCENT, SHOWN, SheetMarks, as_shown
from attain.ingest.tables import (
    HEADER_SEARCH_ROWS,
    OLD_WORKBOOKS,
    OLE,
    SHEET_STEP,
    Batch,
    FileFacts,
    Scorer,
    Table,
    cell_text,
    rows_batch,
    with_repeats,
)

_CELLS_A_BATCH = 1_000_000
# Sheets that are kept in memory after their header was looked at; others are read again.
_KEPT_CELLS = 5_000_000


@dataclass(frozen=True)
class _Part:
    """One sheet whose rows are read.

    Attributes:
        columns: of the table, the position in the sheet; None for one that only other sheets have.
        sheet: the sheet itself, if it is small enough to be kept.
        is_marked: whether the file says more than the reader tells.
    """

    name: str
    header: FoundHeader
    columns: tuple[int | None, ...]
    sheet: Any
    is_marked: bool
    merged: tuple[Merged, ...]
    rows_below: int


def open_workbook(path: Path, suffix: str, facts: FileFacts, score: Scorer) -> Table:
    """Open the sheet that fits best as a table, and with it every other visible sheet of the same columns.

    A workbook of a year has a sheet a month: reading one of them would lose the others without a word. Sheets are the
    same table if their headers name the same columns of those looked for, in any order, or each all that a feed needs.

    Raises:
        Rejected: it is damaged, locked, too large, or has no visible row.
    """
    import python_calamine

    is_old = facts.first_bytes.startswith(OLE)
    content = path.read_bytes() if is_old or suffix in OLD_WORKBOOKS else None
    if content is not None and is_old and "EncryptedPackage".encode("utf-16-le") in content:
        raise Rejected("the workbook is locked with a password", "save it as .xlsx without password")
    if is_old:
        _refuse_deadly(path)
    else:
        _refuse_bomb(path, facts)
    with _faults_of_workbook(is_old):
        # the suffix decides how a path is read; where it may be wrong the content does
        workbook = (
            python_calamine.CalamineWorkbook.from_path(path)
            if content is None
            else python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        )
        marks = OldSheetMarks(content) if is_old and content is not None else SheetMarks(path)
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet]
        shown = [sheet.name for sheet in sheets if sheet.visible == python_calamine.SheetVisibleEnum.Visible]
        hidden = [sheet.name for sheet in sheets if sheet.name not in shown]
        found: list[tuple[str, FoundHeader, Any, bool, tuple[Merged, ...], int]] = []
        titles: dict[str, list[str]] = {}
        cells_kept = 0
        for name in shown:
            is_marked = marks.extent(name).is_marked  # before the reader asks for its memory
            sheet = workbook.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=False, nrows=HEADER_SEARCH_ROWS)
            merged = tuple(
                Merged(top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
            )
            texts = [[cell_text(value) for value in row] for row in rows]
            fits = find_header(texts, score, merged)
            if fits is None or not any(cell.strip() for cell in fits.cells):
                continue
            titles[name] = [name, *fits.above(texts)]
            below = max(int(sheet.total_height) + 1 - fits.last, 0)
            cells_kept += int(sheet.total_height + 1) * int(sheet.total_width + 1)
            kept = sheet if cells_kept <= _KEPT_CELLS else None
            found.append((name, fits, kept, is_marked, merged, below))
    if not found:
        raise Rejected("the workbook has no row on a visible sheet", "put the table on a visible sheet")
    best = max(found, key=lambda item: item[1].known)  # the first of several
    same = [item for item in found if item is best or are_alike(item[1].cells, best[1].cells, score)]
    header, duplicates, columns = one_header([item[1] for item in same])
    parts = [
        _Part(name, found_header, mapped, kept, is_marked, merged, below)
        for (name, found_header, kept, is_marked, merged, below), mapped in zip(same, columns, strict=True)
    ]
    kind = "xls" if is_old else "xlsx"

    def batches() -> Iterator[Batch]:
        with _faults_of_workbook(is_old):
            for number, part in enumerate(parts, start=1):
                sheet = part.sheet if part.sheet is not None else workbook.get_sheet_by_name(part.name)
                odd = marks.marks(part.name) if part.is_marked else iter(())
                yield from _read(part, sheet, odd, 0 if number == 1 else number * SHEET_STEP)

    notes = _notes(hidden, found, same)
    rows_below = sum(part.rows_below for part in parts)
    said = tuple(text for part in parts for text in titles[part.name])
    return Table(kind, None, _layout(parts), header, duplicates, rows_below, batches, notes, said)


def _layout(parts: Sequence[_Part]) -> str:
    first = parts[0]
    if len(parts) == 1:
        return f"sheet {first.name}, header in {first.header.place}"
    others = ", ".join(
        f"{part.name} (rows from {number * SHEET_STEP + 1})" for number, part in enumerate(parts[1:], start=2)
    )
    return f"sheets {first.name}, {others}, header in {first.header.place}"


def _notes(hidden: Sequence[str], found: Sequence[Any], same: Sequence[Any]) -> tuple[str, ...]:
    notes = []
    if len(same) > 1:
        names = ", ".join(item[0] for item in same)
        notes.append(f"{len(same)} sheets have the same columns and are all read: {names}")
    others = [item[0] for item in found if item not in same and item[1].known * 2 >= max(same[0][1].known, 1)]
    if others:
        notes.append(f"not read, its columns differ: sheet {', '.join(others)}")
    if hidden:
        notes.append(f"not read, hidden: sheet {', '.join(hidden)}")
    return tuple(notes)


def _read(part: _Part, sheet: Any, odd: Iterator[tuple[int, dict[int, str]]], step: int) -> Iterator[Batch]:
    """The rows of one sheet below its header, with merged cells filled down."""
    start = sheet.start
    before = [""] * (start[1] if start else 0)
    width = max((index for index in part.columns if index is not None), default=-1) + 1
    plain = part.columns == tuple(range(width))
    downward: dict[int, list[Merged]] = {}
    for range_ in part.merged:
        if range_.bottom > range_.top >= part.header.last:
            downward.setdefault(range_.top, []).append(range_)
    covering: dict[int, tuple[int, str]] = {}  # column → last row that the cell covers, its text
    marked = next(odd, None)
    held: list[list[Any]] = []
    repeats: dict[int, list[int]] = {}
    first, begins_part = part.header.last, step > 0

    def batch() -> Batch:
        made = rows_batch(held, step + first + 1, len(part.columns))
        return with_repeats(replace(made, begins_part=begins_part), repeats)

    for number, row in enumerate(sheet.iter_rows() if start else ()):
        while marked is not None and marked[0] < number:
            marked = next(odd, None)
        if number < part.header.last:
            continue
        cells = before + row if before else row
        if marked is not None and marked[0] == number:
            for column, mark in marked[1].items():
                is_format = mark.startswith((PERCENT, SHOWN))
                if column < len(cells):
                    cells[column] = as_shown(cells[column], mark) if is_format else mark
                else:
                    cells += [""] * (column - len(cells)) + ["" if is_format else mark]
        if covering:
            is_blank = not any(cell_text(value).strip() for value in cells)  # below a note, say; it stays no row
            for column, (last, text) in list(covering.items()):
                if column < len(cells) and cells[column] == "" and not is_blank:
                    cells[column] = text
                    for position in [at for at, index in enumerate(part.columns) if index == column]:
                        repeats.setdefault(position, []).append(step + number + 1)
                if last <= number:
                    del covering[column]
        for range_ in downward.get(number, ()):
            text = cell_text(cells[range_.left]) if range_.left < len(cells) else ""
            if text:
                covering[range_.left] = range_.bottom, text
        if not plain:
            mine = ["" if index is None or index >= len(cells) else cells[index] for index in part.columns]
            cells = mine + cells[width:]
        held.append(cells)
        if len(held) * max(len(cells), 1) >= _CELLS_A_BATCH:
            yield batch()
            first += len(held)
            held, repeats, begins_part = [], {}, False
    yield batch()


# What the standard library raises on a damaged zip.
_FAULTS = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


@contextmanager
def _faults_of_workbook(is_old: bool) -> Iterator[None]:
    """Turn what the reader raises on a damaged workbook into a rejection, a panic in its native code too."""
    import python_calamine

    try:
        yield
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"  # no Exception, and not to be imported
        if not is_panic and not isinstance(error, (python_calamine.CalamineError, *_FAULTS)):
            raise
        what = "is damaged, or locked with a password" if is_old else "can't be read"
        raise Rejected(f"the workbook {what}: {error}", "save it again as .xlsx, without a password") from None


# A damaged .xls can ask the native reader for terabytes, which ends the process. Both readers first try it in another.
_TRIAL = """
import io, resource, sys, xlrd
from python_calamine import CalamineWorkbook
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
try:
    with open(sys.argv[1], "rb") as stream:
        workbook = CalamineWorkbook.from_filelike(stream)
        for name in workbook.sheet_names:
            workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    xlrd.open_workbook(sys.argv[1], formatting_info=True, ragged_rows=True, logfile=io.StringIO())
except Exception as error:
    print(error)
    sys.exit(1)
"""
_TRIAL_BYTES = 3 << 30
_TRIAL_SECONDS = 120


def _refuse_deadly(path: Path) -> None:
    try:
        trial = subprocess.run(
            [sys.executable, "-I", "-c", _TRIAL, str(path), str(_TRIAL_BYTES)],
            capture_output=True,
            text=True,
            timeout=_TRIAL_SECONDS,
            check=False,
        )
        said = trial.stdout.strip() or "its reader fails on it"
        is_good = trial.returncode == 0
    except subprocess.TimeoutExpired:
        said, is_good = f"its reader takes more than {_TRIAL_SECONDS} seconds", False
    if not is_good:
        raise Rejected(
            f"the workbook is damaged, or locked with a password: {said}", "save it again as .xlsx, without a password"
        )


def _refuse_bomb(path: Path, facts: FileFacts) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise Rejected(f"the workbook is damaged or only half there: {error}", "send it again") from None
    limit = min(tables.MAX_UNPACKED_BYTES, max(tables.FREE_UNPACKED_BYTES, tables.MAX_EXPANSION * facts.byte_size))
    if unpacked > limit:
        raise Rejected(
            f"the workbook would unpack to {unpacked >> 20} MB, far more than its size allows",
            "send the table as CSV",
        )
