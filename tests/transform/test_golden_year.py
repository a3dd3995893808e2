"""Golden numbers that need more than a month: draws, quotas by season, splits, and readings that only a year shows.

A company of its own, a year long, with a plan a case; what is expected was worked out by hand from the rules, in the
comments, and is read from the published tables.

Settled readings that published tables show: C1, C3, C5, Q4, Q6 (leaving) in `test_published`; T3, T4, T5 (no
attainment), T7, T8, T9 (lose), D3 (original rate, linear), C2, K6 (contest) in `golden`; draws, penalties and floor
(K4), thresholds, caps, curves and the legal limit (D4) month by month in `months`; here M3, C1 (unknown person, splits
that don't add up), C3 (cross, inverse, stale, reversal), C6, Q1, Q2, Q3, Q4 (whole quota, no threshold), Q5, Q6
(tail), T2, T3 (deal, roundings), T4 (own month), T5, T7 (holds), T8 and T9 (to date, carry, year), D1 and D2, D3, D4
(rounding, keep), D5, K1, K2, K3, K4 and K6. The reference engine agrees about every case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import duckdb
import pytest

from attain.publish import tables
from attain.reference import engine
from attain.settings import Settings
from attain.statement.rows import Row
from attain.statement.verify import first_fault, verify
from attain.transform import candidate, dbt
from tests.transform.conftest import BuiltHome
from tests.transform.landing import land
from tests.transform.test_published import same

EXTRACTED = datetime(2027, 1, 1, 2, 0, tzinfo=UTC)
TEN_PERCENT = "bands: [{from: 0, rate: 10%}]"


@dataclass(frozen=True)
class Case:
    """A plan of one component, on booked money unless `basis` says otherwise, its people, and their deals.

    Attributes:
        version: further keys of the plan version, as YAML, one a line.
        component: further keys of the component; its bands are among them.
        people: employee → what HR says beside number, name and role.
        deals: deal → owner, day, amount, and what the CRM says beside.
        refunds: day and amount taken back, of a deal that was invoiced and paid in full on its day.
        given: deal → what the CRM says of it in a later file.
        assign: who is on the plan, as YAML, one entry a line; the role of the case's people unless it says otherwise.
        starts: first day of the plan.
        later: further versions of the plan: first day, keys of the component.
        feeds: further rows that are delivered, by feed: of HR, or of finance as `finance.<feed>`.
    """

    code: str
    people: dict[str, dict[str, object]]
    deals: dict[str, tuple[str, str, str, dict[str, object]]]
    version: tuple[str, ...] = ()
    component: tuple[str, ...] = (TEN_PERCENT,)
    refunds: tuple[tuple[str, str, str], ...] = ()
    given: dict[str, dict[str, object]] = field(default_factory=dict)
    assign: tuple[str, ...] = ()
    starts: date = date(2026, 1, 1)
    accumulate: str = "month"
    index: str = "amount"
    basis: str = "booked"
    later: tuple[tuple[str, tuple[str, ...]], ...] = ()
    feeds: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    @property
    def plan(self) -> str:
        versions = [(self.starts, self.component)]
        versions += [(date.fromisoformat(day), keys) for day, keys in self.later]
        ends = [first_day - timedelta(days=1) for first_day, _ in versions[1:]]
        return f"plan: {self.code}\ntitle: {{en: {self.code}, zh: {self.code}}}\nversions:\n" + "".join(
            self._version(number, f"valid_from: {first_day}" + (f"\n    valid_to: {end}" if end else ""), keys)
            for number, ((first_day, keys), end) in enumerate(zip(versions, [*ends, None], strict=True), start=1)
        )

    def _version(self, number: int, days: str, keys: tuple[str, ...]) -> str:
        component = [
            "component: commission",
            "title: {en: Commission, zh: 提成}",
            f"basis: {self.basis}",
            f"index: {self.index}",
            f"accumulate: {self.accumulate}",
            *keys,
        ]
        return (
            f'  - version: "{number}"\n    {days}\n    currency: CNY\n    assign:\n'
            + "".join(f"      - {entry}\n" for entry in self.assign or (f"role: {self.code}",))
            + "    components:\n      - "
            + "\n        ".join(component)
            + "\n"
            + "".join(f"    {line}\n" for line in self.version)
        )


def _monthly(prefix: str, owner: str, amounts: tuple[str, ...]) -> dict[str, tuple[str, str, str, dict[str, object]]]:
    return {
        f"{prefix}{month}": (owner, f"2026-{month:02d}-10", amount, {}) for month, amount in enumerate(amounts, start=1)
    }


_APPROVED: dict[str, object] = {"leave_type": "annual", "leave_status": "approved"}
_JOINED: dict[str, object] = {"hire_date": date(2026, 1, 1)}
_SEASONS = "quotas: [{{kpi: booked_amount, amount: 100000, per: year, seasonality: [20%, 20%, 20%, 40%]{periods}}}]"
_ATTAINMENT = ("quota_kpi: booked_amount", "bands: [{from: 0%, rate: 1%}]")


def _card(*keys: str) -> str:
    return "scorecards: [{scorecard: card, title: {en: Card, zh: 考核}, " + ", ".join(keys) + "}]"


def _ratings(period: str, objective: str, ratings: dict[str, str]) -> list[dict[str, object]]:
    return [
        {"employee_id": person, "period": period, "objective_code": objective, "rating": rating}
        for person, rating in ratings.items()
    ]


_LITTLE = (
    "penalties: [{penalty: little, title: {en: Too little, zh: 签约不足}, kpi: booked_amount, below: 11000,"
    " amount: 400, limit: 400}]"
)


def _invoice(deal: str, day: str, amount: str, currency: str = "CNY") -> dict[str, object]:
    return {
        "invoice_no": f"I-{deal}",
        "document_no": deal,
        "invoice_date": date.fromisoformat(day),
        "amount": amount,
        "currency_code": currency,
        "invoice_status": "issued",
    }


def _receipts(deal: str, *received: tuple[str, str], currency: str = "CNY") -> list[dict[str, object]]:
    return [
        {
            "receipt_no": f"R-{deal}-{number}",
            "invoice_no": f"I-{deal}",
            "receipt_date": date.fromisoformat(day),
            "amount": amount,
            "currency_code": currency,
            "receipt_type": "refund" if amount.startswith("-") else "receipt",
        }
        for number, (day, amount) in enumerate(received, start=1)
    ]


def _rates(*rates: tuple[str, str, str, str]) -> list[dict[str, object]]:
    return [
        {
            "rate_date": date.fromisoformat(day),
            "from_currency": quoted,
            "to_currency": other,
            "unit": "1",
            "rate": rate,
            "rate_type": "middle",
        }
        for day, quoted, other, rate in rates
    ]


def _discounts(applies_to: str, rate: str, factors: str) -> tuple[str, ...]:
    return (
        f"bands: [{{from: 0, to: 10000, rate: {rate}}}, {{from: 10000, rate: 8%}}]",
        "factors: [{factor: discount, title: {en: Discount, zh: 折扣}, by: discount,"
        f" applies_to: {applies_to}, bands: {factors}}}]",
    )


def _discounted(person: str) -> dict[str, tuple[str, str, str, dict[str, object]]]:
    """A discount of 5 %, which is outside the tables of the cases, and one of 20 %."""
    return {
        f"{person}-1": (person, "2026-01-10", "9500", {"list_amount": "10000"}),
        f"{person}-2": (person, "2026-01-20", "1000", {"list_amount": "1250"}),
    }


def _of_either(person: str) -> dict[str, tuple[str, str, str, dict[str, object]]]:
    days = {"2026-01-15": "6000", "2026-01-16": "6000", "2026-02-10": "1000"}
    return {f"{person}-{day}": (person, day, amount, {}) for day, amount in days.items()}


def _whole(below: str, above: str) -> str:
    return f"bands: [{{from: 0, to: 10000, rate: {below}}}, {{from: 10000, rate: {above}}}]"


_IN_JANUARY = "[{from: 10%, to: 20%, factor: 1}, {from: 20%, factor: 0.5}]"
_LATER = "[{from: 0, factor: 0.9}]"
# A group of six, scored by a rating; one of four, and a fifth whom nobody rated.
_NORTH = {"F1": "1.2", "F2": "1.0", "F3": "1.0", "F4": "0.9", "F5": "0.8", "F6": "0.7"}
_WEST = {"F7": "1.2", "F8": "1.15", "F9": "1.0", "F10": "0.95"}

CASES = (
    Case("m1_large", {"BIG": _JOINED}, {"BIG-1": ("BIG", "2026-01-10", "20000000000.00", {})}),
    Case(
        "d1_guarantee",
        {"G1": _JOINED},
        {"G1-1": ("G1", "2026-01-10", "32000", {})},
        version=("draw: {type: guarantee, amount: 5000, from_month: 0, to_month: 0}",),
    ),
    Case(
        "d1_on_top",
        {"G2": _JOINED},
        {"G2-1": ("G2", "2026-01-10", "32000", {})},
        version=("draw: {type: non_recoverable, amount: 1000, from_month: 0, to_month: 0}",),
    ),
    Case(
        "d2_recoverable",
        {"G3": _JOINED},
        _monthly("G3-", "G3", ("5000", "7000", "4000", "13000", "18000", "11000", "0", "13000")),
        version=(
            "draw: {type: recoverable, amount: 1000, minimum: 1000, recovery_rate: 100%, recovery_from: 2026-04,"
            " from_month: 0, to_month: 5}",
        ),
    ),
    Case(
        "q3_quarters",
        {"Q1": {"hire_date": date(2026, 3, 1)}},
        {"Q1-1": ("Q1", "2026-03-10", "1000", {})},
        version=(_SEASONS.format(periods=""),),
        component=_ATTAINMENT,
        accumulate="year",
        index="attainment",
    ),
    Case(
        "q3_months",
        {"Q2": {"hire_date": date(2026, 3, 1)}},
        {"Q2-1": ("Q2", "2026-03-10", "1000", {})},
        version=(_SEASONS.format(periods=", periods: month"),),
        component=_ATTAINMENT,
        accumulate="year",
        index="attainment",
    ),
    Case(
        "m3_split",
        {"M1": _JOINED, "M2": _JOINED},
        {
            "M1-1": (
                "M1",
                "2026-03-10",
                "6.45",
                {"split_owner_1": "M1", "split_percent_1": "30", "split_owner_2": "M2", "split_percent_2": "70"},
            )
        },
    ),
    Case(
        "q2_ramp",
        {"R1": {"hire_date": date(2026, 2, 1)}},
        {"R1-1": ("R1", "2026-02-10", "1000", {})},
        version=(
            "ramp: [50%, 75%]",
            "quotas: [{kpi: booked_amount, amount: 9000, per: quarter}]",
        ),
        component=_ATTAINMENT,
        accumulate="quarter",
        index="attainment",
    ),
    # Until March one manager has the seller's credit, from April the other; a reversal goes where the credit went.
    Case(
        "c6_override",
        {"O1": _JOINED, "O2": _JOINED, "OS": _JOINED | {"role": "Nobody's role"}},
        {"OS-1": ("OS", "2026-03-10", "10000", {}), "OS-2": ("OS", "2026-04-10", "5000", {})},
        component=("credit: team", "bands: [{from: 0, rate: 1%}]"),
        refunds=(("OS-1", "2026-05-10", "4000"),),
        feeds={
            "reporting_lines": [
                {"employee_id": "OS", "manager_id": "O1", "team": "one", "valid_to": date(2026, 3, 31)},
                {"employee_id": "OS", "manager_id": "O2", "team": "two", "valid_from": date(2026, 4, 1)},
            ]
        },
    ),
    Case(
        "q1_leave",
        {"L1": _JOINED, "L2": _JOINED},
        {"L1-1": ("L1", "2026-02-10", "1000", {}), "L2-1": ("L2", "2026-02-10", "1000", {})},
        version=("leave_limit_days: 10", "quotas: [{kpi: booked_amount, amount: 9000, per: quarter}]"),
        component=_ATTAINMENT,
        accumulate="quarter",
        index="attainment",
        feeds={
            "leave": [
                {"employee_id": "L1", "leave_from": date(2026, 1, 25), "leave_to": date(2026, 2, 13)} | _APPROVED,
                {"employee_id": "L2", "leave_from": date(2026, 2, 1), "leave_to": date(2026, 2, 10)} | _APPROVED,
            ]
        },
    ),
    Case(
        "q6_tail",
        {"T1": _JOINED | {"leave_date": date(2026, 3, 31)}},
        {
            "T1-1": ("T1", "2026-03-10", "1000", {}),
            "T1-2": ("T1", "2026-04-30", "1000", {}),
            "T1-3": ("T1", "2026-05-01", "1000", {}),
        },
        version=("tail_days: 30",),
        refunds=(("T1-1", "2026-06-10", "1000"),),
    ),
    # The month before picks the band: 8,000 in January is below 10,000, 12,000 in February is not.
    Case(
        "t2_month_before",
        {"I1": _JOINED},
        _monthly("I1-", "I1", ("8000", "12000", "1000")),
        component=(
            "band_method: retroactive",
            "bands: [{from: 0, to: 10000, rate: 1%}, {from: 10000, rate: 3%}]",
        ),
        index="{as: amount, basis: booked, measure: amount, offset: -1}",
    ),
    Case(
        "t9_carry",
        {"C1": _JOINED},
        _monthly("C1-", "C1", ("1000", "300", "0", "2000")),
        component=(TEN_PERCENT, "cap: {amount: 60, per: period, excess: carry}"),
    ),
    Case(
        "t5_curve",
        {"V1": {"hire_date": date(2026, 1, 11)}},
        {"V1-1": ("V1", "2026-01-20", "5250", {})},
        version=("quotas: [{kpi: booked_amount, amount: 9300, per: month}]",),
        component=(
            "quota_kpi: booked_amount",
            "band_method: interpolated",
            "target_amount: 3100",
            "curve: [{at: 50%, pay: 40%}, {at: 100%, pay: 100%}]",
        ),
        index="attainment",
    ),
    Case(
        "d5_release",
        {"H1": _JOINED},
        {"H1-1": ("H1", "2026-01-10", "12000", {}), "H1-2": ("H1", "2026-01-20", "1000", {})},
        version=("holds: [{hold: large, title: {en: Large, zh: 大额}, document_amount_above: 10000}]",),
        component=("bands: [{from: 0, to: 10000, rate: 5%}, {from: 10000, rate: 8%}]",),
    ),
    Case(
        "d5_released",
        {"H2": _JOINED},
        {"H2-1": ("H2", "2026-01-10", "12000", {}), "H2-2": ("H2", "2026-01-20", "1000", {})},
        version=("holds: [{hold: large, title: {en: Large, zh: 大额}, document_amount_above: 10000}]",),
        component=("bands: [{from: 0, to: 10000, rate: 5%}, {from: 10000, rate: 8%}]",),
        feeds={
            "exceptions": [
                {
                    "exception_no": "X1",
                    "employee_id": "H2",
                    "exception_type": "release",
                    "period": "2026-01",
                    "document_id": "H2-1",
                    "reason": "the customer has paid",
                    "approved_by": "Finance",
                    "approved_date": date(2026, 2, 1),
                }
            ]
        },
    ),
    Case(
        "k6_spiff",
        {"S1": _JOINED},
        {"S1-1": ("S1", "2026-01-10", "1000", {})},
        version=(
            "spiffs: [{spiff: launch, title: {en: Launch, zh: 上市}, from: 2026-01-01, to: 2026-01-31, basis: booked,"
            " measure: amount, pay: {rate: 5%}}]",
        ),
        refunds=(("S1-1", "2026-06-10", "1000"),),
    ),
    Case(
        "d1_negative_month",
        {"N1": _JOINED},
        {"N1-1": ("N1", "2026-01-10", "12000", {})},
        refunds=(("N1-1", "2026-02-10", "12000"),),
        version=("draw: {type: guarantee, amount: 500, from_month: 1, to_month: 1}",),
    ),
    Case(
        "k1_directions",
        {"K1": _JOINED},
        {"K1-1": ("K1", "2026-01-10", "12000", {})},
        version=(
            _card(
                "frequency: month, missing_data: zero, bonus_base: 1000",
                "kpis: [{kpi: booked_amount, weight: 0.5, cap: 1.5, direction: lower}, "
                '{kpi: "mbo:below", weight: 0.1, cap: 1, direction: range, low: 0.8, high: 2}, '
                '{kpi: "mbo:above", weight: 0.2, cap: 1, direction: range, low: 0.8, high: 2}, '
                '{kpi: "mbo:inside", weight: 0.1, cap: 1, direction: range, low: 0.8, high: 2}, '
                '{kpi: "mbo:worst", weight: 0.1, cap: 1, direction: lower}]',
                "grades: [{grade: A, from: 0.725, coefficient: 0.8}, {grade: B, from: 0, coefficient: 0.5}]",
            ),
        ),
        feeds={
            "targets": [
                {
                    "employee_id": "K1",
                    "kpi_code": "booked_amount",
                    "period": "2026-01",
                    "target_value": "10000",
                    "currency_code": "CNY",
                }
            ],
            "ratings": [
                *_ratings("2026-01", "below", {"K1": "0.6"}),
                *_ratings("2026-01", "above", {"K1": "2.5"}),
                *_ratings("2026-01", "inside", {"K1": "1.5"}),
                *_ratings("2026-01", "worst", {"K1": "2.3"}),
            ],
        },
    ),
    Case(
        "k2_forced",
        {person: _JOINED | {"region": "North"} for person in _NORTH}
        | {person: _JOINED | {"region": "West"} for person in (*_WEST, "F11")},
        {},
        version=(
            _card(
                "frequency: quarter, missing_data: hold, bonus_base: 1000, grading: forced, group: region",
                'kpis: [{kpi: "mbo:plan", weight: 1, cap: 1.5}]',
                "grades: [{grade: A, from: 1.1, coefficient: 1.5}, {grade: B, from: 0.9, coefficient: 1}, "
                "{grade: C, from: 0, coefficient: 0.5}]",
                "distribution: [{grade: A, share: 25%}, {grade: B, share: 50%}, {grade: C, share: 25%}]",
            ),
        ),
        feeds={"ratings": _ratings("2026-Q1", "plan", _NORTH | _WEST)},
    ),
    Case(
        "k3_proration",
        {"P1": _JOINED, "P2": _JOINED, "P3": {"hire_date": date(2026, 2, 1)}},
        {},
        version=(
            "leave_limit_days: 10",
            _card(
                "frequency: quarter, missing_data: hold, bonus_base: 900",
                'kpis: [{kpi: "mbo:plan", weight: 1, cap: 1.5}]',
                "grades: [{grade: A, from: 1, coefficient: 1.5}, {grade: B, from: 0, coefficient: 0.5}]",
            ),
        ),
        feeds={
            "ratings": _ratings("2026-Q1", "plan", {"P1": "1", "P2": "1", "P3": "0.999999"}),
            "leave": [
                {"employee_id": "P1", "leave_from": date(2026, 1, 25), "leave_to": date(2026, 2, 13)} | _APPROVED,
                {"employee_id": "P2", "leave_from": date(2026, 2, 1), "leave_to": date(2026, 2, 10)} | _APPROVED,
            ],
        },
    ),
    Case(
        "k4_floor_larger",
        {"E1": _JOINED},
        _monthly("E1-", "E1", ("10000", "20000")),
        version=(_LITTLE, "draw: {type: guarantee, amount: 500, from_month: 0, to_month: 0}", "floor: 800"),
    ),
    Case(
        "k4_floor_smaller",
        {"E2": _JOINED},
        _monthly("E2-", "E2", ("7000", "20000")),
        version=(_LITTLE, "draw: {type: guarantee, amount: 500, from_month: 0, to_month: 0}", "floor: 300"),
    ),
    # 5 % of the month's pay may be recovered, rounded down; 3,050 must remain.
    Case(
        "d4_bounds",
        {"B1": _JOINED | {"base_salary_amount": "3000", "salary_currency_code": "CNY"}},
        _monthly("B1-", "B1", ("12000", "0", "3333.30", "1000", "12000")),
        refunds=(("B1-1", "2026-02-10", "12000"),),
        version=("legal_limit: [{share: 5%, keep: 3050}]",),
    ),
    # Rates of the table's base currency, the dollar; two are of 10 January, of the next day are others.
    Case(
        "c3_rates",
        {"X1": _JOINED},
        {
            "X1-1": ("X1", "2026-01-12", "150000", {"currency_code": "JPY"}),
            "X1-2": ("X1", "2026-01-17", "150000", {"currency_code": "JPY"}),
            "X1-3": ("X1", "2026-01-18", "150000", {"currency_code": "JPY"}),
            "X1-4": ("X1", "2026-01-12", "100", {"currency_code": "USD"}),
            "X1-5": ("X1", "2026-01-12", "100", {"currency_code": "EUR"}),
        },
        refunds=(("X1-4", "2026-02-10", "100"),),
        feeds={
            "finance.fx_rates": _rates(
                ("2026-01-10", "USD", "CNY", "7.2"),
                ("2026-01-10", "USD", "JPY", "150"),
                ("2026-01-10", "USD", "GBP", "0.8"),
                ("2026-01-11", "USD", "CNY", "7.3"),
                ("2026-01-11", "CNY", "EUR", "0.125"),
                ("2026-02-10", "USD", "CNY", "8"),
            )
        },
    ),
    Case(
        "d3_spread",
        {"D1": _JOINED},
        {"D1-1": ("D1", "2026-01-05", "300", {"currency_code": "USD"})},
        basis="collected",
        feeds={
            "finance.invoices": [_invoice("D1-1", "2026-01-05", "300", "USD")],
            "finance.receipts": _receipts(
                "D1-1",
                ("2026-01-10", "100"),
                ("2026-02-10", "200"),
                ("2026-03-10", "-100.01"),
                ("2026-04-10", "-250"),
                currency="USD",
            ),
        },
    ),
    Case(
        "d3_unpaid",
        {"U1": _JOINED},
        {"U1-1": ("U1", "2026-01-05", "10000", {})},
        component=(TEN_PERCENT, "clawback: {unpaid_days: 30}"),
        feeds={
            "finance.invoices": [_invoice("U1-1", "2026-01-10", "10000")],
            "finance.receipts": _receipts(
                "U1-1", ("2026-02-09", "4000"), ("2026-03-15", "2500"), ("2026-04-15", "3500")
            ),
        },
    ),
    Case(
        "d3_window",
        {"W1": _JOINED},
        {"W1-1": ("W1", "2026-01-10", "1000", {}), "W1-2": ("W1", "2026-01-10", "2000", {})},
        component=(TEN_PERCENT, "clawback: {window_months: 3}"),
        refunds=(("W1-1", "2026-04-10", "1000"), ("W1-2", "2026-04-11", "2000")),
    ),
    Case(
        "d3_reversed_by",
        {"Y1": _JOINED},
        {"Y1-1": ("Y1", "2026-01-10", "1000", {}), "Y1-2": ("Y1", "2026-01-10", "1000", {})},
        component=(TEN_PERCENT, "reversed_by: [credit_note]"),
        refunds=(("Y1-1", "2026-03-10", "300"),),
        feeds={
            "finance.invoices": [_invoice("Y1-2", "2026-01-10", "1000")],
            "finance.credit_notes": [
                {
                    "credit_note_no": "N-Y1-2",
                    "invoice_no": "I-Y1-2",
                    "credit_note_date": date(2026, 3, 10),
                    "amount": "400",
                    "currency_code": "CNY",
                }
            ],
        },
    ),
    Case(
        "t7_pay_hold",
        {"A1": _JOINED},
        _discounted("A1"),
        component=_discounts("pay", "5%", _IN_JANUARY),
        later=(("2026-02-01", _discounts("pay", "6%", _LATER)),),
        refunds=(("A1-2", "2026-02-10", "400"),),
    ),
    Case(
        "t7_credit_hold",
        {"A2": _JOINED},
        _discounted("A2"),
        component=_discounts("credit", "5%", _IN_JANUARY),
        later=(("2026-02-01", _discounts("credit", "6%", _LATER)),),
        refunds=(("A2-2", "2026-02-10", "400"),),
    ),
    # A second version from 16 January: 6,000 of the day before are of the first, which counts its last day (Q1).
    Case(
        "t2_versions_month_before",
        {"I2": _JOINED},
        _of_either("I2"),
        component=("band_method: retroactive", _whole("1%", "3%")),
        later=(("2026-01-16", ("band_method: retroactive", _whole("2%", "4%"))),),
        index="{as: amount, basis: booked, measure: amount, offset: -1}",
    ),
    Case(
        "t2_versions_same_month",
        {"I3": _JOINED},
        _of_either("I3"),
        component=("band_method: retroactive", _whole("1%", "3%")),
        later=(("2026-01-16", ("band_method: retroactive", _whole("2%", "4%"))),),
    ),
    Case(
        "t5_not_prorated",
        {"V2": {"hire_date": date(2026, 1, 11)}, "V3": {"hire_date": date(2026, 1, 11)}},
        {"V2-1": ("V2", "2026-01-20", "5250", {}), "V3-1": ("V3", "2026-01-20", "3149.99", {})},
        version=("quotas: [{kpi: booked_amount, amount: 9300, per: month}]",),
        component=(
            "quota_kpi: booked_amount",
            "band_method: interpolated",
            "target_amount: 3100",
            "prorate: false",
            "curve: [{at: 50%, pay: 40%}, {at: 100%, pay: 100%}]",
        ),
        index="attainment",
    ),
    # What comes back of what a cap cut: half of the line's 100, of which 60 were paid.
    Case(
        "d3_original_rate_capped",
        {"Z1": _JOINED},
        {"Z1-1": ("Z1", "2026-01-10", "1000", {})},
        component=(
            TEN_PERCENT,
            "cap: {amount: 60, per: period, excess: lose}",
            "clawback: {method: original_rate}",
        ),
        refunds=(("Z1-1", "2026-03-10", "500"),),
    ),
    Case(
        "d3_linear_month_ends",
        {"Z2": _JOINED},
        {
            "Z2-1": ("Z2", "2026-01-31", "1200", {}),
            "Z2-2": ("Z2", "2026-01-30", "1200", {}),
            "Z2-3": ("Z2", "2026-01-31", "1200", {}),
        },
        component=(TEN_PERCENT, "clawback: {schedule: linear, linear_months: 12}"),
        refunds=(
            ("Z2-1", "2026-02-28", "1200"),
            ("Z2-2", "2026-03-29", "1200"),
            ("Z2-3", "2026-04-30", "1200"),
        ),
    ),
    Case(
        "d3_booked_defaults",
        {"Z3": _JOINED},
        {"Z3-1": ("Z3", "2026-01-10", "1000", {})},
        feeds={
            "finance.invoices": [_invoice("Z3-1", "2026-01-10", "1000")],
            "finance.receipts": _receipts("Z3-1", ("2026-01-20", "1000"), ("2026-03-10", "-900")),
            "finance.write_offs": [
                {
                    "write_off_no": "B-Z3-1",
                    "invoice_no": "I-Z3-1",
                    "write_off_date": date(2026, 2, 10),
                    "amount": "400",
                    "currency_code": "CNY",
                }
            ],
        },
    ),
    Case(
        "d3_collected_defaults",
        {"Z4": _JOINED},
        {"Z4-1": ("Z4", "2026-01-10", "1000", {})},
        basis="collected",
        feeds={
            "finance.invoices": [_invoice("Z4-1", "2026-01-10", "1000")],
            "finance.receipts": _receipts("Z4-1", ("2026-01-20", "1000"), ("2026-03-10", "-900")),
            "finance.write_offs": [
                {
                    "write_off_no": "B-Z4-1",
                    "invoice_no": "I-Z4-1",
                    "write_off_date": date(2026, 2, 10),
                    "amount": "400",
                    "currency_code": "CNY",
                }
            ],
        },
    ),
    *(
        Case(
            f"k1_{missing}",
            {f"K1-{missing}": _JOINED},
            {},
            version=(
                _card(
                    f"frequency: quarter, missing_data: {missing}, bonus_base: 1000",
                    'kpis: [{kpi: "mbo:plan", weight: 0.5, cap: 1}, {kpi: "mbo:team", weight: 0.25, cap: 1},'
                    ' {kpi: "mbo:none", weight: 0.25, cap: 1}]',
                    "grades: [{grade: A, from: 0.866667, coefficient: 1}, {grade: B, from: 0, coefficient: 0.5}]",
                ),
            ),
            feeds={
                "ratings": [
                    *_ratings("2026-Q1", "plan", {f"K1-{missing}": "0.8"}),
                    *_ratings("2026-Q1", "team", {f"K1-{missing}": "1.2"}),
                ]
            },
        )
        for missing in ("reweight", "zero", "hold")
    ),
    Case(
        "t3_deal",
        {"J1": _JOINED},
        {"J1-1": ("J1", "2026-01-05", "12000", {}), "J1-2": ("J1", "2026-01-05", "1000", {})},
        component=("bands: [{from: 0, to: 10000, rate: 5%}, {from: 10000, rate: 8%}]",),
        basis="collected",
        accumulate="deal",
        feeds={
            "finance.invoices": [_invoice("J1-1", "2026-01-05", "12000"), _invoice("J1-2", "2026-01-05", "1000")],
            "finance.receipts": [
                *_receipts("J1-1", ("2026-01-10", "9000"), ("2026-02-11", "3000")),
                *_receipts("J1-2", ("2026-02-10", "1000")),
            ],
        },
    ),
    Case(
        "t4_quarter",
        {"J2": _JOINED},
        _monthly("J2-", "J2", ("6000", "6000")),
        component=("band_method: retroactive", _whole("1%", "3%")),
        accumulate="quarter",
    ),
    Case(
        "t8_from_first_to_date",
        {"J3": _JOINED},
        _monthly("J3-", "J3", ("1000", "600")),
        component=(TEN_PERCENT, "threshold: {at: 1500, pays: from_first}"),
        accumulate="quarter",
    ),
    Case(
        "t8_above_to_date",
        {"J4": _JOINED},
        _monthly("J4-", "J4", ("1000", "1000")),
        component=(
            "bands: [{from: 0, to: 1000, rate: 5%}, {from: 1000, rate: 10%}]",
            "threshold: {at: 1500, pays: above}",
        ),
        accumulate="quarter",
    ),
    Case(
        "q2_confirmation",
        {"R2": _JOINED | {"confirmation_date": date(2026, 3, 15)}},
        _monthly("R2-", "R2", ("100", "100", "100", "100", "100")),
        version=(
            "ramp: {from: confirmation, shares: [50%, 75%]}",
            "quotas: [{kpi: booked_amount, amount: 3000, per: month}]",
        ),
        component=_ATTAINMENT,
        index="attainment",
    ),
    Case(
        "q4_whole_quota",
        {"R3": _JOINED},
        {"R3-1": ("R3", "2026-01-10", "5000", {})},
        version=("quotas: [{kpi: booked_amount, amount: 9000, per: quarter}]",),
        component=("quota_kpi: booked_amount", "bands: [{from: 0%, to: 50%, rate: 1%}, {from: 50%, rate: 2%}]"),
        accumulate="quarter",
        index="attainment",
    ),
    Case(
        "q4_no_quota",
        {"R4": _JOINED},
        {"R4-1": ("R4", "2026-01-10", "1000", {})},
        component=(
            "quota_kpi: booked_amount",
            "bands: [{from: 0%, to: 50%, rate: 1%}, {from: 50%, rate: 2%}]",
            "threshold: {at: 50%, pays: from_first}",
        ),
        index="attainment",
    ),
    Case(
        "d2_no_recovery",
        {"G4": {"hire_date": date(2026, 1, 20)}},
        {"G4-1": ("G4", "2026-01-25", "3000", {}), "G4-2": ("G4", "2026-02-10", "20000", {})},
        version=("draw: {type: recoverable, amount: 1000, from_month: 0, to_month: 0}",),
    ),
    Case(
        "d1_held",
        {"G5": _JOINED},
        {"G5-1": ("G5", "2026-01-10", "12000", {})},
        version=(
            "holds: [{hold: large, title: {en: Large, zh: 大额}, document_amount_above: 10000}]",
            "draw: {type: guarantee, amount: 500, from_month: 0, to_month: 0}",
        ),
        component=(TEN_PERCENT, "cap: {amount: 900, per: period, excess: lose}"),
    ),
    # An overlay of half of a stranger's deal, and a deal of their own: only this one rolls up.
    Case(
        "c6_overlay",
        {"OM": _JOINED, "OA": _JOINED | {"role": "Nobody's role"}, "OB": _JOINED | {"role": "Nobody's role"}},
        {
            "OB-1": ("OB", "2026-01-10", "4000", {"overlay_owner_1": "OA", "overlay_percent_1": "50"}),
            "OA-1": ("OA", "2026-01-10", "1000", {}),
        },
        component=("credit: team", "bands: [{from: 0, rate: 1%}]"),
        feeds={"reporting_lines": [{"employee_id": "OA", "manager_id": "OM", "team": "one"}]},
    ),
    Case(
        "k4_after_the_draw",
        {"E3": _JOINED},
        {"E3-1": ("E3", "2026-01-10", "3000", {})},
        version=(_LITTLE, "draw: {type: non_recoverable, amount: 500, from_month: 0, to_month: 0}"),
    ),
    Case(
        "t9_to_date",
        {"C2": _JOINED},
        _monthly("C2-", "C2", ("500", "500", "500")),
        component=(TEN_PERCENT, "cap: {amount: 60, per: period, excess: lose}"),
        accumulate="quarter",
    ),
    # Each receipt is split by itself, in dollars; its parts are converted.
    Case(
        "m3_receipts",
        {"M3": _JOINED, "M4": _JOINED},
        {
            "M3-1": (
                "M3",
                "2026-01-05",
                "12.90",
                {
                    "currency_code": "USD",
                    "split_owner_1": "M3",
                    "split_percent_1": "30",
                    "split_owner_2": "M4",
                    "split_percent_2": "70",
                },
            )
        },
        basis="collected",
        feeds={
            "finance.invoices": [_invoice("M3-1", "2026-01-05", "12.90", "USD")],
            "finance.receipts": _receipts("M3-1", ("2026-01-10", "6.45"), ("2026-02-10", "6.45"), currency="USD"),
        },
    ),
    # A split to somebody whom nobody knows; splits of 90 % with an overlay.
    Case(
        "c1_splits",
        {"N2": _JOINED, "N3": _JOINED},
        {
            "N2-1": (
                "N2",
                "2026-01-10",
                "1000",
                {"split_owner_1": "N2", "split_percent_1": "40", "split_owner_2": "N9", "split_percent_2": "60"},
            ),
            "N2-2": (
                "N2",
                "2026-01-10",
                "1000",
                {
                    "split_owner_1": "N2",
                    "split_percent_1": "90",
                    "overlay_owner_1": "N3",
                    "overlay_percent_1": "50",
                },
            ),
        },
    ),
    Case("t3_rounding", {"J5": _JOINED}, _monthly("J5-", "J5", ("0.05", "0.05", "0.05")), accumulate="quarter"),
    # What comes back in February is more than February's sale.
    Case(
        "t3_below_zero",
        {"J6": _JOINED},
        {"J6-1": ("J6", "2026-01-10", "12000", {}), "J6-2": ("J6", "2026-02-10", "1000", {})},
        component=(_whole("5%", "8%"),),
        refunds=(("J6-1", "2026-02-20", "12000"),),
    ),
    Case(
        "t5_flat",
        {"V4": _JOINED},
        {"V4-1": ("V4", "2026-01-20", "20000", {})},
        version=("quotas: [{kpi: booked_amount, amount: 10000, per: month}]",),
        component=(
            "quota_kpi: booked_amount",
            "band_method: interpolated",
            "target_amount: 3100",
            "curve: [{at: 50%, pay: 40%}, {at: 100%, pay: 100%}]",
        ),
        index="attainment",
    ),
    # 3,000 of 12,000 come back in February; it is called off in March, after a sale of 1,000.
    Case(
        "d3_cancelled",
        {"CA1": _JOINED},
        {
            "CA1-1": ("CA1", "2026-01-10", "12000", {"cancelled_date": date(2026, 3, 20)}),
            "CA1-2": ("CA1", "2026-03-10", "1000", {}),
        },
        component=(_whole("5%", "8%"),),
        refunds=(("CA1-1", "2026-02-10", "3000"),),
    ),
    # What was paid is taken back when it is paid back, not when the deal is called off.
    Case(
        "d3_cancelled_collected",
        {"CA2": _JOINED},
        {"CA2-1": ("CA2", "2026-01-10", "1000", {"cancelled_date": date(2026, 3, 20)})},
        basis="collected",
        refunds=(("CA2-1", "2026-04-10", "400"),),
    ),
    # The same months of two people; of one the held 660 are released in March.
    Case(
        "d1_release",
        {"H3": _JOINED, "H4": _JOINED},
        {
            f"{person}-{number}": (person, day, amount, {})
            for person in ("H3", "H4")
            for number, (day, amount) in enumerate(
                (("2026-01-10", "12000"), ("2026-01-20", "1000"), ("2026-03-10", "2000")), start=1
            )
        },
        version=(
            "holds: [{hold: large, title: {en: Large, zh: 大额}, document_amount_above: 10000}]",
            "draw: {type: recoverable, amount: 800, minimum: 0, recovery_rate: 50%, recovery_from: 2026-03,"
            " from_month: 0, to_month: 1}",
        ),
        component=(_whole("5%", "8%"),),
        feeds={
            "exceptions": [
                {
                    "exception_no": "X2",
                    "employee_id": "H4",
                    "exception_type": "release",
                    "period": "2026-03",
                    "document_id": "H4-1",
                    "reason": "the customer has paid",
                    "approved_by": "Finance",
                    "approved_date": date(2026, 3, 5),
                }
            ]
        },
    ),
    # A team a segment; the second person is on no plan in between. The second version starts on 15 February.
    Case(
        "q5_segments",
        {"SG1": _JOINED, "SG2": {"hire_date": date(2025, 6, 1)}},
        {
            "SG1-1": ("SG1", "2026-01-05", "2000", {}),
            "SG1-2": ("SG1", "2026-01-20", "2000", {}),
            "SG1-3": ("SG1", "2026-02-14", "2000", {}),
            "SG1-4": ("SG1", "2026-02-15", "1000", {}),
            "SG1-5": ("SG1", "2026-03-10", "5000", {}),
            "SG2-1": ("SG2", "2026-01-05", "3150", {}),
            "SG2-2": ("SG2", "2026-01-15", "1000", {}),
            "SG2-3": ("SG2", "2026-01-25", "1000", {}),
        },
        version=(
            "ramp: [50%]",
            "quotas:",
            "  - {kpi: booked_amount, amount: 3100, per: month, assign: {team: Q5 North}}",
            "  - {kpi: booked_amount, amount: 6200, per: month, assign: {team: Q5 South}}",
        ),
        component=(
            "quota_kpi: booked_amount",
            "bands: [{from: 0%, to: 50%, rate: 1%}, {from: 50%, to: 100%, rate: 2%}, {from: 100%, rate: 4%}]",
        ),
        later=(
            (
                "2026-02-15",
                ("quota_kpi: booked_amount", "bands: [{from: 0%, to: 50%, rate: 2%}, {from: 50%, rate: 3%}]"),
            ),
        ),
        assign=("{role: q5_segments, team: Q5 North}", "{role: q5_segments, team: Q5 South}"),
        accumulate="quarter",
        index="attainment",
        feeds={
            "reporting_lines": [
                {"employee_id": "SG1", "team": "Q5 North", "valid_to": date(2026, 1, 10)},
                {"employee_id": "SG1", "team": "Q5 South", "valid_from": date(2026, 1, 11)},
                {"employee_id": "SG2", "team": "Q5 North", "valid_to": date(2026, 1, 10)},
                {
                    "employee_id": "SG2",
                    "team": "Q5 Elsewhere",
                    "valid_from": date(2026, 1, 11),
                    "valid_to": date(2026, 1, 20),
                },
                {"employee_id": "SG2", "team": "Q5 South", "valid_from": date(2026, 1, 21)},
            ]
        },
    ),
    # A list price that nobody told; of A4 and A6 a later file tells it: 1 - 9,800 ÷ 11,000 is a factor of 1.
    *(
        Case(
            f"t7_{applies_to}_released",
            dict.fromkeys(people, _JOINED),
            {
                f"{person}-{number}": (person, day, amount, said)
                for person in people
                for number, (day, amount, said) in enumerate(
                    (("2026-01-10", "9800", {}), ("2026-01-20", "1000", {"list_amount": "1250"})), start=1
                )
            },
            component=_discounts(applies_to, "5%", _IN_JANUARY),
            given={f"{people[1]}-1": {"list_amount": "11000"}},
        )
        for applies_to, people in (("pay", ("A3", "A4")), ("credit", ("A5", "A6")))
    ),
    Case(
        "t9_year_lose",
        {"CY1": _JOINED},
        _monthly("CY1-", "CY1", ("600", "600", "300")),
        component=(TEN_PERCENT, "cap: {amount: 100, per: year, excess: lose}"),
        refunds=(("CY1-2", "2026-04-10", "600"),),
    ),
    Case(
        "t9_year_carry",
        {"CY2": {"hire_date": date(2025, 1, 1)}},
        {
            "CY2-1": ("CY2", "2025-11-10", "800", {}),
            "CY2-2": ("CY2", "2025-12-10", "500", {}),
            "CY2-3": ("CY2", "2026-01-10", "600", {}),
            "CY2-4": ("CY2", "2026-02-10", "500", {}),
        },
        component=(TEN_PERCENT, "cap: {amount: 100, per: year, excess: carry}"),
        starts=date(2025, 1, 1),
    ),
    # Half of the first deal of the month comes back; what the threshold left of the month is another part each time.
    *(
        Case(
            f"d3_original_rate_{code}",
            {person: _JOINED},
            {f"{person}-{day}": (person, f"2026-01-{day}", amount, {}) for day, amount in sold.items()},
            component=(TEN_PERCENT, "clawback: {method: original_rate}", *keys),
            refunds=((f"{person}-10", "2026-03-10", "500"),),
        )
        for code, person, sold, keys in (
            ("above", "TB1", {"10": "1000", "20": "1000"}, ("threshold: {at: 1500, pays: above}",)),
            ("unmet", "TB2", {"10": "1000"}, ("threshold: {at: 1500, pays: from_first}",)),
            ("met", "TB3", {"10": "1000", "20": "600"}, ("threshold: {at: 1500, pays: from_first}",)),
            (
                "above_capped",
                "TB4",
                {"10": "1000", "20": "1000"},
                ("threshold: {at: 1500, pays: above}", "cap: {amount: 40, per: period, excess: lose}"),
            ),
        )
    ),
    Case(
        "two_families",
        {"TWO1": {}, "TWO2": {}},
        {},
        component=("only: {product_family: [Software]}", TEN_PERCENT),
        basis="collected",
        feeds={
            "jiandaoyun_crm.products": [
                {"product_no": "S-1", "product_name": "Atlas", "product_family": "Software"},
                {"product_no": "H-1", "product_name": "Rack", "product_family": "Hardware"},
            ],
            "jiandaoyun_crm.contracts": [
                {
                    "contract_no": "TWO",
                    "owner_name": "TWO1",
                    "signed_date": date(2026, 1, 10),
                    "amount": "950",
                    "currency_code": "CNY",
                    "product_name": "Rack",
                    "flow_status": "approved",
                    "split_owner_1": "TWO1",
                    "split_percent_1": "30",
                    "split_owner_2": "TWO2",
                    "split_percent_2": "70",
                }
            ],
            "jiandaoyun_crm.contract_lines": [
                {"contract_no": "TWO", "product_name": "Atlas", "quantity": "6", "amount": "600"},
                {"contract_no": "TWO", "product_name": "Rack", "quantity": "2", "amount": "400"},
                {"contract_no": "TWO", "product_name": "Discount", "amount": "-50"},
            ],
            "finance.invoices": [
                _invoice("TWO", "2026-02-01", "900"),
                {**_invoice("TWO", "2026-02-02", "50"), "invoice_no": "I-OWN"},
            ],
            "finance.invoice_lines": [
                {"invoice_no": "I-OWN", "item_name": "Setup", "item_code": "s-1", "amount": "50"}
            ],
            "finance.receipts": [
                *_receipts("TWO", ("2026-02-10", "475"), ("2026-03-10", "-500")),
                {**_receipts("TWO", ("2026-02-20", "50"))[0], "receipt_no": "R-OWN", "invoice_no": "I-OWN"},
            ],
        },
    ),
)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> BuiltHome:
    """The built company of the cases. Nobody may change it."""
    home = tmp_path_factory.mktemp("year") / "home"
    settings = Settings.from_environment({"ATTAIN_HOME": str(home), "ATTAIN_PLANS": str(home / "plans")})
    settings.plans_dir.mkdir(parents=True)
    people, deals, given, invoices, receipts = [], [], [], [], []
    feeds: dict[str, list[dict[str, object]]] = {}
    for case in CASES:
        for feed, rows in case.feeds.items():
            feeds.setdefault(feed, []).extend(rows)
        (settings.plans_dir / f"{case.code}.yml").write_text(case.plan, encoding="utf-8")
        people += [
            {"employee_id": person, "full_name": person, "role": case.code, **said}
            for person, said in case.people.items()
        ]
        told = {
            deal: {
                "deal_id": deal,
                "owner_id": owner,
                "stage": "Closed Won",
                "amount": amount,
                "currency_code": "CNY",
                "closing_date": date.fromisoformat(day),
                **said,
            }
            for deal, (owner, day, amount, said) in case.deals.items()
            if Decimal(amount)
        }
        deals += told.values()
        given += [told[deal] | said for deal, said in case.given.items()]
        for deal, day, amount in case.refunds:
            _, sold, worth, said = case.deals[deal]
            currency = said.get("currency_code", "CNY")
            invoices.append(
                {
                    "invoice_no": f"I-{deal}",
                    "document_no": deal,
                    "invoice_date": date.fromisoformat(sold),
                    "amount": worth,
                    "currency_code": currency,
                    "invoice_status": "issued",
                }
            )
            for number, (when, value, kind) in enumerate(((sold, worth, "receipt"), (day, f"-{amount}", "refund"))):
                receipts.append(
                    {
                        "receipt_no": f"R-{deal}-{number}",
                        "invoice_no": f"I-{deal}",
                        "receipt_date": date.fromisoformat(when),
                        "amount": value,
                        "currency_code": currency,
                        "receipt_type": kind,
                    }
                )
    for source, feed, rows in (
        ("hr", "employees", people),
        ("zoho_crm", "deals", deals),
        ("finance", "invoices", [*invoices, *feeds.pop("finance.invoices", [])]),
        ("finance", "receipts", [*receipts, *feeds.pop("finance.receipts", [])]),
        *((*(feed.split(".") if "." in feed else ("hr", feed)), rows) for feed, rows in feeds.items()),
    ):
        land(settings, source, feed, rows, extracted_at=EXTRACTED)
    land(settings, "zoho_crm", "deals", given, extracted_at=EXTRACTED + timedelta(hours=1), file_name="given.csv")
    prepared = candidate.prepare(settings)
    for layer in dbt.SELECTIONS:
        dbt.build_layer(settings, layer, prepared.run_id)
    return BuiltHome(settings, prepared, {})


def test_both_engines_agree_about_every_case(year: BuiltHome) -> None:
    """The reference engine works out the same lines, payouts, balances and cards from the same rows."""
    with duckdb.connect(str(year.settings.warehouse_file), read_only=True) as connection:
        results = engine.compute(engine.load_inputs(connection))
        mismatches = engine.compare(results, connection)
    on_a_plan = {person for case in CASES for person, said in case.people.items() if "role" not in said}
    assert on_a_plan <= {item.payee_id for item in results.payouts}
    assert mismatches == []


@pytest.fixture(scope="module")
def statements(year: BuiltHome) -> list[list[Row]]:
    with duckdb.connect(str(year.settings.warehouse_file), read_only=True) as connection:
        rows = tables.rows(connection, "select * from incentive.fct_statement_line order by payee_id, period, line_no")
    return [list(steps) for _, steps in groupby(rows, key=lambda row: (row["payee_id"], row["period"]))]


def test_every_statement_of_the_year_adds_up(statements: list[list[Row]]) -> None:
    assert len(statements) > 500
    for rows in statements:
        fault = first_fault(verify(rows))
        assert fault is None, (rows[0]["payee_id"], rows[0]["period"], fault)


@pytest.mark.parametrize(
    ("person", "step", "column", "change"),
    [
        ("F2", "score", "band_no", 2),  # place 4 is a B
        ("F2", "score", "slice_amount", -2),  # of four places one is an A
        ("F2", "grade", "factor", Decimal("-0.2")),
        ("F5", "score", "band_no", -3),
        ("F7", "grade", "lower_amount", Decimal("0.2")),
    ],
)
def test_k2_a_changed_place_or_seat_is_found(
    statements: list[list[Row]], person: str, step: str, column: str, change: int | Decimal
) -> None:
    """K2: two of six are an A, three a B; a group of four is graded by bands."""
    rows = next(rows for rows in statements if (rows[0]["payee_id"], rows[0]["period"]) == (person, "2026-03"))
    place = next(number for number, row in enumerate(rows) if row["step"] == step)
    copies = [*rows[:place], rows[place] | {column: rows[place][column] + change}, *rows[place + 1 :]]
    assert first_fault(verify(rows)) is None
    found = first_fault(verify(copies))
    assert found is not None
    assert found.rule == "K2"


def test_m1_an_amount_of_twenty_billion_goes_through_every_table(year: BuiltHome) -> None:
    """M1: 10 % of 20,000,000,000.00, as a deal in yen or won may well be: no step is narrower than the amount."""
    same(
        year.rows(
            "select earned_amount, payable_amount from incentive.fct_payout"
            " where payee_id = 'BIG' and period = '2026-01'"
        ),
        [("2000000000", "2000000000")],
    )


def test_d1_guarantee_and_draw_on_top(year: BuiltHome) -> None:
    """D1: a guarantee of 5,000 on 3,200 earned tops up 1,800; a draw on top of 1,000 is paid beside the 3,200."""
    same(
        year.rows(
            "select payee_id, earned_amount, draw_top_up_amount, payable_amount, closing_draw_balance"
            " from incentive.fct_payout where payee_id in ('G1', 'G2') and period = '2026-01'"
        ),
        [("G1", "3200", "1800", "5000", "0"), ("G2", "3200", "1000", "4200", "0")],
    )


def test_d2_recoverable_draw(year: BuiltHome) -> None:
    """D2: 500, 700 and 400 short of 1,000, recovered from April: 300, then 800, then 100; 1,000 paid six times.

    Recovery goes on when the draw has ended: nothing was earned in July; of the 1,300 of August 200 are still owed.
    """
    same(
        year.rows(
            "select period, earned_amount, draw_top_up_amount, draw_recovered_amount, payable_amount,"
            " closing_draw_balance from incentive.fct_payout where payee_id = 'G3' and period <= '2026-08'"
        ),
        [
            ("2026-01", "500", "500", "0", "1000", "500"),
            ("2026-02", "700", "300", "0", "1000", "800"),
            ("2026-03", "400", "600", "0", "1000", "1400"),
            ("2026-04", "1300", "0", "300", "1000", "1100"),
            ("2026-05", "1800", "0", "800", "1000", "300"),
            ("2026-06", "1100", "0", "100", "1000", "200"),
            ("2026-07", "0", "0", "0", "0", "200"),
            ("2026-08", "1300", "0", "200", "1100", "0"),
        ],
    )
    same(
        year.rows(
            "select period, opening_amount, added_amount, recovered_amount, closing_amount from incentive.fct_balance"
            " where payee_id = 'G3' and balance_type = 'draw' and period between '2026-01' and '2026-06'"
        ),
        [
            ("2026-01", "0", "500", "0", "500"),
            ("2026-02", "500", "300", "0", "800"),
            ("2026-03", "800", "600", "0", "1400"),
            ("2026-04", "1400", "0", "300", "1100"),
            ("2026-05", "1100", "0", "800", "300"),
            ("2026-06", "300", "0", "100", "200"),
        ],
    )


def test_q1_q3_seasonal_quota_of_someone_who_joined_in_march(year: BuiltHome) -> None:
    """Quarters: 20,000 x 31 ÷ 90 + 80,000 = 86,888.888889; months: 20,000 ÷ 3 + 80,000 = 86,666.666667.

    Q3 keeps a period's target at scale 6: a third of 20,000 is 6,666.666667, the residue on the last, March.
    """
    quarters, months = year.rows(
        "select round(effective_quota, 2) from incentive.fct_earning_line"
        " where payee_id in ('Q1', 'Q2') and line_type = 'earning' order by payee_id"
    )
    assert (quarters, months) == ((Decimal("86888.89"),), (Decimal("86666.67"),))


def test_m3_one_cent_is_not_paid_twice(year: BuiltHome) -> None:
    """M3: 6.45 as 30/70 % is 1.935 and 4.515: 1.94 and 4.51, the cent to the lowest key."""
    same(
        year.rows("select employee_id, split_amount from incentive.fct_credit_line where document_id = 'M1-1'"),
        [("M1", "1.94"), ("M2", "4.51")],
    )


def test_q2_each_month_of_a_quarter_has_its_own_ramp(year: BuiltHome) -> None:
    """Q2: joined on 1 February; 9,000 x (28 x 50 % + 31 x 75 %) ÷ 90 = 3,725."""
    same(
        year.rows(
            "select window_code, effective_quota from incentive.fct_earning_line"
            " where payee_id = 'R1' and line_type = 'earning'"
        ),
        [("2026-Q1", "3725")],
    )


def test_d1_a_negative_month_goes_on_the_balance_and_no_draw_swallows_it(year: BuiltHome) -> None:
    """D1/D2: 1,200 earned in January; the refund takes 1,200 back in February: earned 0 for the draw, 500 paid.

    The 1,200 stay on the clawback balance: a draw never pays them.
    """
    same(
        year.rows(
            "select period, earned_amount, draw_top_up_amount, opening_clawback_balance, closing_clawback_balance,"
            " payable_amount from incentive.fct_payout where payee_id = 'N1' and period <= '2026-03'"
        ),
        [
            ("2026-01", "1200", "0", "0", "0", "1200"),
            ("2026-02", "-1200", "500", "0", "1200", "500"),
            ("2026-03", "0", "0", "1200", "1200", "0"),
        ],
    )


def earned(year: BuiltHome, *payees: str) -> list[tuple[object, ...]]:
    """Month, kind of line, credit and pay of people, as published."""
    names = ", ".join(f"'{payee}'" for payee in payees)
    return year.rows(
        "select payee_id, origin_period, line_type, credited_amount, earned_amount, is_held"
        f" from incentive.fct_earning_line where payee_id in ({names})"
    )


def test_c6_a_reversal_goes_to_the_manager_who_had_the_credit(year: BuiltHome) -> None:
    """C6: 1 % of 10,000 in March is the first manager's, of 5,000 in April the second's; 4,000 come back in May."""
    same(
        earned(year, "O1", "O2"),
        [
            ("O1", "2026-03", "earning", "10000", "100", False),
            ("O1", "2026-05", "earning", "-4000", "-40", False),
            ("O2", "2026-04", "earning", "5000", "50", False),
        ],
    )


def test_q1_a_long_leave_is_wholly_not_active(year: BuiltHome) -> None:
    """Q1: 20 days over the end of a month are more than 10, so 70 of 90 days: 7,000; 10 days are not: 9,000.

    A line on a day of leave earns (Q6).
    """
    same(
        year.rows(
            "select payee_id, effective_quota, earned_amount from incentive.fct_earning_line"
            " where payee_id in ('L1', 'L2') and line_type = 'earning'"
        ),
        [("L1", "7000", "10"), ("L2", "9000", "10")],
    )


def test_q6_lines_after_leaving(year: BuiltHome) -> None:
    """Q6: 30 days after 31 March are covered, the 31st is not and says so; what comes back goes on the balance."""
    same(
        year.rows(
            "select event_date, earned_amount, hold_reason like '%(Q6)%' from incentive.fct_earning_line"
            " where payee_id = 'T1'"
        ),
        [
            ("2026-03-10", "100", None),
            ("2026-04-30", "100", None),
            ("2026-05-01", "0", True),
            ("2026-06-10", "-100", None),
        ],
    )
    same(
        year.rows(
            "select closing_clawback_balance, payable_amount from incentive.fct_payout"
            " where payee_id = 'T1' and period = '2026-06'"
        ),
        [("100", "0")],
    )


def test_t2_the_month_before_picks_the_band(year: BuiltHome) -> None:
    """T2, T4: 8,000 at 1 % (nothing before), 12,000 at 1 % (8,000 before), 1,000 at 3 % (12,000 before)."""
    same(
        year.rows("select origin_period, earned_amount from incentive.fct_earning_line where payee_id = 'I1'"),
        [("2026-01", "80"), ("2026-02", "120"), ("2026-03", "30")],
    )


def test_t9_what_a_cap_cuts_waits_in_the_next_window_empty_or_not(year: BuiltHome) -> None:
    """T9: 100 of 60: 40 wait; 30 + 40 of 60: 10 wait; nothing + 10; 200 of 60: 140 wait."""
    same(
        year.rows(
            "select origin_period, sum(earned_amount) from incentive.fct_earning_line where payee_id = 'C1'"
            " and origin_period <= '2026-04' group by origin_period"
        ),
        [("2026-01", "60"), ("2026-02", "60"), ("2026-03", "10"), ("2026-04", "60")],
    )


def test_t5_a_curve_and_its_target_amount_are_prorated(year: BuiltHome) -> None:
    """T5, Q1: 21 of 31 days: quota 6,300, target amount 2,100; 5,250 are 83.3333 % and pay 40 % + 60 % x 2 ÷ 3 = 80 %.

    With attainment at scale 6 (M1): 0.4 + 0.6 x (0.833333 - 0.5) ÷ 0.5 = 0.7999996, times 2,100 = 1,680.00.
    """
    same(
        year.rows(
            "select origin_period, effective_quota, earned_amount from incentive.fct_earning_line"
            " where payee_id = 'V1' and origin_period = '2026-01'"
        ),
        [("2026-01", "6300", "1680")],
    )


def test_d5_a_hold_counts_for_the_band_and_a_release_pays_what_was_held(year: BuiltHome) -> None:
    """D5: 12,000 earn 660 and are held; the next 1,000 earn 8 % all the same; released, the 660 are paid."""
    same(
        earned(year, "H1", "H2"),
        [
            ("H1", "2026-01", "earning", "12000", "660", True),
            ("H1", "2026-01", "earning", "1000", "80", False),
            ("H2", "2026-01", "earning", "12000", "660", False),
            ("H2", "2026-01", "earning", "1000", "80", False),
        ],
    )
    same(
        year.rows(
            "select payee_id, held_amount, payable_amount from incentive.fct_payout"
            " where payee_id in ('H1', 'H2') and period = '2026-01'"
        ),
        [("H1", "660", "80"), ("H2", "0", "740")],
    )


def test_k6_a_refund_takes_a_spiff_back_whenever_it_comes(year: BuiltHome) -> None:
    """K6: 5 % of 1,000 in January, taken back in June, long after the SPIFF; it never feeds the commission's 10 %."""
    same(
        earned(year, "S1"),
        [
            ("S1", "2026-01", "earning", "1000", "100", False),
            ("S1", "2026-01", "spiff", "1000", "50", False),
            ("S1", "2026-06", "earning", "-1000", "-100", False),
            ("S1", "2026-06", "spiff", "-1000", "-50", False),
        ],
    )


