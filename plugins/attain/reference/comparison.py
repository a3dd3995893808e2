"""What the two engines must agree on, and where they don't."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from attain.reference.results import Payout, Results

if TYPE_CHECKING:
    import duckdb

_COMPARED = (
    "earned_amount",
    "draw_top_up_amount",
    "draw_recovered_amount",
    "opening_draw_balance",
    "closing_draw_balance",
    "penalty_amount",
    "held_amount",
    "opening_clawback_balance",
    "clawback_recovered",
    "legal_limit_amount",
    "closing_clawback_balance",
    "payable_amount",
)
"""Amounts of a payout that the two engines must agree on, to the cent, in the order in which they come about."""

_BALANCE_STEPS = ("opening_amount", "added_amount", "recovered_amount", "closing_amount")
"""What is compared of a balance of draws or clawbacks."""

_CARD = ("score", "grade", "coefficient", "proration", "bonus_amount")
"""What is compared of a scorecard, in the order in which it comes about (K1–K3)."""

_REWARD = ("kind", "quantity", "unit")
"""What is compared of a reward that is not money (K5). Each version of a plan gives its own for a window."""

_Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Mismatch:
    """A payout, a part of it, a scorecard or a reward on which the two engines disagree.

    Attributes:
        period: month of the payout; period of the scorecard; period or window of the reward.
        currency_code: of the amounts; empty for a reward, which is never money (K5).
        measure: the first amount of the payout that differs, e.g. `earned_amount`; `earning_line` where the payout
            agrees and a line of it doesn't; e.g. `draw: closing_amount` for a balance, `card review: score` for a
            scorecard, `reward medal of version 1: quantity` for a reward.
        sql_amount, reference_amount: that amount by either engine; None where it has no such payout, line, card or
            reward, or where what differs is text.
        difference: SQL less reference.
        first_differing_line: the first earning line that differs, or what differs of a card or a reward, in words;
            None when the lines agree.
    """

    payee_id: str
    plan_code: str
    period: str
    currency_code: str
    measure: str
    sql_amount: Decimal | None
    reference_amount: Decimal | None
    difference: Decimal
    first_differing_line: str | None


def compare(
    results: Results, connection: duckdb.DuckDBPyConnection, payee_ids: Collection[str] | None = None
) -> list[Mismatch]:
    """Where the candidate differs from the reference engine, by payee, plan, period and currency.

    Compared are payouts, earning lines by their key, balances of draws and clawbacks, scorecards with their scores and
    grades, and rewards. What only one of the two has counts as a difference, even at 0; a balance that is not there
    is 0.

    Args:
        results: of `compute`.
        connection: to the warehouse, after the marts have been built.
        payee_ids: the people that the results are of; None: everybody.
    """
    wanted = None if payee_ids is None else set(payee_ids)
    lines = _differing_lines(results, connection, wanted)
    mismatches = _payout_mismatches(results, connection, wanted, lines)
    told = {(item.payee_id, item.plan_code, item.period, item.currency_code) for item in mismatches}
    for key in sorted(lines.keys() - told):
        first = lines[key]
        mismatches.append(_mismatch(key, "earning_line", first.by_sql, first.by_reference, str(first)))
        told.add(key)
    for key, step, found, expected in _differing_balances(results, connection, wanted):
        if key not in told:
            mismatches.append(_mismatch(key, step, found, expected, None))
            told.add(key)
    mismatches += _differing_cards(results, connection, wanted)
    mismatches += _differing_rewards(results, connection, wanted)
    return sorted(
        mismatches, key=lambda item: (item.payee_id, item.plan_code, item.period, item.currency_code, item.measure)
    )


def _mismatch(key: _Key, measure: str, found: Decimal | None, expected: Decimal | None, line: str | None) -> Mismatch:
    return Mismatch(
        *key,
        measure=measure,
        sql_amount=found,
        reference_amount=expected,
        difference=(found or Decimal(0)) - (expected or Decimal(0)),
        first_differing_line=line,
    )


def _payout_mismatches(
    results: Results,
    connection: duckdb.DuckDBPyConnection,
    wanted: set[str] | None,
    lines: Mapping[_Key, _DifferingLine],
) -> list[Mismatch]:
    names = ", ".join(_COMPARED)
    by_sql: dict[_Key, tuple[Decimal, ...]] = {
        (payee, plan, period, currency): tuple(amounts)
        for payee, plan, period, currency, *amounts in connection.execute(
            f"select payee_id, plan_code, period, currency_code, {names} from incentive.fct_payout"
        ).fetchall()
        if wanted is None or payee in wanted
    }
    by_reference: dict[_Key, Payout] = {
        (item.payee_id, item.plan_code, item.period, item.currency_code): item for item in results.payouts
    }
    mismatches = []
    for key in sorted(by_sql.keys() | by_reference.keys()):
        payout, amounts = by_reference.get(key), by_sql.get(key)
        for place, measure in enumerate(_COMPARED):
            expected: Decimal | None = None if payout is None else getattr(payout, measure)
            found = None if amounts is None else amounts[place]
            if expected != found:
                line = str(lines[key]) if key in lines else None
                mismatches.append(_mismatch(key, measure, found, expected, line))
                break
    return mismatches


@dataclass(frozen=True)
class _DifferingLine:
    """An earning line of which the engines tell different amounts, or only one tells any."""

    line_id: str
    sql: tuple[Decimal, bool] | None
    reference: tuple[Decimal, bool] | None

    @property
    def by_sql(self) -> Decimal | None:
        return None if self.sql is None else self.sql[0]

    @property
    def by_reference(self) -> Decimal | None:
        return None if self.reference is None else self.reference[0]

    def __str__(self) -> str:
        return f"{self.line_id}: {_told(self.sql)} by SQL, {_told(self.reference)} by the reference engine"


def _differing_lines(
    results: Results, connection: duckdb.DuckDBPyConnection, wanted: set[str] | None
) -> dict[_Key, _DifferingLine]:
    """The first line that differs in each payout, in the order in which lines accumulate; what only SQL has is last."""
    published: dict[_Key, dict[str, tuple[Decimal, bool]]] = defaultdict(dict)
    for payee, plan, period, currency, line_id, earned, is_held in connection.execute(
        "select payee_id, plan_code, origin_period, currency_code, earning_line_id, earned_amount, is_held"
        " from incentive.fct_earning_line order by event_date, earning_line_id"
    ).fetchall():
        if wanted is None or payee in wanted:
            published[(payee, plan, period, currency)][line_id] = (earned, is_held)
    computed: dict[_Key, dict[str, tuple[Decimal, bool]]] = defaultdict(dict)
    for line in results.earning_lines:
        key = (line.payee_id, line.plan_code, line.period, line.currency_code)
        computed[key][line.earning_line_id] = (line.earned_amount, line.hold_reason is not None)
    found: dict[_Key, _DifferingLine] = {}
    for key in published.keys() | computed.keys():
        theirs, ours = published.get(key, {}), computed.get(key, {})
        for line_id in (*ours, *(line_id for line_id in theirs if line_id not in ours)):
            if _payable(ours.get(line_id)) != _payable(theirs.get(line_id)):
                found[key] = _DifferingLine(line_id, theirs.get(line_id), ours.get(line_id))
                break
    return found


def _differing_balances(
    results: Results, connection: duckdb.DuckDBPyConnection, wanted: set[str] | None
) -> Iterator[tuple[_Key, str, Decimal | None, Decimal | None]]:
    """Steps of a balance that differ: what was there, what came on it, what was recovered, what is left (D2, D3)."""
    nothing = (Decimal(0),) * len(_BALANCE_STEPS)
    by_sql: dict[tuple[str, ...], tuple[Decimal, ...]] = {
        tuple(key): tuple(steps)
        for *key, opening, added, recovered, closing in connection.execute(
            "select payee_id, plan_code, period, currency_code, balance_type,"
            f" {', '.join(_BALANCE_STEPS)} from incentive.fct_balance"
        ).fetchall()
        for steps in [(opening, added, recovered, closing)]
        if wanted is None or key[0] in wanted
    }
    ours: dict[tuple[str, ...], tuple[Decimal, ...]] = {}
    for item in results.payouts:
        key = (item.payee_id, item.plan_code, item.period, item.currency_code)
        for kind, opening, recovered, closing in (
            ("draw", item.opening_draw_balance, item.draw_recovered_amount, item.closing_draw_balance),
            ("clawback", item.opening_clawback_balance, item.clawback_recovered, item.closing_clawback_balance),
        ):
            ours[(*key, kind)] = (opening, closing - opening + recovered, recovered, closing)
    for whole in sorted(by_sql.keys() | ours.keys()):
        payee, plan, period, currency, kind = whole
        for step, found, expected in zip(
            _BALANCE_STEPS, by_sql.get(whole, nothing), ours.get(whole, nothing), strict=True
        ):
            if found != expected:
                yield (payee, plan, period, currency), f"{kind}: {step}", found, expected


_Value = Decimal | str | None


def _differing_cards(
    results: Results, connection: duckdb.DuckDBPyConnection, wanted: set[str] | None
) -> Iterator[Mismatch]:
    """Scorecards of which score, grade, coefficient, proration or bonus differs (K1–K3)."""
    by_sql: dict[tuple[str, ...], tuple[_Value, ...]] = {
        (payee, plan, period, currency, card): tuple(told)
        for payee, plan, period, currency, card, *told in connection.execute(
            f"select employee_id, plan_code, period, currency_code, scorecard_code, {', '.join(_CARD)}"
            " from appraisal.fct_appraisal_result"
        ).fetchall()
        if wanted is None or payee in wanted
    }
    ours: dict[tuple[str, ...], tuple[_Value, ...]] = {
        (item.payee_id, item.plan_code, item.period, item.currency_code, item.scorecard_code): tuple(
            getattr(item, name) for name in _CARD
        )
        for item in results.appraisals
    }
    yield from _differing("card", _CARD, by_sql, ours)


def _differing_rewards(
    results: Results, connection: duckdb.DuckDBPyConnection, wanted: set[str] | None
) -> Iterator[Mismatch]:
    """Rewards that only one engine gives, or that the two give otherwise (K5)."""
    by_sql: dict[tuple[str, ...], tuple[_Value, ...]] = {
        (payee, plan, period, "", f"{reward} of version {version}"): tuple(told)
        for payee, plan, period, reward, version, *told in connection.execute(
            "select employee_id, plan_code, period, reward_code, plan_version, reward_kind, quantity, unit"
            " from appraisal.fct_recognition"
        ).fetchall()
        if wanted is None or payee in wanted
    }
    ours: dict[tuple[str, ...], tuple[_Value, ...]] = {
        (item.payee_id, item.plan_code, item.period, "", f"{item.reward_code} of version {item.plan_version}"): tuple(
            getattr(item, name) for name in _REWARD
        )
        for item in results.recognitions
    }
    yield from _differing("reward", _REWARD, by_sql, ours)


def _differing(
    what: str,
    names: tuple[str, ...],
    by_sql: Mapping[tuple[str, ...], tuple[_Value, ...]],
    ours: Mapping[tuple[str, ...], tuple[_Value, ...]],
) -> Iterator[Mismatch]:
    """The first thing that differs of each card or reward; a key ends with its code."""
    for whole in sorted(by_sql.keys() | ours.keys()):
        *key, code = whole
        theirs, own = by_sql.get(whole), ours.get(whole)
        if theirs == own:
            continue
        place = 0
        if theirs is not None and own is not None:
            place = next(number for number in range(len(names)) if theirs[number] != own[number])
        found = None if theirs is None else theirs[place]
        expected = None if own is None else own[place]
        payee, plan, period, currency = key
        yield _mismatch(
            (payee, plan, period, currency),
            f"{what} {code}: {names[place]}",
            found if isinstance(found, Decimal) else None,
            expected if isinstance(expected, Decimal) else None,
            f"{what} {code} of {period}: {_named(names[place], theirs, found)} by SQL, "
            f"{_named(names[place], own, expected)} by the reference engine",
        )


def _named(name: str, whole: tuple[_Value, ...] | None, value: _Value) -> str:
    return "nothing" if whole is None else f"{name} {value}"


def _payable(line: tuple[Decimal, bool] | None) -> tuple[Decimal, Decimal] | None:
    """Earned and payable; a line that earns nothing is the same whether it is held or not."""
    if line is None:
        return None
    earned, is_held = line
    return earned, Decimal(0) if is_held else earned


def _told(line: tuple[Decimal, bool] | None) -> str:
    if line is None:
        return "no line"
    earned, is_held = line
    return f"{earned} (held)" if is_held else str(earned)
