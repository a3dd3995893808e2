"""How fast credit lines become pay, against one script written by hand and a pandas program, on the same lines.

A year of credit of 5,000 payees on one plan: four marginal bands of a quarterly quota, one line in 33 a refund. Timed
are the engine's own models from the credit lines to the published lines and payouts, built by dbt in process as a run
builds them; against them `pay.sql`, which knows that this plan has no factors, thresholds, caps, draws or holds, and
writes the same table of lines; and a pandas program with the same arithmetic in whole numbers, which writes the
numbers of each line and neither texts nor bands. Both must agree with ours on every line, to the cent: the last
column counts those that don't.

Prints a table of wall and processor seconds, rows per second, ratios to the script, and the peak memory of the measured
process, which is one of its own; then how the seconds grow with the rows. Reported, never asserted: machines differ.
The clocks start in a process that is ready: libraries loaded, the dbt project read. Ours and the script have the same
threads, memory limit and storage settings, the product's.
Usage: python bench/pay.py [rows ...] [--folder scratch]; homes made are kept in the folder and used again.
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
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from attain.settings import Settings

DEFAULT_ROWS = (1_000_000, 10_000_000)
PAYEES = 5_000
LINES_PER_PAYEE = 100  # at least; a small run has fewer payees
REFUND_EVERY = 33
QUOTA_PER_LINE = 3_600  # a deal is of 5,050 on average, so that a quarter goes through all four bands
SCRIPT = Path(__file__).with_name("pay.sql")

# From the credit lines to what is published of them, and nothing that doesn't go by them.
MODELS = "int_component_credit+,+fct_earning_line int_component_credit+,+fct_payout int_contest_line"

PLAN = """\
plan: commission
title: {{en: Commission, zh: 提成}}
versions:
  - version: "2026"
    valid_from: 2026-01-01
    currency: CNY
    assign: [{{role: AE}}]
    quotas:
      - {{kpi: booked_amount, amount: {quota}, per: quarter}}
    components:
      - component: booked
        title: {{en: Commission on what is signed, zh: 签约提成}}
        basis: booked
        quota_kpi: booked_amount
        index: attainment
        accumulate: quarter
        bands:
          - {{from: 0%, to: 50%, rate: 2%}}
          - {{from: 50%, to: 100%, rate: 3%}}
          - {{from: 100%, to: 120%, rate: 5%}}
          - {{from: 120%, rate: 8%}}
"""

# The credit lines as `int_credit_line` holds them: deals won all over the year, and refunds of half of one in 32.
CREDIT_LINES = """
insert into intermediate.int_credit_line by name
with

employees as (

    select employee_id, row_number() over (order by employee_id) - 1 as number
    from intermediate.int_employee
    where not is_house_account

),

