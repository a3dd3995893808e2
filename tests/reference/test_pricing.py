"""Readings of the rules about bands, curves, factors, thresholds, caps and SPIFFs (T1–T9, K6): each has a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from attain.reference.bonus import prizes_of
from attain.reference.calculation import compute
from attain.reference.inputs import Component, Contest, Employee, Factor, Invoice, Leave, QuotaPeriod, Split, Step
from attain.reference.pricing import add_months, months_between, moved
from tests.reference.company import (
    SELLER,
    bands,
    by_month,
    company,
    curve,
    deal,
    decimals,
    earned,
    factor,
    named_factor,
    plan,
    receipt,
    refund,
    signing,
    target,
)

FOUR_BANDS = bands(("0", "0.01"), ("1000", "0.02"), ("3000", "0.03"), ("8000", "0.05"))
ONE_TENTH = bands(("0", "0.1"))
WHOLE = bands(("0", "1"))
BY_ATTAINMENT = {"index": "attainment", "quota_kpi_code": "collected_amount"}
GOLDEN = ("200", "300", "1500", "1200", "2000", "4500")


# -- retroactive ----------------------------------------------------------------------------------


def test_t4_golden_the_whole_at_the_band_of_the_whole() -> None:
    events = [receipt(number, amount) for number, amount in enumerate(GOLDEN, start=1)]
    lines = earned(compute(company(plan(FOUR_BANDS, band_method="retroactive"), events)))
    assert lines == decimals("10", "15", "75", "60", "100", "225")
    assert sum(lines) == 485


def test_t4_a_re_priced_line_stays_in_its_own_month() -> None:
    events = [receipt(1, "900", date(2026, 1, 5)), receipt(2, "200", date(2026, 2, 5))]
    version = plan(FOUR_BANDS, band_method="retroactive", accumulate="quarter")
    assert by_month(compute(company(version, events)), "earning") == {"2026-01": 18, "2026-02": 4}
    until_january = company(version, events, as_of=date(2026, 1, 31))
    assert by_month(compute(until_january), "earning") == {"2026-01": 9}


def test_t4_below_zero_the_first_band_prices() -> None:
    events = [receipt(1, "-500")]
    assert earned(compute(company(plan(FOUR_BANDS, band_method="retroactive"), events))) == [Decimal(-5)]


# -- index and base -------------------------------------------------------------------------------


def test_t2_another_measure_picks_the_band_of_the_whole_base() -> None:
    events = [signing(1, "3500"), receipt(1, "1000"), receipt(2, "500")]
    version = plan(FOUR_BANDS, band_method="retroactive", index_basis="booked")
    assert earned(compute(company(version, events))) == decimals("30", "15")


def test_t2_an_index_of_another_period_is_that_whole_period_over_every_version() -> None:
    old = plan(FOUR_BANDS, band_method="retroactive", index_offset=-1, valid_to=date(2026, 1, 20))
    new = replace(old, version="2", valid_from=date(2026, 1, 21), valid_to=None)
    events = [
        receipt(1, "800", date(2026, 1, 20)),
        receipt(2, "800", date(2026, 1, 21)),
        receipt(3, "100", date(2026, 2, 1)),
    ]
    results = compute(company(old, events, versions=(old, new)))
    assert [(line.plan_version, line.earned_amount) for line in results.earning_lines] == [
        ("1", 8),
        ("2", 8),
        ("2", 2),
    ]


def test_t2_the_same_period_is_the_versions_own_segment() -> None:
    old = plan(FOUR_BANDS, band_method="retroactive", index_basis="booked", valid_to=date(2026, 1, 20))
    new = replace(old, version="2", valid_from=date(2026, 1, 21), valid_to=None)
    events = [signing(1, "5000", date(2026, 1, 20)), receipt(2, "100", date(2026, 1, 21))]
    assert earned(compute(company(old, events, versions=(old, new)))) == [Decimal(1)]


def test_t2_attainment_of_the_window_before_by_its_own_quota() -> None:
    steps = bands(("0", "0.01"), ("1", "0.1"))
    version = plan(steps, band_method="retroactive", index_offset=-1, **BY_ATTAINMENT)
    events = [receipt(1, "1000", date(2026, 1, 20)), receipt(2, "100", date(2026, 2, 1))]
    targets = (target("2026-01", "1000"), target("2026-02", "999999"))
    assert earned(compute(company(version, events, targets=targets))) == decimals("10", "10")


@pytest.mark.parametrize(
    ("window", "offset", "expected"),
    [("2026-01", -1, "2025-12"), ("2026-Q1", -1, "2025-Q4"), ("2026-Q3", -2, "2026-Q1"), ("2026", -1, "2025")],
)
def test_t2_windows_before(window: str, offset: int, expected: str) -> None:
    assert moved(window, offset) == expected


# -- curves ---------------------------------------------------------------------------------------

CURVE = {
    "band_method": "interpolated",
    "curve": curve(("0.5", "0"), ("1", "1"), ("1.5", "2")),
    "target_amount": Decimal(1000),
    **BY_ATTAINMENT,
}


@pytest.mark.parametrize(
    ("collected", "is_extended", "expected"),
    [
        ("400", False, "0"),
        ("500", False, "0"),
        ("750", False, "500"),
        ("1000", False, "1000"),
        ("1333.33", False, "1666.66"),
        ("1500", False, "2000"),
        ("2000", False, "2000"),
        ("2000", True, "3000"),
    ],
)
def test_t5_piecewise_linear(collected: str, is_extended: bool, expected: str) -> None:
    version = plan((), **CURVE, is_extended=is_extended)
    results = compute(
        company(version, [receipt(1, collected)], as_of=date(2026, 1, 31), targets=(target("2026-01", "1000"),))
    )
    assert [line.earned_amount for line in results.earning_lines if line.period == "2026-01"] == [Decimal(expected)]


def test_t5_below_the_first_point_nothing_even_where_it_pays() -> None:
    version = plan((), **{**CURVE, "curve": curve(("0.5", "0.5"), ("1", "1"))})
    at = {"as_of": date(2026, 1, 31), "targets": (target("2026-01", "1000"),)}
    assert earned(compute(company(version, [receipt(1, "499.99")], **at)))[-1] == 0
    assert earned(compute(company(version, [receipt(1, "500")], **at)))[-1] == 500


@pytest.mark.parametrize(("is_prorated", "expected"), [(True, "500"), (False, "1000")])
def test_t5_one_line_a_window_with_an_active_day_prorated_also_without_a_sale(is_prorated: bool, expected: str) -> None:
    version = plan((), **{**CURVE, "curve": curve(("0", "1"), ("1", "2")), "is_prorated": is_prorated})
    person = Employee(SELLER, "Seller", None, date(2026, 4, 16), None)
    results = compute(company(version, as_of=date(2026, 5, 31), employees=(person,)))
    assert by_month(results, "earning") == {"2026-04": Decimal(expected), "2026-05": 1000}
    assert [line.earning_line_id for line in results.earning_lines] == [
        f"plan|1|commission|E1|2026-0{month}" for month in (4, 5)
    ]


def test_t5_proration_knows_leave_and_a_window_on_leave_has_no_line() -> None:
    version = plan((), **{**CURVE, "curve": curve(("0", "1"), ("1", "2"))}, leave_limit_days=10)
    leave = (Leave(SELLER, date(2026, 3, 16), date(2026, 4, 30)),)
    person = Employee(SELLER, "Seller", None, date(2026, 3, 1), None)
    results = compute(company(version, as_of=date(2026, 4, 30), employees=(person,), leave=leave))
    assert by_month(results, "earning") == {"2026-03": Decimal("483.87")}


def test_q4_without_an_attainment_a_curve_pays_its_first_points_share() -> None:
    version = plan((), **{**CURVE, "curve": curve(("0.5", "0.25"), ("1", "1"))})
    results = compute(company(version, [receipt(1, "9999")], as_of=date(2026, 1, 31)))
    assert earned(results)[-1] == 250


# -- factors --------------------------------------------------------------------------------------

COLLECTION = factor(
    "collection_days",
    ("0", "1.1"), ("16", "1.0"), ("32", "0.8"), ("61", "0.6"), ("91", "0.4"), ("121", "0.2"), ("151", "0.1"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("days", "expected"),
    [(15, "1.1"), (31, "1.0"), (60, "0.8"), (90, "0.6"), (120, "0.4"), (150, "0.2"), (151, "0.1")],
)
def test_t7_golden_days_from_settlement_to_receipt(days: int, expected: str) -> None:
    settled = date(2026, 1, 1)
    invoice = Invoice("crm", "I1", "crm", "D0001", date(2025, 6, 1), None, settled, Decimal(1000), "CNY")
    day = date.fromordinal(settled.toordinal() + days)
    event = receipt(1, "1000", day, invoice_no="I1", invoice_system="crm")
    results = compute(company(plan(WHOLE, factors=(COLLECTION,)), [event], invoices=(invoice,)))
    assert earned(results) == [Decimal(expected) * 1000]
    billed = replace(invoice, settlement_date=None, invoice_date=settled)
    assert earned(compute(company(plan(WHOLE, factors=(COLLECTION,)), [event], invoices=(billed,)))) == earned(results)


FAMILY = named_factor("product_family", software="2", hardware="0.5")
FAMILIES = (
    deal(1, "1000", product_family="Software"),
    deal(2, "1000", product_family=" hardware"),
    deal(3, "1000", product_family="services"),
)
THREE = [receipt(number, "1000", date(2026, 1, number)) for number in (1, 2, 3)]


def test_t7_a_pay_factor_multiplies_the_unrounded_pay_and_a_hold_counts_for_the_band() -> None:
    steps = bands(("0", "0.1"), ("2000", "0.2"))
    events = [*THREE, receipt(4, "1000", date(2026, 1, 4), document_id="D0001")]
    results = compute(company(plan(steps, factors=(FAMILY,)), events, documents=FAMILIES))
    assert earned(results) == decimals("200", "50", "0", "400")
    held = results.earning_lines[2]
    assert held.hold_reason == "product_family: the line is outside the table (T7)"
    assert (held.cumulative_before, held.cumulative_after) == (2000, 3000)


def test_t7_a_credit_factor_moves_the_bands_and_its_hold_counts_nowhere() -> None:
    steps = bands(("0", "0.1"), ("2000", "0.2"))
    of_credit = replace(FAMILY, applies_to="credit")
    events = [*THREE, receipt(4, "1000", date(2026, 1, 4), document_id="D0001")]
    results = compute(company(plan(steps, factors=(of_credit,)), events, documents=FAMILIES))
    assert earned(results) == decimals("200", "100", "0", "400")
    assert [line.cumulative_after for line in results.earning_lines] == decimals("2000", "2500", "2500", "4500")
    assert results.earning_lines[2].hold_reason


def test_t7_with_pay_factors_a_line_is_rounded_once() -> None:
    half = named_factor("product_family", software="0.5", hardware="0.5", services="0.5")
    events = [receipt(number, "0.10", date(2026, 1, number)) for number in (1, 2, 3)]
    version = plan(bands(("0", "0.1")), factors=(half,))
    assert earned(compute(company(version, events, documents=FAMILIES))) == decimals("0.01", "0.01", "0.01")


def test_t7_a_negative_line_carries_its_originals_factors() -> None:
    settled = date(2026, 1, 1)
    invoice = Invoice("crm", "I1", "crm", "D0001", settled, None, settled, Decimal(1000), "CNY")
    events = [
        receipt(1, "1000", date(2026, 1, 11), invoice_no="I1", invoice_system="crm"),
        refund(1, "-1000", date(2026, 6, 1)),
    ]
    results = compute(company(plan(WHOLE, factors=(COLLECTION,)), events, invoices=(invoice,)))
    assert earned(results) == decimals("1100", "-1100")


def test_t7_and_those_of_the_version_that_its_original_had() -> None:
    old = plan(WHOLE, factors=(FAMILY,), valid_to=date(2026, 1, 31))
    new = replace(old, version="2", valid_from=date(2026, 2, 1), valid_to=None)
    halved = replace(new.components[0], factors=(named_factor("product_family", software="0.5"),))
    new = replace(new, components=(halved,))
    events = [
        receipt(1, "1000"),
        refund(1, "-1000", date(2026, 2, 5)),
        receipt(4, "1000", date(2026, 2, 6), document_id="D0001"),
    ]
    results = compute(company(old, events, versions=(old, new), documents=FAMILIES))
    assert earned(results) == decimals("2000", "-2000", "500")


def test_t7_a_matrix_of_two_ways_is_not_interpolated() -> None:
    matrix = Factor(
        code="margin_by_channel",
        applies_to="pay",
        row_by="margin",
        rows=(Step(Decimal("-1"), Decimal("0.3")), Step(Decimal("0.3"), Decimal("0.6"))),
        cells={(1, 1): Decimal("0.5"), (1, 2): Decimal("0.4"), (2, 1): Decimal("1.5"), (2, 2): Decimal("1.2")},
        column_by="channel",
        columns=(Step(value="direct"), Step(value="partner")),
    )
    cases = [("800", "direct"), ("700.01", "partner"), ("700", "partner"), ("400.01", "direct"), ("400", "direct")]
    documents = tuple(
        deal(number, "1000", cost=Decimal(cost), channel=channel)
        for number, (cost, channel) in enumerate(cases, start=1)
    )
    events = [receipt(number, "1000", date(2026, 1, number)) for number in range(1, 6)]
    results = compute(company(plan(WHOLE, factors=(matrix,)), events, documents=documents))
    assert earned(results) == decimals("500", "400", "1200", "1500", "0")
    assert [line.hold_reason is None for line in results.earning_lines] == [True, True, True, True, False]


# -- thresholds -----------------------------------------------------------------------------------


def test_t8_below_the_threshold_nothing_then_from_the_first_yuan_month_by_month() -> None:
    events = [receipt(number, "400", date(2026, number, 5)) for number in (1, 2, 3)]
    version = plan(ONE_TENTH, accumulate="quarter", threshold_at=Decimal(1000))
    results = compute(company(version, events))
    assert earned(results) == decimals("40", "40", "40")
    assert by_month(results, "threshold") == {"2026-01": -40, "2026-02": -40, "2026-03": 80}
    assert [line.earning_line_id for line in results.earning_lines if line.line_type == "threshold"] == [
        f"plan|1|commission|E1|2026-Q1|threshold|2026-0{month}" for month in (1, 2, 3)
    ]


def test_t8_above_takes_the_slices_below_in_line_order() -> None:
    steps = bands(("0", "0.1"), ("500", "0.2"))
    events = [receipt(number, "400", date(2026, number, 5)) for number in (1, 2, 3)]
    version = plan(steps, accumulate="quarter", threshold_at=Decimal(600), threshold_pays="above")
    results = compute(company(version, events))
    assert earned(results) == decimals("40", "70", "80")
    assert by_month(results, "threshold") == {"2026-01": -40, "2026-02": -30}
    factored = replace(version, components=(replace(version.components[0], factors=(FAMILY,)),))
    documents = (replace(FAMILIES[0], document_id="D0003"), FAMILIES[1], replace(FAMILIES[0], document_id="D0001"))
    results = compute(company(factored, events, documents=documents))
    assert by_month(results, "earning") == {"2026-01": 80, "2026-02": 35, "2026-03": 160}
    assert by_month(results, "threshold") == {"2026-01": -80, "2026-02": -15}


def test_t8_exactly_at_the_threshold_it_is_met() -> None:
    for pays, expected in (("from_first", {}), ("above", {"2026-01": -10})):
        version = plan(ONE_TENTH, threshold_at=Decimal(100), threshold_pays=pays)
        assert by_month(compute(company(version, [receipt(1, "100")])), "threshold") == expected


def test_t8_a_threshold_takes_pay_away_and_never_gives_any() -> None:
    events = [receipt(1, "1000", date(2026, 1, 5)), refund(1, "-1000", date(2026, 2, 5))]
    results = compute(company(plan(ONE_TENTH, threshold_at=Decimal(500)), events))
    assert earned(results) == decimals("100", "-100")
    assert by_month(results, "threshold") == {}


def test_q4_without_attainment_an_attainment_threshold_does_not_bite() -> None:
    version = plan(ONE_TENTH, **BY_ATTAINMENT, threshold_at=Decimal("0.5"))
    assert by_month(compute(company(version, [receipt(1, "1")])), "threshold") == {}
    with_target = company(version, [receipt(1, "49.99")], targets=(target("2026-01", "100"),))
    assert by_month(compute(with_target), "threshold") == {"2026-01": Decimal(-5)}


def test_t8_an_index_of_its_own_can_meet_the_threshold_in_a_month_without_a_sale() -> None:
    version = plan(
        ONE_TENTH, accumulate="quarter", band_method="retroactive", index_basis="booked", threshold_at=Decimal(100)
    )
    events = [receipt(1, "400", date(2026, 1, 5)), signing(2, "100", date(2026, 2, 5))]
    assert by_month(compute(company(version, events)), "threshold") == {"2026-01": -40, "2026-02": 40}


# -- caps -----------------------------------------------------------------------------------------


def test_t9_a_cap_is_applied_to_date_and_never_caps_credit() -> None:
    events = [
        receipt(1, "1000", date(2026, 1, 5)),
        receipt(2, "1000", date(2026, 2, 5)),
        refund(2, "-900", date(2026, 3, 5)),
    ]
    version = plan(ONE_TENTH, accumulate="quarter", cap_amount=Decimal(150))
    results = compute(company(version, events))
    assert earned(results) == decimals("100", "100", "-90")
    assert by_month(results, "cap") == {"2026-02": -50, "2026-03": 50}
    assert results.earning_lines[1].cumulative_after == 2000


def test_t9_carried_money_waits_in_the_next_window_empty_or_not() -> None:
    events = [receipt(1, "5000", date(2026, 1, 5)), receipt(2, "1500", date(2026, 3, 5))]
    version = plan(ONE_TENTH, cap_amount=Decimal(200), cap_excess="carry")
    results = compute(company(version, events, as_of=date(2026, 4, 30)))
    assert by_month(results, "earning") == {"2026-01": 500, "2026-03": 150}
    assert by_month(results, "cap") == {"2026-01": -300}
    assert by_month(results, "cap_carry") == {"2026-02": 200, "2026-03": 50, "2026-04": 50}
    assert [item.payable_amount for item in results.payouts][-4:] == decimals("200", "200", "200", "50")


def test_t9_carried_money_fills_the_room_of_a_longer_window_to_date() -> None:
    events = [
        receipt(1, "3000", date(2026, 1, 5)),
        receipt(2, "1500", date(2026, 5, 5)),
        receipt(3, "1", date(2026, 6, 5)),
    ]
    version = plan(ONE_TENTH, accumulate="quarter", cap_amount=Decimal(200), cap_excess="carry")
    results = compute(company(version, events, as_of=date(2026, 6, 30)))
    assert by_month(results, "cap") == {"2026-01": -100}
    assert by_month(results, "cap_carry") == {"2026-04": 100, "2026-05": -50, "2026-06": Decimal("-0.10")}


def test_t9_a_cap_of_a_year_over_months_and_of_a_deal_over_windows() -> None:
    events = [
        receipt(1, "1000", date(2026, 1, 5)),
        receipt(1, "1000", date(2026, 3, 5), event_id="S"),
        receipt(2, "500", date(2026, 3, 6)),
    ]
    by_year = plan(ONE_TENTH, cap_amount=Decimal(150), cap_per="year")
    assert by_month(compute(company(by_year, events)), "cap") == {"2026-03": -100}
    results = compute(company(plan(ONE_TENTH, cap_amount=Decimal(150), cap_per="deal"), events))
    assert by_month(results, "cap") == {"2026-03": -50}
    assert [line.earning_line_id for line in results.earning_lines if line.line_type == "cap"] == [
        "plan|1|commission|E1|2026-03|cap|crm:D0001|2026-03"
    ]


def test_t8_comes_before_t9() -> None:
    events = [receipt(1, "1000", date(2026, 1, 5)), receipt(2, "1000", date(2026, 2, 5))]
    version = plan(ONE_TENTH, accumulate="quarter", threshold_at=Decimal(2000), cap_amount=Decimal(150))
    results = compute(company(version, events))
    assert by_month(results, "threshold") == {"2026-01": -100, "2026-02": 100}
    assert by_month(results, "cap") == {"2026-02": -50}


def test_d5_threshold_and_cap_lines_are_never_held() -> None:
    events = [receipt(1, "2000", hold_reason="disputed")]
    results = compute(company(plan(ONE_TENTH, cap_amount=Decimal(150)), events))
    assert [(line.line_type, line.hold_reason) for line in results.earning_lines] == [
        ("earning", "disputed"),
        ("cap", None),
    ]


# -- SPIFFs and contests ---------------------------------------------------------------------------

SPIFF = Component(
    "push", "booked", "amount", "deal", None, bands(("0", "500")), kind="spiff", measure="count",
    credit_from=date(2026, 1, 10), credit_to=date(2026, 1, 31),
)  # fmt: skip


def test_k6_a_spiff_has_its_own_dates_and_a_refund_takes_it_back_whenever_it_comes() -> None:
    main = plan(ONE_TENTH, basis="booked", clawback_window_months=1)
    version = replace(main, components=(*main.components, replace(SPIFF, clawback_window_months=1)))
    later = replace(main, version="2", valid_from=date(2026, 6, 1))
    version = replace(version, valid_to=date(2026, 5, 31))
    events = [
        signing(1, "1000", date(2026, 1, 9)),
        signing(2, "1000", date(2026, 1, 10)),
        signing(3, "1000", date(2026, 1, 31)),
        refund(2, "-500", date(2026, 12, 1), basis="booked"),
        refund(1, "-500", date(2026, 12, 1), basis="booked"),
    ]
    documents = tuple(deal(number, "1000") for number in (1, 2, 3))
    results = compute(company(version, events, versions=(version, later), documents=documents))
    assert [(line.period, line.earned_amount) for line in results.earning_lines if line.line_type == "spiff"] == [
        ("2026-01", 500),
        ("2026-12", -250),
        ("2026-01", 500),
    ]
    assert [line.cumulative_after for line in results.earning_lines if line.component_code == "commission"][:3] == [
        1000,
        2000,
        3000,
    ]


CONTEST = Contest(
    "race", date(2026, 1, 1), date(2026, 1, 31), "collected", "amount", Decimal(100),
    prizes={1: Decimal(5000), 2: Decimal(2000), 3: Decimal("1000.01")},
)  # fmt: skip


@pytest.mark.parametrize(
    ("credited", "expected"),
    [
        ({"E1": "300", "E2": "200", "E3": "150", "E4": "120"}, {"E1": "5000", "E2": "2000", "E3": "1000.01"}),
        ({"E1": "200", "E2": "300", "E3": "200"}, {"E2": "5000", "E1": "1500.01", "E3": "1500.00"}),
        ({"E1": "99.99", "E2": "100"}, {"E2": "5000"}),
        ({"E1": "200", "E2": "200", "E3": "150"}, {"E1": "3500", "E2": "3500", "E3": "1000.01"}),
        ({}, {}),
    ],
)
def test_k6_ties_share_the_prizes_of_the_places_that_they_fill(
    credited: dict[str, str], expected: dict[str, str]
) -> None:
    found = prizes_of(CONTEST, {person: Decimal(value) for person, value in credited.items()}, "CNY")
    assert found == {person: Decimal(value) for person, value in expected.items()}


def test_k6_a_contest_ranks_whom_the_version_names_on_its_last_day_and_pays_in_that_month() -> None:
    people = tuple(
        Employee(f"E{number}", "Seller", None, date(2020, 1, 1), date(2026, 1, 30) if number == 3 else None)
        for number in (1, 2, 3)
    )
    events = [receipt(number, amount) for number, amount in ((1, "300"), (2, "400"), (3, "900"))]
    events += [refund(2, "-350", date(2026, 1, 20)), receipt(4, "800", date(2026, 2, 1))]
    splits = tuple(
        Split("crm", f"D000{number}", 1, f"E{owner}", Decimal(100))
        for number, owner in ((1, 1), (2, 2), (3, 3), (4, 2))
    )
    version = replace(plan(ONE_TENTH), contests=(replace(CONTEST, minimum=Decimal(0)),))
    base = company(version, events, employees=people, splits=splits)
    won = [line for line in compute(base).earning_lines if line.line_type == "spiff"]
    assert [(line.payee_id, line.earned_amount, line.period) for line in won] == [
        ("E1", 5000, "2026-01"),
        ("E2", 2000, "2026-01"),
    ]
    assert [line.earning_line_id for line in won] == ["plan|1|race|E1|contest", "plan|1|race|E2|contest"]
    assert not earned(compute(replace(base, as_of=date(2026, 1, 30))), "spiff")
    alone = compute(replace(base, payees=frozenset({"E2"})))
    assert earned(alone, "spiff") == [Decimal(2000)]


# -- quotas of other measures ----------------------------------------------------------------------


def test_attainment_of_units_is_by_a_quota_in_units_whatever_its_currency() -> None:
    steps = bands(("0", "1"), ("1", "10"))
    quota = (QuotaPeriod("collected_units", "2026-01", Decimal(4)),)
    version = plan(steps, measure="units", index="attainment", quota_kpi_code="collected_units", quotas=quota)
    documents = (deal(1, "1000", quantity=Decimal(6)),)
    assert earned(compute(company(version, [receipt(1, "1000")], documents=documents))) == [Decimal(24)]
    told = (replace(target("2026-01", "5", "collected_units"), currency_code="USD"),)
    assert earned(compute(company(version, [receipt(1, "1000")], documents=documents, targets=told))) == [Decimal(15)]


# -- months ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 1, 31), date(2026, 2, 27), 0),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2026, 1, 31), date(2026, 3, 30), 1),
        (date(2026, 1, 15), date(2026, 3, 15), 2),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2026, 1, 15), date(2026, 1, 15), 0),
    ],
)
def test_d3_whole_months_by_day_of_month(start: date, end: date, expected: int) -> None:
    assert months_between(start, end) == expected
    assert add_months(start, expected) <= end < add_months(start, expected + 1)
