"""Golden numbers that need more than a month: draws, quotas by season, splits, and readings that only a year shows.

A company of its own, a year long, with a plan a case; what is expected was worked out by hand from the rules, in the
comments, and is read from the published tables.

Settled readings that published tables show: C1, C3, C5, Q4, Q6 (leaving) in `test_published`; T3, T4, T5 (no
attainment), T7, T8, T9 (lose), D3 (original rate, linear), C2, K6 (contest) in `golden`; draws, penalties and floor
(K4), thresholds, caps, curves and the legal limit (D4) month by month in `months`; M3, C6, Q1, Q2, Q3, Q6 (tail), T2,
T5, T9 (carry), D1, D2, D4 (rounding, keep), D5, K1 (directions), K2, K3, K4 (floor and guarantee) and K6 here. D3 (an
unpaid invoice paid later) and T7's holds are dbt unit tests, and are compared by the two engines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from attain.settings import Settings
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
        feeds: further rows that are delivered, by feed: of HR, or of finance as `finance.<feed>`.
    """

    code: str
    people: dict[str, dict[str, object]]
    deals: dict[str, tuple[str, str, str, dict[str, object]]]
    version: tuple[str, ...] = ()
    component: tuple[str, ...] = (TEN_PERCENT,)
    refunds: tuple[tuple[str, str, str], ...] = ()
    accumulate: str = "month"
    index: str = "amount"
    basis: str = "booked"
    feeds: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    @property
    def plan(self) -> str:
        component = [
            "component: commission",
            "title: {en: Commission, zh: 提成}",
            f"basis: {self.basis}",
            f"index: {self.index}",
            f"accumulate: {self.accumulate}",
            *self.component,
        ]
        return (
            f"plan: {self.code}\ntitle: {{en: {self.code}, zh: {self.code}}}\nversions:\n"
            '  - version: "1"\n    valid_from: 2026-01-01\n    currency: CNY\n    assign:\n'
            f"      - role: {self.code}\n    components:\n      - "
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
# A group of six, scored by a rating; one of four, and a fifth whom nobody rated.
_NORTH = {"F1": "1.2", "F2": "1.0", "F3": "1.0", "F4": "0.9", "F5": "0.8", "F6": "0.7"}
_WEST = {"F7": "1.2", "F8": "1.15", "F9": "1.0", "F10": "0.95"}

CASES = (
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
                {"employee_id": "K1", "kpi_code": "booked_amount", "period": "2026-01", "target_value": "10000"}
                | {"currency_code": "CNY"}
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
)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> BuiltHome:
    """The built company of the cases. Nobody may change it."""
    home = tmp_path_factory.mktemp("year") / "home"
    settings = Settings.from_environment({"ATTAIN_HOME": str(home), "ATTAIN_PLANS": str(home / "plans")})
    settings.plans_dir.mkdir(parents=True)
    people, deals, invoices, receipts = [], [], [], []
    feeds: dict[str, list[dict[str, object]]] = {}
    for case in CASES:
        for feed, rows in case.feeds.items():
            feeds.setdefault(feed, []).extend(rows)
        (settings.plans_dir / f"{case.code}.yml").write_text(case.plan, encoding="utf-8")
        people += [
            {"employee_id": person, "full_name": person, "role": case.code, **said}
            for person, said in case.people.items()
        ]
        deals += [
            {
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
        ]
        for deal, day, amount in case.refunds:
            _, sold, worth, _ = case.deals[deal]
            invoices.append(
                {
                    "invoice_no": f"I-{deal}",
                    "document_no": deal,
                    "invoice_date": date.fromisoformat(sold),
                    "amount": worth,
                    "currency_code": "CNY",
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
                        "currency_code": "CNY",
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
    prepared = candidate.prepare(settings)
    for layer in dbt.SELECTIONS:
        dbt.build_layer(settings, layer, prepared.run_id)
    return BuiltHome(settings, prepared, {})


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
