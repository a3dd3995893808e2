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
class Row:
    """A plan's part of a payee's month while it is worked out."""

    plan_code: str
    version: PlanVersion | None
    is_active: bool
    earned: Decimal = ZERO
    held: Decimal = ZERO
    top_up: Decimal = ZERO
    draw_recovered: Decimal = ZERO
    opening_draw: Decimal = ZERO
    closing_draw: Decimal = ZERO
    penalty: Decimal = ZERO
    off_held: Decimal = ZERO
    added: Decimal = ZERO
    recovered: Decimal = ZERO
    deferred: Decimal = ZERO
    left: Decimal = ZERO

    @property
    def unheld(self) -> Decimal:
        return self.earned - self.held

    @property
    def own(self) -> Decimal:
        """What the row has after draw and penalty; negative: it is short of so much."""
        return max(ZERO, self.unheld) + self.top_up - self.draw_recovered - self.penalty


@dataclass
class Month:
    """A payee's month in a currency: its rows, one a plan, in order of plan code."""

    payee_id: str
    period: str
    currency: str
    rows: list[Row]
    guarantee: Decimal = ZERO

    @property
    def earnings(self) -> Decimal:
        """All cash lines of the payee in the period, over all plans, held ones included, never below 0 (D1)."""
        return max(ZERO, sum((row.earned for row in self.rows), ZERO))

    @property
    def unheld(self) -> Decimal:
        return sum((row.unheld for row in self.rows), ZERO)

    @property
    def drawn(self) -> Decimal:
        """What draws add, less what is paid back of them."""
        return sum((row.top_up - row.draw_recovered for row in self.rows), ZERO)

    @property
    def shortfall(self) -> Decimal:
        """What is below zero and goes on the balance; a draw never swallows it (D1, D3)."""
        return max(ZERO, -self.unheld)

    @property
    def rest(self) -> Decimal:
        """What could be paid after draw, penalty and hold, before any recovery; negative: it comes off what is held."""
        return max(ZERO, self.unheld) + self.drawn - sum((row.penalty for row in self.rows), ZERO)

    def row_of(self, plan_code: str) -> Row | None:
        return next((row for row in self.rows if row.plan_code == plan_code), None)


def pay(inputs: Inputs, people: People, cards: Cards, lines: Iterable[EarningLine]) -> list[Payout]:
    """Every month of an assignment, with or without a line, in order, each with the balances the one before left."""
    found: dict[tuple[str, str], dict[str, dict[str, list[EarningLine]]]] = defaultdict(lambda: defaultdict(dict))
    active: dict[tuple[str, str, str, str], list[PlanVersion]] = defaultdict(list)
    wanted = people.employees.keys() if inputs.payees is None else people.employees.keys() & inputs.payees
    for employee_id in wanted:
        for version, _ in people.assigned(employee_id):
            for month in people.paid_months(employee_id, version):
                found[(employee_id, version.currency_code)][month].setdefault(version.plan_code, [])
                active[(employee_id, version.currency_code, version.plan_code, month)].append(version)
    for line in lines:
        found[(line.payee_id, line.currency_code)][line.period].setdefault(line.plan_code, []).append(line)
    payouts: list[Payout] = []
    for (payee_id, currency), by_month in sorted(found.items()):
        payer = _Payer(inputs, people, cards, payee_id)
        for period, by_plan in sorted(by_month.items()):
            rows = [
                Row(
                    plan_code=plan_code,
                    version=_last(people, payee_id, active.get((payee_id, currency, plan_code, period), []), period),
                    is_active=(payee_id, currency, plan_code, period) in active,
                    earned=sum((line.earned_amount for line in listed), ZERO),
                    held=sum((line.earned_amount for line in listed if line.hold_reason), ZERO),
                )
                for plan_code, listed in sorted(by_plan.items())
            ]
            payouts += payer.settle(Month(payee_id, period, currency, rows))
    return payouts


def _last(people: People, payee_id: str, versions: list[PlanVersion], period: str) -> PlanVersion | None:
    """The version of the month's last active day, whose terms the whole month has."""
    if not versions:
        return None
    return max(versions, key=lambda item: (people.last_day_of(payee_id, item, span_of(period)), item.version))


