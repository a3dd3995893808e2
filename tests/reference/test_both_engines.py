"""The two pay engines against each other, over a generated company that meets most of what the rules speak of.

If this fails, the gate refuses every release; if it could not fail, the gate would let the wrong cent through.
"""

from __future__ import annotations

import dataclasses
import os
import random
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attain.plans.reading import read_plan
from attain.plans.shapes import SHAPES
from attain.publish import tables
from attain.quality import checks
from attain.reference import engine
from attain.reference.calculation import Results
from attain.settings import PROJECT_ROOT, Settings
from attain.statement.verify import first_fault, verify
from attain.transform import candidate, dbt
from tests.reference import generator
from tests.transform.landing import land, make_table

EXTRACTED = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
AS_OF = date(2026, 6, 30)
HANDED_OVER = date(2025, 10, 20)
VERSION = """\
  - version: "{version}"
    valid_from: {start}
{end}    currency: {currency}
    assign:
      - {{{assign}}}
    ramp: [{ramp}]
    components:
      - component: first
        title: {{en: First, zh: 一}}
        basis: {basis}
        quota_kpi: {basis}_amount
        index: attainment
        accumulate: {window}
        bands:
          - {{from: 0%, to: 33.3333%, rate: {low}%}}
          - {{from: 33.3333%, to: 80%, rate: 4.123%}}
          - {{from: 80%, rate: 8%}}
      - component: second
        title: {{en: Second, zh: 二}}
        basis: {other}
        index: amount
        accumulate: {other_window}
        bands:
          - {{from: 0, to: 3000.01, rate: 0.7%}}
          - {{from: 3000.01, rate: 1.3%}}
    scorecards:
      - scorecard: review
        title: {{en: Review, zh: 考核}}
        frequency: quarter
        missing_data: {missing}
        bonus_base: {bonus}
        kpis:
          - {{kpi: {basis}_amount, weight: 0.6, cap: 1.2}}
          - {{kpi: win_rate, weight: 0.4, cap: 1.5}}
        grades:
          - {{grade: A, from: 0.8, coefficient: 1.5}}
          - {{grade: B, from: 0.3, coefficient: 0.75}}
          - {{grade: C, from: 0, coefficient: 0.1}}
"""
ONE = {
    "version": "1", "start": "2025-01-01", "end": "    valid_to: 2026-02-14\n", "currency": "CNY",
    "assign": "role: AE", "ramp": "25%, 62.5%", "basis": "collected", "window": "quarter", "low": "2.5",
    "other": "booked", "other_window": "deal", "missing": "reweight", "bonus": "5000.01",
}  # fmt: skip
TWO = {**ONE, "version": "2", "start": "2026-02-15", "end": "", "low": "3", "other_window": "year", "missing": "zero"}
YEN = {
    **ONE, "start": "2025-03-10", "end": "", "currency": "JPY", "assign": "role: Agent, team: Tokyo", "basis": "booked",
    "window": "month", "other": "invoiced", "other_window": "month", "missing": "hold", "bonus": "90001",
}  # fmt: skip


def write_plans(folder: Path) -> None:
    folder.mkdir(parents=True)
    for code, versions in {"domestic": (ONE, TWO), "tokyo": (YEN,)}.items():
        head = f"plan: {code}\ntitle: {{en: {code}, zh: 方案}}\nversions:\n"
        (folder / f"{code}.yml").write_text(head + "".join(VERSION.format(**item) for item in versions), "utf-8")


