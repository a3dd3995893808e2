"""Cards, grades, bonuses, contests and rewards that are not money (K1–K3, K5, K6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from attain import money
from attain.periods import month_of, span_of
from attain.reference.bands import curve_at
from attain.reference.credit import as_decimal, at_scale_six
from attain.reference.inputs import (
    CardKpi,
    Contest,
    Grade,
    Inputs,
    Measure,
    PlanVersion,
    Scorecard,
    TeamMeasure,
)
from attain.reference.people import People
from attain.reference.pricing import Pricer
from attain.reference.results import Appraisal, EarningLine, Recognition

ZERO = Decimal(0)
FORCED_FROM = 5
"""Fewer scored people than these in a group are graded by bands (K2)."""


def attainment_of(kpi: CardKpi, actual: Decimal | None, target: Decimal | None) -> Decimal | None:
    """A KPI's attainment at scale 6 (K1, Q4); None where it can't be told.

    `lower` is better: 2 − actual ÷ target, never below 0. `range`: 1 inside, actual ÷ low below, 2 − actual ÷ high
    above, no lower than 0 either.
    """
    if actual is None:
        return None
    if kpi.direction == "range":
        low, high = kpi.low or ZERO, kpi.high
        if actual < low:
            return at_scale_six(Fraction(actual) / Fraction(low)) if low > ZERO else None
        if high is not None and actual > high:
            return at_scale_six(max(Fraction(0), 2 - Fraction(actual) / Fraction(high))) if high > ZERO else None
        return Decimal(1)
    if target is None or target <= ZERO:
        return None
    share = Fraction(actual) / Fraction(target)
    return at_scale_six(max(Fraction(0), 2 - share) if kpi.direction == "lower" else share)


def card_score(card: Scorecard, measures: Mapping[str, Measure]) -> Decimal | None:
    """Σ weight × min(cap, curve(attainment)), at scale 6 (K1); None when nothing could be scored or the card waits."""
    weighted, weights = Fraction(0), Fraction(0)
    for kpi_code, kpi in card.kpis.items():
        measure = measures.get(kpi_code)
        attained = None if measure is None else attainment_of(kpi, measure.actual, measure.target)
        if attained is None:
            if card.missing_data == "hold":
                return None
            if card.missing_data == "zero":
                weights += Fraction(kpi.weight)
            continue
        points = curve_at(kpi.curve, attained) if kpi.curve else Fraction(attained)
        weighted += Fraction(kpi.weight) * min(Fraction(kpi.cap), points)
        weights += Fraction(kpi.weight)
    return at_scale_six(weighted / weights) if weights else None


def grade_of(grades: Iterable[Grade], score: Decimal) -> Grade | None:
    """The grade with the highest start that the score reaches (K2); None below the lowest."""
    reached = [item for item in grades if item.lower_score <= score]
    return max(reached, key=lambda item: item.lower_score, default=None)


def forced(grades: Iterable[Grade], scores: Mapping[str, Decimal]) -> dict[str, Grade]:
    """Grades by rank inside one group (K2).

    Seats are counted by largest remainder, ties of remainders to the better grade. Seats are rank positions: people of
    one score all have the grade of the best of their positions, and use up seats of the grade below.
    """
    best_first = sorted(grades, key=lambda item: item.lower_score, reverse=True)
    shares = {place: grade.share or ZERO for place, grade in enumerate(best_first)}
    seats = money.allocate(Decimal(len(scores)), shares, 0)
    by_position = [best_first[place] for place in sorted(seats) for _ in range(int(seats[place]))]
    found: dict[str, Grade] = {}
    ranked = sorted(scores, key=lambda person: (-scores[person], person))
    for position, person in enumerate(ranked):
        before = ranked[position - 1] if position else None
        tied = before is not None and scores[before] == scores[person]
        found[person] = found[before] if tied and before is not None else by_position[position]
    return found


# -- cards -----------------------------------------------------------------------------------------


class Cards:
    """Cards of all finished periods: that of the version of the last active day, prorated by all active days (K3)."""

    def __init__(self, inputs: Inputs, people: People) -> None:
        self.inputs, self.people = inputs, people
        self.measures: dict[tuple[str, str, str], dict[str, Measure]] = defaultdict(dict)
        for measure in inputs.measures:
            self.measures[(measure.employee_id, measure.period, measure.currency_code)][measure.kpi_code] = measure
        for rating in inputs.ratings:
            code = f"mbo:{rating.objective_code}"
            found = Measure(rating.employee_id, code, rating.period, "", rating.rating, Decimal(1))
            self.measures[(rating.employee_id, rating.period, "")][code] = found
        self.team_measures: dict[tuple[str, str], list[TeamMeasure]] = defaultdict(list)
        for fact in inputs.team_measures:
            self.team_measures[(fact.team, fact.period)].append(fact)

    def measured(self, employee_id: str, period: str, currency: str) -> dict[str, Measure]:
        """A person's KPIs of a period: those in the plan's currency, and those in none."""
        return self.measures[(employee_id, period, "")] | self.measures[(employee_id, period, currency)]

    def of_teams(self, employee_id: str, period: str, currency: str) -> dict[str, Measure]:
        """The KPIs `team:<kpi>` of whom the person leads on the period's last day, or on their own last day in it.

        Figures and targets are added up over the teams; a ratio is that of the sums, never a mean of ratios (K1).
        """
        end = span_of(period).end
        last = self.people.employees[employee_id].leave_date
        if last is not None and last < span_of(period).start:
            return {}
        led = self.people.teams_led(employee_id, min(end, last or end))
        found: dict[str, list[TeamMeasure]] = defaultdict(list)
        for team in sorted(led):
            for fact in self.team_measures[(team, period)]:
                if fact.currency_code in ("", currency):
                    found[f"team:{fact.kpi_code}"].append(fact)
        return {code: _added_up(employee_id, code, facts) for code, facts in found.items()}

    def appraise(self) -> list[Appraisal]:
        frequencies = sorted({card.frequency for version in self.inputs.versions for card in version.scorecards})
        found: list[tuple[Appraisal, PlanVersion, Scorecard, Fraction]] = []
        for employee_id in sorted(self.people.employees):
            for frequency in frequencies:
                for (_, period), versions in sorted(self.people.versions_in(employee_id, frequency).items()):
                    days = span_of(period)
                    if days.end > self.inputs.as_of:
                        continue
                    active = sum(self.people.active_days(employee_id, version, days) for version in versions)
                    last = max(
                        versions, key=lambda item: (self.people.last_day_of(employee_id, item, days), item.version)
                    )
                    for card in last.scorecards:
                        if card.frequency == frequency:
                            proration = Fraction(active, days.days)
                            found.append((self._scored(employee_id, last, card, period), last, card, proration))
        grades = self._grades([(appraisal, version, card) for appraisal, version, card, _ in found])
        graded = [
            self._graded(appraisal, version, card, proration, grades[place])
            for place, (appraisal, version, card, proration) in enumerate(found)
        ]
        return sorted(graded, key=lambda item: (item.payee_id, item.plan_code, item.period, item.scorecard_code))

    def _scored(self, employee_id: str, version: PlanVersion, card: Scorecard, period: str) -> Appraisal:
        return Appraisal(
            payee_id=employee_id,
            plan_code=version.plan_code,
            plan_version=version.version,
            scorecard_code=card.code,
            period=period,
            score=card_score(card, self._all_measures(employee_id, card, period, version.currency_code)),
            grade=None,
            coefficient=None,
            proration=ZERO,
            bonus_amount=ZERO,
            currency_code=version.currency_code,
            hold_reason=None,
        )

    def _all_measures(self, employee_id: str, card: Scorecard, period: str, currency: str) -> dict[str, Measure]:
        own = self.measured(employee_id, period, currency)
        if any(code.startswith("team:") for code in card.kpis):
            return own | self.of_teams(employee_id, period, currency)
        return own

    def _grades(self, scored: list[tuple[Appraisal, PlanVersion, Scorecard]]) -> list[Grade | None]:
        """Everybody's grade: by bands, or by rank inside a group of at least five scored people (K2)."""
        groups: dict[tuple[str, ...], dict[str, tuple[int, Decimal]]] = defaultdict(dict)
        found: list[Grade | None] = []
        for place, (item, _, card) in enumerate(scored):
            found.append(None if item.score is None else grade_of(card.grades, item.score))
            if card.grading == "forced" and item.score is not None:
                key = (item.plan_code, item.plan_version, card.code, item.period, self._group(item, card))
                groups[key][item.payee_id] = (place, item.score)
        for members in groups.values():
            if len(members) >= FORCED_FROM:
                card = scored[next(iter(members.values()))[0]][2]
                by_rank = forced(card.grades, {person: score for person, (_, score) in members.items()})
                for person, (place, _) in members.items():
                    found[place] = by_rank[person]
        return found

    def _group(self, item: Appraisal, card: Scorecard) -> str:
        employee = self.people.employees[item.payee_id]
        if card.group_by == "team":
            end = span_of(item.period).end
            return self.people.team_on(item.payee_id, min(end, employee.leave_date or end)) or ""
        return (employee.role if card.group_by == "role" else employee.region if card.group_by else "") or ""

    def _graded(
        self, item: Appraisal, version: PlanVersion, card: Scorecard, proration: Fraction, grade: Grade | None
    ) -> Appraisal:
        """Bonus = base × coefficient × proration, rounded once (K3, M2)."""
        bonus, note = ZERO, None
        employee = self.people.employees[item.payee_id]
        if card.is_employed_on_last_day and (employee.leave_date or date.max) < span_of(item.period).end:
            note = "not employed on the period's last day"
        elif grade is not None:
            # The factor is not rounded before it is applied (Q1, K3).
            exact = Fraction(card.bonus_base_amount) * Fraction(grade.coefficient) * proration
            bonus = money.round_money(as_decimal(exact), version.currency_code)
        return replace(
            item,
            grade=grade.grade if grade else None,
            coefficient=grade.coefficient if grade else None,
            proration=at_scale_six(proration),
            bonus_amount=bonus,
            hold_reason=None if grade is not None else "the card could not be scored and graded (K1, K2)",
            note=note,
        )


