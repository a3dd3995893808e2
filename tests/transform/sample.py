"""A small company whose every number was worked out by hand; the comments say how.

Plan `team_sales` (CNY): collected money, bands by amount accumulated by quarter, 5 % to 10,000 and 8 % above. Plan
`abroad` (USD): booked deals, bands by attainment accumulated by month, 2 % to the quota and 4 % above; a ramp.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from attain.settings import Settings
from tests.transform.landing import land

TEAM_SALES = """\
plan: team_sales
title: {en: Team sales, zh: 团队销售}
versions:
  - version: "2025"
    valid_from: 2025-01-01
    currency: CNY
    assign:
      - role: AE
    components:
      - component: commission
        title: {en: Commission, zh: 提成}
        basis: collected
        quota_kpi: collected_amount
        index: amount
        accumulate: quarter
        bands:
          - {from: 0, to: 10000, rate: 5%}
          - {from: 10000, rate: 8%}
    scorecards:
      - scorecard: review
        title: {en: Review, zh: 考核}
        frequency: quarter
        missing_data: reweight
        bonus_base: 1000
        kpis:
          - {kpi: collected_amount, weight: 0.6, cap: 1.2}
          - {kpi: win_rate, weight: 0.4, cap: 1.5}
        grades:
          - {grade: A, from: 1, coefficient: 1.5}
          - {grade: B, from: 0.5, coefficient: 1}
          - {grade: C, from: 0, coefficient: 0}
"""

ABROAD = """\
plan: abroad
title: {en: Abroad, zh: 海外}
versions:
  - version: "2025"
    valid_from: 2025-01-01
    currency: USD
    assign:
      - role: Abroad AE
    ramp: [50%]
    components:
      - component: commission
        title: {en: Commission, zh: 提成}
        basis: booked
        quota_kpi: booked_amount
        index: attainment
        accumulate: month
        bands:
          - {from: 0%, to: 100%, rate: 2%}
          - {from: 100%, rate: 4%}
"""

EXTRACTED = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)


def write_plans(folder: Path) -> None:
    """Write the two plan files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "team_sales.yml").write_text(TEAM_SALES, encoding="utf-8")
    (folder / "abroad.yml").write_text(ABROAD, encoding="utf-8")