def deliver(settings: Settings) -> None:
    """A year and a half of twelve people: joiners, leavers, team changes, splits, currencies, refunds, bad rates."""
    chance = random.Random(20260701)

    def day(first: date = date(2025, 1, 1), last: date = AS_OF) -> date:
        return first + timedelta(days=chance.randrange((last - first).days + 1))

    def amount(most: int = 30000, currency: str = "CNY") -> str:
        return str(Decimal(chance.randrange(1, most * 100)) / (1 if currency == "JPY" else 100))

    people: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    for number in range(1, 13):
        role = "Agent" if number > 8 else "AE"
        hired = day(date(2024, 11, 1), date(2026, 3, 1))
        left = hired + timedelta(days=chance.randrange(60, 500)) if number % 4 == 0 else None
        person = {"employee_id": f"E{number}", "full_name": f"Person {number}", "role": role}
        people.append({**person, "hire_date": hired, "leave_date": left, "crm_user_id": f"u{number}"})
        moved = day(date(2025, 6, 1), date(2026, 3, 1))
        lines.append({"employee_id": f"E{number}", "team": "Tokyo", "valid_from": hired})
        if number % 3 == 0 and moved > hired:
            lines[-1]["valid_to"] = moved
            lines.append({"employee_id": f"E{number}", "team": "Osaka", "valid_from": moved + timedelta(days=1)})
        currency, kpi = ("JPY", "booked_amount") if role == "Agent" else ("CNY", "collected_amount")
        for month in range(18):
            if chance.random() < 0.85:
                period = f"{2025 + month // 12}-{month % 12 + 1:02d}"
                target = {"employee_id": f"E{number}", "period": period, "currency_code": currency}
                value = amount(400000 if currency == "JPY" else 12000, currency)
                targets.append({**target, "kpi_code": kpi, "target_value": value})
                targets.append({**target, "kpi_code": "win_rate", "target_value": "0.6", "currency_code": None})
    deals: list[dict[str, Any]] = []
    invoices: list[dict[str, Any]] = []
    receipts: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    losses: list[dict[str, Any]] = []
    for number in range(220):
        currency = chance.choice(["CNY", "CNY", "CNY", "USD", "JPY", "EUR", "GBP"])
        closed = day()
        deal = {
            "deal_id": f"D{number}", "stage": "Closed Won" if chance.random() < 0.8 else "Closed Lost",
            "owner_id": f"u{chance.randrange(1, 14)}", "amount": amount(30000, currency), "currency_code": currency,
            "closing_date": closed, "deal_name": f"Deal {number}", "modified_at": datetime(2026, 6, 30, 1),
        }  # fmt: skip
        if number % 3 == 0:
            share = chance.randrange(1, 10000)
            first, second = f"Person {chance.randrange(1, 13)}", f"Person {chance.randrange(1, 14)}"
            rest = 10000 - share if number % 27 else 9000 - share
            deal |= {"split_owner_1": first, "split_percent_1": str(Decimal(share) / 100)}
            deal |= {"split_owner_2": second, "split_percent_2": str(Decimal(rest) / 100)}
        deals.append(deal)
        for part in range(chance.randrange(3)):
            billed = min(closed + timedelta(days=chance.randrange(60)), AS_OF)
            invoice = {"invoice_no": f"I{number}-{part}", "document_no": f"D{number}", "currency_code": currency}
            invoices.append({**invoice, "invoice_date": billed, "amount": amount(15000, currency)})
            named = {"invoice_no": f"I{number}-{part}", "currency_code": currency}
            for paid in range(chance.randrange(3)):
                came = min(billed + timedelta(days=chance.randrange(90)), AS_OF)
                receipt = {**named, "receipt_no": f"R{number}-{part}-{paid}", "receipt_date": came}
                receipts.append({**receipt, "amount": amount(9000, currency), "receipt_type": "receipt"})
                if chance.random() < 0.25:
                    receipt |= {"receipt_no": f"F{number}-{part}-{paid}", "receipt_type": "refund"}
                    back = min(came + timedelta(days=chance.randrange(60)), AS_OF)
                    receipts.append({**receipt, "receipt_date": back, "amount": "-" + amount(9000, currency)})
            if chance.random() < 0.1:
                note = {**named, "credit_note_no": f"C{number}-{part}", "credit_note_date": min(billed, AS_OF)}
                notes.append({**note, "amount": amount(5000, currency)})
            if chance.random() < 0.1:
                losses.append(
                    {
                        **named,
                        "write_off_no": f"W{number}-{part}",
                        "write_off_date": AS_OF,
                        "amount": amount(5000, currency),
                    }
                )
    # An account that HR knows by its e-mail until the file of identities gives it to somebody else.
    people[0]["email"] = "desk@x.example"
    users = [{"user_id": "u30", "full_name": "Desk", "email": "desk@x.example"}]
    for number in range(12):
        deals.append(
            {
                "deal_id": f"H{number}", "stage": "Closed Won", "amount": f"{4000 + number}.05", "currency_code": "CNY",
                "owner_id": "u30" if number % 2 else None, "owner_name": "Desk", "deal_name": f"Handed over {number}",
                "closing_date": HANDED_OVER + timedelta(days=number - 6), "modified_at": datetime(2026, 6, 30, 1),
            }
        )  # fmt: skip
    # Three of one name: two are told apart by their accounts, the third account is nobody's that HR knows.
    for number in (20, 21):
        twin = {"employee_id": f"E{number}", "full_name": "张伟", "role": "AE", "hire_date": date(2024, 11, 1)}
        people.append({**twin, "member_username": f"m{number}"})
    members = [{"username": f"m{number}", "full_name": "张伟"} for number in (20, 21, 22)]
    contracts = [
        {
            "contract_no": f"K{number}", "owner_username": f"M{20 + number % 3}", "owner_name": "张伟",
            "amount": f"{1000 + number * 37}.05", "currency_code": "CNY", "flow_status": "approved",
            "signed_date": date(2025, 1, 10) + timedelta(days=number * 9), "modified_at": datetime(2026, 6, 30, 1),
        }
        for number in range(36)
    ]  # fmt: skip
    contract_lines = [
        {"contract_no": f"K{number}", "product_name": f"Product {place}", "amount": f"{100 + 31 * number * place}.07"}
        for number in range(0, 36, 2)
        for place in (1, 2, 3)
    ]
    rates: list[dict[str, Any]] = []
    for offset in range(0, 545, 5):
        quoted = date(2025, 1, 1) + timedelta(days=offset)
        if not 300 <= offset <= 335:  # a month nobody quoted: what falls into it is held
            for source, unit, middle in (("USD", 1, 7.1), ("JPY", 100, 4.8), ("EUR", 1, 7.9)):
                rate = f"{middle + chance.random() / 10:.6f}"
                fixed = {"rate_date": quoted, "to_currency": "CNY", "rate_type": "middle"}
                rates.append({**fixed, "from_currency": source, "unit": str(unit), "rate": rate})
    as_told: dict[tuple[str, str], list[dict[str, Any]]] = {
        ("hr", "employees"): people,
        ("hr", "reporting_lines"): lines,
        ("hr", "targets"): targets,
        ("zoho_crm", "users"): users,
        ("zoho_crm", "deals"): deals,
        ("jiandaoyun_crm", "members"): members,
        ("jiandaoyun_crm", "contracts"): contracts,
        ("jiandaoyun_crm", "contract_lines"): contract_lines,
        ("finance", "invoices"): invoices,
        ("finance", "receipts"): receipts,
        ("finance", "credit_notes"): notes,
        ("finance", "write_offs"): losses,
        ("finance", "fx_rates"): rates,
    }
    for (source, feed), rows in as_told.items():
        land(settings, source, feed, rows, extracted_at=EXTRACTED, horizon=AS_OF)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse built from the generated company by dbt."""
    home = tmp_path_factory.mktemp("both_engines")
    write_plans(home / "plans")
    settings = dataclasses.replace(
        Settings.from_environment({"ATTAIN_HOME": str(home)}),
        plans_dir=home / "plans",
        identities_dir=home / "identities",
        as_of=AS_OF,
    )
    settings.identities_dir.mkdir()
    (settings.identities_dir / "people.csv").write_text(
        f"source_system,reference,employee_id,valid_from\nzoho_crm,u30,E2,{HANDED_OVER}\n", encoding="utf-8"
    )
    deliver(settings)
    run_id = candidate.prepare(settings).run_id
    for layer in ("staging", "intermediate", "marts"):
        dbt.build_layer(settings, layer, run_id)
    return settings.warehouse_file


@pytest.fixture
def connection(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, for one test to spoil: whatever it changes is rolled back."""
    with duckdb.connect(str(warehouse)) as opened:
        opened.begin()
        yield opened
        opened.rollback()


