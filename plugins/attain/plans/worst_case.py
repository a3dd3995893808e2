"""What a plan costs at its worst, in money: caps below target pay, bands nobody reaches, draws nobody can pay back,
cliffs, and places where selling more pays less. Errors refuse a plan; a warning asks whether it is meant.

Where the bands are shares of a quota, money is told for the largest quota that the plan itself sets, else for each
100,000 of quota. Target pay is what the plan pays for reaching every quota exactly, before factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from attain.plans.model import (
    KPI_DIRECTIONS,
    MONEY_MEASURES,
    WINDOW_MONTHS,
    Component,
    Contest,
    Factor,
    Finding,
    GradeBand,
    Penalty,
    Plan,
    PlanVersion,
    Quota,
    Scorecard,
    ScorecardKpi,
    Severity,
)

ZERO, ONE = Decimal(0), Decimal(1)
_EXAMPLE = Decimal(100_000)

_GROWS_WITH = {"margin": True, "collection_days": False, "discount": False}
"""Whether more of a factor's attribute is better for the company: a margin is, waiting and discounts are not."""

_WORSE = {
    "margin": "a better margin pays less",
    "collection_days": "waiting longer for the money pays more",
    "discount": "a deeper discount pays more",
}


class Unit(NamedTuple):
    """What 1 of a component's index is worth in the base, the currency of its pay, and how to tell it."""

    size: Decimal
    currency: str
    said: str
    is_example: bool = False

    def pay(self, width: Decimal, rate: Decimal) -> str:
        """Pay for a stretch of the index at a rate, as a text with currency and what it is told for."""
        amount = width * rate * self.size
        return f"{amount:,.2f} {self.currency}" + (f" {self.said}" if self.said else "")


def unit_of(quotas: Iterable[Quota], component: Component, currency: str) -> Unit:
    """The worth of a component's index: itself, or the largest quota of a window by the plan, else an example."""
    if component.index.form == "amount":
        return Unit(ONE, currency, "")
    months = WINDOW_MONTHS.get(component.accumulate, 1)
    of_kpi = [quota for quota in quotas if quota.kpi_code == component.quota_kpi_code]
    if not of_kpi:
        return Unit(_EXAMPLE, currency, f"for each {_EXAMPLE:,} of quota", is_example=True)
    largest = max(quota.amount * months / WINDOW_MONTHS.get(quota.per, 1) for quota in of_kpi)
    return Unit(largest, currency, f"at a quota of {largest:,.2f}")


def findings(plan: Plan, folder: str) -> Iterator[Finding]:
    """Everything that costs more, or pays less, than its reader may think; by version and component."""
    file = f"{folder}/{plan.source_file}"
    for version in plan.versions:
        for component in version.components:
            unit = unit_of(version.quotas, component, version.currency_code)
            for finding in _of_component(version, component, unit):
                yield replace(finding, file=file)
        for contest in version.contests:
            for finding in _contest(version, contest):
                yield replace(finding, file=file)
        for finding in (*_draw(version), *_penalties(version)):
            yield replace(finding, file=file)
        for card in version.scorecards:
            for finding in _scorecard(version, card):
                yield replace(finding, file=file)


def _of_component(version: PlanVersion, component: Component, unit: Unit) -> Iterator[Finding]:
    yield from _days(version, component)
    yield from _cap(version, component, unit)
    if component.is_same_measure:
        yield from _cliffs(component, unit)
    else:
        yield from _cliffs_of_another_index(version, component)
    yield from _falls(version, component, unit)
    for factor in component.factors:
        yield from _factor(component, factor)


def _finding(line: int, severity: Severity, message: str, remedy: str) -> Finding:
    return Finding("", line, severity, message, remedy)


# -- pay of a window ------------------------------------------------------------------------------------------------


def _pay(component: Component, index: Decimal) -> Decimal:
    """Pay of a window whose index and base are both `index`, in its unit, before factors and caps (T3, T4)."""
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


