"""Bands, thresholds and curves: what a reading of the index pays (T1–T5, T8, Q4)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from attain.reference.credit import at_scale_six
from attain.reference.inputs import Band, Component

ZERO = Decimal(0)


def money_bands(component: Component, quota: Fraction | None) -> tuple[Band, ...]:
    """The component's bands in the index's own measure at scale 6, from the unrounded quota (T2, M1).

    Without an attainment all credit is paid at the first band's rate (Q4).
    """
    if component.index == "amount":
        return component.bands
    if quota is None:
        return (Band(ZERO, None, component.bands[0].rate),)
    return tuple(
        replace(
            band,
            lower=at_scale_six(Fraction(band.lower) * quota),
            upper=None if band.upper is None else at_scale_six(Fraction(band.upper) * quota),
        )
        for band in component.bands
    )


def threshold_in_money(component: Component, quota: Fraction | None) -> Decimal | None:
    """Where pay starts, in the index's own measure; without an attainment it does not bite (T8, Q4)."""
    if component.threshold_at is None or component.index == "amount":
        return component.threshold_at
    return None if quota is None else at_scale_six(Fraction(component.threshold_at) * quota)


def marginal(bands: tuple[Band, ...], total: Decimal) -> Decimal:
    """F(x) = Σ max(0, min(x, hi) − lo) × rate, unrounded; below zero the first band's rate goes on (T3)."""
    if total < ZERO:
        return total * bands[0].rate
    pay = ZERO
    for band in bands:
        reached = total if band.upper is None else min(total, band.upper)
        pay += max(ZERO, reached - band.lower) * band.rate
    return pay


def rate_of(bands: tuple[Band, ...], index: Decimal) -> Decimal:
    """Rate of the band that the whole index is in; below zero the first (T4). Bands of no width hold nothing."""
    for band in bands:
        if band.upper is None or index < band.upper:
            return band.rate
    return bands[-1].rate if bands else ZERO


def curve_at(curve: tuple[tuple[Decimal, Decimal], ...], at: Decimal, is_extended: bool = False) -> Fraction:
    """A piecewise-linear curve: below its first point 0, flat after its last unless it is extended (T5)."""
    x = Fraction(at)
    points = [(Fraction(where), Fraction(what)) for where, what in curve]
    if x < points[0][0]:
        return Fraction(0)
    for (left, low), (right, high) in pairwise(points):
        if x < right:
            return low + (high - low) * (x - left) / (right - left)
    if is_extended and len(points) > 1:
        (left, low), (right, high) = points[-2:]
        return high + (high - low) * (x - right) / (right - left)
    return points[-1][1]
