"""What the sample company's people do with its customers, and what customers say: calls, visits, follow-ups, answers to
surveys, how deals went through their stages, and the orders, tasks and opportunities beside them.

It is made from a branch that has been simulated (`attain.demo.company`), with a chance of its own, so that nothing of
what is sold, invoiced or paid depends on it. Days are whole numbers counted from `company.START`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date

from attain.demo.company import LAST_DAY, STAGE_PROBABILITIES, Branch, Customer, Document, Person, day_number, zoho_id

HISTORY_FROM = day_number(date(2026, 1, 1))
"""Day on which Zoho began to keep the history of stages."""

_TASKS, _CALLS, _EVENTS, _STAGES, _ORDERS = 0, 6, 7, 8, 9
_SUBJECTS = ("Send quotation", "Follow up on contract", "Prepare demo", "寄送样品", "提交技术方案", "催签合同")
_OPEN_STAGES = (("初步沟通", 10), ("需求确认", 25), ("方案报价", 50), ("商务谈判", 75))
"""Stages of an open opportunity of 简道云, each with the usual chance of winning in percent."""
_METHODS = ("电话", "电话", "电话", "拜访", "拜访", "微信")


@dataclass(frozen=True, slots=True)
class Contact:
    """A call, a meeting or a follow-up. `is_missed` is a call that nobody answered."""

    number: str
    person: Person
    document: Document | None
    customer: Customer | None
    day: int
    method: str
    minutes: int
    is_missed: bool = False


@dataclass(frozen=True, slots=True)
class StageEntry:
    """A deal's coming into a stage, with what was expected of it then; `moved_to` is '' while it is there.

    `place` is the stage's among all that the deal went through, from 0: several may fall on one day.
    """

    number: str
    deal: Document
    place: int
    day: int
    stage: str
    moved_to: str
    days_in_stage: int | None
    probability: int
    amount: int
    expected: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A customer's answer to a survey, `kind` CSAT (1 to 5) or NPS (0 to 10), that may say whom it is about."""

    number: str
    kind: str
    day: int
    score: int
    customer: Customer
    person: Person
    names_person: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A sales order of a won deal in Zoho; `names_deal` is false for one that was entered without its deal."""

    number: str
    place: int
    deal: Document
    day: int
    edited: int
    status: str
    names_deal: bool


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do for a deal in Zoho by the day `due`; `done` is None while it is not."""

    number: str
    deal: Document
    subject: str
    created: int
    due: int
    done: int | None


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A 商机 of 简道云 as it stands at END, with the value, in hundredths, and the day that its owner expects."""

    number: str
    owner: Person
    customer: Customer
    product: str
    stage: str
    probability: int
    amount: int
    currency: str
    expected: int
    created: int
    edited: int


@dataclass(slots=True)
class Dealings:
    """All of it for one branch, up to END, in the order of days."""

    calls: list[Contact] = field(default_factory=list)
    meetings: list[Contact] = field(default_factory=list)
    follow_ups: list[Contact] = field(default_factory=list)
    stage_entries: list[StageEntry] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    opportunities: list[Opportunity] = field(default_factory=list)


def dealings(seed: int, branch: Branch) -> Dealings:
    """The dealings of a branch. The same arguments always give the same ones."""
    chance = random.Random(f"attain:{seed}:branch:{branch.number}:dealings")
    made = Dealings()
    _contacts(chance, branch, made)
    _stages(branch, made)
    _answers(chance, branch, made)
    # A chance of their own: what was there before them stays as it is.
    chance = random.Random(f"attain:{seed}:branch:{branch.number}:papers")
    _orders(chance, branch, made)
    _tasks(chance, branch, made)
    _opportunities(chance, branch, made)
    return made


def _contacts(chance: random.Random, branch: Branch, made: Dealings) -> None:
    calls: list[tuple[int, Document, bool]] = []
    meetings: list[tuple[int, Document]] = []
    for deal in branch.deals:
        last = min(deal.steps[-1][0], LAST_DAY)
        for _ in range(int(2 * chance.random())):
            calls.append((chance.randint(deal.created, max(deal.created, last)), deal, chance.random() < 0.06))
        if chance.random() < 0.25:
            meetings.append((chance.randint(deal.created, max(deal.created, last)), deal))
    for day, deal, is_missed in sorted(calls, key=lambda call: (call[0], call[1].number)):
        if 0 <= day <= LAST_DAY and deal.owner.works_on(day):
            number = zoho_id(_CALLS, branch.number, len(made.calls) + 1)
            minutes = 0 if is_missed else chance.randint(2, 40)
            made.calls.append(Contact(number, deal.owner, deal, deal.customer, day, "call", minutes, is_missed))
    for day, deal in sorted(meetings, key=lambda meeting: (meeting[0], meeting[1].number)):
        if 0 <= day <= LAST_DAY and deal.owner.works_on(day):
            number = zoho_id(_EVENTS, branch.number, len(made.meetings) + 1)
            minutes = chance.randint(30, 150)
            made.meetings.append(Contact(number, deal.owner, deal, deal.customer, day, "meeting", minutes))
    follow_ups: list[tuple[int, str, Document]] = []
    for contract in branch.contracts:
        for _ in range(int(2 * chance.random())):
            day = contract.created - chance.randrange(1, 25)
            follow_ups.append((day, _METHODS[int(len(_METHODS) * chance.random())], contract))
    for day, method, contract in sorted(follow_ups, key=lambda entry: (entry[0], entry[2].number)):
        if 0 <= day <= LAST_DAY and contract.owner.works_on(day):
            number = f"GJ{branch.number:03d}{len(made.follow_ups) + 1:06d}"
            made.follow_ups.append(Contact(number, contract.owner, None, contract.customer, day, method, 0))


def _stages(branch: Branch, made: Dealings) -> None:
    sequence = 0
    for deal in branch.deals:
        for place, (day, stage) in enumerate(deal.steps):
            following = deal.steps[place + 1] if place + 1 < len(deal.steps) else None
            if not HISTORY_FROM <= day <= LAST_DAY:
                continue
            if following is not None and following[0] > LAST_DAY:
                following = None
            sequence += 1
            is_early = place < 3 and not stage.startswith("Closed")
            made.stage_entries.append(
                StageEntry(
                    number=zoho_id(_STAGES, branch.number, sequence),
                    deal=deal,
                    place=place,
                    day=day,
                    stage=stage,
                    moved_to=following[1] if following else "",
                    days_in_stage=following[0] - day if following else None,
                    probability=STAGE_PROBABILITIES[stage],
                    amount=deal.early_amount if is_early else deal.amount,
                    expected=day if stage.startswith("Closed") else deal.expected,
                )
            )


def _answers(chance: random.Random, branch: Branch, made: Dealings) -> None:
    asked: list[tuple[int, str, int, Document]] = []
    for document in (*branch.contracts, *branch.deals):
        if document.won is None or document.customer is None:
            continue
        if chance.random() < 0.10:
            mood = chance.gauss(4.1, 0.9) + 0.4 * (document.owner.skill - 1)
            asked.append((document.won + chance.randrange(20, 60), "CSAT", min(5, max(1, round(mood))), document))
        if chance.random() < 0.06:
            mood = chance.gauss(8.2, 2.0) + 0.8 * (document.owner.skill - 1)
            asked.append((document.won + chance.randrange(60, 120), "NPS", min(10, max(0, round(mood))), document))
    for day, kind, score, document in sorted(asked, key=lambda answer: (answer[0], answer[3].number, answer[1])):
        if 0 <= day <= LAST_DAY and document.customer is not None:
            number = f"DJ{branch.number:03d}{len(made.answers) + 1:05d}"
            names_person = chance.random() < 0.7
            made.answers.append(Answer(number, kind, day, score, document.customer, document.owner, names_person))


def _orders(chance: random.Random, branch: Branch, made: Dealings) -> None:
    entered: list[tuple[int, int, str, bool, Document]] = []
    for deal in branch.deals:
        if deal.won is None or deal.customer is None or chance.random() < 0.12:
            continue
        day = deal.won + chance.randrange(4)
        if not deal.owner.works_on(day):
            day = deal.won
        edited = min(day + chance.randrange(40), LAST_DAY)
        status = "Cancelled" if chance.random() < 0.03 else "Delivered" if day < LAST_DAY - 45 else "Approved"
        names_deal = chance.random() >= 0.03
        if 0 <= day <= LAST_DAY:
            entered.append((day, edited, status, names_deal, deal))
    for place, (day, edited, status, names_deal, deal) in enumerate(
        sorted(entered, key=lambda order: (order[0], order[4].number)), start=1
    ):
        number = zoho_id(_ORDERS, branch.number, place)
        made.orders.append(Order(number, place, deal, day, edited, status, names_deal))


def _tasks(chance: random.Random, branch: Branch, made: Dealings) -> None:
    given: list[tuple[int, int, int | None, str, Document]] = []
    for deal in branch.deals:
        last = min(deal.steps[-1][0], LAST_DAY)
        if chance.random() < 0.6:
            continue
        created = chance.randint(deal.created, max(deal.created, last))
        due = created + chance.randrange(2, 15)
        done = min(due + chance.randrange(-1, 4), LAST_DAY) if chance.random() < 0.85 and due <= LAST_DAY else None
        subject = _SUBJECTS[int(len(_SUBJECTS) * chance.random())]
        given.append((created, due, done, subject, deal))
    for created, due, done, subject, deal in sorted(given, key=lambda task: (task[0], task[4].number)):
        if 0 <= created <= LAST_DAY and deal.owner.works_on(done or created):
            number = zoho_id(_TASKS, branch.number, len(made.tasks) + 1)
            made.tasks.append(Task(number, deal, subject, created, due, done))


def _opportunities(chance: random.Random, branch: Branch, made: Dealings) -> None:
    """Most new contracts began as one, and about as many were lost or are open."""
    found: list[tuple[int, int, Document, bool]] = []
    for contract in branch.contracts:
        began, lasted = chance.randrange(15, 90), chance.randrange(20, 150)
        if contract.won is not None and contract.kind == "新签" and chance.random() < 0.7:
            found.append((contract.created - began, contract.created, contract, True))
        if chance.random() < 0.45:
            created = contract.created - chance.randrange(60)
            found.append((created, created + lasted, contract, False))
    for created, closed, contract, is_won in sorted(found, key=lambda entry: (entry[0], entry[2].number, entry[3])):
        customer = contract.customer
        if customer is None:
            continue
        began = max(created, customer.created)
        if not 0 <= began <= min(closed, LAST_DAY) or not contract.owner.works_on(began):
            continue
        amount = max(10_000, contract.amount * chance.randrange(80, 126) // 1_000_000 * 10_000)
        expected = closed + chance.randrange(-10, 30)
        stage, probability, edited = "赢单" if is_won else "输单", 100 if is_won else 0, closed
        if closed > LAST_DAY:
            stage, probability = _OPEN_STAGES[4 * (LAST_DAY - began) // (closed - began)]
            edited = chance.randint(began, LAST_DAY)
        made.opportunities.append(
            Opportunity(
                number=f"SJ{branch.number:03d}{len(made.opportunities) + 1:05d}",
                owner=contract.owner,
                customer=customer,
                product=contract.product,
                stage=stage,
                probability=probability,
                amount=amount,
                currency=contract.currency,
                expected=max(expected, began),
                created=began,
                edited=edited,
            )
        )
