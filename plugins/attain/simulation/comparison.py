"""What a candidate plan would have cost beside the present plans: months, people, attainment, volume.

    found = simulate(settings, Path("candidate.yml"), "2026-01", "2026-06")

Amounts are `Decimal`, in the currency they are paid in; currencies are never added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attain.errors import BadInput
from attain.periods import Span, span_of
from attain.settings import Settings
from attain.simulation.scenarios import CANDIDATE, PRESENT, Laboratory, Scenario, laboratory, read_candidate

if TYPE_CHECKING:
    import duckdb

ZERO = Decimal(0)
VOLUMES = tuple(Decimal(text) for text in ("-0.20", "-0.10", "0", "0.10", "0.20"))
"""Shares by which volume is changed for the sensitivity, in order."""

STEPS = tuple(Decimal(text) for text in ("0", "0.5", "0.8", "1", "1.2", "1.5"))
"""Where the buckets of the attainment distribution begin; the last one is open."""


@dataclass(frozen=True)
class Cost:
    """What a component (or draw, or penalty) earned people in a month, by the present plans and by the candidate."""

    period: str
    plan_code: str
    component_code: str
    currency_code: str
    present_amount: Decimal
    candidate_amount: Decimal

    @property
    def difference(self) -> Decimal:
        return self.candidate_amount - self.present_amount


@dataclass(frozen=True)
class Person:
    """A payee's pay in the period, held money included, by the present plans and by the candidate."""

    payee_id: str
    full_name: str
    currency_code: str
    present_amount: Decimal
    candidate_amount: Decimal

    @property
    def difference(self) -> Decimal:
        return self.candidate_amount - self.present_amount


@dataclass(frozen=True)
class Bucket:
    """How many windows of quota ended with an attainment from `lower` up to the next step; None: without attainment."""

    lower: Decimal | None
    upper: Decimal | None
    present_count: int
    candidate_count: int


@dataclass(frozen=True)
class Point:
    """Pay in the period at a changed volume, by currency."""

    volume: Decimal
    currency_code: str
    present_amount: Decimal
    candidate_amount: Decimal


@dataclass(frozen=True)
class Simulation:
    """A candidate beside the present plans.

    Attributes:
        plan_code: the candidate's.
        as_if: version that was taken as if it had held on all days, or None.
        first, last: months, both included.
        as_of: the day up to which history goes, as text.
        costs: by month, plan, component and currency; only what either side has.
        people: everybody whom the candidate's plan pays on either side, and everybody whose pay changes; the largest
            gain first.
        attainment: windows of the candidate's plan that end in the period.
        sensitivity: empty when it was not asked for.
    """

    plan_code: str
    candidate_file: str
    as_if: str | None
    first: str
    last: str
    as_of: str
    costs: list[Cost]
    people: list[Person]
    attainment: list[Bucket]
    sensitivity: list[Point]

    @property
    def totals(self) -> list[Cost]:
        """Pay of `people` over all months, one row a currency."""
        return [
            Cost(
                "",
                self.plan_code,
                "",
                currency,
                sum((p.present_amount for p in of), ZERO),
                sum((p.candidate_amount for p in of), ZERO),
            )
            for currency, of in _by_currency(self.people)
        ]

    @property
    def winners(self) -> list[Person]:
        return [person for person in self.people if person.difference > ZERO]

    @property
    def losers(self) -> list[Person]:
        return [person for person in reversed(self.people) if person.difference < ZERO]


