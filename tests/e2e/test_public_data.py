"""Original files of a public data set come out as published tables that tie to sums made from the files themselves."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.conftest import attain, query


@pytest.fixture(scope="module")
def originals(public_data: Path) -> Path:
    return public_data / "maven_crm_sales"


@pytest.fixture(scope="module")
def home(originals: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("public") / "home"
    inbox = home / "inbox" / "maven_crm_sales"
    inbox.mkdir(parents=True)
    for path in originals.glob("*.csv"):
        shutil.copy(path, inbox)
    done = attain(home, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    (home / "run.txt").write_text(done.stdout, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def deals(originals: Path) -> list[dict[str, str]]:
    with (originals / "sales_pipeline.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_is_accounted_for(home: Path, originals: Path) -> None:
    for name in ("accounts", "products", "sales_pipeline", "sales_teams"):
        with (originals / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            expected = sum(1 for _ in csv.DictReader(file))
        found = query(
            home,
            f"""
            select rows_in_file, rows_loaded + rows_quarantined + rows_declared_totals + rows_not_for_feed
            from audit.delivery where file_name like '%{name}.csv'
            """,
        )
        assert found, name
        assert set(found) == {(expected, expected)}, name


def test_booked_money_by_seller_and_month(home: Path, deals: list[dict[str, str]]) -> None:
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for deal in deals:
        if deal["deal_stage"] == "Won":
            expected[deal["sales_agent"], deal["close_date"][:7]] += Decimal(deal["close_value"])
    found = query(
        home,
        """
        select employees.full_name, facts.period, facts.actual_value
        from kpi.fct_kpi_employee_period as facts
        inner join kpi.dim_employee as employees using (employee_id)
        where facts.kpi_code = 'booked_amount' and facts.period_type = 'month' and facts.actual_value <> 0
            and facts.currency_code = 'USD'
        """,
    )
    assert {(name, month): amount for name, month, amount in found} == dict(expected)
    assert sum(expected.values()) == 10_005_534


def test_credit_lines_tie_to_the_file(home: Path, deals: list[dict[str, str]]) -> None:
    won = [deal for deal in deals if deal["deal_stage"] == "Won"]
    assert query(
        home,
        """
        select count(distinct document_id), sum(credited_amount)
        from incentive.fct_credit_line where basis = 'booked'
        """,
    ) == [(len(won), sum(Decimal(deal["close_value"]) for deal in won))]


def test_won_and_win_rate(home: Path, deals: list[dict[str, str]]) -> None:
    won = Counter(deal["sales_agent"] for deal in deals if deal["deal_stage"] == "Won")
    closed = Counter(deal["sales_agent"] for deal in deals if deal["deal_stage"] in ("Won", "Lost"))
    found = query(
        home,
        """
        select employees.full_name, facts.numerator, facts.denominator
        from kpi.fct_kpi_employee_period as facts
        inner join kpi.dim_employee as employees using (employee_id)
        where facts.kpi_code = 'win_rate' and facts.period_type = 'year' and facts.denominator <> 0
        """,
    )
    assert {(name, int(top), int(bottom)) for name, top, bottom in found} == {
        (name, won[name], count) for name, count in closed.items()
    }


def test_teams_add_up_to_the_whole(home: Path, originals: Path, deals: list[dict[str, str]]) -> None:
    with (originals / "sales_teams.csv").open(encoding="utf-8-sig", newline="") as file:
        team_of = {row["sales_agent"]: row["manager"] for row in csv.DictReader(file)}
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for deal in deals:
        if deal["deal_stage"] == "Won":
            expected[team_of[deal["sales_agent"]]] += Decimal(deal["close_value"])
    found = query(
        home,
        """
        select team, sum(actual_value) from kpi.fct_kpi_team_period
        where kpi_code = 'booked_amount' and period_type = 'year' group by team having sum(actual_value) <> 0
        """,
    )
    assert dict(found) == dict(expected)


def test_pay_is_what_the_plan_says(home: Path, deals: list[dict[str, str]]) -> None:
    """Recompute everyone's commission from the original file and the published bands alone (T3, by hand)."""
    lines = query(
        home,
        """
        select distinct plan_code, component_code from incentive.fct_earning_line where line_type = 'earning'
        """,
    )
    assert lines == [("hardware_sales", "commission")]
    booked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for deal in deals:
        if deal["deal_stage"] == "Won":
            booked[deal["sales_agent"], deal["close_date"][:7]] += Decimal(deal["close_value"])
    paid = {
        (name, month): (credited, earned)
        for name, month, credited, earned in query(
            home,
            """
            select employees.full_name, origin_period, sum(credited_amount), sum(earned_amount)
            from incentive.fct_earning_line as lines
            inner join kpi.dim_employee as employees on employees.employee_id = lines.payee_id
            where line_type = 'earning' group by all
            """,
        )
    }
    assert {key: credited for key, (credited, _) in paid.items()} == dict(booked)
    bands = bands_of("hardware_sales", "commission")
    for key, (credited, earned) in paid.items():
        assert earned == marginal(credited, bands), key


def bands_of(plan_code: str, component_code: str) -> list[tuple[Decimal, Decimal | None, Decimal]]:
    """Bands as the plan file writes them."""
    from attain.plans import compile as plan_compile
    from attain.settings import Settings

    rows = plan_compile.compile_plans(Settings.from_environment({}))["band"].to_pylist()
    mine = [row for row in rows if (row["plan_code"], row["component_code"]) == (plan_code, component_code)]
    assert len({row["version"] for row in mine}) == 1
    return [
        (row["lower_bound"], row["upper_bound"], row["rate"]) for row in sorted(mine, key=lambda row: row["band_no"])
    ]


def marginal(total: Decimal, bands: list[tuple[Decimal, Decimal | None, Decimal]]) -> Decimal:
    pay = sum(
        (
            (min(total, upper if upper is not None else total) - lower) * rate
            for lower, upper, rate in bands
            if total > lower
        ),
        Decimal(0),
    )
    return pay.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def test_blank_accounts_and_unknown_products_are_reported(home: Path, deals: list[dict[str, str]]) -> None:
    blank = sum(1 for deal in deals if not deal["account"])
    strange = sum(1 for deal in deals if deal["product"] == "GTXPro")
    assert (blank, strange) == (1425, 1480)
    reported = query(home, "select relation, outcome, value_met, likely_match, row_count from audit.coverage")
    by_outcome = {(relation, outcome, value): (match, count) for relation, outcome, value, match, count in reported}
    assert by_outcome["deal→customer", "blank", ""] == (None, blank)
    assert by_outcome["deal→product", "unknown", "GTXPro"] == ("GTX Pro", strange)
    said = (home / "run.txt").read_text(encoding="utf-8")
    assert f"{strange:,} × deal→product: 'GTXPro', is it 'GTX Pro'?" in said
    assert f"{blank:,} × deal→customer: blank" in said


def test_all_three_kinds_of_tables_have_rows(home: Path) -> None:
    for table in ("kpi.fct_kpi_employee_period", "incentive.fct_payout", "appraisal.fct_appraisal_result"):
        assert query(home, f"select count(*) > 0 from {table}") == [(True,)], table
