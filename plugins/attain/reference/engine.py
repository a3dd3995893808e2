"""The reference engine as the gate uses it: read the facts from the warehouse, compute, compare with SQL's payouts.

    inputs = load_inputs(connection)
    mismatches = compare(compute(inputs), connection)

It reads what was delivered and matched (events, people, rates, targets, plans), never what the SQL models have
calculated, and finds the owners of documents and splits by itself. One thing is taken as measured: the value and target
of each KPI on a scorecard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attain.reference.calculation import EarningLine, Payout, Results, compute
from attain.reference.inputs import (
    Assignment,
    Band,
    Component,
    Employee,
    Event,
    FxRate,
    Grade,
    Inputs,
    Measure,
    PlanVersion,
    Scorecard,
    Split,
    Target,
    TeamMembership,
)
from attain.reference.owners import Account, IdentityLine, Owners, Registered

if TYPE_CHECKING:
    import duckdb

__all__ = ["Mismatch", "compare", "compute", "load_inputs"]

_COMPARED = (
    "earned_amount",
    "held_amount",
    "opening_clawback_balance",
    "clawback_recovered",
    "closing_clawback_balance",
    "payable_amount",
)
"""Amounts of a payout that the two engines must agree on, to the cent."""

_Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Mismatch:
    """A payout on which the two engines disagree.

    Attributes:
        measure: the first amount of the payout that differs, e.g. `earned_amount`.
        sql_amount, reference_amount: that amount by either engine; None where it has no such payout.
        difference: SQL less reference.
        first_differing_line: the first earning line that differs, with both amounts; None when the lines agree.
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


def load_inputs(connection: duckdb.DuckDBPyConnection, payee_ids: Collection[str] | None = None) -> Inputs:
    """The facts of the candidate that the connection's warehouse holds.

    Args:
        connection: to the warehouse, after the intermediate models have been built.
        payee_ids: only these people and their documents; None: everybody.
    """
    [(as_of, fx_max_age_days, fx_rate_type)] = connection.execute(
        "select as_of_date, fx_max_age_days, fx_rate_type from control.run"
    ).fetchall()
    owners = Owners(
        (Registered(*row) for row in connection.execute(_PEOPLE).fetchall()),
        (Account(*row) for row in connection.execute(_ACCOUNTS).fetchall()),
        (IdentityLine(*row) for row in connection.execute(_IDENTITIES).fetchall()),
    )
    splits = tuple(
        Split(system, document, number, owners.find(system, owner_id, owner_name, day), percent)
        for system, document, number, percent, owner_id, owner_name, day in connection.execute(_SPLITS).fetchall()
    )
    events = tuple(Event(*row) for row in connection.execute(_EVENTS).fetchall())
    employees = tuple(Employee(*row) for row in connection.execute(_EMPLOYEES).fetchall())
    if payee_ids is not None:
        wanted = set(payee_ids)
        documents = {(split.source_system, split.document_id) for split in splits if split.employee_id in wanted}
        splits = tuple(split for split in splits if (split.source_system, split.document_id) in documents)
        events = tuple(event for event in events if (event.source_system, event.document_id) in documents)
        employees = tuple(employee for employee in employees if employee.employee_id in wanted)
    return Inputs(
        as_of=as_of,
        fx_max_age_days=fx_max_age_days,
        employees=employees,
        teams=tuple(TeamMembership(*row) for row in connection.execute(_TEAMS).fetchall()),
        versions=tuple(_versions(connection)),
        events=events,
        splits=splits,
        fx_rates=tuple(FxRate(*row) for row in connection.execute(_FX_RATES, [fx_rate_type, as_of]).fetchall()),
        targets=tuple(Target(*row) for row in connection.execute(_TARGETS).fetchall()),
        measures=tuple(Measure(*row) for row in connection.execute(_MEASURES).fetchall()),
        held_payees=frozenset(
            payee for (payee,) in connection.execute("select distinct payee_id from control.hold").fetchall()
        ),
    )