def _added_up(employee_id: str, code: str, facts: list[TeamMeasure]) -> Measure:
    """Several teams' figures of one KPI as one; those that are not known are left out, and nothing comes of none."""
    known = [fact.numerator for fact in facts if fact.numerator is not None]
    actual: Decimal | None = sum(known, ZERO) if known else None
    counted = [fact.denominator for fact in facts if fact.denominator is not None]
    if counted and actual is not None:
        whole = sum(counted, ZERO)
        actual = at_scale_six(Fraction(actual) / Fraction(whole)) if whole > ZERO else None
    targets = [fact.target for fact in facts if fact.target is not None]
    target = sum(targets, ZERO) if targets else None
    return Measure(employee_id, code, facts[0].period, facts[0].currency_code, actual, target)


def bonus_line(appraisal: Appraisal) -> EarningLine:
    """The bonus as a line of the period's last month (K3)."""
    last_day = span_of(appraisal.period).end
    return _line(appraisal, "bonus", appraisal.scorecard_code, appraisal.period, last_day, appraisal.bonus_amount)


def _line(made: Appraisal, line_type: str, code: str, window: str, day: date, amount: Decimal) -> EarningLine:
    return EarningLine(
        payee_id=made.payee_id,
        plan_code=made.plan_code,
        plan_version=made.plan_version,
        component_code=code,
        line_type=line_type,
        period=month_of(day),
        window_code=window,
        event_date=day,
        credit_line_id="",
        currency_code=made.currency_code,
        credited_amount=None,
        cumulative_before=ZERO,
        cumulative_after=ZERO,
        effective_quota=None,
        earned_amount=amount,
        hold_reason=made.hold_reason,
        note=made.note,
    )


