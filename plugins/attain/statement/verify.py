"""A statement worked out again from its own rows, in Decimal. Shares nothing with the SQL that made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any

from attain.money import EXACT, quantise6, round_money
from attain.statement.rows import Row, payouts_of, windows_of

ZERO = Decimal(0)
_RATE_UNIT, _CREDIT_UNIT = Decimal(1).scaleb(-8), Decimal(1).scaleb(-6)
_SHOWN = ("line", "slice", "scale", "quota_month", "quota", "score_kpi", "score", "credit")


@dataclass(frozen=True)
class Check:
    """One figure worked out again: where, by which rule, what the statement says and what it comes to."""

    line_no: int
    rule: str
    what: str
    stated: Decimal | None
    found: Decimal | None

    @property
    def is_good(self) -> bool:
        return self.stated == self.found


def verify(rows: Sequence[Row]) -> list[Check]:
    """Every check of a statement, good or not, in its order.

    Quotas are target × ramp × days ÷ days (Q1), lines the difference of F at both ends of their credit, each rounded
    (T3), or the sum of their parts × rate × factor (T4, T7), bonuses the card's score and base (K1, K3), totals the sum
    of the lines, and balances run on (D3, D5).
    """
    with localcontext(EXACT):
        payouts = payouts_of(rows)
        paid_in = Counter(payout[0]["currency_code"] for payout in payouts)
        found = [check for payout in payouts for check in _payout(payout, paid_in[payout[0]["currency_code"]] == 1)]
        for currency in sorted(currency for currency, plans in paid_in.items() if plans > 1):
            found += _month([payout for payout in payouts if payout[0]["currency_code"] == currency])
        return found


def first_fault(checks: Sequence[Check]) -> Check | None:
    """The first check that does not come to what is stated; None when all do."""
    return next((check for check in checks if not check.is_good), None)


def _payout(rows: Sequence[Row], is_alone: bool) -> Iterator[Check]:
    for window in windows_of(rows):
        yield from _window(window)
    yield from _totals(rows, is_alone)


def _window(rows: Sequence[Row]) -> Iterator[Check]:
    of = {step: [row for row in rows if row["step"] == step] for step in _SHOWN}
    quota = of["quota"][0]["effective_quota"] if of["quota"] else None
    yield from _quota(of["quota_month"], of["quota"])
    yield from _scale(of["scale"])
    slices: dict[str, list[Row]] = {}
    for row in of["slice"]:
        slices.setdefault(row["earning_line_id"], []).append(row)
    credits = {row["earning_line_id"]: row for row in of["credit"]}
    after: Decimal | None = None
    for line in of["line"]:
        parts = slices.get(line["earning_line_id"], [])
        if line["line_type"] == "bonus":
            yield from _bonus(line, of["score_kpi"], of["score"])
            continue
        if credit := credits.get(line["earning_line_id"]):
            yield _check(line, "C1", "credit of the line", line["credited_amount"], credit["credited_amount"])
            yield from _conversion(credit)
        if line["line_type"] not in ("earning", "spiff"):
            continue
        if quota is not None and line["effective_quota"] is not None:
            yield _check(line, "Q4", "quota of the line", line["effective_quota"], quota)
        yield from _line(line, parts, of["scale"], after)
        after = line["cumulative_after"]


def _quota(months: Sequence[Row], windows: Sequence[Row]) -> Iterator[Check]:
    whole, are_all_there = ZERO, bool(months)
    for row in months:
        if not row["period_days"] or row["target"] is None:
            are_all_there = False
            continue
        share = row["target"] * row["ramp"] * row["active_days"] / row["period_days"]
        whole += share
        yield _check(
            row,
            "Q1",
            f"{row['target']} × {row['ramp']} × {row['active_days']} ÷ {row['period_days']}",
            row["effective_quota"],
            quantise6(share),
        )
    for row in windows if are_all_there else ():
        yield _check(row, "Q5", "sum of the months' quotas", row["effective_quota"], quantise6(whole))


def _scale(bands: Sequence[Row]) -> Iterator[Check]:
    for before, row in pairwise(bands):
        yield _check(
            row,
            "T1",
            f"band {row['band_no']} begins where the one before ends",
            row["lower_amount"],
            before["upper_amount"],
        )


def _conversion(credit: Row) -> Iterator[Check]:
    if credit["factor"] is not None and credit["target"] is not None and credit["credited_amount"] is not None:
        stated, found = credit["credited_amount"], quantise6(credit["target"] * credit["factor"])
        # An inverse or cross rate is shown at 8 decimals but applied as the exact quotient.
        is_quotient = any(word in (credit["method"] or "") for word in ("inverse", "cross"))
        if is_quotient and abs(stated - found) <= abs(credit["target"]) * _RATE_UNIT / 2 + _CREDIT_UNIT:
            found = stated
        yield _check(credit, "C3", f"{credit['target']} × exchange rate {credit['factor']}", stated, found)


def _line(line: Row, parts: Sequence[Row], bands: Sequence[Row], after: Decimal | None) -> Iterator[Check]:
    currency, before, end = line["currency_code"], line["cumulative_before"], line["cumulative_after"]
    if before is None or end is None:
        return
    counted = end - before
    if counted:
        yield _check(line, "M4", "credit of the window before and after", counted, line["slice_amount"])
    if after is not None:
        yield _check(line, "M4", "goes on where the line before ends", before, after)
    rules = (line["rule_codes"] or "").split()
    if parts:
        yield _check(line, "T1", "parts by band", sum((part["slice_amount"] for part in parts), ZERO), counted)
    if line["slice_amount"] is None and not parts:
        return  # it counts nothing, or takes money back at the original line's rate: only summed
    rates = {band["band_no"]: band for band in bands}
    for part in parts:
        band = rates.get(part["band_no"])
        if band:
            yield _check(part, "T1", f"rate of band {part['band_no']}", part["rate"], band["rate"])
    if "T3" in rules and not bands and line["amount"]:
        yield _check(line, "T3", "pay by bands that the statement does not show", line["amount"], None)
    if line["factor"] not in (None, Decimal(1)) and line["slice_amount"] != line["credited_amount"]:
        return  # factors on credit and on pay are shown as one product: only summed
    is_marginal = "T4" not in rules and "T5" not in rules and line["method"] is None
    if is_marginal and bands:
        for part in parts:
            if band := rates.get(part["band_no"]):
                found = _inside(end, band) - _inside(before, band)
                yield _check(part, "T3", f"part in band {part['band_no']}", part["slice_amount"], found)
        high, low = (round_money(_pay(value, bands), currency) for value in (end, before))
        yield _check(line, "T3 M2", f"F({end}) = {high}, F({before}) = {low}; difference", line["amount"], high - low)
    elif parts:
        pay = sum((part["slice_amount"] * part["rate"] for part in parts), ZERO)
        factor = line["factor"] if line["factor"] is not None else Decimal(1)
        yield _check(line, "T4 T7 M2", f"{pay} × {factor}", line["amount"], round_money(pay * factor, currency))


def _pay(total: Decimal, bands: Sequence[Row]) -> Decimal:
    """F of rule T3; below zero the first band's rate goes on."""
    return sum((_inside(total, band) * band["rate"] for band in bands), ZERO)


