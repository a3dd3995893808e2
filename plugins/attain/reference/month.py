"""The month: draw, penalty, hold, recovery, legal limit, payable (D1–D5, K4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from attain import money
from attain.periods import span_of, tenure_month
from attain.reference.bonus import Cards
from attain.reference.inputs import Draw, Inputs, LegalLimit, PlanVersion
from attain.reference.people import People
from attain.reference.results import EarningLine, Payout

ZERO = Decimal(0)


@dataclass
class Month:
    """A payee's month under a plan while it is worked out, before holds and recovery."""

    payee_id: str
    plan_code: str
    period: str
    currency: str
    version: PlanVersion | None
    is_active: bool
    earned: Decimal
    held: Decimal
    top_up: Decimal = ZERO
    draw_recovered: Decimal = ZERO
    opening_draw: Decimal = ZERO
    closing_draw: Decimal = ZERO
    guarantee: Decimal = ZERO
    penalty: Decimal = ZERO

    @property
    def earnings(self) -> Decimal:
        """All cash lines of the month, held ones included, never below 0 (D1)."""
        return max(ZERO, self.earned)

    @property
    def unheld(self) -> Decimal:
        return self.earned - self.held

    @property
    def shortfall(self) -> Decimal:
        """What is below zero and goes on the balance; a draw never swallows it (D1, D3)."""
        return max(ZERO, -self.unheld)

    @property
    def rest(self) -> Decimal:
        """What could be paid after draw, penalty and hold, before any recovery; negative: it comes off what is held."""
        return max(ZERO, self.unheld) + self.top_up - self.draw_recovered - self.penalty


def pay(inputs: Inputs, people: People, cards: Cards, lines: Iterable[EarningLine]) -> list[Payout]:
    """Every month of an assignment, with or without a line, in order, each with the balances the one before left."""
    found: dict[tuple[str, str], dict[tuple[str, str], list[EarningLine]]] = defaultdict(lambda: defaultdict(list))
    active: dict[tuple[str, str, str, str], list[PlanVersion]] = defaultdict(list)
    wanted = people.employees.keys() if inputs.payees is None else people.employees.keys() & inputs.payees
    for employee_id in wanted:
        for version, _ in people.assigned(employee_id):
            for month in people.paid_months(employee_id, version):
                found[(employee_id, version.currency_code)].setdefault((month, version.plan_code), [])
                active[(employee_id, version.currency_code, version.plan_code, month)].append(version)
    for line in lines:
        found[(line.payee_id, line.currency_code)][(line.period, line.plan_code)].append(line)
    payouts: list[Payout] = []
    for (payee_id, currency), by_month in sorted(found.items()):
        months = []
        for (period, plan_code), listed in by_month.items():
            known = active.get((payee_id, currency, plan_code, period), [])
            months.append(
                Month(
                    payee_id=payee_id,
                    plan_code=plan_code,
                    period=period,
                    currency=currency,
                    version=_last(people, payee_id, known, period),
                    is_active=bool(known),
                    earned=sum((line.earned_amount for line in listed), ZERO),
                    held=sum((line.earned_amount for line in listed if line.hold_reason), ZERO),
                )
            )
        _draws_and_penalties(people, cards, months)
        payouts += _recover(inputs, people, payee_id, months)
    return payouts


def _last(people: People, payee_id: str, versions: list[PlanVersion], period: str) -> PlanVersion | None:
    """The version of the month's last active day, whose terms the whole month has."""
    if not versions:
        return None
    return max(versions, key=lambda item: (people.last_day_of(payee_id, item, span_of(period)), item.version))


def _draws_and_penalties(people: People, cards: Cards, months: list[Month]) -> None:
    """Draws and penalties of each plan, month by month. After a plan's last version its terms go on (D2)."""
    terms: dict[str, PlanVersion] = {}
    draws: dict[str, Draw] = {}
    balances: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for month in sorted(months, key=lambda item: (item.period, item.plan_code)):
        if month.version is not None:
            terms[month.plan_code] = month.version
        else:
            month.version = terms.get(month.plan_code)
        if month.version is not None and month.version.draw is not None:
            draws[month.plan_code] = month.version.draw
        joined = people.employees[month.payee_id].hire_date
        tenure = None if joined is None else tenure_month(joined, span_of(month.period).start)
        draw = draws.get(month.plan_code)
        if draw is not None:
            is_drawn = month.is_active and month.version is not None and month.version.draw is draw
            balances[month.plan_code] = _draw(month, draw, tenure, is_drawn, balances[month.plan_code])
        if month.is_active and month.version is not None:
            month.penalty = _penalty(month, month.version, cards)