@pytest.fixture(scope="module")
def results(warehouse: Path) -> Results:
    with duckdb.connect(str(warehouse), read_only=True) as opened:
        return engine.compute(engine.load_inputs(opened))


def test_the_engines_agree_to_the_cent(connection: duckdb.DuckDBPyConnection, results: Results) -> None:
    assert engine.compare(results, connection) == []


def test_a_line_is_compared_by_its_key_even_where_the_payout_agrees(
    connection: duckdb.DuckDBPyConnection, results: Results
) -> None:
    by_payout = defaultdict(list)
    for line in results.earning_lines:
        if line.earned_amount and not line.hold_reason:
            by_payout[(line.payee_id, line.plan_code, line.period)].append(line)
    first, second = next(lines for lines in by_payout.values() if len(lines) > 1)[:2]
    make_table(connection, "incentive.fct_earning_line")
    for line, change in ((first, 1), (second, -1)):
        connection.execute(
            "update incentive.fct_earning_line set earned_amount = earned_amount + ? where earning_line_id = ?",
            [change, line.earning_line_id],
        )
    [found] = engine.compare(results, connection)
    assert (found.measure, found.difference) == ("earning_line", 1)
    assert found.first_differing_line == (
        f"{first.earning_line_id}: {first.earned_amount + 1} by SQL, {first.earned_amount} by the reference engine"
    )


