"""A tiny candidate, made by hand: the tables of the private warehouse that publishing reads, and a verdict on it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attain.control import database, models
from attain.publish import release
from attain.quality.results import CheckResult, Verdict
from attain.quality.verdict import load_verdict, verdict_file
from attain.settings import Settings
from attain.transform.candidate import Candidate

AS_OF = date(2026, 3, 31)
JANUARY, OCTOBER = date(2026, 1, 1), date(2025, 10, 1)

SHAPES = """
create schema kpi; create schema incentive; create schema appraisal; create schema audit; create schema control;
create schema plan; create schema staging;
create table staging.private (secret varchar);
insert into staging.private values ('never published');
create table control.run (run_id varchar, business_timezone varchar, fx_max_age_days integer, fx_rate_type varchar);
insert into control.run values ('run', 'Asia/Shanghai', 7, 'middle');
create table plan.plan_version (plan_code varchar, version varchar, source_file varchar, file_sha256 varchar);
insert into plan.plan_version values ('direct', '1', 'direct.yml', 'aa'), ('direct', '2', 'direct.yml', 'aa');
create table kpi.dim_employee (employee_id varchar, full_name varchar, team varchar);
create table kpi.dim_customer (customer_id varchar, customer_name varchar);
create table kpi.fct_kpi_employee_period (
    employee_id varchar, kpi_code varchar, period_type varchar, period varchar, currency_code varchar,
    period_start date, period_end date, actual_value decimal(24, 6), target_value decimal(24, 6),
    attainment decimal(18, 6));
create table kpi.dim_kpi (kpi_code varchar, name_en varchar, name_zh varchar);
create table kpi.rpt_gap (
    comparison_id varchar, subject_type varchar, subject_id varchar, employee_id varchar, kpi_code varchar,
    comparison varchar, period_type varchar, period varchar, currency_code varchar, compared_value decimal(24, 6),
    gap_value decimal(24, 6), story_en varchar, story_zh varchar, next_step_en varchar, next_step_zh varchar);
create table incentive.fct_credit_line (
    credit_line_id varchar, customer_id varchar, product_name varchar, file_name varchar,
    row_number bigint);
create table incentive.fct_earning_line (
    earning_line_id varchar, payee_id varchar, plan_code varchar, plan_version varchar,
    component_code varchar, line_type varchar, origin_period varchar, event_date date, credit_line_id varchar,
    source_system varchar, document_id varchar, event_id varchar, currency_code varchar,
    credited_amount decimal(18, 6), cumulative_before decimal(18, 6), cumulative_after decimal(18, 6),
    effective_quota decimal(18, 6), band_parts varchar, effective_rate decimal(18, 6), earned_amount decimal(18, 2),
    is_held boolean, hold_reason varchar, rule_codes varchar);
create table incentive.fct_statement_line (
    statement_line_id varchar, payee_id varchar, period varchar, line_no integer, section varchar, step varchar,
    plan_code varchar, plan_version varchar, component_code varchar, window_code varchar, currency_code varchar,
    text_en varchar, text_zh varchar, line_type varchar, earning_line_id varchar, event_date date, document_id varchar,
    file_name varchar, row_number bigint, rate decimal(18, 6), amount decimal(18, 2), rule_codes varchar,
    is_held boolean, reason varchar, running_total decimal(18, 2));
create table incentive.fct_payout (
    payout_id varchar, payee_id varchar, full_name varchar, plan_code varchar, period varchar,
    currency_code varchar, earned_amount decimal(18, 2), held_amount decimal(18, 2),
    opening_clawback_balance decimal(18, 2), clawback_recovered decimal(18, 2),
    closing_clawback_balance decimal(18, 2), payable_amount decimal(18, 2), status varchar, hold_reason varchar,
    draw_top_up_amount decimal(18, 2), draw_recovered_amount decimal(18, 2), penalty_amount decimal(18, 2));
create table appraisal.fct_appraisal_result (
    employee_id varchar, plan_code varchar, scorecard_code varchar, period varchar, score decimal(18, 6));
create table appraisal.scratch (second varchar, first integer);
create table audit.delivery (
    delivery_id varchar, source_system varchar, feed varchar, file_name varchar, content_sha256 varchar,
    status varchar, rows_in_file bigint, rows_loaded bigint, rows_quarantined bigint, reason varchar);
