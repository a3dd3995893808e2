"""Lines of documents: how a contract or an invoice is made up, by which its events are credited (C1, C2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from attain import money
from attain.reference.inputs import Event, Inputs, SoldLine

ZERO = Decimal(0)
DOCUMENT_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A line that counts: its number among those, its weight, and what it brings with it.

    Attributes:
        number: from 1, in the order of the document.
        weight: the line's own amount.
        amount: the line's part of the document's amount, in `currency_code`.
        tells_quantity: whether the document tells quantities line by line.
    """

    number: int
    weight: Decimal
    amount: Decimal
    currency_code: str
    quantity: Decimal | None
    tells_quantity: bool
    product_family: str | None


class Catalogues:
    """Families of products by name and number (T7), from the catalogues of all systems.

    A name is looked for in the system's own catalogue, then, where that does not have it, in all of them, then the
    number in the system's own. What stands for two families stands for none.
    """

    def __init__(self, products: Iterable[tuple[str, str | None, str | None, str | None]]) -> None:
        """Takes each product's system, name, number and family."""
        self.names: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.numbers: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for system, name, number, family in products:
            if family is not None:
                for known, reference in ((self.names, tidy(name)), (self.numbers, tidy(number))):
                    if reference:
                        known[system][reference].add(family)

    def family(self, system: str | None, name: str | None, number: str | None) -> str | None:
        own = self.names.get(system or "", {})
        if tidy(name) in own:
            found = _only(own[tidy(name)])
        else:
            everywhere = [names[tidy(name)] for names in self.names.values() if tidy(name) in names]
            found = _only(set().union(*everywhere))
        return found or _only(self.numbers.get(system or "", {}).get(tidy(number), set()))


def _only(families: set[str]) -> str | None:
    return next(iter(families)) if len(families) == 1 else None


def tidy(text: str | None) -> str:
    """A reference as it is compared: without case and without blanks at the ends."""
    return (text or "").strip(" ").lower()


class DocumentLines:
    """Which lines an event is spread over. A document that is not told in lines is one line: itself."""

    def __init__(self, inputs: Inputs) -> None:
        listed: dict[tuple[bool, str, str], list[SoldLine]] = defaultdict(list)
        for line in inputs.sold_lines:
            listed[(line.is_invoice, line.source_system, line.document_no)].append(line)
        self.contracts: dict[tuple[str, str], tuple[Part, ...]] = {}
        self.invoices: dict[tuple[str, str], tuple[Part, ...]] = {}
        amounts = {
            (invoice.source_system, invoice.invoice_no): (invoice.amount, invoice.currency_code)
            for invoice in inputs.invoices
            if invoice.document_id is not None
        }
        for (is_invoice, *key), lines in listed.items():
            system, number = key
            if is_invoice and (system, number) in amounts and all(_is_known(line) for line in lines):
                self.invoices[(system, number)] = _parts(lines, *amounts[(system, number)])
            elif not is_invoice and (document := inputs.document_of.get((system, number))) is not None:
                self.contracts[(system, number)] = _parts(lines, document.amount, document.currency_code)

    def of(self, event: Event) -> tuple[Part, ...]:
        """The lines of the invoice that the event is of or names, else those of its document; empty: it is one."""
        own = self.invoices.get((event.invoice_system or "", event.invoice_no or ""), ())
        return own or self.contracts.get((event.source_system, event.document_id), ())


def _is_known(line: SoldLine) -> bool:
    """Whether it is known what an invoice's line is of; one that takes something off need not be known."""
    return line.product_family is not None or line.amount is None or line.amount <= ZERO


def _parts(lines: Iterable[SoldLine], whole: Decimal, currency: str) -> tuple[Part, ...]:
    """The lines that count: those of more than 0; none where one does not tell its amount.

    What a line takes off (a discount) is borne by all, because the document's amount is what was signed.
    """
    listed = sorted(lines, key=lambda line: line.place)
    if any(line.amount is None for line in listed):
        return ()
    counting = [line for line in listed if line.amount is not None and line.amount > ZERO]
    weights = {number: line.amount or ZERO for number, line in enumerate(counting, start=1)}
    if not weights:
        return ()
    amounts = money.allocate(whole, weights, shared_decimals(whole, currency))
    tells_quantity = any(line.quantity is not None for line in counting)
    return tuple(
        Part(number, weights[number], amounts[number], currency, line.quantity, tells_quantity, line.product_family)
        for number, line in enumerate(counting, start=1)
    )


def shared_decimals(amount: Decimal, currency: str) -> int:
    """Decimals of the parts of an amount: its currency's, or 2 where the amount itself is finer than those.

    Documents are delivered with 2 decimals, so a currency of 3 is shared in hundredths, too.
    """
    decimals = min(money.minor_unit(currency), DOCUMENT_DECIMALS)
    return decimals if money.round_half_away(amount, decimals) == amount else DOCUMENT_DECIMALS
