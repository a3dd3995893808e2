"""What the reference engine is given: plain facts, each a small dataclass. Amounts are `Decimal`, days are `date`.

The facts are those *before* any pay calculation: events as documents tell them, splits as documents name them with the
owner already matched to an employee, rates as quoted, targets as set, plan versions as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

HOUSE = "HOUSE"
"""Employee id of the house account, which is credited with what nobody owns (C5)."""

BASES = ("booked", "invoiced", "collected")
"""What a component may be paid on (C2)."""

REVERSALS = frozenset({"refund", "credit_note", "write_off", "cancellation", "unpaid"})
"""Event types that take credit back (D3). What they take back from, the basis, is the event's."""

REVERSED_BY = {"booked": REVERSALS, "invoiced": REVERSALS, "collected": frozenset({"refund"})}
"""What reverses a basis where the component doesn't list its own (D3)."""


# -- people ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Employee:
    """A person as HR knows them. A day that HR does not give is open: employed ever since, or still.

    Attributes:
        confirmation_date: day of 转正; None: not confirmed.
        base_salary: of a month, in `salary_currency`; the legal limit looks at it (D4).
    """

    employee_id: str
    role: str | None
    region: str | None
    hire_date: date | None
    leave_date: date | None
    confirmation_date: date | None = None
    base_salary: Decimal = Decimal(0)
    salary_currency: str | None = None


@dataclass(frozen=True)
class TeamMembership:
    """A reporting line: team and manager. Both days are included; `valid_to` None: until now."""

    employee_id: str
    team: str | None
    valid_from: date
    valid_to: date | None
    manager_id: str | None = None


@dataclass(frozen=True)
class Leave:
    """Days away that HR approved; both count (Q1)."""

    employee_id: str
    start: date
    end: date


@dataclass(frozen=True)
class Rating:
    """How somebody did on an objective of their own in a period (MBO)."""

    employee_id: str
    period: str
    objective_code: str
    rating: Decimal


@dataclass(frozen=True)
class Release:
    """An approved exception that makes a payee's held lines of a document payable (D5)."""

    employee_id: str
    document_id: str
    approved_date: date


# -- the plan --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Assignment:
    """Whom a plan version pays; None means any. The days are included; None: the version's."""

    role: str | None
    team: str | None
    region: str | None
    employee_id: str | None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Band:
    """Half-open [lower, upper) with its rate; bounds are money or attainment, `upper` None is open (T1)."""

    lower: Decimal
    upper: Decimal | None
    rate: Decimal


@dataclass(frozen=True)
class Step:
    """A row or column of a factor table: half-open [lower, upper), or a value by name (T7)."""

    lower: Decimal | None = None
    upper: Decimal | None = None
    value: str | None = None


@dataclass(frozen=True)
class Factor:
    """What multiplies a line's credit or its unrounded pay: a table of one axis or two (T7).

    Attributes:
        row_by, column_by: what of the line picks the row and the column; `column_by` None: one axis.
        cells: factor by (row number, column number), from 1; the column is 1 where there is one axis.
    """

    code: str
    applies_to: str
    row_by: str
    rows: tuple[Step, ...]
    cells: Mapping[tuple[int, int], Decimal]
    column_by: str | None = None
    columns: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Component:
    """One way of earning inside a version (C2, T2–T9), a SPIFF included (K6).

    Attributes:
        basis, measure: what is multiplied: booked, invoiced or collected amount, margin, units or count.
        index: what the bands' bounds are: amount (of any measure) or attainment.
        index_basis, index_measure, index_offset: what picks the band, and from which window; None: the base's (T2).
        credit: own, overlay or team (C1, C6).
        only: lower-case values that an attribute of the line may have, by attribute; one not named may have any.
        curve: (attainment, share of `target_amount`) for `interpolated` (T5).
        reversed_by: event types that take credit back; None: the basis's default (D3).
        credit_from, credit_to: days of a SPIFF's lines, both included.
    """

    code: str
    basis: str
    index: str
    accumulate: str
    quota_kpi_code: str | None
    bands: tuple[Band, ...]
    kind: str = "commission"
    measure: str = "amount"
    credit: str = "own"
    credit_share: Decimal = Decimal(1)
    index_basis: str | None = None
    index_measure: str | None = None
    index_offset: int = 0
    band_method: str = "marginal"
    curve: tuple[tuple[Decimal, Decimal], ...] = ()
    target_amount: Decimal = Decimal(0)
    is_prorated: bool = True
    is_extended: bool = False
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    factors: tuple[Factor, ...] = ()
    threshold_at: Decimal | None = None
    threshold_pays: str = "from_first"
    cap_amount: Decimal | None = None
    cap_per: str = "period"
    cap_excess: str = "lose"
    clawback_method: str = "negative_credit"
    clawback_schedule: str = "full"
    clawback_window_months: int | None = None
    linear_months: int = 12
    unpaid_days: int | None = None
    reversed_by: frozenset[str] | None = None
    credit_from: date | None = None
    credit_to: date | None = None

    @property
    def is_same_measure(self) -> bool:
        """Whether index and base are one measure of one window, so that `marginal` can be used (T2)."""
        return (
            (self.index_basis or self.basis) == self.basis
            and (self.index_measure or self.measure) == self.measure
            and self.index_offset == 0
        )