def simulate(
    settings: Settings,
    file: Path,
    first: str,
    last: str,
    *,
    as_if: str | None = None,
    volumes: Sequence[Decimal] = VOLUMES,
) -> Simulation:
    """Recompute history under a candidate plan file.

    The file takes the place of the present plan of its code, or joins the others when there is none. Everything is
    built from all of history, so that windows, balances and ramps are right; the report shows the months asked for.

    Args:
        settings: the home whose deliveries are the history. Nothing in it is changed.
        file: the candidate.
        first, last: months as YYYY-MM, both included.
        as_if: version to be taken as if it had held on all these days.
        volumes: changes of volume for the sensitivity, e.g. -0.1; empty: none.

    Raises:
        BadInput: the months or the file can't be used, or nothing has been delivered.
    """
    days = _days(first, last)
    plan, text = read_candidate(file, as_if, days)
    with laboratory(settings, plan, text, last) as lab:
        present = _Result.of(lab, Scenario(PRESENT), first, last)
        candidate = _Result.of(lab, Scenario(CANDIDATE), first, last)
        of_interest = _of_interest(plan.code, present, candidate)
        return Simulation(
            plan_code=plan.code,
            candidate_file=str(file),
            as_if=as_if,
            first=first,
            last=last,
            as_of=str(lab.as_of),
            costs=_costs(of_interest, present, candidate),
            people=_people(of_interest, present, candidate),
            attainment=_attainment(plan.code, present, candidate),
            sensitivity=_sensitivity(lab, volumes, first, last, of_interest, present, candidate),
        )


def _days(first: str, last: str) -> Span:
    try:
        begin, end = span_of(first), span_of(last)
        if not len(first) == len(last) == len("2026-01"):
            raise ValueError
    except ValueError:
        raise BadInput(f"--from {first} --to {last}: not two months", "write months as YYYY-MM") from None
    if begin.start > end.start:
        raise BadInput(f"--from {first} is after --to {last}", "give the earlier month first")
    return Span(begin.start, end.end)


@dataclass
class _Result:
    """What one scenario pays in the period, read from the scratch warehouse."""

    costs: dict[tuple[str, str, str, str, str], Decimal]  # payee, period, plan, component, currency
    pay: dict[tuple[str, str], Decimal]  # payee, currency
    plans: dict[str, set[str]]  # payee → plans
    names: dict[str, str]
    attained: dict[tuple[str, str, str, str, str], Decimal | None]  # plan, version, component, payee, window

    @classmethod
    def of(cls, lab: Laboratory, scenario: Scenario, first: str, last: str) -> _Result:
        import duckdb

        lab.build(scenario)
        with duckdb.connect(str(lab.settings.warehouse_file), read_only=True) as connection:
            return cls(
                costs={tuple(key): amount for *key, amount in _rows(connection, _COSTS, first, last)},
                pay={(payee, currency): due for payee, currency, due in _rows(connection, _PAY, first, last)},
                plans=_grouped(_rows(connection, _PLANS, first, last)),
                names=dict(connection.execute(_NAMES).fetchall()),
                attained={
                    tuple(key): _share_of_quota(credited, quota)
                    for *key, credited, quota in _rows(connection, _ATTAINED, first, last)
                },
            )


def _rows(connection: duckdb.DuckDBPyConnection, query: str, first: str, last: str) -> list[tuple[Any, ...]]:
    return connection.execute(query, {"first": first, "last": last}).fetchall()


_COSTS = """
    select payee_id, origin_period, plan_code, component_code, currency_code, sum(earned_amount)
    from incentive.fct_earning_line
    where origin_period between $first and $last
    group by all
"""
_PAY = """
    select payee_id, currency_code, sum(payable_amount + held_amount)
    from incentive.fct_payout
    where period between $first and $last
    group by all
"""
_PLANS = "select distinct payee_id, plan_code from incentive.fct_payout where period between $first and $last"
_NAMES = "select employee_id, coalesce(full_name, employee_id) from intermediate.int_employee"
_ATTAINED = """
    select
        lines.plan_code, lines.plan_version, lines.component_code, lines.payee_id, lines.window_code,
        max_by(lines.cumulative_after, lines.line_position), max(quotas.effective_quota)
    from intermediate.int_credit_window as lines
    inner join plan.component as components
        on lines.plan_code = components.plan_code and lines.plan_version = components.version
        and lines.component_code = components.component_code
    left join intermediate.int_window_quota as quotas
        on lines.payee_id = quotas.employee_id and lines.plan_code = quotas.plan_code
        and lines.plan_version = quotas.plan_version and lines.component_code = quotas.component_code
        and lines.window_code = quotas.window_code
    where components.quota_kpi_code is not null and components.accumulate <> 'deal'
    group by all
    having max(lines.origin_period) between $first and $last
"""


