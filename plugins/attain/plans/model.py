"""What a plan file says: dataclasses with `Decimal` and `date`, every option filled in.

Money is in the version's currency, shares and rates are parts of 1, months and days are whole numbers. A `line` is
the line of the file, from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Severity = Literal["error", "warning"]

KPI_DIRECTIONS = {
    "booked_amount": "higher",
    "invoiced_amount": "higher",
    "collected_amount": "higher",
    "won_deals": "higher",
    "win_rate": "higher",
    "average_deal_amount": "higher",
    "new_customers": "higher",
    "collection_ratio": "higher",
    "gross_margin_amount": "higher",
    "gross_margin_ratio": "higher",
    "discount_ratio": "lower",
    "orders": "higher",
    "average_order_amount": "higher",
    "leads_created": "higher",
    "lead_conversion": "higher",
    "lead_win_rate": "higher",
    "sales_cycle_days": "lower",
    "calls": "higher",
    "visits": "higher",
    "follow_ups": "higher",
    "csat_responses": "higher",
    "csat": "higher",
    "nps_responses": "higher",
    "nps": "higher",
    "days_to_collect": "lower",
    "overdue_amount": "lower",
    "overdue_1_30_amount": "lower",
    "overdue_31_60_amount": "lower",
    "overdue_61_90_amount": "lower",
    "overdue_over_90_amount": "lower",
    "customer_retention": "higher",
    "net_revenue_retention": "higher",
    "gross_revenue_retention": "higher",
    "key_customer_coverage": "higher",
    "pipeline_amount": "higher",
    "pipeline_coverage": "higher",
    "forecast_accuracy": "range",
}
"""KPIs of the catalogue (`kpi.dim_kpi`) that a plan may name, each with the direction that a card takes unless it says
another (K1)."""

KPI_CODES = frozenset(KPI_DIRECTIONS)

ADDITIVE_KPI_CODES = frozenset(
    {
        *("booked_amount", "invoiced_amount", "collected_amount", "won_deals", "new_customers", "gross_margin_amount"),
        *("orders", "leads_created", "calls", "visits", "follow_ups", "csat_responses", "nps_responses"),
        *("overdue_amount", "overdue_1_30_amount", "overdue_31_60_amount", "overdue_61_90_amount"),
        *("overdue_over_90_amount", "pipeline_amount"),
    }
)
"""Those of them that add up over people and periods; a ratio does not, so a team has no target for one."""

TEAM_PREFIX = "team:"
"""Before a KPI on a card: that of the teams that the person manages (K1)."""

BASES = ("booked", "invoiced", "collected")
"""What gives credit (C2)."""

MEASURES = ("amount", "margin", "units", "count")
"""What of a document is counted: its money, its gross margin, its quantity, the document itself."""

MONEY_MEASURES = frozenset({"amount", "margin"})
"""Measures that a rate is a share of; for the others a rate is money for each unit or document."""

INDEXES = ("amount", "attainment")
WINDOWS = ("deal", "month", "quarter", "year")
WINDOW_MONTHS = {"month": 1, "quarter": 3, "year": 12}
BAND_METHODS = ("marginal", "retroactive", "interpolated")
CREDIT_SOURCES = ("own", "overlay", "team")
MISSING_DATA = ("reweight", "zero", "hold")
FREQUENCIES = ("month", "quarter", "year")
REVERSALS = ("refund", "credit_note", "write_off", "cancellation", "unpaid")
REVERSED_BY = {"booked": REVERSALS, "invoiced": REVERSALS, "collected": ("refund",)}
"""Which reversals take a basis back unless a component says otherwise (D3): `write_off` is bad debt."""

TEXT_ATTRIBUTES = ("product_family", "customer_type", "segment", "channel", "region")
NUMBER_ATTRIBUTES = ("collection_days", "margin", "discount")
CUSTOMER_TYPES = ("new", "existing")
REWARD_KINDS = ("time_off", "training", "recognition", "promotion_nomination")
REWARD_UNITS = ("day", "place", "item")

QUOTA_CODES = frozenset(
    {"won_deals", "new_customers"} | {f"{basis}_{measure}" for basis in BASES for measure in MEASURES}
)
"""KPIs that a quota can be of: the additive ones of the catalogue, and `<basis>_<measure>` (T2)."""


@dataclass(frozen=True)
class Finding:
    """Something to mend in a plan file. An `error` refuses the plan, a `warning` asks for a look.

    Attributes:
        file: the plan file, from the folder of the plans on.
        line: line in it, from 1.
        severity: error or warning.
        message: what is wrong: the key, the value as written, what is expected, and what it costs at worst.
        remedy: what to do about it.
    """

    file: str
    line: int
    severity: Severity
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.message}\n  what to do: {self.remedy}"


@dataclass(frozen=True)
class Title:
    """A name in English and in Chinese."""

    en: str
    zh: str


@dataclass(frozen=True)
class Assignment:
    """Whom a version pays: everyone who has all the named attributes on the day. None means any.

    Both days count; None is the version's own.
    """

    role: str | None
    team: str | None
    region: str | None
    employee_id: str | None
    line: int
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def conditions(self) -> frozenset[tuple[str, str]]:
        named = {"role": self.role, "team": self.team, "region": self.region, "employee_id": self.employee_id}
        return frozenset((key, value) for key, value in named.items() if value is not None)


@dataclass(frozen=True)
class Band:
    """Half-open band [lower, upper) with its rate (T1). `upper` None: open. Bounds are in the unit of the index."""

    lower: Decimal
    upper: Decimal | None
    rate: Decimal
    line: int


@dataclass(frozen=True)
class CurvePoint:
    """A point of a curve over attainment: the share of the target amount that is paid (T5), or the score (K1)."""

    at: Decimal
    value: Decimal
    line: int


@dataclass(frozen=True)
class Index:
    """What picks the band (T2): `form` amount or attainment, of a basis and a measure, `offset` windows away (≤ 0)."""

    form: str
    basis: str
    measure: str
    offset: int = 0


@dataclass(frozen=True)
class Threshold:
    """Below `at` (unit of the index) nothing is earned; `pays` is from_first or above (T8)."""

    at: Decimal
    pays: str
    line: int


@dataclass(frozen=True)
class Cap:
    """The most that is paid per deal, period (the component's window) or year; `excess` is lose or carry (T9)."""

    amount: Decimal
    per: str
    excess: str
    line: int


@dataclass(frozen=True)
class Clawback:
    """How pay is taken back after a reversal (D3).

    Attributes:
        method: negative_credit or original_rate.
        schedule: full, or linear by whole months kept.
        window_months: a reversal later than this takes nothing back; None: always.
        linear_months: months until everything is kept, with schedule linear.
        unpaid_days: an invoice unpaid for so long is reversed; None: never.
    """

    method: str = "negative_credit"
    schedule: str = "full"
    window_months: int | None = None
    linear_months: int | None = None
    unpaid_days: int | None = None


@dataclass(frozen=True)
class FactorBand:
    """A row or column of a factor table: [lower, upper) of a number (None: open), or one value of a text."""

    lower: Decimal | None
    upper: Decimal | None
    value: str | None
    line: int


@dataclass(frozen=True)
class FactorAxis:
    """An attribute of a line and the bands or values that it is looked up in."""

    by: str
    bands: tuple[FactorBand, ...]


@dataclass(frozen=True)
class Factor:
    """A multiplier of a line's credit or pay (T7), by one attribute or two. `cells` has a row for each row band."""

    code: str
    title: Title
    applies_to: str
    rows: FactorAxis
    columns: FactorAxis | None
    cells: tuple[tuple[Decimal, ...], ...]
    line: int


@dataclass(frozen=True)
class Component:
    """One way of earning inside a version (T1–T9). A SPIFF is one of `kind` spiff with days of its own (K6).

    Attributes:
        filters: attribute and value, lower case: a line counts when it has one of the values of each attribute.
        reversed_by: which reversals take it back.
        bands: rates, empty when `band_method` is interpolated; then `curve` and `target_amount` are there.
        credit_from, credit_to: days of the original events that count; None: those of the version.
    """

    code: str
    title: Title
    basis: str
    index: Index
    accumulate: str
    quota_kpi_code: str | None
    bands: tuple[Band, ...]
    line: int
    kind: str = "commission"
    measure: str = "amount"
    credit_source: str = "own"
    credit_share: Decimal = Decimal(1)
    band_method: str = "marginal"
    curve: tuple[CurvePoint, ...] = ()
    target_amount: Decimal | None = None
    is_prorated: bool = True
    is_extended: bool = False
    filters: tuple[tuple[str, str], ...] = ()
    factors: tuple[Factor, ...] = ()
    threshold: Threshold | None = None
    cap: Cap | None = None
    clawback: Clawback = field(default_factory=Clawback)
    reversed_by: tuple[str, ...] = ()
    credit_from: date | None = None
    credit_to: date | None = None

    @property
    def is_same_measure(self) -> bool:
        """Whether what picks the band is what is multiplied (T2)."""
        return (self.index.basis, self.index.measure, self.index.offset) == (self.basis, self.measure, 0)


@dataclass(frozen=True)
class Quota:
    """A target of the plan itself (Q3).

    Attributes:
        amount: of one `per` (month, quarter or year), in the unit of the KPI.
        seasonality: 4 or 12 shares of the year, or none: equal parts.
        periods: the period that it is prorated by (Q1).
        assignment: whom it is for; None: everyone the version pays.
    """

    kpi_code: str
    amount: Decimal
    per: str
    seasonality: tuple[Decimal, ...]
    periods: str
    assignment: Assignment | None
    line: int


@dataclass(frozen=True)
class Draw:
    """A monthly draw (D1, D2): guarantee, non_recoverable or recoverable.

    `from_month` and `to_month` are tenure months, both included. Recovery starts in the calendar month
    `recovery_from` or the tenure month `recovery_from_month`; neither: never.
    """

    type: str
    amount: Decimal
    minimum_amount: Decimal
    recovery_rate: Decimal
    from_month: int
    to_month: int | None
    recovery_from: str | None
    recovery_from_month: int | None
    line: int


@dataclass(frozen=True)
class Penalty:
    """A deduction from the month's pay when a KPI is below or above a bound (K4): an amount, or a rate of the pay."""

    code: str
    title: Title
    kpi_code: str
    comparison: str
    bound: Decimal
    amount: Decimal | None
    rate: Decimal | None
    limit_amount: Decimal
    line: int


@dataclass(frozen=True)
class LegalLimit:
    """The most of a month's pay that may be recovered, and what must remain (D4). `region` None: any."""

    region: str | None
    share: Decimal
    keep_amount: Decimal
    line: int


@dataclass(frozen=True)
class HoldRule:
    """Lines of such documents are earned, not payable (D5)."""

    code: str
    title: Title
    condition: str
    bound: Decimal
    line: int


@dataclass(frozen=True)
class Reward:
    """A non-cash reward (K5) for a grade of a scorecard, or for an attainment of a component."""

    code: str
    title: Title
    kind: str
    quantity: Decimal
    unit: str
    scorecard_code: str | None
    grade: str | None
    component_code: str | None
    attainment_from: Decimal | None
    line: int


@dataclass(frozen=True)
class Prize:
    """What a rank of a contest wins."""

    rank: int
    amount: Decimal
    line: int


@dataclass(frozen=True)
class Contest:
    """A ranking of all payees by what they are credited between two days (K6)."""

    code: str
    title: Title
    starts_on: date
    ends_on: date
    basis: str
    measure: str
    minimum_amount: Decimal
    filters: tuple[tuple[str, str], ...]
    prizes: tuple[Prize, ...]
    line: int


@dataclass(frozen=True)
class ScorecardKpi:
    """A KPI on a card, its weight, and the score above which more does not count (K1).

    `low` and `high` are the good range when `direction` is range. An empty `curve` is the attainment itself.
    """

    kpi_code: str
    weight: Decimal
    cap: Decimal
    line: int
    direction: str = "higher"
    low: Decimal | None = None
    high: Decimal | None = None
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True)
class GradeBand:
    """A grade for scores of `lower_score` or more, up to the next grade's, and its coefficient (K2, K3).

    `share` is its share of the seats under forced distribution.
    """

    grade: str
    lower_score: Decimal
    coefficient: Decimal
    line: int
    share: Decimal | None = None


