"""A small company for the reference engine: one seller, one plan, receipts in yuan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from attain.reference.calculation import Results
from attain.reference.inputs import (
    Assignment,
    Band,
    Component,
    Document,
    Employee,
    Event,
    Factor,
    Inputs,
    PlanVersion,
    Split,
    Step,
    Target,
)

SELLER = "E1"


def bands(*steps: tuple[str, str]) -> tuple[Band, ...]:
    """Bands from (lower bound, rate), each up to the next."""
    uppers = [Decimal(lower) for lower, _ in steps[1:]]
    return tuple(
        Band(Decimal(lower), upper, Decimal(rate)) for (lower, rate), upper in zip(steps, [*uppers, None], strict=True)
    )


def curve(*points: tuple[str, str]) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((Decimal(at), Decimal(share)) for at, share in points)


def factor(by: str, *steps: tuple[str, str], applies_to: str = "pay", until: str | None = None) -> Factor:
    """A factor of bands from (lower bound, factor), each up to the next; the last up to `until`, or open."""
    uppers = [Decimal(lower) for lower, _ in steps[1:]]
    last = None if until is None else Decimal(until)
    rows = tuple(Step(Decimal(lower), upper) for (lower, _), upper in zip(steps, [*uppers, last], strict=True))
    return Factor(by, applies_to, by, rows, {(row, 1): Decimal(value) for row, (_, value) in enumerate(steps, start=1)})


def named_factor(by: str, applies_to: str = "pay", **values: str) -> Factor:
    """A factor by name."""
    rows = tuple(Step(value=name) for name in values)
    return Factor(by, applies_to, by, rows, {(row, 1): Decimal(of) for row, of in enumerate(values.values(), start=1)})


def plan(steps: tuple[Band, ...], **changes: Any) -> PlanVersion:
    """A version for sellers from 2020 on; `changes` are fields of its one component, or of the version."""
    component = Component("commission", "collected", "amount", "month", None, steps)
    own = {key: value for key, value in changes.items() if key in Component.__dataclass_fields__}
    version = PlanVersion(
        plan_code="plan",
        version="1",
        valid_from=date(2020, 1, 1),
        valid_to=None,
        currency_code="CNY",
        assignments=(Assignment("Seller", None, None, None),),
        ramp=(),
        components=(replace(component, **own),),
        scorecards=(),
    )
    return replace(version, **{key: value for key, value in changes.items() if key not in own})


def receipt(number: int, amount: str | Decimal, day: date = date(2026, 1, 15), **changes: Any) -> Event:
    """A receipt of a deal of its own, owned by the seller through `owned`."""
    event = Event("collected", "crm", f"D{number:04d}", "receipt", f"R{number:04d}", 1, day, Decimal(amount), "CNY")
    return replace(event, **changes)


def signing(number: int, amount: str | Decimal, day: date = date(2026, 1, 15), **changes: Any) -> Event:
    """The same deal, won."""
    return receipt(
        number, amount, day, **{"basis": "booked", "event_type": "won", "event_id": f"D{number:04d}", **changes}
    )


def refund(number: int, amount: str | Decimal, day: date = date(2026, 1, 15), **changes: Any) -> Event:
    """Takes money of that receipt's deal back; the amount is negative."""
    return receipt(number, amount, day, **{"event_type": "refund", "event_id": f"F{number:04d}", **changes})


def deal(number: int, amount: str, **changes: Any) -> Document:
    """The document that the receipt of the same number is of."""
    return replace(Document("crm", f"D{number:04d}", Decimal(amount), "CNY", date(2026, 1, 1)), **changes)


def owned(events: Iterable[Event], employee_id: str = SELLER) -> tuple[Split, ...]:
    """The whole of each event's document for one person."""
    documents = sorted({(event.source_system, event.document_id) for event in events})
    return tuple(Split(system, document, 1, employee_id, Decimal(100)) for system, document in documents)


def company(version: PlanVersion, events: Iterable[Event] = (), **changes: Any) -> Inputs:
    """A seller since 2020, the given version and events; any input can be replaced by name."""
    listed = tuple(events)
    inputs = Inputs(
        as_of=date(2026, 12, 31),
        fx_max_age_days=7,
        employees=(Employee(SELLER, "Seller", "North", date(2020, 1, 1), None),),
        versions=(version,),
        events=listed,
        splits=owned(listed),
    )
    return replace(inputs, **changes)


def target(period: str, value: str, kpi_code: str = "collected_amount") -> Target:
    return Target(SELLER, kpi_code, period, Decimal(value), "CNY")


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def earned(results: Results, *line_types: str) -> list[Decimal]:
    """Earned amounts in the order of the lines: of those types, else of lines that credit makes."""
    return [line.earned_amount for line in results.earning_lines if line.line_type in (line_types or ("earning",))]


def by_month(results: Results, line_type: str) -> dict[str, Decimal]:
    """Earned amounts of one type by month."""
    return {line.period: line.earned_amount for line in results.earning_lines if line.line_type == line_type}