def _share_of_quota(credited: Decimal, quota: Decimal | None) -> Decimal | None:
    """Rule Q4: at scale 6; None without a quota."""
    if quota is None or quota <= 0:
        return None
    return (credited / quota).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for payee, plan in rows:
        found[str(payee)].add(str(plan))
    return found


def _of_interest(plan_code: str, present: _Result, candidate: _Result) -> set[str]:
    """People that the plan pays on either side, and those whose pay or lines differ."""
    paid = {payee for side in (present, candidate) for payee, plans in side.plans.items() if plan_code in plans}
    moved = {
        key[0]
        for key in present.costs.keys() | candidate.costs.keys()
        if present.costs.get(key, ZERO) != candidate.costs.get(key, ZERO)
    } | {
        key[0]
        for key in present.pay.keys() | candidate.pay.keys()
        if present.pay.get(key, ZERO) != candidate.pay.get(key, ZERO)
    }
    return paid | moved


def _costs(of_interest: set[str], present: _Result, candidate: _Result) -> list[Cost]:
    sums: dict[tuple[str, str, str, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for side, result in enumerate((present, candidate)):
        for (payee, period, plan_code, component_code, currency), amount in result.costs.items():
            if payee in of_interest:
                sums[(period, plan_code, component_code, currency)][side] += amount
    return [
        Cost(period, plan_code, component_code, currency, before, after)
        for (period, plan_code, component_code, currency), (before, after) in sorted(sums.items())
        if before or after
    ]


def _people(of_interest: set[str], present: _Result, candidate: _Result) -> list[Person]:
    people = [
        Person(
            payee,
            (candidate.names | present.names).get(payee, payee),
            currency,
            present.pay.get((payee, currency), ZERO),
            candidate.pay.get((payee, currency), ZERO),
        )
        for payee, currency in present.pay.keys() | candidate.pay.keys()
        if payee in of_interest
    ]
    return sorted(people, key=lambda person: (-person.difference, person.payee_id, person.currency_code))


def _attainment(plan_code: str, present: _Result, candidate: _Result) -> list[Bucket]:
    counts = {lower: [0, 0] for lower in (None, *STEPS)}
    for side, result in enumerate((present, candidate)):
        for (plan, *_), share in result.attained.items():
            if plan == plan_code:
                reached = None if share is None else max((step for step in STEPS if step <= share), default=STEPS[0])
                counts[reached][side] += 1
    uppers = dict(zip(STEPS, (*STEPS[1:], None), strict=True))
    return [
        Bucket(lower, None if lower is None else uppers[lower], *counts[lower])
        for lower in (*STEPS, None)
        if lower is not None or any(counts[None])
    ]


def _sensitivity(
    lab: Laboratory,
    volumes: Sequence[Decimal],
    first: str,
    last: str,
    of_interest: set[str],
    present: _Result,
    candidate: _Result,
) -> list[Point]:
    points = []
    for volume in sorted(set(volumes)):
        sides = (
            (present, candidate)
            if not volume
            else tuple(_Result.of(lab, Scenario(plans, volume), first, last) for plans in (PRESENT, CANDIDATE))
        )
        sums = [_summed(side.pay, of_interest) for side in sides]
        points += [
            Point(volume, currency, *(side.get(currency, ZERO) for side in sums))
            for currency in sorted(sums[0].keys() | sums[1].keys())
        ]
    return points


def _summed(pay: dict[tuple[str, str], Decimal], of_interest: set[str]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (payee, currency), amount in pay.items():
        if payee in of_interest:
            sums[currency] += amount
    return sums


def _by_currency(people: Iterable[Person]) -> list[tuple[str, list[Person]]]:
    found: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        found[person.currency_code].append(person)
    return sorted(found.items())