def test_k1_lower_and_range(year: BuiltHome) -> None:
    """K1: what each KPI of a card comes to, and the score at scale 6 that is graded.

    Lower: 2 - 12,000 ÷ 10,000 = 0.8; 2 - 2.3 ÷ 1 is below 0: 0. Range of 0.8 to 2: 0.6 ÷ 0.8 = 0.75 below,
    2 - 2.5 ÷ 2 = 0.75 above, 1 inside. Score 0.4 + 0.075 + 0.15 + 0.1 + 0 = 0.725, just an A: 1,000 x 0.8.
    """
    same(
        year.rows(
            "select kpi_code, attainment, line_score from appraisal.fct_scorecard_line"
            " where employee_id = 'K1' and period = '2026-01'"
        ),
        [
            ("booked_amount", "0.8", "0.4"),
            ("mbo:above", "0.75", "0.15"),
            ("mbo:below", "0.75", "0.075"),
            ("mbo:inside", "1", "0.1"),
            ("mbo:worst", "0", "0"),
        ],
    )
    same(
        year.rows(
            "select score, grade, bonus_amount from appraisal.fct_appraisal_result"
            " where employee_id = 'K1' and period = '2026-01'"
        ),
        [("0.725", "A", "800")],
    )


def test_k2_forced_distribution(year: BuiltHome) -> None:
    """K2: a quarter, a half and a quarter of six are 1.5, 3 and 1.5 seats: 2, 3 and 1, the tie to the better grade.

    Two share the second place: both are an A, and of B's places 3 to 5 only 4 and 5 are left. Four scored people are
    graded by bands; the fifth, not rated, is held and counts in no group.
    """
    same(
        year.rows(
            "select employee_id, grade, bonus_amount from appraisal.fct_appraisal_result"
            " where plan_code = 'k2_forced' and period = '2026-Q1'"
        ),
        [
            ("F1", "A", "1500"),
            ("F2", "A", "1500"),
            ("F3", "A", "1500"),
            ("F4", "B", "1000"),
            ("F5", "B", "1000"),
            ("F6", "C", "500"),
            ("F7", "A", "1500"),
            ("F8", "A", "1500"),
            ("F9", "B", "1000"),
            ("F10", "B", "1000"),
            ("F11", None, "0"),
        ],
    )
    same(
        year.rows(
            "select payee_id, earned_amount, is_held from incentive.fct_earning_line"
            " where payee_id in ('F10', 'F11') and window_code = '2026-Q1'"
        ),
        [("F10", "1000", False), ("F11", "0", True)],
    )