class _Payer:
    """Settles a payee's months of one currency in their order, with the balances that each leaves to the next."""

    def __init__(self, inputs: Inputs, people: People, cards: Cards, payee_id: str) -> None:
        self.inputs, self.people, self.cards, self.payee_id = inputs, people, cards, payee_id
        self.terms: dict[str, PlanVersion] = {}
        self.owed_to: PlanVersion | None = None
        self.draw_balance, self.balance = ZERO, ZERO

    def settle(self, month: Month) -> list[Payout]:
        for row in month.rows:
            # After a plan's last version its terms go on.
            row.version = self.terms.get(row.plan_code) if row.version is None else row.version
            if row.version is not None:
                self.terms[row.plan_code] = row.version
        self._draw(month)
        self._penalise(month)
        self._share(month)
        return self._payouts(month)

    # -- draws ---------------------------------------------------------------------------------

    def _draw(self, month: Month) -> None:
        """The draw of the plan assigned last: top-up first, then recovery (D1, D2). A draw isn't prorated.

        Recovery goes on after the draw ends, by the terms of the last recoverable one.
        """
        joined = self.people.employees[self.payee_id].hire_date
        tenure = None if joined is None else tenure_month(joined, span_of(month.period).start)
        opening = self.draw_balance
        drawn = self._drawn(month)
        if drawn is not None and drawn.version is not None and drawn.version.draw is not None:
            draw = drawn.version.draw
            if _is_in_time(draw, tenure):
                is_on_top = draw.type == "non_recoverable"
                drawn.top_up = draw.amount if is_on_top else max(ZERO, draw.amount - month.earnings)
                month.guarantee = draw.amount if draw.type == "guarantee" else ZERO
            if draw.type == "recoverable":
                self.owed_to = drawn.version
                self.draw_balance += drawn.top_up
        if self.owed_to is None or self.owed_to.draw is None:
            return
        owed, recovered = self.owed_to.draw, ZERO
        if _is_recovering(owed, month.period, tenure):
            most = owed.recovery_rate * max(ZERO, month.earnings - owed.minimum)
            recovered = min(self.draw_balance, money.round_money(most, month.currency))
        self.draw_balance -= recovered
        row = month.row_of(self.owed_to.plan_code)
        if row is None and opening:
            # It is paid back in every month of the payee, also where its plan has nothing else.
            row = Row(self.owed_to.plan_code, self.owed_to, is_active=False)
            month.rows = sorted([*month.rows, row], key=lambda item: item.plan_code)
        if row is not None:
            row.opening_draw, row.draw_recovered, row.closing_draw = opening, recovered, self.draw_balance

    def _drawn(self, month: Month) -> Row | None:
        """The row whose draw the month has: of several plans that of the last day (D1)."""
        days = span_of(month.period)
        offered = [row for row in month.rows if row.is_active and row.version is not None and row.version.draw]
        return max(
            offered,
            key=lambda row: (
                self.people.last_day_of(self.payee_id, row.version, days) if row.version else days.start,
                row.plan_code,
            ),
            default=None,
        )

    # -- penalties -----------------------------------------------------------------------------

    def _penalise(self, month: Month) -> None:
        """Each up to its limit, all of them no lower than the payee's floor; what the floor keeps is lost (K4)."""
        measures = self.cards.measured(self.payee_id, month.period, month.currency)
        active = [(row, row.version) for row in month.rows if row.is_active and row.version is not None]
        floor = max([month.guarantee, *(version.floor or ZERO for _, version in active)])
        room = max(ZERO, month.earnings + month.drawn - floor)
        for row, version in active:
            for penalty in version.penalties:
                measure = measures.get(penalty.kpi_code)
                if measure is None or measure.actual is None:
                    continue
                is_below = penalty.comparison == "below"
                if measure.actual < penalty.bound if is_below else measure.actual > penalty.bound:
                    amount = penalty.amount
                    if amount is None:
                        amount = money.round_money((penalty.rate or ZERO) * month.earnings, month.currency)
                    taken = min(room, penalty.limit, amount)
                    row.penalty += taken
                    room -= taken

    # -- what the rows have in common ------------------------------------------------------------

    def _share(self, month: Month) -> None:
        """What a row is short of goes on the balance, and the payee's other rows of the month pay it back first.

        What none of them can pay comes off what is held (D5). Then the balance of earlier months is paid back as far as
        the law lets it (D1, D3, D4).
        """
        uncovered = max(ZERO, -month.rest)
        for row in sorted(month.rows, key=lambda item: (item.own >= ZERO, item.plan_code)):
            row.off_held = min(uncovered, max(ZERO, row.held))
            uncovered -= row.off_held
            short = max(ZERO, -row.own)
            itself = min(short, row.off_held)
            row.added = max(ZERO, -row.unheld) + short - itself
            row.recovered = row.off_held - itself
            row.left = max(ZERO, row.own)
        # Rows whose own lines are negative give last: what they have is a draw.
        givers = sorted(month.rows, key=lambda item: (item.unheld < ZERO, item.plan_code))
        within_month = sum((row.left for row in givers), ZERO) - max(ZERO, month.rest)
        due = min(self.balance, max(ZERO, month.rest))
        allowed = min(due, self._most(month))
        for row in givers:
            given = min(within_month, row.left)
            within_month -= given
            row.left -= given
            row.recovered += given
        for row in givers:
            owed, paid = min(due, row.left), min(allowed, row.left)
            due -= owed
            allowed -= paid
            row.left -= paid
            row.recovered += paid
            row.deferred = owed - paid

    def _most(self, month: Month) -> Decimal:
        """The most that may be recovered of a month's pay, rounded down (D4): a share of it, and a minimum must remain.

        The pay is salary and incentive after draws, over all plans; recovery comes from the incentive only. Where two
        plans have a limit, the lower one holds.
        """
        employee = self.people.employees[self.payee_id]
        rest = max(ZERO, month.rest)
        salary = employee.base_salary if employee.salary_currency == month.currency else ZERO
        unit = Decimal(1).scaleb(-money.minor_unit(month.currency))
        most = rest
        for row in month.rows:
            limits: Iterable[LegalLimit] = row.version.legal_limits if row.version is not None else ()
            limit = next((item for item in limits if item.region is None or item.region == employee.region), None)
            if limit is not None:
                share = (limit.share * (salary + rest)).quantize(unit, rounding=ROUND_DOWN)
                kept = (salary + rest - limit.keep).quantize(unit, rounding=ROUND_DOWN)
                most = max(ZERO, min(most, share, kept))
        return most

    # -- rows ----------------------------------------------------------------------------------

    def _payouts(self, month: Month) -> list[Payout]:
        """The month's payouts. The balance runs through rows that only add to it, then the others."""
        is_held = self.payee_id in self.inputs.held_payees
        found = []
        for row in sorted(
            month.rows, key=lambda item: (not item.added, bool(item.added and item.recovered), item.plan_code)
        ):
            opening = self.balance
            self.balance += row.added - row.recovered
            found.append(
                Payout(
                    payee_id=self.payee_id,
                    plan_code=row.plan_code,
                    period=month.period,
                    currency_code=month.currency,
                    earned_amount=row.earned,
                    held_amount=row.held - row.off_held + (row.left if is_held else ZERO),
                    opening_clawback_balance=opening,
                    clawback_recovered=row.recovered,
                    closing_clawback_balance=self.balance,
                    payable_amount=ZERO if is_held else row.left,
                    draw_top_up_amount=row.top_up,
                    draw_recovered_amount=row.draw_recovered,
                    opening_draw_balance=row.opening_draw,
                    closing_draw_balance=row.closing_draw,
                    penalty_amount=row.penalty,
                    legal_limit_amount=row.deferred,
                )
            )
        return found


def _is_in_time(draw: Draw, tenure: int | None) -> bool:
    """Whether the draw is paid in a month of tenure; without a day of joining only where it has no end."""
    if tenure is None:
        return draw.to_month is None
    return draw.from_month <= tenure and (draw.to_month is None or tenure <= draw.to_month)


def _is_recovering(draw: Draw, period: str, tenure: int | None) -> bool:
    """Whether recovery has started; without a start nothing is recovered (D2)."""
    if draw.recovery_from is not None and period >= draw.recovery_from:
        return True
    return draw.recovery_from_month is not None and tenure is not None and tenure >= draw.recovery_from_month
