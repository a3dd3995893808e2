"""The second pay engine: a separate reading of the same rules, row by row, in plain Python with `Decimal`.

It shares no calculation with the SQL models; the two are compared to the cent before anything is published. It is
written to be read beside the rules, not to be fast: each step below names the rule it follows.

Order of operations: split (M3) → conversion (C3) → order (M4) → window (T6, Q5) → quota (Q1–Q3, Q6) → bands (T1–T3) →
line rounding (M2) → bonus (K1–K3) → hold (D5) → clawback balance (D1, D3) → payable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

from attain import money
from attain.periods import Span, month_of, months_in, period_of, quarter_of, span_of, tenure_month
from attain.reference.inputs import (
    HOUSE,
    Assignment,
    Band,
    Component,
    Employee,
    Event,
    FxRate,
    Grade,
    Inputs,
    Measure,
    PlanVersion,
    Scorecard,
    Split,
    Target,
)

ZERO, ONE, HUNDRED = Decimal(0), Decimal(1), Decimal(100)
DOCUMENT_DECIMALS = 2


@dataclass(frozen=True)
class EarningLine:
    """One credit line priced by one component, or one bonus.

    Attributes:
        period: month that it is paid in (C4).
        window_code: what its credit accumulates in: a month, quarter or year, or a document.
        credit_line_id: basis, system, document, event type, event, line and split, as published; empty for a bonus.
        credited_amount: credit in plan currency, scale 6; None when no rate could convert it.
        cumulative_before, cumulative_after: the window's credit around this line, scale 6.
        effective_quota: of the whole window, scale 6; None: missing or zero (Q4).
        earned_amount: at the minor unit of the plan's currency (M2).
        hold_reason: why it is earned but not payable (D5), or None.
        note: why it earned nothing although it has credit, or None.
    """

    payee_id: str
    plan_code: str
    plan_version: str
    component_code: str
    line_type: str
    period: str
    window_code: str
    event_date: date
    credit_line_id: str
    currency_code: str
    credited_amount: Decimal | None
    cumulative_before: Decimal
    cumulative_after: Decimal
    effective_quota: Decimal | None
    earned_amount: Decimal
    hold_reason: str | None = None
    note: str | None = None

    @property
    def earning_line_id(self) -> str:
        """Key of the line, as published: what made it, and for whom."""
        made_by = (self.plan_code, self.plan_version, self.component_code, self.payee_id)
        return "|".join((*made_by, self.credit_line_id or self.window_code))


@dataclass(frozen=True)
class Appraisal:
    """A person's card of a quarter. `score` and `grade` are None when no KPI could be scored."""

    payee_id: str
    plan_code: str
    plan_version: str
    scorecard_code: str
    period: str
    score: Decimal | None
    grade: str | None
    coefficient: Decimal | None
    proration: Decimal
    bonus_amount: Decimal
    currency_code: str
    hold_reason: str | None


@dataclass(frozen=True)
class Payout:
    """A person's month under a plan: what was earned, kept back, recovered and is payable, in plan currency."""

    payee_id: str
    plan_code: str
    period: str
    currency_code: str
    earned_amount: Decimal
    held_amount: Decimal
    opening_clawback_balance: Decimal
    clawback_recovered: Decimal
    closing_clawback_balance: Decimal
    payable_amount: Decimal


@dataclass(frozen=True)
class Results:
    """All that the engine computed, in a fixed order."""

    earning_lines: tuple[EarningLine, ...]
    appraisals: tuple[Appraisal, ...]
    payouts: tuple[Payout, ...]


@dataclass(frozen=True)
class Credit:
    """A person's share of an event (C1), still in the document's currency. A reversal knows the share it takes back."""

    event: Event
    line_no: int
    split_no: int
    employee_id: str
    amount: Decimal
    hold_reason: str | None
    original: Credit | None = None

    @property
    def credit_line_id(self) -> str:
        event = self.event
        document = (event.basis, event.source_system, event.document_id, event.event_type, event.event_id)
        return "|".join((*document, str(self.line_no), str(self.split_no)))

    @property
    def key(self) -> tuple[date, str, str, str, int, int, str]:
        """Order of lines that accumulate (M4); the type parts events of one number."""
        event = self.event
        return (
            event.event_date,
            event.source_system,
            event.document_id,
            event.event_id,
            self.line_no,
            self.split_no,
            event.event_type,
        )