def test_k3_a_bonus_is_prorated_with_leave(year: BuiltHome) -> None:
    """K3: 20 days of leave, more than 10: 900 x 1.5 x 70 ÷ 90 = 1,050; 10 days of leave: 1,350.

    Joined on 1 February, and a score of 0.999999 that is not rounded up: 900 x 0.5 x 59 ÷ 90 = 295. Paid in March.
    """
    same(
        year.rows(
            "select employee_id, score, bonus_amount from appraisal.fct_appraisal_result"
            " where plan_code = 'k3_proration' and period = '2026-Q1'"
        ),
        [("P1", "1", "1050"), ("P2", "1", "1350"), ("P3", "0.999999", "295")],
    )
    same(
        year.rows(
            "select payee_id, period, payable_amount from incentive.fct_payout"
            " where payee_id in ('P1', 'P2', 'P3') and period between '2026-01' and '2026-03' and payable_amount <> 0"
        ),
        [("P1", "2026-03", "1050"), ("P2", "2026-03", "1350"), ("P3", "2026-03", "295")],
    )


def test_k4_a_penalty_stops_at_the_larger_of_floor_and_guarantee(year: BuiltHome) -> None:
    """K4: of 400, 200 are taken down to the floor of 800 (guarantee 500), or to the guarantee of 500 (floor 300).

    What could not be taken is lost: the 2,000 of February are paid in full.
    """
    same(
        year.rows(
            "select payee_id, period, earned_amount, penalty_amount, payable_amount from incentive.fct_payout"
            " where payee_id in ('E1', 'E2') and period <= '2026-02'"
        ),
        [
            ("E1", "2026-01", "1000", "200", "800"),
            ("E1", "2026-02", "2000", "0", "2000"),
            ("E2", "2026-01", "700", "200", "500"),
            ("E2", "2026-02", "2000", "0", "2000"),
        ],
    )


