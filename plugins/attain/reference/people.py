"""Who is paid by what, and when: employment, assignment, leave, managers, eligibility (Q1, Q2, Q6, C6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from attain.periods import Span, month_of, months_in, period_of, span_of, tenure_month
from attain.reference.credit import Credit
from attain.reference.inputs import HOUSE, Assignment, Employee, Inputs, PlanVersion, TeamMembership

ZERO, ONE = Decimal(0), Decimal(1)


class People:
    """Employment, assignment and reporting lines of everybody."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.employees: dict[str, Employee] = {item.employee_id: item for item in inputs.employees}
        self.teams: dict[str, list[tuple[str | None, str | None, Span]]] = defaultdict(list)
        for membership in inputs.teams:
            span = Span(membership.valid_from, membership.valid_to or date.max)
            self.teams[membership.employee_id].append((membership.team, membership.manager_id, span))
        days_away: dict[str, list[Span]] = defaultdict(list)
        for leave in inputs.leave:
            if leave.start <= leave.end:
                days_away[leave.employee_id].append(Span(leave.start, leave.end))
        # A leave written in two parts that touch is one leave.
        self.leave = {employee_id: merged(spans) for employee_id, spans in days_away.items()}
        self.spans: dict[str, list[tuple[PlanVersion, list[Span]]]] = {}
        self.named_on: dict[tuple[str, date], list[PlanVersion]] = {}
        self.active: dict[tuple[str, str, str], list[Span]] = {}
        self.chains: dict[tuple[str, date], list[str]] = {}
        self.led = led(inputs.teams)
        self.reports: dict[str, set[str]] = {}

    # -- assignment ----------------------------------------------------------------------------

    def assigned(self, employee_id: str) -> list[tuple[PlanVersion, list[Span]]]:
        """Versions that name the person, each with the days on which it does, whether employed then or not."""
        if employee_id not in self.spans:
            found = []
            for version in self.inputs.versions if employee_id in self.employees else ():
                employee = self.employees[employee_id]
                spans = merged(span for rule in version.assignments for span in self._matching(employee, rule))
                validity = Span(version.valid_from, version.valid_to or date.max)
                inside = [common for span in spans if (common := span.overlap(validity))]
                if inside:
                    found.append((version, inside))
            self.spans[employee_id] = found
        return self.spans[employee_id]

    def _matching(self, employee: Employee, rule: Assignment) -> list[Span]:
        """Days on which the person has all that an assignment names, inside the days that it names itself."""
        first, last = rule.valid_from or date.min, rule.valid_to or date.max
        if first > last:
            return []
        named = self.named(employee, rule.role, rule.region, rule.employee_id, rule.team)
        return [common for span in named if (common := span.overlap(Span(first, last)))]

    def named(
        self, employee: Employee, role: str | None, region: str | None, employee_id: str | None, team: str | None
    ) -> list[Span]:
        """Days on which a person has all that is named; only the team changes with the day."""
        fixed = ((role, employee.role), (region, employee.region), (employee_id, employee.employee_id))
        if any(wanted is not None and wanted != actual for wanted, actual in fixed):
            return []
        if team is None:
            return [Span(date.min, date.max)]
        # Who leaves while on a team stays on it for the lines that come after.
        left = employee.leave_date
        return [
            Span(span.start, date.max) if left is not None and left in span else span
            for held, _, span in self.teams[employee.employee_id]
            if held == team
        ]

    def versions_on(self, employee_id: str, day: date) -> list[PlanVersion]:
        """The versions that name the person on the day."""
        key = (employee_id, day)
        if key not in self.named_on:
            self.named_on[key] = [
                version for version, spans in self.assigned(employee_id) if any(day in span for span in spans)
            ]
        return self.named_on[key]

    def spans_of(self, employee_id: str, version: PlanVersion) -> list[Span]:
        return next((spans for item, spans in self.assigned(employee_id) if item is version), [])

    def pay_currency(self, credit: Credit) -> str:
        """Currency that a credit is converted to: of the plan that paid the person on the day it was given."""
        paid_in = [item.currency_code for item in self.versions_on(credit.employee_id, credit.given.event_date)]
        return min(paid_in, default=credit.given.currency_code)

    def team_on(self, employee_id: str, day: date) -> str | None:
        return next((team for team, _, span in self.teams[employee_id] if day in span), None)

    def teams_led(self, employee_id: str, day: date) -> set[str]:
        """The teams of everybody who reports directly to the person on the day."""
        return {
            team
            for lines in self.teams.values()
            for team, manager, span in lines
            if manager == employee_id and team is not None and day in span
        }

    def managers_of(self, employee_id: str, day: date) -> list[str]:
        """Everyone up the line on the day, each once; a line that leads in a circle ends where it began (C6)."""
        if (employee_id, day) not in self.chains:
            chain: list[str] = []
            person: str | None = employee_id
            while person is not None:
                person = next((manager for _, manager, span in self.teams.get(person, ()) if day in span), None)
                if person is None or person in (employee_id, HOUSE) or person in chain:
                    break
                chain.append(person)
            self.chains[(employee_id, day)] = chain
        return self.chains[(employee_id, day)]

    def below(self, manager_id: str) -> set[str]:
        """Everybody who ever was below a manager, down the line (C6)."""
        if manager_id not in self.reports:
            self.reports[manager_id] = everybody_below(self.led, [manager_id])
        return self.reports[manager_id]

    # -- employment ----------------------------------------------------------------------------

    def employment(self, employee_id: str) -> Span | None:
        employee = self.employees[employee_id]
        first, last = employee.hire_date or date.min, employee.leave_date or date.max
        return Span(first, last) if first <= last else None

    def excluded(self, credit: Credit, version: PlanVersion) -> str | None:
        """Why a credit earns nothing: given outside employment and the plan's tail days, or taking back one that was.

        So it is before the confirmation or the tenure that the plan asks for. A negative credit after leaving is not
        excluded: it goes on the balance (Q6).
        """
        given = credit.original or credit
        if given.amount < ZERO:
            return None
        employee, day = self.employees[credit.employee_id], given.event.event_date
        last = employee.leave_date
        if employee.hire_date is not None and day < employee.hire_date:
            return "dated before the day of joining (Q6)"
        if last is not None and (day - last).days > version.tail_days:
            return "dated after the day of leaving (Q6)"
        if version.is_after_confirmation and (employee.confirmation_date is None or day < employee.confirmation_date):
            return "dated before the day of confirmation"
        wanted = version.min_tenure_months
        if wanted is not None and employee.hire_date is not None and tenure_month(employee.hire_date, day) < wanted:
            return f"dated before tenure month {wanted}"
        return None

    # -- active days ---------------------------------------------------------------------------

    def active_spans(self, employee_id: str, version: PlanVersion) -> list[Span]:
        """Days that are employed, assigned to the version, and not on a leave longer than its limit (Q1, Q6).

        A longer leave is wholly not active, over month ends too; both its end days count.
        """
        key = (employee_id, version.plan_code, version.version)
        if key not in self.active:
            employed = self.employment(employee_id)
            spans = [
                common
                for span in self.spans_of(employee_id, version)
                if employed and (common := span.overlap(employed))
            ]
            if version.leave_limit_days is not None:
                for leave in self.leave.get(employee_id, ()):
                    if leave.days > version.leave_limit_days:
                        spans = without(spans, leave)
            self.active[key] = spans
        return self.active[key]

    def active_days(self, employee_id: str, version: PlanVersion, within: Span) -> int:
        """Active days in the span."""
        return sum(span.overlap_days(within) for span in self.active_spans(employee_id, version))

    def paid_months(self, employee_id: str, version: PlanVersion) -> list[str]:
        """Months up to the as-of day with a day that is employed and assigned to the version, in order."""
        employed = self.employment(employee_id)
        known = employed.overlap(Span(date.min, self.inputs.as_of)) if employed else None
        spans = self.spans_of(employee_id, version)
        inside = [common for span in spans if known and (common := span.overlap(known))]
        return sorted({month for span in inside for month in months_in(span)})

    def active_windows(self, employee_id: str, version: PlanVersion, accumulate: str) -> list[str]:
        """Months, quarters or years that have an active day up to the as-of day."""
        until = Span(date.min, self.inputs.as_of)
        spans = [span.overlap(until) for span in self.active_spans(employee_id, version)]
        months = {month for span in spans if span is not None for month in months_in(span)}
        return sorted({window_containing(accumulate, span_of(month).start) for month in months})

    def versions_in(self, employee_id: str, accumulate: str) -> dict[tuple[str, str], list[PlanVersion]]:
        """Versions with an employed and assigned day in a month, quarter or year, by plan and period."""
        found: dict[tuple[str, str], list[PlanVersion]] = defaultdict(list)
        for version, _ in self.assigned(employee_id):
            months = self.paid_months(employee_id, version)
            for period in sorted({window_containing(accumulate, span_of(month).start) for month in months}):
                found[(version.plan_code, period)].append(version)
        return found

    def last_day_of(self, employee_id: str, version: PlanVersion, within: Span) -> date:
        """Last day of the span that is employed and assigned to the version, which has one."""
        employed = self.employment(employee_id)
        window = employed.overlap(within) if employed else None
        spans = self.spans_of(employee_id, version)
        return max(common.end for span in spans if window and (common := span.overlap(window)))

    # -- ramp ----------------------------------------------------------------------------------

    def ramp(self, employee_id: str, version: PlanVersion, month: str) -> Decimal:
        """Share of the quota that the person carries in a month, by tenure; 1 after the ramp's last entry (Q2).

        Tenure is counted from joining, or from the confirmation where the plan says so: before it the first entry.
        """
        employee = self.employees[employee_id]
        if not version.ramp:
            return ONE
        if version.ramp_from == "confirmation":
            confirmed = employee.confirmation_date
            tenure = -1 if confirmed is None else tenure_month(confirmed, span_of(month).start)
            return version.ramp[max(0, tenure)] if tenure < len(version.ramp) else ONE
        if employee.hire_date is None:
            return ONE
        tenure = tenure_month(employee.hire_date, span_of(month).start)
        return version.ramp[tenure] if 0 <= tenure < len(version.ramp) else ONE


