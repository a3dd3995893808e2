"""A small company for the reference engine: one seller, one plan, receipts in yuan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from attain.reference.inputs import Assignment, Band, Component, Employee, Event, Inputs, PlanVersion, Split, Target

SELLER = "E1"


def bands(*steps: tuple[str, str]) -> tuple[Band, ...]:
    """Bands from (lower bound, rate), each up to the next."""
    uppers = [Decimal(lower) for lower, _ in steps[1:]]
    return tuple(
        Band(Decimal(lower), upper, Decimal(rate)) for (lower, rate), upper in zip(steps, [*uppers, None], strict=True)
    )


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


def refund(number: int, amount: str | Decimal, day: date = date(2026, 1, 15), **changes: Any) -> Event:
    """Takes money of that receipt's deal back; the amount is negative."""
    return receipt(number, amount, day, **{"event_type": "refund", "event_id": f"F{number:04d}", **changes})


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
