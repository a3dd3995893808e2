"""Credit: who is credited with how much of an event, in which currency (C1–C6, D3, M3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from attain import money
from attain.reference.inputs import BASES, HOUSE, REVERSED_BY, Event, FxRate, Inputs, Split
from attain.reference.lines import Part, shared_decimals

ZERO, HUNDRED = Decimal(0), Decimal(100)


@dataclass(frozen=True, slots=True)
class Credit:
    """A person's share of an event, still in the document's currency.

    Attributes:
        role: revenue, overlay, or override: a manager's credit of a subordinate's line (C6).
        original: the line that a reversal takes back, or that credit is given again for; None: it is one itself.
        undone: the reversal that credit given again undoes.
        profile: names the events that a component lets take credit back, where it isn't the basis's default (D3).
        part: the line of the document that is credited; None: the document is one line (C1).
    """

    event: Event
    line_no: int
    split_no: int
    employee_id: str
    amount: Decimal
    hold_reason: str | None
    original: Credit | None = None
    role: str = "revenue"
    undone: Credit | None = None
    profile: str = ""
    part: Part | None = None

    @property
    def document_line_no(self) -> int:
        return 1 if self.part is None else self.part.number

    @property
    def given(self) -> Event:
        """The event that gave the credit in the first place."""
        return (self.original or self).event

    @property
    def is_reversal(self) -> bool:
        return self.original is not None and self.undone is None

    @property
    def credit_line_id(self) -> str:
        event = self.event
        document = (event.basis, event.source_system, event.document_id, event.event_type, event.event_id)
        # The first line of a document is named as the only one is, so that a second leaves its name alone.
        line_no = str(self.line_no) if self.document_line_no == 1 else f"{self.line_no}.{self.document_line_no}"
        line = "|".join((*document, line_no, str(self.split_no)))
        if self.original is not None and self.profile:
            line = f"{line}|{self.profile}"
        return f"{line}|{self.employee_id}" if self.role == "override" else line

    @property
    def key(self) -> tuple[date, str, str, bool, str, int, int, int, str]:
        """Order of lines that accumulate (M4). A day's reversals of a document come after its originals."""
        event = self.event
        return (
            event.event_date,
            event.source_system,
            event.document_id,
            self.is_reversal,
            event.event_id,
            self.line_no,
            self.document_line_no,
            self.split_no,
            event.event_type,
        )


def ordered(credits: Iterable[Credit]) -> list[Credit]:
    """Credits in the order in which they accumulate, an original before its reversal (M4)."""
    return sorted(credits, key=lambda credit: credit.key)


# -- events ----------------------------------------------------------------------------------------


def reversed_by(basis: str, listed: frozenset[str] | None) -> frozenset[str]:
    """What takes credit of a basis back: what the component lists, else the basis's default (D3)."""
    return REVERSED_BY[basis] if listed is None else listed


def cancellations(inputs: Inputs) -> list[Event]:
    """A document that the customer called off takes back the rest of it, on every basis that it reverses (D3).

    It can't be called off before its own day.
    """
    currencies: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event in inputs.events:
        currencies[(event.source_system, event.document_id)].add(event.currency_code)
    found = []
    for key, document in sorted(inputs.document_of.items()):
        if document.cancelled_date is None:
            continue
        day = max(document.cancelled_date, document.document_date or document.cancelled_date)
        for currency in sorted(currencies.get(key, ())):
            for basis in BASES:
                # How much is left is the ledger's business; the amount only says that it takes back.
                found.append(Event(basis, *key, "cancellation", document.document_id, 1, day, ZERO, currency))
    return found


