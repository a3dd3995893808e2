"""Rounding, minor units and shares (M1–M3): a cent lost or made here is lost or made in everybody's pay."""

from __future__ import annotations

import csv
from decimal import Decimal, getcontext, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attain import money
from attain.settings import PROJECT_ROOT

AMOUNTS = st.decimals(min_value=-(10**15), max_value=10**15, places=2, allow_nan=False, allow_infinity=False)
WEIGHTS = st.dictionaries(
    st.integers(min_value=1, max_value=30),
    st.decimals(min_value=0, max_value=100, places=4, allow_nan=False, allow_infinity=False),
    min_size=1,
    max_size=12,
).filter(lambda weights: sum(weights.values()) > 0)


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        ("2.345", 2, "2.35"),
        ("-2.345", 2, "-2.35"),
        ("2.344999999999999999999999999999", 2, "2.34"),
        ("0.005", 2, "0.01"),
        ("-0.004", 2, "0.00"),
        ("0.5", 0, "1"),
        ("-0.5", 0, "-1"),
        ("1.0000005", 6, "1.000001"),
    ],
)
def test_m2_halves_go_away_from_zero(value: str, decimals: int, expected: str) -> None:
    assert str(money.round_half_away(Decimal(value), decimals)) == expected


@pytest.mark.parametrize(
    ("currency", "decimals"), [("CNY", 2), ("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3)]
)
def test_m1_minor_units(currency: str, decimals: int) -> None:
    assert money.minor_unit(currency) == decimals


@pytest.mark.parametrize("code", ["", "cny", "RMBX", "￥", "CN"])
def test_a_code_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="currency code"):
        money.minor_unit(code)


def test_m1_the_sql_engine_knows_the_same_minor_units() -> None:
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "currencies.csv").open(encoding="utf-8", newline="") as seed:
        listed = {row["currency_code"]: int(row["minor_unit_digits"]) for row in csv.DictReader(seed)}
    assert listed
    assert {code: money.minor_unit(code) for code in listed} == listed


def test_a_binary_float_is_refused() -> None:
    with pytest.raises(TypeError, match="not float"):
        money.round_half_away(0.1, 2)  # type: ignore[arg-type]


def test_the_callers_context_has_no_say() -> None:
    with localcontext() as context:
        context.prec = 3
        assert money.quantise6(Decimal("123456789.1234565")) == Decimal("123456789.123457")
        assert money.allocate(Decimal("100000.01"), {1: Decimal(1), 2: Decimal(1)}, 2) == {
            1: Decimal("50000.01"),
            2: Decimal("50000.00"),
        }
    assert getcontext().prec > 3


def test_m3_golden() -> None:
    parts = money.allocate(Decimal("6.45"), {1: Decimal(30), 2: Decimal(70)}, 2)
    assert parts == {1: Decimal("1.94"), 2: Decimal("4.51")}


def test_m3_ties_go_to_the_lowest_key() -> None:
    parts = money.allocate(Decimal("1.00"), {"c": Decimal(1), "a": Decimal(1), "b": Decimal(1)}, 2)
    assert parts == {"a": Decimal("0.34"), "b": Decimal("0.33"), "c": Decimal("0.33")}


@pytest.mark.parametrize(
    ("whole", "weights", "complaint"),
    [
        (Decimal(1), {}, "no weights"),
        (Decimal(1), {1: Decimal(0)}, "positive sum"),
        (Decimal(1), {1: Decimal(2), 2: Decimal(-1)}, "negative"),
        (Decimal("1.005"), {1: Decimal(1)}, "can't be spread"),
    ],
)
def test_m3_what_cannot_be_spread_is_refused(whole: Decimal, weights: dict[int, Decimal], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        money.allocate(whole, weights, 2)


@given(AMOUNTS, WEIGHTS)
def test_m3_parts_add_up_to_the_whole(whole: Decimal, weights: dict[int, Decimal]) -> None:
    parts = money.allocate(whole, weights, 2)
    assert set(parts) == set(weights)
    with localcontext(money.EXACT):
        assert sum(parts.values(), Decimal(0)) == whole
        total = sum(weights.values(), Decimal(0))
        for key, part in parts.items():
            assert part == money.round_half_away(part, 2)
            assert abs(part - whole * weights[key] / total) < Decimal("0.01")


@given(AMOUNTS, WEIGHTS)
def test_m3_a_reversal_takes_back_what_was_given(whole: Decimal, weights: dict[int, Decimal]) -> None:
    given_out = money.allocate(whole, weights, 2)
    assert money.allocate(-whole, weights, 2) == {key: -part for key, part in given_out.items()}


@given(AMOUNTS, WEIGHTS, st.integers(min_value=1, max_value=9))
def test_m3_only_the_proportion_of_weights_counts(whole: Decimal, weights: dict[int, Decimal], factor: int) -> None:
    scaled = {key: weight * factor for key, weight in weights.items()}
    assert money.allocate(whole, scaled, 2) == money.allocate(whole, weights, 2)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=9, allow_nan=False), st.integers(0, 6))
def test_m2_rounding_is_odd_near_and_stable(value: Decimal, decimals: int) -> None:
    rounded = money.round_half_away(value, decimals)
    assert money.round_half_away(-value, decimals) == -rounded
    assert abs(rounded - value) <= Decimal(5).scaleb(-decimals - 1)
    assert money.round_half_away(rounded, decimals) == rounded