@dataclass(frozen=True)
class QuotaPeriod:
    """A quota that the plan itself sets for a period, of whom it names (Q3). None means any."""

    kpi_code: str
    period: str
    quota: Decimal
    role: str | None = None
    team: str | None = None
    region: str | None = None
    employee_id: str | None = None


@dataclass(frozen=True)
class Draw:
    """Money advanced or guaranteed a month (D1, D2). Months of tenure are included; `to_month` None: always."""

    type: str
    amount: Decimal
    minimum: Decimal = Decimal(0)
    recovery_rate: Decimal = Decimal(1)
    from_month: int = 0
    to_month: int | None = None
    recovery_from: str | None = None
    recovery_from_month: int | None = None


@dataclass(frozen=True)
class Penalty:
    """Money off a month's pay when a KPI of the month is below or above a bound (K4): an amount, or a share of it."""

    code: str
    kpi_code: str
    comparison: str
    bound: Decimal
    amount: Decimal | None
    rate: Decimal | None
    limit: Decimal


@dataclass(frozen=True)
class LegalLimit:
    """How much of a month's pay may be recovered in a region, and what must remain (D4). `region` None: any."""

    region: str | None
    share: Decimal
    keep: Decimal


@dataclass(frozen=True)
class HoldRule:
    """Which documents' lines are earned but not payable yet (D5)."""

    code: str
    condition: str
    bound: Decimal


@dataclass(frozen=True)
class Reward:
    """Something other than money for a grade, or for an attainment (K5)."""

    code: str
    kind: str
    quantity: Decimal
    unit: str
    scorecard_code: str | None = None
    grade: str | None = None
    component_code: str | None = None
    attainment_from: Decimal | None = None


@dataclass(frozen=True)
class Contest:
    """Prizes by rank of what was credited from one day to another (K6)."""

    code: str
    starts_on: date
    ends_on: date
    basis: str
    measure: str
    minimum: Decimal
    prizes: Mapping[int, Decimal] = field(default_factory=dict, kw_only=True)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Grade:
    """A grade for scores of `lower_score` or more, and its coefficient (K2, K3); `share` of people when forced."""

    grade: str
    lower_score: Decimal
    coefficient: Decimal
    share: Decimal | None = None


@dataclass(frozen=True)
class CardKpi:
    """How a KPI counts on a card (K1). `low` and `high` are of a range; an empty curve is the attainment itself."""

    weight: Decimal
    cap: Decimal
    direction: str = "higher"
    low: Decimal | None = None
    high: Decimal | None = None
    curve: tuple[tuple[Decimal, Decimal], ...] = ()


@dataclass(frozen=True)
class Scorecard:
    """A card of a month, quarter or year: its KPIs by code, grades, and the bonus of coefficient 1 (K1–K3)."""

    code: str
    missing_data: str
    bonus_base_amount: Decimal
    kpis: Mapping[str, CardKpi]
    grades: tuple[Grade, ...]
    frequency: str = "quarter"
    grading: str = "bands"
    group_by: str | None = None
    is_employed_on_last_day: bool = False


@dataclass(frozen=True)
class PlanVersion:
    """Terms of a plan on the days from `valid_from` to `valid_to`, both included. `ramp` by tenure month, from 0.

    Attributes:
        ramp_from: hire or confirmation (Q2).
        leave_limit_days: a leave of more days is not active (Q1); None: leave is active.
        tail_days: days after leaving whose lines are earned still (Q6).
        floor: what a penalty leaves of a month's pay (K4).
        is_after_confirmation, min_tenure_months: lines before that earn nothing.
    """

    plan_code: str
    version: str
    valid_from: date
    valid_to: date | None
    currency_code: str
    assignments: tuple[Assignment, ...]
    ramp: tuple[Decimal, ...]
    components: tuple[Component, ...]
    scorecards: tuple[Scorecard, ...]
    ramp_from: str = "hire"
    leave_limit_days: int | None = None
    tail_days: int = 0
    floor: Decimal | None = None
    is_after_confirmation: bool = False
    min_tenure_months: int | None = None
    quotas: tuple[QuotaPeriod, ...] = ()
    draw: Draw | None = None
    penalties: tuple[Penalty, ...] = ()
    legal_limits: tuple[LegalLimit, ...] = ()
    hold_rules: tuple[HoldRule, ...] = ()
    rewards: tuple[Reward, ...] = ()
    contests: tuple[Contest, ...] = ()