def test_a_balance_is_compared_step_by_step(connection: duckdb.DuckDBPyConnection, results: Results) -> None:
    owing = next(item for item in results.payouts if item.clawback_recovered > 0)
    connection.execute(
        "update incentive.fct_balance set added_amount = added_amount + 1"
        " where payee_id = ? and plan_code = ? and period = ? and balance_type = 'clawback'",
        [owing.payee_id, owing.plan_code, owing.period],
    )
    [found] = engine.compare(results, connection)
    assert (found.measure, found.difference) == ("clawback: added_amount", 1)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("score", "score + 0.000001"),
        ("grade", "'Z'"),
        ("coefficient", "9"),
        ("proration", "proration / 2"),
        ("bonus_amount", "bonus_amount + 0.01"),
    ],
)
def test_a_card_is_compared(connection: duckdb.DuckDBPyConnection, results: Results, column: str, value: str) -> None:
    card = next(item for item in results.appraisals if item.grade and item.bonus_amount)
    connection.execute(
        f"update appraisal.fct_appraisal_result set {column} = {value}"
        " where employee_id = ? and plan_code = ? and period = ? and scorecard_code = ?",
        [card.payee_id, card.plan_code, card.period, card.scorecard_code],
    )
    [found] = engine.compare(results, connection)
    assert (found.payee_id, found.plan_code, found.period) == (card.payee_id, card.plan_code, card.period)
    assert found.measure == f"card review: {column}"
    assert found.first_differing_line is not None
    assert found.first_differing_line.endswith(f"{column} {getattr(card, column)} by the reference engine")


def test_a_card_that_only_one_engine_has_is_seen(connection: duckdb.DuckDBPyConnection, results: Results) -> None:
    card = next(item for item in results.appraisals if item.score is None)
    connection.execute(
        "delete from appraisal.fct_appraisal_result where employee_id = ? and plan_code = ? and period = ?",
        [card.payee_id, card.plan_code, card.period],
    )
    [found] = engine.compare(results, connection)
    assert (found.payee_id, found.period, found.measure) == (card.payee_id, card.period, "card review: score")
    assert (
        found.first_differing_line
        == f"card review of {card.period}: nothing by SQL, score None by the reference engine"
    )


def test_a_difference_in_a_card_refuses_the_candidate(warehouse: Path, tmp_path: Path, results: Results) -> None:
    settings = dataclasses.replace(Settings.from_environment({"ATTAIN_HOME": str(tmp_path)}), as_of=AS_OF)
    settings.warehouse_file.parent.mkdir(parents=True)
    shutil.copy(warehouse, settings.warehouse_file)
    [agreed] = checks.reference_checks(settings, "f" * 64)
    assert (agreed.outcome, agreed.failures) == ("passed", 0)
    assert f"{len(results.appraisals)} scorecards" in agreed.detail
    card = next(item for item in results.appraisals if item.grade == "B")
    with duckdb.connect(str(settings.warehouse_file)) as opened:
        opened.execute(
            "update appraisal.fct_appraisal_result set grade = 'A' where employee_id = ? and period = ?",
            [card.payee_id, card.period],
        )
    [refused] = checks.reference_checks(settings, "f" * 64)
    assert refused.is_critical
    assert not refused.is_held
    assert refused.payees == [card.payee_id]
    assert f"card review of {card.period}: grade A by SQL, grade B by the reference engine" in refused.detail


