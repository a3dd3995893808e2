"""How fast files land, against the plain engine doing CSV → typed Parquet in the same run.

Prints a table of times, rows per second, ratios (speed of attain ÷ speed of the plain engine; the faster of a typed and
a sniffing copy, each the best of two) and the peak memory of the ingesting process, which is one of its own. One row in
a thousand is refused, so that quarantine is part of the work. Reported, never asserted: machines differ.

Both clocks start in a process that is ready: the plain engine's when its library is loaded, attain's when its libraries
are loaded (by landing a file of ten rows in another home) and the tables of its home are made. Both show the best of
two such processes. What it costs to be ready, once a process and once a home, is a line of its own, the cold start:
load everything, make a home with its tables, and land ten rows.
Usage: python bench/ingest.py [rows] [--folder scratch]; the files made are kept in the folder and used again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

DEFAULT_ROWS = 5_000_000
XLSX_ROWS = 100_000
TINY_FILES = 200
TINY_ROWS = 10
ROUNDS = 2


@dataclass(frozen=True)
class Export:
    """A kind of export: where it goes, how `numbers (i)` become its rows, and the plain engine's types for them."""

    inbox: str
    columns: str
    typed: str


EXPORTS = {
    "receipts": Export(
        "finance/receipts",
        """
        'R' || lpad(i::varchar, 9, '0') as "Receipt Number",
        'INV' || lpad((i % 400000)::varchar, 8, '0') as "Invoice Number",
        'Customer ' || (i % 5000) as "Customer Name",
        case when i % 1000 = 7 then 'soon'
            else strftime(date '2024-01-01' + (i % 900)::int, '%Y-%m-%d') end as "Date",
        printf('%.2f', (i * 7919 % 10000000) / 100.0) as "Amount",
        case when i % 9 = 0 then 'USD' else 'CNY' end as "Currency Code",
        'Payment' as "Payment Type",
        """,
        'replace (try_cast("Date" as date) as "Date", "Amount"::decimal(18, 2) as "Amount")',
    ),
    "deals": Export(
        "zoho_crm/deals",
        """
        'zcrm_' || (404427000000000000 + i)::varchar as "Record Id",
        'Renewal of plant ' || (i * 7919 % 100003) || ', line ' || (i % 7) as "Deal Name",
        'zcrm_' || (404427000000900000 + i % 300)::varchar as "Deal Owner.id",
        'Owner ' || (i % 300) as "Deal Owner",
        'Customer ' || (i * 31 % 20011) || ' 有限公司' as "Account Name",
        (['Closed Won', 'Closed Lost', 'Negotiation', 'Proposal'])[1 + i % 4] as "Stage",
        case when i % 1000 = 7 then '1.2万' else printf('%.2f', (i * 7919 % 10000000) / 100.0) end as "Amount",
        case when i % 9 = 0 then 'USD' else 'CNY' end as "Currency",
        strftime(date '2024-01-01' + (i % 900)::int, '%Y-%m-%d') as "Closing Date",
        (i % 101)::varchar as "Probability (%)",
        strftime(timestamp '2024-01-01' + to_seconds(i * 13 % 70000000), '%Y-%m-%d %H:%M:%S') as "Created Time",
        strftime(timestamp '2024-02-01' + to_seconds(i * 17 % 70000000), '%Y-%m-%d %H:%M:%S') as "Modified Time",
        """,
        'replace (try_cast("Amount" as decimal(18, 2)) as "Amount", "Closing Date"::date as "Closing Date", '
        '"Probability (%)"::decimal(9, 4) as "Probability (%)", "Created Time"::timestamp as "Created Time", '
        '"Modified Time"::timestamp as "Modified Time")',
    ),
}


# --- what is measured, each in a process of its own