# -- what happened ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Document:
    """A deal or contract, as it was written. Amounts are in its currency; None: not told.

    Attributes:
        cost, listed: what it costs, and what it would have cost the customer without a discount.
        cancelled_date: day on which the customer called it off.
        customer_type: new or existing.
    """

    source_system: str
    document_id: str
    amount: Decimal
    currency_code: str
    document_date: date | None = None
    cost: Decimal | None = None
    listed: Decimal | None = None
    quantity: Decimal | None = None
    cancelled_date: date | None = None
    product_family: str | None = None
    customer_type: str | None = None
    segment: str | None = None
    channel: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice and the document that it bills. Collection days run from the settlement, else its own day.

    A draft or void one has days to count from, because receipts may name it, but is never unpaid.
    """

    source_system: str
    invoice_no: str
    document_system: str | None
    document_id: str | None
    invoice_date: date | None
    due_date: date | None
    settlement_date: date | None
    amount: Decimal
    currency_code: str
    is_issued: bool = True


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a contract or of an invoice, as it was written (C1). Amounts are in its document's currency.

    Attributes:
        is_invoice: whether the document is an invoice; else it is a contract.
        source_system, document_no: of that contract or invoice.
        place: where the line stands among the document's lines.
        amount: what of the document it is in proportion to the other lines; None: not told.
        quantity: None: not told.
        product_family: None: no catalogue knows the product.
    """

    is_invoice: bool
    source_system: str
    document_no: str
    place: int
    amount: Decimal | None
    quantity: Decimal | None = None
    product_family: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a source document that gives or takes credit: a signing, an invoice, a receipt, a refund.

    Attributes:
        document_id: the deal or contract whose splits apply and whose lines `accumulate: deal` adds up.
        event_type: won, invoice, receipt, refund, credit_note, write_off, cancellation, unpaid or recredit.
        amount: signed, as the source reports it, in `currency_code`.
        hold_reason: why the document is held, whatever its splits say.
        invoice_no: the invoice that it is about, if any; `invoice_system` is that invoice's.
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
    invoice_no: str | None = None
    invoice_system: str | None = None

    @property
    def takes_back(self) -> bool:
        return self.event_type in REVERSALS and self.amount <= 0

    @property
    def identity(self) -> tuple[str, int, str]:
        """What tells the events of one document and day apart, in their order."""
        return self.event_id, self.line_no, self.event_type


@dataclass(frozen=True, slots=True)
class Split:
    """A share of a document's revenue (C1). `percent` 100 is the whole. Overlays have a role of their own."""

    source_system: str
    document_id: str
    split_no: int
    employee_id: str
    percent: Decimal
    role: str = "revenue"


@dataclass(frozen=True, slots=True)
class FxRate:
    """`unit` units of `from_currency` are `rate` units of `to_currency` on that day."""

    rate_date: date
    from_currency: str
    to_currency: str
    unit: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Target:
    """A person's target for a KPI in a period, by HR a month; money is in `currency_code`."""

    employee_id: str
    kpi_code: str
    period: str
    value: Decimal
    currency_code: str | None


@dataclass(frozen=True, slots=True)
class Measure:
    """A KPI of a person in a period, as measured; None where it was not, or has no target."""

    employee_id: str
    kpi_code: str
    period: str
    currency_code: str
    actual: Decimal | None
    target: Decimal | None


@dataclass(frozen=True)
class TeamMeasure:
    """What a team's KPI counts in a period.

    `numerator` None: it is not known; `denominator` None: the KPI adds up; `target` None: it has none.
    """

    team: str
    kpi_code: str
    period: str
    currency_code: str
    numerator: Decimal | None
    denominator: Decimal | None
    target: Decimal | None


@dataclass(frozen=True)
class Inputs:
    """All facts of one candidate.

    Attributes:
        as_of: nothing after this day has happened yet.
        fx_rates: of the one rate type that the run converts by.
        held_payees: whom the gate keeps back, whatever they earned (D5).
        payees: whose pay is wanted; None: everybody's. Rankings still look at everybody.
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
    team_measures: tuple[TeamMeasure, ...] = ()
    held_payees: frozenset[str] = frozenset()
    documents: tuple[Document, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    sold_lines: tuple[SoldLine, ...] = ()
    leave: tuple[Leave, ...] = ()
    ratings: tuple[Rating, ...] = ()
    releases: tuple[Release, ...] = ()
    payees: frozenset[str] | None = None

    @cached_property
    def document_of(self) -> dict[tuple[str, str], Document]:
        """Documents by source system and number."""
        return {(item.source_system, item.document_id): item for item in self.documents}
