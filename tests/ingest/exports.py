"""Small export files as the tests drop them, and a look at what came of them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl

from attain.ingest import deliveries, lake
from attain.ingest.deliveries import FileResult, IngestReport
from attain.settings import Settings

DEALS_HEADER = "Record Id,Deal Name,Deal Owner,Stage,Amount,Currency,Closing Date,Created Time"


def deal(number: int, amount: str = "100.00", closing: str = "2025-03-04", created: str = "2025-01-03 10:00:00") -> str:
    """One line of a deals export."""
    return f"zcrm_40442700000{number:07d},Deal {number},Mei Lin,Closed Won,{amount},CNY,{closing},{created}"


def deals(*lines: str, header: str = DEALS_HEADER) -> bytes:
    return ("\n".join([header, *lines]) + "\n").encode()


def drop(settings: Settings, name: str, content: bytes, *, age_seconds: float = 60) -> Path:
    """Put a file below the inbox, as old as said."""
    path = settings.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    touched = time.time() - age_seconds
    os.utime(path, (touched, touched))
    return path


def drop_sheet(settings: Settings, name: str, rows: Sequence[Sequence[Any]], sheet: str = "Sheet1") -> Path:
    """Put a workbook with one sheet below the inbox."""
    workbook = openpyxl.Workbook(write_only=True)
    page = workbook.create_sheet(sheet)
    for row in rows:
        page.append(list(row))
    path = settings.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(path)
    touched = time.time() - 60
    os.utime(path, (touched, touched))
    return path


def ingest(settings: Settings, source_system: str = "zoho_crm") -> IngestReport:
    report = deliveries.ingest_source(settings, source_system)
    for result in report.files:
        for landed in result.deliveries:
            assert landed.rows_in_file == (
                landed.rows_loaded + landed.rows_quarantined + landed.rows_declared_totals + landed.rows_not_for_feed
            )
    return report


def ingest_one(settings: Settings, name: str, content: bytes) -> FileResult:
    """Drop one file, ingest, and answer what became of it."""
    drop(settings, name, content)
    report = ingest(settings, name.split("/")[0])
    assert [result.file_name for result in report.files] == [name]
    return report.files[0]


def rows(
    settings: Settings, feed: str, columns: str = "*", order: str = "_sequence, _row_number"
) -> list[tuple[Any, ...]]:
    """Rows of a raw view, e.g. of `zoho_crm__deals`."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        lake.create_raw_views(settings, connection)
        return connection.execute(f"select {columns} from raw.{feed} order by {order}").fetchall()


def quarantined(settings: Settings) -> list[tuple[int, str | None, str | None, str]]:
    """(row number, column, value, reason) of every quarantined row of committed deliveries."""
    files = [str(path) for path in lake.quarantine_files(settings)]
    if not files:
        return []
    with duckdb.connect() as connection:
        return connection.execute(
            "select _row_number, column_name, value, reason from read_parquet(?) order by filename, _row_number",
            [files],
        ).fetchall()


def day(text: str) -> date:
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