def make(kind: str, rows: int, path: Path) -> None:
    """Write an export of so many rows, as CSV, xlsx or a zip of the CSV."""
    import duckdb

    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.write(path.with_suffix(""), path.with_suffix("").name)
        return
    source = f"select {EXPORTS[kind].columns} from range({rows}) as numbers (i)"
    if path.suffix == ".csv":
        duckdb.sql(f"copy ({source}) to '{path}' (header, delimiter ',')")
        return
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    relation = duckdb.sql(source)
    sheet.append(relation.columns)
    for row in relation.fetchall():
        sheet.append(row)
    book.save(path)


def plain(kind: str, path: Path) -> float:
    """Seconds of the faster of the plain engine's two ways to Parquet: all its threads, nothing checked."""
    import duckdb

    read = f"read_csv('{path}', all_varchar = true, header = true)"
    ways = [f"select * {EXPORTS[kind].typed} from {read}", f"from read_csv('{path}')"]
    if path.suffix == ".xlsx":
        return _plain_workbook(path)
    seconds = []
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        for way in ways:
            connection = duckdb.connect()
            connection.execute("set preserve_insertion_order = false")
            started = time.perf_counter()
            connection.execute(f"copy ({way}) to '{folder}/plain.parquet' (format parquet)")
            seconds.append(time.perf_counter() - started)
            connection.close()
    return min(seconds)


def _plain_workbook(path: Path) -> float:
    """Seconds that the native reader takes to read the cells and do nothing with them."""
    import python_calamine

    started = time.perf_counter()
    python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    return time.perf_counter() - started


def ours(kind: str, path: Path, copies: int = 1) -> dict[str, float]:
    """From a file in the inbox to registered, typed, checked Parquet: seconds, rows, peak memory in MB."""
    cold = time.perf_counter()
    _take_in(kind, path.with_name(f"{kind}_{TINY_ROWS}.csv"), 1)
    cold = time.perf_counter() - cold
    return {**_take_in(kind, path, copies), "cold": cold}


def _take_in(kind: str, path: Path, copies: int) -> dict[str, float]:
    from attain.control import database
    from attain.ingest import deliveries
    from attain.settings import Settings

    with tempfile.TemporaryDirectory(dir=path.parent) as home:
        settings = Settings.from_environment({"ATTAIN_HOME": home})
        database.upgrade(settings)
        inbox = settings.inbox / EXPORTS[kind].inbox
        inbox.mkdir(parents=True)
        for number in range(copies):
            target = inbox / f"{number:04}_{path.name}"
            if copies == 1:
                target.hardlink_to(path)
            else:  # different bytes, or all but the first would be duplicates
                lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
                part = lines[1 + TINY_ROWS * number : 1 + TINY_ROWS * (number + 1)]
                target.write_text("".join([lines[0], *part]), encoding="utf-8")
            os.utime(target, (1_700_000_000, 1_700_000_000))
        started, used = time.perf_counter(), time.process_time()
        report = deliveries.ingest_source(settings, EXPORTS[kind].inbox.split("/")[0])
        seconds, used = time.perf_counter() - started, time.process_time() - used
        if {result.outcome for result in report.files} != {"committed"}:
            raise SystemExit(f"the benchmark's file was not taken in: {report.files}")
        delivered = [delivery for result in report.files for delivery in result.deliveries]
        status = Path("/proc/self/status")
        high = status.read_text(encoding="ascii").partition("VmHWM:")[2].split() if status.exists() else ["0"]
        return {
            "seconds": seconds,
            "cpu_seconds": used,
            "rows": sum(delivery.rows_in_file for delivery in delivered),
            "refused": sum(delivery.rows_quarantined for delivery in delivered),
            "peak": int(high[0]) / 1024,
        }


# --- the run


def _measure(what: str, *arguments: object) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", what, *map(str, arguments)]
    answer: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return answer


