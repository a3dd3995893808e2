"""The golden numbers of the rules of pay that one receipt after the other can show, as people of the sample company.

Each case is a plan of one component on collected money, one person, and receipts in order: amount and what it earns.
What thresholds, caps, curves, SPIFFs and contests add are lines beside those of the receipts.
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
    """One golden case: `bands` are (from, rate); each receipt is of a deal of its own unless `one_deal` is set.

    Attributes:
        component: further keys of the component, as YAML, one a line.
        version: further keys of the plan version, as YAML.
        days: of each receipt, the days from the invoice's settlement date to it.
        beside: lines without a receipt: line_type, month, amount.
    """

    code: str
    accumulate: str
    bands: tuple[tuple[str, str], ...]
    receipts: tuple[tuple[str, str], ...]
    one_deal: bool = False
    invoiced: str = ""
    component: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    days: tuple[int, ...] = ()
    beside: tuple[tuple[str, str, str], ...] = ()

    @property
    def employee_id(self) -> str:
        return f"G-{self.code}"


_FOUR_BANDS = (("0", "1%"), ("1000", "2%"), ("3000", "3%"), ("8000", "5%"))
_SIX = ("200", "300", "1500", "1200", "2000", "4500")
_DAYS = (
    "factors:",
    "  - factor: days",
    "    title: {en: Days to the receipt, zh: 回款天数}",
    "    by: collection_days",
    "    bands:",
    "      - {from: 0, to: 16, factor: 1.1}",
    "      - {from: 16, to: 32, factor: 1.0}",
    "      - {from: 32, to: 61, factor: 0.8}",
    "      - {from: 61, to: 91, factor: 0.6}",
    "      - {from: 91, to: 121, factor: 0.4}",
    "      - {from: 121, to: 151, factor: 0.2}",
    "      - {from: 151, factor: 0.1}",
)
_CREDIT_DAYS = (*_DAYS[:4], "    applies_to: credit", "    bands:", "      - {from: 0, factor: 1.5}")

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
    Case(
        "t4_accumulated",
        "year",
        _FOUR_BANDS,
        tuple(zip(_SIX, ("10", "15", "75", "60", "100", "225"), strict=True)),
        component=("band_method: retroactive", "only: {customer_type: [new, existing]}"),
    ),
    Case(
        "t7_days",
        "month",
        (("0", "1%"),),
        tuple(("10000", earned) for earned in ("110", "100", "80", "60", "40", "20", "10")),
        component=_DAYS,
        days=(15, 31, 60, 90, 120, 150, 151),
    ),
    # 1,000 x 1.5 = 1,500 counts: 1,000 at 1 % and 500 at 2 %.
    Case("t7_credit", "month", _FOUR_BANDS, (("1000", "20"),), component=_CREDIT_DAYS, days=(15,)),
    # 1,000 x 5 % = 50; the threshold of 1,500 is met with the second receipt.
    Case(
        "t8_from_first",
        "month",
        (("0", "5%"),),
        (("1000", "50"), ("400", "20")),
        component=("threshold: {at: 1500, pays: from_first}",),
        beside=(("threshold", "2026-03", "-70"),),
    ),
    # Of 2,000 the part above 1,500 is paid: 500 x 5 % = 25.
    Case(
        "t8_above",
        "month",
        (("0", "5%"),),
        (("1000", "50"), ("1000", "50")),
        component=("threshold: {at: 1500, pays: above}",),
        beside=(("threshold", "2026-03", "-75"),),
    ),
    Case(
        "t9_lose",
        "quarter",
        (("0", "5%"),),
        (("1000", "50"), ("1000", "50")),
        component=("cap: {amount: 60, per: period, excess: lose}",),
        beside=(("cap", "2026-03", "-40"),),
    ),
    # A quarter of the 12,000 comes back: a quarter of what they earned.
    Case(
        "d3_original_rate",
        "month",
        (("0", "5%"), ("10000", "8%")),
        (("12000", "660"), ("-3000", "-165")),
        one_deal=True,
        component=("clawback: {method: original_rate}",),
    ),
    # On the day after the receipt no whole month is kept: the whole 3,000 comes back, priced where it falls.
    Case(
        "d3_linear",
        "month",
        (("0", "5%"), ("10000", "8%")),
        (("12000", "660"), ("-3000", "-210")),
        one_deal=True,
        component=("clawback: {schedule: linear, linear_months: 12}",),
    ),
    # Each receipt of 1,000 earns 1 %; its deal was signed on 1 March and earns the SPIFF of 500.
    Case(
        "k6_spiff_and_contest",
        "month",
        (("0", "1%"),),
        (("1000", "10"),),
        version=(
            "spiffs:",
            "  - spiff: launch",
            "    title: {en: Launch, zh: 上市奖励}",
            "    from: 2026-03-01",
            "    to: 2026-03-01",
            "    basis: booked",
            "    measure: count",
            "    pay: {per_deal: 500}",
            "contests:",
            "  - contest: race",
            "    title: {en: Race, zh: 竞赛}",
            "    from: 2026-03-01",
            "    to: 2026-03-31",
            "    basis: collected",
            "    measure: amount",
            "    minimum: 1000",
            "    prizes:",
            "      - {rank: 1, amount: 3000}",
            "      - {rank: 2, amount: 1000}",
        ),
        beside=(("spiff", "2026-03", "500"), ("spiff", "2026-03", "3000")),
    ),
    # Nobody set a target: each month with an active day pays the first point's share, 30 % of 1,000.
    Case(
        "t5_no_attainment",
        "month",
        (),
        (("1000", ""),),
        component=(
            "quota_kpi: collected_amount",
            "band_method: interpolated",
            "target_amount: 1000",
            "curve:",
            "  - {at: 50%, pay: 30%}",
            "  - {at: 100%, pay: 100%}",
        ),
        beside=tuple(("earning", f"2026-0{month}", "300") for month in (1, 2, 3)),
    ),
)


def write_plans(folder: Path) -> None:
    """Write one plan file a case."""
    for case in CASES:
        component = [
            "component: commission",
            "title: {en: Commission, zh: 提成}",
            "basis: collected",
            f"index: {'amount' if case.bands else 'attainment'}",
            f"accumulate: {case.accumulate}",
            *case.component,
        ]
        if case.bands:
            component.append("bands:")
        for number, (lower, rate) in enumerate(case.bands):
            upper = f", to: {case.bands[number + 1][0]}" if number + 1 < len(case.bands) else ""
            component.append(f"  - {{from: {lower}{upper}, rate: {rate}}}")
        (folder / f"{case.code}.yml").write_text(
            f"plan: {case.code}\ntitle: {{en: {case.code}, zh: {case.code}}}\nversions:\n"
            '  - version: "1"\n    valid_from: 2026-01-01\n    currency: CNY\n    assign:\n'
            f"      - role: {case.code}\n    components:\n      - "
            + "\n        ".join(component)
            + "\n"
            + "".join(f"    {line}\n" for line in case.version),
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
                if case.days:
                    came = date(2026, 3, 1) + timedelta(days=number)
                    invoices[-1]["settlement_date"] = came - timedelta(days=case.days[number - 1])
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