def _draw(month: Month, draw: Draw, tenure: int | None, is_drawn: bool, balance: Decimal) -> Decimal:
    """Top-up first, then recovery (D1, D2). A draw isn't prorated; recovery goes on after it ends."""
    month.opening_draw = balance
    in_time = tenure is None and draw.to_month is None
    if tenure is not None:
        in_time = draw.from_month <= tenure and (draw.to_month is None or tenure <= draw.to_month)
    if is_drawn and in_time:
        month.top_up = draw.amount if draw.type == "non_recoverable" else max(ZERO, draw.amount - month.earnings)
        if draw.type == "guarantee":
            month.guarantee = draw.amount
    if draw.type == "recoverable":
        balance += month.top_up
        started = draw.recovery_from is not None and month.period >= draw.recovery_from
        if draw.recovery_from_month is not None and tenure is not None:
            started = started or tenure >= draw.recovery_from_month
        if started:
            most = draw.recovery_rate * max(ZERO, month.earnings - draw.minimum)
            month.draw_recovered = min(balance, money.round_money(most, month.currency))
            balance -= month.draw_recovered
    month.closing_draw = balance
    return balance


def _penalty(month: Month, version: PlanVersion, cards: Cards) -> Decimal:
    """Each up to its limit, all of them no lower than the floor; what the floor keeps is lost (K4)."""
    measures = cards.measured(month.payee_id, month.period, month.currency)
    total = ZERO
    for penalty in version.penalties:
        measure = measures.get(penalty.kpi_code)
        if measure is None or measure.actual is None:
            continue
        met = measure.actual < penalty.bound if penalty.comparison == "below" else measure.actual > penalty.bound
        if met:
            amount = penalty.amount
            if amount is None:
                amount = money.round_money((penalty.rate or ZERO) * month.earnings, month.currency)
            total += min(penalty.limit, amount)
    floor = max(version.floor or ZERO, month.guarantee)
    return min(total, max(ZERO, month.earnings + month.top_up - month.draw_recovered - floor))


def _recover(inputs: Inputs, people: People, payee_id: str, months: list[Month]) -> list[Payout]:
    """What is held is not payable (D5); a negative rest pays 0 and goes on the payee's balance, which later months pay
    off before anything else is payable (D1, D3), as far as the law lets them (D4).

    A payee has one balance a currency, over all plans; within a month what is negative comes first.
    """
    payouts = []
    balance = ZERO
    for month in sorted(months, key=lambda item: (item.period, item.unheld >= ZERO, item.plan_code)):
        opening = balance
        rest = max(ZERO, month.rest)
        due = min(opening, rest)
        allowed = min(due, _most(people, payee_id, month, rest))
        balance = opening - allowed + month.shortfall
        payable = rest - allowed
        is_held = payee_id in inputs.held_payees
        held = month.held + min(ZERO, month.rest)
        payouts.append(
            Payout(
                payee_id=payee_id,
                plan_code=month.plan_code,
                period=month.period,
                currency_code=month.currency,
                earned_amount=month.earned,
                held_amount=held + (payable if is_held else ZERO),
                opening_clawback_balance=opening,
                clawback_recovered=allowed,
                closing_clawback_balance=balance,
                payable_amount=ZERO if is_held else payable,
                draw_top_up_amount=month.top_up,
                draw_recovered_amount=month.draw_recovered,
                opening_draw_balance=month.opening_draw,
                closing_draw_balance=month.closing_draw,
                penalty_amount=month.penalty,
                legal_limit_amount=due - allowed,
            )
        )
    return payouts


def _most(people: People, payee_id: str, month: Month, rest: Decimal) -> Decimal:
    """The most that may be recovered of a month's pay, rounded down (D4): a share of it, and a minimum must remain.

    The pay is salary and incentive after draws; recovery comes from the incentive only.
    """
    employee = people.employees[payee_id]
    limits: Iterable[LegalLimit] = month.version.legal_limits if month.version is not None else ()
    limit = next((item for item in limits if item.region is None or item.region == employee.region), None)
    if limit is None:
        return rest
    salary = employee.base_salary if employee.salary_currency == month.currency else ZERO
    unit = Decimal(1).scaleb(-money.minor_unit(month.currency))
    whole = salary + rest
    share = (limit.share * whole).quantize(unit, rounding=ROUND_DOWN)
    return max(ZERO, min(share, (whole - limit.keep).quantize(unit, rounding=ROUND_DOWN)))