def deliver(settings: Settings) -> None:
    """Land the sample company's rows; the last day that they tell of is 2026-03-31."""
    land(
        settings,
        "hr",
        "employees",
        [
            {
                "employee_id": "E1",
                "full_name": "Ann Li",
                "email": "ann@example.com",
                "role": "AE",
                "hire_date": date(2025, 1, 6),
                "crm_user_id": "u1",
            },
            {
                "employee_id": "E2",
                "full_name": "Bo Wang",
                "email": "bo@example.com",
                "role": "AE",
                "hire_date": date(2025, 1, 6),
                "leave_date": date(2026, 2, 28),
            },
            {
                "employee_id": "E3",
                "full_name": "Cem Roy",
                "email": "cem@example.com",
                "role": "Abroad AE",
                "hire_date": date(2026, 3, 1),
            },
            # Two people of one name: a record that gives only the name is nobody's.
            {"employee_id": "E4", "full_name": "Twin Name", "role": "Clerk", "hire_date": date(2025, 1, 1)},
            {"employee_id": "E5", "full_name": "Twin Name", "role": "Clerk", "hire_date": date(2025, 1, 1)},
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "hr",
        "reporting_lines",
        [
            {
                "employee_id": "E1",
                "manager_id": "E4",
                "team": "North",
                "valid_from": date(2025, 1, 6),
                "valid_to": date(2026, 1, 31),
            },
            {"employee_id": "E1", "manager_id": "E4", "team": "South", "valid_from": date(2026, 2, 1)},
            {"employee_id": "E2", "manager_id": "E4", "team": "North", "valid_from": date(2025, 1, 6)},
            {"employee_id": "E3", "manager_id": "E5", "team": "Abroad", "valid_from": date(2026, 3, 1)},
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "hr",
        "targets",
        [
            *(
                {
                    "employee_id": "E1",
                    "kpi_code": "collected_amount",
                    "period": f"2026-0{month}",
                    "target_value": "5000",
                    "currency_code": "CNY",
                }
                for month in (1, 2, 3)
            ),
            {
                "employee_id": "E1",
                "kpi_code": "win_rate",
                "period": "2026-03",
                "target_value": "0.5",
                "currency_code": "CNY",
            },
            {
                "employee_id": "E3",
                "kpi_code": "booked_amount",
                "period": "2026-03",
                "target_value": "2000",
                "currency_code": "USD",
            },
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "zoho_crm",
        "users",
        [
            {"user_id": "u1", "full_name": "Ann L.", "email": "other@example.com", "user_status": "ACTIVE"},
            {"user_id": "u2", "full_name": "Bo W.", "email": "BO@example.com", "user_status": "DISABLED"},
            {"user_id": "u3", "full_name": "Cem Roy", "user_status": "ACTIVE"},
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "zoho_crm",
        "accounts",
        [
            {"account_id": "a1", "account_name": "Acme", "owner_id": "u1", "industry": "Retail"},
            {"account_id": "a2", "account_name": "Beta", "owner_id": "u2"},
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "zoho_crm",
        "products",
        [{"product_id": "p1", "product_name": "GTX Pro", "unit_price": "4821", "currency_code": "USD"}],
        extracted_at=EXTRACTED,
    )
    deals: list[dict[str, Any]] = [
        # D1: won by Ann and Bo, 30/70 of 6.45: 1.94 + 4.51 (rule M3).
        {
            "deal_id": "D1",
            "owner_id": "u1",
            "account_id": "a1",
            "product_name": "GTXPro",
            "stage": "Closed Won",
            "amount": "6.45",
            "currency_code": "CNY",
            "closing_date": date(2026, 1, 10),
            "split_owner_1": "ann@example.com",
            "split_percent_1": "30",
            "split_owner_2": "u2",
            "split_percent_2": "70",
        },
        # D2: Ann's, 12,000 invoiced and received in February, 3,000 refunded in March.
        {
            "deal_id": "D2",
            "owner_id": "u1",
            "account_id": "a1",
            "product_name": "GTX Pro",
            "stage": "Closed Won",
            "amount": "12000",
            "currency_code": "CNY",
            "closing_date": date(2026, 2, 3),
        },
        # D3: its splits add up to 90 %: held whole, on the house account.
        {
            "deal_id": "D3",
            "owner_id": "u1",
            "account_id": "a2",
            "stage": "Closed Won",
            "amount": "500",
            "currency_code": "CNY",
            "closing_date": date(2026, 2, 4),
            "split_owner_1": "u1",
            "split_percent_1": "40",
            "split_owner_2": "u2",
            "split_percent_2": "50",
        },
        # D4: owned by a name that two people have, without an account.
        {
            "deal_id": "D4",
            "owner_name": "Twin Name",
            "stage": "Closed Won",
            "amount": "100",
            "currency_code": "CNY",
            "closing_date": date(2026, 2, 5),
        },
        # D5: Cem's 710 CNY at 7.10 CNY per USD: 100 USD, of the month's quota of 1,000.
        {
            "deal_id": "D5",
            "owner_id": "u3",
            "account_id": "a2",
            "stage": "Closed Won",
            "amount": "710",
            "currency_code": "CNY",
            "closing_date": date(2026, 3, 10),
        },
        # D6: Cem's 1,400 USD: 900 fill the quota (2 %), 500 lie above it (4 %).
        {
            "deal_id": "D6",
            "owner_id": "u3",
            "account_id": "a2",
            "stage": "Closed Won",
            "amount": "1400",
            "currency_code": "USD",
            "closing_date": date(2026, 3, 20),
        },
        # D7: Cem's in JPY, for which there is no rate: held.
        {
            "deal_id": "D7",
            "owner_id": "u3",
            "account_id": "a2",
            "stage": "Closed Won",
            "amount": "9000",
            "currency_code": "JPY",
            "closing_date": date(2026, 3, 21),
        },
        # D8: lost by Ann.
        {
            "deal_id": "D8",
            "owner_id": "u1",
            "account_id": "a1",
            "stage": "Closed Lost",
            "amount": "50",
            "currency_code": "CNY",
            "closing_date": date(2026, 3, 22),
        },
        # D9: a stage that nobody has described.
        {"deal_id": "D9", "owner_id": "u1", "stage": "Parked", "amount": "50", "currency_code": "CNY"},
        # D10: won by Bo after his last day.
        {
            "deal_id": "D10",
            "owner_id": "u2",
            "account_id": "a2",
            "stage": "Closed Won",
            "amount": "800",
            "currency_code": "CNY",
            "closing_date": date(2026, 2, 20),
        },
    ]
    stamps = {"created_at": datetime(2026, 1, 1, 1, 0), "modified_at": datetime(2026, 3, 30, 1, 0)}
    # An older export of D2 arrives after the newer one: the newer modification still wins.
    land(settings, "zoho_crm", "deals", [{**deal, **stamps} for deal in deals], extracted_at=EXTRACTED)
    land(
        settings,
        "zoho_crm",
        "deals",
        [{**deals[1], "amount": "1", "created_at": stamps["created_at"], "modified_at": datetime(2026, 2, 4, 1, 0)}],
        extracted_at=datetime(2026, 2, 5, 2, 0, tzinfo=UTC),
        file_name="late.csv",
    )
    land(
        settings,
        "jiandaoyun_crm",
        "members",
        [{"username": "m1", "full_name": "李安", "email": "ann@example.com"}],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "jiandaoyun_crm",
        "customers",
        [{"customer_no": "C1", "customer_name": "合计贸易", "owner_name": "李安"}],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "jiandaoyun_crm",
        "contracts",
        [
            {
                "contract_no": "K1",
                "customer_no": "C1",
                "owner_name": "李安",
                "signed_date": date(2026, 1, 15),
                "amount": "3000",
                "currency_code": "CNY",
                "flow_status": "approved",
            },
            {
                "contract_no": "K2",
                "customer_no": "C1",
                "owner_name": "李安",
                "signed_date": date(2026, 1, 16),
                "amount": "9999",
                "currency_code": "CNY",
                "flow_status": "running",
            },
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "jiandaoyun_crm",
        "collections",
        [
            # The same money as receipt R3 of finance: counted once.
            {
                "collection_no": "H1",
                "contract_no": "K1",
                "collected_date": date(2026, 1, 20),
                "amount": "2000",
                "currency_code": "CNY",
                "collection_type": "receipt",
                "finance_receipt_no": "R3",
                "flow_status": "approved",
            },
            {
                "collection_no": "H2",
                "contract_no": "K1",
                "collected_date": date(2026, 1, 25),
                "amount": "500",
                "currency_code": "CNY",
                "collection_type": "receipt",
                "flow_status": "approved",
            },
            {
                "collection_no": "H3",
                "contract_no": "K1",
                "collected_date": date(2026, 1, 26),
                "amount": "400",
                "currency_code": "CNY",
                "collection_type": "receipt",
                "flow_status": "running",
            },
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "finance",
        "invoices",
        [
            {
                "invoice_no": "I1",
                "document_no": "D2",
                "invoice_date": date(2026, 2, 4),
                "amount": "12000",
                "currency_code": "CNY",
                "invoice_status": "issued",
            },
            {
                "invoice_no": "I2",
                "document_no": "D2",
                "invoice_date": date(2026, 2, 4),
                "amount": "7",
                "currency_code": "CNY",
                "invoice_status": "void",
            },
            {
                "invoice_no": "I3",
                "document_no": "K1",
                "invoice_date": date(2026, 1, 16),
                "amount": "3000",
                "currency_code": "CNY",
                "invoice_status": "issued",
            },
            {
                "invoice_no": "I4",
                "document_no": "D10",
                "invoice_date": date(2026, 2, 21),
                "amount": "800",
                "currency_code": "CNY",
                "invoice_status": "issued",
            },
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "finance",
        "receipts",
        [
            {
                "receipt_no": "R1",
                "invoice_no": "I1",
                "receipt_date": date(2026, 2, 20),
                "amount": "12000",
                "currency_code": "CNY",
                "receipt_type": "receipt",
            },
            {
                "receipt_no": "R2",
                "invoice_no": "I1",
                "receipt_date": date(2026, 3, 15),
                "amount": "-3000",
                "currency_code": "CNY",
                "receipt_type": "refund",
            },
            {
                "receipt_no": "R3",
                "invoice_no": "I3",
                "receipt_date": date(2026, 1, 20),
                "amount": "2000",
                "currency_code": "CNY",
                "receipt_type": "receipt",
            },
            {
                "receipt_no": "R4",
                "invoice_no": "NOWHERE",
                "receipt_date": date(2026, 3, 16),
                "amount": "77",
                "currency_code": "CNY",
                "receipt_type": "receipt",
            },
            # Bo had left on 28 February: it earns nothing, visibly.
            {
                "receipt_no": "R5",
                "invoice_no": "I4",
                "receipt_date": date(2026, 3, 5),
                "amount": "800",
                "currency_code": "CNY",
                "receipt_type": "receipt",
            },
        ],
        extracted_at=EXTRACTED,
        quarantined=[
            {
                "row_number": 7,
                "column_name": "amount",
                "value": "1,2,3",
                "reason": "not an amount",
                "remedy": "write it as 123.00",
                "raw_row": "{}",
            }
        ],
    )
    land(
        settings,
        "finance",
        "fx_rates",
        [
            {
                "rate_date": date(2026, 3, 9),
                "from_currency": "USD",
                "to_currency": "CNY",
                "unit": "100",
                "rate": "710",
                "rate_type": "middle",
            }
        ],
        extracted_at=EXTRACTED,
    )
    land(
        settings,
        "finance",
        "write_offs",
        [],
        extracted_at=EXTRACTED,
        horizon=date(2026, 3, 31),
    )
    land(
        settings,
        "hr",
        "training",
        [
            {"employee_id": person, "course_code": "K-1", "course_name": "Closing", "completed_date": day}
            for person, day in (("E1", date(2025, 12, 10)), ("E2", date(2026, 2, 10)), ("E9", date(2026, 2, 10)))
        ],
        extracted_at=EXTRACTED,
    )
