"""The golden numbers of the rules of pay that one receipt after the other can show, as people of the sample company.

Each case is a plan of one component on collected money, one person, and receipts in order: amount and what it earns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from attain.settings import Settings
from tests.transform.landing import land
from tests.transform.sample import EXTRACTED


@dataclass(frozen=True)
class Case:
    """One golden case: `bands` are (from, rate); each receipt is of a deal of its own unless `one_deal` is set."""

    code: str
    accumulate: str
    bands: tuple[tuple[str, str], ...]
    receipts: tuple[tuple[str, str], ...]
    one_deal: bool = False
    invoiced: str = ""

    @property
    def employee_id(self) -> str:
        return f"G-{self.code}"


_FOUR_BANDS = (("0", "1%"), ("1000", "2%"), ("3000", "3%"), ("8000", "5%"))
_SIX = ("200", "300", "1500", "1200", "2000", "4500")

CASES = (
    Case("t3_per_deal", "deal", _FOUR_BANDS, tuple(zip(_SIX, ("2", "3", "20", "14", "30", "95"), strict=True))),
    Case("t3_accumulated", "year", _FOUR_BANDS, tuple(zip(_SIX, ("2", "3", "25", "26", "60", "169"), strict=True))),
    Case(
        "t3_so_far",
        "quarter",
        (("0", "4%"), ("150000", "6%"), ("250000", "8%")),
        (("145000", "5800"), ("20000", "1100")),
    ),
    Case("t3_d3_refund", "month", (("0", "5%"), ("10000", "8%")), (("12000", "660"), ("-3000", "-210")), one_deal=True),
    Case("c2_partial_receipt", "month", (("0", "4%"),), (("8000", "320"),), invoiced="10000"),
)


def write_plans(folder: Path) -> None:
    """Write one plan file a case."""
    for case in CASES:
        bands = []
        for number, (lower, rate) in enumerate(case.bands):
            upper = f", to: {case.bands[number + 1][0]}" if number + 1 < len(case.bands) else ""
            bands.append(f"          - {{from: {lower}{upper}, rate: {rate}}}")
        (folder / f"{case.code}.yml").write_text(
            f"plan: {case.code}\ntitle: {{en: {case.code}, zh: {case.code}}}\nversions:\n"
            '  - version: "1"\n    valid_from: 2026-01-01\n    currency: CNY\n    assign:\n'
            f"      - role: {case.code}\n    components:\n      - component: commission\n"
            "        title: {en: Commission, zh: 提成}\n        basis: collected\n        index: amount\n"
            f"        accumulate: {case.accumulate}\n        bands:\n" + "\n".join(bands) + "\n",
            encoding="utf-8",
        )


def deliver(settings: Settings) -> None:
    """Land people, deals, invoices and receipts of all cases; receipts are a day apart, from 2 March 2026."""
    deals, invoices, receipts = [], [], []
    for case in CASES:
        for number, (amount, _) in enumerate(case.receipts, start=1):
            deal = case.code if case.one_deal else f"{case.code}-{number}"
            if not case.one_deal or number == 1:
                worth = case.invoiced or amount
                deals.append(
                    {
                        "deal_id": deal,
                        "owner_id": case.employee_id,
                        "account_id": "a1",
                        "product_name": "GTX Pro",
                        "stage": "Closed Won",
                        "amount": worth,
                        "currency_code": "CNY",
                        "closing_date": date(2026, 3, 1),
                    }
                )
                invoices.append(
                    {
                        "invoice_no": f"I-{deal}",
                        "document_no": deal,
                        "invoice_date": date(2026, 3, 1),
                        "amount": worth,
                        "currency_code": "CNY",
                        "invoice_status": "issued",
                    }
                )
            receipts.append(
                {
                    "receipt_no": f"R-{case.code}-{number}",
                    "invoice_no": f"I-{deal}",
                    "receipt_date": date(2026, 3, 1) + timedelta(days=number),
                    "amount": amount,
                    "currency_code": "CNY",
                    "receipt_type": "refund" if Decimal(amount) < 0 else "receipt",
                }
            )
    people = [
        {"employee_id": case.employee_id, "full_name": case.code, "role": case.code, "hire_date": date(2026, 1, 1)}
        for case in CASES
    ]
    land(settings, "hr", "employees", people, extracted_at=EXTRACTED, file_name="golden.csv")
    land(settings, "zoho_crm", "deals", deals, extracted_at=EXTRACTED, file_name="golden.csv")
    land(settings, "finance", "invoices", invoices, extracted_at=EXTRACTED, file_name="golden.csv")
    land(settings, "finance", "receipts", receipts, extracted_at=EXTRACTED, file_name="golden.csv")
