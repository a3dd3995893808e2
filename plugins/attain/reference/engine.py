"""The reference engine as the gate uses it: read the facts from the warehouse, compute, compare with SQL's results.

    inputs = load_inputs(connection)
    mismatches = compare(compute(inputs), connection)

It reads what was delivered and matched (documents, movements, people, rates, targets, plans), never what the SQL
models have calculated, and finds the owners of documents and splits, and the families of lines, by itself. One thing is
taken as measured: the value and target of each KPI on a scorecard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from attain.reference.calculation import Results, compute
from attain.reference.comparison import Mismatch, compare
from attain.reference.inputs import (
    BASES,
    REVERSALS,
    Assignment,
    Band,
    CardKpi,
    Component,
    Contest,
    Document,
    Draw,
    Employee,
    Event,
    Factor,
    FxRate,
    Grade,
    HoldRule,
    Inputs,
    Invoice,
    Leave,
    LegalLimit,
    Measure,
    Penalty,
    PlanVersion,
    QuotaPeriod,
    Rating,
    Release,
    Reward,
    Scorecard,
    SoldLine,
    Split,
    Step,
    Target,
    TeamMeasure,
    TeamMembership,
)
from attain.reference.lines import Catalogues
from attain.reference.owners import Account, IdentityLine, Owners, Registered
from attain.reference.people import everybody_below, led

if TYPE_CHECKING:
    import duckdb

__all__ = ["Mismatch", "Results", "compare", "compute", "load_inputs"]


def load_inputs(connection: duckdb.DuckDBPyConnection, payee_ids: Collection[str] | None = None) -> Inputs:
    """The facts of the candidate that the connection's warehouse holds.

    Args:
        connection: to the warehouse, after the intermediate models have been built.
        payee_ids: whose pay is wanted; only their documents and their reports' are read, unless a plan ranks people.
            None: everybody.
    """
    [(as_of, fx_max_age_days, fx_rate_type)] = connection.execute(
        "select as_of_date, fx_max_age_days, fx_rate_type from control.run"
    ).fetchall()

    def rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return connection.execute(query, list(parameters)).fetchall()

    owners = Owners(
        (Registered(*row) for row in rows(_PEOPLE)),
        (Account(*row) for row in rows(_ACCOUNTS)),
        (IdentityLine(*row) for row in rows(_IDENTITIES)),
    )
    splits = tuple(
        Split(system, document, number, owners.find(system, owner_id, owner_name, day), percent, role)
        for system, document, number, percent, role, owner_id, owner_name, day in rows(_SPLITS)
    )
    catalogues = Catalogues(rows(_PRODUCTS))
    teams = tuple(TeamMembership(*row) for row in rows(_TEAMS))
    versions = tuple(_versions(connection))
    events = tuple(_events(rows(_MOVEMENTS), as_of))
    if payee_ids is not None and not any(_ranks(version) for version in versions):
        wanted = set(payee_ids) | everybody_below(led(teams), payee_ids)
        documents = {(split.source_system, split.document_id) for split in splits if split.employee_id in wanted}
        splits = tuple(split for split in splits if (split.source_system, split.document_id) in documents)
        events = tuple(event for event in events if (event.source_system, event.document_id) in documents)
    return Inputs(
        as_of=as_of,
        fx_max_age_days=fx_max_age_days,
        employees=tuple(Employee(*row) for row in rows(_EMPLOYEES)),
        teams=teams,
        versions=versions,
        events=events,
        splits=splits,
        fx_rates=tuple(FxRate(*row) for row in rows(_FX_RATES, fx_rate_type, as_of)),
        targets=tuple(Target(*row) for row in rows(_TARGETS)),
        measures=tuple(Measure(*row) for row in rows(_MEASURES)),
        team_measures=tuple(TeamMeasure(*row) for row in rows(_TEAM_MEASURES)),
        held_payees=frozenset(payee for (payee,) in rows("select distinct payee_id from control.hold")),
        documents=tuple(Document(*row) for row in rows(_DOCUMENTS)),
        invoices=tuple(Invoice(*row) for row in rows(_INVOICES)),
        sold_lines=tuple(
            SoldLine(is_invoice, system, document, place, amount, quantity, catalogues.family(catalogue, name, number))
            for catalogue, name, number, is_invoice, system, document, place, amount, quantity in rows(_SOLD_LINES)
        ),
        leave=tuple(Leave(*row) for row in rows(_LEAVE)),
        ratings=tuple(Rating(*row) for row in rows(_RATINGS)),
        releases=tuple(Release(*row) for row in rows(_RELEASES)),
        payees=None if payee_ids is None else frozenset(payee_ids),
    )


def _ranks(version: PlanVersion) -> bool:
    """Whether a person's pay depends on everybody else's (K2, K6)."""
    return bool(version.contests) or any(card.grading == "forced" for card in version.scorecards)


def _events(rows: Iterable[tuple[Any, ...]], as_of: date) -> Iterator[Event]:
    """Movements as events of each basis that they give credit to, or take it from (C2, D3).

    Several movements of one document may have one number; they are told apart by a line number.
    """
    numbers: dict[tuple[str, ...], int] = defaultdict(int)
    for (
        _,
        system,
        number,
        invoice,
        _,
        owner_system,
        document,
        day,
        kind,
        amount,
        currency,
        reason,
        invoice_system,
    ) in rows:
        if day > as_of:
            continue
        key = (owner_system, document, kind, number)
        numbers[key] += 1
        for basis in BASES if kind in REVERSALS else (_GIVES[kind],):
            yield Event(
                basis, owner_system, document, kind, number, numbers[key], day, amount, currency, reason, invoice,
                invoice_system or system,
            )  # fmt: skip


# -- what is read -------------------------------------------------------------------------------

_GIVES = {"won": "booked", "invoice": "invoiced", "receipt": "collected"}
"""The basis that an event gives credit to (C2)."""

_EMPLOYEES = """
    select
        employee_id, role, region, hire_date, leave_date, confirmation_date, coalesce(base_salary_amount, 0),
        salary_currency_code
    from intermediate.int_employee
    where not is_house_account
    order by employee_id
