"""Documents of several lines (C1, C2): what counts, how an event is spread over it, and what a line brings with it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from attain.reference.calculation import compute
from attain.reference.credit import Credit, document_credits
from attain.reference.inputs import Event, Inputs, Invoice, SoldLine, Split
from attain.reference.lines import Catalogues, DocumentLines
from tests.reference.company import SELLER, bands, company, deal, decimals, earned, plan, receipt, refund, signing

ALL = bands(("0", "1"))
SOFTWARE = {"product_family": frozenset({"software"})}


def sold(number: int, *lines: tuple[str | None, str | None], quantities: Sequence[str | None] = ()) -> list[SoldLine]:
    """Lines of the deal of that number, as (amount, family)."""
    told = [None if item is None else Decimal(item) for item in quantities] or [None] * len(lines)
    return [
        SoldLine(False, "crm", f"D{number:04d}", place, None if amount is None else Decimal(amount), quantity, family)
        for place, ((amount, family), quantity) in enumerate(zip(lines, told, strict=True), start=1)
    ]


def billed(number: int, *lines: tuple[str, str | None], currency: str = "CNY") -> tuple[Invoice, list[SoldLine]]:
    """An invoice of the deal of that number, with lines of its own."""
    whole = sum((Decimal(amount) for amount, _ in lines), Decimal(0))
    invoice = Invoice("fin", "I1", "crm", f"D{number:04d}", date(2026, 1, 2), None, None, whole, currency)
    return invoice, [
        SoldLine(True, "fin", "I1", place, Decimal(amount), None, family)
        for place, (amount, family) in enumerate(lines, start=1)
    ]


def credits(inputs: Inputs, *shares: tuple[str, str, str]) -> list[Credit]:
    """Credit lines of the events, which are of one document, split as told: (number, percent, role)."""
    splits = {
        int(number): Split("crm", "D0001", int(number), f"E{number}", Decimal(percent), role)
        for number, percent, role in shares or (("1", "100", "revenue"),)
    }
    return document_credits(inputs.events, splits, DocumentLines(inputs).of)


def spread(inputs: Inputs) -> list[tuple[int, Decimal]]:
    return [(credit.document_line_no, credit.amount) for credit in credits(inputs)]


def of_one(*events: Event, lines: Sequence[SoldLine] = (), amount: str = "100", **changes: object) -> Inputs:
    given = {"documents": (deal(1, amount),), "sold_lines": tuple(lines), **changes}
    return company(plan(ALL), events, **given)


def test_c1_a_component_pays_the_lines_of_its_family() -> None:
    lines = sold(1, ("800", "Software"), ("200", "Hardware"))
    inputs = company(
        plan(ALL, only=SOFTWARE), [receipt(1, "500")], documents=(deal(1, "1000"),), sold_lines=tuple(lines)
    )
    results = compute(inputs)
    assert earned(results) == decimals("400")
    assert [line.credit_line_id for line in results.earning_lines] == ["collected|crm|D0001|receipt|R0001|1|1"]
    whole = replace(inputs, versions=(plan(ALL),))
    assert [(line.credit_line_id[-5:], line.earned_amount) for line in compute(whole).earning_lines] == [
        ("1|1|1"[-5:], Decimal(400)),
        ("1.2|1", Decimal(100)),
    ]


def test_c1_m3_lines_first_then_people() -> None:
    inputs = of_one(signing(1, "100"), lines=sold(1, ("2", "A"), ("1", "B")))
    found = credits(inputs, ("1", "30", "revenue"), ("2", "70", "revenue"), ("101", "50", "overlay"))
    assert [(credit.document_line_no, credit.split_no, credit.amount) for credit in found] == [
        (1, 1, Decimal("20.00")),
        (1, 2, Decimal("46.67")),
        (2, 1, Decimal("10.00")),
        (2, 2, Decimal("23.33")),
        (1, 101, Decimal("33.34")),
        (2, 101, Decimal("16.67")),
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("60", "A"), ("0", "B"), ("20", "C")], [(1, "75"), (2, "25")]),
        ([("60", "A"), ("-5", None), ("20", "C")], [(1, "75"), (2, "25")]),
        ([("60", "A"), (None, "B")], [(1, "100")]),
        ([("0", "A"), ("-5", "B")], [(1, "100")]),
        ([("7", "A")], [(1, "100")]),
        ([], [(1, "100")]),
    ],
    ids=["gift", "discount", "no amount", "nothing above 0", "one line", "none"],
)
def test_c1_which_lines_count(lines: list[tuple[str | None, str | None]], expected: list[tuple[int, str]]) -> None:
    inputs = of_one(signing(1, "100"), lines=sold(1, *lines))
    assert spread(inputs) == [(number, Decimal(amount)) for number, amount in expected]


def test_c1_a_document_of_one_line_has_that_lines_family() -> None:
    inputs = of_one(signing(1, "100"), lines=sold(1, ("7", "Software")))
    [credit] = credits(inputs)
    assert credit.part is not None
    assert (credit.part.product_family, credit.credit_line_id) == ("Software", "booked|crm|D0001|won|D0001|1|1")


def test_c2_a_receipt_goes_by_the_invoices_own_lines_else_by_its_documents() -> None:
    invoice, own = billed(1, ("10", "Software"), ("30", "Hardware"))
    named = receipt(1, "40", invoice_no="I1", invoice_system="fin")
    lines = sold(1, ("2", "Software"), ("1", "Hardware"))
    inputs = of_one(named, lines=[*lines, *own], invoices=(invoice,))
    assert spread(inputs) == [(1, Decimal(10)), (2, Decimal(30))]
    assert spread(replace(inputs, events=(receipt(1, "60"),))) == [(1, Decimal(40)), (2, Decimal(20))]
    fee = [replace(own[0], product_family=None), own[1]]
    assert spread(replace(inputs, sold_lines=(*lines, *fee))) == [(1, Decimal("26.67")), (2, Decimal("13.33"))]


def test_d3_a_full_refund_leaves_every_line_at_nothing() -> None:
    events = [
        receipt(1, "100"),
        refund(1, "-10", date(2026, 2, 1), event_id="F1"),
        refund(1, "-500", date(2026, 3, 1), event_id="F2"),
    ]
    found = credits(of_one(*events, lines=sold(1, ("2", "A"), ("1", "B"))))
    left: dict[int, Decimal] = defaultdict(Decimal)
    for credit in found:
        left[credit.document_line_no] += credit.amount
    assert left == {1: Decimal(0), 2: Decimal(0)}
    assert [credit.credit_line_id.split("|", 4)[4] for credit in found if credit.original] == [
        "F1|1|1",
        "F1|1.2|1",
        "F2|1|1",
        "F2|1.2|1",
    ]


@pytest.mark.parametrize(
    ("quantities", "expected"), [(("12", "3"), ["6", "1.5"]), ((None, "3"), ["0", "1.5"]), ((None, None), ["2.5", "1"])]
)
def test_c2_units_are_the_lines_where_it_tells_them(quantities: Sequence[str | None], expected: list[str]) -> None:
    lines = sold(1, ("500", "A"), ("200", "B"), quantities=quantities)
    version = plan(ALL, measure="units")
    document = deal(1, "700", quantity=Decimal(7))
    results = compute(company(version, [receipt(1, "350")], documents=(document,), sold_lines=tuple(lines)))
    assert earned(results) == decimals(*expected)
    assert [line.hold_reason for line in results.earning_lines] == [
        "the line's units are not known" if quantities[1] and quantity is None else None for quantity in quantities
    ]


def test_m3_nothing_is_lost_between_lines_people_and_reversals() -> None:
    chance = random.Random(3)
    for _ in range(200):
        currency = chance.choice(["CNY", "JPY"])
        lines = sold(
            1, *[(str(Decimal(chance.randrange(1, 99999)) / 100), None) for _ in range(chance.randrange(1, 6))]
        )
        share = chance.randrange(1, 100)
        events = [
            receipt(1, str(Decimal(chance.randrange(1, 99999)) / (1 if currency == "JPY" else 100)),
                    date(2026, 1, 1 + number), event_id=f"R{number}", currency_code=currency)
            for number in range(3)
        ]  # fmt: skip
        whole = sum((event.amount for event in events), Decimal(0))
        back = (whole * chance.randrange(1, 100) / 100).quantize(Decimal(1) if currency == "JPY" else Decimal("0.01"))
        events.append(refund(1, -back, date(2026, 3, 1), event_id="F", currency_code=currency))
        inputs = of_one(*events, lines=lines)
        found = credits(inputs, ("1", str(share), "revenue"), ("2", str(100 - share), "revenue"))
        for event in events:
            assert sum(credit.amount for credit in found if credit.event is event) == event.amount
        assert len({credit.credit_line_id for credit in found}) == len(found)


def test_t7_families_by_name_then_everywhere_then_by_number() -> None:
    catalogues = Catalogues(
        [
            ("crm", "Atlas", "P1", "Software"),
            ("crm", "Twin", "P2", "Software"),
            ("crm", "twin ", "P2", "Hardware"),
            ("crm", "Elsewhere", None, "Software"),
            ("jdy", "Elsewhere", None, "Hardware"),
            ("jdy", "Router", "P3", "Hardware"),
            ("jdy", "Nameless", None, None),
        ]
    )
    asked = [
        ("crm", " ATLAS ", None),
        ("crm", "Twin", "p1"),
        ("crm", "Twin", "P2"),
        ("jdy", "Elsewhere", None),
        ("erp", "Elsewhere", None),
        ("crm", "router", None),
        ("crm", "Fee", "P3"),
        ("jdy", None, "p3"),
        ("jdy", "Nameless", None),
        (None, None, None),
    ]
    assert [catalogues.family(*item) for item in asked] == [
        "Software",
        "Software",
        None,
        "Hardware",
        None,
        "Hardware",
        None,
        "Hardware",
        None,
        None,
    ]


def test_the_seller_of_a_line_is_the_documents() -> None:
    inputs = of_one(receipt(1, "30"), lines=sold(1, ("2", "A"), ("1", "B")))
    assert {line.payee_id for line in compute(inputs).earning_lines} == {SELLER}