# -- contests --------------------------------------------------------------------------------------


def prizes_of(contest: Contest, credited: Mapping[str, Decimal], currency: str) -> dict[str, Decimal]:
    """Prizes by person (K6): ties share the prizes of the places that they fill, the lowest id first (M3)."""
    ranked = sorted(
        (person for person, value in credited.items() if value >= contest.minimum),
        key=lambda person: (-credited[person], person),
    )
    found: dict[str, Decimal] = {}
    place = 1
    while ranked:
        tied = [person for person in ranked if credited[person] == credited[ranked[0]]]
        pot = sum((contest.prizes.get(rank, ZERO) for rank in range(place, place + len(tied))), ZERO)
        if pot > ZERO:
            found |= money.allocate(pot, {person: Decimal(1) for person in tied}, money.minor_unit(currency))
        place += len(tied)
        ranked = ranked[len(tied) :]
    return found


def contest_lines(pricer: Pricer, version: PlanVersion, contest: Contest) -> list[EarningLine]:
    """Everybody whom the version names on the contest's last day, ranked by what was credited in its days (K6).

    Credit counts whether or not a line of it would earn; who was credited with nothing is ranked with 0.
    """
    if contest.ends_on > pricer.inputs.as_of:
        return []
    people, credited = pricer.people, {}
    for employee_id in people.employees:
        employed = people.employment(employee_id)
        named = any(item is version for item in people.versions_on(employee_id, contest.ends_on))
        if not named or employed is None or contest.ends_on not in employed:
            continue
        total = ZERO
        for credit in pricer.book.credits(employee_id, contest.basis, "own", None, None):
            inside = contest.starts_on <= credit.event.event_date <= contest.ends_on
            if not inside or not pricer.attributes.passes(credit, contest.only):
                continue
            currency = people.pay_currency(credit)
            value, _ = pricer.measured(credit, contest.measure, currency)
            if currency == version.currency_code or contest.measure in ("units", "count"):
                total += value or ZERO
        credited[employee_id] = total
    return [
        EarningLine(
            payee_id=person,
            plan_code=version.plan_code,
            plan_version=version.version,
            component_code=contest.code,
            line_type="spiff",
            period=month_of(contest.ends_on),
            window_code="contest",
            event_date=contest.ends_on,
            credit_line_id="",
            currency_code=version.currency_code,
            credited_amount=credited[person],
            cumulative_before=ZERO,
            cumulative_after=ZERO,
            effective_quota=None,
            earned_amount=amount,
        )
        for person, amount in sorted(prizes_of(contest, credited, version.currency_code).items())
        if amount
    ]


