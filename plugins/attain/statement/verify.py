"""A statement worked out again from its own rows, in Decimal. Shares nothing with the SQL that made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

from attain.money import EXACT, allocate, minor_unit, quantise6, round_half_away, round_money
from attain.statement.rows import SUMMED, Row, payouts_of, windows_of

ZERO, ONE = Decimal(0), Decimal(1)
_FIRST_OVERLAY = 101
"""Number of the first overlay among the splits of a document; those of its revenue are below."""
_RATE_UNIT, _CREDIT_UNIT = Decimal(1).scaleb(-8), Decimal(1).scaleb(-6)
_NOT_ADDED = ("earned", "legal_limit", "payable")
_CREDITED = ("won", "invoice", "receipt")


@dataclass(frozen=True)
class Check:
    """One figure worked out again: where, by which rule, what the statement says and what it comes to."""

    line_no: int
    rule: str
    what: str
    stated: Decimal | str | None
    found: Decimal | str | None

    @property
    def is_good(self) -> bool:
        return self.stated == self.found


def verify(rows: Sequence[Row]) -> list[Check]:
    """Every check of a statement, good or not, in its order.

    Quotas are target × ramp × days ÷ days (Q1), also those of another period that picks a band (T2); a person's part of
    an event is its share by largest remainder (C1, M3); what counts of a credit is its measure × share × factors ×
    months left (C2, T7, D3); lines are the difference of F at both ends of their credit, each rounded (T3), or their
    parts × rate × factors (T4, T7), the curve at the attainment (T5), the original line's pay × what comes back (D3),
    or a share of prizes (K6, M3); thresholds and caps are taken from the pay to date (T8, T9); bonuses are the card's
    score, its grade by bands or by the seats of its group (K2), and base (K1, K3); the month follows draw (D1, D2),
    penalty (K4), hold (D5), recovery (D3) and legal limit (D4).

    Taken as stated are balances and amounts to date before the month, which the statement of the month before works
    out; the place in a group, which the scores of others make; and which earlier lines a reversal takes back, never
    more than it is of itself.
    """
    with localcontext(EXACT):
        payouts = payouts_of(rows)
        found = [check for payout in payouts for check in _lines(payout)]
        for currency in dict.fromkeys(payout[0]["currency_code"] for payout in payouts):
            found += _month([payout for payout in payouts if payout[0]["currency_code"] == currency])
        return found


def first_fault(checks: Sequence[Check]) -> Check | None:
    """The first check that does not come to what is stated; None when all do."""
    return next((check for check in checks if not check.is_good), None)


def _lines(rows: Sequence[Row]) -> Iterator[Check]:
    windows = windows_of(rows)
    for window in windows:
        yield from _window(window)
    for _, component in groupby(
        (row for window in windows for row in window), key=lambda row: (row["plan_version"], row["component_code"])
    ):
        yield from _caps(list(component))


def _of(rows: Sequence[Row], step: str) -> list[Row]:
    return [row for row in rows if row["step"] == step]


def _window(rows: Sequence[Row]) -> Iterator[Check]:
    by_line = {
        step: {key: list(group) for key, group in _by_line(_of(rows, step))}
        for step in ("credit", "split", "factor", "counted", "slice", "original_rate")
    }
    whole = _whole_quota(_of(rows, "quota_month"))
    yield from _quota(_of(rows, "quota_month"), _of(rows, "quota"), whole)
    for row in _of(rows, "quota") if not _of(rows, "quota_month") else ():
        yield _check(row, "Q5", "the months of the quota are shown", None, row["effective_quota"])
    scale = _of(rows, "scale")
    yield from _scale(scale, whole)
    index = next(iter(_of(rows, "index")), None)
    quota = next((row["effective_quota"] for row in _of(rows, "quota")), None)
    for row in (*_of(rows, "index"), *_of(rows, "curve")):
        yield from _attainment(row)
        if quota is not None and row["effective_quota"] is not None:
            yield _check(row, "Q4", "quota of the attainment", row["effective_quota"], quota)
    after: Decimal | None = None
    for line in _of(rows, "line"):
        own = {step: found.get(line["earning_line_id"], []) for step, found in by_line.items()}
        if line["line_type"] == "bonus":
            yield from _bonus(line, rows)
        for credit in own["credit"]:
            yield _check(line, "C1", "credit of the line", line["credited_amount"], credit["credited_amount"])
            yield from _split(credit, own["split"])
            yield from _conversion(credit)
        if line["line_type"] not in ("earning", "spiff"):
            continue
        if line["method"] == "interpolated" and not own["credit"]:
            yield from _curve(line, _of(rows, "curve"), _of(rows, "curve_point"))
        elif line["method"] == "prize":
            yield from _prize(line, _of(rows, "contest"), _of(rows, "prize"))
        elif line["method"] == "original_rate":
            yield from _original_rate(line, own["original_rate"])
        else:
            if quota is not None and index is None and line["effective_quota"] is not None:
                yield _check(line, "Q4", "quota of the line", line["effective_quota"], quota)
            yield from _counted(line, own["factor"], own["counted"])
            yield from _line(line, own["slice"], scale, own["factor"], index, after)
            after = line["cumulative_after"]
    yield from _threshold(rows, scale, by_line["factor"], whole)


def _by_line(rows: Sequence[Row]) -> Iterator[tuple[str, Iterator[Row]]]:
    return groupby(sorted(rows, key=lambda row: str(row["earning_line_id"])), key=lambda row: row["earning_line_id"])


def _whole_quota(months: Sequence[Row]) -> Fraction | None:
    """The unrounded quota of a window (Q1), a fraction: no number of digits holds a 28th part, and a bound may end in
    a half. None when a month of it has none."""
    if not months or any(not row["period_days"] or row["target"] is None for row in months):
        return None
    return sum((_month_quota(row) for row in months), Fraction(0))


def _month_quota(row: Row) -> Fraction:
    share = Fraction(row["active_days"]) / Fraction(row["period_days"])
    return Fraction(row["target"]) * Fraction(row["ramp"]) * share


def _six(value: Fraction) -> Decimal:
    """At scale 6 (M1)."""
    return quantise6(EXACT.divide(Decimal(value.numerator), Decimal(value.denominator)))


def _quota(months: Sequence[Row], windows: Sequence[Row], whole: Fraction | None) -> Iterator[Check]:
    for row in months:
        if row["period_days"] and row["target"] is not None:
            yield _check(
                row,
                "Q1",
                f"{row['target']} × {row['ramp']} × {row['active_days']} ÷ {row['period_days']}",
                row["effective_quota"],
                _six(_month_quota(row)),
            )
    for row in windows if whole is not None else ():
        yield _check(row, "Q5", "sum of the months' quotas", row["effective_quota"], _six(whole or Fraction(0)))


def _scale(bands: Sequence[Row], whole: Fraction | None) -> Iterator[Check]:
    for before, row in pairwise(bands):
        yield _check(
            row,
            "T1",
            f"band {row['band_no']} begins where the one before ends",
            row["lower_amount"],
            before["upper_amount"],
        )
    for row in bands:
        if row["target"] is not None and whole is not None and whole > 0:
            found = _six(Fraction(row["target"]) * whole)
            yield _check(row, "T2", f"{row['target']} of the quota {_six(whole)}", row["lower_amount"], found)


def _attainment(row: Row) -> Iterator[Check]:
    quota = row["effective_quota"]
    found = quantise6(row["cumulative_after"] / quota) if quota is not None and quota > 0 else None
    yield _check(row, "Q4", f"attainment {row['cumulative_after']} ÷ {quota}", row["factor"], found)


def _split(credit: Row, splits: Sequence[Row]) -> Iterator[Check]:
    """A person's part of an event: the whole, or the share of it, to the cent by largest remainder (C1, M3).

    A reversal is spread over earlier lines by what is left of each (D3), which the statement does not show: of it only
    that the part is no more than the whole, nor of the other sign.
    """
    whole, part = credit["slice_amount"], credit["target"]
    if whole is None or part is None:
        yield _check(credit, "C1", "the amount and the part of it are shown", None, ZERO)
        return
    if credit["subject"] not in _CREDITED:
        if credit["band_no"] is None or credit["band_no"] < _FIRST_OVERLAY:
            yield _check(credit, "D3", f"part of {whole}", part, max(min(part, max(whole, ZERO)), min(whole, ZERO)))
        return
    own = next((row for row in splits if row["band_no"] == credit["band_no"]), None)
    if own is None:
        yield _check(credit, "C1", "share of whoever has it alone", credit["rate"], ONE)
        yield _check(credit, "C1", "the whole is theirs", part, whole)
        return
    yield _check(credit, "C1", f"share of split {own['band_no']}", credit["rate"], own["rate"])
    try:
        decimals = minor_unit(own["subject"] or "")
    except ValueError:
        yield _check(own, "C1", "currency of the document", own["subject"], None)
        return
    if whole != round_half_away(whole, decimals):
        decimals = 2
    if own["method"] == "overlay":
        found = round_half_away(whole * own["rate"], decimals)
        yield _check(credit, "C1", f"{whole} × {own['rate']}", part, found)
        return
    yield _check(own, "C1", "splits of the document", sum((row["rate"] for row in splits), ZERO), ONE)
    shares = {row["band_no"]: row["rate"] for row in splits}
    yield _check(
        credit, "C1 M3", f"{whole} × {own['rate']}, of {len(shares)}", part, _part(whole, shares, own, decimals)
    )


def _part(whole: Decimal, shares: dict[int, Decimal], own: Row, decimals: int) -> Decimal | None:
    """What falls on one of the splits; None where nothing can be shared like that."""
    if sum(shares.values()) <= 0 or min(shares.values()) < 0 or whole != round_half_away(whole, decimals):
        return None
    return allocate(whole, shares, decimals)[own["band_no"]]


def _conversion(credit: Row) -> Iterator[Check]:
    if credit["factor"] is not None and credit["target"] is not None and credit["credited_amount"] is not None:
        stated, found = credit["credited_amount"], quantise6(credit["target"] * credit["factor"])
        # An inverse or cross rate is shown at 8 decimals but applied as the exact quotient.
        is_quotient = any(word in (credit["method"] or "") for word in ("inverse", "cross"))
        if is_quotient and abs(stated - found) <= abs(credit["target"]) * _RATE_UNIT / 2 + _CREDIT_UNIT:
            found = stated
        yield _check(credit, "C3", f"{credit['target']} × exchange rate {credit['factor']}", stated, found)


def _product(factors: Sequence[Row], applies_to: str) -> Decimal | None:
    """The product of a line's factors on its credit or pay, at scale 12 (T7); None while one is not known."""
    product = ONE
    for row in factors:
        if row["method"] == applies_to:
            if row["factor"] is None:
                return None
            product = round_half_away(product * row["factor"], 12)
    return product


