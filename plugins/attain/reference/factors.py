"""Factors and filters: what a line's own attributes do to its credit or its pay (T7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from attain.reference.credit import Credit, at_scale_six
from attain.reference.inputs import Document, Factor, Inputs, Invoice, Step

Value = Fraction | str | None


class Attributes:
    """Attributes of lines. A reversal has its original's, because it carries its original's factors (T7)."""

    def __init__(self, inputs: Inputs) -> None:
        self.documents = inputs.document_of
        self.invoices: dict[tuple[str, str], Invoice] = {
            (item.source_system, item.invoice_no): item for item in inputs.invoices
        }

    def document(self, credit: Credit) -> Document | None:
        return self.documents.get((credit.event.source_system, credit.event.document_id))

    def value(self, credit: Credit, name: str) -> Value:
        """An attribute of a line; None where nobody knows it."""
        if name == "collection_days":
            return self._collection_days(credit)
        if name == "product_family" and credit.part is not None:
            return credit.part.product_family
        document = self.document(credit)
        if document is None:
            return None
        if name == "margin":
            if document.cost is None or document.amount == 0:
                return None
            margin = (Fraction(document.amount) - Fraction(document.cost)) / Fraction(document.amount)
            return Fraction(at_scale_six(margin))
        if name == "discount":
            return discount_of(document)
        named = {
            "product_family": document.product_family,
            "customer_type": document.customer_type,
            "segment": document.segment,
            "channel": document.channel,
            "region": document.region,
        }
        return named[name]

    def _collection_days(self, credit: Credit) -> Fraction | None:
        """Days from the invoice's settlement, else from its own day, to the receipt (C2, T7)."""
        given = credit.given
        if given.event_type != "receipt" or given.invoice_no is None:
            return None
        invoice = self.invoices.get((given.invoice_system or "", given.invoice_no))
        start = None if invoice is None else invoice.settlement_date or invoice.invoice_date
        return None if start is None else Fraction((given.event_date - start).days)

    def passes(self, credit: Credit, only: Mapping[str, frozenset[str]]) -> bool:
        """Whether the line is one that a component looks at; what is not known matches nothing."""
        return all(_comparable(self.value(credit, name)) in wanted for name, wanted in only.items())

    def product(self, credit: Credit, factors: Iterable[Factor], applies_to: str) -> tuple[Decimal | None, str | None]:
        """The product of a line's factors of one kind, or None and what is missing: a hold, never 1 (T7)."""
        product = Decimal(1)
        for factor in factors:
            if factor.applies_to == applies_to:
                found = self.factor(credit, factor)
                if found is None:
                    return None, f"{factor.code}: the line is outside the table (T7)"
                product *= found
        return product, None

    def factor(self, credit: Credit, factor: Factor) -> Decimal | None:
        row = _place(factor.rows, self.value(credit, factor.row_by))
        column = 1 if factor.column_by is None else _place(factor.columns, self.value(credit, factor.column_by))
        return None if row is None or column is None else factor.cells.get((row, column))


def discount_of(document: Document) -> Fraction | None:
    """1 − amount ÷ list amount, at scale 6 as a document shows it; None where the list amount is not known."""
    if document.listed is None or document.listed == 0:
        return None
    return Fraction(at_scale_six(1 - Fraction(document.amount) / Fraction(document.listed)))


def _comparable(value: Value) -> str | None:
    return value.strip().casefold() if isinstance(value, str) else None


def _place(steps: Iterable[Step], value: Value) -> int | None:
    """Number of the band or the name that a value falls in; bands are half-open (T1) and may start anywhere."""
    for number, step in enumerate(steps, start=1):
        if isinstance(value, str):
            is_inside = step.value is not None and step.value.strip().casefold() == _comparable(value)
        else:
            is_inside = value is not None and step.value is None and step.lower is not None and step.lower <= value
            is_inside = is_inside and (step.upper is None or (value is not None and value < step.upper))
        if is_inside:
            return number
    return None