@dataclass(frozen=True)
class Scorecard:
    """A scorecard and the bonus that its grade pays (K1–K3). The base is a whole period's, in the plan's currency."""

    code: str
    title: Title
    frequency: str
    missing_data: str
    bonus_base_amount: Decimal
    kpis: tuple[ScorecardKpi, ...]
    grades: tuple[GradeBand, ...]
    line: int
    grading: str = "bands"
    group_by: str | None = None
    is_employed_on_last_day: bool = False


@dataclass(frozen=True)
class PlanVersion:
    """The terms of a plan from `valid_from` to `valid_to`, both included; None: until further notice.

    `ramp` is the share of the quota by tenure month, from the month of `ramp_from` (hire or confirmation) on; after its
    last entry 1 (Q2). `components` holds the SPIFFs too, after the others.
    """

    version: str
    valid_from: date
    valid_to: date | None
    currency_code: str
    assignments: tuple[Assignment, ...]
    ramp: tuple[Decimal, ...]
    components: tuple[Component, ...]
    scorecards: tuple[Scorecard, ...]
    line: int
    ramp_from: str = "hire"
    leave_limit_days: int | None = None
    tail_days: int = 0
    is_after_confirmation: bool = False
    min_tenure_months: int = 0
    floor_amount: Decimal | None = None
    quotas: tuple[Quota, ...] = ()
    draw: Draw | None = None
    penalties: tuple[Penalty, ...] = ()
    legal_limits: tuple[LegalLimit, ...] = ()
    hold_rules: tuple[HoldRule, ...] = ()
    rewards: tuple[Reward, ...] = ()
    contests: tuple[Contest, ...] = ()

    @property
    def is_extra(self) -> bool:
        """Whether it only adds SPIFFs, contests and rewards, so that its people may have another plan beside it."""
        has_pay = any(component.kind == "commission" for component in self.components)
        return not (has_pay or self.scorecards or self.draw or self.penalties or self.floor_amount is not None)


@dataclass(frozen=True)
class Plan:
    """A plan file. `source_file` is its name below the folder of the plans, `file_sha256` of its bytes."""

    code: str
    title: Title
    versions: tuple[PlanVersion, ...]
    source_file: str
    file_sha256: str
    line: int