def _curve_pay(component: Component, at: Decimal) -> Decimal:
    """Pay of an interpolated component at an attainment, in money (T5): 0 before the first point, flat at the end."""
    target, points = component.target_amount or ZERO, component.curve
    if not points or at < points[0].at:
        return ZERO
    for left, right in pairwise(points):
        if at < right.at:
            return target * (left.value + (right.value - left.value) * (at - left.at) / (right.at - left.at))
    return target * points[-1].value


def target_pay(version: PlanVersion) -> Decimal | None:
    """What reaching every quota exactly pays in a month, a scorecard's bonus included; None where it can't be told.

    It can't where a component's quota is HR's, or its bands are money.
    """
    total = ZERO
    for component in version.components:
        if component.kind != "commission":
            continue
        unit = unit_of(version.quotas, component, version.currency_code)
        pay = _at_target(version, component, unit)
        if pay is None or (unit.is_example and component.band_method != "interpolated"):
            return None
        total += pay / WINDOW_MONTHS[component.accumulate]
    for card in version.scorecards:
        reached = [grade for grade in card.grades if grade.lower_score <= ONE]
        best = max(reached, key=lambda grade: grade.lower_score, default=None)
        if best is not None:
            total += card.bonus_base_amount * best.coefficient / WINDOW_MONTHS[card.frequency]
    return total


def _at_target(version: PlanVersion, component: Component, unit: Unit) -> Decimal | None:
    """Pay of a window that reaches its quota exactly, in money; None where no quota tells it."""
    if component.band_method == "interpolated":
        threshold = component.threshold
        return ZERO if threshold is not None and threshold.at > ONE else _curve_pay(component, ONE)
    if not component.is_same_measure or component.accumulate == "deal":
        return None
    index, size = ONE, unit.size
    if component.index.form == "amount":
        # With bands of money a quota of the plan still says how much is the target.
        quota = unit_of(version.quotas, _by_attainment(component), version.currency_code)
        if component.quota_kpi_code is None or quota.is_example:
            return None
        index, size = quota.size, ONE
    pay = _pay(component, index)
    threshold = component.threshold
    if threshold is not None and index < threshold.at:
        return ZERO
    if threshold is not None and threshold.pays == "above":
        pay -= _pay(component, threshold.at)
    return pay * size


def _by_attainment(component: Component) -> Component:
    return replace(component, index=replace(component.index, form="attainment"))


def _least_factor(component: Component) -> Decimal:
    """The least that the pay factors leave of a line (T7)."""
    least = ONE
    for factor in component.factors:
        if factor.applies_to == "pay":
            least *= min((cell for row in factor.cells for cell in row), default=ONE)
    return least


# -- caps -----------------------------------------------------------------------------------------------------------


def _cap(version: PlanVersion, component: Component, unit: Unit) -> Iterator[Finding]:
    """A cap below what the target itself pays, and bands that only begin where the cap has cut already (T9)."""
    cap, currency = component.cap, version.currency_code
    if cap is None:
        return
    at_target = _at_target(version, component, unit)
    windows = ONE
    if cap.per == "year" and component.accumulate != "deal":
        windows = Decimal(12) / WINDOW_MONTHS[component.accumulate]
    if at_target is not None and at_target * windows > cap.amount:
        pay = at_target * windows
        said = "at 100 % attainment" if component.band_method == "interpolated" else unit.said or "at the plan's quota"
        if windows > ONE:
            said += f", {windows:f} times a year"
        if cap.per == "deal":
            # A cap per deal is there for large deals; that one of them is the whole target is for its author to judge.
            yield _finding(
                cap.line,
                "warning",
                f"{component.code}: the cap of a deal, {cap.amount:,}, is below target pay {pay:,.2f} {currency} "
                f"({said}): whoever reaches the target with one deal loses {pay - cap.amount:,.2f} (T9)",
                f"raise the cap to {pay:,.2f} or more if one deal may be the whole target",
            )
        else:
            yield _finding(
                cap.line,
                "error",
                f"{component.code}: the cap {cap.amount:,} is below target pay {pay:,.2f} {currency} "
                f"({said}): whoever reaches the target loses {pay - cap.amount:,.2f} (T9)",
                f"raise the cap to {pay:,.2f} or more, or lower the rates",
            )
            return
    if not component.is_same_measure or component.band_method != "marginal" or unit.is_example:
        return
    if cap.per == "deal" and component.accumulate != "deal":
        return  # several deals together reach a higher band, each below its own cap
    for band in component.bands[1:]:
        reached = _pay(component, band.lower) * unit.size * _least_factor(component)
        if reached >= cap.amount:
            yield _finding(
                band.line,
                "error",
                f"{component.code}: this band is never paid: {reached:,.2f} {currency} are earned where "
                f"it begins, and the cap is {cap.amount:,} (T9)",
                "raise the cap, or take the band out",
            )


