"""Workbooks, old and new, as tables of text: the visible sheet whose header fits a feed best."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attain.ingest import tables
from attain.ingest.rejected import Rejected
from attain.ingest.tables import (
    HEADER_SEARCH_ROWS,
    OLD_WORKBOOKS,
    OLE,
    Batch,
    FileFacts,
    Scorer,
    Table,
    cell_text,
    rows_batch,
    unique_header,
)


def open_workbook(path: Path, suffix: str, facts: FileFacts, score: Scorer) -> Table:
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
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        best: tuple[int, str, int, list[str]] | None = None
        for name in visible:
            sheet = workbook.get_sheet_by_name(name)
            for number, row in enumerate(sheet.to_python(skip_empty_area=False, nrows=HEADER_SEARCH_ROWS), start=1):
                cells = [cell_text(value) for value in row]
                known = score(cells)
                if best is None or known > best[0]:
                    best = known, name, number, cells
    if best is None:
        raise Rejected("the workbook has no row on a visible sheet", "put the table on a visible sheet")
    _, name, header_row, cells = best
    while cells and not cells[-1].strip():
        cells.pop()
    if not cells:
        raise Rejected("the workbook has no row on a visible sheet", "put the table on a visible sheet")
    header, duplicates = unique_header(cells)
    with _faults_of_workbook(is_old):
        sheet = workbook.get_sheet_by_name(name)

    def batches() -> Iterator[Batch]:
        with _faults_of_workbook(is_old):
            rows = sheet.to_python(skip_empty_area=False)
        for start in range(header_row, len(rows), tables.ROWS_A_BATCH):
            yield rows_batch(rows[start : start + tables.ROWS_A_BATCH], start + 1, len(header))

    rows_below = max(int(sheet.total_height) - header_row, 0)
    layout = f"sheet {name}, header in row {header_row}"
    return Table("xls" if is_old else "xlsx", None, layout, header, duplicates, rows_below, batches)


@contextmanager
def _faults_of_workbook(is_old: bool) -> Iterator[None]:
    """Turn what the reader raises on a damaged workbook into a rejection, a panic in its native code too."""
    import python_calamine

    try:
        yield
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"  # no Exception, and not to be imported
        if not is_panic and not isinstance(error, (python_calamine.CalamineError, OSError, ValueError)):
            raise
        what = "is damaged, or locked with a password" if is_old else "can't be read"
        raise Rejected(f"the workbook {what}: {error}", "save it again as .xlsx, without a password") from None


# A damaged .xls can ask the native reader for terabytes, which ends the process. It is first read in another one.
_TRIAL = """
import resource, sys
from python_calamine import CalamineWorkbook
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
try:
    with open(sys.argv[1], "rb") as stream:
        workbook = CalamineWorkbook.from_filelike(stream)
        for name in workbook.sheet_names:
            workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
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