"""

_TEAMS = """
    select employee_id, team, valid_from, valid_to, manager_id
    from intermediate.int_employee_team
    order by employee_id, valid_from
"""

_DOCUMENTS = """
    select
        source_system, document_id, document_amount, currency_code, document_date, cost_amount, list_amount, quantity,
        cancelled_date, product_family, customer_type, segment, channel, customer_region
    from intermediate.int_document
    order by source_system, document_id
"""

_INVOICES = """
    select
        source_system, invoice_no, document_source_system, document_id, invoice_date, due_date, settlement_date,
        coalesce(amount, 0), currency_code, coalesce(invoice_status = 'issued', false)
    from intermediate.int_invoice
    order by source_system, invoice_no
"""

_PRODUCTS = """
    select source_system, product_name, product_code, product_family from staging.stg_zoho_crm__products
    union all
    select source_system, product_name, product_no, product_family from staging.stg_jiandaoyun_crm__products
"""

# A line of an invoice is looked up in the catalogue of the system of the document that it bills.
_SOLD_LINES = """
    select
        lines.source_system as catalogue_system, lines.product_name, lines.product_no, false as is_invoice,
        lines.source_system, lines.contract_no as document_no, lines.line_no, lines.amount, lines.quantity
    from staging.stg_jiandaoyun_crm__contract_lines as lines
    inner join staging.stg_jiandaoyun_crm__contracts as contracts
        on lines.source_system = contracts.source_system and lines.contract_no = contracts.contract_no
    union all
    select
        invoices.document_source_system, coalesce(nullif(trim(lines.item_name), ''), lines.item_code), lines.item_code,
        true, lines.source_system, lines.invoice_no, lines.line_no, lines.amount, lines.quantity
    from staging.stg_finance__invoice_lines as lines
    inner join intermediate.int_invoice as invoices
        on lines.source_system = invoices.source_system and lines.invoice_no = invoices.invoice_no
    order by 4, 5, 6, 7