def _counted(line: Row, factors: Sequence[Row], counted: Sequence[Row]) -> Iterator[Check]:
    if line["slice_amount"] is None:
        return
    if not counted:
        yield _check(line, "C2", "the whole credit counts", line["slice_amount"], line["credited_amount"])
    for row in counted:
        factor = _product(factors, "credit")
        if row["factor"] is not None:
            yield _check(row, "T7", "product of the factors on the credit", row["factor"], factor)
        found = None
        if factor is not None and row["target"] is not None:
            kept = Decimal(row["active_days"]) / row["period_days"] if row["period_days"] else ONE
            found = quantise6(row["target"] * row["rate"] * factor * kept)
        yield _check(row, "T7 D3", f"{row['target']} × {row['rate']} × {factor}, counted", row["slice_amount"], found)
        yield _check(line, "C2", "what counts of the line", line["slice_amount"], row["slice_amount"])


def _line(
    line: Row,
    parts: Sequence[Row],
    bands: Sequence[Row],
    factors: Sequence[Row],
    index: Row | None,
    after: Decimal | None,
) -> Iterator[Check]:
    currency, before, end = line["currency_code"], line["cumulative_before"], line["cumulative_after"]
    if before is None or end is None:
        yield _check(line, "M4", "credit of the window before and after is shown", None, ZERO)
        return
    counted = end - before
    yield _check(line, "M4", "credit of the window before and after", counted, line["slice_amount"] or ZERO)
    if after is not None:
        yield _check(line, "M4", "goes on where the line before ends", before, after)
    if line["slice_amount"] is None:
        yield _check(line, "D5", "what does not count earns nothing", line["amount"], ZERO)
        return
    yield _check(line, "T1", "parts by band", sum((part["slice_amount"] for part in parts), ZERO), counted)
    rates = {band["band_no"]: band for band in bands}
    for part in parts:
        band = rates.get(part["band_no"])
        yield _check(part, "T1", f"rate of band {part['band_no']}", part["rate"], band["rate"] if band else None)
    if line["factor"] is not None:
        product = _product(factors, "pay")
        yield _check(
            line, "T7", "product of the factors on the pay", line["factor"], ZERO if product is None else product
        )
    if line["method"] == "retroactive":
        band = _reached(bands, index)
        for part in parts:
            yield _check(part, "T4", "band of the whole index", _number(part), _number(band))
        pay = counted * band["rate"] if band else ZERO
        factor = ONE if line["factor"] is None else line["factor"]
        yield _check(line, "T4 M2", f"{pay} × {factor}", line["amount"], round_money(pay * factor, currency))
        return
    if not bands:
        yield _check(line, "T3", "pay by bands that the statement does not show", line["amount"], None)
        return
    for part in parts:
        if band := rates.get(part["band_no"]):
            found = _inside(end, band) - _inside(before, band)
            yield _check(part, "T3", f"part in band {part['band_no']}", part["slice_amount"], found)
    if line["factor"] is not None:
        pay = (_pay(end, bands) - _pay(before, bands)) * line["factor"]
        yield _check(
            line, "T3 T7 M2", f"(F({end}) − F({before})) × {line['factor']}", line["amount"], round_money(pay, currency)
        )
        return
    high, low = (round_money(_pay(value, bands), currency) for value in (end, before))
    yield _check(line, "T3 M2", f"F({end}) = {high}, F({before}) = {low}; difference", line["amount"], high - low)