# -- cliffs and falls -----------------------------------------------------------------------------------------------


def _cliffs(component: Component, unit: Unit) -> Iterator[Finding]:
    """Bounds at which one more yuan changes the pay of everything before it (T4, T5, T8)."""
    told = f" ({unit.said})" if unit.said else ""
    if component.band_method == "retroactive":
        for low, high in pairwise(component.bands):
            step = high.lower * (high.rate - low.rate) * unit.size
            if step < ZERO:
                yield _finding(
                    high.line,
                    "warning",
                    f"{component.code}: selling more pays less: crossing {_bound(component, high.lower)} takes "
                    f"{-step:,.2f} {unit.currency} away{told} (T4)",
                    "let the rates rise, or use marginal bands",
                )
            elif step > ZERO:
                yield _finding(
                    high.line,
                    "warning",
                    f"{component.code}: a cliff: crossing {_bound(component, high.lower)} pays {step:,.2f} "
                    f"{unit.currency} at once{told}; deals will be moved over it (T4)",
                    "keep it if it is meant; marginal bands have no cliff",
                )
    if component.curve and (first := _curve_pay(component, component.curve[0].at)) > ZERO:
        start = component.curve[0]
        yield _finding(
            start.line,
            "warning",
            f"{component.code}: a cliff: reaching {_bound(component, start.at)} pays {first:,.2f} {unit.currency} at "
            "once; below its first point a curve pays 0 (T5)",
            "keep it if it is meant; a first point that pays 0 has no cliff",
        )
    threshold = component.threshold
    if threshold is not None and threshold.pays == "from_first":
        step = _pay(component, threshold.at) * unit.size
        if component.curve:
            step, told = _curve_pay(component, threshold.at), ""
        if step > ZERO:
            yield _finding(
                threshold.line,
                "warning",
                f"{component.code}: a cliff: reaching {_bound(component, threshold.at)} pays {step:,.2f} "
                f"{unit.currency} at once{told} (T8)",
                "keep it if it is meant; `pays: above` has no cliff",
            )


def _cliffs_of_another_index(version: PlanVersion, component: Component) -> Iterator[Finding]:
    """The same where one measure picks the band and another is paid: all of the base changes its rate (T2, T4, T8)."""
    currency, index = version.currency_code, component.index
    size = _EXAMPLE if component.measure in MONEY_MEASURES else Decimal(100)
    told = f"for each {size:,} of {component.measure} {component.basis}"
    named = f"of the {index.measure} {index.basis}"
    if index.offset:
        named += f" {-index.offset} {component.accumulate} earlier"
    for low, high in pairwise(component.bands):
        step = (high.rate - low.rate) * size
        if step < ZERO:
            yield _finding(
                high.line,
                "warning",
                f"{component.code}: selling more pays less: crossing {_bound(component, high.lower)} {named} takes "
                f"{-step:,.2f} {currency} away {told} (T2, T4)",
                "let the rates rise",
            )
        elif step > ZERO:
            yield _finding(
                high.line,
                "warning",
                f"{component.code}: a cliff: crossing {_bound(component, high.lower)} {named} pays {step:,.2f} "
                f"{currency} more at once {told} (T2, T4)",
                "keep it if it is meant; many narrow bands make the steps small",
            )
    threshold = component.threshold
    if threshold is not None and component.bands and (step := _rate(component, threshold.at) * size) > ZERO:
        yield _finding(
            threshold.line,
            "warning",
            f"{component.code}: a cliff: reaching {_bound(component, threshold.at)} {named} pays {step:,.2f} "
            f"{currency} at once {told} (T2, T8)",
            "keep it if it is meant, or pay less below the first band's bound instead of nothing",
        )


