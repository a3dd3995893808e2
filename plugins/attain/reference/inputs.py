"""What the reference engine is given: plain facts, each a small dataclass. Amounts are `Decimal`, days are `date`.

The facts are those *before* any pay calculation: events as documents tell them, splits as documents name them with the
owner already matched to an employee, rates as quoted, targets as set, plan versions as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

HOUSE = "HOUSE"
"""Employee id of the house account, which is credited with what nobody owns (C5)."""


@dataclass(frozen=True)
class Employee:
    """A person as HR knows them. A day that HR does not give is open: employed ever since, or still."""

    employee_id: str
    role: str | None
    region: str | None
    hire_date: date | None
    leave_date: date | None


@dataclass(frozen=True)
class TeamMembership:
    """A reporting line's team. Both days are included; `valid_to` None: until now."""

    employee_id: str
    team: str | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class Assignment:
    """Whom a plan version pays; None means any."""

    role: str | None
    team: str | None
    region: str | None
    employee_id: str | None


@dataclass(frozen=True)
class Band:
    """Half-open [lower, upper) with its rate; bounds are money or attainment, `upper` None is open (T1)."""

    lower: Decimal
    upper: Decimal | None
    rate: Decimal


@dataclass(frozen=True)
class Component:
    """Marginal bands over accumulated credit of one basis (C2, T2, T3, T6)."""

    code: str
    basis: str
    index: str
    accumulate: str
    quota_kpi_code: str | None
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Grade:
    """A grade for scores of `lower_score` or more, and its coefficient (K2, K3)."""

    grade: str
    lower_score: Decimal
    coefficient: Decimal


@dataclass(frozen=True)
class Scorecard:
    """A quarterly card: KPI code → (weight, cap), grades, and the bonus of coefficient 1 (K1–K3)."""

    code: str
    missing_data: str
    bonus_base_amount: Decimal
    kpis: Mapping[str, tuple[Decimal, Decimal]]
    grades: tuple[Grade, ...]


@dataclass(frozen=True)
class PlanVersion:
    """Terms of a plan on the days from `valid_from` to `valid_to`, both included. `ramp` by tenure month, from 0."""

    plan_code: str
    version: str
    valid_from: date
    valid_to: date | None
    currency_code: str
    assignments: tuple[Assignment, ...]
    ramp: tuple[Decimal, ...]
    components: tuple[Component, ...]
    scorecards: tuple[Scorecard, ...]


REVERSALS = frozenset({"refund", "credit_note", "write_off"})
"""Event types that take credit back (D3). What they take back from, the basis, is the event's."""


@dataclass(frozen=True)
class Event:
    """A line of a source document that gives or takes credit: a signing, an invoice, a receipt, a refund.

    Attributes:
        document_id: the deal or contract whose splits apply and whose lines `accumulate: deal` adds up.
        event_type: won, invoice, receipt, refund, credit_note or write_off.
        amount: signed, as the source reports it, in `currency_code`.
        hold_reason: why the document is held, whatever its splits say.
    """

    basis: str
    source_system: str
    document_id: str
    event_type: str
    event_id: str
    line_no: int
    event_date: date
    amount: Decimal
    currency_code: str
    hold_reason: str | None = None

    @property
    def takes_back(self) -> bool:
        return self.event_type in REVERSALS and self.amount <= 0

    @property
    def identity(self) -> tuple[str, int, str]:
        """What tells the events of one document and day apart, in their order."""
        return self.event_id, self.line_no, self.event_type


@dataclass(frozen=True)
class Split:
    """A share of a document's revenue (C1). `percent` 100 is the whole."""

    source_system: str
    document_id: str
    split_no: int
    employee_id: str
    percent: Decimal


@dataclass(frozen=True)
class FxRate:
    """`unit` units of `from_currency` are `rate` units of `to_currency` on that day."""

    rate_date: date
    from_currency: str
    to_currency: str
    unit: Decimal
    rate: Decimal


@dataclass(frozen=True)
class Target:
    """A person's target for a KPI in a period, by HR a month; money is in `currency_code`."""

    employee_id: str
    kpi_code: str
    period: str
    value: Decimal
    currency_code: str | None


@dataclass(frozen=True)
class Measure:
    """A KPI of a person in a quarter, as measured; None where it was not, or has no target."""

    employee_id: str
    kpi_code: str
    period: str
    currency_code: str
    actual: Decimal | None
    target: Decimal | None


@dataclass(frozen=True)
class Inputs:
    """All facts of one candidate.

    Attributes:
        as_of: nothing after this day has happened yet.
        fx_rates: of the one rate type that the run converts by.
        held_payees: whom the gate keeps back, whatever they earned (D5).
    """

    as_of: date
    fx_max_age_days: int
    employees: tuple[Employee, ...] = ()
    teams: tuple[TeamMembership, ...] = ()
    versions: tuple[PlanVersion, ...] = ()
    events: tuple[Event, ...] = ()
    splits: tuple[Split, ...] = ()
    fx_rates: tuple[FxRate, ...] = ()
    targets: tuple[Target, ...] = ()
    measures: tuple[Measure, ...] = ()
    held_payees: frozenset[str] = frozenset()