"""

# As the sources tell it, before the SQL models limit a reversal to what is left of its document. The invoice of a
# receipt is one of its own system, else the only one of that number.
_MOVEMENTS = """
    with single_invoices as (
        select invoice_no, min(source_system) as source_system
        from intermediate.int_invoice
        group by invoice_no
        having count(*) = 1
    )
    select
        'document' as feed, source_system, document_id as event_id, null as invoice_no, row_number,
        source_system as document_system, document_id, document_date as event_date, 'won' as event_type,
        document_amount, currency_code, hold_reason, null as invoice_system
    from intermediate.int_document
    where stage_outcome = 'won' and document_date is not null
    union all
    select
        movements.feed, movements.event_source_system, movements.event_id, movements.invoice_no, movements.row_number,
        movements.source_system, movements.document_id, movements.event_date, movements.event_type,
        movements.movement_amount, movements.currency_code, documents.hold_reason,
        coalesce(own.source_system, single_invoices.source_system)
    from intermediate.int_money_movement as movements
    left join intermediate.int_document as documents
        on movements.source_system = documents.source_system and movements.document_id = documents.document_id
    left join intermediate.int_invoice as own
        on movements.event_source_system = own.source_system and movements.invoice_no = own.invoice_no
    left join single_invoices on movements.invoice_no = single_invoices.invoice_no
    order by 2, 1, 4 nulls last, 8, 5, 3
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
            split_percent_1 as percent, 'revenue' as role
        from intermediate.int_document where has_splits
        union all
        select source_system, document_id, document_date, 2, split_owner_2, split_percent_2, 'revenue'
        from intermediate.int_document where has_splits
        union all
        select source_system, document_id, document_date, 3, split_owner_3, split_percent_3, 'revenue'
        from intermediate.int_document where has_splits
        union all
        select source_system, document_id, document_date, 101, overlay_owner_1, overlay_percent_1, 'overlay'
        from intermediate.int_document where overlay_percent_1 <> 0
        union all
        select source_system, document_id, document_date, 102, overlay_owner_2, overlay_percent_2, 'overlay'
        from intermediate.int_document where overlay_percent_2 <> 0
    )
    select
        source_system, document_id, split_no, coalesce(percent, 0), role, '', coalesce(owner, ''), document_date
    from named
    where percent is not null or owner is not null
    union all
    select
        documents.source_system, documents.document_id, 1, 100, 'revenue', coalesce(owners.owner_id, ''),
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
    where period_type in ('month', 'quarter', 'year')
    order by employee_id, kpi_code, period, currency_code
"""

_TEAM_MEASURES = """
    select team, kpi_code, period, currency_code, numerator, denominator, target_value
    from intermediate.int_kpi_team_period
    where period_type in ('month', 'quarter', 'year')
    order by team, kpi_code, period, currency_code
"""

# HR names people by their work number, of HR's own register first.
_BY_WORK_NUMBER = """
    left join intermediate.int_employee as own
        on {feed}.source_system = own.source_system and {feed}.employee_id = own.work_number
    left join intermediate.int_employee as other on {feed}.employee_id = other.employee_id
    where coalesce(own.employee_id, other.employee_id) is not null
"""

_LEAVE = f"""
    select coalesce(own.employee_id, other.employee_id), leave.leave_from, leave.leave_to
    from staging.stg_hr__leave as leave
    {_BY_WORK_NUMBER.format(feed="leave")} and leave.leave_status = 'approved'
    order by all
"""

_RATINGS = f"""
    select coalesce(own.employee_id, other.employee_id), ratings.period, ratings.objective_code, ratings.rating
    from staging.stg_hr__ratings as ratings
    {_BY_WORK_NUMBER.format(feed="ratings")} and ratings.rating is not null
    order by all
"""

_RELEASES = f"""
    select coalesce(own.employee_id, other.employee_id), exceptions.document_id, exceptions.approved_date
    from staging.stg_hr__exceptions as exceptions
    {_BY_WORK_NUMBER.format(feed="exceptions")}
        and lower(trim(exceptions.exception_type)) = 'release'
        and exceptions.document_id is not null
    order by all