def _falls(version: PlanVersion, component: Component, unit: Unit) -> Iterator[Finding]:
    """Places where more credit pays less: curves that fall, rates below 0."""
    for left, right in pairwise(component.curve):
        if right.value < left.value:
            lost = (left.value - right.value) * (component.target_amount or ZERO)
            yield _finding(
                right.line,
                "warning",
                f"{component.code}: selling more pays less: from {left.at:.0%} to {right.at:.0%} the pay falls by "
                f"{lost:,.2f} {version.currency_code} (T5)",
                "let the curve rise or stay level",
            )
    for band in component.bands if component.is_same_measure and component.band_method == "marginal" else ():
        if band.rate < ZERO:
            width = ONE if unit.said else Decimal(100)
            yield _finding(
                band.line,
                "warning",
                f"{component.code}: selling more pays less: above {_bound(component, band.lower)} each further "
                f"{_bound(component, width)} costs {unit.pay(width, -band.rate)} (T3)",
                "write a rate of 0 or more",
            )


def _factor(component: Component, factor: Factor) -> Iterator[Finding]:
    """Steps of a factor that pay less for a better margin, a quicker payment or a smaller discount (T7)."""
    yield from _along(component, factor, factor.rows.by, [band.line for band in factor.rows.bands], factor.cells)
    if factor.columns is not None:
        turned = tuple(zip(*factor.cells, strict=False))
        yield from _along(component, factor, factor.columns.by, [band.line for band in factor.columns.bands], turned)


def _along(
    component: Component, factor: Factor, by: str, lines: Sequence[int], cells: Sequence[Sequence[Decimal]]
) -> Iterator[Finding]:
    """One finding for each step of an axis that goes the wrong way: that of the cell that loses most."""
    if by not in _GROWS_WITH:
        return
    axis = factor.rows if factor.rows.by == by else factor.columns or factor.rows
    for place, (before, after) in enumerate(pairwise(cells), start=1):
        falls = [
            (high - low if not _GROWS_WITH[by] else low - high, low, high)
            for low, high in zip(before, after, strict=False)
        ]
        worst, low, high = max(falls, default=(ZERO, ZERO, ZERO))
        if worst <= ZERO:
            continue
        verb = "drops" if _GROWS_WITH[by] else "rises"
        named = {"margin": "a margin of", "collection_days": "day", "discount": "a discount of"}[by]
        of = "credited" if factor.applies_to == "credit" else "earned"
        yield _finding(
            lines[place],
            "warning",
            f"{component.code}: {_WORSE[by]}: the factor of {factor.code} {verb} from {low} to {high} at {named} "
            f"{axis.bands[place].lower}: {worst * 100:.2f} of each 100 {of} (T7)",
            f"let the factor {'rise with the margin' if by == 'margin' else f'fall with the {by}'.replace('_', ' ')}",
        )


def _bound(component: Component, bound: Decimal) -> str:
    return f"{bound:.2%} of the quota" if component.index.form == "attainment" else f"{bound:,}"


# -- SPIFFs and contests --------------------------------------------------------------------------------------------


def _days(version: PlanVersion, component: Component) -> Iterator[Finding]:
    """A SPIFF none of whose days are the version's."""
    first, last = component.credit_from, component.credit_to
    if first is None or last is None or not component.bands:
        return
    if last < version.valid_from or (version.valid_to is not None and first > version.valid_to):
        size = Decimal(100) if component.measure in MONEY_MEASURES else ONE
        yield _finding(
            component.line,
            "error",
            f"{component.code}: it is never paid: its days {first} to {last} lie outside the version's; "
            f"{component.bands[0].rate * size:,.2f} {version.currency_code} for each {size} of {component.measure} "
            "are promised (K6)",
            "give days inside the version",
        )


