"""How results become a verdict. Pure: no database, no files.

- A failed critical check on a table refuses the candidate.
- A failed critical check on rows holds the payees of those rows; the rest is published. It refuses too, when a failing
  row names no payee, or when the held payees' money is more than the stated share of all money in any currency.
- A failed warning is published and listed, a failed info is recorded.
- A check that could not be evaluated is a failed critical one, whatever its severity.
- A kind of check of which not one was run refuses: a gate that looked at nothing has shown nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from attain.quality.results import KINDS, CheckResult, Exposure, HeldPayee

_KIND_NAMES = {"dbt": "dbt test", "expectation": "expectation", "reference": "comparison with the reference engine"}


def holds_of(results: Sequence[CheckResult], earned: Mapping[str, Mapping[str, Decimal]]) -> list[HeldPayee]:
    """The payees to hold: one entry for each payee, check and currency.

    Args:
        results: all results.
        earned: payee to currency to what that payee earned in the candidate.
    """
    held = []
    for result in results:
        if not result.is_held:
            continue
        for payee_id in result.payees:
            for currency, amount in sorted((earned.get(payee_id) or {"": Decimal(0)}).items()):
                held.append(
                    HeldPayee(
                        payee_id=payee_id,
                        check_name=f"{result.table}: {result.name}",
                        reason=result.reason,
                        remedy=result.remedy,
                        exposure_amount=str(amount),
                        currency_code=currency,
                    )
                )
    return sorted(held, key=lambda hold: (hold.payee_id, hold.check_name, hold.currency_code))


def exposure_of(held: Sequence[HeldPayee], total: Mapping[str, Decimal]) -> list[Exposure]:
    """Money of the held payees by currency; a payee held by two checks counts once."""
    once = {(hold.payee_id, hold.currency_code): Decimal(hold.exposure_amount) for hold in held if hold.currency_code}
    exposure = []
    for currency in sorted({currency for _, currency in once}):
        amount = sum((value for (_, code), value in once.items() if code == currency), Decimal(0))
        whole = total.get(currency, Decimal(0))
        # Held money without any money beside it is all of it.
        share = Fraction(amount) / Fraction(whole) if whole else Fraction(1 if amount else 0)
        exposure.append(Exposure(currency, str(amount), str(whole), f"{float(share):.6f}"))
    return exposure


def excess_of(exposure: Sequence[Exposure], max_held_exposure: Decimal) -> list[Exposure]:
    """The currencies in which more than the allowed share (0–1) of the money would be held; compared exactly."""
    limit = Fraction(max_held_exposure)
    return [entry for entry in exposure if Fraction(entry.held_amount) > Fraction(entry.total_amount) * limit]


def refusals_of(
    results: Sequence[CheckResult], exposure: Sequence[Exposure], max_held_exposure: Decimal, held_payees: int = 0
) -> list[str]:
    """Why the candidate is refused, one sentence each; an empty list publishes it."""
    refusals = [
        f"not one {_KIND_NAMES[kind]} was run" for kind in KINDS if not any(result.kind == kind for result in results)
    ]
    for result in results:
        if not result.is_critical or result.is_held:
            continue
        if result.outcome == "errored":
            refusals.append(f"{result.table}: {result.name} could not be evaluated")
        elif result.scope == "rows":
            refusals.append(f"{result.table}: {result.name} failed on rows that name no payee to hold")
        else:
            refusals.append(f"{result.table}: {result.name} failed")
    for entry in excess_of(exposure, max_held_exposure):
        refusals.append(
            f"holding {held_payees} payees would keep back {entry.held_amount} of {entry.total_amount} "
            f"{entry.currency_code}, more than the allowed share of {max_held_exposure}"
        )
    return refusals