create table audit.quarantine_row (
    delivery_id varchar, source_system varchar, feed varchar, file_name varchar, row_number bigint,
    column_name varchar, value varchar, reason varchar, remedy varchar, raw_row varchar, state varchar);
create table audit.coverage (
    coverage_id varchar, relation varchar, source_system varchar, outcome varchar, value_met varchar,
    likely_match varchar, row_count bigint, amount decimal(24, 2), currency_code varchar);
insert into audit.coverage values
    ('1', 'deal→product', 'zoho_crm', 'unknown', 'GTXPro', 'GTX Pro', 7, 10.00, 'CNY'),
    ('2', 'deal→product', 'zoho_crm', 'unknown', 'GTXPro', 'GTX Pro', 5, 10.00, 'USD'),
    ('3', 'deal→customer', 'zoho_crm', 'blank', '', null, 3, 0.00, 'CNY'),
    ('4', 'deal→customer', 'zoho_crm', 'matched', '', null, 90, 0.00, 'CNY');
create table audit.hold (
    hold_id varchar, scope varchar, subject_id varchar, payee_id varchar, reason varchar, remedy varchar,
    amount decimal(18, 2), currency_code varchar, file_name varchar, row_number bigint);
"""

# A name that a spreadsheet would take for a formula, a markup, and Chinese.
PEOPLE = [
    ("E1", "王小明", "华东"),
    ("E2", '=HYPERLINK("http://example.invalid","pay me")', "North"),
    ("E3", "<script>alert(1)</script>", "North"),
    ("E4", "+86 138", "@team"),
]
CUSTOMERS = [("C1", "-1+2 Trading"), ("C2", "北京智云科技有限公司")]

PAYOUTS = [
    # id, payee, period, currency, earned, held, opening, recovered, closing, payable, status, reason
    ("P1", "E1", "2026-02", "CNY", "12345.67", "0.00", "0.00", "0.00", "0.00", "12345.67", "payable", None),
    ("P2", "E2", "2026-02", "CNY", "-500.10", "0.00", "0.00", "0.00", "500.10", "0.00", "negative", None),
    ("P3", "E3", "2026-02", "USD", "0.00", "0.00", "0.00", "0.00", "0.00", "0.00", "nothing_due", None),
    ("P4", "E1", "2026-03", "CNY", "0.10", "0.00", "0.00", "0.00", "0.00", "0.10", "payable", None),
    ("P5", "E2", "2026-03", "CNY", "800.30", "0.00", "500.10", "500.10", "0.00", "300.20", "payable", None),
    ("P6", "E3", "2026-03", "USD", "99.99", "99.99", "0.00", "0.00", "0.00", "0.00", "held", "owner unknown"),
    # A draw of 1,500 comes on top, a penalty of 500 off.
    ("P7", "E4", "2026-03", "JPY", "11000.00", "0.00", "0.00", "0.00", "0.00", "12000.00", "payable", None),
]

# Draw top-up, draw recovered, penalty.
ADJUSTED = {"P7": (1500, 0, 500)}

BAND_PARTS = json.dumps(
    [
        {"band": 1, "from": "0.000000", "to": "80000.000000", "rate": "0.030000", "amount": "1000.500000"},
        {"band": 2, "from": "80000.000000", "to": None, "rate": "0.055000", "amount": "2000.000000"},
    ]
)

CHECKS = [
    CheckResult(
        "unique", "dbt", "critical", "table", "passed", 0, "finance", "paid twice", "ask", "incentive.fct_payout"
    ),
    CheckResult("blank", "dbt", "warning", "rows", "failed", 3, "sales", "no customer", "fill in", "kpi.dim_customer"),
    CheckResult("range", "expectation", "info", "table", "failed", 1, "sales", "odd", "look", "kpi.dim_employee"),
    CheckResult("to the cent", "reference", "critical", "table", "passed", 0, "finance", "wrong pay", "ask", "pay"),
]


@dataclasses.dataclass(frozen=True)
class Made:
    """A candidate made by hand, and the verdict on it."""

    candidate: Candidate
    verdict: Verdict


MakeCandidate = Callable[..., Made]


@pytest.fixture(scope="session")
def empty_control_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A control database with its tables and nothing in them: copying one is quicker than upgrading from nothing."""
    settings = Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("control"))})
    database.upgrade(settings)
    database.engine(settings).dispose()
    return settings.home / "control.db"


