"""What a plan costs at its worst, in money: caps below target pay, bands nobody reaches, cliffs, and places where
selling more pays less. Errors refuse a plan; a warning asks whether it is meant.

Where the bands are shares of a quota, money is told for the largest quota that the plan itself sets, else for each
100,000 of quota.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from attain.plans.model import WINDOW_MONTHS, Component, Finding, Plan, PlanVersion

ZERO, ONE = Decimal(0), Decimal(1)
_EXAMPLE = Decimal(100_000)


def findings(plan: Plan, folder: str) -> Iterator[Finding]:
    """Everything that costs more, or pays less, than its reader may think; by version and component."""
    file = f"{folder}/{plan.source_file}"
    for version in plan.versions:
        for component in version.components:
            quota, said = _quota(version, component)
            unit = ONE if component.index.form == "amount" else quota
            yield from _cap(file, version, component, unit, said)
            yield from _cliffs(file, version, component, unit, said)
            yield from _falls(file, component)


def _quota(version: PlanVersion, component: Component) -> tuple[Decimal, str]:
    """The largest quota of a window by the plan itself, else an example; and how to tell it."""
    months = WINDOW_MONTHS.get(component.accumulate, 1)
    of_kpi = [quota for quota in version.quotas if quota.kpi_code == component.quota_kpi_code]
    if not of_kpi:
        return _EXAMPLE, f"for each {_EXAMPLE:,} of quota"
    largest = max(quota.amount * months / WINDOW_MONTHS[quota.per] for quota in of_kpi)
    return largest, f"at a quota of {largest:,.2f}"


def _pay(component: Component, index: Decimal) -> Decimal:
    """Pay of a window whose index and base are both `index`, in money, before factors and caps (T3, T4)."""
    if component.band_method == "retroactive":
        return index * _rate(component, index)
    return sum(
        (max(ZERO, (index if band.upper is None else min(index, band.upper)) - band.lower) * band.rate
         for band in component.bands),
        ZERO,
    )  # fmt: skip


def _rate(component: Component, index: Decimal) -> Decimal:
    return next(
        (band.rate for band in component.bands if band.upper is None or index < band.upper), component.bands[-1].rate
    )


def _cap(file: str, version: PlanVersion, component: Component, unit: Decimal, said: str) -> Iterator[Finding]:
    """A cap below what the target itself pays, and bands that only begin where the cap has cut already (T9)."""
    cap = component.cap
    if cap is None or cap.per != "period" or not component.is_same_measure:
        return
    if component.band_method == "interpolated":
        target = component.target_amount or ZERO
        at_target = max((point.value for point in component.curve if point.at <= ONE), default=ZERO) * target
        said = "at 100 % attainment"
    elif component.index.form == "attainment":
        if component.measure != "amount":
            return
        at_target = _pay(component, ONE) * unit
    else:
        at_target = ZERO
    if at_target > cap.amount:
        yield Finding(
            file,
            cap.line,
            "error",
            f"{component.code}: the cap {cap.amount:,} is below target pay {at_target:,.2f} {version.currency_code} "
            f"({said}): whoever reaches the target loses {at_target - cap.amount:,.2f} (T9)",
            f"raise the cap to {at_target:,.2f} or more, or lower the rates",
        )
        return
    has_example = component.index.form == "attainment" and said.startswith("for each")
    if component.band_method != "marginal" or component.measure != "amount" or has_example:
        return
    for band in component.bands[1:]:
        reached = _pay(component, band.lower) * unit
        if reached >= cap.amount:
            yield Finding(
                file,
                band.line,
                "error",
                f"{component.code}: this band is never paid: {reached:,.2f} {version.currency_code} are earned where "
                f"it begins, and the cap is {cap.amount:,} (T9)",
                "raise the cap, or take the band out",
            )


def _cliffs(file: str, version: PlanVersion, component: Component, unit: Decimal, said: str) -> Iterator[Finding]:
    """Bounds at which one more yuan changes the pay of everything before it (T4, T8)."""
    currency = version.currency_code
    told = "" if component.index.form == "amount" else f" ({said})"
    if component.band_method == "retroactive" and component.is_same_measure:
        for low, high in pairwise(component.bands):
            step = high.lower * (high.rate - low.rate) * unit
            if step < ZERO:
                yield Finding(
                    file,
                    high.line,
                    "warning",
                    f"{component.code}: selling more pays less: crossing {_bound(component, high.lower)} takes "
                    f"{-step:,.2f} {currency} away{told} (T4)",
                    "let the rates rise, or use marginal bands",
                )
            elif step > ZERO:
                yield Finding(
                    file,
                    high.line,
                    "warning",
                    f"{component.code}: a cliff: crossing {_bound(component, high.lower)} pays {step:,.2f} {currency} "
                    f"at once{told}; deals will be moved over it (T4)",
                    "keep it if it is meant; marginal bands have no cliff",
                )
    threshold = component.threshold
    if threshold is not None and threshold.pays == "from_first" and component.is_same_measure and component.bands:
        step = _pay(component, threshold.at) * unit
        if step > ZERO:
            yield Finding(
                file,
                threshold.line,
                "warning",
                f"{component.code}: a cliff: reaching {_bound(component, threshold.at)} pays {step:,.2f} {currency} at "
                f"once{told} (T8)",
                "keep it if it is meant; `pays: above` has no cliff",
            )


def _falls(file: str, component: Component) -> Iterator[Finding]:
    """Places where more of something good pays less: curves that fall, factors that drop with margin."""
    for left, right in pairwise(component.curve):
        if right.value < left.value:
            lost = (left.value - right.value) * (component.target_amount or ZERO)
            yield Finding(
                file,
                right.line,
                "warning",
                f"{component.code}: selling more pays less: from {left.at:.0%} to {right.at:.0%} the pay falls by "
                f"{lost:,.2f} (T5)",
                "let the curve rise or stay level",
            )
    for low, high in pairwise(component.bands if component.band_method == "marginal" else ()):
        if high.rate < ZERO <= low.rate:
            yield Finding(
                file,
                high.line,
                "warning",
                f"{component.code}: selling more pays less: above {_bound(component, high.lower)} each unit costs "
                f"{-high.rate} (T3)",
                "write a rate of 0 or more",
            )
    for factor in component.factors:
        if factor.rows.by != "margin" or factor.columns is not None:
            continue
        for (before,), (after,), band in zip(factor.cells, factor.cells[1:], factor.rows.bands[1:], strict=False):
            if after < before:
                yield Finding(
                    file,
                    band.line,
                    "warning",
                    f"{component.code}: a better margin pays less: the factor of {factor.code} drops from {before} to "
                    f"{after} at a margin of {band.lower}: {(before - after) * 100:.2f} of each 100 earned (T7)",
                    "let the factor rise with the margin",
                )


def _bound(component: Component, bound: Decimal) -> str:
    return f"{bound:.2%} of the quota" if component.index.form == "attainment" else f"{bound:,}"