def compare(
    results: Results, connection: duckdb.DuckDBPyConnection, payee_ids: Collection[str] | None = None
) -> list[Mismatch]:
    """Where the candidate's payouts differ from the reference engine's, by payee, plan, period and currency.

    A payout that only one of the two has counts as a difference, even at 0.

    Args:
        results: of `compute`.
        connection: to the warehouse, after the marts have been built.
        payee_ids: the people that the results are of; None: everybody.
    """
    wanted = None if payee_ids is None else set(payee_ids)
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
    lines: dict[_Key, list[EarningLine]] = defaultdict(list)
    for line in results.earning_lines:
        lines[(line.payee_id, line.plan_code, line.period, line.currency_code)].append(line)
    mismatches = []
    for key in sorted(by_sql.keys() | by_reference.keys()):
        payout, amounts = by_reference.get(key), by_sql.get(key)
        for place, measure in enumerate(_COMPARED):
            expected: Decimal | None = None if payout is None else getattr(payout, measure)
            found = None if amounts is None else amounts[place]
            if expected != found:
                mismatches.append(
                    Mismatch(
                        *key,
                        measure=measure,
                        sql_amount=found,
                        reference_amount=expected,
                        difference=(found or Decimal(0)) - (expected or Decimal(0)),
                        first_differing_line=_first_differing_line(connection, key, lines[key]),
                    )
                )
                break
    return mismatches


def _first_differing_line(connection: duckdb.DuckDBPyConnection, key: _Key, expected: list[EarningLine]) -> str | None:
    found: dict[str, tuple[Decimal, bool]] = {
        line_id: (earned, held)
        for line_id, earned, held in connection.execute(
            "select earning_line_id, earned_amount, is_held from incentive.fct_earning_line"
            " where payee_id = ? and plan_code = ? and origin_period = ? and currency_code = ?"
            " order by event_date, earning_line_id",
            list(key),
        ).fetchall()
    }
    known = {line.earning_line_id: line for line in expected}
    # The reference's order is the order in which lines accumulate; what only SQL has comes last.
    for line_id in [*known, *(line_id for line_id in found if line_id not in known)]:
        line, published = known.get(line_id), found.get(line_id)
        ours = None if line is None else (line.earned_amount, line.hold_reason is not None)
        if _payable(ours) != _payable(published):
            return f"{line_id}: {_told(published)} by SQL, {_told(ours)} by the reference engine"
    return None


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


# -- what is read -------------------------------------------------------------------------------

_EMPLOYEES = """
    select employee_id, role, region, hire_date, leave_date
    from intermediate.int_employee
    where not is_house_account
    order by employee_id
"""

_TEAMS = """
    select employee_id, team, valid_from, valid_to
    from intermediate.int_employee_team
    order by employee_id, valid_from
"""

# As the sources tell it, before the SQL models limit a reversal to what is left of its document.
_EVENTS = """
    select
        basis, source_system, document_id, event_type, event_id, line_no, event_date, reported_amount, currency_code,
        hold_reason
    from intermediate.int_document_event
    order by basis, source_system, document_id, event_date, event_id, line_no, event_type
"""

# As the documents name them, before the SQL models set aside those that don't add up, or look anybody up.
_SPLITS = """
    with owners as (
        select 'deal' as document_kind, source_system, deal_id as document_id, owner_id, owner_name
        from staging.stg_zoho_crm__deals
        union all
        select 'contract', source_system, contract_no, owner_username, owner_name
        from staging.stg_jiandaoyun_crm__contracts
    ), named as (
        select source_system, document_id, document_date, 1 as split_no, split_owner_1 as owner,
            split_percent_1 as percent
        from intermediate.int_document where has_splits
        union all
        select source_system, document_id, document_date, 2, split_owner_2, split_percent_2
        from intermediate.int_document where has_splits
        union all
        select source_system, document_id, document_date, 3, split_owner_3, split_percent_3
        from intermediate.int_document where has_splits
    )
    select
        source_system, document_id, split_no, coalesce(percent, 0), '', coalesce(owner, ''), document_date
    from named
    where percent is not null or owner is not null
    union all
    select
        documents.source_system, documents.document_id, 1, 100, coalesce(owners.owner_id, ''),
        coalesce(owners.owner_name, ''), documents.document_date
    from intermediate.int_document as documents
    left join owners using (document_kind, source_system, document_id)
    where not documents.has_splits
    order by 1, 2, 3
"""