def _made(folder: Path, kind: str, rows: int, suffix: str) -> Path:
    path = folder / f"{kind}_{rows}{suffix}"
    if not path.exists():
        draft = folder / f"draft_{path.name}"
        if suffix.endswith(".zip"):
            draft = _made(folder, kind, rows, ".csv").with_suffix(".csv.zip")
        _measure("make", kind, rows, draft)
        draft.replace(path)
    return path


def _line(*cells: str) -> None:
    sys.stdout.write(f"{cells[0]:<34}" + "".join(f"{cell:>13}" for cell in cells[1:]) + "\n")
    sys.stdout.flush()


def _compare(name: str, kind: str, path: Path, against: Path | None) -> None:
    _made(path.parent, kind, TINY_ROWS, ".csv")  # what makes the process ready
    plain_seconds = our_seconds = float("inf")
    measured: dict[str, float] = {}
    for _ in range(ROUNDS):  # turn about, so that a busy machine is busy for both
        if against is not None:
            plain_seconds = min(plain_seconds, _measure("plain", kind, against)["seconds"])
        again = _measure("ours", kind, path)
        if again["seconds"] < our_seconds:
            our_seconds, measured = again["seconds"], again
    _line(
        name,
        f"{path.stat().st_size / 1e6:,.0f}",
        "" if against is None else f"{plain_seconds:.2f}",
        f"{our_seconds:.2f}",
        f"{measured['rows'] / our_seconds:,.0f}",
        "" if against is None else f"{plain_seconds / our_seconds:.0%}",
        f"{measured['refused']:,.0f}",
        f"{measured['peak']:,.0f}",
    )


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description="How fast files land, against the plain engine.")
    parser.add_argument("rows", nargs="?", type=int, default=DEFAULT_ROWS)
    parser.add_argument("--folder", type=Path, help="where the files are made and kept")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args(sys.argv[1:] if "--measure" not in sys.argv else [])
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="attain-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    rows = chosen.rows
    try:
        _line("", "MB", "plain s", "attain s", "rows/s", "of plain", "refused", "peak MB")
        for kind in EXPORTS:
            path = _made(folder, kind, rows, ".csv")
            _compare(f"{kind}, {rows:,} rows of CSV", kind, path, path)
        path = _made(folder, "deals", rows, ".csv.zip")
        _compare(f"deals, {rows:,} rows, zip", "deals", path, _made(folder, "deals", rows, ".csv"))
        twice = _made(folder, "receipts", 2 * rows, ".csv")
        _compare(f"receipts, {2 * rows:,} rows", "receipts", twice, twice)
        path = _made(folder, "deals", XLSX_ROWS, ".xlsx")
        _compare(f"deals, {XLSX_ROWS:,} rows of xlsx", "deals", path, path)
        path = _made(folder, "deals", TINY_ROWS * TINY_FILES, ".csv")
        tiny = min((_measure("tiny", "deals", path) for _ in range(ROUNDS)), key=lambda run: run["seconds"])
        _line(
            f"deals, {TINY_FILES} files of {TINY_ROWS} rows",
            "",
            "",
            f"{tiny['seconds']:.2f}",
            f"{tiny['rows'] / tiny['seconds']:,.0f}",
            "",
            "",
            f"{tiny['peak']:,.0f}",
        )
        _line(f"cold start, with a file of {TINY_ROWS} rows", "", "", f"{tiny['cold']:.2f}", "", "", "", "")
    finally:
        if chosen.folder is None:
            shutil.rmtree(folder)


def _one(what: str, kind: str, *arguments: str) -> None:
    answer: dict[str, float] = {}
    if what == "make":
        make(kind, int(arguments[0]), Path(arguments[1]))
    elif what == "plain":
        answer = {"seconds": plain(kind, Path(arguments[0]))}
    else:
        answer = ours(kind, Path(arguments[0]), TINY_FILES if what == "tiny" else 1)
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    if "--measure" in sys.argv:
        _one(*sys.argv[sys.argv.index("--measure") + 1 :])
    else:
        main()