def _inside(total: Decimal, band: Row) -> Decimal:
    high = total if band["upper_amount"] is None else min(total, band["upper_amount"])
    return high if band["band_no"] == 1 else max(high - band["lower_amount"], ZERO)


def _bonus(line: Row, kpis: Sequence[Row], scores: Sequence[Row]) -> Iterator[Check]:
    for score in scores:
        present = [row for row in kpis if row["factor"] is not None]
        weight = sum((row["rate"] for row in present), ZERO)
        if score["factor"] is not None and weight:
            found = quantise6(sum((row["rate"] * row["factor"] for row in present), ZERO) / weight)
            yield _check(score, "K1", "weights × what counts", score["factor"], found)
        if score["target"] is not None and score["period_days"]:
            share = score["target"] * (score["rate"] or ZERO) * score["active_days"] / score["period_days"]
            yield _check(
                line,
                "K3 M2",
                "base × coefficient × days ÷ days",
                line["amount"],
                round_money(share, line["currency_code"]),
            )


def _totals(rows: Sequence[Row], is_alone: bool) -> Iterator[Check]:
    """The steps below the lines. What is negative or paid back is the payee's: with other plans see `_month`."""
    lines = [row for row in rows if row["step"] == "line"]
    total = ZERO
    steps: dict[str, Row] = {}
    for row in rows:
        if row["step"] not in ("earned", "legal_limit", "payable") and row["amount"] is not None:
            total += row["amount"]
            yield _check(row, "M1", "running total", row["running_total"], total)
        if row["step"] != "line":
            steps.setdefault(row["step"], row)
    earned = sum((row["amount"] for row in lines), ZERO)
    held = sum((row["amount"] for row in lines if row["is_held"]), ZERO)
    for step in ("earned", "payable"):
        if step not in steps:
            yield _check(rows[-1], "D1", f"the step {step!r} is there", None, ZERO)
    if last := steps.get("earned"):
        yield _check(last, "D1", "sum of the lines", last["amount"], earned)
    yield _check(
        steps.get("held_lines") or rows[-1],
        "D5",
        "lines that are held",
        _amount(steps.get("held_lines")),
        -held,
    )
    for step in ("negative", "recovered"):
        if last := steps.get(step):
            moved = _amount(steps.get("negative")) + _amount(steps.get("recovered"))
            yield _check(last, "D3", "balance", last["closing_balance"], last["opening_balance"] + moved)
    if last := steps.get("payable"):
        yield _check(last, "D1", "what is left", last["amount"], total)
    if is_alone:
        yield from _balance(rows[-1], steps, earned - held)


