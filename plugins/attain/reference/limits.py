"""Thresholds and caps: what they take away, as lines of their own, to date and month by month (T8, T9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from attain import money
from attain.periods import Span, month_of, months_in, period_of, span_of
from attain.reference.bands import threshold_in_money
from attain.reference.inputs import Component, PlanVersion
from attain.reference.results import EarningLine

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line earned in a month; `below` is its unrounded part under the threshold, `document` whose line it is."""

    month: str
    document: str
    earned: Decimal
    below: Decimal


class Priced(Protocol):
    """A window that has been priced."""

    code: str
    quota: Fraction | None
    entries: list[Entry]
    index: dict[str, Decimal]

    def index_at(self, month: str) -> Decimal: ...


@dataclass(frozen=True)
class _Maker:
    payee_id: str
    version: PlanVersion
    component: Component
    as_of: date

    def line(self, line_type: str, window: str, month: str, amount: Decimal, document: str = "") -> EarningLine:
        parts = (line_type, document, month) if document else (line_type, month)
        return EarningLine(
            payee_id=self.payee_id,
            plan_code=self.version.plan_code,
            plan_version=self.version.version,
            component_code=self.component.code,
            line_type=line_type,
            period=month,
            window_code=window,
            event_date=min(span_of(month).end, self.as_of),
            credit_line_id="|".join(parts),
            currency_code=self.version.currency_code,
            credited_amount=None,
            cumulative_before=ZERO,
            cumulative_after=ZERO,
            effective_quota=None,
            earned_amount=amount,
        )


def window_limits(
    payee_id: str, version: PlanVersion, component: Component, windows: Sequence[Priced], as_of: date
) -> list[EarningLine]:
    """Lines of a component's threshold, then of its cap. None of them is ever held (D5), none is 0."""
    maker = _Maker(payee_id, version, component, as_of)
    lines: list[EarningLine] = []
    pay: dict[str, dict[str, Decimal]] = {}
    for window in windows:
        by_month: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for entry in window.entries:
            by_month[entry.month] += entry.earned
        for month, amount in _threshold(component, window, as_of, version.currency_code).items():
            lines.append(maker.line("threshold", window.code, month, amount))
            by_month[month] += amount
        pay[window.code] = dict(by_month)
    if component.cap_amount is not None:
        lines += _caps(maker, component.cap_amount, windows, pay)
    return lines


def _threshold(component: Component, window: Priced, as_of: date, currency: str) -> dict[str, Decimal]:
    """What the threshold takes away, or gives back once it is met, in each month of the window (T8).

    It is applied to date: at each month's end to all that the window has earned until then. A threshold takes pay
    away and never gives any: where refunds outweigh the pay, they stay.
    """
    bound = threshold_in_money(component, window.quota)
    if bound is None:
        return {}
    taken_before, found = ZERO, {}
    for month in _months(component, window, as_of):
        entries = [entry for entry in window.entries if entry.month <= month]
        total = sum((entry.earned for entry in entries), ZERO)
        if window.index_at(month) < bound:
            taken = max(ZERO, total)
        elif component.threshold_pays == "above":
            taken = money.round_money(sum((entry.below for entry in entries), ZERO), currency)
        else:
            taken = ZERO
        if taken != taken_before:
            found[month] = taken_before - taken
        taken_before = taken
    return found


def _months(component: Component, window: Priced, as_of: date) -> list[str]:
    """Months of a window up to the as-of day; a deal's are those in which something happened."""
    if component.accumulate == "deal":
        return sorted({entry.month for entry in window.entries} | {month for month in window.index if month})
    span = span_of(window.code).overlap(Span(date.min, as_of))
    return list(months_in(span)) if span else []


def _caps(
    maker: _Maker, cap: Decimal, windows: Iterable[Priced], pay: dict[str, dict[str, Decimal]]
) -> list[EarningLine]:
    """Cut to date, month by month: per deal, per window, or per calendar year of the component (T9)."""
    component = maker.component
    if component.cap_per == "deal" and component.accumulate == "deal":
        # The window is the deal, and the cap comes after its threshold.
        return [
            maker.line("cap", window, month, amount, window)
            for window, months in sorted(pay.items())
            for month, amount in _cut(cap, months).items()
        ]
    if component.cap_per == "deal":
        by_document: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
        for window in windows:
            for entry in window.entries:
                by_document[entry.document][entry.month] += entry.earned
        return [
            maker.line("cap", _window(component, month), month, amount, document)
            for document, months in sorted(by_document.items())
            for month, amount in _cut(cap, months).items()
        ]
    groups: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for code, months in pay.items():
        for month, amount in months.items():
            groups[month[:4] if component.cap_per == "year" else code][month] += amount
    if component.cap_excess == "carry" and (component.accumulate != "deal" or component.cap_per == "year"):
        return _carried(maker, cap, groups)
    return [
        maker.line("cap", group, month, amount)
        for group, months in sorted(groups.items())
        for month, amount in _cut(cap, months).items()
    ]


def _window(component: Component, month: str) -> str:
    if component.accumulate == "month":
        return month
    return period_of(span_of(month).start, "quarter" if component.accumulate == "quarter" else "year")


def _cut(cap: Decimal, months: dict[str, Decimal]) -> dict[str, Decimal]:
    """What a cap takes away, or gives back after a refund, in each month."""
    total, taken_before, found = ZERO, ZERO, {}
    for month, amount in sorted(months.items()):
        total += amount
        taken = max(ZERO, total - cap)
        if taken != taken_before:
            found[month] = taken_before - taken
        taken_before = taken
    return found


def _carried(maker: _Maker, cap: Decimal, groups: dict[str, dict[str, Decimal]]) -> list[EarningLine]:
    """What is above the cap waits in the next window, empty or not, and is paid in the room that is left there (T9)."""
    if not groups:
        return []
    lines: list[EarningLine] = []
    waiting = ZERO
    kind = "year" if maker.component.cap_per == "year" else maker.component.accumulate
    for group in _periods(kind, min(groups), maker.as_of):
        months = groups.get(group, {})
        total, taken_before, paid_before = ZERO, ZERO, ZERO
        span = span_of(group).overlap(Span(date.min, maker.as_of))
        for month in months_in(span) if span else ():
            total += months.get(month, ZERO)
            taken = max(ZERO, total - cap)
            paid = min(waiting, max(ZERO, cap - total))
            if taken != taken_before:
                lines.append(maker.line("cap", group, month, taken_before - taken))
            if paid != paid_before:
                lines.append(maker.line("cap_carry", group, month, paid - paid_before))
            taken_before, paid_before = taken, paid
        waiting += taken_before - paid_before
    return lines


def _periods(kind: str, first: str, as_of: date) -> list[str]:
    """Months, quarters or years from one to that of the as-of day, in order."""
    found: list[str] = []
    for month in months_in(Span(span_of(first).start, max(as_of, span_of(first).start))):
        day = span_of(month).start
        code = month_of(day) if kind == "month" else period_of(day, "quarter" if kind == "quarter" else "year")
        if not found or found[-1] != code:
            found.append(code)
    return found