def _reached(bands: Sequence[Row], index: Row | None) -> Row | None:
    """The band that the whole index lies in (T4); below 0 the first."""
    if index is None:
        return None
    return next(
        (
            band
            for band in bands
            if (band["band_no"] == 1 or index["cumulative_after"] >= band["lower_amount"])
            and (band["upper_amount"] is None or index["cumulative_after"] < band["upper_amount"])
        ),
        None,
    )


def _number(row: Row | None) -> Decimal | None:
    return None if row is None else Decimal(row["band_no"])


def _pay(total: Decimal, bands: Sequence[Row]) -> Decimal:
    """F of rule T3; below zero the first band's rate goes on."""
    return sum((_inside(total, band) * band["rate"] for band in bands), ZERO)


def _inside(total: Decimal, band: Row) -> Decimal:
    high = total if band["upper_amount"] is None else min(total, band["upper_amount"])
    return high if band["band_no"] == 1 else max(high - band["lower_amount"], ZERO)


def _curve(line: Row, curves: Sequence[Row], points: Sequence[Row]) -> Iterator[Check]:
    if not curves or not points:
        yield _check(line, "T5", "pay by a curve that the statement does not show", line["amount"], None)
        return
    curve = curves[0]
    share = _share(points, curve["factor"], curve["method"] == "extended")
    days = Decimal(curve["active_days"]) / curve["period_days"] if curve["period_days"] else ONE
    yield _check(
        line,
        "T5 M2",
        f"target amount {curve['target']} × days {days:.6f} × share {share:.6f} at attainment {curve['factor']}",
        line["amount"],
        round_money(curve["target"] * days * share, line["currency_code"]),
    )