def build(home: Path, company: generator.Company) -> Path:
    """A warehouse of a generated company."""
    settings, _ = build_candidate(home, company)
    return settings.warehouse_file


def build_candidate(home: Path, company: generator.Company) -> tuple[Settings, str]:
    """The built candidate of a generated company: its settings and run."""
    company.write_plans(home / "plans")
    settings = dataclasses.replace(
        Settings.from_environment({"ATTAIN_HOME": str(home)}), plans_dir=home / "plans", as_of=generator.AS_OF
    )
    company.land(settings)
    run_id = candidate.prepare(settings).run_id
    for layer in ("staging", "intermediate", "marts"):
        dbt.build_layer(settings, layer, run_id)
    return settings, run_id


TOLD_IN_LINES = """
    select
        count(*) filter (credited.basis = 'booked'),
        count(*) filter (credited.event_type = 'invoice' and credited.source_system = 'zoho_crm'),
        count(*) filter (credited.event_type = 'receipt'),
        count(*) filter (credited.event_type = 'refund'),
        count(*) filter (credited.credit_role = 'override'),
        count(*) filter (filters.attribute is not null),
        count(*) filter (factors.factor_code is not null),
        count(*) filter (earned.measure = 'units')
    from incentive.fct_earning_line as earned
    inner join incentive.fct_credit_line as credited on earned.credit_line_id = credited.credit_line_id
    left join plan.component_filter as filters
        on earned.plan_code = filters.plan_code and earned.plan_version = filters.version
        and earned.component_code = filters.component_code and filters.attribute = 'product_family'
        and lower(credited.product_family) = filters.value
    left join plan.factor as factors
        on earned.plan_code = factors.plan_code and earned.plan_version = factors.version
        and earned.component_code = factors.component_code and factors.row_by = 'product_family'
    where credited.document_line_no > 1
"""
"""Lines after the first of their document that earn: by kind, and those that a filter or a factor of families met."""


@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("ATTAIN_SOAK", "1"))))
def test_the_engines_agree_on_a_hundred_random_plans(tmp_path: Path, seed: int) -> None:
    """All plans in one company and one build, and every statement adds up; ATTAIN_SOAK says how many such companies."""
    with duckdb.connect(str(build(tmp_path, generator.generate(seed, plans=100))), read_only=True) as opened:
        results = engine.compute(engine.load_inputs(opened))
        mismatches = engine.compare(results, opened)
        unrewarded = engine.compare(dataclasses.replace(results, recognitions=()), opened)
        steps = tables.rows(opened, "select * from incentive.fct_statement_line order by payee_id, period, line_no")
        told = opened.execute(TOLD_IN_LINES).fetchone()
    assert told is not None
    assert min(told) > 20, f"seed {seed}: documents of several lines met {told}"
    assert len(results.earning_lines) > 5000
    assert len([item for item in results.appraisals if item.grade]) > 100
    assert not mismatches, f"seed {seed}: {len(mismatches)} differ, first {mismatches[0]}"
    assert len(unrewarded) == len(results.recognitions) > 50
    statements = [list(rows) for _, rows in groupby(steps, key=lambda row: (row["payee_id"], row["period"]))]
    assert len(statements) > 2000
    for rows in statements:
        fault = first_fault(verify(rows))
        assert fault is None, f"seed {seed}, {rows[0]['payee_id']} {rows[0]['period']}: {fault}"


PROMISES = re.compile(r"fct_payout|fct_balance|fct_statement|payout|balances|two_plans")


