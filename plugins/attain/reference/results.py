"""What the reference engine computes: earning lines, cards, contests' and components' money, the month, balances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class EarningLine:
    """One credit line priced by one component, or money that a window, a card or a contest makes.

    Attributes:
        line_type: earning, spiff, bonus, threshold, cap or cap_carry.
        period: month that it is paid in (C4).
        window_code: what its credit accumulates in: a month, quarter or year, or a document.
        credit_line_id: basis, system, document, event type, event, line and split, as published, and the manager of an
            override; for a line that no credit line makes, what tells it apart inside its window, or nothing.
        credited_amount: what is counted of the component's measure, scale 6; None: not known, e.g. without a rate.
        cumulative_before, cumulative_after: the window's credit around this line, scale 6.
        effective_quota: of the whole window, scale 6; None: missing or zero (Q4).
        earned_amount: at the minor unit of the plan's currency (M2).
        hold_reason: why it is earned but not payable (D5), or None.
        note: why it earned nothing although it has credit, or None.
    """

    payee_id: str
    plan_code: str
    plan_version: str
    component_code: str
    line_type: str
    period: str
    window_code: str
    event_date: date
    credit_line_id: str
    currency_code: str
    credited_amount: Decimal | None
    cumulative_before: Decimal
    cumulative_after: Decimal
    effective_quota: Decimal | None
    earned_amount: Decimal
    hold_reason: str | None = None
    note: str | None = None

    @property
    def earning_line_id(self) -> str:
        """Key of the line, as published: what made it, and for whom."""
        made_by = (self.plan_code, self.plan_version, self.component_code, self.payee_id)
        if self.line_type in ("threshold", "cap", "cap_carry"):
            return "|".join((*made_by, self.window_code, self.credit_line_id))
        return "|".join((*made_by, self.credit_line_id or self.window_code))


@dataclass(frozen=True)
class Appraisal:
    """A person's card of a period. `score` and `grade` are None when no KPI could be scored."""

    payee_id: str
    plan_code: str
    plan_version: str
    scorecard_code: str
    period: str
    score: Decimal | None
    grade: str | None
    coefficient: Decimal | None
    proration: Decimal
    bonus_amount: Decimal
    currency_code: str
    hold_reason: str | None
    note: str | None = None


@dataclass(frozen=True)
class Recognition:
    """A reward in a unit of its own, never money (K5). `period` is the card's, or the component's window."""

    payee_id: str
    plan_code: str
    plan_version: str
    reward_code: str
    period: str
    kind: str
    quantity: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Payout:
    """A person's month under a plan, in plan currency: earned, drawn, kept back, recovered and payable.

    earned + top-up − draw recovered − penalty = held + recovered by clawback + payable − what went on the balance.
    """

    payee_id: str
    plan_code: str
    period: str
    currency_code: str
    earned_amount: Decimal
    held_amount: Decimal
    opening_clawback_balance: Decimal
    clawback_recovered: Decimal
    closing_clawback_balance: Decimal
    payable_amount: Decimal
    draw_top_up_amount: Decimal = ZERO
    draw_recovered_amount: Decimal = ZERO
    opening_draw_balance: Decimal = ZERO
    closing_draw_balance: Decimal = ZERO
    penalty_amount: Decimal = ZERO
    legal_limit_amount: Decimal = ZERO


@dataclass(frozen=True)
class Results:
    """All that the engine computed, in a fixed order."""

    earning_lines: tuple[EarningLine, ...]
    appraisals: tuple[Appraisal, ...]
    payouts: tuple[Payout, ...]
    recognitions: tuple[Recognition, ...] = ()