@pytest.fixture(scope="session")
def make_candidate(empty_control_database: Path) -> MakeCandidate:
    return partial(make, empty_control_database)


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory, make_candidate: MakeCandidate) -> Path:
    """A home with one release; tests only read it."""
    settings = Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("published"))})
    make_candidate(settings)
    release.publish(settings)
    database.engine(settings).dispose()
    return settings.home


@pytest.fixture(scope="session")
def folder(published_home: Path) -> Path:
    """The folder of a release; tests only read it."""
    return (published_home / "releases" / "current").resolve()


@pytest.fixture
def published(settings: Settings, published_home: Path) -> Settings:
    """A home of its own in which the first candidate is published."""
    shutil.copytree(published_home, settings.home, symlinks=True, dirs_exist_ok=True)
    return settings


def make(
    empty_control_database: Path,
    settings: Settings,
    *,
    of: str = "first",
    payouts: list[tuple[Any, ...]] | None = None,
    refusals: tuple[str, ...] = (),
) -> Made:
    """Put a candidate and its verdict into a home.

    Args:
        of: names the inputs; another name is another delivery, fingerprint and release.
        payouts: rows of the payout table instead of the usual ones.
        refusals: why the gate refuses it; empty for a pass.
    """
    fingerprint = hashlib.sha256(of.encode()).hexdigest()
    delivery_id = f"delivery-{of}"
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    if not (settings.home / "control.db").exists():
        shutil.copy(empty_control_database, settings.home / "control.db")
    _deliver(settings, delivery_id)
    settings.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(settings.warehouse_file)) as warehouse:
        warehouse.execute(SHAPES)
        for table, rows in _rows(delivery_id, PAYOUTS if payouts is None else payouts).items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                # Backwards: the order in the warehouse must not show in what is published.
                warehouse.executemany(f"insert into {table} values ({marks})", rows[::-1])
    candidate = Candidate(
        run_id=fingerprint[:12],
        fingerprint=fingerprint,
        release_id=f"{AS_OF:%Y%m%d}-{fingerprint[:12]}",
        as_of_date=AS_OF,
        code_version="1.2.3",
        delivery_ids=[delivery_id],
        is_new=True,
    )
    stored = json.dumps(dataclasses.asdict(candidate), default=str)
    (settings.warehouse / "candidate.json").write_text(stored, encoding="utf-8")
    file = settings.warehouse_file.stat()
    verdict = Verdict(
        run_id=candidate.run_id,
        release_id=candidate.release_id,
        fingerprint=fingerprint,
        warehouse_stamp=f"{file.st_size}-{file.st_mtime_ns}",
        is_refused=bool(refusals),
        refusals=list(refusals),
        results=CHECKS,
        max_held_exposure="0.05",
    )
    verdict_file(settings).write_text(json.dumps(dataclasses.asdict(verdict)), encoding="utf-8")
    assert load_verdict(settings, candidate.run_id) == verdict
    return Made(candidate, verdict)


