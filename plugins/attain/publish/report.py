"""The page of a release: `report.html`, one file that needs nothing else, for whoever wants to know what was published.

It is made from the Parquet files of the release it lies in. All data are escaped by the template engine.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from attain.money import minor_unit
from attain.publish import tables

MONTHS = 12
"""How many months the charts and the table of payouts show."""

EXAMPLES = 12
"""How many reasons, files and people are shown of each kind; the rest is counted and named by table."""

_CHART_HEIGHT = 150.0
_CHART_STEP = 56.0
_CHART_TOP = 22.0


@dataclass(frozen=True)
class Bar:
    """One month of a chart, in its drawing units; `label` is the exact amount, `short` fits above the bar."""

    period: str
    label: str
    short: str
    x: float
    y: float
    height: float
    is_negative: bool


@dataclass(frozen=True)
class Chart:
    """Payable money of one currency by month; one with nothing to pay has none. `zero` is where the amount 0 lies."""

    currency_code: str
    width: float
    height: float
    zero: float
    bars: list[Bar]


def write(folder: Path) -> Path:
    """Write `report.html` into the folder of a release from the Parquet files below it.

    Raises:
        duckdb.Error: a table or column that the page shows is not among the Parquet files.
    """
    with tables.connect(folder) as engine:
        text = _page().render(_content(engine))
    target = folder / "report.html"
    target.write_text(text, encoding="utf-8")
    return target


@functools.cache
def _page() -> jinja2.Template:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(money=money, number=_number, ratio=_ratio)
    return pages.get_template("report.html.j2")


def money(amount: Decimal, currency_code: str) -> str:
    """An amount as people write it, with the decimals of its currency: 1,234.50; −7 for JPY."""
    return f"{amount:,.{minor_unit(currency_code)}f}".replace("-", "−")


def _content(engine: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    def ask(sql: str, *parameters: Any) -> list[dict[str, Any]]:
        return tables.rows(engine, sql, *parameters)

    release = ask("SELECT * FROM audit.release")[0]
    months = [
        row["period"]
        for row in ask("SELECT DISTINCT period FROM incentive.fct_payout ORDER BY period DESC LIMIT ?", MONTHS)
    ]
    by_month = ask(
        """SELECT period, currency_code, count(DISTINCT payee_id) AS payees, sum(earned_amount) AS earned_amount,
                  sum(draw_top_up_amount - draw_recovered_amount - penalty_amount) AS adjusted_amount,
                  sum(held_amount) AS held_amount,
                  sum(closing_clawback_balance - opening_clawback_balance) AS carried_amount,
                  sum(payable_amount) AS payable_amount
           FROM incentive.fct_payout WHERE list_contains(?, period)
           GROUP BY ALL ORDER BY period DESC, currency_code""",
        months,
    )
    views = ask("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL")
    return {
        "release": release,
        "examples": EXAMPLES,
        "latest_month": months[0] if months else None,
        "months": len(months),
        "by_month": by_month,
        "to_date": ask(
            """SELECT currency_code, sum(payable_amount) AS payable_amount, sum(held_amount) AS held_amount
               FROM incentive.fct_payout GROUP BY ALL ORDER BY currency_code"""
        ),
        "charts": _charts(by_month, sorted(months)),
        "attainment": _attainment(engine, release),
        "gaps": _gaps(engine, release),
        "inputs": ask(
            """SELECT source_system, feed, count(*) AS files, sum(rows_in_file)::BIGINT AS rows_in_file,
                      sum(rows_loaded)::BIGINT AS rows_loaded, sum(rows_quarantined)::BIGINT AS rows_quarantined,
                      sum(rows_in_file - rows_loaded - rows_quarantined)::BIGINT AS rows_left_out
               FROM audit.delivery WHERE status = 'committed' GROUP BY ALL ORDER BY ALL"""
        ),
        "rejected": ask(
            """SELECT source_system, file_name, status, reason FROM audit.delivery WHERE status <> 'committed'
               ORDER BY source_system, file_name, delivery_id LIMIT ?""",
            EXAMPLES,
        ),
        "quarantined_rows": ask("SELECT count(*) AS n FROM audit.quarantine_row WHERE state = 'open'")[0]["n"],
        "quarantine_reasons": ask(
            """SELECT reason, count(*) AS n, count(DISTINCT file_name) AS files, min(remedy) AS remedy,
                      first({'file': file_name, 'row': row_number, 'value': value}
                            ORDER BY file_name, row_number, column_name) AS example
               FROM audit.quarantine_row WHERE state = 'open' GROUP BY reason ORDER BY n DESC, reason LIMIT ?""",
            EXAMPLES,
        ),
        "held": ask("SELECT count(*) AS n FROM audit.hold")[0]["n"],
        "hold_reasons": ask(
            """SELECT scope, reason, coalesce(currency_code, '') AS currency_code, count(*) AS n,
                      count(DISTINCT payee_id) AS payees, sum(amount) AS amount, min(remedy) AS remedy
               FROM audit.hold GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2, 3 LIMIT ?""",
            EXAMPLES,
        ),
        "gate": ask(
            """SELECT severity, count(*) AS run, count(*) FILTER (outcome = 'passed') AS passed,
                      count(*) FILTER (outcome = 'failed') AS failed, count(*) FILTER (outcome = 'errored') AS errored
               FROM audit.gate_result GROUP BY severity
               ORDER BY list_position(['critical', 'warning', 'info'], severity)"""
        ),
        "not_passed": ask(
            """SELECT * FROM audit.gate_result WHERE outcome <> 'passed'
               ORDER BY list_position(['critical', 'warning', 'info'], severity), table_name, check_id"""
        ),
        "tables": [
            {"name": name, "rows": ask(f"SELECT count(*) AS n FROM {name}")[0]["n"]}
            for name in (f"{row['schema_name']}.{row['view_name']}" for row in views)
        ],
    }


def _attainment(engine: duckdb.DuckDBPyConnection, release: dict[str, Any]) -> dict[str, Any] | None:
    """Who collected most and least of their target in the last quarter that is over; None when nobody had a target."""
    found = tables.rows(
        engine,
        """SELECT fact.period, fact.employee_id, person.full_name, person.team, fact.currency_code,
                  fact.actual_value, fact.target_value, fact.attainment
           FROM kpi.fct_kpi_employee_period AS fact
           LEFT JOIN kpi.dim_employee AS person USING (employee_id)
           WHERE fact.kpi_code = 'collected_amount' AND fact.period_type = 'quarter' AND fact.attainment IS NOT NULL
             AND fact.period_end <= ?
           QUALIFY fact.period = max(fact.period) OVER ()
           ORDER BY fact.attainment DESC, fact.employee_id, fact.currency_code""",
        release["as_of_date"],
    )
    if not found:
        return None
    shown = max(1, min(EXAMPLES // 2, len(found) // 2))
    return {
        "period": found[0]["period"],
        "people": len(found),
        "reached": sum(1 for row in found if row["attainment"] >= 1),
        "top": found[:shown],
        "bottom": found[-shown:] if len(found) > 1 else [],
    }


def _gaps(engine: duckdb.DuckDBPyConnection, release: dict[str, Any]) -> list[dict[str, Any]]:
    """Teams, then people, who missed a target of the last quarter that is over; the widest gap for its target first."""
    return tables.rows(
        engine,
        """SELECT gap.period, gap.subject_type, coalesce(person.full_name, gap.subject_id) AS who, gap.currency_code,
                  kpi.name_en, kpi.name_zh, gap.compared_value, gap.gap_value, gap.story_en, gap.story_zh,
                  gap.next_step_en, gap.next_step_zh
           FROM kpi.rpt_gap AS gap
           INNER JOIN kpi.dim_kpi AS kpi USING (kpi_code)
           LEFT JOIN kpi.dim_employee AS person USING (employee_id)
           WHERE gap.comparison = 'target' AND gap.period_type = 'quarter' AND gap.gap_value < 0
             AND gap.period IN (
                 SELECT max(period) FROM kpi.fct_kpi_employee_period WHERE period_type = 'quarter' AND period_end <= ?)
           ORDER BY gap.subject_type = 'team' DESC, gap.gap_value / nullif(gap.compared_value, 0), gap.comparison_id
           LIMIT ?""",
        release["as_of_date"],
        EXAMPLES,
    )


def _charts(by_month: Sequence[dict[str, Any]], months: Sequence[str]) -> list[Chart]:
    charts = []
    for currency in sorted({row["currency_code"] for row in by_month}):
        amounts = {row["period"]: row["payable_amount"] for row in by_month if row["currency_code"] == currency}
        if not any(amounts.values()):
            continue
        highest = max(*amounts.values(), Decimal(0))
        lowest = min(*amounts.values(), Decimal(0))
        span = float(highest - lowest)
        zero = _CHART_TOP + _CHART_HEIGHT * float(highest) / span
        bars = []
        for place, period in enumerate(months):
            amount = amounts.get(period, Decimal(0))
            height = _CHART_HEIGHT * abs(float(amount)) / span
            bars.append(
                Bar(
                    period=period,
                    label=f"{money(amount, currency)} {currency}",
                    short=_short(amount),
                    x=round(place * _CHART_STEP, 2),
                    y=round(zero if amount < 0 else zero - height, 2),
                    height=round(height, 2),
                    is_negative=amount < 0,
                )
            )
        charts.append(Chart(currency, len(months) * _CHART_STEP, _CHART_TOP + _CHART_HEIGHT + 24, round(zero, 2), bars))
    return charts


def _short(amount: Decimal) -> str:
    """About an amount, in three digits: 1.23M, 45.6k, 789."""
    size = abs(float(amount))
    if not size:
        return "0"
    for factor, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= factor:
            scaled = float(amount) / factor
            return f"{scaled:.{max(0, 2 - int(math.log10(abs(scaled))))}f}{unit}".replace("-", "−")
    return f"{amount:.0f}".replace("-", "−")


def _number(value: int) -> str:
    return f"{value:,}"


def _ratio(value: Decimal) -> str:
    return f"{value * 100:,.1f} %"