deals as (

    select
        i as deal,
        i % {payees} as payee,
        date '2026-01-01' + ((i // {payees} * 7 + i % {payees} * 13) % 365)::integer as deal_date,
        (case when i % 3 = 0 then 'jiandaoyun_crm' else 'zoho_crm' end) as source_system,
        'zcrm_' || (404427000000000000 + i * 7919) as document_id,
        cast((i * 104729 % 990001 + 10000) * 0.01 as decimal(18, 2)) as amount
    from range({rows} - {refunds}) as numbers (i)

),

refunds as (

    select
        *,
        least(deal_date + (5 + deal % 40)::integer, date '2026-12-31') as refund_date
    from deals
    where deal % 32 = 0
    order by deal
    limit {refunds}

),

events as (

    select
        source_system, document_id, payee, 'won' as event_type, document_id as event_id, deal_date as event_date,
        amount as split_amount, false as is_reversal, null as original_event_date, null as original_credit_line_id
    from deals
    union all
    select
        source_system, document_id, payee, 'refund', 'R' || (700000000 + deal), refund_date,
        -cast(amount * 0.5 as decimal(18, 2)), true, deal_date,
        'booked|' || source_system || '|' || document_id || '|won|' || document_id || '|1|1'
    from refunds

)

select
    'booked|' || source_system || '|' || document_id || '|' || event_type || '|' || event_id || '|1|1'
        as credit_line_id,
    original_credit_line_id,
    'standard' as reversal_profile,
    'booked' as basis,
    source_system,
    document_id,
    event_id,
    1 as line_no,
    1 as document_line_no,
    1 as split_no,
    event_type,
    event_date,
    event_date + interval 30 hour as known_at,
    strftime(event_date, '%Y-%m') as period,
    original_event_date,
    case when is_reversal then event_date end as reversed_date,
    employee_id,
    'Owner ' || payee as owner_reference,
    'id' as owner_match,
    'revenue' as credit_role,
    'Customer ' || (payee * 31 % 20011) as customer_id,
    (['Hardware', 'Software', 'Service'])[1 + payee % 3] as product_family,
    'existing' as customer_type,
    'Manufacturing' as segment,
    'CNY' as document_currency_code,
    'CNY' as currency_code,
    split_amount as event_amount,
    1 as split_ratio,
    split_amount,
    split_amount as credited_amount,
    1 as fx_rate,
    is_reversal,
    false as is_held,
    'benchmark' as delivery_id,
    'deals.csv' as file_name,
    1 as row_number
from events
inner join employees on events.payee = employees.number
"""

# What the pandas program reads: amounts and rates in millionths, since it has no decimals of its own.
FOR_PANDAS = {
    "lines": """
        select
            credit_line_id, employee_id, event_date, period, year(event_date) || '-Q' || quarter(event_date) as quarter,
            source_system, document_id, is_reversal, event_id, line_no, split_no, event_type,
            cast(cast(credited_amount as decimal(28, 6)) * 1000000 as bigint) as credited
        from intermediate.int_credit_line
        where basis = 'booked' and credit_role = 'revenue' and reversal_profile = 'standard'
    """,
    "quotas": """
        select
            employee_id, window_code as quarter,
            cast(cast(effective_quota as decimal(28, 6)) * 1000000 as bigint) as quota
        from intermediate.int_window_quota
    """,
    "bands": """
        select
            cast(lower_bound * 1000000 as bigint) as lower_bound,
            cast(upper_bound * 1000000 as bigint) as upper_bound,
            cast(rate * 1000000 as bigint) as rate
        from plan.band
        order by band_no
    """,
}
IN_ORDER = [
    "employee_id", "quarter", "event_date", "source_system", "document_id", "is_reversal", "event_id", "line_no",
    "split_no", "event_type", "credit_line_id",
]  # fmt: skip


# --- what is measured, each in a process of its own


def make(home: Path, rows: int) -> None:
    """A home with the plan, its people and everything that the engine's models read, the credit lines as given."""
    import duckdb

    from attain.control import database
    from attain.ingest import deliveries
    from attain.transform import candidate, dbt

    settings = _settings(home)
    database.upgrade(settings)
    payees = max(min(PAYEES, rows // LINES_PER_PAYEE), 1)
    quota = max(rows // payees // 4, 1) * QUOTA_PER_LINE
    settings.plans_dir.mkdir(parents=True)
    (settings.plans_dir / "commission.yml").write_text(PLAN.format(quota=quota), encoding="utf-8")
    inbox = settings.inbox / "hr/employees"
    inbox.mkdir(parents=True)
    people = "".join(f"E{number:05},Person {number:05},AE,2020-01-01\n" for number in range(payees))
    (inbox / "employees.csv").write_text(f"Employee Id,Full Name,Role,Hire Date\n{people}", encoding="utf-8")
    os.utime(inbox / "employees.csv", (1_700_000_000, 1_700_000_000))
    deliveries.ingest_source(settings, "hr")
    prepared = candidate.prepare(settings)
    for layer in ("staging", "intermediate"):
        dbt.build_layer(settings, layer, prepared.run_id)
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute(CREDIT_LINES.format(rows=rows, payees=payees, refunds=rows // REFUND_EVERY))
        for name, query in FOR_PANDAS.items():
            connection.execute(f"copy ({query}) to '{home / name}.parquet' (format parquet)")


def ours(home: Path) -> dict[str, Any]:
    """The engine's models, built as a run builds them."""
    from attain.transform import candidate, dbt

    settings = _settings(home)
    prepared = candidate.load_candidate(settings)
    dbt.build_selected(settings, "stg_control__run", prepared.run_id)
    with _measured() as measured:
        dbt.build_selected(settings, MODELS, prepared.run_id)
    return measured


def plain(home: Path) -> dict[str, Any]:
    """The script written by hand."""
    import duckdb

    settings = _settings(home)
    path = home / "plain.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        connection.execute("set disabled_compression_methods = 'dictionary'")
        connection.execute(f"set memory_limit = '{settings.memory_limit_gb}GB'")
        connection.execute(f"attach '{settings.warehouse_file}' as home (read_only)")
        with _measured() as measured:
            connection.execute(SCRIPT.read_text(encoding="utf-8"))
    return measured


def pandas(home: Path) -> dict[str, Any]:
    """The same arithmetic in pandas, on whole numbers of 10^-6 and 10^-12."""
    import pandas as pd

    with _measured() as measured:
        lines = pd.read_parquet(home / "lines.parquet")
        lines = lines.merge(pd.read_parquet(home / "quotas.parquet"), on=["employee_id", "quarter"])
        lines = lines.sort_values(IN_ORDER, ignore_index=True)
        lines["after"] = lines.groupby(["employee_id", "quarter"])["credited"].cumsum()
        lines["before"] = lines["after"] - lines["credited"]
        bands = pd.read_parquet(home / "bands.parquet").to_dict("records")
        for total in ("before", "after"):
            lines[f"pay_{total}"] = 0
        for number, band in enumerate(bands):
            for total in ("before", "after"):
                part = lines[total]
                if not pd.isna(band["upper_bound"]):
                    part = part.clip(upper=lines["quota"] * int(band["upper_bound"]) // 1_000_000)
                if number > 0:
                    part = (part - lines["quota"] * int(band["lower_bound"]) // 1_000_000).clip(lower=0)
                lines[f"pay_{total}"] += part * int(band["rate"])
        lines["earned_cents"] = _cents(lines["pay_after"]) - _cents(lines["pay_before"])
        lines.to_parquet(home / "pandas_lines.parquet", index=False)
        months = lines.groupby(["employee_id", "period"], as_index=False)["earned_cents"].sum()
        owed = (-months["earned_cents"]).groupby(months["employee_id"]).cumsum()
        months["closing"] = owed - owed.groupby(months["employee_id"]).cummin().clip(upper=0)
        opening = months.groupby("employee_id")["closing"].shift(fill_value=0)
        months["payable_cents"] = (months["earned_cents"] - opening).clip(lower=0)
        months.to_parquet(home / "pandas_payouts.parquet", index=False)
    return measured


def _cents(pay: Any) -> Any:
    """Whole cents of 10^-12, half away from zero."""
    away = (2 * pay.abs() + 10_000_000_000) // 20_000_000_000
    return away.where(pay >= 0, -away)


def compare(home: Path) -> dict[str, Any]:
    """How many of our lines and payouts the script, and the pandas program, have otherwise, or not at all."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"set temp_directory = '{home}'; set memory_limit = '4GB'")
        connection.execute(f"attach '{_settings(home).warehouse_file}' as home (read_only)")
        connection.execute(f"attach '{home / 'plain.duckdb'}' as plain (read_only)")
        plain_differ = pandas_differ = 0
        for (month,) in connection.execute("select distinct period from home.intermediate.int_credit_line").fetchall():
            written = f"(select * from plain.earning_line where origin_period = '{month}')"
            published = f"(select * from home.incentive.fct_earning_line where origin_period = '{month}')"
            plain_differ += _differ(connection, "*", published, written)
            if (home / "pandas_lines.parquet").exists():
                pandas_differ += _differ(
                    connection,
                    "payee_id, credit_line_id, cumulative_after, earned_amount",
                    published,
                    "(select employee_id as payee_id, credit_line_id, after * 0.000001 as cumulative_after,"
                    " earned_cents * 0.01 as earned_amount"
                    f" from '{home}/pandas_lines.parquet' where period = '{month}')",
                )
        payouts = "payee_id, period, earned_amount, payable_amount"
        plain_differ += _differ(connection, payouts, "home.incentive.fct_payout", "plain.payout")
        ((rows, earned),) = connection.execute(
            "select count(*), sum(earned_amount) from home.incentive.fct_earning_line"
        ).fetchall()
    return {"plain": plain_differ, "pandas": pandas_differ, "lines": rows, "earned": str(earned)}


def _differ(connection: duckdb.DuckDBPyConnection, columns: str, ours: str, theirs: str) -> int:
    """Rows that one of the two relations has and the other lacks, both ways."""
    left, right = (f"(select {columns} from {relation})" for relation in (ours, theirs))
    found = connection.execute(
        f"select count(*) from (({left} except all {right}) union all ({right} except all {left}))"
    ).fetchone()
    return int(found[0]) if found else 0


@contextmanager
def _measured() -> Iterator[dict[str, Any]]:
    measured: dict[str, Any] = {}
    started, used = time.perf_counter(), time.process_time()
    yield measured
    measured["seconds"] = time.perf_counter() - started
    measured["cpu_seconds"] = time.process_time() - used
    status = Path("/proc/self/status")
    high = status.read_text(encoding="ascii").partition("VmHWM:")[2].split() if status.exists() else ["0"]
    measured["peak"] = int(high[0]) / 1024


def _settings(home: Path) -> Settings:
    from attain.settings import Settings

    environment = {"ATTAIN_HOME": str(home), "ATTAIN_PLANS": str(home / "plans"), "ATTAIN_AS_OF": "2026-12-31"}
    return Settings.from_environment(environment)


# --- the run


def _measure(what: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", what, *map(str, arguments)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return answer


def _made(folder: Path, rows: int) -> Path:
    home = folder / f"home_{rows}"
    if not home.exists():
        draft = folder / f"draft_{rows}"
        shutil.rmtree(draft, ignore_errors=True)
        _measure("make", draft, rows)
        draft.rename(home)
    return home


def _line(*cells: str) -> None:
    sys.stdout.write(f"{cells[0]:<38}" + "".join(f"{cell:>12}" for cell in cells[1:]) + "\n")
    sys.stdout.flush()


def _row(name: str, rows: int, measured: Mapping[str, Any], against: Mapping[str, Any], differ: str) -> None:
    _line(
        f"{rows:,} lines, {name}",
        f"{measured['seconds']:.2f}",
        f"{measured['cpu_seconds']:.2f}",
        f"{rows / measured['seconds']:,.0f}",
        f"{measured['seconds'] / against['seconds']:.2f}",
        f"{measured['cpu_seconds'] / against['cpu_seconds']:.2f}",
        f"{measured['peak']:,.0f}",
        differ,
    )


def run(folder: Path, sizes: Sequence[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """Measure at each size and print it; what was measured, and the rows that differ, by size."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    _line("", "wall s", "cpu s", "lines/s", "× script", "× its cpu", "peak MB", "differ")
    for rows in sizes:
        home = _made(folder, rows)
        measured = found[rows] = {name: _measure(name, home) for name in ("plain", "ours", "pandas")}
        measured["differ"] = _measure("compare", home)
        for name, title in (("plain", "script by hand"), ("ours", "attain"), ("pandas", "pandas")):
            differ = "" if name == "ours" else f"{measured['differ'][name]:,}"
            _row(title, rows, measured[name], measured["plain"], differ)
    for fewer, more in pairwise(sizes):
        growth = [found[more][name]["seconds"] / found[fewer][name]["seconds"] for name in ("ours", "plain", "pandas")]
        _line(
            f"{more / fewer:.0f} × the lines takes",
            *(f"{factor:.1f} × {name}" for factor, name in zip(growth, ("attain", "script", "pandas"), strict=True)),
        )
    return found


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description="How fast credit lines become pay, against a script by hand.")
    parser.add_argument("rows", nargs="*", type=int, default=DEFAULT_ROWS)
    parser.add_argument("--folder", type=Path, help="where the homes are made and kept")
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="attain-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run(folder, chosen.rows)
    finally:
        if chosen.folder is None:
            shutil.rmtree(folder)


def _one(what: str, home: str, *arguments: str) -> None:
    answer: dict[str, Any] = {}
    if what == "make":
        make(Path(home), int(arguments[0]))
    else:
        measures = {"ours": ours, "plain": plain, "pandas": pandas, "compare": compare}
        answer = measures[what](Path(home))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    if "--measure" in sys.argv:
        _one(*sys.argv[sys.argv.index("--measure") + 1 :])
    else:
        main()