def led(teams: Iterable[TeamMembership]) -> dict[str, set[str]]:
    """Whom each manager ever led directly."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in teams:
        if line.manager_id is not None:
            found[line.manager_id].add(line.employee_id)
    return found


def everybody_below(led_by: Mapping[str, set[str]], managers: Iterable[str]) -> set[str]:
    """Everybody who ever was below one of the managers, down the line (C6)."""
    found: set[str] = set()
    waiting = list(managers)
    while waiting:
        for employee_id in led_by.get(waiting.pop(), set()) - found:
            found.add(employee_id)
            waiting.append(employee_id)
    return found


def window_containing(accumulate: str, day: date) -> str:
    """The month, quarter or year of a day."""
    if accumulate == "month":
        return month_of(day)
    return period_of(day, "quarter" if accumulate == "quarter" else "year")


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same days as spans that neither overlap nor touch."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and (found[-1].end == date.max or span.start <= found[-1].end + timedelta(days=1)):
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def without(spans: Iterable[Span], taken: Span) -> list[Span]:
    """The days of the spans that are not in another."""
    left = []
    for span in spans:
        if span.overlap(taken) is None:
            left.append(span)
            continue
        if span.start < taken.start:
            left.append(Span(span.start, taken.start - timedelta(days=1)))
        if taken.end < span.end:
            left.append(Span(taken.end + timedelta(days=1), span.end))
    return left