def _share(points: Sequence[Row], attainment: Decimal | None, is_extended: bool) -> Decimal:
    """The curve at an attainment (T5): 0 below the first point, without attainment the first point's share (Q4)."""
    if attainment is None:
        return Decimal(points[0]["rate"])
    if attainment < points[0]["lower_amount"]:
        return ZERO
    for start, end in pairwise(points):
        if attainment < end["lower_amount"]:
            return _straight(start, end, attainment)
    if is_extended and len(points) > 1:
        return _straight(points[-2], points[-1], attainment)
    return Decimal(points[-1]["rate"])


def _straight(start: Row, end: Row, attainment: Decimal) -> Decimal:
    run, rise = end["lower_amount"] - start["lower_amount"], end["rate"] - start["rate"]
    return Decimal(start["rate"] + rise * (attainment - start["lower_amount"]) / run)


def _prize(line: Row, contests: Sequence[Row], prizes: Sequence[Row]) -> Iterator[Check]:
    if not contests:
        yield _check(line, "K6", "a prize of a contest that the statement does not show", line["amount"], None)
        return
    contest = contests[0]
    tied, unit = contest["period_days"], Decimal(1).scaleb(-minor_unit(line["currency_code"]))
    places = range(contest["band_no"], contest["band_no"] + tied)
    units = sum((row["target"] for row in prizes if row["band_no"] in places), ZERO) // unit
    found = (units // tied + (1 if contest["active_days"] <= units % tied else 0)) * unit
    yield _check(line, "K6 M3", f"prizes of {tied} places, shared by {tied}", line["amount"], found)


def _original_rate(line: Row, sources: Sequence[Row]) -> Iterator[Check]:
    if not sources:
        yield _check(line, "D3", "takes back of a line that the statement does not show", line["amount"], None)
    for row in sources:
        share = row["slice_amount"] / row["credited_amount"] if row["credited_amount"] else ZERO
        kept = Decimal(row["active_days"]) / row["period_days"] if row["period_days"] else ONE
        left = row["lower_amount"] / row["upper_amount"]
        yield _check(
            line,
            "D3 M2",
            f"{row['target']} × {row['slice_amount']} ÷ {row['credited_amount']} × {row['lower_amount']} ÷ "
            f"{row['upper_amount']}"
            + (f" × {row['active_days']} ÷ {row['period_days']}" if row["period_days"] else ""),
            line["amount"],
            round_money(row["target"] * share * left * kept, line["currency_code"]),
        )


def _priced(rows: Sequence[Row]) -> Decimal:
    """What lines earn that thresholds and caps look at: not takebacks at the original rate, nor prizes."""
    return sum(
        (
            row["amount"]
            for row in _of(rows, "line")
            if row["line_type"] in ("earning", "spiff") and row["method"] not in ("original_rate", "prize")
        ),
        ZERO,
    )


def _threshold(
    rows: Sequence[Row], bands: Sequence[Row], factors: dict[str, list[Row]], whole: Fraction | None
) -> Iterator[Check]:
    terms = _of(rows, "threshold")
    lines = [row for row in _of(rows, "line") if row["line_type"] == "threshold"]
    if lines and not terms:
        yield _check(lines[0], "T8", "a threshold that the statement does not show", lines[0]["amount"], None)
    for row in terms:
        if row["rate"] is not None and whole is not None and whole > 0:
            yield _check(row, "T8", f"{row['rate']} of the quota", row["target"], _six(Fraction(row["rate"]) * whole))
        yield _check(
            row, "T8", "pay of the lines to date", row["closing_balance"], row["opening_balance"] + _priced(rows)
        )
        if row["subject"] == "own":
            gained = sum((line["slice_amount"] or ZERO for line in _of(rows, "line")), ZERO)
            yield _check(row, "T8", "index to date", row["cumulative_after"], row["cumulative_before"] + gained)
        if row["unrounded_after"] is not None and row["target"] is not None:
            under = sum((_under(line, row["target"], bands, rows, factors) for line in _of(rows, "line")), ZERO)
            yield _check(
                row, "T8", "of it below the threshold", row["unrounded_after"], row["unrounded_before"] + under
            )
        before = _taken(row, row["cumulative_before"], row["opening_balance"], row["unrounded_before"])
        after = _taken(row, row["cumulative_after"], row["closing_balance"], row["unrounded_after"])
        stated = sum((line["amount"] for line in lines), ZERO)
        yield _check(
            lines[0] if lines else row, "T8 M2", f"taken away to date {after}, before {before}", stated, after - before
        )


def _taken(row: Row, index: Decimal, pay: Decimal, under: Decimal | None) -> Decimal:
    """What a threshold takes away to date (T8); of a window without attainment nothing."""
    if row["target"] is None:
        return ZERO
    if index < row["target"]:
        return -max(pay, ZERO)
    return ZERO if under is None else -round_money(under, row["currency_code"])


def _under(
    line: Row, bound: Decimal, bands: Sequence[Row], rows: Sequence[Row], factors: dict[str, list[Row]]
) -> Decimal:
    """Unrounded pay of a line's credit below the threshold, its factors included (T8)."""
    if line["line_type"] not in ("earning", "spiff") or line["method"] not in ("marginal", "retroactive"):
        return ZERO
    before, after = (min(line[name], bound) for name in ("cumulative_before", "cumulative_after"))
    if line["method"] == "retroactive":
        band = _reached(bands, next(iter(_of(rows, "index")), None))
        pay = (after - before) * band["rate"] if band else ZERO
    else:
        pay = _pay(after, bands) - _pay(before, bands)
    return round_half_away(pay * (ONE if line["factor"] is None else round_half_away(line["factor"], 6)), 12)


def _caps(rows: Sequence[Row]) -> Iterator[Check]:
    lines = {
        kind: {row["earning_line_id"]: row for row in _of(rows, "line") if row["line_type"] == kind}
        for kind in ("cap", "cap_carry")
    }
    for row in _of(rows, "cap"):
        cap, window = row["target"], row["subject"]
        under = [line for line in _of(rows, "line") if _is_under_cap(line, row)]
        gained = _priced(under) + sum((line["amount"] for line in under if line["line_type"] == "threshold"), ZERO)
        before, after = row["opening_balance"], row["closing_balance"]
        yield _check(row, "T9", f"pay to date under the cap of {window}", after, before + gained)
        taken = [(min(value, cap) - value) for value in (before, after)]
        line = lines["cap"].pop(row["earning_line_id"], None)
        yield _check(
            line or row, "T9", f"cap {cap}: over it {-taken[1]}, before {-taken[0]}", _amount(line), taken[1] - taken[0]
        )
        if row["method"] == "carry":
            carried, paid = row["upper_amount"], row["lower_amount"]
            found = min(carried, max(cap - after, ZERO))
            line = lines["cap_carry"].pop(row["earning_line_id"].replace("|cap|", "|cap_carry|"), None)
            yield _check(line or row, "T9", f"room for {found} of {carried} carried in", _amount(line), found - paid)
            yield _check(row, "T9", "waits for later", row["slice_amount"], max(carried + after - cap, ZERO))
    for line in (*lines["cap"].values(), *lines["cap_carry"].values()):
        yield _check(line, "T9", "a cap that the statement does not show", line["amount"], None)


def _is_under_cap(line: Row, cap: Row) -> bool:
    if cap["line_type"] == "deal":
        # What a threshold takes away is of a window; where that is a deal, it is under the deal's cap.
        deal = (
            line["window_code"]
            if line["line_type"] == "threshold"
            else f"{line['source_system']}:{line['document_id']}"
        )
        return bool(deal == cap["subject"])
    return bool(cap["line_type"] == "year" or line["window_code"] == cap["subject"])


def _bonus(line: Row, rows: Sequence[Row]) -> Iterator[Check]:
    kpis = _of(rows, "score_kpi")
    for row in kpis:
        of_kpi = [other for other in rows if other["subject"] == row["subject"]]
        yield from _score_kpi(row, _of(of_kpi, "score_range"), _of(of_kpi, "score_point"))
    scores = _of(rows, "score")
    if not scores:
        yield _check(line, "K1", "a card that the statement does not show", line["amount"], None)
    for score in scores:
        present = [row for row in kpis if row["factor"] is not None]
        weight = sum((row["rate"] for row in present), ZERO)
        if score["factor"] is not None and weight:
            found = quantise6(sum((row["unrounded_after"] for row in present), ZERO) / weight)
            yield _check(score, "K1", "weights × what counts", score["factor"], found)
        yield from _grade(score, _of(rows, "grade"))
        if score["target"] is not None and score["period_days"]:
            share = score["target"] * (score["rate"] or ZERO) * score["active_days"] / score["period_days"]
            yield _check(
                line,
                "K3 M2",
                "base × coefficient × days ÷ days",
                line["amount"],
                round_money(share, line["currency_code"]),
            )


def _grade(score: Row, grades: Sequence[Row]) -> Iterator[Check]:
    """The grade of a score, by bands or by place in its group, and the grade's coefficient (K2, K3)."""
    if not grades:
        yield _check(score, "K2", "grades that the statement does not show", score["subject"], None)
        yield _check(score, "K2", "at least one grade is shown", None, ZERO)
        return
    ordered = sorted(grades, key=lambda row: row["lower_amount"], reverse=True)
    grade = None
    if score["factor"] is not None:
        by_bands = next((row for row in ordered if score["factor"] >= row["lower_amount"]), None)
        grade = by_bands
        is_ranked = any(row["method"] == "forced" for row in grades)
        is_told = score["slice_amount"] is not None and score["band_no"] is not None
        yield _check(
            score,
            "K2",
            "place in a group that is ranked",
            "told" if is_told else "none",
            "told" if is_ranked else "none",
        )
        if is_ranked and is_told:
            grade = _seated(ordered, int(score["slice_amount"]), score["band_no"]) or by_bands
    what = f"grade of score {score['factor']}" + (f", place {score['band_no']}" if score["band_no"] else "")
    yield _check(score, "K2", what, score["subject"], grade["subject"] if grade else None)
    coefficient = grade["rate"] if grade and score["method"] != "forfeited" else ZERO
    yield _check(score, "K2", "coefficient of the grade", score["rate"] or ZERO, coefficient)


def _seated(grades: Sequence[Row], people: int, place: int) -> Row | None:
    """The grade whose seats the place is among, the best grade first: seats by largest remainder (K2, M3)."""
    shares = {number: row["factor"] or ZERO for number, row in enumerate(grades)}
    if sum(shares.values()) <= 0 or min(shares.values()) < 0:
        return None
    last = ZERO
    for number, seats in allocate(Decimal(people), shares, 0).items():
        last += seats
        if place <= last:
            return grades[number]
    return None


def _score_kpi(row: Row, ranges: Sequence[Row], points: Sequence[Row]) -> Iterator[Check]:
    """What a KPI's attainment counts for on a card: by its direction, along the curve, capped, weighted (K1)."""
    attainment = row["cumulative_after"]
    found = _card_attainment(row, ranges)
    yield _check(row, "K1", f"attainment of {row['subject']} ({row['method']})", attainment, found)
    if attainment is None:
        # The card says whether a KPI that is missing counts as 0, or is left out.
        yield _check(row, "K1", "a KPI that is missing counts nothing", row["factor"] or ZERO, ZERO)
        return
    score = attainment if not points else _on_card(points, attainment)
    score = round_half_away(min(score, row["upper_amount"]), 18)
    yield _check(row, "K1", f"{row['subject']} counts", row["factor"], quantise6(score))
    weighted = round_half_away(row["rate"] * score, 12)
    yield _check(row, "K1", f"weight {row['rate']} × {quantise6(score)}", row["unrounded_after"], weighted)


def _card_attainment(row: Row, ranges: Sequence[Row]) -> Decimal | None:
    actual, target = row["slice_amount"], row["target"]
    if row["method"] == "range":
        if actual is None or not ranges:
            return None
        low, high = ranges[0]["lower_amount"], ranges[0]["upper_amount"]
        if actual < low:
            return quantise6(actual / low) if low > 0 else None
        if actual > high:
            return max(quantise6((2 * high - actual) / high), ZERO) if high > 0 else None
        return ONE
    if actual is None or target is None or target <= 0:
        return None
    return (
        max(quantise6((2 * target - actual) / target), ZERO) if row["method"] == "lower" else quantise6(actual / target)
    )


def _on_card(points: Sequence[Row], attainment: Decimal) -> Decimal:
    """The curve of a card (K1): 0 below the first point, flat after the last."""
    if attainment < points[0]["lower_amount"]:
        return ZERO
    return next(
        (_straight(start, end, attainment) for start, end in pairwise(points) if attainment < end["lower_amount"]),
        Decimal(points[-1]["rate"]),
    )


@dataclass(frozen=True)
class _Plan:
    """What a month's rows of one plan state below the lines: its steps by name, the sums of its lines, its last row."""

    rows: Sequence[Row]
    steps: dict[str, Row]
    earned: Decimal
    held: Decimal

    @property
    def end(self) -> Row:
        return self.rows[-1]

    @property
    def net(self) -> Decimal:
        return self.earned - self.held

    def amount(self, step: str) -> Decimal:
        return _amount(self.steps.get(step))

    def of(self, step: str, rule: str, what: str, found: Decimal) -> Iterator[Check]:
        """A step that is not there is stated as 0."""
        if step in self.steps or found:
            yield _check(self.steps.get(step) or self.end, rule, what, self.amount(step), found)


def _plan(rows: Sequence[Row]) -> _Plan:
    steps: dict[str, Row] = {}
    for row in rows:
        if row["step"] != "line":
            steps.setdefault(row["step"], row)
    lines = _of(rows, "line")
    earned = sum((row["amount"] for row in lines), ZERO)
    return _Plan(rows, steps, earned, sum((row["amount"] for row in lines if row["is_held"]), ZERO))


def _month(payouts: Sequence[Sequence[Row]]) -> Iterator[Check]:
    """From the lines to what is payable, in the order of operations, over all plans of a currency (D1)."""
    plans = [_plan(rows) for rows in payouts]
    for plan in plans:
        yield from _sums(plan)
    base = max(sum((plan.earned for plan in plans), ZERO), ZERO)
    guarantee, drawn = ZERO, ZERO
    for plan in plans:
        top_up, floor, draws = _draw(plan.steps, base)
        yield from draws
        yield from plan.of("draw_top_up", "D1 D2", "draw over what is earned", top_up)
        recovered, recoveries = _recovery(plan.steps, base, top_up)
        yield from recoveries
        yield from plan.of("draw_recovered", "D2", "paid back of the draw", -recovered)
        guarantee, drawn = guarantee + floor, drawn + top_up - recovered
    floor = max([guarantee, *(_given(plan.steps.get("floor"), "target") for plan in plans)])
    room = max(base + drawn - floor, ZERO)
    for plan in sorted(plans, key=lambda plan: str(plan.end["plan_code"])):
        asked, words = _penalties(_of(plan.rows, "penalty_kpi"), base)
        taken = min(asked, room)
        room, drawn = room - taken, drawn - taken
        yield from plan.of("penalty", "K4", f"{words or 'no penalty'}; never below {floor}", -taken)
    for plan in plans:
        yield from plan.of("held_lines", "D5", "lines that are held", -plan.held)
    net = sum((plan.net for plan in plans), ZERO)
    rest = max(net, ZERO) + drawn
    if len(plans) == 1:
        yield from _settled(plans[0], rest)
    else:
        yield from _shared(plans, net, rest)


def _sums(plan: _Plan) -> Iterator[Check]:
    """The running total, that nothing is left out, and that all steps come to what is payable."""
    total = ZERO
    for row in plan.rows:
        if row["amount"] is not None and (row["step"] == "line" or row["step"] in SUMMED):
            if row["step"] not in _NOT_ADDED:
                total += row["amount"]
            yield _check(row, "M1", "running total", row["running_total"], total)
    for step in ("earned", "payable"):
        if step not in plan.steps:
            yield _check(plan.end, "D1", f"the step {step!r} is there", None, ZERO)
    if last := plan.steps.get("earned"):
        yield _check(last, "D1", "sum of the lines", last["amount"], plan.earned)
    if last := plan.steps.get("payable"):
        yield _check(last, "M1", "the steps add up to it", last["amount"], total)


def _settled(plan: _Plan, rest: Decimal) -> Iterator[Check]:
    """Hold, balance, legal limit and what is payable in a month of one plan (D1, D3, D4, D5)."""
    steps = plan.steps
    yield from plan.of("out_of_held", "K4 D5", "taken out of what is held", max(-rest, ZERO))
    rest = max(rest, ZERO)
    yield from plan.of("negative", "D3", "what is negative goes on the balance", max(-plan.net, ZERO))
    yield from _clawback(steps, plan.end, rest, max(-plan.net, ZERO))
    due = rest + plan.amount("recovered")
    if last := steps.get("held_payee"):
        yield _check(last, "D5", "the whole month of a held person", last["amount"], -due)
    if last := steps.get("payable"):
        yield _check(last, "D1", "what is left", last["amount"], ZERO if steps.get("held_payee") else due)


def _shared(plans: Sequence[_Plan], net: Decimal, rest: Decimal) -> Iterator[Check]:
    """The same in a month of several plans: what one is short of goes on the balance and the others pay it back."""
    out_of_held = sum((plan.amount("out_of_held") for plan in plans), ZERO)
    yield _check(plans[-1].end, "K4 D5", "taken out of what is held, over all plans", out_of_held, max(-rest, ZERO))
    chain: list[tuple[int, str, Row]] = []
    for plan in plans:
        added, recovered = plan.steps.get("negative"), plan.steps.get("recovered")
        last = recovered or added
        for row in (added, recovered):
            if row is not None:
                moved = plan.amount("negative") + plan.amount("recovered")
                yield _check(row, "D3", "balance", row["closing_balance"], row["opening_balance"] + moved)
        if last is not None:
            # The balance runs through plans that only add to it, then the others, each in order of plan code.
            place = 2 if added is None else 1 if _amount(recovered) else 0
            chain.append((place, last["plan_code"], last))
    ordered = [row for *_, row in sorted(chain, key=lambda item: item[:2])]
    for before, row in pairwise(ordered):
        yield _check(row, "D3", "balance of the plan before", row["opening_balance"], before["closing_balance"])
    end = ordered[-1] if ordered else plans[-1].end
    opening = ordered[0]["opening_balance"] if ordered else ZERO
    moved = end["closing_balance"] - opening if ordered else ZERO
    deferred = sum((plan.amount("legal_limit") for plan in plans), ZERO)
    left = max(-net, ZERO) - min(opening, max(ZERO, rest)) + deferred
    yield _check(end, "D3", "what is negative over all plans, less what is paid back", moved, left)


def _draw(steps: dict[str, Row], earned: Decimal) -> tuple[Decimal, Decimal, list[Check]]:
    """The top-up of a month's draw, what it guarantees, and the check of what it looks at (D1, D2)."""
    row = steps.get("draw")
    if row is None:
        return ZERO, ZERO, []
    checks = [_check(row, "D1", "the draw looks at what is earned, never below 0", row["slice_amount"], earned)]
    month, first, last = row["active_days"], row["lower_amount"], row["upper_amount"]
    in_time = last is None if month is None else month >= (first or 0) and (last is None or month <= last)
    if row["target"] is None or not in_time:
        return ZERO, ZERO, checks
    draw = row["target"]
    if row["method"] == "non_recoverable":
        return draw, ZERO, checks
    return max(draw - earned, ZERO), draw if row["method"] == "guarantee" else ZERO, checks


def _recovery(steps: dict[str, Row], earned: Decimal, top_up: Decimal) -> tuple[Decimal, list[Check]]:
    """What a month pays back of the draw, and the checks of its balance (D2)."""
    row = steps.get("draw_recovery")
    if row is None:
        return ZERO, []
    month, start = row["active_days"], row["period_days"]
    has_started = (row["subject"] is not None and row["period"] >= row["subject"]) or (
        month is not None and start is not None and month >= start
    )
    most = round_money(row["rate"] * max(earned - row["lower_amount"], ZERO), row["currency_code"])
    draw = steps.get("draw")
    added = top_up if draw is not None and draw["method"] == "recoverable" else ZERO
    found = min(row["opening_balance"] + added, most) if has_started else ZERO
    closing = row["opening_balance"] + added - found
    return found, [
        _check(steps[step], "D2", "balance of the draw", steps[step]["closing_balance"], closing)
        for step in ("draw_recovery", "draw_top_up", "draw_recovered")
        if step in steps
    ]


def _penalties(rows: Sequence[Row], earned: Decimal) -> tuple[Decimal, str]:
    """What a month's KPIs ask for, each up to its limit (K4), and the sum in words."""
    amounts = []
    for row in rows:
        value, bound = row["slice_amount"], row["target"]
        if value is None or not (value < bound if row["method"] == "below" else value > bound):
            continue
        asked = row["lower_amount"]
        if asked is None:
            asked = round_money(row["rate"] * earned, row["currency_code"])
        amounts.append(min(asked, row["upper_amount"]))
    return sum(amounts, ZERO), " + ".join(map(str, amounts))


def _clawback(steps: dict[str, Row], end: Row, rest: Decimal, added: Decimal) -> Iterator[Check]:
    """What a month pays back of the clawback balance, within the legal limit, and its balance (D3, D4)."""
    shown = steps.get("recovered") or steps.get("negative")
    opening = _given(shown, "opening_balance")
    allowed = rest
    if limit := steps.get("limit"):
        pay = limit["target"] + rest
        share, keep = (
            _down(value, limit["currency_code"]) for value in (limit["rate"] * pay, pay - limit["lower_amount"])
        )
        allowed = min(rest, max(min(share, keep), ZERO))
    back = min(opening, allowed)
    for step, rule, what, found in (
        ("recovered", "D3", "paid back: what is owed, at most what may be", -back),
        ("legal_limit", "D4", "deferred by the legal limit", min(opening, rest) - back),
    ):
        if step in steps or found:
            yield _check(steps.get(step) or end, rule, what, _amount(steps.get(step)), found)
    if shown is not None:
        yield _check(shown, "D3", "balance", shown["closing_balance"], opening - back + added)


def _down(value: Decimal, currency_code: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-minor_unit(currency_code)), rounding=ROUND_FLOOR)


def _given(row: Row | None, column: str) -> Decimal:
    return ZERO if row is None or row[column] is None else Decimal(row[column])


def _amount(row: Row | None) -> Decimal:
    return ZERO if row is None else Decimal(row["amount"])


def _check(row: Row, rule: str, what: str, stated: Any, found: Any) -> Check:
    return Check(row["line_no"], rule, what, stated, found)
