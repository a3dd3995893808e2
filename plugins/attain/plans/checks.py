"""What can't be right in a plan, whatever the amounts: bands that don't meet, shares that don't add up, keys that
contradict each other. Where a mistake has a price, the message tells it; what a plan without a mistake may cost at its
worst is in `attain.plans.worst_case`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from attain.plans.model import (
    ADDITIVE_KPI_CODES,
    KPI_CODES,
    TEAM_PREFIX,
    WINDOW_MONTHS,
    Component,
    CurvePoint,
    Draw,
    FactorAxis,
    GradeBand,
    PlanVersion,
    Prize,
    ScorecardKpi,
    Severity,
)
from attain.plans.worst_case import Unit, target_pay

ZERO, ONE = Decimal(0), Decimal(1)


class Fault(NamedTuple):
    """A finding without its file."""

    line: int
    severity: Severity
    message: str
    remedy: str


class Stretch(NamedTuple):
    """A band: [lower, upper), None is open; `rate` is what it pays, where it pays."""

    lower: Decimal
    upper: Decimal | None
    line: int
    rate: Decimal = ZERO


class Lines(NamedTuple):
    """Where an entry is written: its path in the file, its line and the line of each of its keys."""

    path: str
    line: int
    of: Callable[[str], int]

    def name(self, key: str) -> str:
        return f"{self.path}.{key}"


def _error(line: int, message: str, remedy: str) -> Fault:
    return Fault(line, "error", message, remedy)


# -- bands ----------------------------------------------------------------------------------------------------------


def bands(name: str, stretches: Sequence[Stretch], unit: Unit) -> Iterator[Fault]:
    """T1: from 0 on, half-open, no gap, no overlap, the last one open. `unit` tells what a mistake costs."""
    if stretches and stretches[0].lower != 0:
        first = stretches[0]
        lost = f"; below it {unit.pay(abs(first.lower), first.rate)} would not be paid"
        yield _error(first.line, f"{name}[0].from: {first.lower}; bands start at 0 (T1){lost}", "write from: 0")
    yield from _meeting(name, stretches, "T1", unit)
    if stretches and (upper := stretches[-1].upper) is not None:
        last = stretches[-1]
        # As much again as the bound: a person of twice that credit.
        yield _error(
            last.line,
            f"{name}[{len(stretches) - 1}].to: {upper} closes the last band; credit above it would earn nothing (T1): "
            f"at twice that credit {unit.pay(abs(upper), last.rate)} would not be paid",
            "leave `to` out of the last band",
        )


def _meeting(name: str, stretches: Sequence[Stretch], rule: str, unit: Unit | None = None) -> Iterator[Fault]:
    """Each band begins where the one before it ends, and has a width."""
    for number, band in enumerate(stretches):
        after = stretches[number + 1] if number + 1 < len(stretches) else None
        if band.upper is not None and band.upper <= band.lower:
            yield _error(
                band.line,
                f"{name}[{number}].to: {band.upper} is not above from {band.lower} ({rule})",
                "give a `to` above `from`",
            )
        if after is None:
            continue
        if band.upper is None:
            yield _error(
                band.line,
                f"{name}[{number}]: it has no `to`, but a band follows it ({rule})",
                f"write to: {after.lower}",
            )
        elif after.lower > band.upper:
            yield _error(
                after.line,
                f"{name}[{number + 1}].from: {after.lower} leaves a gap from {band.upper} to {after.lower} ({rule})"
                + (f"; {unit.pay(after.lower - band.upper, after.rate)} would not be paid" if unit else ""),
                f"write from: {band.upper}",
            )
        elif after.lower < band.upper:
            yield _error(
                after.line,
                f"{name}[{number + 1}].from: {after.lower} overlaps the band before it, which ends at {band.upper} "
                f"({rule})"
                + (f"; {unit.pay(band.upper - after.lower, after.rate)} would be paid twice" if unit else ""),
                f"write from: {band.upper}",
            )


def curve(name: str, points: Sequence[CurvePoint], rule: str) -> Iterator[Fault]:
    """Points go up in attainment; one alone is no curve."""
    if len(points) == 1:
        yield _error(points[0].line, f"{name}: one point is no curve ({rule})", "add a point")
    for number, (before, after) in enumerate(pairwise(points), start=1):
        if after.at <= before.at:
            yield _error(
                after.line,
                f"{name}[{number}].at: {after.at} is not above the point before it, which is at {before.at} ({rule})",
                "put the points in order of `at`",
            )


# -- components -----------------------------------------------------------------------------------------------------


def component(entry: Lines, item: Component) -> Iterator[Fault]:
    """What the keys of a component say against each other (T2, T5, T8, T9, Q4)."""
    measured = f"{item.index.basis}_{item.index.measure}"
    if item.quota_kpi_code and item.quota_kpi_code not in _fitting_quotas(item):
        yield _error(
            entry.of("quota_kpi"),
            f"{entry.name('quota_kpi')}: {item.quota_kpi_code!r} does not measure what the index counts, the "
            f"{item.index.measure} of {item.index.basis!r} (T2)",
            f"write quota_kpi: {measured}",
        )
    if item.index.form == "attainment" and not item.quota_kpi_code:
        yield _error(
            entry.line,
            f"{entry.path}: bands by attainment need a quota (Q4)",
            f"add quota_kpi: {measured}, or write index: amount",
        )
    if item.accumulate == "deal" and item.index.form == "attainment":
        yield _error(
            entry.of("accumulate"),
            f"{entry.name('accumulate')}: a deal has no quota, so it has no attainment",
            "write index: amount, or accumulate by month, quarter or year",
        )
    if item.accumulate == "deal" and item.index.offset:
        yield _error(
            entry.of("index"),
            f"{entry.name('index')}.offset: {item.index.offset}, but there is no deal before a deal (T2)",
            "accumulate by month, quarter or year, or leave offset out",
        )
    if not item.is_same_measure and item.band_method != "retroactive":
        base = f"{item.measure} of {item.basis}"
        index = f"{item.index.measure} of {item.index.basis}"
        if item.index.offset:
            index += f" {-item.index.offset} {item.accumulate} earlier"
        yield _error(
            entry.of("band_method") if item.band_method == "interpolated" else entry.of("index"),
            f"{entry.name('index')}: the band is picked by the {index}, the rate is paid on the {base}; "
            f"{item.band_method} needs them to be the same (T2)",
            "write band_method: retroactive (the band prices the whole base), or use one measure for both",
        )
    yield from _threshold_and_cap(entry, item)


def _fitting_quotas(item: Component) -> frozenset[str]:
    """KPIs that are in the unit of the index."""
    fitting = {f"{item.index.basis}_{item.index.measure}"}
    if fitting == {"booked_count"}:
        fitting |= {"won_deals", "new_customers"}
    return frozenset(fitting)


def _threshold_and_cap(entry: Lines, item: Component) -> Iterator[Fault]:
    if item.threshold and item.cap and item.cap.per == "deal" and item.accumulate != "deal":
        yield _error(
            item.cap.line,
            f"{entry.name('cap')}.per: a cap per deal together with a threshold of the {item.accumulate}: which deal's "
            "pay the threshold took away can't be told (T8, T9)",
            "cap per period or year, or accumulate by deal",
        )
    if item.threshold and item.threshold.pays == "above":
        if item.band_method == "interpolated":
            yield _error(
                item.threshold.line,
                f"{entry.name('threshold')}.pays: a curve pays no part above a threshold (T5, T8)",
                "write pays: from_first, or begin the curve higher",
            )
        elif not item.is_same_measure:
            yield _error(
                item.threshold.line,
                f"{entry.name('threshold')}.pays: the part above {item.threshold.at} of the index is no part of the "
                "base, they are not the same measure (T2, T8)",
                "write pays: from_first",
            )
    if item.cap and item.cap.excess == "carry":
        has_no_next = item.cap.per == "deal" or (item.accumulate == "deal" and item.cap.per == "period")
        if has_no_next:
            yield _error(
                item.cap.line,
                f"{entry.name('cap')}.excess: there is no next deal to carry to (T9)",
                "write excess: lose, or cap per year",
            )


def axis(name: str, item: FactorAxis) -> Iterator[Fault]:
    """T7: bands that meet, anywhere on the line; values that are there once. What is outside is a hold."""
    stretches = [Stretch(band.lower, band.upper, band.line) for band in item.bands if band.lower is not None]
    yield from _meeting(name, stretches, "T7")
    seen: set[str] = set()
    for band in item.bands:
        if band.value is not None and band.value in seen:
            yield _error(band.line, f"{name}: {band.value!r} is there twice (T7)", "remove one of them")
        if band.value is not None:
            seen.add(band.value)


def matrix(
    path: str, line: int, rows: FactorAxis, columns: FactorAxis, cells: Sequence[Sequence[Decimal]]
) -> Iterator[Fault]:
    """T7: a row for each row band, with a factor for each column band."""
    shape = f"{len(rows.bands)} × {len(columns.bands)}"
    if len(cells) != len(rows.bands):
        yield _error(
            line,
            f"{path}.matrix: {len(cells)} rows for {len(rows.bands)} row bands (T7)",
            f"write a matrix of {shape} factors",
        )
    for number, row in enumerate(cells):
        if len(row) != len(columns.bands):
            yield _error(
                line,
                f"{path}.matrix[{number}]: {len(row)} factors for {len(columns.bands)} column bands (T7)",
                f"write a matrix of {shape} factors",
            )


def prizes(name: str, items: Sequence[Prize]) -> Iterator[Fault]:
    """Each place from the first on, once."""
    for number, prize in enumerate(items, start=1):
        if prize.rank != number:
            yield _error(
                prize.line, f"{name}[{number - 1}].rank: {prize.rank}, expected {number} (K6)", f"write rank: {number}"
            )


# -- the month ------------------------------------------------------------------------------------------------------


def draw(entry: Lines, item: Draw, recovery_keys: Iterable[str]) -> Iterator[Fault]:
    """D1, D2: only a recoverable draw is recovered."""
    if item.type != "recoverable":
        for key in recovery_keys:
            yield _error(
                entry.of(key),
                f"{entry.name(key)}: a draw of type {item.type!r} is never recovered (D1)",
                f"remove {key}, or write type: recoverable",
            )
    if item.recovery_from is not None and item.recovery_from_month is not None:
        yield _error(
            entry.of("recovery_from_month"),
            f"{entry.path}: recovery from {item.recovery_from} or from tenure month {item.recovery_from_month}? (D2)",
            "keep one of recovery_from and recovery_from_month",
        )
    if item.to_month is not None and item.to_month < item.from_month:
        yield _error(
            entry.of("to_month"),
            f"{entry.name('to_month')}: {item.to_month} is before from_month {item.from_month}",
            "give the last tenure month of the draw",
        )
    if item.recovery_rate > 1:
        yield _error(
            entry.of("recovery_rate"),
            f"{entry.name('recovery_rate')}: {item.recovery_rate} is more than what was earned (D2)",
            "write a rate up to 100%",
        )


# -- scorecards -----------------------------------------------------------------------------------------------------


def weights(name: str, line: int, kpis: Sequence[ScorecardKpi], bonus: str) -> Iterator[Fault]:
    """K1: weights add up. `bonus` is the most that the card pays, as a text."""
    total = sum((item.weight for item in kpis), ZERO)
    if kpis and total != 1:
        yield _error(
            line,
            f"{name}: the weights add up to {total}, not to exactly 1 (K1); a score off by {abs(total - 1)} may cost a "
            f"grade, and a grade is worth up to {bonus}",
            f"change one of {', '.join(str(item.weight) for item in kpis)} by {1 - total}",
        )


def scorecard_kpi(path: str, item: ScorecardKpi) -> Iterator[Fault]:
    """K1: a range has two bounds above 0; other directions have none. A team has no target for a ratio."""
    is_range = item.direction == "range"
    named = item.kpi_code.removeprefix(TEAM_PREFIX)
    if named != item.kpi_code and named in KPI_CODES - ADDITIVE_KPI_CODES and not is_range:
        yield _error(
            item.line,
            f"{path}.kpi: {named!r} is a ratio, which has no target of a team, so {item.kpi_code!r} is never scored; "
            f"{item.weight:.0%} of the card are missing (K1)",
            "write direction: range with low and high, or name a KPI that adds up",
        )
    if is_range and (item.low is None or item.high is None):
        yield _error(item.line, f"{path}: a range needs low and high (K1)", "add both, or write another direction")
    elif is_range and item.low is not None and item.high is not None and not 0 < item.low <= item.high:
        yield _error(
            item.line,
            f"{path}: low {item.low} and high {item.high} are no range above 0 (K1)",
            "write a low above 0, and a high not below it",
        )
    if not is_range and (item.low is not None or item.high is not None):
        yield _error(
            item.line,
            f"{path}: low and high mean nothing with direction {item.direction!r} (K1)",
            "write direction: range, or remove them",
        )
    yield from curve(f"{path}.curve", item.curve, "K1")


def grades(name: str, items: Sequence[GradeBand], bonus: str) -> Iterator[Fault]:
    """K2: every score has one grade. `bonus` is the most that the card pays, as a text."""
    if items and min(item.lower_score for item in items) != 0:
        lowest = min(items, key=lambda item: item.lower_score)
        yield _error(
            lowest.line,
            f"{name}: the lowest grade {lowest.grade!r} starts at {lowest.lower_score}; "
            f"a score below it would have no grade (K2), and its bonus would wait; it is up to {bonus}",
            "let the lowest grade start at 0",
        )
    seen: dict[Decimal, str] = {}
    for item in items:
        if item.lower_score in seen:
            yield _error(
                item.line,
                f"{name}: {item.grade!r} and {seen[item.lower_score]!r} both start at {item.lower_score} (K2); which "
                f"of them it is decides about up to {bonus}",
                "give each grade a score of its own to start at",
            )
        seen[item.lower_score] = item.grade


def distribution(
    name: str, line: int, seats: Sequence[tuple[str, Decimal, int]], items: Sequence[GradeBand], bonus: str
) -> Iterator[Fault]:
    """K2: shares of the grades that add up to the whole group. `bonus` is the most that the card pays, as a text."""
    names = [item.grade for item in items]
    for grade, _, at in seats:
        if grade and grade not in names:
            yield _error(at, f"{name}: {grade!r} is no grade of the card (K2)", f"known: {', '.join(names)}")
    missing = [grade for grade in names if grade not in {grade for grade, _, _ in seats}]
    if missing:
        yield _error(
            line, f"{name}: grade {', '.join(missing)} has no share (K2)", "give every grade a share, 0% if nobody"
        )
    total = sum((share for _, share, _ in seats), ZERO)
    if total != 1:
        yield _error(
            line,
            f"{name}: the shares add up to {total}, not to exactly 1 (K2); {abs(total - 1) * 100:.6f}".rstrip(
                "0"
            ).rstrip(".")
            + f" of 100 people are seated wrongly, each with up to {bonus}",
            f"add {1 - total} to one",
        )


# -- versions -------------------------------------------------------------------------------------------------------


def validity(versions: Iterable[PlanVersion]) -> Iterator[Fault]:
    """Versions of one plan follow each other."""
    ordered = sorted(versions, key=lambda item: item.valid_from)
    for before, after in pairwise(ordered):
        if before.valid_to is None or before.valid_to >= after.valid_from:
            until = before.valid_to or "further notice"
            yield _error(
                after.line,
                f"version {after.version!r} from {after.valid_from} overlaps version {before.version!r}, "
                f"which holds from {before.valid_from} until {until}{paid_twice(after)}",
                f"end version {before.version!r} on the day before {after.valid_from}",
            )


def paid_twice(version: PlanVersion) -> str:
    """What two versions on one day cost for each person and month, where target pay can be told."""
    pay = target_pay(version)
    return (
        "" if pay is None else f"; at target {pay:,.2f} {version.currency_code} a person and month would be paid twice"
    )


def quotas(version: PlanVersion) -> Iterator[Fault]:
    """Q3: shares of the year that add up, and periods that fit into the windows."""
    for item in version.quotas:
        name = f"the quota of {item.kpi_code}"
        if item.seasonality and item.per != "year":
            yield _error(item.line, f"{name}: seasonality is of a year, not of a {item.per} (Q3)", "write per: year")
        if len(item.seasonality) not in (0, 4, 12):
            yield _error(
                item.line,
                f"{name}: seasonality has {len(item.seasonality)} shares (Q3)",
                "write 4 (quarters) or 12 (months)",
            )
        total = sum(item.seasonality, ZERO)
        if item.seasonality and total != 1:
            yield _error(
                item.line,
                f"{name}: the shares of seasonality add up to {total}, not to exactly 1 (Q3); at worst the year's "
                f"target is off by {abs(item.amount * (total - 1)).normalize():f}",
                f"change one of them by {ONE - total}",
            )
        for component_ in version.components:
            window = WINDOW_MONTHS.get(component_.accumulate)
            if component_.quota_kpi_code != item.kpi_code or window is None:
                continue
            if window < WINDOW_MONTHS.get(item.periods, 1):
                yield _error(
                    item.line,
                    f"{name}: its periods are of a {item.periods}, but component {component_.code!r} accumulates by "
                    f"the {component_.accumulate}; a window must hold whole quota periods (Q3)",
                    f"write periods: {component_.accumulate}",
                )


def rewards(version: PlanVersion) -> Iterator[Fault]:
    """K5: rewards name scorecards, grades and components that are there."""
    cards = {card.code: [grade.grade for grade in card.grades] for card in version.scorecards}
    codes = [item.code for item in version.components if item.quota_kpi_code]
    for item in version.rewards:
        if item.scorecard_code is not None:
            if item.scorecard_code not in cards:
                yield _error(
                    item.line,
                    f"reward {item.code!r}: there is no scorecard {item.scorecard_code!r} in this version (K5)",
                    f"known: {', '.join(cards) or 'none'}",
                )
            elif item.grade is not None and item.grade not in cards[item.scorecard_code]:
                yield _error(
                    item.line,
                    f"reward {item.code!r}: scorecard {item.scorecard_code!r} has no grade {item.grade!r} (K5)",
                    f"known: {', '.join(cards[item.scorecard_code])}",
                )
        if item.component_code is not None and item.component_code not in codes:
            yield _error(
                item.line,
                f"reward {item.code!r}: there is no component {item.component_code!r} with a quota in this version "
                "(K5)",
                f"known: {', '.join(codes) or 'none'}",
            )


def assignments(version: PlanVersion) -> Iterator[Fault]:
    """Dates inside the version, and no entry twice on one day."""
    for place, item in enumerate(version.assignments):
        for other in version.assignments[:place]:
            starts, last = (item.valid_from or version.valid_from), (other.valid_to or version.valid_to)
            begins, ends = (other.valid_from or version.valid_from), (item.valid_to or version.valid_to)
            apart = (last is not None and starts > last) or (ends is not None and begins > ends)
            if item.conditions == other.conditions and not apart:
                yield _error(item.line, f"assign: the same entry as in line {other.line}", "keep one of them")
    for item in version.assignments:
        first, last = item.valid_from, item.valid_to
        if first is not None and last is not None and last < first:
            yield _error(item.line, f"assign: valid_to {last} is before valid_from {first}", "give the last day")
        for day in (first, last):
            if day is not None and (day < version.valid_from or (version.valid_to and day > version.valid_to)):
                yield _error(
                    item.line,
                    f"assign: {day} is outside the version, which holds from {version.valid_from} until "
                    f"{version.valid_to or 'further notice'}",
                    "stay inside the version's days",
                )