# -- rewards that are not money --------------------------------------------------------------------


def recognitions(pricer: Pricer, appraisals: Iterable[Appraisal], inputs: Inputs) -> list[Recognition]:
    """Time off, training, recognition: for a grade of a period, or an attainment of a window. Never money (K5)."""
    versions = {(item.plan_code, item.version): item for item in inputs.versions}
    found = []
    for appraisal in appraisals:
        for reward in versions[(appraisal.plan_code, appraisal.plan_version)].rewards:
            if reward.scorecard_code == appraisal.scorecard_code and reward.grade == appraisal.grade:
                found.append(
                    Recognition(
                        appraisal.payee_id, appraisal.plan_code, appraisal.plan_version, reward.code, appraisal.period,
                        reward.kind, reward.quantity, reward.unit,
                    )
                )  # fmt: skip
    for payee_id, version, component, window, attained in pricer.attainments:
        for reward in version.rewards:
            if reward.component_code == component.code and attained >= (reward.attainment_from or ZERO):
                found.append(
                    Recognition(
                        payee_id, version.plan_code, version.version, reward.code, window, reward.kind,
                        reward.quantity, reward.unit,
                    )
                )  # fmt: skip
    return sorted(set(found), key=lambda item: (item.payee_id, item.plan_code, item.period, item.reward_code))