def unpaid(inputs: Inputs, days: int) -> list[Event]:
    """Invoices that are not paid in full so many days after they were due, and what is paid of them later (D3).

    An invoice without a due day is due on its own. What counts as paid are receipts, and credit notes and write-offs,
    which took their part back already. What comes later gives credit again, on the day on which it comes.
    """
    settled: dict[tuple[str | None, str | None], list[Event]] = defaultdict(list)
    for event in inputs.events:
        # A movement is told once a basis; one of them is enough.
        told_on = {"receipt": "collected", "credit_note": "invoiced", "write_off": "invoiced"}
        if event.invoice_no is not None and told_on.get(event.event_type) == event.basis:
            settled[(event.invoice_system, event.invoice_no)].append(event)
    found = []
    for invoice in inputs.invoices:
        due = invoice.due_date or invoice.invoice_date
        if due is None or not invoice.is_issued or invoice.document_system is None or invoice.document_id is None:
            continue
        late = due + timedelta(days=days)
        if late > inputs.as_of:
            continue
        document = (invoice.document_system, invoice.document_id)
        movements = [
            item
            for item in settled[(invoice.source_system, invoice.invoice_no)]
            if item.currency_code == invoice.currency_code
        ]
        rest = invoice.amount - sum((abs(item.amount) for item in movements if item.event_date <= late), ZERO)
        if rest <= ZERO:
            continue
        for basis in BASES:
            about = Event(
                basis, *document, "unpaid", invoice.invoice_no, 1, late, -rest, invoice.currency_code, None,
                invoice.invoice_no, invoice.source_system,
            )  # fmt: skip
            found.append(about)
            found += [
                replace(
                    about,
                    event_type="recredit",
                    event_id=receipt.event_id,
                    line_no=receipt.line_no,
                    event_date=receipt.event_date,
                    amount=receipt.amount,
                )
                for receipt in movements
                if receipt.event_type == "receipt" and receipt.event_date > late
            ]
    return found


# -- splits ----------------------------------------------------------------------------------------