def test_what_the_gate_asks_of_payouts_holds_with_draws_and_several_plans(tmp_path: Path) -> None:
    """The data of a random company may break other promises; those about the month's money hold whatever happens."""
    settings, run_id = build_candidate(tmp_path, generator.generate(3, plans=12))
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as opened:
        assert opened.execute(
            "select count(*) filter (draw_top_up_amount > 0) > 20, count(*) filter (draw_recovered_amount > 0) > 0,"
            " count(*) filter (penalty_amount > 0) > 0, count(*) filter (legal_limit_amount > 0) > 0"
            " from incentive.fct_payout"
        ).fetchall() == [(True, True, True, True)]
        assert opened.execute(
            "select count(*) > 50 from"
            " (select 1 from incentive.fct_payout group by payee_id, period having count(*) > 1)"
        ).fetchall() == [(True,)]
    tested = [result for result in dbt.test(settings, run_id) if PROMISES.search(result.name)]
    assert len(tested) > 10
    assert [(result.name, result.message) for result in tested if result.status != "pass"] == []
    kept = [result for result in checks.expectation_checks(settings) if PROMISES.search(result.table)]
    assert len(kept) > 20
    assert [(result.name, result.detail) for result in kept if result.outcome != "passed"] == []


# Of a document's lines the order is what the source says of them.
IN_ORDER = {("jiandaoyun_crm", "contract_lines"), ("finance", "invoice_lines")}
PAID = """
    select earning_line_id, cumulative_after, earned_amount, is_held from incentive.fct_earning_line
    union all
    select payout_id, earned_amount, payable_amount, false from incentive.fct_payout
    order by all
"""


def test_the_order_of_rows_changes_no_cent(tmp_path: Path) -> None:
    """Lines accumulate by their days and keys (M4), not as their rows happen to come."""
    company = generator.generate(3, plans=6)
    chance = random.Random(3)
    rows = {feed: chance.sample(told, len(told)) for feed, told in company.rows.items() if feed not in IN_ORDER}
    assert any(rows[feed] != company.rows[feed] for feed in rows)
    shuffled = generator.Company(company.plans, defaultdict(list, {**company.rows, **rows}))
    paid = []
    for name, given in (("as_told", company), ("shuffled", shuffled)):
        with duckdb.connect(str(build(tmp_path / name, given)), read_only=True) as opened:
            paid.append(opened.execute(PAID).fetchall())
    assert len(paid[0]) > 300
    assert paid[0] == paid[1]


