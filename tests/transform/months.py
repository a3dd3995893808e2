"""People whose months hold every kind of step that a statement shows; what they come to is in the tests.

Each plan has one component on collected money of a person; receipts are of a deal of their own unless one is named.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from attain.settings import Settings
from tests.transform.landing import land
from tests.transform.sample import EXTRACTED

# Plan code: keys of the component, keys of the version.
PLANS = {
    "s_draw": (
        """\
quota_kpi: collected_amount
index: attainment
accumulate: quarter
bands:
  - {from: 0%, to: 100%, rate: 5%}
  - {from: 100%, rate: 8%}
threshold: {at: 30%, pays: above}
cap: {amount: 400, per: period, excess: lose}
factors:
  - factor: days
    title: {en: Days to the receipt, zh: 回款天数}
    by: collection_days
    applies_to: credit
    bands:
      - {from: 0, to: 31, factor: 1.1}
      - {from: 31, factor: 0.9}
  - factor: fast
    title: {en: Fast money, zh: 快速回款}
    by: collection_days
    bands:
      - {from: 0, to: 16, factor: 1.2}
      - {from: 16, factor: 0.8}
""",
        """\
quotas:
  - {kpi: collected_amount, amount: 3000, per: month}
draw: {type: recoverable, amount: 200, minimum: 100, recovery_rate: 50%, recovery_from: 2026-03}
floor: 50
penalties:
  - {penalty: little, title: {en: Too little, zh: 回款不足}, kpi: collected_amount, below: 4000, amount: 50, limit: 40}
  - {penalty: much, title: {en: Too much, zh: 过多}, kpi: collected_amount, above: 8000, rate: 10%, limit: 500}
""",
    ),
    "s_carry": (
        """\
index: amount
accumulate: month
bands:
  - {from: 0, rate: 5%}
cap: {amount: 100, per: period, excess: carry}
""",
        """\
draw: {type: guarantee, amount: 90}
""",
    ),
    "s_back": (
        """\
index: amount
accumulate: month
bands:
  - {from: 0, to: 10000, rate: 5%}
  - {from: 10000, rate: 8%}
cap: {amount: 500, per: deal, excess: lose}
clawback: {method: original_rate, schedule: linear, linear_months: 12}
""",
        """\
legal_limit:
  - {share: 10%, keep: 2690}
""",
    ),
    "s_held": (
        """\
index: amount
accumulate: month
bands:
  - {from: 0, rate: 5%}
""",
        """\
holds:
  - {hold: large, title: {en: Large deal, zh: 大单}, document_amount_above: 5000}
penalties:
  - {penalty: little, title: {en: Too little, zh: 回款不足}, kpi: collected_amount, below: 50000, rate: 10%, limit: 500}
""",
    ),
    "s_curve": (
        """\
quota_kpi: collected_amount
index: attainment
accumulate: month
band_method: interpolated
target_amount: 1000
extend: true
curve:
  - {at: 50%, pay: 30%}
  - {at: 100%, pay: 100%}
  - {at: 150%, pay: 250%}
""",
        """\
quotas:
  - {kpi: collected_amount, amount: 3000, per: month}
draw: {type: non_recoverable, amount: 70}
""",
    ),
    "s_whole": (
        """\
index: amount
accumulate: quarter
band_method: retroactive
credit_share: 50%
bands:
  - {from: 0, to: 2000, rate: 5%}
  - {from: 2000, rate: 7%}
threshold: {at: 1000, pays: from_first}
""",
        "",
    ),
    # The month before picks the band.
    "s_before": (
        """\
quota_kpi: collected_amount
index: {as: attainment, basis: collected, measure: amount, offset: -1}
accumulate: month
band_method: retroactive
bands:
  - {from: 0%, to: 50%, rate: 1%}
  - {from: 50%, rate: 3%}
""",
        """\
ramp: [50%]
quotas:
  - {kpi: collected_amount, amount: 3000, per: month}
""",
    ),
    "s_split": (
        """\
index: amount
accumulate: month
bands:
  - {from: 0, rate: 10%}
""",
        "",
    ),
    "s_overlay": (
        """\
credit: overlay
index: amount
accumulate: month
bands:
  - {from: 0, rate: 10%}
""",
        "",
    ),
    # Manager of the person before.
    "s_team": (
        """\
credit: team
index: amount
accumulate: month
bands:
  - {from: 0, rate: 1%}
""",
        "",
    ),
    "s_deals": (
        """\
measure: count
index: amount
accumulate: month
bands:
  - {from: 0, to: 1, rate: 500}
  - {from: 1, rate: 800.5}
""",
        "",
    ),
    "s_card": (
        """\
index: amount
accumulate: month
bands:
  - {from: 0, rate: 1%}
""",
        """\
scorecards:
  - scorecard: review
    title: {en: Monthly review, zh: 月度考核}
    frequency: month
    missing_data: zero
    bonus_base: 1000
    kpis:
      - {kpi: collected_amount, weight: 0.8, cap: 1.2}
      - {kpi: "mbo:visits", weight: 0.2, cap: 1, direction: range, low: 0.8, high: 2}
    grades:
      - {grade: A, from: 0.9, coefficient: 1.5}
      - {grade: B, from: 0.5, coefficient: 1}
      - {grade: C, from: 0, coefficient: 0}