@dataclass
class _Ledger:
    """What is left of each line of a document, of one role and split; lines in the order in which they came."""

    credits: list[Credit] = field(default_factory=list)
    left: list[Decimal] = field(default_factory=list)
    undoable: dict[str | None, list[tuple[Credit, int, list[Decimal]]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def give(self, credit: Credit) -> None:
        self.credits.append(credit)
        self.left.append(credit.amount)

    @property
    def total_left(self) -> Decimal:
        return sum((item for item in self.left if item > ZERO), ZERO)

    def take(self, event: Event, whole: Decimal, numbers: dict[tuple[str, str, int, int], int]) -> None:
        """Spread a reversal over the lines by what is left of each (M3)."""
        weights = {place: left for place, left in enumerate(self.left) if left > ZERO}
        if whole == ZERO or not weights:
            return
        for place, part in money.allocate(whole, weights, split_decimals(event, whole)).items():
            if part:
                original = self.credits[place]
                self.left[place] -= part
                line = replace(
                    original, event=event, line_no=_next(numbers, event, original), amount=-part, original=original
                )
                self.credits.append(line)
                self.left.append(ZERO)
                if event.event_type == "unpaid":
                    self.undoable[event.invoice_no].append((line, place, [part]))

    def still_taken(self, invoice_no: str | None) -> Decimal:
        return sum((rest[0] for _, _, rest in self.undoable[invoice_no]), ZERO)

    def give_again(self, event: Event, whole: Decimal, numbers: dict[tuple[str, str, int, int], int]) -> None:
        """Give back what an unpaid invoice took, by what is still taken of each line (M3)."""
        taken = self.undoable[event.invoice_no]
        weights = {number: rest[0] for number, (_, _, rest) in enumerate(taken) if rest[0] > ZERO}
        if whole == ZERO or not weights:
            return
        for number, part in money.allocate(whole, weights, split_decimals(event, whole)).items():
            if part:
                undone, place, rest = taken[number]
                rest[0] -= part
                original = self.credits[place]
                self.left[place] += part
                line = replace(
                    original, event=event, line_no=_next(numbers, event, original), amount=part, original=original,
                    undone=undone,
                )  # fmt: skip
                self.credits.append(line)
                self.left.append(ZERO)


def _next(numbers: dict[tuple[str, str, int, int], int], event: Event, original: Credit) -> int:
    key = (event.event_type, event.event_id, original.document_line_no, original.split_no)
    numbers[key] += 1
    return numbers[key]


def split_events(events: Iterable[Event], splits: Iterable[Split]) -> list[Credit]:
    """Credit lines in document currency, from the events of all documents and whom each document names.

    An event that gives credit is spread over the document's splits, each event by itself (C1, M3). A reversal takes
    back no more than is left of the document, spread over its earlier lines by what is left of each (D3). Overlays
    have the same share of every event, and lose it by the same share.
    """
    shares_of: dict[tuple[str, str], dict[int, Split]] = defaultdict(dict)
    for split in splits:
        shares_of[(split.source_system, split.document_id)][split.split_no] = split
    by_document: dict[tuple[str, str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        by_document[(event.basis, event.source_system, event.document_id, event.currency_code)].append(event)
    credits: list[Credit] = []
    for (_, source_system, document_id, _), listed in sorted(by_document.items()):
        credits.extend(document_credits(listed, shares_of.get((source_system, document_id), {})))
    return credits


def document_credits(
    events: Iterable[Event], splits: Mapping[int, Split], lines_of: Callable[[Event], tuple[Part, ...]] = lambda _: ()
) -> list[Credit]:
    """Credit lines of one document, on one basis, in one currency.

    Args:
        lines_of: the lines that an event is spread over; none: the document is one line (C1).
    """
    shares = {number: split for number, split in splits.items() if split.role == "revenue"}
    overlays = {number: split for number, split in splits.items() if split.role == "overlay"}
    revenue, overlaid = _Ledger(), {number: _Ledger() for number in overlays}
    left_of_document = ZERO
    numbers: dict[tuple[str, str, int, int], int] = defaultdict(int)
    for event in sorted(events, key=lambda item: (item.event_date, item.takes_back, *item.identity)):
        if event.event_type == "recredit":
            taken = revenue.still_taken(event.invoice_no)
            again = min(event.amount, taken)
            if again > ZERO:
                for ledger in overlaid.values():
                    ledger.give_again(event, _of(again, ledger.still_taken(event.invoice_no), taken, event), numbers)
                revenue.give_again(event, again, numbers)
                left_of_document += again
        elif event.takes_back:
            rest = left_of_document
            taken = rest if event.event_type == "cancellation" else min(-event.amount, rest)
            if taken > ZERO:
                for ledger in overlaid.values():
                    ledger.take(event, _of(taken, ledger.total_left, rest, event), numbers)
                revenue.take(event, taken, numbers)
                left_of_document -= taken
        else:
            broken = _broken(shares, overlays)
            for part, amount in _by_line(event, lines_of(event)):
                for credit in _shared(event, amount, shares, broken):
                    revenue.give(replace(credit, part=part))
                for number, split in overlays.items():
                    decimals = split_decimals(event, amount)
                    share = money.round_half_away(amount * split.percent / HUNDRED, decimals)
                    owner = HOUSE if broken else split.employee_id
                    reason = event.hold_reason or broken
                    overlaid[number].give(
                        Credit(event, event.line_no, number, owner, share, reason, role="overlay", part=part)
                    )
            left_of_document = max(ZERO, left_of_document + event.amount)
    return [*revenue.credits, *(credit for ledger in overlaid.values() for credit in ledger.credits)]


def _by_line(event: Event, parts: Iterable[Part]) -> list[tuple[Part | None, Decimal]]:
    """What of an event falls on each line of its document, by the lines' amounts (C1, C2, M3)."""
    listed = {part.number: part for part in parts}
    if not listed:
        return [(None, event.amount)]
    weights = {number: part.weight for number, part in listed.items()}
    amounts = money.allocate(event.amount, weights, split_decimals(event))
    return [(listed[number], amounts[number]) for number in sorted(listed)]


def _of(taken: Decimal, left: Decimal, whole: Decimal, event: Event) -> Decimal:
    """The same share of an overlay's rest as is taken of the document's, no more than there is."""
    part = Fraction(taken) * Fraction(left) / Fraction(whole)
    decimals = split_decimals(event, taken)
    return min(left, money.round_half_away(as_decimal(part), decimals))


def _broken(shares: Mapping[int, Split], overlays: Mapping[int, Split]) -> str | None:
    """Why a document's splits can't be followed: they don't add up to exactly 100 %, or one is negative (C1).

    Then the document is held whole, overlays too.
    """
    total = sum((share.percent for share in shares.values()), ZERO)
    is_negative = any(share.percent < ZERO for share in (*shares.values(), *overlays.values()))
    if (shares and total != HUNDRED) or is_negative:
        return f"revenue splits add up to {total} %, or one is negative (C1)"
    return None


def _shared(event: Event, amount: Decimal, shares: Mapping[int, Split], broken: str | None) -> list[Credit]:
    """Credit of an event, or of what of it falls on a line, by split. What nobody is named for is the house's (C5).

    A document whose splits don't add up to exactly 100 % is held, whole, on the house account (C1).
    """
    if not shares or broken:
        return [Credit(event, event.line_no, 1, HOUSE, amount, event.hold_reason or broken)]
    if len(shares) == 1:
        [(number, share)] = shares.items()
        return [Credit(event, event.line_no, number, share.employee_id, amount, event.hold_reason)]
    percents = {number: share.percent for number, share in shares.items()}
    parts = money.allocate(amount, percents, split_decimals(event, amount))
    return [
        Credit(event, event.line_no, number, shares[number].employee_id, part, event.hold_reason)
        for number, part in parts.items()
    ]


def split_decimals(event: Event, amount: Decimal | None = None) -> int:
    """Decimals of the parts of an event's amount, or of another amount in its currency."""
    return shared_decimals(event.amount if amount is None else amount, event.currency_code)


def as_decimal(value: Fraction) -> Decimal:
    """An exact fraction with as many digits as pay arithmetic carries."""
    return money.EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def at_scale_six(value: Fraction) -> Decimal:
    """An exact fraction at scale 6, half away from zero (M1)."""
    return money.quantise6(as_decimal(value))


# -- currency --------------------------------------------------------------------------------------


class Rates:
    """The rate of a pair on a day (C3): the pair's, else its inverse's, else the cross through the base currency."""

    def __init__(self, rates: Iterable[FxRate], max_age_days: int) -> None:
        self.max_age_days = max_age_days
        self.by_pair: dict[tuple[str, str], dict[date, tuple[Decimal, Decimal]]] = defaultdict(dict)
        self.found: dict[tuple[str, str, date], tuple[Decimal, Decimal] | None] = {}
        partners: dict[str, set[str]] = defaultdict(set)
        for rate in rates:
            quoted = self.by_pair[(rate.from_currency, rate.to_currency)]
            other = quoted.get(rate.rate_date)
            # Two sources may quote one pair on one day; the larger rate holds, whatever came first.
            if other is None or rate.rate * other[1] > other[0] * rate.unit:
                quoted[rate.rate_date] = (rate.rate, rate.unit)
            partners[rate.from_currency].add(rate.to_currency)
            partners[rate.to_currency].add(rate.from_currency)
        # The base is the currency that the table quotes most others against.
        self.base = min(partners, key=lambda code: (-len(partners[code]), code), default=None)

    def converted(self, amount: Fraction, given: Event, target: str) -> tuple[Fraction | None, str | None]:
        """Money of an event in the target currency, not rounded, or None and why not.

        A reversal has the rate of the line that it takes back: `given` is that line's event (C3, D3).
        """
        if given.currency_code == target:
            return amount, None
        found = self.ratio(given.currency_code, target, given.event_date)
        if found is None:
            return None, f"no {given.currency_code}/{target} rate for {given.event_date} (C3)"
        return amount * Fraction(found[0]) / Fraction(found[1]), None

    def ratio(self, source: str, target: str, day: date) -> tuple[Decimal, Decimal] | None:
        """Numerator and denominator of the rate, so that an inverse or a cross stays exact until the end."""
        key = (source, target, day)
        if key not in self.found:
            self.found[key] = self._ratio(source, target, day)
        return self.found[key]

    def _ratio(self, source: str, target: str, day: date) -> tuple[Decimal, Decimal] | None:
        direct = self.newest(self.days(source, target), day)
        if direct is not None:
            return self.by_pair[(source, target)][direct]
        inverse = self.newest(self.days(target, source), day)
        if inverse is not None:
            rate, unit = self.by_pair[(target, source)][inverse]
            return unit, rate
        if self.base is None or self.base in (source, target):
            return None
        common = self.newest(self.leg_days(source) & self.leg_days(target), day)
        if common is None:
            return None
        (into, into_of), (out, out_of) = self.leg(source, common), self.leg(target, common)
        return into * out_of, into_of * out

    def days(self, source: str, target: str) -> set[date]:
        return set(self.by_pair.get((source, target), {}))

    def leg_days(self, currency: str) -> set[date]:
        assert self.base is not None
        return self.days(currency, self.base) | self.days(self.base, currency)

    def leg(self, currency: str, day: date) -> tuple[Decimal, Decimal]:
        """What one unit of the currency is in the base currency on that very day, as a fraction."""
        assert self.base is not None
        quoted = self.by_pair.get((currency, self.base), {}).get(day)
        if quoted is not None:
            return quoted
        rate, unit = self.by_pair[(self.base, currency)][day]
        return unit, rate

    def newest(self, days: set[date], day: date) -> date | None:
        usable = [item for item in days if item <= day and (day - item).days <= self.max_age_days]
        return max(usable, default=None)
