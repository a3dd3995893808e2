"""How fast a large CSV lands, against the plain engine doing CSV → typed Parquet in the same run.

Prints rows per second of both, their ratio (ours ÷ plain) and the peak memory of the ingesting process. Reported,
never asserted: machines differ. Usage: python bench/ingest.py [rows]
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from attain.ingest import deliveries
from attain.settings import Settings

DEFAULT_ROWS = 2_000_000


def write_receipts(path: Path, rows: int) -> None:
    """A finance receipts export of `rows` clean rows."""
    duckdb.sql(
        f"""
        copy (
            select
                'R' || lpad(i::varchar, 9, '0') as "Receipt Number",
                'INV' || lpad((i % 400000)::varchar, 8, '0') as "Invoice Number",
                'Customer ' || (i % 5000) as "Customer Name",
                strftime(date '2024-01-01' + (i % 900)::int, '%Y-%m-%d') as "Date",
                printf('%.2f', (i * 7919 % 10000000) / 100.0) as "Amount",
                case when i % 9 = 0 then 'USD' else 'CNY' end as "Currency Code",
                'Payment' as "Payment Type",
            from range({rows}) as numbers (i)
        ) to '{path}' (header, delimiter ',')
        """
    )


def plain(source: Path, target: Path) -> float:
    """Seconds that DuckDB alone takes for the same typed Parquet, unchecked."""
    started = time.perf_counter()
    connection = duckdb.connect()
    connection.execute("set preserve_insertion_order = false")
    connection.execute(
        f"""
        copy (
            select
                "Receipt Number" as receipt_no, "Invoice Number" as invoice_no, "Customer Name" as customer_name,
                "Date"::date as receipt_date, "Amount"::decimal(18, 2) as amount,
                "Currency Code" as currency_code, "Payment Type" as receipt_type,
            from read_csv('{source}', all_varchar = true, header = true)
        ) to '{target}' (format parquet)
        """
    )
    return time.perf_counter() - started


def ours(source: Path, home: Path) -> float:
    """Seconds from a file in the inbox to registered, typed, checked Parquet."""
    settings = Settings.from_environment({"ATTAIN_HOME": str(home)})
    inbox = settings.inbox / "finance" / "receipts"
    inbox.mkdir(parents=True)
    shutil.move(source, inbox / "Customer_Payment.csv")
    os.utime(inbox / "Customer_Payment.csv", (1_700_000_000, 1_700_000_000))
    started = time.perf_counter()
    report = deliveries.ingest_source(settings, "finance")
    seconds = time.perf_counter() - started
    outcomes = [result.outcome for result in report.files]
    if outcomes != ["committed"]:
        raise SystemExit(f"the benchmark's file was not taken in: {report.files}")
    return seconds


def main() -> None:
    """Run the comparison and print it."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROWS
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "receipts.csv"
        write_receipts(source, rows)
        size = source.stat().st_size / 1e6
        plain_seconds = min(plain(source, Path(folder) / "plain.parquet") for _ in range(2))
        our_seconds = ours(source, Path(folder) / "home")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{rows:,} rows, {size:,.0f} MB of CSV\n"
        f"  plain engine  {plain_seconds:6.1f} s  {rows / plain_seconds:12,.0f} rows/s\n"
        f"  attain ingest {our_seconds:6.1f} s  {rows / our_seconds:12,.0f} rows/s\n"
        f"  ratio of time, ours ÷ plain: {our_seconds / plain_seconds:.2f}\n"
        f"  peak memory of the process: {peak:,.0f} MB\n"
    )


if __name__ == "__main__":
    main()