"""


def _versions(connection: duckdb.DuckDBPyConnection) -> Iterator[PlanVersion]:
    tables = {name: _by_version(connection, name, columns, order) for name, (columns, order) in _PLAN_TABLES.items()}
    for plan_code, version, *terms in connection.execute(
        "select plan_code, version, valid_from, valid_to, currency_code, coalesce(ramp_from, 'hire'), leave_limit_days,"
        " coalesce(tail_days, 0), floor_amount, coalesce(after_confirmation, false), min_tenure_months"
        " from plan.plan_version order by 1, 3"
    ).fetchall():
        valid_from, valid_to, currency, ramp_from, leave_limit, tail, floor, is_after_confirmation, tenure = terms
        of = {name: rows[(plan_code, version)] for name, rows in tables.items()}
        yield PlanVersion(
            plan_code=plan_code,
            version=version,
            valid_from=valid_from,
            valid_to=valid_to,
            currency_code=currency,
            assignments=tuple(Assignment(*row) for row in of["assignment"]),
            ramp=tuple(ramp for (ramp,) in of["ramp"]),
            components=tuple(_component(of, *row) for row in of["component"]),
            scorecards=tuple(_scorecard(of, *row) for row in of["scorecard"]),
            ramp_from=ramp_from,
            leave_limit_days=leave_limit,
            tail_days=tail,
            floor=floor,
            is_after_confirmation=is_after_confirmation,
            min_tenure_months=tenure,
            quotas=tuple(QuotaPeriod(*row) for row in of["quota_period"]),
            draw=next((Draw(*row) for row in of["draw"]), None),
            penalties=tuple(Penalty(*row) for row in of["penalty"]),
            legal_limits=tuple(LegalLimit(*row) for row in of["legal_limit"]),
            hold_rules=tuple(HoldRule(*row) for row in of["hold_rule"]),
            rewards=tuple(Reward(*row) for row in of["reward"]),
            contests=tuple(
                Contest(
                    *contest,
                    prizes={rank: amount for code, rank, amount in of["contest_prize"] if code == contest[0]},
                    only=_filters(of, contest[0]),
                )
                for contest in of["contest"]
            ),
        )


_PLAN_TABLES = {
    "assignment": ("role, team, region, employee_id, valid_from, valid_to", "all"),
    "ramp": ("ramp", "tenure_month"),
    "component": (
        'component_code, basis, "index", accumulate, quota_kpi_code, kind, measure, credit_source, credit_share,'
        " index_basis, index_measure_kind, index_offset, band_method, coalesce(target_amount, 0), is_prorated,"
        " is_extended, threshold_at, threshold_pays, cap_amount, cap_per, cap_excess, clawback_method,"
        " clawback_schedule, clawback_window_months, linear_months, unpaid_days, credit_from, credit_to",
        "component_code",
    ),
    "band": ("component_code, lower_bound, upper_bound, rate", "band_no"),
    "curve_point": ("component_code, at_attainment, pay_share", "point_no"),
    "component_filter": ("component_code, attribute, value", "all"),
    "reversal_type": ("component_code, event_type", "all"),
    "factor": ("component_code, factor_code, applies_to, row_by, column_by", "all"),
    "factor_band": ("component_code, factor_code, axis, lower_bound, upper_bound, value", "band_no"),
    "factor_cell": ("component_code, factor_code, row_no, column_no, factor", "all"),
    "quota_period": ("kpi_code, period, quota, role, team, region, employee_id", "all"),
    "draw": (
        "type, amount, minimum_amount, recovery_rate, from_month, to_month, recovery_from, recovery_from_month",
        "all",
    ),
    "penalty": ("penalty_code, kpi_code, comparison, bound, amount, rate, limit_amount", "all"),
    "legal_limit": ("region, share, keep_amount", "place"),
    "hold_rule": ("hold_code, condition, bound", "all"),
    "reward": (
        "reward_code, kind, quantity, unit, scorecard_code, grade, component_code, attainment_from",
        "all",
    ),
    "contest": ("contest_code, starts_on, ends_on, basis, measure, minimum_amount", "all"),
    "contest_prize": ("contest_code, rank, amount", "all"),
    "scorecard": (
        "scorecard_code, missing_data, bonus_base_amount, frequency, grading, group_by, employed_on_last_day",
        "scorecard_code",
    ),
    "scorecard_kpi": ("scorecard_code, kpi_code, weight, cap, direction, low, high", "all"),
    "scorecard_curve_point": ("scorecard_code, kpi_code, at_attainment, score", "point_no"),
    "grade_band": ("scorecard_code, grade, lower_score, coefficient, share", "all"),
}
"""Columns of each plan table, in the order of the dataclass that they fill, and what they are sorted by."""

_Tables = dict[str, list[tuple[Any, ...]]]


def _component(of: _Tables, code: str, *row: Any) -> Component:
    basis, index, accumulate, quota_kpi, kind, measure, credit, share, index_basis, index_measure, offset = row[:11]
    method, target, is_prorated, is_extended, threshold, pays, cap, cap_per, excess = row[11:20]
    claw_method, schedule, window_months, linear_months, unpaid_days, credit_from, credit_to = row[20:]
    return Component(
        code=code,
        basis=basis,
        index=index,
        accumulate=accumulate,
        quota_kpi_code=quota_kpi,
        bands=tuple(Band(*band) for name, *band in of["band"] if name == code),
        kind=kind,
        measure=measure,
        credit=credit,
        credit_share=share,
        index_basis=index_basis,
        index_measure=index_measure,
        index_offset=offset,
        band_method=method,
        curve=tuple((at, paid) for name, at, paid in of["curve_point"] if name == code),
        target_amount=target,
        is_prorated=is_prorated is not False,
        is_extended=bool(is_extended),
        only=_filters(of, code),
        factors=tuple(_factor(of, *factor) for factor in of["factor"] if factor[0] == code),
        threshold_at=threshold,
        threshold_pays=pays or "from_first",
        cap_amount=cap,
        cap_per=cap_per or "period",
        cap_excess=excess or "lose",
        clawback_method=claw_method,
        clawback_schedule=schedule,
        clawback_window_months=window_months,
        linear_months=linear_months or 12,
        unpaid_days=unpaid_days,
        reversed_by=frozenset(event_type for name, event_type in of["reversal_type"] if name == code),
        credit_from=credit_from,
        credit_to=credit_to,
    )


def _filters(of: _Tables, code: str) -> dict[str, frozenset[str]]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for name, attribute, value in of["component_filter"]:
        if name == code:
            wanted[attribute].add(value.strip().casefold())
    return {attribute: frozenset(values) for attribute, values in wanted.items()}


def _factor(of: _Tables, component: str, code: str, applies_to: str, row_by: str, column_by: str | None) -> Factor:
    def steps(axis: str) -> tuple[Step, ...]:
        return tuple(
            Step(*step)
            for name, factor, on, *step in of["factor_band"]
            if (name, factor, on) == (component, code, axis)
        )

    return Factor(
        code=code,
        applies_to=applies_to,
        row_by=row_by,
        rows=steps("row"),
        cells={
            (row, column): value
            for name, factor, row, column, value in of["factor_cell"]
            if (name, factor) == (component, code)
        },
        column_by=column_by,
        columns=steps("column"),
    )


def _scorecard(of: _Tables, code: str, *row: Any) -> Scorecard:
    missing_data, bonus_base, frequency, grading, group_by, is_employed_on_last_day = row
    return Scorecard(
        code=code,
        missing_data=missing_data,
        bonus_base_amount=bonus_base,
        kpis={
            kpi: CardKpi(
                weight,
                cap,
                direction or "higher",
                low,
                high,
                tuple((at, score) for *names, at, score in of["scorecard_curve_point"] if names == [code, kpi]),
            )
            for card, kpi, weight, cap, direction, low, high in of["scorecard_kpi"]
            if card == code
        },
        grades=tuple(Grade(*grade) for card, *grade in of["grade_band"] if card == code),
        frequency=frequency,
        grading=grading or "bands",
        group_by=group_by,
        is_employed_on_last_day=bool(is_employed_on_last_day),
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