def test_a_soak_has_as_many_companies_as_it_is_told() -> None:
    command = [sys.executable, "-m", "pytest", __file__, "--collect-only", "-k", "hundred_random", "-n", "0"]
    told = subprocess.run(
        command, env={**os.environ, "ATTAIN_SOAK": "3"}, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    seeds = [line for line in told.stdout.splitlines() if "hundred_random_plans[" in line]
    assert [line.rsplit("[", 1)[1] for line in seeds] == ["1]", "2]", "3]"], told.stdout + told.stderr


def test_random_plans_bring_up_every_kind_of_line_and_key(tmp_path: Path) -> None:
    company = generator.generate(1)
    company.write_plans(tmp_path / "plans")
    read = [read_plan(file, tmp_path / "plans") for file in sorted((tmp_path / "plans").glob("*.yml"))]
    assert [finding for _, findings in read for finding in findings if finding.severity == "error"] == []
    written = " ".join(file.read_text("utf-8") for file in (tmp_path / "plans").glob("*.yml"))
    missing = {key for shape in SHAPES.values() for key in shape.keys if f"{key}:" not in written}
    assert missing <= {"payout_currency", "team", "employee_id"}
    assert generator.generate(1) == company


def test_the_company_meets_what_it_was_made_for(results: Results) -> None:
    lines, payouts = results.earning_lines, results.payouts
    assert len([line for line in lines if line.credit_line_id.endswith("|1.2|1")]) > 10
    assert len([line for line in lines if line.earned_amount > 0]) > 200
    assert len([line for line in lines if line.earned_amount < 0]) > 20
    assert any(line.hold_reason and line.credited_amount is None for line in lines)
    assert any(line.note for line in lines)
    assert {line.currency_code for line in lines} == {"CNY", "JPY"}
    assert {line.plan_version for line in lines if line.plan_code == "domestic"} == {"1", "2"}
    assert any(item.closing_clawback_balance > 0 for item in payouts)
    assert any(item.clawback_recovered > 0 for item in payouts)
    assert {item.grade for item in results.appraisals} >= {"A", "B", "C", None}


def test_namesakes_are_paid_by_their_accounts_and_found_by_each_engine_alone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert connection.execute(
        "select owner_employee_id, owner_match, count(*) from intermediate.int_document"
        " where document_kind = 'contract' group by all order by all"
    ).fetchall() == [("E20", "member_id", 12), ("E21", "member_id", 12), ("HOUSE", "ambiguous", 12)]
    # Whatever SQL takes them for, the reference engine sees it.
    connection.execute("update intermediate.int_document set owner_employee_id = 'E20' where owner_employee_id = 'E21'")
    connection.execute("update intermediate.int_owner_match set employee_id = 'E20'")
    found = {split.document_id: split.employee_id for split in engine.load_inputs(connection).splits}
    assert [found[f"K{number}"] for number in range(3)] == ["E20", "E21", "HOUSE"]


def test_an_account_changes_hands_on_the_first_day_of_its_line_in_each_engine_alone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    expected = [(f"H{number}", "E1" if number < 6 else "E2") for number in range(12)]
    assert (
        connection.execute(
            "select document_id, owner_employee_id from intermediate.int_document where document_id like 'H%'"
            " order by document_date"
        ).fetchall()
        == expected
    )
    connection.execute("update intermediate.int_document set owner_employee_id = 'E2' where document_id like 'H%'")
    connection.execute("update intermediate.int_owner_match set employee_id = 'E2' where owner_id = 'u30'")
    found = {split.document_id: split.employee_id for split in engine.load_inputs(connection).splits}
    assert [(document, found[document]) for document, _ in expected] == expected


def test_some_of_the_people_can_be_compared_alone(connection: duckdb.DuckDBPyConnection, results: Results) -> None:
    chosen = ["E3", "E9"]
    alone = engine.compute(engine.load_inputs(connection, chosen))
    assert alone.payouts == tuple(item for item in results.payouts if item.payee_id in chosen)
    assert engine.compare(alone, connection, chosen) == []


@pytest.mark.parametrize(
    "measure", ["earned_amount", "held_amount", "clawback_recovered", "closing_clawback_balance", "payable_amount"]
)
def test_a_cent_is_seen(connection: duckdb.DuckDBPyConnection, results: Results, measure: str) -> None:
    spoiled = next(item for item in results.payouts if item.payable_amount > 0)
    connection.execute(
        f"update incentive.fct_payout set {measure} = {measure} + 0.01"
        " where payee_id = ? and plan_code = ? and period = ?",
        [spoiled.payee_id, spoiled.plan_code, spoiled.period],
    )
    [found] = engine.compare(results, connection)
    assert (found.payee_id, found.plan_code, found.period) == (spoiled.payee_id, spoiled.plan_code, spoiled.period)
    assert (found.measure, found.difference) == (measure, Decimal("0.01"))
    assert found.first_differing_line is None


def test_a_missing_payout_is_seen(connection: duckdb.DuckDBPyConnection, results: Results) -> None:
    lost = next(item for item in results.payouts if item.earned_amount == 0)
    connection.execute(
        "delete from incentive.fct_payout where payee_id = ? and plan_code = ? and period = ?",
        [lost.payee_id, lost.plan_code, lost.period],
    )
    [found] = engine.compare(results, connection)
    assert (found.payee_id, found.period, found.sql_amount) == (lost.payee_id, lost.period, None)


def test_the_first_differing_line_is_named(connection: duckdb.DuckDBPyConnection, results: Results) -> None:
    line = next(line for line in results.earning_lines if line.earned_amount > 1 and not line.hold_reason)
    changed = [line.payee_id, line.plan_code, line.period]
    make_table(connection, "incentive.fct_earning_line")
    connection.execute(
        "update incentive.fct_earning_line set earned_amount = earned_amount - 1 where earning_line_id = ?",
        [line.earning_line_id],
    )
    connection.execute(
        "update incentive.fct_payout set earned_amount = earned_amount - 1"
        " where payee_id = ? and plan_code = ? and period = ?",
        changed,
    )
    [found] = engine.compare(results, connection)
    assert found.difference == -1
    assert found.first_differing_line == (
        f"{line.earning_line_id}: {line.earned_amount - 1} by SQL, {line.earned_amount} by the reference engine"
    )