def test_d4_a_recovery_is_rounded_down_and_keeps_what_must_remain(year: BuiltHome) -> None:
    """D4: 1,200 are owed since February; salary 3,000; from incentive only.

    March: 5 % of 3,333.33 is 166.6665: 166.66. April: 3,100 - 3,050 = 50, less than 5 % = 155. May: 5 % of 4,200 = 210.
    """
    same(
        year.rows(
            "select period, earned_amount, payable_amount, closing_clawback_balance from incentive.fct_payout"
            " where payee_id = 'B1' and period <= '2026-05'"
        ),
        [
            ("2026-01", "1200", "1200", "0"),
            ("2026-02", "-1200", "0", "1200"),
            ("2026-03", "333.33", "166.67", "1033.34"),
            ("2026-04", "100", "50", "983.34"),
            ("2026-05", "1200", "990", "773.34"),
        ],
    )


def test_c3_a_cross_an_inverse_a_stale_rate_and_a_reversal(year: BuiltHome) -> None:
    """C3: what currencies are converted at, and that a reversal goes at its original's rate.

    Yen: 7.2 ÷ 150 = 0.048, both of 10 January though the dollar has a newer rate; 150,000 are 7,200; seven days later
    still, eight days later a hold. Dollars: 7.3, when they come back, too, though it is 8 then. Euro: 1 ÷ 0.125 = 8.
    """
    same(
        year.rows(
            "select document_id, fx_rate, fx_rate_date, credited_amount, is_held from incentive.fct_credit_line"
            " where employee_id = 'X1' and basis = 'booked' and reversal_profile = 'standard'"
        ),
        [
            ("X1-1", "0.048", "2026-01-10", "7200", False),
            ("X1-2", "0.048", "2026-01-10", "7200", False),
            ("X1-3", None, None, None, True),
            ("X1-4", "7.3", "2026-01-11", "730", False),
            ("X1-4", "7.3", "2026-01-11", "-730", False),
            ("X1-5", "8", "2026-01-11", "800", False),
        ],
    )
    same(
        year.rows(
            "select payee_id, period, earned_amount from incentive.fct_payout"
            " where payee_id = 'X1' and period <= '2026-02'"
        ),
        [("X1", "2026-01", "1593"), ("X1", "2026-02", "-73")],
    )