def _balance(end: Row, steps: Mapping[str, Row], net: Decimal) -> Iterator[Check]:
    """What goes on the balance and what is paid back of it, in a month of one plan (D1, D3, D4)."""
    rest = max(net, ZERO) + sum(
        (_amount(steps.get(step)) for step in ("draw_top_up", "draw_recovered", "penalty")), ZERO
    )
    if last := steps.get("negative"):
        yield _check(last, "D3", "what is negative", last["amount"], max(-net, ZERO))
    elif net < 0:
        yield _check(end, "D3", "what is negative goes on the balance", ZERO, -net)
    if last := steps.get("recovered"):
        yield _check(
            last,
            "D3",
            "paid back: what is owed, at most what is there",
            last["amount"],
            _amount(steps.get("legal_limit")) - min(last["opening_balance"], max(rest, ZERO)),
        )


def _month(payouts: Sequence[Sequence[Row]]) -> Iterator[Check]:
    """A month of several plans in a currency, which is settled over all of them (D1, D3, D4)."""
    net, drawn, deferred = ZERO, ZERO, ZERO
    chain: list[tuple[int, str, Row]] = []
    for rows in payouts:
        steps = {row["step"]: row for row in rows if row["step"] != "line"}
        net += sum((row["amount"] for row in rows if row["step"] == "line" and not row["is_held"]), ZERO)
        drawn += sum((_amount(steps.get(step)) for step in ("draw_top_up", "draw_recovered", "penalty")), ZERO)
        deferred += _amount(steps.get("legal_limit"))
        added, recovered = steps.get("negative"), steps.get("recovered")
        last = recovered or added
        if last is not None:
            # The balance runs through plans that only add to it, then the others, each in order of plan code.
            place = 2 if added is None else 1 if _amount(recovered) else 0
            chain.append((place, last["plan_code"], last))
    ordered = [row for *_, row in sorted(chain, key=lambda item: item[:2])]
    for before, row in pairwise(ordered):
        yield _check(row, "D3", "balance of the plan before", row["opening_balance"], before["closing_balance"])
    end = ordered[-1] if ordered else payouts[-1][-1]
    opening = ordered[0]["opening_balance"] if ordered else ZERO
    moved = end["closing_balance"] - opening if ordered else ZERO
    left = max(-net, ZERO) - min(opening, max(ZERO, max(net, ZERO) + drawn)) + deferred
    yield _check(end, "D3", "what is negative over all plans, less what is paid back", moved, left)


def _amount(row: Row | None) -> Decimal:
    return ZERO if row is None else Decimal(row["amount"])


def _check(row: Row, rule: str, what: str, stated: Any, found: Any) -> Check:
    return Check(row["line_no"], rule, what, stated, found)
