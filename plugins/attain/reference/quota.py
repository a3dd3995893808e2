"""Quota: what a person is measured against in a window (Q1–Q5)."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from attain.periods import Span, months_in, quarter_of, span_of
from attain.reference.inputs import Inputs, PlanVersion, QuotaPeriod, Target
from attain.reference.people import People, without


class Quotas:
    """Effective quotas of everybody."""

    def __init__(self, inputs: Inputs, people: People) -> None:
        self.people = people
        self.targets: dict[tuple[str, str], list[Target]] = defaultdict(list)
        for target in inputs.targets:
            self.targets[(target.employee_id, target.kpi_code)].append(target)
        self.of_plans: dict[tuple[str, str, str, str], list[QuotaPeriod]] = defaultdict(list)
        for version in inputs.versions:
            for quota in version.quotas:
                self.of_plans[(version.plan_code, version.version, quota.kpi_code, quota.period)].append(quota)
        self.found: dict[tuple[str, str, str, str, str], Fraction | None] = {}

    def effective(self, employee_id: str, version: PlanVersion, kpi_code: str | None, window: str) -> Fraction | None:
        """Σ over the window's targets of target × ramp × active days ÷ days of the target's period, exact (Q1–Q3, Q5).

        Each calendar month's days carry their own ramp (Q2). None: missing or not above zero (Q4). A window has its
        whole quota from its first day.
        """
        if kpi_code is None:
            return None
        key = (employee_id, version.plan_code, version.version, kpi_code, window)
        if key not in self.found:
            days = span_of(window)
            told = [
                target
                for target in self.targets[(employee_id, kpi_code)]
                if not is_money(kpi_code) or target.currency_code == version.currency_code
            ]
            active = self.people.active_spans(employee_id, version)
            total = sum(
                (
                    Fraction(target.value) * self._carried(employee_id, version, span_of(target.period), active)
                    for target in told
                    if _within(span_of(target.period), days)
                ),
                Fraction(0),
            )
            total += self._of_the_plan(employee_id, version, kpi_code, days, [span_of(item.period) for item in told])
            self.found[key] = total if total > 0 else None
        return self.found[key]

    def over_versions(
        self, employee_id: str, versions: list[PlanVersion], kpi_code: str | None, window: str
    ) -> Fraction | None:
        """The quota of a whole window over every version of a plan (T2)."""
        parts = [self.effective(employee_id, version, kpi_code, window) for version in versions]
        return sum((part for part in parts if part is not None), Fraction(0)) or None

    def _of_the_plan(
        self, employee_id: str, version: PlanVersion, kpi_code: str, window: Span, told: list[Span]
    ) -> Fraction:
        """What the plan sets itself, for the periods of which HR told no target for any month (Q3).

        Where two entries name a person on a day, the one that names them most narrowly counts.
        """
        employee = self.people.employees[employee_id]
        total = Fraction(0)
        for period in periods_inside(window):
            entries = self.of_plans.get((version.plan_code, version.version, kpi_code, period), ())
            days = span_of(period)
            if any(days.overlap(span) for span in told):
                continue
            rest = self.people.active_spans(employee_id, version)
            for entry in sorted(entries, key=_narrowness):
                for span in self.people.named(employee, entry.role, entry.region, entry.employee_id, entry.team):
                    inside = [common for left in rest if (common := left.overlap(span))]
                    total += Fraction(entry.quota) * self._carried(employee_id, version, days, inside)
                    rest = without(rest, span)
        return total

    def _carried(self, employee_id: str, version: PlanVersion, period: Span, spans: list[Span]) -> Fraction:
        """Share of a period's quota that is carried on some days: each month's days by that month's ramp (Q1, Q2)."""
        carried = sum(
            (
                Fraction(self.people.ramp(employee_id, version, month))
                * sum(span.overlap_days(span_of(month)) for span in spans)
                for month in months_in(period)
            ),
            Fraction(0),
        )
        return carried / period.days


def periods_inside(window: Span) -> list[str]:
    """Months, quarters and years that lie in a window as a whole."""
    months = list(months_in(window))
    names = [name for month in months for name in (month, quarter_of(span_of(month).start), month[:4])]
    return [name for name in dict.fromkeys(names) if _within(span_of(name), window)]


def is_money(kpi_code: str) -> bool:
    """Whether targets of a KPI are amounts of a currency; units and counts are not."""
    return kpi_code.endswith(("_amount", "_margin"))


def _within(period: Span, window: Span) -> bool:
    return period.overlap(window) == period


def _narrowness(quota: QuotaPeriod) -> tuple[bool, bool, bool, bool]:
    return (quota.employee_id is None, quota.team is None, quota.role is None, quota.region is None)
