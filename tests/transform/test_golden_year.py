"""Golden numbers that need more than a month: draws, quotas by season, splits, and readings that only a year shows.

A company of its own, a year long, with a plan a case; what is expected was worked out by hand from the rules, in the
comments, and is read from the published tables.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    """A plan of one component on booked money, its people, and their deals.

    Attributes:
        version: further keys of the plan version, as YAML, one a line.
        component: further keys of the component; its bands are among them.
        people: employee → what HR says beside number, name and role.
        deals: deal → owner, day, amount, and what the CRM says beside.
        refunds: day and amount taken back, of a deal that was invoiced and paid in full on its day.
        basis: of the component.
    """

    code: str
    people: dict[str, dict[str, object]]
    deals: dict[str, tuple[str, str, str, dict[str, object]]]
    version: tuple[str, ...] = ()
    component: tuple[str, ...] = (TEN_PERCENT,)
    refunds: tuple[tuple[str, str, str], ...] = ()
    accumulate: str = "month"
    index: str = "amount"

    @property
    def plan(self) -> str:
        component = [
            "component: commission",
            "title: {en: Commission, zh: 提成}",
            "basis: booked",
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


_JOINED = {"hire_date": date(2026, 1, 1)}
_SEASONS = "quotas: [{{kpi: booked_amount, amount: 100000, per: year, seasonality: [20%, 20%, 20%, 40%]{periods}}}]"
_ATTAINMENT = ("quota_kpi: booked_amount", "bands: [{from: 0%, rate: 1%}]")

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
    Case(
        "d1_negative_month",
        {"N1": _JOINED},
        {"N1-1": ("N1", "2026-01-10", "12000", {})},
        refunds=(("N1-1", "2026-02-10", "12000"),),
        version=("draw: {type: guarantee, amount: 500, from_month: 1, to_month: 1}",),
    ),
)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> BuiltHome:
    """The built company of the cases. Nobody may change it."""
    home = tmp_path_factory.mktemp("year") / "home"
    settings = Settings.from_environment({"ATTAIN_HOME": str(home), "ATTAIN_PLANS": str(home / "plans")})
    settings.plans_dir.mkdir(parents=True)
    people, deals, invoices, receipts = [], [], [], []
    for case in CASES:
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
        ("finance", "invoices", invoices),
        ("finance", "receipts", receipts),
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
            ("2026-09", "0", "0", "0", "0", "0"),
        ],
    )
    same(
        year.rows(
            "select period, opening_amount, added_amount, recovered_amount, closing_amount from incentive.fct_balance"
            " where payee_id = 'G3' and balance_type = 'draw' and period between '2026-03' and '2026-05'"
        ),
        [
            ("2026-03", "800", "600", "0", "1400"),
            ("2026-04", "1400", "0", "300", "1100"),
            ("2026-05", "1100", "0", "800", "300"),
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