def _contest(version: PlanVersion, contest: Contest) -> Iterator[Finding]:
    """Prizes that nobody can win, and places that win more than a better one (K6)."""
    currency = version.currency_code
    if contest.ends_on < version.valid_from or (version.valid_to is not None and contest.ends_on > version.valid_to):
        total = sum((prize.amount for prize in contest.prizes), ZERO)
        yield _finding(
            contest.line,
            "error",
            f"{contest.code}: it is never paid: on its last day {contest.ends_on} the version pays nobody; prizes of "
            f"{total:,.2f} {currency} are promised (K6)",
            "let it end inside the version",
        )
    for better, worse in pairwise(contest.prizes):
        if worse.amount > better.amount:
            yield _finding(
                worse.line,
                "warning",
                f"{contest.code}: selling more pays less: place {better.rank} wins {worse.amount - better.amount:,.2f} "
                f"{currency} less than place {worse.rank} (K6)",
                "let the prizes fall with the place",
            )


# -- the month ------------------------------------------------------------------------------------------------------


def _draw(version: PlanVersion) -> Iterator[Finding]:
    """A recoverable draw that is never paid back, and a guarantee above target pay (D1, D2)."""
    draw, currency = version.draw, version.currency_code
    if draw is None:
        return
    pay = target_pay(version)
    lent = "without an end"
    if draw.to_month is not None:
        months = draw.to_month - draw.from_month + 1
        lent = f"up to {draw.amount * months:,.2f} {currency} in {months} months"
    if draw.type == "guarantee":
        if pay is not None and pay > ZERO and draw.amount > pay:
            yield _finding(
                draw.line,
                "warning",
                f"draw: selling more pays nothing more: the guarantee {draw.amount:,} is above target pay "
                f"{pay:,.2f} {currency} a month; whoever reaches the target costs {draw.amount - pay:,.2f} more (D1)",
                "keep it if it is meant, or lower the guarantee",
            )
        return
    if draw.type != "recoverable" or draw.amount == ZERO:
        return
    if (draw.recovery_from is None and draw.recovery_from_month is None) or draw.recovery_rate == ZERO:
        yield _finding(
            draw.line,
            "warning",
            f"draw: {draw.amount:,} {currency} a month are lent and nothing is recovered: {lent} (D2)",
            "add recovery_from or recovery_from_month and a recovery_rate above 0, or write type: non_recoverable",
        )
        return
    if pay is None:
        return
    back = draw.recovery_rate * max(ZERO, pay - draw.minimum_amount)
    adds = max(ZERO, draw.amount - pay) if draw.to_month is None else ZERO
    if back <= adds:
        yield _finding(
            draw.line,
            "error",
            f"draw: it is never recovered: target pay is {pay:,.2f} {currency} a month, of which {back:,.2f} are "
            f"recovered above the minimum {draw.minimum_amount:,} and {adds:,.2f} are lent again; lent is {lent} (D2)",
            "lower the minimum or the draw, or end the draw with to_month",
        )


def _penalties(version: PlanVersion) -> Iterator[Finding]:
    """Penalties whose amount the limit or the floor never lets through, and those for doing well (K4)."""
    currency = version.currency_code
    guarantee = version.draw.amount if version.draw is not None and version.draw.type == "guarantee" else ZERO
    always = version.draw is not None and version.draw.from_month == 0 and version.draw.to_month is None
    floor = max(version.floor_amount or ZERO, guarantee if always else ZERO)
    pay = target_pay(version)
    for penalty in version.penalties:
        most = _most(penalty, pay)
        if penalty.amount is not None and penalty.amount > penalty.limit_amount:
            yield _finding(
                penalty.line,
                "error",
                f"{penalty.code}: its amount {penalty.amount:,} is above its limit {penalty.limit_amount:,}: "
                f"{penalty.amount - penalty.limit_amount:,.2f} {currency} of it are never taken (K4)",
                "raise the limit, or lower the amount",
            )
        if pay is not None and floor > ZERO and pay - floor < most:
            room = max(ZERO, pay - floor)
            yield _finding(
                penalty.line,
                "warning",
                f"{penalty.code}: at target pay {pay:,.2f} {currency} the floor {floor:,} leaves {room:,.2f} to take; "
                f"{most - room:,.2f} of the penalty are lost (K4)",
                "lower the floor or the penalty",
            )
        if penalty.comparison == "above" and KPI_DIRECTIONS.get(penalty.kpi_code) == "higher":
            yield _finding(
                penalty.line,
                "warning",
                f"{penalty.code}: doing better pays less: above {penalty.bound:,} of {penalty.kpi_code} up to "
                f"{min(penalty.limit_amount, most):,.2f} {currency} are taken (K4)",
                "write below, if too little of it is what costs",
            )