def test_d3_a_partial_reversal_is_spread_over_the_earlier_lines(year: BuiltHome) -> None:
    """D3, M3, C3: 100 at 7.2 and 200 at 8; 100.01 come back, 33.34 (of 33.3367) and 66.67 (of 66.6733).

    33.34 x 7.2 = 240.048, 66.67 x 8 = 533.36: pay -24.00 and -77.34 + 24.00 (T3). Of the 250 that come back next
    66.66 and 133.33 are left: 479.952 and 1,066.64: -48.00 and -154.66 + 48.00.
    """
    same(
        earned(year, "D1"),
        [
            ("D1", "2026-01", "earning", "720", "72", False),
            ("D1", "2026-02", "earning", "1600", "160", False),
            ("D1", "2026-03", "earning", "-240.048", "-24", False),
            ("D1", "2026-03", "earning", "-533.36", "-53.34", False),
            ("D1", "2026-04", "earning", "-479.952", "-48", False),
            ("D1", "2026-04", "earning", "-1066.64", "-106.66", False),
        ],
    )


def test_d3_an_unpaid_invoice_is_taken_back_and_credited_again(year: BuiltHome) -> None:
    """D3: 30 days after 10 January, on 9 February, 4,000 of 10,000 are paid: 6,000 come back; 2,500 and 3,500 later."""
    same(
        year.rows(
            "select event_date, credited_amount, earned_amount from incentive.fct_earning_line where payee_id = 'U1'"
        ),
        [
            ("2026-01-05", "10000", "1000"),
            ("2026-02-09", "-6000", "-600"),
            ("2026-03-15", "2500", "250"),
            ("2026-04-15", "3500", "350"),
        ],
    )


