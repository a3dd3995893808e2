"""Readings of the rules about draws, penalties, holds, recovery and the legal limit (D1–D5, K4): each has a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from attain.reference.calculation import Payout, compute
from attain.reference.inputs import Draw, Employee, Event, HoldRule, LegalLimit, Measure, Penalty, PlanVersion, Release
from tests.reference.company import SELLER, bands, company, deal, decimals, plan, receipt, refund

ONE_TENTH = bands(("0", "0.1"))
YEAR = date(2026, 1, 1)
JOINED = (Employee(SELLER, "Seller", "North", YEAR, None),)


def monthly(*earned: str) -> list[Event]:
    """Receipts that earn so much in each month from January on; a negative one is a plain correction."""
    return [
        receipt(number, Decimal(amount) * 10, date(2026, number, 10))
        for number, amount in enumerate(earned, start=1)
        if amount != "0"
    ]


def payouts(version: PlanVersion, events: list[Event], months: int, **changes: object) -> list[Payout]:
    last = date(2026, months, 28)
    inputs = company(version, events, **{"as_of": last, "employees": JOINED, **changes})
    return list(compute(inputs).payouts)


RECOVERABLE = Draw("recoverable", Decimal(1000), minimum=Decimal(1000), recovery_from="2026-04")


# -- draws ----------------------------------------------------------------------------------------


def test_d2_golden() -> None:
    found = payouts(plan(ONE_TENTH, draw=RECOVERABLE), monthly("500", "700", "400", "1300", "1800", "1100"), 6)
    assert [item.payable_amount for item in found] == [Decimal(1000)] * 6
    assert [item.closing_draw_balance for item in found] == decimals("500", "800", "1400", "1100", "300", "200")
    assert [item.draw_recovered_amount for item in found] == decimals("0", "0", "0", "300", "800", "100")


def test_d1_golden_guarantee_and_a_draw_on_top() -> None:
    [guaranteed] = payouts(plan(ONE_TENTH, draw=Draw("guarantee", Decimal(5000))), monthly("3200"), 1)
    assert (guaranteed.draw_top_up_amount, guaranteed.payable_amount) == (1800, 5000)
    [above] = payouts(plan(ONE_TENTH, draw=Draw("guarantee", Decimal(5000))), monthly("5200"), 1)
    assert (above.draw_top_up_amount, above.payable_amount) == (0, 5200)
    [on_top] = payouts(plan(ONE_TENTH, draw=Draw("non_recoverable", Decimal(5000))), monthly("3200"), 1)
    assert (on_top.draw_top_up_amount, on_top.payable_amount, on_top.closing_draw_balance) == (5000, 8200, 0)


def test_d2_recovery_goes_on_after_the_draw_ends_and_by_tenure() -> None:
    draw = replace(RECOVERABLE, to_month=1, recovery_from=None, recovery_from_month=3, recovery_rate=Decimal("0.5"))
    found = payouts(plan(ONE_TENTH, draw=draw), monthly("0", "0", "5000", "1500", "1500"), 5)
    assert [item.draw_top_up_amount for item in found] == decimals("1000", "1000", "0", "0", "0")
    assert [item.draw_recovered_amount for item in found] == decimals("0", "0", "0", "250", "250")
    never = replace(draw, recovery_from_month=None)
    assert payouts(plan(ONE_TENTH, draw=never), monthly("0", "0", "5000"), 3)[-1].closing_draw_balance == 2000


def test_d2_recovery_goes_on_under_a_version_without_a_draw() -> None:
    old = plan(ONE_TENTH, draw=RECOVERABLE, valid_to=date(2026, 3, 31))
    new = replace(old, version="2", valid_from=date(2026, 4, 1), valid_to=None, draw=None)
    found = payouts(old, monthly("0", "0", "0", "1200"), 4, versions=(old, new))
    assert [item.closing_draw_balance for item in found] == decimals("1000", "2000", "3000", "2800")


def test_d1_a_draw_never_swallows_a_negative_total() -> None:
    found = payouts(plan(ONE_TENTH, draw=Draw("guarantee", Decimal(1000))), monthly("-300", "1200"), 2)
    assert [(item.payable_amount, item.closing_clawback_balance) for item in found] == [(1000, 300), (900, 0)]


def test_d1_held_lines_are_earned_and_a_release_is_not_earned_again() -> None:
    version = plan(ONE_TENTH, draw=Draw("guarantee", Decimal(1000)))
    held = [replace(event, hold_reason="disputed") for event in monthly("800")]
    [found] = payouts(version, held, 1)
    assert (found.earned_amount, found.draw_top_up_amount, found.held_amount, found.payable_amount) == (
        800,
        200,
        800,
        200,
    )
    [released] = payouts(version, monthly("800"), 1)
    assert (released.draw_top_up_amount, released.payable_amount) == (200, 1000)


def test_d1_a_draw_is_not_prorated() -> None:
    people = (replace(JOINED[0], hire_date=date(2026, 1, 31)),)
    [found] = payouts(
        plan(ONE_TENTH, draw=Draw("guarantee", Decimal(1000))), [], 1, as_of=date(2026, 1, 31), employees=people
    )
    assert found.payable_amount == 1000


# -- several plans ---------------------------------------------------------------------------------


def extra(**changes: object) -> PlanVersion:
    """A plan that pays 10 % of what is booked as a SPIFF, beside the main one."""
    version = plan(ONE_TENTH, basis="booked", kind="spiff", **changes)
    return replace(version, plan_code="spiff")


def beside(
    version: PlanVersion, main: list[str], spiffs: list[str], other: PlanVersion | None = None, **changes: object
) -> dict[str, list[Payout]]:
    """Payouts by plan of somebody who earns so much by the month under the plan, and so much by SPIFFs."""
    booked = [
        replace(event, basis="booked", event_type="won", document_id=f"S{event.document_id}", event_id="W")
        for event in monthly(*spiffs)
    ]
    versions = (version, other or extra())
    found = payouts(version, [*monthly(*main), *booked], len(main), versions=versions, **changes)
    return {code: [item for item in found if item.plan_code == code] for code in {item.plan_code for item in found}}


def test_d1_what_is_earned_is_the_payees_over_all_plans() -> None:
    version = plan(ONE_TENTH, draw=Draw("guarantee", Decimal(1000)))
    found = beside(version, ["300", "300", "-500", "0"], ["250", "900", "300", "1000"])
    assert [item.draw_top_up_amount for item in found["plan"]] == decimals("450", "0", "1000", "0")
    assert [item.draw_top_up_amount for item in found["spiff"]] == decimals("0", "0", "0", "0")
    paid = [first.payable_amount + second.payable_amount for first, second in zip(*found.values(), strict=True)]
    # March is 200 below zero: the draw is paid all the same, and April pays the 200 back.
    assert paid == decimals("1000", "1200", "1000", "800")


def test_d2_a_draw_is_paid_back_from_what_another_plan_pays() -> None:
    draw = replace(RECOVERABLE, minimum=Decimal(400), recovery_rate=Decimal("0.5"), recovery_from="2026-02")
    version = plan(ONE_TENTH, draw=draw, valid_to=date(2026, 1, 31))
    found = beside(version, ["0", "0", "0"], ["0", "1000", "2000"])
    assert [item.period for item in found["plan"]] == ["2026-01", "2026-02", "2026-03"]
    assert [item.closing_draw_balance for item in found["plan"]] == decimals("1000", "700", "0")
    assert [item.payable_amount for item in found["spiff"]] == decimals("0", "700", "1300")
    assert [item.closing_clawback_balance for item in found["spiff"]] == decimals("0", "0", "0")


def test_d1_a_month_has_the_draw_of_the_plan_assigned_last_and_the_payee_one_balance() -> None:
    draw = replace(RECOVERABLE, recovery_from=None)
    old = plan(ONE_TENTH, draw=draw, valid_to=date(2026, 2, 14))
    new = replace(old, plan_code="later", valid_from=date(2026, 2, 15), valid_to=None)
    new = replace(new, draw=replace(draw, amount=Decimal(1500), minimum=Decimal(0), recovery_from="2026-03"))
    found = beside(old, ["0", "0", "1700"], ["0", "0", "0"], other=new)
    assert [item.draw_top_up_amount for item in found["plan"]] == decimals("1000", "0")
    assert [item.closing_draw_balance for item in found["plan"]] == decimals("1000", "0")
    assert [item.draw_top_up_amount for item in found["later"]] == decimals("1500", "0")
    assert [item.opening_draw_balance for item in found["later"]] == decimals("1000", "2500")
    assert [item.closing_draw_balance for item in found["later"]] == decimals("2500", "800")


def test_k4_floor_and_rate_look_at_the_pay_of_all_plans() -> None:
    penalty = replace(LATE, amount=None, rate=Decimal("0.2"))
    found = beside(plan(ONE_TENTH, penalties=(penalty,)), ["500"], ["1000"], measures=measured("0.1"))
    assert [item.penalty_amount for item in found["plan"]] == decimals("300")
    found = beside(
        plan(ONE_TENTH, penalties=(penalty,), floor=Decimal(1400)), ["0"], ["1500"], measures=measured("0.1")
    )
    assert [item.penalty_amount for item in found["plan"]] == decimals("100")
    assert [item.payable_amount for item in found["spiff"]] == decimals("1400")


def test_d4_the_law_looks_at_the_pay_of_all_plans_and_the_lower_limit_holds() -> None:
    limit = LegalLimit(None, Decimal("0.2"), Decimal(0))
    version = plan(ONE_TENTH, legal_limits=(limit,))
    found = beside(version, ["-900", "600"], ["0", "400"])
    assert [item.clawback_recovered for item in found["plan"]] == decimals("0", "200")
    assert [item.legal_limit_amount for item in found["plan"]] == decimals("0", "400")
    assert [item.legal_limit_amount for item in found["spiff"]] == decimals("0", "300")
    lower = extra(legal_limits=(replace(limit, share=Decimal("0.1")),))
    assert beside(version, ["-900", "600"], ["0", "400"], other=lower)["plan"][1].clawback_recovered == 100
    # What the SPIFF loses in the same month is no recovery: 600 less 500 are earned.
    assert beside(version, ["600"], ["-500"])["plan"][0].payable_amount == 100


# -- penalties -------------------------------------------------------------------------------------

LATE = Penalty("late", "collection_ratio", "below", Decimal("0.8"), Decimal(300), None, Decimal(500))


def measured(value: str | None) -> tuple[Measure, ...]:
    return (Measure(SELLER, "collection_ratio", "2026-01", "", None if value is None else Decimal(value), None),)


@pytest.mark.parametrize(
    ("penalty", "value", "expected"),
    [
        (LATE, "0.79", "300"),
        (LATE, "0.8", "0"),
        (LATE, None, "0"),
        (replace(LATE, comparison="above"), "0.8", "0"),
        (replace(LATE, comparison="above"), "0.81", "300"),
        (replace(LATE, amount=None, rate=Decimal("0.2")), "0", "200"),
        (replace(LATE, amount=None, rate=Decimal("0.9")), "0", "500"),
    ],
)
def test_k4_a_penalty_has_a_stated_limit(penalty: Penalty, value: str | None, expected: str) -> None:
    [found] = payouts(plan(ONE_TENTH, penalties=(penalty,)), monthly("1000"), 1, measures=measured(value))
    assert found.penalty_amount == Decimal(expected)
    assert found.payable_amount == 1000 - Decimal(expected)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"floor": Decimal(900)}, "100"),
        ({"floor": Decimal(2000)}, "0"),
        ({"draw": Draw("guarantee", Decimal(800)), "floor": Decimal(750)}, "200"),
        ({"draw": Draw("non_recoverable", Decimal(800)), "floor": Decimal(1750)}, "50"),
    ],
)
def test_k4_the_floor_is_the_larger_of_the_plans_and_the_guarantee_and_the_rest_is_lost(
    terms: dict[str, object], expected: str
) -> None:
    version: PlanVersion = plan(ONE_TENTH, penalties=(LATE,), **terms)
    january, february = payouts(version, monthly("1000", "1000"), 2, measures=measured("0.1"))
    assert january.penalty_amount == Decimal(expected)
    assert (february.penalty_amount, january.closing_clawback_balance) == (0, 0)


# -- holds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "is_held"),
    [
        (HoldRule("big", "document_amount_above", Decimal(1000)), False),
        (HoldRule("big", "document_amount_above", Decimal("999.99")), True),
        (HoldRule("unpaid", "collected_share_below", Decimal("0.5")), False),
        (HoldRule("unpaid", "collected_share_below", Decimal("0.51")), True),
        (HoldRule("cheap", "discount_above", Decimal("0.2")), False),
        (HoldRule("cheap", "discount_above", Decimal("0.19")), True),
    ],
)
def test_d5_the_plans_own_holds_and_their_release(rule: HoldRule, is_held: bool) -> None:
    document = deal(1, "1000", listed=Decimal(1250))
    version = plan(ONE_TENTH, hold_rules=(rule,))
    inputs = company(version, [receipt(1, "500")], documents=(document,), as_of=date(2026, 1, 31), employees=JOINED)
    [found] = compute(inputs).payouts
    assert (found.earned_amount, found.held_amount) == (50, 50 if is_held else 0)
    released = replace(inputs, releases=(Release(SELLER, "D0001", date(2026, 1, 31)),))
    assert compute(released).payouts[0].payable_amount == 50
    for other in (
        Release("E2", "D0001", YEAR),
        Release(SELLER, "D0002", YEAR),
        Release(SELLER, "D0001", date(2026, 2, 1)),
    ):
        assert compute(replace(inputs, releases=(other,))).payouts[0].held_amount == found.held_amount


def test_d5_what_a_recovery_cannot_take_from_the_rest_comes_off_what_is_held() -> None:
    draw = replace(RECOVERABLE, recovery_from="2026-02")
    events = monthly("0", "1500")
    events[0] = replace(events[0], hold_reason="disputed")
    _, february = payouts(plan(ONE_TENTH, draw=draw), events, 2)
    assert (february.draw_recovered_amount, february.held_amount, february.payable_amount) == (500, 1000, 0)


# -- the legal limit -------------------------------------------------------------------------------

LIMIT = LegalLimit(None, Decimal("0.2"), Decimal(2690))


@pytest.mark.parametrize(
    ("salary", "recovered"), [("10000", "1000.97"), ("3000", "800.19"), ("2000.01", "310.98"), ("0", "0")]
)
def test_d4_both_bounds_hold_rounded_down_and_the_rest_is_recovered_later(salary: str, recovered: str) -> None:
    version = plan(ONE_TENTH, legal_limits=(replace(LIMIT, region="South"), LIMIT, replace(LIMIT, share=Decimal(1))))
    people = (replace(JOINED[0], base_salary=Decimal(salary), salary_currency="CNY"),)
    events = [*monthly("-2000"), receipt(2, "10009.70", date(2026, 2, 10))]
    _, found = payouts(version, events, 2, employees=people)
    assert found.clawback_recovered == Decimal(recovered)
    assert found.legal_limit_amount == Decimal("1000.97") - Decimal(recovered)
    assert found.closing_clawback_balance == 2000 - Decimal(recovered)
    assert found.payable_amount == Decimal("1000.97") - Decimal(recovered)


def test_d4_pay_is_after_draws_and_recovery_comes_from_incentive_only() -> None:
    version = plan(ONE_TENTH, draw=Draw("guarantee", Decimal(1000)), legal_limits=(replace(LIMIT, keep=Decimal(0)),))
    people = (replace(JOINED[0], base_salary=Decimal(9000), salary_currency="CNY"),)
    january, february = payouts(version, monthly("-3000", "500"), 2, employees=people)
    assert (january.payable_amount, january.closing_clawback_balance) == (1000, 3000)
    assert (february.clawback_recovered, february.payable_amount) == (1000, 0)  # 20 % of 10,000 is 2,000


def test_d3_a_negative_credit_after_leaving_goes_on_the_balance() -> None:
    people = (Employee(SELLER, "Seller", None, YEAR, date(2026, 1, 31)),)
    events = [receipt(1, "1000"), refund(1, "-400", date(2026, 3, 5))]
    found = payouts(plan(ONE_TENTH), events, 4, employees=people)
    assert [(item.period, item.closing_clawback_balance) for item in found] == [("2026-01", 0), ("2026-03", 40)]
