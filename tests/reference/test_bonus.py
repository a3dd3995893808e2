"""Readings of the rules about cards, grades, bonuses and rewards (K1–K3, K5): each has a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from attain.reference.bonus import attainment_of, forced
from attain.reference.calculation import compute
from attain.reference.inputs import (
    CardKpi,
    Employee,
    Grade,
    Leave,
    Measure,
    PlanVersion,
    Rating,
    Reward,
    Scorecard,
    TeamMeasure,
    TeamMembership,
)
from tests.reference.company import SELLER, bands, company, curve, decimals, earned, plan, receipt, target

ONE_TENTH = bands(("0", "0.1"))
KPI = CardKpi(Decimal(1), Decimal("1.5"))
GRADES = (
    Grade("A", Decimal("1.1"), Decimal("1.5"), Decimal("0.2")),
    Grade("B", Decimal("0.9"), Decimal(1), Decimal("0.7")),
    Grade("C", Decimal(0), Decimal("0.5"), Decimal("0.1")),
)
CARD = Scorecard("review", "zero", Decimal(1000), {"win_rate": KPI}, GRADES)


def measure(period: str, actual: str, kpi_code: str = "win_rate", employee_id: str = SELLER) -> Measure:
    return Measure(employee_id, kpi_code, period, "", Decimal(actual), Decimal(1))


def with_card(card: Scorecard, **changes: object) -> PlanVersion:
    return replace(plan(ONE_TENTH), scorecards=(card,), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kpi", "actual", "expected"),
    [
        (KPI, "8", "0.8"),
        (replace(KPI, direction="lower"), "8", "1.2"),
        (replace(KPI, direction="lower"), "30", "0"),
        (replace(KPI, direction="range", low=Decimal(5), high=Decimal(10)), "5", "1"),
        (replace(KPI, direction="range", low=Decimal(5), high=Decimal(10)), "10", "1"),
        (replace(KPI, direction="range", low=Decimal(5), high=Decimal(10)), "4", "0.8"),
        (replace(KPI, direction="range", low=Decimal(5), high=Decimal(10)), "12", "0.8"),
        (replace(KPI, direction="range", low=Decimal(5), high=Decimal(10)), "25", "0"),
        (replace(KPI, direction="range", low=Decimal(3), high=Decimal(10)), "2", "0.666667"),
    ],
)
def test_k1_directions(kpi: CardKpi, actual: str, expected: str) -> None:
    assert attainment_of(kpi, Decimal(actual), Decimal(10)) == Decimal(expected)


@pytest.mark.parametrize(("actual", "expected"), [("0.4", "0"), ("0.5", "0.2"), ("0.75", "0.6"), ("2", "1")])
def test_k1_a_curve_over_the_attainment(actual: str, expected: str) -> None:
    card = replace(CARD, kpis={"win_rate": replace(KPI, curve=curve(("0.5", "0.2"), ("1", "1")))})
    results = compute(company(with_card(card), as_of=date(2026, 3, 31), measures=(measure("2026-Q1", actual),)))
    assert results.appraisals[-1].score == Decimal(expected)


@pytest.mark.parametrize(
    ("frequency", "period", "month"),
    [("month", "2026-03", "2026-03"), ("quarter", "2026-Q1", "2026-03"), ("year", "2025", "2025-12")],
)
def test_k3_paid_in_the_periods_last_month(frequency: str, period: str, month: str) -> None:
    card = replace(CARD, frequency=frequency)
    results = compute(company(with_card(card), as_of=date(2026, 3, 31), measures=(measure(period, "1"),)))
    assert [(item.period, item.bonus_amount) for item in results.appraisals if item.grade == "B"] == [(period, 1000)]
    line = next(line for line in results.earning_lines if line.earned_amount == 1000)
    assert (line.period, line.earning_line_id) == (month, f"plan|1|review|E1|{period}")


def test_k3_proration_is_of_active_days_leave_included() -> None:
    version = with_card(replace(CARD, frequency="month"), leave_limit_days=10)
    leave = (Leave(SELLER, date(2026, 3, 12), date(2026, 3, 31)),)
    inputs = company(version, as_of=date(2026, 3, 31), measures=(measure("2026-03", "1"),), leave=leave)
    assert compute(inputs).appraisals[-1].bonus_amount == Decimal("354.84")  # 11 of 31 days


@pytest.mark.parametrize(("left", "expected"), [(date(2026, 3, 31), "1000"), (date(2026, 3, 30), "0")])
def test_k3_a_card_may_ask_for_the_last_day(left: date, expected: str) -> None:
    card = replace(CARD, frequency="quarter", is_employed_on_last_day=True)
    people = (Employee(SELLER, "Seller", None, date(2020, 1, 1), left),)
    inputs = company(with_card(card), as_of=date(2026, 4, 30), measures=(measure("2026-Q1", "1"),), employees=people)
    item = compute(inputs).appraisals[-1]
    assert (item.bonus_amount, item.grade) == (Decimal(expected), "B")
    assert (item.note is None) == (expected == "1000")


def test_mbo_is_the_rating_of_the_period() -> None:
    card = replace(CARD, kpis={"mbo:launch": KPI})
    ratings = (Rating(SELLER, "2026-Q1", "launch", Decimal("1.2")), Rating(SELLER, "2026-Q1", "other", Decimal(9)))
    item = compute(company(with_card(card), as_of=date(2026, 3, 31), ratings=ratings)).appraisals[-1]
    assert (item.score, item.grade) == (Decimal("1.2"), "A")


def decimal_or_none(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def test_k1_a_cards_team_is_that_of_the_last_day() -> None:
    """Red and Green report to the person when the quarter ends; Blue did until March. Ratios are of the sums."""
    kpis = {
        "team:collected_amount": replace(KPI, weight=Decimal("0.6")),
        "team:win_rate": replace(KPI, weight=Decimal("0.4"), direction="range", low=Decimal("0.5"), high=Decimal(1)),
    }
    reports = tuple(
        TeamMembership(f"R{number}", team, date(2025, 1, 1), until, SELLER)
        for number, (team, until) in enumerate(
            (("Red", None), ("Red", None), ("Green", None), ("Blue", date(2026, 3, 1)))
        )
    )
    figures = tuple(
        TeamMeasure(team, code, "2026-Q1", currency, Decimal(above), decimal_or_none(below), decimal_or_none(aim))
        for team, code, currency, above, below, aim in (
            ("Red", "collected_amount", "CNY", "30", None, "40"),
            ("Red", "collected_amount", "USD", "9", None, "1"),
            ("Green", "collected_amount", "CNY", "6", None, None),
            ("Blue", "collected_amount", "CNY", "500", None, "10"),
            ("Red", "win_rate", "", "1", "2", None),
            ("Green", "win_rate", "", "0", "2", None),
        )
    )
    card = replace(CARD, kpis=kpis)
    inputs = company(with_card(card), as_of=date(2026, 3, 31), teams=reports, team_measures=figures)
    item = compute(inputs).appraisals[-1]
    assert item.score == Decimal("0.74")  # 0.6 x 36/40 + 0.4 x 0.25/0.5


def test_k1_whoever_manages_nobody_has_no_team() -> None:
    card = replace(CARD, kpis={"team:collected_amount": KPI}, missing_data="zero")
    figures = (TeamMeasure("Red", "collected_amount", "2026-Q1", "CNY", Decimal(1), None, Decimal(1)),)
    inputs = company(with_card(card), as_of=date(2026, 3, 31), team_measures=figures)
    assert compute(inputs).appraisals[-1].score == 0


# -- forced distribution ---------------------------------------------------------------------------


def graded(*scores: str) -> str:
    people = {f"E{number:02d}": Decimal(score) for number, score in enumerate(scores, start=1)}
    found = forced(GRADES, people)
    return "".join(found[person].grade for person in sorted(people))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        (("5", "4", "3", "2", "1"), "ABBBB"),  # 1, 3.5, 0.5: the tie of remainders goes to the better grade
        (("5", "5", "3", "2", "1"), "AABBB"),  # a lifted tie uses up a seat of the grade below
        (("5", "5", "5", "5", "5"), "AAAAA"),
        (tuple("9876543210"), "AABBBBBBBC"),
        (("9", "8", "8", "6", "5", "4", "3", "2", "2", "1"), "AAABBBBBBC"),
        (("9", "8", "7", "6", "5", "4", "3", "2", "1", "1"), "AABBBBBBBB"),  # the last two are at the higher grade
    ],
)
def test_k2_seats_are_rank_positions(scores: tuple[str, ...], expected: str) -> None:
    assert graded(*scores) == expected


def test_k2_groups_under_five_scored_people_are_graded_by_bands() -> None:
    card = replace(CARD, grading="forced", group_by="team", missing_data="hold")
    people = tuple(Employee(f"E{number}", "Seller", "North", date(2020, 1, 1), None) for number in range(1, 12))
    teams = tuple(
        TeamMembership(person.employee_id, "Blue" if number <= 5 else "Red", date(2020, 1, 1), None)
        for number, person in enumerate(people, start=1)
    )
    scored = {number: f"0.{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9)}
    measures = tuple(measure("2026-Q1", score, employee_id=f"E{number}") for number, score in scored.items())
    inputs = company(with_card(card), as_of=date(2026, 3, 31), employees=people, teams=teams, measures=measures)
    found = {item.payee_id: item.grade for item in compute(inputs).appraisals if item.period == "2026-Q1"}
    assert "".join(str(found[f"E{number}"]) for number in range(1, 6)) == "BBBBA"
    # six people on the other team, but only four of them scored
    assert [found[f"E{number}"] for number in range(6, 12)] == ["C", "C", "C", "B", None, None]


# -- rewards --------------------------------------------------------------------------------------


def test_k5_rewards_have_a_unit_of_their_own_and_are_no_money() -> None:
    rewards = (
        Reward("holiday", "time_off", Decimal(2), "day", scorecard_code="review", grade="B"),
        Reward("medal", "recognition", Decimal(1), "item", component_code="commission", attainment_from=Decimal(1)),
    )
    version = with_card(CARD, rewards=rewards)
    by_attainment = replace(version.components[0], index="attainment", quota_kpi_code="collected_amount")
    version = replace(version, components=(by_attainment,))
    inputs = company(
        version,
        [receipt(1, "1000"), receipt(2, "999.99", date(2026, 2, 5))],
        as_of=date(2026, 3, 31),
        employees=(Employee(SELLER, "Seller", None, date(2026, 1, 1), None),),
        measures=(measure("2026-Q1", "1"),),
        targets=(target("2026-01", "1000"), target("2026-02", "1000")),
    )
    results = compute(inputs)
    assert [(item.reward_code, item.period, item.quantity, item.unit) for item in results.recognitions] == [
        ("medal", "2026-01", 1, "item"),
        ("holiday", "2026-Q1", 2, "day"),
    ]
    without = compute(replace(inputs, versions=(replace(version, rewards=()),)))
    assert (without.earning_lines, without.payouts) == (results.earning_lines, results.payouts)
    assert earned(results) == decimals("100", "100")