def test_d3_a_reversal_after_the_window_or_of_another_kind_takes_nothing(year: BuiltHome) -> None:
    """D3: three months after 10 January 1,000 come back, the 2,000 of a day later don't.

    Where a component lists credit notes alone, a refund of 300 takes nothing and a credit note of 400 takes 40.
    """
    same(
        year.rows(
            "select payee_id, event_date, earned_amount from incentive.fct_earning_line"
            " where payee_id in ('W1', 'Y1') and earned_amount <> 0"
        ),
        [
            ("W1", "2026-01-10", "100"),
            ("W1", "2026-01-10", "200"),
            ("W1", "2026-04-10", "-100"),
            ("Y1", "2026-01-10", "100"),
            ("Y1", "2026-01-10", "100"),
            ("Y1", "2026-03-10", "-40"),
        ],
    )


def test_t7_a_pay_factor_hold_counts_for_the_band_a_credit_factor_hold_nowhere(year: BuiltHome) -> None:
    """T7: a discount of 5 % is outside the table: held. By pay, its 9,500 count: the 1,000 after it earn
    (500 x 5 % + 500 x 8 %) x 0.5 = 32.50. By credit they count nowhere: 1,000 x 0.5 x 5 % = 25.

    Of 400 that come back in February the factor is January's 0.5, not 0.9; the rate is the day's: 400 x 6 % x 0.5 = 12.
    """
    same(
        earned(year, "A1"),
        [
            ("A1", "2026-01", "earning", "9500", "0", True),
            ("A1", "2026-01", "earning", "1000", "32.5", False),
            ("A1", "2026-02", "earning", "-400", "-12", False),
        ],
    )
    same(
        year.rows("select origin_period, earned_amount, is_held from incentive.fct_earning_line where payee_id = 'A2'"),
        [("2026-01", "0", True), ("2026-01", "25", False), ("2026-02", "-12", False)],
    )


def test_t2_an_index_of_another_period_is_of_every_version(year: BuiltHome) -> None:
    """T2: base and rate are those of the version of the line's day, 1 or 3 % and from 16 January 2 or 4 %.

    The month before, over both versions, is 0 for January: 60 and 120; 12,000 for February: 4 % of 1,000. Of the
    same month each version has its own 6,000: 60 and 120, and 2 % of the 1,000 of February.
    """
    same(
        year.rows(
            "select payee_id, event_date, earned_amount from incentive.fct_earning_line where payee_id in ('I2', 'I3')"
        ),
        [
            ("I2", "2026-01-15", "60"),
            ("I2", "2026-01-16", "120"),
            ("I2", "2026-02-10", "40"),
            ("I3", "2026-01-15", "60"),
            ("I3", "2026-01-16", "120"),
            ("I3", "2026-02-10", "20"),
        ],
    )