""",
    ),
}

# Deal: what the CRM says of its splits beside owner and amount.
SPLITS = {
    "s_split-shared": {
        "split_owner_1": "G-nobody",
        "split_percent_1": "33.33",
        "split_owner_2": "G-s_split",
        "split_percent_2": "33.34",
        "split_owner_3": "G-nobody",
        "split_percent_3": "33.33",
        "overlay_owner_1": "G-s_overlay",
        "overlay_percent_1": "12.5",
    }
}

# Plan code: receipts as day, amount, days from settlement, deal.
RECEIPTS: dict[str, tuple[tuple[str, str, int, str], ...]] = {
    "s_draw": (("2026-01-10", "2000", 10, ""), ("2026-02-10", "3000.55", 40, ""), ("2026-03-10", "9000", 5, "")),
    "s_carry": (("2026-01-10", "5000", 10, ""), ("2026-03-10", "1000", 10, "")),
    "s_back": (
        ("2026-01-10", "12000", 10, "back"),
        ("2026-01-11", "3000", 10, ""),
        ("2026-02-10", "-11000", 10, "back"),
        ("2026-03-10", "9000", 10, ""),
    ),
    "s_held": (("2026-03-10", "6000", 10, ""), ("2026-03-11", "200", 10, "")),
    "s_curve": (("2026-01-10", "2600", 10, ""), ("2026-02-10", "6000", 10, ""), ("2026-03-10", "900", 10, "")),
    "s_whole": (("2026-01-10", "1500", 10, ""), ("2026-02-10", "3000", 10, "")),
    "s_before": (("2026-01-10", "900", 10, ""), ("2026-02-10", "2000", 10, ""), ("2026-03-10", "1000", 10, "")),
    "s_split": (("2026-01-10", "100.01", 10, "shared"), ("2026-02-10", "-50", 10, "shared")),
    "s_deals": (("2026-01-10", "1000", 10, ""), ("2026-01-11", "2000", 10, "")),
    "s_card": (("2026-01-10", "1000", 10, ""), ("2026-02-10", "100", 10, "")),
}


def employee_id(plan: str) -> str:
    """The person of a plan."""
    return f"G-{plan}"


def write_plans(folder: Path) -> None:
    """Write the plan files."""
    for code, (component, version) in PLANS.items():
        (folder / f"{code}.yml").write_text(
            f"plan: {code}\ntitle: {{en: {code}, zh: {code}}}\nversions:\n"
            '  - version: "1"\n    valid_from: 2026-01-01\n    currency: CNY\n    assign:\n'
            f"      - role: {code}\n    components:\n      - component: commission\n"
            "        title: {en: Commission, zh: 提成}\n        basis: collected\n"
            + "".join(f"        {line}\n" for line in component.splitlines())
            + "".join(f"    {line}\n" for line in version.splitlines()),
            encoding="utf-8",
        )


def deliver(settings: Settings) -> None:
    """Land people, deals, invoices and receipts."""
    deals: dict[str, dict[str, Any]] = {}
    invoices: dict[str, dict[str, Any]] = {}
    receipts = []
    for plan, received in RECEIPTS.items():
        for number, (day, amount, days, named) in enumerate(received, start=1):
            deal = f"{plan}-{named or number}"
            came = date.fromisoformat(day)
            worth = {"amount": amount, "currency_code": "CNY"}
            deals.setdefault(
                deal,
                {"deal_id": deal, "owner_id": employee_id(plan), "account_id": "a1", "product_name": "GTX Pro",
                 "stage": "Closed Won", "closing_date": date(2026, 3, 1)} | worth | SPLITS.get(deal, {}),
            )  # fmt: skip
            invoices.setdefault(
                deal,
                {"invoice_no": f"I-{deal}", "document_no": deal, "invoice_date": date(2026, 1, 1),
                 "invoice_status": "issued", "settlement_date": came - timedelta(days=days)} | worth,
            )  # fmt: skip
            receipts.append(
                {"receipt_no": f"R-{deal}-{number}", "invoice_no": f"I-{deal}", "receipt_date": came,
                 "receipt_type": "refund" if amount.startswith("-") else "receipt"} | worth
            )  # fmt: skip
    people = [
        {
            "employee_id": employee_id(plan),
            "full_name": plan,
            "role": plan,
            "hire_date": date(2026, 1, 1),
            "base_salary_amount": "3000",
            "salary_currency_code": "CNY",
        }
        for plan in PLANS
    ]
    # Has splits, and no plan.
    people.append({"employee_id": "G-nobody", "full_name": "nobody", "role": "nobody", "hire_date": date(2026, 1, 1)})
    card = employee_id("s_card")
    targets = [
        {"employee_id": card, "kpi_code": "collected_amount", "period": month, "target_value": "1000"}
        | {"currency_code": "CNY"}
        for month in ("2026-01", "2026-02")
    ]
    ratings = [{"employee_id": card, "period": "2026-01", "objective_code": "visits", "rating": "1"}]
    manager = [
        {"employee_id": employee_id("s_split"), "manager_id": employee_id("s_team"), "team": "G-team"}
        | {"valid_from": date(2026, 1, 1)}
    ]
    land(settings, "hr", "employees", people, extracted_at=EXTRACTED, file_name="golden.csv")
    for source, feed, rows in (
        ("zoho_crm", "deals", [*deals.values()]),
        ("finance", "invoices", [*invoices.values()]),
        ("finance", "receipts", receipts),
        ("hr", "targets", targets),
        ("hr", "ratings", ratings),
        ("hr", "reporting_lines", manager),
    ):
        land(settings, source, feed, rows, extracted_at=EXTRACTED, file_name="golden.csv")
