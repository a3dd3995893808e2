"""The book of credit: a payee's lines on a basis, after the events that a component lets take it back (C2, C6, D3).

Components differ in what takes credit back. A document is split once for each different set of such events that
happened to it, not once for each component, and only when somebody asks for a payee whom it concerns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from attain.reference.credit import Credit, cancellations, document_credits, reversed_by, unpaid
from attain.reference.inputs import HOUSE, Event, Inputs, Split
from attain.reference.lines import DocumentLines
from attain.reference.people import People

Document = tuple[str, str]
"""Source system and number of a document."""


@dataclass
class _History:
    """What happened to a document on a basis, in one currency: what gave credit, and what may take it back, by type."""

    given: list[Event] = field(default_factory=list)
    taken: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))


class Book:
    """Credit lines by payee, of each basis and each set of events that take it back."""

    def __init__(self, inputs: Inputs, people: People) -> None:
        self.inputs, self.people = inputs, people
        self.lines = DocumentLines(inputs)
        self.splits: dict[Document, dict[int, Split]] = defaultdict(dict)
        self.documents: dict[str, set[Document]] = defaultdict(set)
        for split in inputs.splits:
            document = (split.source_system, split.document_id)
            self.splits[document][split.split_no] = split
            self.documents[split.employee_id].add(document)
        self.histories: dict[tuple[str, Document], dict[str, _History]] = defaultdict(lambda: defaultdict(_History))
        for event in (*inputs.events, *cancellations(inputs)):
            if event.event_date <= inputs.as_of:
                history = self._history(event)
                (history.taken[event.event_type] if event.takes_back else history.given).append(event)
        self.unpaid: dict[int, dict[tuple[str, Document, str], list[Event]]] = {}
        self.split: dict[tuple[object, ...], list[Credit]] = {}
        self.kept: dict[tuple[object, ...], list[Credit]] = {}

    def _history(self, event: Event) -> _History:
        return self.histories[(event.basis, (event.source_system, event.document_id))][event.currency_code]

    def credits(
        self, payee_id: str, basis: str, credit: str, listed: frozenset[str] | None, unpaid_days: int | None
    ) -> list[Credit]:
        """A payee's own, overlay or team credit on a basis.

        Args:
            listed: event types that take credit back; None: the basis's default (D3).
            unpaid_days: days after which an invoice counts as unpaid; None: none does.
        """
        types = reversed_by(basis, listed)
        days = unpaid_days if "unpaid" in types else None
        key = (payee_id, basis, credit, types, days)
        if key not in self.kept:
            self.kept[key] = [
                line
                for document in sorted(self._concerning(payee_id, credit))
                for found in self._lines(basis, document, types, days)
                for line in self._of(payee_id, credit, found)
            ]
        return self.kept[key]

    def _concerning(self, payee_id: str, credit: str) -> set[Document]:
        """Documents that name the payee or, for team credit, somebody below; any may fall to the house account (C5)."""
        if payee_id == HOUSE:
            return {document for _, document in self.histories}
        people = self.people.below(payee_id) if credit == "team" else {payee_id}
        return set().union(*(self.documents.get(person, set()) for person in people))

    def _of(self, payee_id: str, credit: str, line: Credit) -> Iterable[Credit]:
        """The line, where it is the payee's; a manager's override of it, where that is asked for.

        Only revenue credit rolls up; a reversal goes to the managers who had the credit (C6).
        """
        if credit == "team":
            is_led = line.role == "revenue" and payee_id in self.people.managers_of(
                line.employee_id, line.given.event_date
            )
            return [replace(line, employee_id=payee_id, role="override")] if is_led else []
        is_own = line.employee_id == payee_id and line.role == ("overlay" if credit == "overlay" else "revenue")
        return [line] if is_own else []

    def _lines(self, basis: str, document: Document, types: frozenset[str], days: int | None) -> Iterable[Credit]:
        """A document's lines. Those of one treatment are split once, whatever else the components let take back."""
        is_default = days is None and types - {"unpaid"} == reversed_by(basis, None) - {"unpaid"}
        profile = "" if is_default else _profile(types, days)
        for currency, history in sorted(self.histories.get((basis, document), {}).items()):
            late = [] if days is None else self._unpaid(days).get((basis, document, currency), [])
            happened = frozenset(history.taken.keys() & types)
            key = (basis, document, currency, happened, days if late else None)
            if key not in self.split:
                events = [*history.given, *(event for kind in happened for event in history.taken[kind]), *late]
                self.split[key] = document_credits(events, self.splits.get(document, {}), self.lines.of)
            for line in self.split[key]:
                yield replace(line, profile=profile) if profile and line.original is not None else line

    def _unpaid(self, days: int) -> dict[tuple[str, Document, str], list[Event]]:
        if days not in self.unpaid:
            found: dict[tuple[str, Document, str], list[Event]] = defaultdict(list)
            for event in unpaid(self.inputs, days):
                found[(event.basis, (event.source_system, event.document_id), event.currency_code)].append(event)
            self.unpaid[days] = found
        return self.unpaid[days]


def _profile(types: frozenset[str], days: int | None) -> str:
    """Name of a set of events that take credit back; an unpaid invoice counts only with its days."""
    named = [f"unpaid{days}" if item == "unpaid" else item for item in types if item != "unpaid" or days is not None]
    return "+".join(sorted(named))