def test_t5_a_target_amount_that_is_not_prorated_and_a_sale_below_the_curve(year: BuiltHome) -> None:
    """T5: 0.7999996 (above) of the whole 3,100 is 2,479.99876; 3,149.99 of 6,300 are below 50 % and pay 0.

    So does February, without a sale: a line for every window.
    """
    same(
        year.rows(
            "select payee_id, origin_period, earned_amount from incentive.fct_earning_line"
            " where payee_id in ('V2', 'V3') and origin_period <= '2026-02' and line_type = 'earning'"
        ),
        [("V2", "2026-01", "2480"), ("V2", "2026-02", "0"), ("V3", "2026-01", "0"), ("V3", "2026-02", "0")],
    )


def beside(year: BuiltHome, payee: str) -> list[tuple[object, ...]]:
    """Month, kind and pay of a person's lines, without the empty ones."""
    return year.rows(
        "select origin_period, line_type, earned_amount from incentive.fct_earning_line"
        f" where payee_id = '{payee}' and earned_amount <> 0"
    )


def test_d3_original_rate_takes_back_what_a_cap_left(year: BuiltHome) -> None:
    """D3: half of 100, of which the cap left 60: 100 x 500 ÷ 1,000 x 60 ÷ 100 = 30."""
    same(
        beside(year, "Z1"),
        [("2026-01", "earning", "100"), ("2026-01", "cap", "-40"), ("2026-03", "earning", "-30")],
    )


def test_d3_linear_counts_whole_months_and_clips_their_ends(year: BuiltHome) -> None:
    """D3: from 31 January, 28 February is a whole month: 1,200 x 11 ÷ 12 = 1,100; 30 April three: 900.

    From 30 January, 29 March is one month and not two: 1,100.
    """
    same(
        year.rows(
            "select document_id, event_date, earned_amount from incentive.fct_earning_line"
            " where payee_id = 'Z2' and earned_amount < 0"
        ),
        [("Z2-1", "2026-02-28", "-110"), ("Z2-2", "2026-03-29", "-110"), ("Z2-3", "2026-04-30", "-90")],
    )


def test_d3_what_reverses_by_default_and_never_more_than_is_left(year: BuiltHome) -> None:
    """D3: 400 written off reverse what was booked, and of the 900 that are refunded 600 are left; collected is 900."""
    same(
        beside(year, "Z3"),
        [("2026-01", "earning", "100"), ("2026-02", "earning", "-40"), ("2026-03", "earning", "-60")],
    )
    same(beside(year, "Z4"), [("2026-01", "earning", "100"), ("2026-03", "earning", "-90")])


def test_k1_a_missing_kpi(year: BuiltHome) -> None:
    """K1: 0.5 x 0.8 + 0.25 x 1 (1.2 capped) = 0.65; without the third KPI ÷ 0.75 = 0.866667, which is an A."""
    same(
        year.rows(
            "select plan_code, score, grade, bonus_amount from appraisal.fct_appraisal_result"
            " where plan_code in ('k1_reweight', 'k1_zero', 'k1_hold') and period = '2026-Q1'"
        ),
        [
            ("k1_reweight", "0.866667", "A", "1000"),
            ("k1_zero", "0.65", "B", "500"),
            ("k1_hold", None, None, "0"),
        ],
    )


def test_t3_a_deal_is_its_lines_of_all_months(year: BuiltHome) -> None:
    """T3: 9,000 earn 450, the 3,000 of a month later 50 + 160; the other deal starts at 5 % of its own."""
    same(
        beside(year, "J1"),
        [("2026-01", "earning", "450"), ("2026-02", "earning", "50"), ("2026-02", "earning", "210")],
    )


def test_t4_a_repriced_line_stays_in_its_month(year: BuiltHome) -> None:
    """T4: 12,000 in the quarter are paid 3 % each, January's in January."""
    same(beside(year, "J2"), [("2026-01", "earning", "180"), ("2026-02", "earning", "180")])


def test_t8_a_threshold_is_applied_to_date(year: BuiltHome) -> None:
    """T8: below 1,500 January's pay is taken, and given back in February if all is paid `from_first`.

    `above`: of 50 + 100 the first 1,500 earned 1,000 x 5 % + 500 x 10 % = 100, 50 of it taken in January.
    """
    same(
        beside(year, "J3"),
        [
            ("2026-01", "earning", "100"),
            ("2026-01", "threshold", "-100"),
            ("2026-02", "earning", "60"),
            ("2026-02", "threshold", "100"),
        ],
    )
    same(
        beside(year, "J4"),
        [
            ("2026-01", "earning", "50"),
            ("2026-01", "threshold", "-50"),
            ("2026-02", "earning", "100"),
            ("2026-02", "threshold", "-50"),
        ],
    )


def test_q2_a_ramp_before_confirmation_and_after_its_last_entry(year: BuiltHome) -> None:
    """Q2: before confirmation and in its month 50 % of 3,000, then 75 %, then all."""
    same(
        year.rows(
            "select origin_period, effective_quota from incentive.fct_earning_line where payee_id = 'R2'"
            " and document_id is not null"
        ),
        [
            ("2026-01", "1500"),
            ("2026-02", "1500"),
            ("2026-03", "1500"),
            ("2026-04", "2250"),
            ("2026-05", "3000"),
        ],
    )


def test_q4_a_window_has_its_whole_quota_and_none_bites_nobody(year: BuiltHome) -> None:
    """Q4: half of the quarter's 9,000 at 1 %, 500 above at 2 %; without a quota 1 %, and no threshold."""
    same(beside(year, "R3"), [("2026-01", "earning", "55")])
    same(beside(year, "R4"), [("2026-01", "earning", "10")])


def test_d2_without_a_start_nothing_is_recovered_and_a_draw_is_not_prorated(year: BuiltHome) -> None:
    """D2: joined on 20 January: 1,000 - 300 = 700; the 2,000 of February recover nothing."""
    same(
        year.rows(
            "select period, draw_top_up_amount, draw_recovered_amount, payable_amount, closing_draw_balance"
            " from incentive.fct_payout where payee_id = 'G4' and period <= '2026-02'"
        ),
        [("2026-01", "700", "0", "1000", "700"), ("2026-02", "0", "0", "2000", "700")],
    )


def test_d1_what_is_held_is_earned_and_a_cap_is_never_held(year: BuiltHome) -> None:
    """D1, D5: 1,200 are held, the cap's -300 are not; 900 earned are more than the guarantee of 500: no top-up.

    The -300 wait on the balance for the 1,200, so that what is paid in the end is 900.
    """
    same(
        year.rows("select line_type, earned_amount, is_held from incentive.fct_earning_line where payee_id = 'G5'"),
        [("earning", "1200", True), ("cap", "-300", False)],
    )
    same(
        year.rows(
            "select earned_amount, draw_top_up_amount, held_amount, closing_clawback_balance, payable_amount"
            " from incentive.fct_payout where payee_id = 'G5' and period = '2026-01'"
        ),
        [("900", "0", "1200", "300", "0")],
    )


def test_c6_an_overlay_does_not_roll_up(year: BuiltHome) -> None:
    """C6: 1 % of the 1,000 that their seller sold, nothing of the overlay of 2,000."""
    same(
        year.rows(
            "select employee_id, split_amount from incentive.fct_credit_line where document_id = 'OB-1'"
            " and basis = 'booked' and reversal_profile = 'standard'"
        ),
        [("OB", "4000"), ("OA", "2000")],
    )
    same(earned(year, "OM"), [("OM", "2026-01", "earning", "1000", "10", False)])


def test_k4_a_penalty_comes_after_the_draw(year: BuiltHome) -> None:
    """K4: 300 earned and 500 on top are 800, of which the penalty takes its 400."""
    same(
        year.rows(
            "select earned_amount, draw_top_up_amount, penalty_amount, payable_amount from incentive.fct_payout"
            " where payee_id = 'E3' and period = '2026-01'"
        ),
        [("300", "500", "400", "400")],
    )


def test_t9_a_cap_is_applied_to_date(year: BuiltHome) -> None:
    """T9: 50 in January; of the 50 of February 10 are left below the quarter's 60, of March's nothing."""
    same(
        beside(year, "C2"),
        [
            ("2026-01", "earning", "50"),
            ("2026-02", "earning", "50"),
            ("2026-02", "cap", "-40"),
            ("2026-03", "earning", "50"),
            ("2026-03", "cap", "-50"),
        ],
    )


def test_m3_each_receipt_is_split_in_its_own_currency_and_then_converted(year: BuiltHome) -> None:
    """M3, C3: 6.45 twice is 1.94 + 4.51 twice, not 3.87 + 9.03.

    1.94 x 7.2 = 13.968 and 4.51 x 7.2 = 32.472 in January; in February 8 times these dollars.
    """
    same(
        year.rows(
            "select employee_id, event_date, split_amount, credited_amount from incentive.fct_credit_line"
            " where document_id = 'M3-1' and basis = 'collected' and reversal_profile = 'standard'"
        ),
        [
            ("M3", "2026-01-10", "1.94", "13.968"),
            ("M4", "2026-01-10", "4.51", "32.472"),
            ("M3", "2026-02-10", "1.94", "15.52"),
            ("M4", "2026-02-10", "4.51", "36.08"),
        ],
    )


def test_c1_an_unknown_owner_and_splits_that_do_not_add_up(year: BuiltHome) -> None:
    """C1, C5: 60 % of somebody unknown are the house's; where 90 % are split all is held, the overlay, too."""
    same(
        year.rows(
            "select employee_id, split_amount, is_held from incentive.fct_credit_line"
            " where document_id = 'N2-1' and basis = 'booked' and reversal_profile = 'standard'"
        ),
        [("N2", "400", False), ("HOUSE", "600", False)],
    )
    assert year.rows(
        "select bool_and(is_held), bool_or(credit_role = 'overlay'), bool_or(credit_role <> 'overlay')"
        " from incentive.fct_credit_line where document_id = 'N2-2'"
    ) == [(True, True, True)]


def test_t3_lines_add_up_to_the_rounded_whole(year: BuiltHome) -> None:
    """T3: 10 % of 0.05, 0.10 and 0.15 so far are 0.005, 0.01 and 0.015, rounded 0.01, 0.01, 0.02: 0.01, 0 and 0.01.

    Below zero the first rate goes on: 1,000 earn 50, 12,000 that come back take 50 and 11,000 x 5 % = 550.
    """
    same(
        year.rows("select origin_period, earned_amount from incentive.fct_earning_line where payee_id = 'J5'"),
        [("2026-01", "0.01"), ("2026-02", "0"), ("2026-03", "0.01")],
    )
    same(
        beside(year, "J6"),
        [("2026-01", "earning", "660"), ("2026-02", "earning", "50"), ("2026-02", "earning", "-600")],
    )


def test_t5_a_curve_is_flat_after_its_last_point(year: BuiltHome) -> None:
    """T5: 200 % are paid as 100 %: the whole 3,100, and no more."""
    same(beside(year, "V4"), [("2026-01", "earning", "3100")])


