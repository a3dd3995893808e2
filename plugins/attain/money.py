"""Exact money (rules M1–M3): minor units, rounding half away from zero, shares that add up to the whole.

Everything here takes and gives `Decimal`; a binary float is refused, because it has lost the cent already.
The context of the calling thread is never trusted: the arithmetic runs in one of its own, wide enough for
DECIMAL(38) and loud when it isn't.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import lru_cache
from typing import TypeVar

Key = TypeVar("Key", str, int, tuple[str, ...], tuple[int, ...])

EXACT = Context(prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Context of pay arithmetic. `ROUND_HALF_UP` of `decimal` is half *away from zero*, as M2 wants."""

SCALE = 6
"""Decimals of the five quantities of M1: converted credit, effective quota, bound in money, attainment, score."""

# ISO 4217: every currency has two decimals but these.
_MINOR_UNITS = {
    **dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"], 0),
    **dict.fromkeys(["VUV", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


@lru_cache(maxsize=1_000)
def minor_unit(currency_code: str) -> int:
    """Number of decimals of a currency's smallest unit (M1): CNY, USD, EUR 2; JPY, KRW 0.

    Raises:
        ValueError: not an ISO 4217 code in upper case.
    """
    if not re.fullmatch(r"[A-Z]{3}", currency_code):
        raise ValueError(f"{currency_code!r} is not a currency code of three capital letters")
    return _MINOR_UNITS.get(currency_code, 2)


def round_half_away(value: Decimal, decimals: int) -> Decimal:
    """`value` at so many decimals, halves away from zero (M2): 2.345 → 2.35, −2.345 → −2.35. Never gives −0."""
    rounded = _decimal(value).quantize(_unit(decimals), context=EXACT)
    return rounded if rounded else abs(rounded)


def round_money(value: Decimal, currency_code: str) -> Decimal:
    """An amount at the minor unit of its currency (M1, M2)."""
    return round_half_away(value, minor_unit(currency_code))


def quantise6(value: Decimal) -> Decimal:
    """A converted credit, effective quota, bound in money, attainment or score: scale 6, half away from zero (M1)."""
    return round_half_away(value, SCALE)


def allocate(whole: Decimal, weights: Mapping[Key, Decimal], decimals: int) -> dict[Key, Decimal]:
    """Spread `whole` over the keys in proportion to their weights, by largest remainder (M3).

    Each part is first cut toward zero at `decimals`; the units left go one by one to the largest remainders,
    ties to the lowest key. A negative whole gives the negatives of the parts of the positive one, so that a
    reversal takes back exactly what was given. The parts add up to the whole, always.

    Args:
        whole: the amount; it must not have more than `decimals` decimals.
        weights: share of each key, none negative, with a positive sum; they need not add up to 1.
        decimals: decimals of a part, e.g. `minor_unit("CNY")`.

    Raises:
        ValueError: no key, a negative weight, weights that sum to zero, or a whole finer than a part can be.
    """
    with localcontext(EXACT):
        if not weights:
            raise ValueError("nothing to spread over: no weights")
        total_weight = sum((_decimal(weight) for weight in weights.values()), Decimal(0))
        if total_weight <= 0 or any(weight < 0 for weight in weights.values()):
            raise ValueError("weights must not be negative and must have a positive sum")
        if round_half_away(whole, decimals) != whole:
            raise ValueError(f"{whole} can't be spread in parts of {decimals} decimals")
        unit = _unit(decimals)
        size = abs(whole)
        parts: dict[Key, Decimal] = {}
        remainders: list[tuple[Decimal, Key]] = []
        for key in sorted(weights):
            # Remainders stay numerators over the total weight, so that equal ones compare equal: 1/3 has no decimal.
            numerator = size * weights[key]
            part = (numerator / total_weight).quantize(unit, rounding=ROUND_DOWN)
            parts[key] = part
            remainders.append((numerator - part * total_weight, key))
        units_left = int((size - sum(parts.values(), Decimal(0))) / unit)
        # A stable sort by remainder alone keeps the keys' order among equals.
        for _, key in sorted(remainders, key=lambda item: item[0], reverse=True)[:units_left]:
            parts[key] += unit
        return parts if whole >= 0 else {key: -part if part else part for key, part in parts.items()}


@lru_cache(maxsize=100)
def _unit(decimals: int) -> Decimal:
    """1 at so many decimals."""
    return Decimal(1).scaleb(-decimals)


def _decimal(value: Decimal) -> Decimal:
    if not isinstance(value, Decimal):
        raise TypeError(f"money is Decimal, not {type(value).__name__}: {value!r}")
    return value