_PEOPLE = """
    select employee_id, work_number, full_name, email, crm_user_id, member_username
    from intermediate.int_employee
    where not is_house_account
    order by employee_id
"""

_ACCOUNTS = """
    select source_system, user_id, full_name, email from staging.stg_zoho_crm__users
    union all
    select source_system, username, full_name, email from staging.stg_jiandaoyun_crm__members
"""

_IDENTITIES = """
    select source_system, reference, employee_id, valid_from, valid_to
    from staging.stg_control__identity_person
"""

_FX_RATES = """
    select rate_date, from_currency, to_currency, unit, rate
    from staging.stg_finance__fx_rates
    where rate_type = ? and rate_date <= ? and rate > 0 and unit > 0 and from_currency <> to_currency
    order by rate_date, from_currency, to_currency
"""

_TARGETS = """
    select employee_id, kpi_code, month, target_value, currency_code
    from intermediate.int_target
    order by employee_id, kpi_code, month
"""

_MEASURES = """
    select employee_id, kpi_code, period, currency_code, actual_value, target_value
    from intermediate.int_kpi_employee_period
    where period_type = 'quarter'
    order by employee_id, kpi_code, period, currency_code
"""


def _versions(connection: duckdb.DuckDBPyConnection) -> Iterator[PlanVersion]:
    assignments = _by_version(connection, "assignment", "role, team, region, employee_id")
    components = _by_version(
        connection,
        "component",
        'component_code, basis, "index", accumulate, quota_kpi_code',
    )
    bands = _by_version(connection, "band", "component_code, lower_bound, upper_bound, rate", "band_no")
    ramps = _by_version(connection, "ramp", "ramp", "tenure_month")
    cards = _by_version(connection, "scorecard", "scorecard_code, missing_data, bonus_base_amount")
    kpis = _by_version(connection, "scorecard_kpi", "scorecard_code, kpi_code, weight, cap")
    grades = _by_version(connection, "grade_band", "scorecard_code, grade, lower_score, coefficient")
    for plan_code, version, valid_from, valid_to, currency in connection.execute(
        "select plan_code, version, valid_from, valid_to, currency_code from plan.plan_version order by 1, 3"
    ).fetchall():
        key = (plan_code, version)
        yield PlanVersion(
            plan_code=plan_code,
            version=version,
            valid_from=valid_from,
            valid_to=valid_to,
            currency_code=currency,
            assignments=tuple(Assignment(*row) for row in assignments[key]),
            ramp=tuple(ramp for (ramp,) in ramps[key]),
            components=tuple(
                Component(
                    code=code,
                    basis=basis,
                    index=index,
                    accumulate=accumulate,
                    quota_kpi_code=quota_kpi,
                    bands=tuple(Band(*band) for of, *band in bands[key] if of == code),
                )
                for code, basis, index, accumulate, quota_kpi in components[key]
            ),
            scorecards=tuple(
                Scorecard(
                    code=code,
                    missing_data=missing_data,
                    bonus_base_amount=bonus_base,
                    kpis={kpi: (weight, cap) for of, kpi, weight, cap in kpis[key] if of == code},
                    grades=tuple(Grade(*grade) for of, *grade in grades[key] if of == code),
                )
                for code, missing_data, bonus_base in cards[key]
            ),
        )


def _by_version(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, order_by: str = "all"
) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    rows: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for plan_code, version, *rest in connection.execute(
        f"select plan_code, version, {columns} from plan.{table} order by {order_by}"
    ).fetchall():
        rows[(plan_code, version)].append(tuple(rest))
    return rows