def test_d3_a_cancellation_takes_back_what_is_left(year: BuiltHome) -> None:
    """D3: of 12,000, 3,000 came back in February: 5 % below zero, -150. What is called off in March are 9,000.

    March sold 1,000 before, 50; from 1,000 down to -8,000 is -50 and -8,000 x 5 % = -450. Collected money is not
    reversed by a cancellation: 10 % of 1,000, less 10 % of the 400 that are paid back.
    """
    same(
        year.rows(
            "select event_date, credited_amount, earned_amount from incentive.fct_earning_line where payee_id = 'CA1'"
        ),
        [
            ("2026-01-10", "12000", "660"),
            ("2026-02-10", "-3000", "-150"),
            ("2026-03-10", "1000", "50"),
            ("2026-03-20", "-9000", "-450"),
        ],
    )
    same(
        year.rows(
            "select event_date, credited_amount from incentive.fct_credit_line where document_id = 'CA1-1'"
            " and basis = 'booked' and event_type = 'cancellation' and reversal_profile = 'standard'"
        ),
        [("2026-03-20", "-9000")],
    )
    same(
        beside(year, "CA2"),
        [("2026-01", "earning", "100"), ("2026-04", "earning", "-40")],
    )


def test_d1_a_release_pays_once_what_was_earned_and_is_not_earned_again(year: BuiltHome) -> None:
    """D1, D5: 12,000 earn 660 and are held; 1,000 earn 80; in March 2,000 earn 100.

    Earned are 740, released or not: the draw adds 60 in January and 800 in February; March pays back half of its 100.
    Released, January pays the 660 beside the 80 + 60, and no other month anything more.
    """
    same(
        earned(year, "H3", "H4"),
        [
            (person, month, "earning", amount, pay, held)
            for person in ("H3", "H4")
            for month, amount, pay, held in (
                ("2026-01", "12000", "660", person == "H3"),
                ("2026-01", "1000", "80", False),
                ("2026-03", "2000", "100", False),
            )
        ],
    )
    same(
        year.rows(
            "select payee_id, period, earned_amount, draw_top_up_amount, draw_recovered_amount, closing_draw_balance,"
            " held_amount, payable_amount from incentive.fct_payout"
            " where payee_id in ('H3', 'H4') and period <= '2026-03'"
        ),
        [
            ("H3", "2026-01", "740", "60", "0", "60", "660", "140"),
            ("H3", "2026-02", "0", "800", "0", "860", "0", "800"),
            ("H3", "2026-03", "100", "0", "50", "810", "0", "50"),
            ("H4", "2026-01", "740", "60", "0", "60", "0", "800"),
            ("H4", "2026-02", "0", "800", "0", "860", "0", "800"),
            ("H4", "2026-03", "100", "0", "50", "810", "0", "50"),
        ],
    )


def test_c1_a_contract_of_two_families_is_credited_line_by_line(year: BuiltHome) -> None:
    """C1, C2, M3: 950 of lines of 600 and 400 is 570 and 380, the discount being borne by both, each split 30/70.

    The receipt of half of it is spread alike. That of an invoice of its own line is all of that line. The refund takes
    500 of the 525, from each line by what is left of it: 285 + 50 of software and 190 of hardware.
    """
    same(
        year.rows(
            "select event_id, document_line_no, product_name, product_family, line_amount, sum(split_amount),"
            " sum(credited_units)"
            " from incentive.fct_credit_line where document_id = 'TWO' and basis = 'booked' and event_type = 'won'"
            " group by all"
        ),
        [("TWO", 1, "Atlas", "Software", "570", "570", "6"), ("TWO", 2, "Rack", "Hardware", "380", "380", "2")],
    )
    same(
        year.rows(
            "select event_id, product_family, employee_id, split_amount from incentive.fct_credit_line"
            " where document_id = 'TWO' and basis = 'collected'"
        ),
        [
            ("R-TWO-1", "Software", "TWO1", "85.5"),
            ("R-TWO-1", "Software", "TWO2", "199.5"),
            ("R-TWO-1", "Hardware", "TWO1", "57"),
            ("R-TWO-1", "Hardware", "TWO2", "133"),
            ("R-OWN", "Software", "TWO1", "15"),
            ("R-OWN", "Software", "TWO2", "35"),
            ("R-TWO-2", "Software", "TWO1", "-81.43"),
            ("R-TWO-2", "Software", "TWO2", "-190"),
            ("R-TWO-2", "Hardware", "TWO1", "-54.29"),
            ("R-TWO-2", "Hardware", "TWO2", "-126.67"),
            ("R-TWO-2", "Software", "TWO1", "-14.28"),
            ("R-TWO-2", "Software", "TWO2", "-33.33"),
        ],
    )


def test_c1_a_component_pays_the_lines_of_one_family(year: BuiltHome) -> None:
    """C1: 10 % of the software alone, each line to its own cent, also of what the refund takes back."""
    same(
        year.rows(
            "select payee_id, origin_period, credited_amount, earned_amount from incentive.fct_earning_line"
            " where plan_code = 'two_families' and line_type = 'earning'"
        ),
        [
            ("TWO1", "2026-02", "85.5", "8.55"),
            ("TWO1", "2026-02", "15", "1.5"),
            ("TWO1", "2026-03", "-81.43", "-8.14"),
            ("TWO1", "2026-03", "-14.28", "-1.43"),
            ("TWO2", "2026-02", "199.5", "19.95"),
            ("TWO2", "2026-02", "35", "3.5"),
            ("TWO2", "2026-03", "-190", "-19"),
            ("TWO2", "2026-03", "-33.33", "-3.33"),
        ],
    )


def test_q5_segments_of_a_version_share_a_window_and_another_version_starts_its_own(year: BuiltHome) -> None:
    """Q5: no rate is averaged; the window's quota is the sum of its segments' quotas.

    January, ramp 50 %: (3,100 x 10 + 6,200 x 21) ÷ 31 x 50 % = 2,600; to 14 February 6,200 x 14 ÷ 28 = 3,100: 5,700.
    Bounds 2,850 and 5,700: F(2,000) = 20, F(4,000) = 28.50 + 23 = 51.50, F(6,000) = 28.50 + 57 + 12 = 97.50. The second
    version: 3,100 + 6,200 = 9,300, bound 4,650: F(1,000) = 20, F(6,000) = 93 + 40.50 = 133.50.
    On no plan from 11 to 20 January: 1,000 + 6,200 x 11 ÷ 31 + 3,100 = 6,300, bound 3,150: 31.50, then 1,000 at 2 %;
    what is sold between earns nothing and moves no band.
    """
    same(
        year.rows(
            "select payee_id, plan_version, window_code, event_date, effective_quota, cumulative_after, earned_amount"
            " from incentive.fct_earning_line where payee_id in ('SG1', 'SG2')"
        ),
        [
            ("SG1", "1", "2026-Q1", "2026-01-05", "5700", "2000", "20"),
            ("SG1", "1", "2026-Q1", "2026-01-20", "5700", "4000", "31.5"),
            ("SG1", "1", "2026-Q1", "2026-02-14", "5700", "6000", "46"),
            ("SG1", "2", "2026-Q1", "2026-02-15", "9300", "1000", "20"),
            ("SG1", "2", "2026-Q1", "2026-03-10", "9300", "6000", "113.5"),
            ("SG2", "1", "2026-Q1", "2026-01-05", "6300", "3150", "31.5"),
            ("SG2", "1", "2026-Q1", "2026-01-25", "6300", "4150", "20"),
        ],
    )
    same(
        year.rows(
            "select subject, target, ramp, active_days, period_days, effective_quota from incentive.fct_statement_line"
            " where payee_id = 'SG1' and period = '2026-01' and step = 'quota_month'"
        ),
        [
            ("2026-01", "3100", "0.5", 10, 31, "500"),
            ("2026-01", "6200", "0.5", 21, 31, "2100"),
            ("2026-02", "6200", "1", 14, 28, "3100"),
        ],
    )


def test_t7_a_held_line_is_priced_when_its_factor_is_given(year: BuiltHome) -> None:
    """T7: 9,800 without a list price are held; when it is told the factor is 1, and they earn 490.

    By pay, the 1,000 after it earn (200 x 5 % + 800 x 8 %) x 0.5 = 37 either way. By credit, 500 of them count: after
    nothing 25, after 9,800 they earn 200 x 5 % + 300 x 8 % = 34.
    """
    same(
        year.rows(
            "select payee_id, event_date, factor, earned_amount, is_held from incentive.fct_earning_line"
            " where payee_id in ('A3', 'A4')"
        ),
        [
            ("A3", "2026-01-10", None, "0", True),
            ("A3", "2026-01-20", "0.5", "37", False),
            ("A4", "2026-01-10", "1", "490", False),
            ("A4", "2026-01-20", "0.5", "37", False),
        ],
    )
    same(
        year.rows(
            "select payee_id, event_date, counted_amount, earned_amount, is_held from incentive.fct_earning_line"
            " where payee_id in ('A5', 'A6')"
        ),
        [
            ("A5", "2026-01-10", None, "0", True),
            ("A5", "2026-01-20", "500", "25", False),
            ("A6", "2026-01-10", "9800", "490", False),
            ("A6", "2026-01-20", "500", "34", False),
        ],
    )


def test_t9_a_cap_of_the_year_over_its_months(year: BuiltHome) -> None:
    """T9: 60 + 60 of 100: 20 are taken in February, all of March's 30; when 60 come back, 90 are left, uncut.

    With `carry`, 30 of the 130 of 2025 wait for 2026: January has room for them beside its 60; with the 50 of February
    it has 110, so that 10 are cut and the 30 wait again. A year pays its 100.
    """
    same(
        beside(year, "CY1"),
        [
            ("2026-01", "earning", "60"),
            ("2026-02", "earning", "60"),
            ("2026-02", "cap", "-20"),
            ("2026-03", "earning", "30"),
            ("2026-03", "cap", "-30"),
            ("2026-04", "earning", "-60"),
            ("2026-04", "cap", "50"),
        ],
    )
    same(
        [row for row in beside(year, "CY2") if str(row[0]) <= "2026-12"],
        [
            ("2025-11", "earning", "80"),
            ("2025-12", "earning", "50"),
            ("2025-12", "cap", "-30"),
            ("2026-01", "earning", "60"),
            ("2026-01", "cap_carry", "30"),
            ("2026-02", "earning", "50"),
            ("2026-02", "cap", "-10"),
            ("2026-02", "cap_carry", "-30"),
        ],
    )


def test_d3_original_rate_takes_back_what_a_threshold_left(year: BuiltHome) -> None:
    """D3, T8: half of a line of 100. `above` left 50 of 200: 100 x 500 ÷ 1,000 x 50 ÷ 200 = 12.50; a cap of 40: 10.

    `from_first`: not met, nothing was left and nothing comes back; met, all was: 50.
    """
    same(
        year.rows(
            "select payee_id, origin_period, line_type, earned_amount from incentive.fct_earning_line"
            " where starts_with(payee_id, 'TB') and (line_type <> 'earning' or credited_amount < 0)"
        ),
        [
            ("TB1", "2026-01", "threshold", "-150"),
            ("TB1", "2026-03", "earning", "-12.5"),
            ("TB2", "2026-01", "threshold", "-100"),
            ("TB2", "2026-03", "earning", "0"),
            ("TB3", "2026-03", "earning", "-50"),
            ("TB4", "2026-01", "threshold", "-150"),
            ("TB4", "2026-01", "cap", "-10"),
            ("TB4", "2026-03", "earning", "-10"),
        ],
    )


def test_c1_kpis_by_family_go_by_the_lines_and_add_up_to_the_whole(year: BuiltHome) -> None:
    """C1: the deal counts for 0.6 in software and 0.4 in hardware, so that its average worth is 950 in both."""
    same(
        year.rows(
            "select kpi_code, dimension_value, actual_value from kpi.fct_kpi_segment_period"
            " where dimension_type = 'product_family' and period = '2026-01' and currency_code = 'CNY'"
            " and kpi_code in ('booked_amount', 'average_deal_amount')"
            " and dimension_value in ('Software', 'Hardware')"
        ),
        [
            ("booked_amount", "Software", "570"),
            ("booked_amount", "Hardware", "380"),
            ("average_deal_amount", "Software", "950"),
            ("average_deal_amount", "Hardware", "950"),
        ],
    )