def compute(inputs: Inputs) -> Results:
    """Everything that is earned and payable up to the as-of day, from the facts alone."""
    with localcontext(money.EXACT):
        people = _People(inputs)
        rates = _Rates(inputs.fx_rates, inputs.fx_max_age_days)
        windows: dict[tuple[str, str, str, str, str], list[Credit]] = defaultdict(list)
        terms: dict[tuple[str, str], PlanVersion] = {(item.plan_code, item.version): item for item in inputs.versions}
        for credit in split_events(inputs.events, inputs.splits):
            if credit.event.event_date > inputs.as_of:
                continue
            for version in people.versions_on(credit.employee_id, credit.event.event_date):
                for component in version.components:
                    if component.basis == credit.event.basis:
                        window = window_of(component.accumulate, credit.event)
                        windows[
                            (credit.employee_id, version.plan_code, version.version, component.code, window)
                        ].append(credit)
        lines: list[EarningLine] = []
        for (payee_id, plan_code, version_name, component_code, window), credits in sorted(windows.items()):
            version = terms[(plan_code, version_name)]
            component = next(item for item in version.components if item.code == component_code)
            lines.extend(_price_window(people, rates, payee_id, version, component, window, credits))
        appraisals = _appraise(inputs, people)
        lines.extend(_bonus_line(item) for item in appraisals)
        return Results(tuple(lines), tuple(appraisals), tuple(_pay(people, lines, inputs.held_payees)))


# -- credit ----------------------------------------------------------------------------------------