def _rows(delivery_id: str, payouts: list[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    names = {payee: name for payee, name, _ in PEOPLE}
    return {
        "kpi.dim_employee": list(PEOPLE),
        "kpi.dim_customer": list(CUSTOMERS),
        "kpi.fct_kpi_employee_period": [
            ("E1", "collected_amount", "quarter", "2026-Q1", "CNY", JANUARY, AS_OF, "120", "100", "1.2"),
            ("E2", "collected_amount", "quarter", "2026-Q1", "CNY", JANUARY, AS_OF, "50", "100", "0.5"),
            (
                "E3",
                "collected_amount",
                "quarter",
                "2025-Q4",
                "CNY",
                date(2025, 10, 1),
                date(2025, 12, 31),
                "9",
                "1",
                "9",
            ),
        ],
        "kpi.dim_kpi": [("collected_amount", "Collected", "回款")],
        "kpi.rpt_gap": [
            (
                *(f"{kind}|{who}|{comparison}|{period}", kind, who, who if kind == "employee" else None),
                *("collected_amount", comparison, "quarter", period, "CNY", asked, gap),
                *(f"story of {who} {comparison} {period}", f"{who} 的原因", f"what {who} does next", f"{who} 的下一步"),
            )
            for kind, who, comparison, period, asked, gap in (
                ("employee", "E2", "target", "2026-Q1", 100, -50),
                ("employee", "E3", "target", "2026-Q1", 10, -9),
                ("employee", "E1", "target", "2026-Q1", 100, 20),
                ("employee", "E4", "team", "2026-Q1", 100, -90),
                ("employee", "E4", "target", "2025-Q4", 100, -90),
                ("team", "North", "target", "2026-Q1", 1000, -10),
            )
        ],
        "incentive.fct_credit_line": [("CL1", "C1", "GTX Pro", "收款.csv", 17), ("CL2", "C2", "@sum", "a.csv", 2)],
        "incentive.fct_earning_line": [
            (
                f"L{number}",
                *("E1", "direct", "2", "commission", "earning", period, date(2026, 3, 5), credit, "finance"),
                *("+D-1", "EV1", "CNY", "3000.5", "79000", "82000.5", "100000", BAND_PARTS, "0.046667", amount),
                *(held, "late" if held else None, "I2"),
            )
            for number, period, credit, amount, held in (
                (1, "2026-03", "CL1", "140.02", False),
                (2, "2026-02", "CL2", "0.01", True),
                (3, "2025-12", "CL1", "5.00", False),
                (4, "2025-11", "CL1", "6.00", False),
            )
        ],
        "incentive.fct_statement_line": [
            (
                *(f"{payee}|2026-03|{number}", payee, "2026-03", number, section, step),
                *("direct", version, component, window, "CNY", text, "提成", kind, line, None, "+D-1", file, row, None),
                *(amount, "T3", held, "late <b>" if held else None, total),
            )
            for payee in ("E1", "E3", "../e 5")
            for number, section, step, version, component, window, text, kind, line, file, row, amount, held, total in (
                (
                    1,
                    "line",
                    "line",
                    "2",
                    "commission",
                    "2026-03",
                    "<i>3 %</i>",
                    "earning",
                    "L1",
                    "=a.csv",
                    17,
                    "140.02",
                    True,
                    "140.02",
                ),
                (2, "payable", "earned", None, None, None, "Earned", None, None, None, None, "140.02", False, "140.02"),
                (3, "hold", "held_lines", None, None, None, "Held", None, None, None, None, "-140.02", True, "0.00"),
                (4, "payable", "payable", None, None, None, "Payable", None, None, None, None, "0.00", False, "0.00"),
            )
        ],
        "incentive.fct_payout": [
            (row[0], row[1], names[row[1]], "direct", *row[2:], *ADJUSTED.get(row[0], (0, 0, 0))) for row in payouts
        ],
        "appraisal.fct_appraisal_result": [
            ("E1", "direct", "card", "2026-Q1", "1.1"),
            ("E1", "direct", "card", "2025-Q4", None),
        ],
        "appraisal.scratch": [("a", 2), ("a", 1), ("A", 3)],
        "audit.delivery": [
            (delivery_id, "finance", "receipts", "收款.csv", "f" * 64, "committed", 12, 10, 1, None),
            ("bad", "finance", "receipts", "broken.csv", "e" * 64, "rejected", 3, 0, 0, "no column 'amount'"),
        ],
        "audit.quarantine_row": [
            (
                delivery_id,
                "finance",
                "receipts",
                "收款.csv",
                9,
                "amount",
                "=1+1",
                "not a number",
                "mend it",
                "{}",
                "open",
            )
        ],
        "audit.hold": [
            ("H1", "document", "D-9", "E3", "owner unknown", "map the owner", "99.99", "USD", "收款.csv", 4),
            ("H2", "payee", "E2", "E2", "negative base", "=ask finance", None, None, None, None),
        ],
    }


def _deliver(settings: Settings, delivery_id: str) -> None:
    moment = datetime(2026, 4, 1, 8, 0)
    with database.session(settings) as session:
        if session.get(models.Delivery, delivery_id) is not None:
            return
        arrival = models.Arrival(
            source_system="finance",
            file_name="收款.csv",
            content_sha256="f" * 64,
            byte_size=100,
            received_at=moment,
            outcome="committed",
        )
        session.add(arrival)
        session.flush()
        session.add(
            models.Delivery(
                delivery_id=delivery_id,
                sequence=arrival.arrival_id,
                arrival_id=arrival.arrival_id,
                source_system="finance",
                source="finance",
                feed="receipts",
                file_name="收款.csv",
                content_sha256="f" * 64,
                file_format="csv",
                contract_sha256="c" * 64,
                status="committed",
                received_at=moment,
                rows_in_file=12,
                rows_loaded=10,
                rows_quarantined=1,
                rows_declared_totals=1,
                extra_columns=[],
            )
        )
