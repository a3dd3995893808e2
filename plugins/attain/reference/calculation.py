"""The second pay engine: a separate reading of the same rules, row by row, in plain Python with `Decimal`.

It shares no calculation with the SQL models; the two are compared to the cent before anything is published. It is
written to be read beside the rules, not to be fast: each step names the rule it follows. The rooms, in the order of
operations:

    lines.py    lines of contracts and invoices              C1, C2
    credit.py   events, splits, reversals, currency          C1–C3, D3, M3
    book.py     whose credit, after which reversals          C2, C6, D3
    people.py   assignment, leave, managers, ramp            C6, Q1, Q2, Q6
    quota.py    effective quota of a window                  Q1–Q5
    factors.py  attributes, filters, factors                 T7
    bands.py    bands, thresholds in money, curves           T1–T5, T8
    pricing.py  what counts, each line's pay, original rate  T2–T7, D3
    limits.py   threshold, then cap                          T8, T9
    bonus.py    cards, grades, contests, rewards             K1–K3, K5, K6
    month.py    draw, penalty, hold, recovery, legal limit   D1–D5, K4
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal, localcontext

from attain import money
from attain.reference.bands import marginal
from attain.reference.bonus import Cards, bonus_line, card_score, contest_lines, grade_of, recognitions
from attain.reference.credit import split_events
from attain.reference.inputs import Inputs
from attain.reference.month import pay
from attain.reference.people import People
from attain.reference.pricing import Pricer, hold_by_rule
from attain.reference.quota import Quotas
from attain.reference.results import Appraisal, EarningLine, Payout, Recognition, Results

__all__ = [
    "Appraisal",
    "EarningLine",
    "Payout",
    "Recognition",
    "Results",
    "card_score",
    "compute",
    "grade_of",
    "marginal",
    "split_events",
]


def compute(inputs: Inputs) -> Results:
    """Everything that is earned and payable up to the as-of day, from the facts alone."""
    with localcontext(money.EXACT):
        people = People(inputs)
        pricer = Pricer(inputs, people, Quotas(inputs, people))
        lines: list[EarningLine] = []
        for payee_id in sorted(people.employees):
            if inputs.payees is None or payee_id in inputs.payees:
                for version, _ in sorted(
                    people.assigned(payee_id), key=lambda item: (item[0].plan_code, item[0].version)
                ):
                    for component in sorted(version.components, key=lambda item: item.code):
                        lines.extend(pricer.price(payee_id, version, component))
        cards = Cards(inputs, people)
        appraisals = cards.appraise()
        lines.extend(bonus_line(item) for item in appraisals)
        for version in inputs.versions:
            for contest in version.contests:
                lines.extend(contest_lines(pricer, version, contest))
        if inputs.payees is not None:
            lines = [line for line in lines if line.payee_id in inputs.payees]
            appraisals = [item for item in appraisals if item.payee_id in inputs.payees]
        lines = _held(inputs, pricer, lines)
        payouts = pay(inputs, people, cards, lines)
        rewards = recognitions(pricer, appraisals, inputs)
        return Results(tuple(lines), tuple(appraisals), tuple(payouts), tuple(rewards))


def _held(inputs: Inputs, pricer: Pricer, lines: list[EarningLine]) -> list[EarningLine]:
    """Lines of documents that the plan's own conditions hold, until an exception releases them (D5)."""
    versions = {(item.plan_code, item.version): item for item in inputs.versions if item.hold_rules}
    if not versions:
        return lines
    collected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for event in inputs.events:
        document = inputs.document_of.get((event.source_system, event.document_id))
        is_money_in = event.basis == "collected" and event.event_type in ("receipt", "refund")
        if not is_money_in or event.event_date > inputs.as_of:
            continue
        if document is not None and event.currency_code == document.currency_code:
            collected[(event.source_system, event.document_id)] += event.amount
    released = {(item.employee_id, item.document_id) for item in inputs.releases if item.approved_date <= inputs.as_of}
    reasons: dict[tuple[str, str, str, str], str | None] = {}
    found = []
    for given in lines:
        line = given
        version = versions.get((line.plan_code, line.plan_version))
        named = line.credit_line_id.split("|")
        if version is not None and line.line_type in ("earning", "spiff") and len(named) > 2 and not line.hold_reason:
            key = (named[1], named[2])
            if (line.plan_code, line.plan_version, *key) not in reasons:
                reasons[(line.plan_code, line.plan_version, *key)] = hold_by_rule(
                    inputs, pricer.attributes, pricer.rates, collected, version, key
                )
            reason = reasons[(line.plan_code, line.plan_version, *key)]
            if reason is not None and (line.payee_id, named[2]) not in released:
                line = replace(line, hold_reason=reason)
        found.append(line)
    return found
