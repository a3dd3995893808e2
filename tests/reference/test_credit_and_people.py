"""Readings of the rules about credit, people and quota (C1–C6, D3, Q1–Q6): each has a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from attain.reference.calculation import compute, split_events
from attain.reference.inputs import (
    HOUSE,
    Assignment,
    Employee,
    Event,
    Inputs,
    Invoice,
    Leave,
    PlanVersion,
    QuotaPeriod,
    Split,
    TeamMembership,
)
from tests.reference.company import (
    SELLER,
    bands,
    by_month,
    company,
    deal,
    decimals,
    earned,
    plan,
    receipt,
    refund,
    signing,
    target,
)

ONE_TENTH = bands(("0", "0.1"))
BY_ATTAINMENT = {"index": "attainment", "quota_kpi_code": "collected_amount"}
JOINED_IN_MARCH = (Employee(SELLER, "Seller", "North", date(2026, 3, 1), None),)


def quotas(inputs: Inputs) -> dict[str, Decimal | None]:
    return {line.window_code: line.effective_quota for line in compute(inputs).earning_lines}


# -- measures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "expected"), [("amount", "500"), ("margin", "150"), ("units", "2"), ("count", "0.5")]
)
def test_a_part_of_a_document_has_the_same_part_of_its_measures(measure: str, expected: str) -> None:
    document = deal(1, "1000", cost=Decimal(700), quantity=Decimal(4))
    lines = compute(company(plan(bands(("0", "1")), measure=measure), [receipt(1, "500")], documents=(document,)))
    assert [line.credited_amount for line in lines.earning_lines] == [Decimal(expected)]
    assert earned(lines) == [Decimal(expected)]


def test_a_measure_nobody_told_is_a_hold_and_counts_nowhere() -> None:
    events = [receipt(1, "500"), receipt(2, "500")]
    documents = (deal(1, "1000"), deal(2, "1000", cost=Decimal(600)))
    results = compute(company(plan(ONE_TENTH, measure="margin"), events, documents=documents))
    assert [(line.earned_amount, line.hold_reason) for line in results.earning_lines] == [
        (0, "the document's cost is not known"),
        (20, None),
    ]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ({"channel": frozenset({"partner"})}, ["10"]),
        ({"channel": frozenset({"partner", "direct"})}, ["10", "20"]),
        ({"segment": frozenset({"retail"})}, []),
    ],
)
def test_a_filter_compares_trimmed_and_without_case_and_what_is_absent_matches_nothing(
    only: dict[str, frozenset[str]], expected: list[str]
) -> None:
    documents = (deal(1, "100", channel=" Partner "), deal(2, "200", channel="DIRECT"), deal(3, "400"))
    events = [receipt(1, "100"), receipt(2, "200"), receipt(3, "400")]
    assert earned(compute(company(plan(ONE_TENTH, only=only), events, documents=documents))) == decimals(*expected)


# -- overlays and managers -------------------------------------------------------------------------


def shared(*splits: tuple[int, str, str]) -> tuple[Split, ...]:
    return tuple(
        Split("crm", "D0001", number, employee_id, Decimal(percent), "overlay" if number > 100 else "revenue")
        for number, employee_id, percent in splits
    )


def people(*numbers: int) -> tuple[Employee, ...]:
    return tuple(Employee(f"E{number}", "Seller", None, date(2020, 1, 1), None) for number in numbers)


def test_c1_overlays_have_a_role_of_their_own_and_may_exceed_the_whole() -> None:
    splits = shared((1, "E1", "100"), (101, "E2", "100"), (102, "E3", "25"))
    inputs = company(plan(ONE_TENTH, credit="overlay"), [receipt(1, "1000")], splits=splits, employees=people(1, 2, 3))
    assert [(line.payee_id, line.earned_amount) for line in compute(inputs).earning_lines] == [("E2", 100), ("E3", 25)]


def test_c1_a_document_whose_splits_do_not_add_up_is_held_whole_overlays_too() -> None:
    splits = shared((1, "E1", "90"), (101, "E2", "50"))
    credits = split_events([receipt(1, "1000")], splits)
    assert [(credit.employee_id, credit.role) for credit in credits] == [(HOUSE, "revenue"), (HOUSE, "overlay")]
    assert all(credit.hold_reason and "C1" in credit.hold_reason for credit in credits)


def test_d3_an_overlay_loses_the_share_that_the_document_loses() -> None:
    splits = shared((1, "E1", "100"), (101, "E2", "30"))
    events = [receipt(1, "100"), refund(1, "-50", date(2026, 1, 16)), refund(1, "-80", date(2026, 1, 17), event_id="G")]
    credits = [credit for credit in split_events(events, splits) if credit.role == "overlay"]
    assert [credit.amount for credit in credits] == decimals("30", "-15", "-15")


LINES = (
    TeamMembership("E1", "Blue", date(2020, 1, 1), date(2026, 1, 31), "E2"),
    TeamMembership("E1", "Red", date(2026, 2, 1), None, "E4"),
    TeamMembership("E2", None, date(2020, 1, 1), None, "E3"),
    TeamMembership("E3", None, date(2020, 1, 1), None, "E2"),
)


def test_c6_every_manager_up_the_line_of_the_day_gets_the_credit_once() -> None:
    version = plan(ONE_TENTH, credit="team", credit_share=Decimal("0.5"))
    inputs = company(version, [receipt(1, "1000")], employees=people(1, 2, 3, 4), teams=LINES)
    assert [(line.payee_id, line.credited_amount, line.earned_amount) for line in compute(inputs).earning_lines] == [
        ("E2", 500, 50),
        ("E3", 500, 50),
    ]
    assert [line.credit_line_id.split("|")[-1] for line in compute(inputs).earning_lines] == ["E2", "E3"]


def test_c6_a_reversal_goes_to_the_managers_who_had_the_credit_and_overlays_do_not_roll_up() -> None:
    events = [receipt(1, "1000"), refund(1, "-400", date(2026, 2, 10))]
    splits = (*shared((1, "E1", "100")), Split("crm", "D0001", 101, "E1", Decimal(50), "overlay"))
    inputs = company(plan(ONE_TENTH, credit="team"), events, employees=people(1, 2, 3, 4), teams=LINES, splits=splits)
    assert [(line.payee_id, line.earned_amount) for line in compute(inputs).earning_lines] == [
        ("E2", 100),
        ("E2", -40),
        ("E3", 100),
        ("E3", -40),
    ]


# -- what takes credit back ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["refund", "credit_note", "write_off"])
@pytest.mark.parametrize("basis", ["booked", "invoiced", "collected"])
def test_d3_what_reverses_which_basis(kind: str, basis: str) -> None:
    events = [receipt(1, "100", basis=basis), refund(1, "-40", date(2026, 1, 16), basis=basis, event_type=kind)]
    expected = decimals("10") if basis == "collected" and kind != "refund" else decimals("10", "-4")
    assert earned(compute(company(plan(ONE_TENTH, basis=basis), events))) == expected
    listed = frozenset({"credit_note"})
    own = decimals("10", "-4") if kind == "credit_note" else decimals("10")
    assert earned(compute(company(plan(ONE_TENTH, basis=basis, reversed_by=listed), events))) == own


def test_d3_what_a_component_does_not_look_at_leaves_the_document_whole() -> None:
    note = refund(1, "-60", date(2026, 1, 16), basis="booked", event_type="credit_note", event_id="C1")
    events = [signing(1, "100"), note, refund(1, "-70", date(2026, 1, 17), basis="booked")]
    version = plan(bands(("0", "1")), basis="booked")
    assert earned(compute(company(version, events))) == decimals("100", "-60", "-40")
    only_refunds = plan(bands(("0", "1")), basis="booked", reversed_by=frozenset({"refund"}))
    assert earned(compute(company(only_refunds, events))) == decimals("100", "-70")


def test_d3_a_cancellation_takes_the_whole_rest() -> None:
    events = [signing(1, "100"), refund(1, "-30", date(2026, 1, 20), basis="booked")]
    documents = (deal(1, "100", cancelled_date=date(2026, 2, 3)),)
    results = compute(company(plan(bands(("0", "1")), basis="booked"), events, documents=documents))
    assert [(line.period, line.earned_amount) for line in results.earning_lines] == [
        ("2026-01", 100),
        ("2026-01", -30),
        ("2026-02", -70),
    ]
    early = replace(documents[0], cancelled_date=date(2025, 12, 1))
    results = compute(company(plan(bands(("0", "1")), basis="booked"), events[:1], documents=(early,)))
    assert earned(results) == decimals("100")  # it can't be called off before it was signed


def invoice(amount: str, **changes: object) -> Invoice:
    day = date(2026, 1, 10)
    made = Invoice("crm", "I1", "crm", "D0001", day, date(2026, 1, 31), None, Decimal(amount), "CNY")
    return replace(made, **changes)  # type: ignore[arg-type]


def paid(amount: str, day: date, number: int) -> Event:
    return receipt(1, amount, day, event_id=f"R{number}", invoice_no="I1", invoice_system="crm")


def test_d3_an_invoice_unpaid_for_n_days_and_paid_later() -> None:
    events = [
        signing(1, "1000"),
        paid("300", date(2026, 3, 2), 1),  # the 30th day after 31 January is in time
        paid("500", date(2026, 4, 5), 2),
        paid("900", date(2026, 5, 6), 3),
    ]
    version = plan(bands(("0", "1")), basis="booked", unpaid_days=30)
    results = compute(company(version, events, invoices=(invoice("800"),)))
    assert [(line.period, line.earned_amount) for line in results.earning_lines] == [
        ("2026-01", 1000),
        ("2026-03", -500),
        ("2026-04", 500),
    ]
    never = replace(version, components=(replace(version.components[0], unpaid_days=None),))
    assert earned(compute(company(never, events, invoices=(invoice("800"),)))) == decimals("1000")


def test_d3_only_what_was_taken_as_unpaid_is_credited_again() -> None:
    back = refund(1, "-400", date(2026, 3, 20), basis="booked", invoice_no="I1", invoice_system="crm")
    events = [signing(1, "1000"), back, paid("900", date(2026, 4, 5), 2)]
    version = plan(bands(("0", "1")), basis="booked", unpaid_days=30)
    results = compute(company(version, events, invoices=(invoice("500"),)))
    assert earned(results) == decimals("1000", "-500", "-400", "500")


def test_d3_what_a_credit_note_took_back_is_not_unpaid_too() -> None:
    note = receipt(1, "-200", date(2026, 2, 1), event_type="credit_note", event_id="C1", basis="booked")
    told = replace(note, basis="invoiced", invoice_no="I1", invoice_system="crm")
    events = [signing(1, "1000"), note, told, paid("300", date(2026, 2, 2), 1)]
    version = plan(bands(("0", "1")), basis="booked", unpaid_days=30)
    assert earned(compute(company(version, events, invoices=(invoice("800"),)))) == decimals("1000", "-200", "-300")


@pytest.mark.parametrize(
    ("months", "day", "expected"),
    [
        (1, date(2026, 2, 28), ["100", "-40"]),
        (1, date(2026, 3, 1), ["100", "0"]),
        (0, date(2026, 1, 31), ["100", "-40"]),
        (None, date(2026, 12, 31), ["100", "-40"]),
    ],
)
def test_d3_the_window_is_of_whole_months_with_month_ends_clipped(
    months: int | None, day: date, expected: list[str]
) -> None:
    events = [receipt(1, "1000", date(2026, 1, 31)), refund(1, "-400", day)]
    results = compute(company(plan(ONE_TENTH, clawback_window_months=months), events))
    assert earned(results) == decimals(*expected)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 2, 27), "-120"),
        (date(2026, 2, 28), "-110"),
        (date(2026, 7, 30), "-70"),
        (date(2026, 7, 31), "-60"),
        (date(2027, 1, 31), "0"),
    ],
)
def test_d3_linear_scales_the_negative_credit_by_whole_months_kept(day: date, expected: str) -> None:
    events = [receipt(1, "1200", date(2026, 1, 31)), refund(1, "-1200", day)]
    version = plan(ONE_TENTH, clawback_schedule="linear")
    results = compute(company(version, events, as_of=date(2027, 12, 31)))
    assert earned(results) == decimals("120", expected)


def test_d3_original_rate_takes_back_the_lines_pay_by_the_share_reversed_after_the_cap() -> None:
    steps = bands(("0", "0.1"), ("1000", "0.2"))
    events = [
        receipt(1, "1000", date(2026, 1, 5)),
        receipt(2, "1000", date(2026, 1, 6)),
        refund(2, "-500", date(2026, 3, 1)),
        receipt(3, "1000", date(2026, 3, 2)),
    ]
    version = plan(steps, clawback_method="original_rate")
    assert earned(compute(company(version, events))) == decimals("100", "200", "100", "-100")
    capped = plan(steps, clawback_method="original_rate", cap_amount=Decimal(150))
    results = compute(company(capped, events))
    # January earned 300 and was capped to 150: a refund of half of the second deal takes back 200 × ½ × ½.
    assert by_month(results, "cap") == {"2026-01": -150}
    assert earned(results)[-1] == -50


# -- who is active when ----------------------------------------------------------------------------


def test_q1_a_leave_longer_than_the_limit_is_wholly_not_active_over_month_ends() -> None:
    version = plan(ONE_TENTH, **BY_ATTAINMENT, leave_limit_days=10)
    events = [receipt(1, "100", date(2026, 3, 31)), receipt(2, "100", date(2026, 4, 1))]
    targets = (target("2026-03", "31000"), target("2026-04", "30000"))
    for leave in (
        (Leave(SELLER, date(2026, 3, 26), date(2026, 4, 5)),),
        (Leave(SELLER, date(2026, 3, 26), date(2026, 3, 31)), Leave(SELLER, date(2026, 4, 1), date(2026, 4, 5))),
    ):
        inputs = company(version, events, targets=targets, leave=leave)
        assert quotas(inputs) == {"2026-03": 25000, "2026-04": 25000}
        assert earned(compute(inputs)) == decimals("10", "10")  # a line on a day of leave earns
    ten_days = (Leave(SELLER, date(2026, 3, 27), date(2026, 4, 5)),)
    assert quotas(company(version, events, targets=targets, leave=ten_days)) == {"2026-03": 31000, "2026-04": 30000}
    unlimited = replace(version, leave_limit_days=None)
    assert quotas(company(unlimited, events, targets=targets, leave=leave)) == {"2026-03": 31000, "2026-04": 30000}


@pytest.mark.parametrize(
    ("confirmed", "expected"),
    [
        (None, ["300", "300", "300"]),
        (date(2026, 2, 20), ["300", "300", "600"]),
        (date(2025, 1, 1), ["1000", "1000", "1000"]),
    ],
)
def test_q2_ramp_by_confirmation_has_its_first_entry_before_it_and_all_after_its_last(
    confirmed: date | None, expected: list[str]
) -> None:
    version = plan(ONE_TENTH, **BY_ATTAINMENT, ramp=tuple(decimals("0.3", "0.6")), ramp_from="confirmation")
    months = ("2026-01", "2026-02", "2026-03")
    inputs = company(
        version,
        [receipt(number, "100", date(2026, number, 5)) for number in (1, 2, 3)],
        targets=tuple(target(month, "1000") for month in months),
        employees=(Employee(SELLER, "Seller", None, date(2020, 1, 1), None, confirmed),),
    )
    assert list(quotas(inputs).values()) == decimals(*expected)


def seasons(period: str) -> tuple[QuotaPeriod, ...]:
    shares = {1: "20000", 2: "20000", 3: "20000", 4: "40000"}
    if period == "quarter":
        return tuple(
            QuotaPeriod("collected_amount", f"2026-Q{number}", Decimal(value)) for number, value in shares.items()
        )
    return tuple(
        QuotaPeriod("collected_amount", f"2026-{3 * number - 3 + month:02d}", Decimal(part))
        for number, value in shares.items()
        for month, part in enumerate(_thirds(value), start=1)
    )


def _thirds(value: str) -> list[Decimal]:
    third = (Decimal(value) / 3).quantize(Decimal("0.000001"))
    return [third, third, Decimal(value) - 2 * third]


@pytest.mark.parametrize(("period", "expected"), [("quarter", "86888.888889"), ("month", "86666.666666")])
def test_q1_q3_golden_seasonal_quota_of_the_plan(period: str, expected: str) -> None:
    version = plan(ONE_TENTH, accumulate="year", **BY_ATTAINMENT, quotas=seasons(period))
    inputs = company(version, [receipt(1, "1", date(2026, 6, 1))], employees=JOINED_IN_MARCH)
    assert quotas(inputs) == {"2026": Decimal(expected)}


def test_q3_a_target_of_hr_wins_over_the_plans_quota_for_that_whole_period() -> None:
    version = plan(ONE_TENTH, accumulate="year", **BY_ATTAINMENT, quotas=seasons("quarter"))
    inputs = company(version, [receipt(1, "1", date(2026, 6, 1))], targets=(target("2026-05", "7"),))
    assert quotas(inputs) == {"2026": Decimal(80007)}


def test_q3_the_plans_quota_is_of_whom_it_names_most_narrowly() -> None:
    general = QuotaPeriod("collected_amount", "2026-01", Decimal(310))
    own = replace(general, quota=Decimal(620), employee_id=SELLER)
    other = replace(general, quota=Decimal(9), employee_id="E9")
    of_team = replace(general, quota=Decimal(930), team="Blue")
    base = company(plan(ONE_TENTH, **BY_ATTAINMENT), [receipt(1, "1")])

    def quota(*entries: QuotaPeriod) -> Decimal | None:
        version = replace(base.versions[0], quotas=entries)
        teams = (TeamMembership(SELLER, "Blue", date(2026, 1, 11), None),)
        return quotas(replace(base, versions=(version,), teams=teams))["2026-01"]

    assert quota(general, own, other) == 620
    assert quota(general, of_team) == 100 + 630  # ten days of one, twenty-one of the other (Q5)


def test_q5_a_dated_row_counts_its_end_day() -> None:
    rules = (Assignment("Seller", None, None, None, date(2026, 1, 5), date(2026, 1, 10)),)
    days = [date(2026, 1, day) for day in (4, 5, 10, 11)]
    version = replace(plan(ONE_TENTH), assignments=rules)
    inputs = company(version, [receipt(number, "100", day) for number, day in enumerate(days, start=1)])
    assert [line.event_date for line in compute(inputs).earning_lines] == days[1:3]


@pytest.mark.parametrize(("tail_days", "expected"), [(0, ["0", "0"]), (5, ["10", "0"])])
def test_q6_tail_days_cover_lines_after_leaving(tail_days: int, expected: list[str]) -> None:
    left = date(2026, 1, 20)
    events = [receipt(1, "100", left + timedelta(days=5)), receipt(2, "100", left + timedelta(days=6))]
    people_ = (Employee(SELLER, "Seller", None, date(2020, 1, 1), left),)
    results = compute(company(plan(ONE_TENTH, tail_days=tail_days), events, employees=people_))
    assert earned(results) == decimals(*expected)
    assert results.earning_lines[1].note == "dated after the day of leaving (Q6)"


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"is_after_confirmation": True}, ["0", "0", "10"]),
        ({"min_tenure_months": 1}, ["0", "10", "10"]),
        ({"min_tenure_months": 3}, ["0", "0", "0"]),
    ],
)
def test_a_line_before_confirmation_or_tenure_earns_nothing_and_says_so(
    terms: dict[str, object], expected: list[str]
) -> None:
    version: PlanVersion = replace(plan(ONE_TENTH), **terms)  # type: ignore[arg-type]
    events = [receipt(number, "100", date(2026, number, 20)) for number in (1, 2, 3)]
    person = Employee(SELLER, "Seller", None, date(2026, 1, 20), None, date(2026, 3, 20))
    results = compute(company(version, events, employees=(person,)))
    assert earned(results) == decimals(*expected)
    assert [line.note is None for line in results.earning_lines] == [amount != "0" for amount in expected]