def split_events(events: Iterable[Event], splits: Iterable[Split]) -> list[Credit]:
    """Credit lines in document currency, from the events of all documents and whom each document names.

    An event that gives credit is spread over the document's splits, each event by itself (C1, M3). A reversal takes
    back no more than is left of the document, spread over its earlier lines by what is left of each (D3).
    """
    shares_of: dict[tuple[str, str], dict[int, Split]] = defaultdict(dict)
    for split in splits:
        shares_of[(split.source_system, split.document_id)][split.split_no] = split
    by_document: dict[tuple[str, str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        by_document[(event.basis, event.source_system, event.document_id, event.currency_code)].append(event)
    credits: list[Credit] = []
    for (_, source_system, document_id, _), listed in sorted(by_document.items()):
        credits.extend(_document_credits(listed, shares_of.get((source_system, document_id), {})))
    return credits


def _document_credits(events: Iterable[Event], shares: Mapping[int, Split]) -> list[Credit]:
    """Credit lines of one document, on one basis, in one currency."""
    credits: list[Credit] = []
    left_of_lines: list[Decimal] = []
    left_of_document = ZERO
    numbers: dict[tuple[str, str, int], int] = defaultdict(int)
    for event in sorted(events, key=lambda item: (item.event_date, item.takes_back, *item.identity)):
        decimals = split_decimals(event)
        if not event.takes_back:
            given = _shared(event, shares, decimals)
            credits.extend(given)
            left_of_lines.extend(credit.amount for credit in given)
            left_of_document = max(ZERO, left_of_document + event.amount)
            continue
        taken = min(-event.amount, left_of_document)
        if taken == ZERO:
            continue
        left_of_document -= taken
        weights = {place: left for place, left in enumerate(left_of_lines) if left > ZERO}
        for place, part in money.allocate(taken, weights, split_decimals(replace(event, amount=taken))).items():
            if part:
                original = credits[place]
                number = (event.event_type, event.event_id, original.split_no)
                numbers[number] += 1
                left_of_lines[place] -= part
                credits.append(replace(original, event=event, line_no=numbers[number], amount=-part, original=original))
                left_of_lines.append(ZERO)
    return credits


def _shared(event: Event, shares: Mapping[int, Split], decimals: int) -> list[Credit]:
    """An event's credit by split. What nobody is named for is the house account's (C5).

    A document whose splits don't add up to exactly 100 % is held, whole, on the house account (C1).
    """
    if not shares:
        return [Credit(event, event.line_no, 1, HOUSE, event.amount, event.hold_reason)]
    total = sum((share.percent for share in shares.values()), ZERO)
    if total != HUNDRED or any(share.percent < ZERO for share in shares.values()):
        reason = event.hold_reason or f"revenue splits add up to {total} %, or one is negative (C1)"
        return [Credit(event, event.line_no, 1, HOUSE, event.amount, reason)]
    parts = money.allocate(event.amount, {number: share.percent for number, share in shares.items()}, decimals)
    return [
        Credit(event, event.line_no, number, shares[number].employee_id, part, event.hold_reason)
        for number, part in parts.items()
    ]


def split_decimals(event: Event) -> int:
    """Decimals of the parts of a document's amount: its currency's, or 2 where the amount itself is finer than those.

    Documents are delivered with 2 decimals, so a currency of 3 is shared in hundredths, too.
    """
    decimals = min(money.minor_unit(event.currency_code), DOCUMENT_DECIMALS)
    return decimals if money.round_half_away(event.amount, decimals) == event.amount else DOCUMENT_DECIMALS


class _Rates:
    """The rate of a pair on a day (C3): the pair's, else its inverse's, else the cross through the base currency."""

    def __init__(self, rates: Iterable[FxRate], max_age_days: int) -> None:
        self.max_age_days = max_age_days
        self.by_pair: dict[tuple[str, str], dict[date, tuple[Decimal, Decimal]]] = defaultdict(dict)
        partners: dict[str, set[str]] = defaultdict(set)
        for rate in rates:
            quoted = self.by_pair[(rate.from_currency, rate.to_currency)]
            other = quoted.get(rate.rate_date)
            # Two sources may quote one pair on one day; the larger rate holds, whatever came first.
            if other is None or rate.rate * other[1] > other[0] * rate.unit:
                quoted[rate.rate_date] = (rate.rate, rate.unit)
            partners[rate.from_currency].add(rate.to_currency)
            partners[rate.to_currency].add(rate.from_currency)
        # The base is the currency that the table quotes most others against.
        self.base = min(partners, key=lambda code: (-len(partners[code]), code), default=None)

    def credited(self, credit: Credit, target: str) -> tuple[Decimal | None, str | None]:
        """A credit in the target currency at scale 6, or None and why not. Nothing else is rounded (M1).

        A reversal has the rate of the line that it takes back (C3, D3).
        """
        given = (credit.original or credit).event
        if given.currency_code == target:
            return money.quantise6(credit.amount), None
        found = self.ratio(given.currency_code, target, given.event_date)
        if found is None:
            return None, f"no {given.currency_code}/{target} rate for {given.event_date} (C3)"
        return money.quantise6(credit.amount * found[0] / found[1]), None

    def ratio(self, source: str, target: str, day: date) -> tuple[Decimal, Decimal] | None:
        """Numerator and denominator of the rate, so that an inverse or a cross stays exact until the end."""
        direct = self.newest(self.days(source, target), day)
        if direct is not None:
            return self.by_pair[(source, target)][direct]
        inverse = self.newest(self.days(target, source), day)
        if inverse is not None:
            rate, unit = self.by_pair[(target, source)][inverse]
            return unit, rate
        if self.base is None or self.base in (source, target):
            return None
        common = self.newest(self.leg_days(source) & self.leg_days(target), day)
        if common is None:
            return None
        (into, into_of), (out, out_of) = self.leg(source, common), self.leg(target, common)
        return into * out_of, into_of * out

    def days(self, source: str, target: str) -> set[date]:
        return set(self.by_pair.get((source, target), {}))

    def leg_days(self, currency: str) -> set[date]:
        assert self.base is not None
        return self.days(currency, self.base) | self.days(self.base, currency)

    def leg(self, currency: str, day: date) -> tuple[Decimal, Decimal]:
        """What one unit of the currency is in the base currency on that very day, as a fraction."""
        assert self.base is not None
        quoted = self.by_pair.get((currency, self.base), {}).get(day)
        if quoted is not None:
            return quoted
        rate, unit = self.by_pair[(self.base, currency)][day]
        return unit, rate

    def newest(self, days: set[date], day: date) -> date | None:
        usable = [item for item in days if item <= day and (day - item).days <= self.max_age_days]
        return max(usable, default=None)


# -- who is paid by what, and when -----------------------------------------------------------------


class _People:
    """Employment, assignment and quota of everybody."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.employees: dict[str, Employee] = {item.employee_id: item for item in inputs.employees}
        self.teams: dict[str, list[tuple[str | None, Span]]] = defaultdict(list)
        for membership in inputs.teams:
            span = Span(membership.valid_from, membership.valid_to or date.max)
            self.teams[membership.employee_id].append((membership.team, span))
        self.targets: dict[tuple[str, str], list[Target]] = defaultdict(list)
        for target in inputs.targets:
            self.targets[(target.employee_id, target.kpi_code)].append(target)
        self.spans: dict[str, list[tuple[PlanVersion, list[Span]]]] = {}

    def assigned(self, employee_id: str) -> list[tuple[PlanVersion, list[Span]]]:
        """Versions that name the person, each with the days on which it does, whether employed then or not."""
        if employee_id not in self.spans:
            found = []
            for version in self.inputs.versions if employee_id in self.employees else ():
                employee = self.employees[employee_id]
                spans = _merged(span for rule in version.assignments for span in self._matching(employee, rule))
                validity = Span(version.valid_from, version.valid_to or date.max)
                inside = [common for span in spans if (common := span.overlap(validity))]
                if inside:
                    found.append((version, inside))
            self.spans[employee_id] = found
        return self.spans[employee_id]

    def _matching(self, employee: Employee, rule: Assignment) -> list[Span]:
        """Days on which the person has all that an assignment names; only the team changes with the day."""
        fixed = (
            (rule.role, employee.role),
            (rule.region, employee.region),
            (rule.employee_id, employee.employee_id),
        )
        if any(wanted is not None and wanted != actual for wanted, actual in fixed):
            return []
        if rule.team is None:
            return [Span(date.min, date.max)]
        # Who leaves while on a team stays on it for the lines that come after.
        last = employee.leave_date
        return [
            Span(span.start, date.max) if last is not None and last in span else span
            for team, span in self.teams[employee.employee_id]
            if team == rule.team
        ]

    def versions_on(self, employee_id: str, day: date) -> list[PlanVersion]:
        """The versions that name the person on the day."""
        return [version for version, spans in self.assigned(employee_id) if any(day in span for span in spans)]

    def pay_currency(self, credit: Credit) -> str:
        """Currency that a credit is converted to: of the plan that paid the person on the day it was given."""
        given = (credit.original or credit).event
        paid_in = [version.currency_code for version in self.versions_on(credit.employee_id, given.event_date)]
        return min(paid_in, default=given.currency_code)

    def excluded(self, credit: Credit) -> str | None:
        """Why a credit earns nothing: given outside employment, or taking back one that was (Q6).

        A negative credit after leaving is not excluded: it goes on the balance.
        """
        given = credit.original or credit
        if given.original is None and given.amount < ZERO:
            return None
        employed = self.employment(credit.employee_id)
        if employed is not None and given.event.event_date in employed:
            return None
        return "not employed on the day (Q6)"

    def employment(self, employee_id: str) -> Span | None:
        employee = self.employees[employee_id]
        first, last = employee.hire_date or date.min, employee.leave_date or date.max
        return Span(first, last) if first <= last else None

    def active_days(self, employee_id: str, version: PlanVersion, within: Span) -> int:
        """Days in the span that are employed and assigned to the version (Q1, Q6)."""
        employed = self.employment(employee_id)
        window = employed.overlap(within) if employed else None
        if window is None:
            return 0
        spans = next((spans for item, spans in self.assigned(employee_id) if item is version), [])
        return sum(span.overlap_days(window) for span in spans)

    def active_months(self, employee_id: str, version: PlanVersion) -> list[str]:
        """Months up to the as-of day with a day that is employed and assigned to the version, in order."""
        employed = self.employment(employee_id)
        known = employed.overlap(Span(date.min, self.inputs.as_of)) if employed else None
        spans = next((spans for item, spans in self.assigned(employee_id) if item is version), [])
        active = [common for span in spans if known and (common := span.overlap(known))]
        return sorted({month for span in active for month in months_in(span)})

    def quarters(self, employee_id: str) -> dict[tuple[str, str], list[PlanVersion]]:
        """Versions with an active day in a quarter, by plan and quarter."""
        found: dict[tuple[str, str], list[PlanVersion]] = defaultdict(list)
        for version, _ in self.assigned(employee_id):
            for quarter in {quarter_of(span_of(month).start) for month in self.active_months(employee_id, version)}:
                found[(version.plan_code, quarter)].append(version)
        return found

    def last_active_day(self, employee_id: str, version: PlanVersion, within: Span) -> date:
        """Last day of the span that is employed and assigned to the version, which has one."""
        employed = self.employment(employee_id)
        spans = next(spans for item, spans in self.assigned(employee_id) if item is version)
        window = employed.overlap(within) if employed else None
        return max(common.end for span in spans if window and (common := span.overlap(window)))

    def effective_quota(
        self, employee_id: str, version: PlanVersion, component: Component, window: str
    ) -> Fraction | None:
        """Σ over the window's targets of target × ramp × active days ÷ days of the target's period, exact (Q1–Q3, Q5).

        Each calendar month's days carry their own ramp (Q2). None: missing or not above zero (Q4), or the component
        has no quota. A deal has none either.
        """
        if component.quota_kpi_code is None or component.accumulate == "deal":
            return None
        total = Fraction(0)
        for target in self.targets[(employee_id, component.quota_kpi_code)]:
            period = span_of(target.period)
            if target.currency_code != version.currency_code or period.overlap(span_of(window)) != period:
                continue
            carried = sum(
                Fraction(self.ramp(employee_id, version, month))
                * self.active_days(employee_id, version, span_of(month))
                for month in months_in(period)
            )
            total += Fraction(target.value) * carried / period.days
        return total if total > 0 else None

    def ramp(self, employee_id: str, version: PlanVersion, month: str) -> Decimal:
        """Share of the quota that the person carries in a month, by tenure; 1 after the ramp's last entry (Q2)."""
        joined = self.employees[employee_id].hire_date
        if joined is None:
            return ONE
        tenure = tenure_month(joined, span_of(month).start)
        return version.ramp[tenure] if 0 <= tenure < len(version.ramp) else ONE


def at_scale_six(value: Fraction) -> Decimal:
    """An exact fraction at scale 6, half away from zero (M1)."""
    return money.quantise6(Decimal(value.numerator) / Decimal(value.denominator))


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The same days as disjoint spans."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


# -- bands -----------------------------------------------------------------------------------------


def window_of(accumulate: str, event: Event) -> str:
    """What a line's credit accumulates in (T6); `deal` is the payee's lines of one document, over all months (T3)."""
    if accumulate == "deal":
        return f"{event.source_system}:{event.document_id}"
    if accumulate == "month":
        return month_of(event.event_date)
    return period_of(event.event_date, "quarter" if accumulate == "quarter" else "year")


def money_bands(component: Component, quota: Fraction | None) -> tuple[Band, ...]:
    """The component's bands in money at scale 6, from the unrounded quota (T2, M1).

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


def marginal(bands: tuple[Band, ...], total: Decimal) -> Decimal:
    """F(x) = Σ max(0, min(x, hi) − lo) × rate, unrounded; below zero the first band's rate goes on (T3)."""
    if total < ZERO:
        return total * bands[0].rate
    pay = ZERO
    for band in bands:
        reached = total if band.upper is None else min(total, band.upper)
        pay += max(ZERO, reached - band.lower) * band.rate
    return pay


def ordered(credits: Iterable[Credit]) -> list[Credit]:
    """Credits in the order in which they accumulate: M4's key, and an original before its reversal."""

    def position(credit: Credit) -> tuple[object, ...]:
        original = credit.original
        if original is not None and original.event.event_date == credit.event.event_date and original.key > credit.key:
            return (*original.key, 1, *credit.key)
        return (*credit.key, 0)

    return sorted(credits, key=position)


def _price_window(
    people: _People,
    rates: _Rates,
    payee_id: str,
    version: PlanVersion,
    component: Component,
    window: str,
    credits: Iterable[Credit],
) -> list[EarningLine]:
    quota = people.effective_quota(payee_id, version, component, window)
    bands = money_bands(component, quota)
    currency = version.currency_code
    total = ZERO
    lines = []
    for credit in ordered(credits):
        event = credit.event
        before = total
        hold_reason, note = credit.hold_reason, people.excluded(credit)
        credited, missing = rates.credited(credit, people.pay_currency(credit))
        if credited is not None and people.pay_currency(credit) != currency:
            credited, missing = None, f"credited in another currency than {currency} (C3)"
        if note is None and credited is None:
            hold_reason = hold_reason or missing
        elif note is None and credited is not None:
            total += credited
        earned = money.round_money(marginal(bands, total), currency) - money.round_money(
            marginal(bands, before), currency
        )
        lines.append(
            EarningLine(
                payee_id=payee_id,
                plan_code=version.plan_code,
                plan_version=version.version,
                component_code=component.code,
                line_type="earning",
                period=month_of(event.event_date),
                window_code=window,
                event_date=event.event_date,
                credit_line_id=credit.credit_line_id,
                currency_code=currency,
                credited_amount=credited,
                cumulative_before=before,
                cumulative_after=total,
                effective_quota=None if quota is None else at_scale_six(quota),
                earned_amount=earned,
                hold_reason=hold_reason,
                note=note,
            )
        )
    return lines


# -- scorecard and bonus ---------------------------------------------------------------------------


def card_score(card: Scorecard, measures: dict[str, Measure]) -> Decimal | None:
    """Σ weight × min(cap, attainment), at scale 6 (K1); None when nothing could be scored or the card waits."""
    weighted, weights = ZERO, ZERO
    for kpi_code, (weight, cap) in card.kpis.items():
        measure = measures.get(kpi_code)
        if measure is None or measure.actual is None or not measure.target or measure.target < ZERO:
            if card.missing_data == "hold":
                return None
            if card.missing_data == "zero":
                weights += weight
            continue
        attainment = money.quantise6(measure.actual / measure.target)
        weighted += weight * min(cap, attainment)
        weights += weight
    return money.quantise6(weighted / weights) if weights else None


def grade_of(grades: Iterable[Grade], score: Decimal) -> Grade | None:
    """The grade with the highest start that the score reaches (K2); None below the lowest."""
    reached = [item for item in grades if item.lower_score <= score]
    return max(reached, key=lambda item: item.lower_score, default=None)


def _appraise(inputs: Inputs, people: _People) -> list[Appraisal]:
    """Cards of all finished quarters: the card of the version of the last active day, prorated by all active days."""
    measures: dict[tuple[str, str, str], dict[str, Measure]] = defaultdict(dict)
    for measure in inputs.measures:
        measures[(measure.employee_id, measure.period, measure.currency_code)][measure.kpi_code] = measure
    found = []
    for employee_id in sorted(people.employees):
        for (_, quarter), versions in sorted(people.quarters(employee_id).items()):
            days = span_of(quarter)
            if days.end > inputs.as_of:
                continue
            active = sum(people.active_days(employee_id, version, days) for version in versions)
            last = max(
                versions, key=lambda version: (people.last_active_day(employee_id, version, days), version.version)
            )
            measured = measures[(employee_id, quarter, "")] | measures[(employee_id, quarter, last.currency_code)]
            proration = Fraction(active, days.days)
            found += [_appraisal(employee_id, last, card, quarter, measured, proration) for card in last.scorecards]
    return found


def _appraisal(
    employee_id: str,
    version: PlanVersion,
    card: Scorecard,
    quarter: str,
    measures: dict[str, Measure],
    proration: Fraction,
) -> Appraisal:
    score = card_score(card, measures)
    grade = None if score is None else grade_of(card.grades, score)
    bonus = ZERO
    if grade is not None:
        # The factor is not rounded before it is applied (Q1, K3).
        exact = Fraction(card.bonus_base_amount) * Fraction(grade.coefficient) * proration
        bonus = money.round_money(Decimal(exact.numerator) / Decimal(exact.denominator), version.currency_code)
    return Appraisal(
        payee_id=employee_id,
        plan_code=version.plan_code,
        plan_version=version.version,
        scorecard_code=card.code,
        period=quarter,
        score=score,
        grade=grade.grade if grade else None,
        coefficient=grade.coefficient if grade else None,
        proration=at_scale_six(proration),
        bonus_amount=bonus,
        currency_code=version.currency_code,
        hold_reason=None if grade is not None else "the card could not be scored and graded (K1, K2)",
    )


def _bonus_line(appraisal: Appraisal) -> EarningLine:
    """The bonus as a line of the quarter's last month (K3)."""
    last_day = span_of(appraisal.period).end
    return EarningLine(
        payee_id=appraisal.payee_id,
        plan_code=appraisal.plan_code,
        plan_version=appraisal.plan_version,
        component_code=appraisal.scorecard_code,
        line_type="bonus",
        period=month_of(last_day),
        window_code=appraisal.period,
        event_date=last_day,
        credit_line_id="",
        currency_code=appraisal.currency_code,
        credited_amount=None,
        cumulative_before=ZERO,
        cumulative_after=ZERO,
        effective_quota=None,
        earned_amount=appraisal.bonus_amount,
        hold_reason=appraisal.hold_reason,
    )


# -- pay -------------------------------------------------------------------------------------------


def _pay(people: _People, lines: Iterable[EarningLine], held_payees: Collection[str]) -> list[Payout]:
    """Every month of an assignment, with or without a line, in order, each with the balance the one before left.

    What is held is not payable (D5); a negative rest pays 0 and goes on the payee's balance, which later months pay
    off before anything else is payable (D1, D3). A payee has one balance a currency, over all plans; within a month
    what is negative comes first.
    """
    months: dict[tuple[str, str], dict[tuple[str, str], list[EarningLine]]] = defaultdict(lambda: defaultdict(list))
    for employee_id in people.employees:
        for version, _ in people.assigned(employee_id):
            for month in people.active_months(employee_id, version):
                months[(employee_id, version.currency_code)].setdefault((month, version.plan_code), [])
    for line in lines:
        months[(line.payee_id, line.currency_code)][(line.period, line.plan_code)].append(line)
    payouts = []
    for (payee_id, currency), by_month in sorted(months.items()):
        rows = []
        for (period, plan_code), listed in by_month.items():
            earned = sum((line.earned_amount for line in listed), ZERO)
            held = sum((line.earned_amount for line in listed if line.hold_reason), ZERO)
            rows.append((period, earned - held >= ZERO, plan_code, earned, held))
        balance = ZERO
        for period, _, plan_code, earned, held in sorted(rows):
            opening, net = balance, earned - held
            recovered = min(opening, max(ZERO, net))
            balance = opening - recovered + max(ZERO, -net)
            due = max(ZERO, net) - recovered
            is_held = payee_id in held_payees
            payouts.append(
                Payout(
                    payee_id=payee_id,
                    plan_code=plan_code,
                    period=period,
                    currency_code=currency,
                    earned_amount=earned,
                    held_amount=held + (due if is_held else ZERO),
                    opening_clawback_balance=opening,
                    clawback_recovered=recovered,
                    closing_clawback_balance=balance,
                    payable_amount=ZERO if is_held else due,
                )
            )
    return payouts
