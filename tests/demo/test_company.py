"""Is the simulated company believable, and is it always the same one?"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from statistics import mean

import pytest

from attain.demo import names
from attain.demo.company import (
    ABROAD,
    DEFAULT_SEED,
    LAST_DAY,
    MAX_SCALE,
    NAMESAKES,
    Branch,
    Document,
    Rates,
    branch,
    day_number,
    month_number,
    month_text,
    rates,
)
from attain.demo.dealings import dealings


@pytest.fixture(scope="module")
def head_office() -> Branch:
    return branch(DEFAULT_SEED, 0)


def is_over(document: Document) -> bool:
    day, stage = document.steps[-1]
    return stage.startswith("Closed") and day <= LAST_DAY


def credited(made: Branch, currency: str) -> dict[tuple[str, int], float]:
    """Money by person and month: collected for people paid in yuan, booked for people paid in dollars."""
    exchange = rates(DEFAULT_SEED)
    found: dict[tuple[str, int], float] = defaultdict(float)
    events = (
        [(receipt.invoice.document, receipt.amount, receipt.day) for receipt in made.receipts]
        if currency == "CNY"
        else [(deal, deal.amount, deal.won) for deal in made.deals if deal.won is not None]
    )
    for document, amount, day in events:
        if day > LAST_DAY:
            continue
        whole = amount / 100 * exchange.yuan(document.currency, day) / exchange.yuan(currency, day)
        if not document.splits:
            found[document.owner.employee_id, month_number(day)] += whole
        for split in document.splits:
            found[split.person.employee_id, month_number(day)] += whole * split.share / 10_000
    return found


def test_the_same_seed_is_the_same_company_and_another_seed_another() -> None:
    assert branch(7, 1) == branch(7, 1)
    assert branch(7, 1) != branch(8, 1)
    assert dealings(7, branch(7, 1)) == dealings(7, branch(7, 1)) != dealings(8, branch(7, 1))


def test_its_size_is_that_of_a_company_of_sixty(head_office: Branch) -> None:
    assert 55 <= len(head_office.people) <= 70
    assert len(head_office.sellers) == 45
    assert 3_000 <= len(head_office.deals) + len(head_office.contracts) <= 5_000
    assert len(head_office.leads) > 1_200
    assert 2_000 < len(head_office.invoices) < len(head_office.receipts) < 6_000


def test_people_come_go_move_and_may_share_a_name(head_office: Branch) -> None:
    assert sum(person.hired > 0 for person in head_office.sellers) >= 5
    leavers = {
        person.employee_id for person in head_office.sellers if person.left is not None and person.left <= LAST_DAY
    }
    assert len(leavers) >= 3
    assert any(
        deal.owner.employee_id in leavers and deal.steps[-1][0] > deal.owner.left
        for deal in head_office.deals
        if deal.owner.left is not None
    )
    lines = Counter(line.person.employee_id for line in head_office.reporting)
    assert max(lines.values()) == 2
    teams = defaultdict(set)
    for line in head_office.reporting:
        teams[line.person.employee_id].add(line.team)
    assert sum(len(found) > 1 for found in teams.values()) == 1
    one, other = (head_office.people[place] for place in NAMESAKES)
    assert one.full_name == other.full_name
    assert one.system != other.system
    assert one.email != other.email
    assert one.employee_id != other.employee_id
    assert [name for name, count in Counter(p.full_name for p in head_office.people).items() if count > 1] == [
        one.full_name
    ]


def test_reporting_lines_cover_a_person_without_gap_or_overlap(head_office: Branch) -> None:
    by_person = defaultdict(list)
    for line in head_office.reporting:
        by_person[line.person.employee_id].append(line)
    for person in head_office.people:
        lines = by_person[person.employee_id]
        assert lines[0].valid_from == person.hired
        assert lines[-1].valid_to == person.left
        for before, after in pairwise(lines):
            assert before.valid_to is not None
            assert after.valid_from == before.valid_to + 1


def test_every_kind_of_plan_has_its_people(head_office: Branch) -> None:
    roles = Counter(person.role for person in head_office.people)
    assert {"Sales Director", "Area Sales Manager", "Account Manager", "Channel Manager", "Sales Trainee"} <= set(roles)
    trainees = [person for person in head_office.people if person.role == "Sales Trainee"]
    assert all(person.hired > day_number(date(2025, 12, 1)) and person.manager for person in trainees)
    through_partners = [deal for deal in head_office.deals if deal.channel_manager is not None]
    assert {deal.channel_manager.role for deal in through_partners if deal.channel_manager} == {"Channel Manager"}
    assert {deal.channel for deal in through_partners} == {"代理", "partner"}
    assert 0.1 < len(through_partners) / len(head_office.deals) < 0.25
    assert all(0.5 * deal.amount < deal.cost < deal.amount for deal in head_office.deals if deal.amount > 10_000)


def test_deals_are_won_at_a_believable_rate_and_season(head_office: Branch) -> None:
    closed = [deal for deal in head_office.deals if is_over(deal)]
    won = [deal for deal in closed if deal.won is not None]
    assert 0.24 <= len(won) / len(closed) <= 0.33
    signed: Counter[str] = Counter()
    for contract in head_office.contracts:
        signed[month_text(month_number(contract.created))[5:]] += contract.amount
    assert signed["12"] > 1.2 * mean(signed.values())
    assert signed["02"] < 0.7 * mean(signed.values())


def test_deal_sizes_have_a_long_tail(head_office: Branch) -> None:
    amounts = sorted((contract.amount for contract in head_office.contracts), reverse=True)
    top_fifth = sum(amounts[: len(amounts) // 5])
    assert top_fifth > 0.4 * sum(amounts)
    assert amounts[0] > 10 * amounts[len(amounts) // 2]


def test_attainment_is_spread_and_a_little_more_than_half_reach_the_target(head_office: Branch) -> None:
    by_quarter: dict[tuple[str, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    money = {"collected_amount": credited(head_office, "CNY"), "booked_amount": credited(head_office, "USD")}
    for target in head_office.targets:
        if target.kpi in money and target.month < 24:
            found = by_quarter[target.person.employee_id, (target.month + 1) // 3]
            found[0] += money[target.kpi][target.person.employee_id, target.month]
            found[1] += float(target.value)
    attainment = sorted(actual / aimed for actual, aimed in by_quarter.values())
    assert len(attainment) > 300
    reached = sum(value >= 1 for value in attainment) / len(attainment)
    assert 0.50 <= reached <= 0.62
    assert attainment[len(attainment) // 10] < 0.65
    assert attainment[-len(attainment) // 10] > 1.35
    assert attainment[len(attainment) * 98 // 100] < 2.0


def test_no_invoice_is_overpaid_and_no_document_overbilled(head_office: Branch) -> None:
    came: Counter[str] = Counter()
    lowest: Counter[str] = Counter()
    for receipt in head_office.receipts:
        assert (receipt.amount < 0) == receipt.is_refund
        came[receipt.invoice.number] += receipt.amount
        lowest[receipt.invoice.number] = min(lowest[receipt.invoice.number], came[receipt.invoice.number])
    credit: Counter[str] = Counter()
    for note in head_office.credit_notes:
        assert note.amount > 0
        credit[note.invoice.number] += note.amount
    lost: Counter[str] = Counter()
    for entry in head_office.write_offs:
        lost[entry.invoice.number] += entry.amount
    billed: Counter[str] = Counter()
    documents: dict[str, Document] = {}
    for invoice in head_office.invoices:
        documents[invoice.document.number] = invoice.document
        if invoice.status == "void":
            assert came[invoice.number] == credit[invoice.number] == lost[invoice.number] == 0
            continue
        billed[invoice.document.number] += invoice.amount
        assert invoice.amount > 0
        assert lowest[invoice.number] >= 0
        assert came[invoice.number] + credit[invoice.number] + lost[invoice.number] <= invoice.amount
    assert sum(credit.values()) > 0 and sum(lost.values()) > 0
    for number, total in billed.items():
        assert total <= documents[number].amount


def test_everything_happens_in_order(head_office: Branch) -> None:
    for invoice in head_office.invoices:
        assert invoice.document.won is not None
        assert invoice.document.won < invoice.day <= LAST_DAY
    for receipt in head_office.receipts:
        assert receipt.day >= receipt.invoice.day
    for lead in head_office.leads:
        assert lead.deal is None or lead.created < lead.deal.created


def test_splits_add_up_but_for_a_few(head_office: Branch) -> None:
    shared = [d for d in (*head_office.contracts, *head_office.deals) if d.splits]
    wrong = [document for document in shared if sum(split.share for split in document.splits) != 10_000]
    assert len(shared) > 150
    assert 2 <= len(wrong) <= 10
    assert any([split.share for split in document.splits] == [3_333, 3_333, 3_334] for document in shared)
    references = {split.reference for deal in head_office.deals for split in deal.splits}
    assert any("@" in reference for reference in references)
    assert any(reference.startswith("zcrm_") for reference in references)


def test_money_abroad_is_in_currencies_that_have_rates(head_office: Branch) -> None:
    used = {deal.currency for deal in head_office.deals if deal.owner.team is ABROAD}
    assert used == {"USD", "EUR", "JPY"}
    assert all(invoice.amount % 100 == 0 for invoice in head_office.invoices if invoice.document.currency == "JPY")


def test_rates_are_fresh_on_every_day_and_stay_plausible() -> None:
    exchange = rates(DEFAULT_SEED)
    assert max(after - before for before, after in pairwise(exchange.days)) <= 7
    assert LAST_DAY - exchange.days[-1] < 7
    for currency in Rates.UNITS:
        quoted = [float(text) for _, text in exchange.published(currency)]
        assert 0.7 < min(quoted) / max(quoted) < 1.0


def test_branches_share_no_number_name_or_address() -> None:
    made = [branch(DEFAULT_SEED, number) for number in (0, 1, 2, MAX_SCALE - 1)]
    people = [person for one in made for person in one.people]
    assert len({person.employee_id for person in people}) == len(people)
    assert len({person.email for person in people}) == len(people)
    assert len({person.full_name for person in people}) == len(people) - 1
    for documents in ("contracts", "deals", "leads", "invoices", "customers", "accounts", "credit_notes", "write_offs"):
        numbers = [entry.number for one in made for entry in getattr(one, documents)]
        assert len(set(numbers)) == len(numbers), documents
    receipts = {(receipt.number, receipt.invoice.number) for one in made for receipt in one.receipts}
    assert len(receipts) == sum(len(one.receipts) for one in made)
    companies = [customer.name for one in made for customer in one.customers]
    assert len(set(companies)) == len(companies)


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda number: names.person(number)[0], names.PERSON_NAMES),
        (lambda number: names.chinese_company(number)[0], names.CHINESE_COMPANIES),
        (lambda number: names.foreign_company(number)[0], names.FOREIGN_COMPANIES),
    ],
    ids=["people", "Chinese companies", "foreign companies"],
)
def test_numbers_never_share_a_name(make, size: int) -> None:  # type: ignore[no-untyped-def]
    seen = 60_000
    assert len({make(number) for number in range(seen)}) == seen
    assert make(0) == make(size)