def _most(penalty: Penalty, pay: Decimal | None) -> Decimal:
    """The most that a penalty takes: at target pay, where a rate and target pay are known."""
    if penalty.amount is not None:
        return min(penalty.amount, penalty.limit_amount)
    if penalty.rate is not None and pay is not None:
        return min(penalty.rate * pay, penalty.limit_amount)
    return penalty.limit_amount


# -- scorecards -----------------------------------------------------------------------------------------------------


def _scorecard(version: PlanVersion, card: Scorecard) -> Iterator[Finding]:
    """Grades that no score reaches, grades and curves by which doing better pays less (K1–K3)."""
    currency, base = version.currency_code, card.bonus_base_amount
    highest = sum((kpi.weight * _best(kpi) for kpi in card.kpis), ZERO)
    ranked = sorted(card.grades, key=lambda grade: grade.lower_score)
    for worse, better in pairwise(ranked):
        if better.coefficient < worse.coefficient:
            yield _finding(
                better.line,
                "warning",
                f"{card.code}: a better score pays less: grade {better.grade!r} pays "
                f"{(worse.coefficient - better.coefficient) * base:,.2f} {currency} less than {worse.grade!r} (K3)",
                "let the coefficients rise with the score",
            )
        elif better.coefficient > worse.coefficient and (card.grading == "forced" or better.lower_score <= highest):
            yield _step_of_grades(card, worse, better, currency)
    for grade in ranked:
        if card.grading == "bands" and grade.lower_score > highest:
            yield _finding(
                grade.line,
                "error",
                f"{card.code}: grade {grade.grade!r} from {grade.lower_score} is never reached: the best score of the "
                f"card is {highest.normalize():f}; its bonus of {grade.coefficient * base:,.2f} {currency} is never "
                "paid (K1, K2)",
                "raise the caps, or let the grade start lower",
            )
    spread = (max((grade.coefficient for grade in ranked), default=ZERO) - min(
        (grade.coefficient for grade in ranked), default=ZERO
    )) * base  # fmt: skip
    for kpi in card.kpis:
        for left, right in pairwise(kpi.curve):
            if right.value < left.value:
                yield _finding(
                    right.line,
                    "warning",
                    f"{card.code}: doing better scores less: from {left.at:.0%} to {right.at:.0%} of {kpi.kpi_code} "
                    f"the score falls by {(left.value - right.value) * kpi.weight:f}; a grade is worth up to "
                    f"{spread:,.2f} {currency} (K1)",
                    "let the curve rise or stay level",
                )


def _step_of_grades(card: Scorecard, worse: GradeBand, better: GradeBand, currency: str) -> Finding:
    """The cliff between two grades: a little more of a score, or one place, pays a step of the coefficient (K2, K3)."""
    step = (better.coefficient - worse.coefficient) * card.bonus_base_amount
    crossing = f"reaching a score of {better.lower_score.normalize():f}"
    if card.grading == "forced":
        crossing = f"one place better in the group, or {crossing} where fewer than five are graded,"
    return _finding(
        better.line,
        "warning",
        f"{card.code}: a cliff: {crossing} pays {step:,.2f} {currency} at once for each {card.frequency}: grade "
        f"{better.grade!r} after {worse.grade!r} (K2, K3)",
        "keep it if it is meant; more grades make the steps small",
    )


def _best(kpi: ScorecardKpi) -> Decimal:
    """The most that a KPI scores (K1): inside a range 1, where less is better 2, else what its cap lets through."""
    if kpi.curve:
        return min(kpi.cap, max(point.value for point in kpi.curve))
    return min(kpi.cap, {"range": ONE, "lower": Decimal(2)}.get(kpi.direction, kpi.cap))
