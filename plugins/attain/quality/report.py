"""A verdict in words: what failed, on which rows, whose money it is, what to do. At most 40 lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attain.quality.results import CheckResult, Verdict

MAX_LINES = 40

_WIDTH = 150
_BLOCKING = 3
_HELD = 5
_LISTED = 4
_CELLS = 8

# What a person looks for first in a row, in the order in which it is shown; all of it is in the stored verdict.
_PLACE = ("file_name", "row_number", "document_id", "event_id", "payee_id", "employee_id", "reason", "hold_reason")
_LABELS = {"file_name": "file", "row_number": "row", "kpi_code": "KPI"}


def render(verdict: Verdict) -> str:
    """The verdict as text for a terminal or a task's log."""
    outcomes = Counter(result.outcome for result in verdict.results)
    kinds = Counter(result.kind for result in verdict.results)
    word = "REFUSED" if verdict.is_refused else "passed"
    lines = [
        f"gate      {word}: candidate {verdict.release_id} (run {verdict.run_id})",
        f"checks    {len(verdict.results)} run: {_counts(outcomes, ('passed', 'failed', 'errored'))}"
        f"  ({_counts(kinds, ('dbt', 'expectation', 'reference'))})",
    ]
    if verdict.is_refused:
        lines += _refusals(verdict)
    lines += _holds(verdict)
    lines += _listed(verdict)
    return "\n".join(_cut(line) for line in lines[:MAX_LINES])


def _refusals(verdict: Verdict) -> list[str]:
    blocking = verdict.blocking
    lines = []
    for result in blocking[:_BLOCKING]:
        lines += ["", *_refusing(result)]
    if len(blocking) > _BLOCKING:
        lines.append(f"  … and {len(blocking) - _BLOCKING} more failed critical checks; warehouse/verdict.json has all")
    about_checks = {reason for reason in verdict.refusals for result in blocking if reason.startswith(_subject(result))}
    others = [reason for reason in verdict.refusals if reason not in about_checks]
    lines += [f"✗ {reason}" for reason in others[:3]]
    lines.append("          nothing of it was published; what was current stays current")
    return lines


def _refusing(result: CheckResult) -> list[str]:
    what = "could not be evaluated" if result.outcome == "errored" else f"{result.failures:,} failing"
    lines = [f"✗ {result.table}: {result.name}  ({what}; owner {result.owner})", f"  why     {result.reason}"]
    if result.detail:
        lines.append(f"  seen    {result.detail}")
    lines += [f"  row     {_row(row)}" for row in result.sample_rows[:2] if _row(row)]
    if result.payees:
        people = [f"{payee} {result.payee_names.get(payee, '')}".rstrip() for payee in result.payees]
        lines.append(f"  payees  {_some(people)}")
        lines.append(f"  earned  {_money(result.money)} in all, by these payees")
    first, *others = remedies(result)
    return [*lines, f"  do      {first}", *(f"  or      {other}" for other in others)]


def remedies(result: CheckResult) -> list[str]:
    """What can be done about a failed check: what its author says, and how to take the deliveries of its rows back."""
    steps = [result.remedy] if result.remedy else []
    if result.deliveries:
        files = sorted({str(row["file_name"]) for row in result.sample_rows if row.get("file_name")})
        named = f" for {_some(files, 2)}" if files else ""
        others = f" (and {len(result.deliveries) - 1} others)" if len(result.deliveries) > 1 else ""
        steps.append(f"attain withdraw {result.deliveries[0]}{others}, or send a corrected file{named}")
    return steps or [f"ask {result.owner}; the failing rows are in warehouse/verdict.json"]


def _holds(verdict: Verdict) -> list[str]:
    if not verdict.holds:
        return []
    held = [f"{entry.held_amount} {entry.currency_code} ({Decimal(entry.share):.1%})" for entry in verdict.exposure]
    limit = f"limit {Decimal(verdict.max_held_exposure):.1%}"
    word = "to hold" if verdict.is_refused else "held"
    lines = ["", f"{word:<10}{len(verdict.held_payees)} payees with {', '.join(held) or 'no money'}; {limit}"]
    by_check: dict[tuple[str, str], list[str]] = {}
    for hold in verdict.holds:
        payees = by_check.setdefault((hold.check_name, hold.reason), [])
        if hold.payee_id not in payees:
            payees.append(hold.payee_id)
    for (check, reason), payees in list(by_check.items())[:_HELD]:
        lines.append(f"  {_some(payees)}: {check}: {reason}")
    if len(by_check) > _HELD:
        lines.append(f"  … and by {len(by_check) - _HELD} more checks")
    return lines


def _listed(verdict: Verdict) -> list[str]:
    lines = []
    if verdict.warnings:
        what = "they would not have stopped it" if verdict.is_refused else "published all the same; they want an answer"
        lines += ["", f"warnings  {len(verdict.warnings)}; {what}"]
        for result in verdict.warnings[:_LISTED]:
            who = f"{result.failures:,} failing; {result.owner}"
            lines.append(f"  {result.table}: {result.name}  {who}: {result.reason}")
        if len(verdict.warnings) > _LISTED:
            lines.append(f"  … and {len(verdict.warnings) - _LISTED} more")
    noted = sum(result.outcome == "failed" and result.severity == "info" for result in verdict.results)
    if noted:
        lines.append(f"noted     {noted} for information")
    return lines


def _subject(result: CheckResult) -> str:
    return f"{result.table}: {result.name} "


def _row(row: Mapping[str, Any]) -> str:
    names = [*_PLACE, *(name for name in row if name not in _PLACE and "delivery" not in name)]
    known = [name for name in names if row.get(name) not in (None, "")][:_CELLS]
    return ", ".join(f"{_LABELS.get(name, name.removesuffix('_id').replace('_', ' '))} {row[name]}" for name in known)


def _money(money: Mapping[str, str]) -> str:
    return ", ".join(f"{Decimal(amount):,} {currency}" for currency, amount in money.items()) or "nothing"


def _some(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _counts(counted: Mapping[str, int], order: Iterable[str]) -> str:
    return ", ".join(f"{counted[name]} {name}" for name in order if counted.get(name))


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
