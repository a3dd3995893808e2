"""The reference engine against the rules' golden numbers and the properties they promise.

The gate trusts this engine to catch the SQL engine's mistakes; a mistake made here too would pay the wrong cent.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attain import money
from attain.reference.calculation import Results, card_score, compute, grade_of, marginal, split_events
from attain.reference.inputs import (
    HOUSE,
    Assignment,
    CardKpi,
    Employee,
    Event,
    FxRate,
    Grade,
    Inputs,
    Measure,
    PlanVersion,
    Scorecard,
    Split,
    Target,
    TeamMembership,
)
from tests.reference.company import SELLER, bands, company, plan, receipt, refund, target

FOUR_BANDS = bands(("0", "0.01"), ("1000", "0.02"), ("3000", "0.03"), ("8000", "0.05"))
GOLDEN_AMOUNTS = ("200", "300", "1500", "1200", "2000", "4500")


def earned(results: Results) -> list[Decimal]:
    """Earned amounts in the order of the lines."""
    return [line.earned_amount for line in results.earning_lines if line.line_type == "earning"]


def receipts(amounts: Iterable[str | Decimal]) -> list[Event]:
    return [receipt(number, amount) for number, amount in enumerate(amounts, start=1)]


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


# -- bands ----------------------------------------------------------------------------------------


def test_t3_golden_per_deal() -> None:
    results = compute(company(plan(FOUR_BANDS, accumulate="deal"), receipts(GOLDEN_AMOUNTS)))
    assert earned(results) == decimals("2", "3", "20", "14", "30", "95")
    assert [payout.payable_amount for payout in results.payouts if payout.earned_amount] == [Decimal(164)]


def test_t3_golden_accumulated() -> None:
    results = compute(company(plan(FOUR_BANDS), receipts(GOLDEN_AMOUNTS)))
    assert earned(results) == decimals("2", "3", "25", "26", "60", "169")


def test_t3_golden_over_a_bound() -> None:
    steps = bands(("0", "0.04"), ("150000", "0.06"), ("250000", "0.08"))
    results = compute(company(plan(steps), receipts(["145000", "20000"])))
    assert earned(results)[1] == Decimal("1100.00")


def test_t3_d3_golden_refund() -> None:
    steps = bands(("0", "0.05"), ("10000", "0.08"))
    results = compute(company(plan(steps), receipts(["12000", "-3000"])))
    assert earned(results) == decimals("660.00", "-210.00")


def test_c2_golden_only_what_was_received() -> None:
    events = [receipt(1, "8000"), receipt(1, "10000", basis="invoiced", event_id="I1")]
    results = compute(company(plan(bands(("0", "0.04"))), events))
    assert earned(results) == [Decimal("320.00")]


def test_t3_below_zero_goes_on_with_the_first_rate() -> None:
    results = compute(company(plan(FOUR_BANDS), receipts(["-500", "700"])))
    assert earned(results) == decimals("-5.00", "7.00")


def test_t6_windows_start_at_zero_again() -> None:
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 3, 31), date(2026, 4, 1)]
    events = [receipt(number, "1000", day) for number, day in enumerate(days, start=1)]
    steps = bands(("0", "0.01"), ("1000", "0.1"))
    expected = {
        "month": decimals("10", "10", "10", "10"),
        "quarter": decimals("10", "100", "100", "10"),
        "year": decimals("10", "100", "100", "100"),
    }
    for accumulate, amounts in expected.items():
        assert earned(compute(company(plan(steps, accumulate=accumulate), events))) == amounts


def test_t3_a_deal_is_one_document_over_all_months() -> None:
    first = receipt(1, "1000", date(2026, 1, 31))
    second = receipt(1, "1000", date(2026, 5, 1), event_id="R0009")
    steps = bands(("0", "0.01"), ("1000", "0.1"))
    assert earned(compute(company(plan(steps, accumulate="deal"), [first, second]))) == decimals("10", "100")


def test_m4_an_original_comes_before_its_reversal() -> None:
    original = receipt(1, "12000", event_id="Z")
    reversal = refund(1, "-12000", event_id="A")
    lines = compute(company(plan(FOUR_BANDS), [reversal, original])).earning_lines
    assert [line.cumulative_before for line in lines] == [Decimal(0), Decimal(12000)]
    assert [line.credited_amount for line in lines] == [Decimal(12000), Decimal(-12000)]


def test_d3_golden_refund_of_the_document() -> None:
    steps = bands(("0", "0.05"), ("10000", "0.08"))
    results = compute(company(plan(steps), [receipt(1, "12000"), refund(1, "-3000", date(2026, 1, 20))]))
    assert earned(results) == decimals("660.00", "-210.00")


def test_d3_a_reversal_takes_no_more_than_is_left_spread_by_what_is_left_of_each_line() -> None:
    events = [
        receipt(1, "100", event_id="R1"),
        receipt(1, "50", date(2026, 1, 16), event_id="R2"),
        refund(1, "-10", date(2026, 1, 17), event_id="F1"),
        receipt(1, "7", date(2026, 1, 19), event_id="R3"),
        refund(1, "-200", date(2026, 1, 18), event_id="F2"),
        refund(1, "-1", date(2026, 1, 20), event_id="F3"),
    ]
    lines = compute(company(plan(bands(("0", "1"))), events)).earning_lines
    # 10 over 100 and 50; then what is left, 93.33 + 46.67, and no more; then 1 of the 7 that came later
    assert [line.credited_amount for line in lines] == decimals(
        "100", "50", "-6.67", "-3.33", "-93.33", "-46.67", "7", "-1"
    )


def test_d3_nothing_left_nothing_taken() -> None:
    events = [refund(1, "-10", date(2026, 1, 14)), receipt(1, "10"), receipt(2, "5", basis="booked")]
    assert [line.credited_amount for line in compute(company(plan(FOUR_BANDS), events)).earning_lines] == [10]


# -- quota ----------------------------------------------------------------------------------------

BY_ATTAINMENT = {"index": "attainment", "quota_kpi_code": "collected_amount"}
JOINED_IN_MARCH = (Employee(SELLER, "Seller", "North", date(2026, 3, 1), None),)


def quotas(results: Results) -> dict[str, Decimal | None]:
    """Effective quota by window."""
    return {line.window_code: line.effective_quota for line in results.earning_lines}


def test_q1_q3_golden_monthly_periods() -> None:
    seasons = {1: "20000", 2: "20000", 3: "20000", 4: "40000"}
    months = [
        (f"2026-{3 * quarter - 3 + month:02d}", Decimal(total) / 3)
        for quarter, total in seasons.items()
        for month in (1, 2, 3)
    ]
    results = compute(
        company(
            plan(bands(("0", "0.05")), accumulate="year", **BY_ATTAINMENT),
            [receipt(1, "1000", date(2026, 6, 1))],
            employees=JOINED_IN_MARCH,
            targets=tuple(target(month, str(money.quantise6(value))) for month, value in months),
        )
    )
    quota = quotas(results)["2026"]
    assert quota is not None
    assert money.round_money(quota, "CNY") == Decimal("86666.67")


def test_q1_q3_golden_quarterly_periods() -> None:
    seasons = {"2026-Q1": "20000", "2026-Q2": "20000", "2026-Q3": "20000", "2026-Q4": "40000"}
    results = compute(
        company(
            plan(bands(("0", "0.05")), accumulate="year", **BY_ATTAINMENT),
            [receipt(1, "1000", date(2026, 6, 1))],
            employees=JOINED_IN_MARCH,
            targets=tuple(target(period, value) for period, value in seasons.items()),
        )
    )
    assert quotas(results) == {"2026": Decimal("86888.888889")}


def test_q1_joined_inside_the_month_both_end_days_count() -> None:
    results = compute(
        company(
            plan(bands(("0", "0.05")), **BY_ATTAINMENT),
            [receipt(1, "1000", date(2026, 3, 20))],
            employees=(Employee(SELLER, "Seller", "North", date(2026, 3, 11), date(2026, 3, 30)),),
            targets=(target("2026-03", "31000"),),
        )
    )
    assert quotas(results) == {"2026-03": Decimal("20000.000000")}


def test_q1_the_factor_is_not_rounded_before_it_is_applied() -> None:
    results = compute(
        company(
            plan(bands(("0", "0.05")), **BY_ATTAINMENT),
            [receipt(1, "1000", date(2026, 3, 20))],
            employees=(Employee(SELLER, "Seller", "North", date(2026, 3, 12), None),),
            targets=(target("2026-03", "99999999"),),
        )
    )
    assert quotas(results) == {"2026-03": money.quantise6(Decimal(99999999 * 20) / 31)}


def test_q2_each_month_carries_its_own_ramp() -> None:
    results = compute(
        company(
            plan(
                bands(("0", "0.05")), accumulate="quarter", **BY_ATTAINMENT, ramp=tuple(decimals("0.25", "0.5", "0.75"))
            ),
            [receipt(1, "100", date(2026, 3, 31)), receipt(2, "100", date(2026, 6, 1))],
            employees=JOINED_IN_MARCH,
            targets=tuple(target(f"2026-{month:02d}", "1000") for month in range(1, 13)),
        )
    )
    assert quotas(results) == {"2026-Q1": Decimal("250.000000"), "2026-Q2": Decimal("2250.000000")}


@pytest.mark.parametrize("targets", [(), (target("2026-01", "0"),), (target("2026-02", "5000"),)])
def test_q4_without_a_quota_the_first_band_pays(targets: tuple[Target, ...]) -> None:
    steps = bands(("0", "0.03"), ("0.5", "0.06"))
    results = compute(company(plan(steps, **BY_ATTAINMENT), receipts(["100000"]), targets=targets))
    assert earned(results) == [Decimal("3000.00")]
    assert quotas(results) == {"2026-01": None}


def test_q4_a_window_has_its_whole_quota_from_its_first_day() -> None:
    steps = bands(("0", "0.03"), ("1", "0.06"))
    results = compute(
        company(
            plan(steps, accumulate="quarter", **BY_ATTAINMENT),
            [receipt(1, "3500", date(2026, 1, 2))],
            targets=tuple(target(f"2026-{month:02d}", "1000") for month in (1, 2, 3)),
        )
    )
    assert earned(results) == [Decimal("120.00")]


def test_t2_a_bound_in_money_is_formed_at_scale_six() -> None:
    steps = bands(("0", "0"), ("0.333333", "1"))
    results = compute(
        company(plan(steps, **BY_ATTAINMENT), receipts(["100"]), targets=(target("2026-01", "0.000002"),))
    )
    # 0.333333 × 0.000002 = 0.000000666666, at scale 6 0.000001
    assert earned(results) == [Decimal("100.00")]
    assert marginal(bands(("0", "0"), ("0.000001", "1")), Decimal(100)) == Decimal("99.999999")


def test_q5_another_version_starts_its_own_window_with_its_own_quota() -> None:
    steps = bands(("0", "0.01"), ("1", "0.1"))
    old = plan(steps, accumulate="month", **BY_ATTAINMENT, valid_to=date(2026, 1, 10))
    new = replace(old, version="2", valid_from=date(2026, 1, 11), valid_to=None)
    results = compute(
        company(
            old,
            [receipt(1, "2000", date(2026, 1, 10)), receipt(2, "2000", date(2026, 1, 11))],
            versions=(old, new),
            targets=(target("2026-01", "3100"),),
        )
    )
    assert [line.effective_quota for line in results.earning_lines] == decimals("1000", "2100")
    assert earned(results) == decimals("110", "20")


def test_q6_nothing_is_earned_outside_employment_and_a_negative_credit_goes_on_the_balance() -> None:
    events = [
        receipt(1, "1000", date(2026, 3, 30)),
        receipt(2, "1000", date(2026, 4, 2)),
        receipt(3, "-400", date(2026, 4, 3)),
    ]
    results = compute(
        company(
            plan(bands(("0", "0.1"))),
            events,
            employees=(Employee(SELLER, "Seller", "North", date(2026, 3, 1), date(2026, 3, 31)),),
        )
    )
    assert earned(results) == decimals("100", "0", "-40")
    assert [(item.period, item.payable_amount, item.closing_clawback_balance) for item in results.payouts] == [
        ("2026-03", Decimal(100), Decimal(0)),
        ("2026-04", Decimal(0), Decimal(40)),
    ]


# -- who ------------------------------------------------------------------------------------------


def test_an_assignment_by_team_follows_the_team_of_the_day() -> None:
    version = replace(plan(bands(("0", "0.1"))), assignments=(Assignment("Seller", "Blue", None, None),))
    results = compute(
        company(
            version,
            [receipt(number, "100", date(2026, 1, day)) for number, day in enumerate((10, 11, 20, 21), start=1)],
            teams=(
                TeamMembership(SELLER, "Red", date(2026, 1, 1), date(2026, 1, 10)),
                TeamMembership(SELLER, "Blue", date(2026, 1, 11), date(2026, 1, 20)),
                TeamMembership(SELLER, "Red", date(2026, 1, 21), None),
            ),
        )
    )
    assert [line.event_date.day for line in results.earning_lines] == [11, 20]


@pytest.mark.parametrize(
    ("rule", "is_paid"),
    [
        (Assignment("Seller", None, "North", None), True),
        (Assignment("Seller", None, "South", None), False),
        (Assignment(None, None, None, SELLER), True),
        (Assignment("Manager", None, None, SELLER), False),
    ],
)
def test_an_assignment_needs_all_that_it_names(rule: Assignment, is_paid: bool) -> None:
    version = replace(plan(bands(("0", "0.1"))), assignments=(rule,))
    assert bool(compute(company(version, receipts(["100"]))).earning_lines) == is_paid


# -- credit ---------------------------------------------------------------------------------------


def shared(event: Event, *percents: str) -> tuple[Split, ...]:
    return tuple(
        Split(event.source_system, event.document_id, number, f"E{number}", Decimal(percent))
        for number, percent in enumerate(percents, start=1)
    )


def two_sellers(event: Event, *percents: str, **changes: object) -> Inputs:
    base = company(plan(bands(("0", "1"))), [event], splits=shared(event, *percents))
    people = tuple(Employee(f"E{number}", "Seller", None, None, None) for number in (1, 2, 3))
    return replace(base, employees=people, **changes)  # type: ignore[arg-type]


def test_m3_golden_each_receipt_is_split_by_itself() -> None:
    results = compute(two_sellers(receipt(1, "6.45"), "30", "70"))
    assert [(line.payee_id, line.credited_amount) for line in results.earning_lines] == [
        ("E1", Decimal("1.940000")),
        ("E2", Decimal("4.510000")),
    ]


@pytest.mark.parametrize("percents", [("30", "60"), ("60", "60"), ("110", "-10"), ("0", "0"), ("99.9999",)])
def test_c1_splits_that_do_not_add_up_hold_the_document_whole(percents: tuple[str, ...]) -> None:
    inputs = two_sellers(receipt(1, "100"), *percents)
    assert compute(inputs).earning_lines == ()
    [credit] = split_events(inputs.events, inputs.splits)
    assert (credit.employee_id, credit.amount) == (HOUSE, 100)
    assert credit.hold_reason and "C1" in credit.hold_reason


def test_c5_what_nobody_owns_is_the_houses_and_earns_nothing() -> None:
    base = company(plan(bands(("0", "1"))), [receipt(1, "100")], splits=())
    assert compute(base).earning_lines == ()
    house = replace(base, employees=(Employee(HOUSE, "Seller", None, None, None),))
    assert [line.payee_id for line in compute(house).earning_lines] == [HOUSE]


def rate(day: date, source: str, target_currency: str, value: str, unit: str = "1") -> FxRate:
    return FxRate(day, source, target_currency, Decimal(unit), Decimal(value))


DAY = date(2026, 1, 15)
EARLIER, LATER = date(2026, 1, 12), date(2026, 1, 16)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([rate(EARLIER, "USD", "CNY", "7.1"), rate(DAY, "USD", "CNY", "7.2"), rate(LATER, "USD", "CNY", "7.3")], "720"),
        ([rate(EARLIER, "USD", "CNY", "7.1"), rate(LATER, "USD", "CNY", "7.3")], "710"),
        ([rate(DAY, "USD", "CNY", "712.34", unit="100")], "712.34"),
        ([rate(DAY, "CNY", "USD", "0.14")], "714.285714"),
        ([rate(EARLIER, "USD", "CNY", "7.1"), rate(DAY, "CNY", "USD", "0.14")], "710"),
        ([rate(DAY, "EUR", "USD", "1.1"), rate(DAY, "EUR", "CNY", "7.7")], "700"),
        ([rate(DAY, "EUR", "USD", "1.1"), rate(EARLIER, "EUR", "CNY", "7.7"), rate(EARLIER, "EUR", "USD", "1")], "770"),
    ],
)
def test_c3_the_rate_of_the_day(rates: list[FxRate], expected: str) -> None:
    event = receipt(1, "100", DAY, currency_code="USD")
    results = compute(company(plan(bands(("0", "1"))), [event], fx_rates=tuple(rates)))
    assert [line.credited_amount for line in results.earning_lines] == [Decimal(expected)]


@pytest.mark.parametrize(
    "rates",
    [
        [],
        [rate(LATER, "USD", "CNY", "7.3")],
        [rate(date(2026, 1, 7), "USD", "CNY", "7.3")],
        [rate(EARLIER, "EUR", "USD", "1.1"), rate(DAY, "EUR", "CNY", "7.7")],
    ],
)
def test_c3_no_usable_rate_is_a_hold_and_counts_nowhere(rates: list[FxRate]) -> None:
    events = [receipt(1, "100", DAY, currency_code="USD"), receipt(2, "50", DAY)]
    results = compute(company(plan(bands(("0", "1"))), events, fx_rates=tuple(rates)))
    held, priced = results.earning_lines
    assert held.credited_amount is None
    assert held.hold_reason and "C3" in held.hold_reason
    assert (held.earned_amount, held.cumulative_after) == (0, 0)
    assert (priced.earned_amount, priced.cumulative_after) == (50, 50)


def test_c3_a_converted_credit_is_rounded_at_scale_six_only() -> None:
    event = receipt(1, "1.00", DAY, currency_code="USD")
    results = compute(company(plan(bands(("0", "0.5"))), [event], fx_rates=(rate(DAY, "USD", "CNY", "7.12345678"),)))
    assert results.earning_lines[0].credited_amount == Decimal("7.123457")
    assert results.earning_lines[0].earned_amount == Decimal("3.56")


def test_d3_a_refund_has_the_rate_of_the_line_that_it_takes_back() -> None:
    events = [
        receipt(1, "100", EARLIER, currency_code="USD"),
        refund(1, "-50", LATER, currency_code="USD"),
        receipt(2, "100", LATER, currency_code="USD"),
    ]
    rates = (rate(EARLIER, "USD", "CNY", "7"), rate(LATER, "USD", "CNY", "8"))
    results = compute(company(plan(bands(("0", "1"))), events, fx_rates=rates))
    assert [line.credited_amount for line in results.earning_lines] == decimals("700", "-350", "800")


def test_d3_a_refund_after_leaving_goes_on_the_balance_unless_its_credit_earned_nothing() -> None:
    left = date(2026, 1, 31)
    events = [
        receipt(1, "1000", date(2026, 1, 15)),
        receipt(2, "1000", date(2026, 2, 2)),
        refund(1, "-400", date(2026, 2, 5)),
        refund(2, "-400", date(2026, 2, 5)),
    ]
    results = compute(
        company(
            plan(bands(("0", "0.1"))),
            events,
            employees=(Employee(SELLER, "Seller", None, date(2026, 1, 1), left),),
        )
    )
    assert earned(results) == decimals("100", "0", "-40", "0")
    assert results.payouts[-1].closing_clawback_balance == 40


def test_d5_the_gate_keeps_a_payee_back_and_nobody_else() -> None:
    splits = (Split("crm", "D0001", 1, "E1", Decimal(50)), Split("crm", "D0001", 2, "E2", Decimal(50)))
    people = tuple(Employee(f"E{number}", "Seller", None, date(2026, 1, 1), date(2026, 1, 31)) for number in (1, 2))
    inputs = company(plan(bands(("0", "0.1"))), [receipt(1, "200")], splits=splits, employees=people)
    payouts = compute(replace(inputs, held_payees=frozenset({"E2"}))).payouts
    assert [(item.payee_id, item.earned_amount, item.held_amount, item.payable_amount) for item in payouts] == [
        ("E1", 10, 0, 10),
        ("E2", 10, 10, 0),
    ]


# -- pay ------------------------------------------------------------------------------------------


def test_d5_a_held_line_counts_for_the_band_and_is_not_payable() -> None:
    events = [receipt(1, "1000", hold_reason="disputed"), receipt(2, "1000")]
    results = compute(company(plan(FOUR_BANDS), events))
    assert earned(results) == decimals("10", "20")
    payout = next(item for item in results.payouts if item.earned_amount)
    assert (payout.earned_amount, payout.held_amount, payout.payable_amount) == (30, 10, 20)


def test_d3_a_negative_month_pays_nothing_and_is_recovered_later() -> None:
    amounts = {1: "1000", 2: "-1500", 3: "400", 5: "2000"}
    events = [receipt(month, amount, date(2026, month, 10)) for month, amount in amounts.items()]
    results = compute(company(plan(bands(("0", "0.1"))), events, as_of=date(2026, 5, 31)))
    assert [
        (item.period, item.opening_clawback_balance, item.clawback_recovered, item.payable_amount)
        for item in results.payouts
        if item.period >= "2026-01"
    ] == [
        ("2026-01", 0, 0, 100),
        ("2026-02", 0, 0, 0),
        ("2026-03", 150, 40, 0),
        ("2026-04", 110, 0, 0),
        ("2026-05", 110, 110, 90),
    ]


def test_every_month_of_an_assignment_has_a_payout() -> None:
    base = company(plan(bands(("0", "0.1"))), as_of=date(2026, 3, 5), employees=JOINED_IN_MARCH)
    assert [(item.period, item.payable_amount) for item in compute(base).payouts] == [("2026-03", 0)]


# -- scorecard ------------------------------------------------------------------------------------

GRADES = (
    Grade("C", Decimal(0), Decimal(0)),
    Grade("A", Decimal("1.1"), Decimal("1.5")),
    Grade("B", Decimal("0.9"), Decimal(1)),
)
CARD = Scorecard(
    "review",
    "reweight",
    Decimal("1000"),
    {
        "collected_amount": CardKpi(Decimal("0.5"), Decimal("1.5")),
        "win_rate": CardKpi(Decimal("0.2"), Decimal("1.5")),
        "new_customers": CardKpi(Decimal("0.3"), Decimal("1.5")),
    },
    GRADES,
)


def measures(**pairs: tuple[str, str] | None) -> dict[str, Measure]:
    return {
        code: Measure(
            SELLER,
            code,
            "2026-Q1",
            "CNY" if code.endswith("amount") else "",
            Decimal(pair[0]) if pair else None,
            Decimal(pair[1]) if pair else Decimal(1),
        )
        for code, pair in pairs.items()
    }


def test_k1_weights_times_capped_attainment() -> None:
    found = card_score(
        CARD, measures(collected_amount=("300", "100"), win_rate=("0.2", "0.4"), new_customers=("1", "3"))
    )
    assert found == Decimal("0.950000")  # 0.5 × 1.5 + 0.2 × 0.5 + 0.3 × 0.333333, at scale 6


@pytest.mark.parametrize(
    ("missing_data", "expected"), [("reweight", Decimal("0.857143")), ("zero", Decimal("0.6")), ("hold", None)]
)
def test_k1_a_missing_kpi(missing_data: str, expected: Decimal | None) -> None:
    card = replace(CARD, missing_data=missing_data)
    with localcontext(money.EXACT):
        found = card_score(card, measures(collected_amount=("1", "1"), win_rate=("1", "2"), new_customers=None))
    assert found == expected


@pytest.mark.parametrize(
    ("score", "grade"), [("-0.2", None), ("0", "C"), ("0.899999", "C"), ("0.9", "B"), ("1.1", "A"), ("9", "A")]
)
def test_k2_grade_bands(score: str, grade: str | None) -> None:
    found = grade_of(GRADES, Decimal(score))
    assert (found and found.grade) == grade


def test_k3_the_bonus_is_prorated_and_paid_in_the_quarters_last_month() -> None:
    version = replace(plan(bands(("0", "0.1"))), scorecards=(CARD,))
    base = company(
        version,
        as_of=date(2026, 6, 29),
        employees=JOINED_IN_MARCH,
        measures=tuple(measures(collected_amount=("115", "100")).values()),
    )
    results = compute(base)
    assert [(item.period, item.score, item.grade) for item in results.appraisals] == [
        ("2026-Q1", Decimal("1.150000"), "A")
    ]
    line = next(line for line in results.earning_lines if line.line_type == "bonus")
    assert (line.period, line.earned_amount) == ("2026-03", Decimal("516.67"))  # 1,000 × 1.5 × 31 ÷ 90
    later = compute(replace(base, as_of=date(2026, 6, 30)))
    assert [(item.period, item.grade) for item in later.appraisals] == [("2026-Q1", "A"), ("2026-Q2", None)]


# -- properties -----------------------------------------------------------------------------------

AMOUNTS = st.decimals(min_value=-20000, max_value=20000, places=2, allow_nan=False)
HISTORIES = st.lists(st.tuples(AMOUNTS, st.dates(date(2026, 1, 1), date(2026, 3, 31))), max_size=25)
RATES = st.decimals(min_value=0, max_value=1, places=6, allow_nan=False)


@st.composite
def plans(draw: st.DrawFn) -> PlanVersion:
    lowers = sorted(draw(st.sets(st.integers(1, 50000), max_size=4)))
    steps = bands(*[(str(lower), str(draw(RATES))) for lower in [0, *lowers]])
    return plan(steps, accumulate=draw(st.sampled_from(["deal", "month", "quarter", "year"])))


def history(rows: Iterable[tuple[Decimal, date]]) -> list[Event]:
    """Receipts, and refunds of what is negative; every other one of the same deal."""
    return [
        (refund if amount < 0 else receipt)(number, amount, day, document_id="D" if number % 2 else f"D{number}")
        for number, (amount, day) in enumerate(rows, start=1)
    ]


@given(plans(), HISTORIES)
def test_t3_lines_add_up_to_the_rounded_total(version: PlanVersion, rows: list[tuple[Decimal, date]]) -> None:
    lines = compute(company(version, history(rows))).earning_lines
    assert len(lines) >= sum(amount >= 0 for amount, _ in rows)
    with localcontext(money.EXACT):
        for window in {line.window_code for line in lines}:
            inside = [line for line in lines if line.window_code == window]
            total = sum((line.credited_amount or Decimal(0) for line in inside), Decimal(0))
            pay = marginal(version.components[0].bands, total)
            assert sum(line.earned_amount for line in inside) == money.round_money(pay, "CNY")


@given(plans(), HISTORIES)
def test_d3_what_is_earned_is_paid_held_or_owed(version: PlanVersion, rows: list[tuple[Decimal, date]]) -> None:
    payouts = compute(company(version, history(rows))).payouts
    earned_total = sum(item.earned_amount for item in payouts)
    assert sum(item.payable_amount for item in payouts) - payouts[-1].closing_clawback_balance == earned_total
    assert all(item.payable_amount >= 0 and item.closing_clawback_balance >= 0 for item in payouts)


@given(plans(), HISTORIES, AMOUNTS, st.dates(date(2026, 1, 1), date(2026, 3, 31)))
def test_d3_a_refund_in_the_window_returns_to_where_it_was(
    version: PlanVersion, rows: list[tuple[Decimal, date]], amount: Decimal, day: date
) -> None:
    before = compute(company(version, history(rows)))
    taken_back = [receipt(9001, abs(amount), day), refund(9001, -abs(amount), day)]
    after = compute(company(version, [*history(rows), *taken_back]))
    assert [item.earned_amount for item in after.payouts] == [item.earned_amount for item in before.payouts]


@given(plans(), HISTORIES, st.randoms(use_true_random=False))
def test_m4_the_order_of_arrival_does_not_matter(
    version: PlanVersion, rows: list[tuple[Decimal, date]], shuffler: random.Random
) -> None:
    events = history(rows)
    shuffled = list(events)
    shuffler.shuffle(shuffled)
    assert compute(company(version, shuffled)) == compute(company(version, events))


@given(HISTORIES, st.lists(st.integers(1, 99), min_size=1, max_size=4))
def test_c1_shared_credit_adds_up_to_what_is_left_of_each_document(
    rows: list[tuple[Decimal, date]], weights: list[int]
) -> None:
    events = history(rows)
    percents = money.allocate(Decimal(100), {key: Decimal(weight) for key, weight in enumerate(weights)}, 2)
    splits = tuple(
        Split("crm", document, number, f"E{number}", percent)
        for document in sorted({event.document_id for event in events})
        for number, percent in percents.items()
    )
    people = tuple(Employee(f"E{number}", "Seller", None, None, None) for number in percents)
    lines = compute(company(plan(bands(("0", "0.05"))), events, splits=splits, employees=people)).earning_lines
    left: dict[str, Decimal] = {}
    for event in sorted(events, key=lambda item: (item.event_date, item.takes_back, item.event_id)):
        left[event.document_id] = max(Decimal(0), left.get(event.document_id, Decimal(0)) + event.amount)
    assert sum(line.credited_amount or 0 for line in lines) == sum(left.values())


@given(plans(), st.lists(AMOUNTS, max_size=12))
def test_t3_money_and_bounds_scaled_together_scale_the_pay(version: PlanVersion, amounts: list[Decimal]) -> None:
    component = version.components[0]
    larger = replace(
        component,
        bands=tuple(
            replace(band, lower=band.lower * 100, upper=None if band.upper is None else band.upper * 100)
            for band in component.bands
        ),
    )
    with localcontext(money.EXACT):
        for total in amounts:
            assert marginal(larger.bands, total * 100) == 100 * marginal(component.bands, total)
