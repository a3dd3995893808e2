"""A statement is worked out again from its rows alone, and one row that was changed makes it refuse."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from attain.money import round_half_away
from attain.statement.rows import SUMMED, TERMS, Row
from attain.statement.verify import first_fault, verify

COLUMNS = (
    *("plan_version", "component_code", "window_code", "line_type", "earning_line_id", "credited_amount"),
    *("cumulative_before", "cumulative_after", "effective_quota", "target", "ramp", "active_days", "period_days"),
    *("band_no", "lower_amount", "upper_amount", "rate", "slice_amount", "factor", "method", "amount"),
    *("opening_balance", "closing_balance", "rule_codes", "reason", "running_total", "subject", "period"),
    *("unrounded_before", "unrounded_after", "source_system", "document_id"),
)


def row(line_no: int, step: str, **given: Any) -> Row:
    values = {
        name: Decimal(value) if isinstance(value, str) and name not in TEXTS else value for name, value in given.items()
    }
    base: Row = dict.fromkeys(COLUMNS)
    base.update(line_no=line_no, step=step, plan_code="direct", currency_code="CNY", is_held=False)
    if step not in {*SUMMED, *TERMS}:
        base.update(
            plan_version="1", component_code="card" if "bonus" in given else "commission", window_code="2026-Q1"
        )
    values.pop("bonus", None)
    return base | values


ZERO = Decimal(0)
TEXTS = {"line_type", "earning_line_id", "rule_codes", "component_code", "window_code", "method", "subject", "period"}
# 200,000 × 50 % × 28 ÷ 28 = 100,000; F(90,000) = 4,500.00 and F(120,000.5) = 5,000 + 1,600.04; 145.5 + 0.4 held.
STATEMENT = [
    row(1, "quota_month", target="200000", ramp="0.5", active_days=28, period_days=28, effective_quota="100000"),
    row(2, "quota", effective_quota="100000"),
    row(3, "scale", band_no=1, lower_amount="0", upper_amount="100000", rate="0.05"),
    row(4, "scale", band_no=2, lower_amount="100000", rate="0.08"),
    row(
        5,
        "credit",
        subject="won",
        earning_line_id="L1",
        band_no=1,
        slice_amount="30000.50",
        rate="1",
        target="30000.50",
        factor="1",
        credited_amount="30000.5",
    ),
    row(6, "slice", earning_line_id="L1", band_no=1, rate="0.05", slice_amount="10000"),
    row(7, "slice", earning_line_id="L1", band_no=2, rate="0.08", slice_amount="20000.5"),
    row(
        8,
        "line",
        line_type="earning",
        method="marginal",
        earning_line_id="L1",
        credited_amount="30000.5",
        slice_amount="30000.5",
        cumulative_before="90000",
        cumulative_after="120000.5",
        effective_quota="100000",
        amount="2100.04",
        running_total="2100.04",
        rule_codes="T3 M2",
    ),
    row(
        9,
        "credit",
        subject="receipt",
        earning_line_id="L2",
        band_no=1,
        slice_amount="100",
        rate="1",
        target="100",
        factor="7.1",
        credited_amount="710",
    ),
    row(10, "slice", earning_line_id="L2", band_no=2, rate="0.08", slice_amount="710"),
    row(
        11,
        "line",
        line_type="earning",
        method="marginal",
        earning_line_id="L2",
        credited_amount="710",
        slice_amount="710",
        cumulative_before="120000.5",
        cumulative_after="120710.5",
        effective_quota="100000",
        amount="56.80",
        running_total="2156.84",
        rule_codes="T3 M2",
        is_held=True,
    ),
    row(
        12,
        "score_kpi",
        bonus=1,
        subject="collected",
        method="higher",
        slice_amount="130",
        target="100",
        cumulative_after="1.3",
        upper_amount="1.2",
        rate="0.6",
        factor="1.2",
        unrounded_after="0.72",
    ),
    row(
        13,
        "score_kpi",
        bonus=1,
        subject="days",
        method="lower",
        slice_amount="42",
        target="30",
        cumulative_after="0.6",
        upper_amount="1.2",
        rate="0.4",
        factor="0.6",
        unrounded_after="0.24",
    ),
    row(14, "grade", bonus=1, subject="A", band_no=1, lower_amount="1", rate="1.5", method="bands"),
    row(15, "grade", bonus=1, subject="B", band_no=2, lower_amount="0", rate="1", method="bands"),
    row(16, "score", bonus=1, subject="B", factor="0.96", target="1000", rate="1", active_days=45, period_days=90),
    row(17, "line", bonus=1, line_type="bonus", earning_line_id="B1", amount="500", running_total="2656.84"),
    row(18, "earned", amount="2656.84", running_total="2656.84"),
    row(19, "held_lines", amount="-56.80", running_total="2600.04"),
    row(20, "recovered", amount="-600", opening_balance="600", closing_balance="0", running_total="2000.04"),
    row(21, "payable", amount="2000.04", running_total="2000.04"),
]


def test_a_whole_statement_adds_up() -> None:
    checks = verify(STATEMENT)
    assert first_fault(checks) is None
    assert {"Q1", "Q5", "T1", "C1", "C3", "M4", "T3", "T3 M2", "K1", "K2", "K3 M2", "D1", "D3", "D5", "M1"} <= {
        check.rule for check in checks
    }


@pytest.mark.parametrize(
    ("line_no", "column", "value"),
    [
        (1, "target", "200001"), (1, "ramp", "0.75"), (1, "active_days", "27"), (1, "effective_quota", "100000.000001"),
        (2, "effective_quota", "99999"), (3, "rate", "0.055"), (4, "lower_amount", "100001"), (5, "target", "30000.51"),
        (6, "slice_amount", "10000.01"), (7, "rate", "0.09"), (8, "amount", "2100.05"),
        (8, "cumulative_after", "120000.6"),
        (9, "factor", "7.2"), (11, "cumulative_before", "120000"), (11, "is_held", False), (12, "factor", "1.1"),
        (12, "upper_amount", "1.1"), (13, "slice_amount", "43"), (13, "unrounded_after", "0.25"),
        (13, "cumulative_after", "0.7"),
        (5, "slice_amount", "30000.51"), (5, "rate", "0.5"), (9, "target", "99.99"),
        (14, "lower_amount", "0.9"), (15, "rate", "1.1"), (15, "lower_amount", "0.97"), (16, "factor", "0.97"),
        (16, "rate", "1.1"), (16, "active_days", "46"), (17, "amount", "500.01"), (18, "amount", "2656.85"),
        (19, "amount", "-56.79"), (20, "amount", "-599.99"), (20, "closing_balance", "0.01"),
        (21, "amount", "2000.05"), (21, "running_total", None),
    ],
)  # fmt: skip
def test_one_changed_row_is_refused(line_no: int, column: str, value: Any) -> None:
    changed = copy.deepcopy(STATEMENT)
    changed[line_no - 1][column] = Decimal(value) if isinstance(value, str) else value
    if (line_no, column) == (21, "running_total"):
        changed.pop()  # the last step taken away
    assert first_fault(verify(changed)) is not None


def test_steps_taken_away_are_missed() -> None:
    for gone in ({1}, {3, 4}, {8}, {15}, {14, 15}, {18}, {19}, {21}):
        assert first_fault(verify([row for row in STATEMENT if row["line_no"] not in gone])) is not None, gone


def test_whole_repricing_and_factors_are_worked_out() -> None:
    rows = [
        row(1, "index", method="retroactive", cumulative_after="150", effective_quota="100", factor="1.5"),
        row(2, "scale", band_no=1, lower_amount="0", upper_amount="100", rate="0.02"),
        row(3, "scale", band_no=2, lower_amount="100", rate="0.05"),
        row(4, "factor", earning_line_id="L1", method="pay", factor="0.8"),
        row(5, "slice", earning_line_id="L1", band_no=2, rate="0.05", slice_amount="100.5"),
        row(
            6,
            "line",
            line_type="earning",
            earning_line_id="L1",
            credited_amount="100.5",
            slice_amount="100.5",
            cumulative_before="0",
            cumulative_after="100.5",
            factor="0.8",
            method="retroactive",
            amount="4.02",
            running_total="4.02",
            rule_codes="T4 T7 M2",
        ),
        row(7, "earned", amount="4.02", running_total="4.02"),
        row(8, "payable", amount="4.02", running_total="4.02"),
    ]
    assert first_fault(verify(rows)) is None
    for number, column, value in (
        (1, "cumulative_after", "99"),
        (4, "factor", "0.9"),
        (3, "rate", "0.06"),
        (1, "factor", "1"),
    ):
        assert first_fault(verify(changed(rows, number, column, value))) is not None, (number, column)


def changed(rows: list[Row], line_no: int, column: str, value: Any) -> list[Row]:
    """The rows with one value changed, in one of them."""
    return [
        given | {column: Decimal(value) if isinstance(value, str) and column not in TEXTS else value}
        if given["line_no"] == line_no
        else given
        for given in rows
    ]


def test_a_bound_that_ends_in_a_half_is_rounded_away_from_zero() -> None:
    """(1,685 × 26 ÷ 28 + 11,728) × 1.566299 is 20,820.2532145, though a 28th part has no last digit (Q1, T2, M1)."""
    rows = [
        row(1, "quota_month", target="1685", ramp="1", active_days=26, period_days=28, effective_quota="1564.642857"),
        row(2, "quota_month", target="11728", ramp="1", active_days=31, period_days=31, effective_quota="11728"),
        row(3, "quota", effective_quota="13292.642857"),
        row(4, "scale", band_no=1, lower_amount="0", upper_amount="20820.253215", rate="0.05", target="0"),
        row(5, "scale", band_no=2, lower_amount="20820.253215", rate="0.08", target="1.566299"),
        row(6, "earned", amount="0", running_total="0"),
        row(7, "payable", amount="0", running_total="0"),
    ]
    assert first_fault(verify(rows)) is None
    down = changed(changed(rows, 5, "lower_amount", "20820.253214"), 4, "upper_amount", "20820.253214")
    assert first_fault(verify(down)) is not None


def test_what_a_threshold_takes_of_a_deal_is_under_the_deals_cap() -> None:
    """A deal of 1,000 at 10 %, 300 of it below the threshold; the cap of the deal sees 70, and takes 20 (T8, T9)."""
    deal = {"window_code": "zoho_crm:D1"}
    document = {"source_system": "zoho_crm", "document_id": "D1"}
    rows = [
        row(1, "scale", band_no=1, lower_amount="0", rate="0.1") | deal,
        row(2, "credit", subject="won", earning_line_id="L1", band_no=1, slice_amount="1000", rate="1", target="1000",
            factor="1", credited_amount="1000") | deal | document,
        row(3, "slice", earning_line_id="L1", band_no=1, rate="0.1", slice_amount="1000") | deal,
        row(4, "line", line_type="earning", method="marginal", earning_line_id="L1", credited_amount="1000",
            slice_amount="1000", cumulative_before="0", cumulative_after="1000", amount="100", running_total="100",
            rule_codes="T3 M2") | deal | document,
        row(5, "threshold", subject="own", cumulative_before="0", cumulative_after="1000", target="300", method="above",
            unrounded_before="0", unrounded_after="30", opening_balance="0", closing_balance="100") | deal,
        row(6, "line", line_type="threshold", earning_line_id="T1", amount="-30", running_total="70") | deal,
        row(7, "cap", line_type="deal", earning_line_id="C1", subject="zoho_crm:D1", target="50", method="lose",
            opening_balance="0", closing_balance="70") | deal,
        row(8, "line", line_type="cap", earning_line_id="C1", amount="-20", running_total="50") | deal,
        row(9, "earned", amount="50", running_total="50"),
        row(10, "payable", amount="50", running_total="50"),
    ]  # fmt: skip
    assert first_fault(verify(rows)) is None
    for number, column in ((5, "target"), (6, "amount"), (7, "closing_balance"), (7, "target"), (8, "amount")):
        found = next(given[column] for given in rows if given["line_no"] == number)
        assert first_fault(verify(changed(rows, number, column, str(found + 1)))) is not None, (number, column)
    other = [given | ({"window_code": "zoho_crm:D2"} if given["line_no"] == 6 else {}) for given in rows]
    assert first_fault(verify(other)) is not None


def shared(*splits: str, own: int, whole: str, part: str, currency: str = "CNY", role: str = "revenue") -> list[Row]:
    """A month of one line whose credit is a split of a document, at 10 %."""
    line = {"earning_line_id": "L1", "line_type": "earning"}
    pay = str(round_half_away(Decimal(part) / 10, 2))
    first = 101 if role == "overlay" else 1
    return [
        row(1, "scale", band_no=1, lower_amount="0", rate="0.1"),
        *(
            row(1 + number, "split", subject=currency, band_no=first + number - 1, rate=rate, method=role, **line)
            for number, rate in enumerate(splits, start=1)
        ),
        row(11, "credit", subject="won", band_no=own, slice_amount=whole, rate=splits[own - first], target=part,
            factor="1", credited_amount=part, **line),
        row(12, "slice", band_no=1, rate="0.1", slice_amount=part, **line),
        row(13, "line", method="marginal", credited_amount=part, slice_amount=part, cumulative_before="0",
            cumulative_after=part, amount=pay, running_total=pay, **line),
        row(14, "earned", amount=pay, running_total=pay),
        *(
            [row(15, "negative", amount=pay[1:], opening_balance="0", closing_balance=pay[1:], running_total="0")]
            if pay.startswith("-")
            else []
        ),
        row(16, "payable", amount="0" if pay.startswith("-") else pay,
            running_total="0" if pay.startswith("-") else pay),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        # 1.935 and 4.515: the cent left goes to the lowest number.
        (shared("0.3", "0.7", own=1, whole="6.45", part="1.94"), "1.93"),
        (shared("0.3", "0.7", own=2, whole="6.45", part="4.51"), "4.52"),
        (shared("0.3", "0.7", own=1, whole="-6.45", part="-1.94"), "-1.93"),
        # Yen have no cents: 33.33 and 66.67 of 100.
        (shared("0.3333", "0.6667", own=2, whole="100", part="67", currency="JPY"), "66.67"),
        # An overlay is rounded by itself.
        (shared("0.125", own=101, whole="100.01", part="12.50", role="overlay"), "12.51"),
    ],
)
def test_a_split_is_a_share_by_largest_remainder(rows: list[Row], wrong: str) -> None:
    assert first_fault(verify(rows)) is None
    part = next(given for given in rows if given["step"] == "credit")["target"]
    other = [
        {name: Decimal(wrong) if value == part and name != "rate" else value for name, value in given.items()}
        for given in rows
    ]
    found = first_fault(verify(other))
    assert found is not None
    assert found.rule.startswith("C1")


def test_splits_that_are_taken_away_or_do_not_add_up_are_missed() -> None:
    rows = shared("0.3", "0.7", own=1, whole="6.45", part="1.94")
    assert first_fault(verify([given for given in rows if given["step"] != "split"])) is not None
    assert first_fault(verify(changed(rows, 3, "rate", "0.6"))) is not None
    assert first_fault(verify(changed(rows, 11, "rate", "0.31"))) is not None
    assert first_fault(verify(changed(rows, 11, "slice_amount", "6.451"))) is not None
    assert first_fault(verify(changed(rows, 2, "subject", "yuan"))) is not None


def test_a_reversal_takes_no_more_than_it_is() -> None:
    rows = changed(shared("1", own=1, whole="-6", part="-6"), 11, "target", "-6")
    back = [given | {"subject": "refund"} if given["step"] == "credit" else given for given in rows]
    assert first_fault(verify(back)) is None
    more = changed(back, 11, "slice_amount", "-5")
    found = first_fault(verify(more))
    assert found is not None
    assert found.rule == "D3"


def test_a_grade_by_rank_is_a_place_among_the_seats_of_the_group() -> None:
    """Of six, a quarter and a half are 1.5 and 3 seats: 2 and 3, so that the third place is a B (K2)."""
    rows = [
        row(1, "score_kpi", bonus=1, subject="mbo:plan", method="higher", slice_amount="1", target="1",
            cumulative_after="1", upper_amount="1.5", rate="1", factor="1", unrounded_after="1"),
        *(
            row(1 + number, "grade", bonus=1, subject=grade, band_no=number, lower_amount=low, rate=coefficient,
                factor=share, method="forced")
            for number, (grade, low, coefficient, share) in enumerate(
                (("A", "1.1", "1.5", "0.25"), ("B", "0.9", "1", "0.5"), ("C", "0", "0.5", "0.25")), start=1
            )
        ),
        row(5, "score", bonus=1, subject="B", factor="1", band_no=3, slice_amount="6", rate="1", target="1000",
            active_days=90, period_days=90),
        row(6, "line", bonus=1, line_type="bonus", earning_line_id="B1", amount="1000", running_total="1000"),
        row(7, "earned", amount="1000", running_total="1000"),
        row(8, "payable", amount="1000", running_total="1000"),
    ]  # fmt: skip
    assert first_fault(verify(rows)) is None
    for number, column, value in (
        (2, "factor", "0.5"),
        (5, "band_no", "2"),
        (5, "band_no", "6"),
        (5, "band_no", None),
        (5, "slice_amount", "12"),
        (5, "subject", "A"),
        (5, "rate", "1.5"),
    ):
        found = first_fault(verify(changed(rows, number, column, value)))
        assert found is not None, (number, column)
        assert found.rule == "K2"


def test_a_forfeited_bonus_has_a_grade_and_no_coefficient() -> None:
    rows = [given | {"rate": ZERO, "method": "forfeited"} if given["line_no"] == 16 else given for given in STATEMENT]
    assert [check.what for check in verify(rows) if not check.is_good and check.rule == "K2"] == []


def test_a_negative_month_goes_on_the_balance() -> None:
    rows = [
        row(1, "original_rate", earning_line_id="C1", target="40", slice_amount="-500", credited_amount="1000",
            lower_amount="20", upper_amount="40"),
        row(2, "line", line_type="earning", method="original_rate", earning_line_id="C1", amount="-10",
            running_total="-10"),
        row(3, "earned", amount="-10", running_total="-10"),
        row(4, "negative", amount="10", opening_balance="5", closing_balance="15", running_total="0"),
        row(5, "payable", amount="0", running_total="0"),
    ]  # fmt: skip
    assert first_fault(verify(rows)) is None
    for number, column in ((1, "target"), (1, "lower_amount"), (2, "amount"), (4, "amount"), (4, "closing_balance"),
                           (5, "amount")):  # fmt: skip
        found = next(given[column] for given in rows if given["line_no"] == number)
        assert first_fault(verify(changed(rows, number, column, str(found + 1)))) is not None, (number, column)


def test_a_month_of_two_plans_is_settled_over_both() -> None:
    """300 of a draw are paid back by a plan that earned nothing, so the SPIFF beside it pays, and 40 of before (D1)."""
    spiff = {"plan_code": "extra"}
    rows = [
        row(1, "earned", amount="0", running_total="0"),
        row(2, "draw_recovered", amount="-300", running_total="-300", opening_balance="500", closing_balance="200"),
        row(3, "negative", amount="300", opening_balance="40", closing_balance="340", running_total="0"),
        row(4, "payable", amount="0", running_total="0"),
        row(5, "line", line_type="earning", method="original_rate", earning_line_id="C1", amount="1000",
            running_total="1000") | spiff,
        row(6, "earned", amount="1000", running_total="1000") | spiff,
        row(7, "recovered", amount="-340", opening_balance="340", closing_balance="0", running_total="660") | spiff,
        row(8, "payable", amount="660", running_total="660") | spiff,
        row(9, "draw_recovery", method="recoverable", subject="2026-01", period="2026-02", rate="1", lower_amount="700",
            slice_amount="1000", active_days=9, opening_balance="500", closing_balance="200"),
        row(10, "original_rate", earning_line_id="C1", target="1000", slice_amount="500", credited_amount="500",
            lower_amount="1", upper_amount="1") | spiff,
    ]  # fmt: skip
    rows = [*rows[:1], rows[8], *rows[1:4], rows[9], *rows[4:8]]
    at = {given["line_no"]: place for place, given in enumerate(rows)}
    assert first_fault(verify(rows)) is None
    shifted = copy.deepcopy(rows)
    for number, column in ((3, "opening_balance"), (3, "closing_balance"), (7, "opening_balance")):
        shifted[at[number]][column] += 10
    for number in (7, 8):
        shifted[at[number]]["amount"] -= 10
        shifted[at[number]]["running_total"] -= 10
    assert first_fault(verify(shifted)) is None, "50 of before, 350 in all"
    for number, column in ((2, "amount"), (3, "amount"), (7, "opening_balance"), (7, "closing_balance"), (7, "amount"),
                           (9, "lower_amount")):  # fmt: skip
        broken = copy.deepcopy(rows)
        broken[at[number]][column] += 1
        assert first_fault(verify(broken)) is not None
    forgotten = copy.deepcopy(rows)
    forgotten[at[7]] |= {"amount": Decimal("-300"), "closing_balance": Decimal(40), "running_total": Decimal(700)}
    forgotten[at[8]] |= {"amount": Decimal(700), "running_total": Decimal(700)}
    assert first_fault(verify(forgotten)) is not None
