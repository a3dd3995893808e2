"""Plan files as tables of the warehouse's schema `plan`: what the SQL engine and the reference engine both read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from attain import money
from attain.periods import period_of
from attain.plans.lint import load_plans
from attain.plans.model import (
    Assignment,
    Component,
    Contest,
    Factor,
    Plan,
    PlanVersion,
    Quota,
    Scorecard,
    Title,
)
from attain.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from attain.periods import PeriodType

_TEXT, _DAY, _WHOLE, _FLAG = pa.string(), pa.date32(), pa.int32(), pa.bool_()
_BOUND, _RATE, _MONEY = pa.decimal128(24, 6), pa.decimal128(18, 6), pa.decimal128(18, 2)
_SHARE = pa.decimal128(9, 6)
_VERSION = [("plan_code", _TEXT), ("version", _TEXT)]
_TITLES = [("title_en", _TEXT), ("title_zh", _TEXT)]
_COMPONENT = [*_VERSION, ("component_code", _TEXT)]
_SCORECARD = [*_VERSION, ("scorecard_code", _TEXT)]

QUOTA_YEARS = 50
"""For how many years after its start the quotas of a version without an end are written out."""

SCHEMAS: dict[str, pa.Schema] = {
    name: pa.schema(columns)
    for name, columns in {
        "plan_version": [
            *_VERSION,
            *_TITLES,
            ("valid_from", _DAY),
            ("valid_to", _DAY),
            ("currency_code", _TEXT),
            ("ramp_from", _TEXT),
            ("leave_limit_days", _WHOLE),
            ("tail_days", _WHOLE),
            ("after_confirmation", _FLAG),
            ("min_tenure_months", _WHOLE),
            ("floor_amount", _MONEY),
            ("source_file", _TEXT),
            ("file_sha256", _TEXT),
        ],
        "assignment": [
            *_VERSION,
            ("role", _TEXT),
            ("team", _TEXT),
            ("region", _TEXT),
            ("employee_id", _TEXT),
            ("valid_from", _DAY),
            ("valid_to", _DAY),
        ],
        "component": [
            *_COMPONENT,
            *_TITLES,
            ("kind", _TEXT),
            ("basis", _TEXT),
            ("measure", _TEXT),
            ("credit_source", _TEXT),
            ("credit_share", _SHARE),
            ("band_method", _TEXT),
            ("index", _TEXT),
            ("index_basis", _TEXT),
            ("index_measure_kind", _TEXT),
            ("index_offset", _WHOLE),
            ("is_same_measure", _FLAG),
            ("accumulate", _TEXT),
            ("quota_kpi_code", _TEXT),
            ("target_amount", _MONEY),
            ("is_prorated", _FLAG),
            ("is_extended", _FLAG),
            ("threshold_at", _BOUND),
            ("threshold_pays", _TEXT),
            ("cap_amount", _MONEY),
            ("cap_per", _TEXT),
            ("cap_excess", _TEXT),
            ("credit_from", _DAY),
            ("credit_to", _DAY),
            ("clawback_method", _TEXT),
            ("clawback_schedule", _TEXT),
            ("clawback_window_months", _WHOLE),
            ("linear_months", _WHOLE),
            ("unpaid_days", _WHOLE),
            ("rule_codes", _TEXT),
        ],
        "band": [*_COMPONENT, ("band_no", _WHOLE), ("lower_bound", _BOUND), ("upper_bound", _BOUND), ("rate", _RATE)],
        "curve_point": [*_COMPONENT, ("point_no", _WHOLE), ("at_attainment", _BOUND), ("pay_share", _RATE)],
        "component_filter": [*_COMPONENT, ("attribute", _TEXT), ("value", _TEXT)],
        "reversal_type": [*_COMPONENT, ("event_type", _TEXT)],
        "factor": [
            *_COMPONENT,
            ("factor_code", _TEXT),
            *_TITLES,
            ("applies_to", _TEXT),
            ("row_by", _TEXT),
            ("column_by", _TEXT),
        ],
        "factor_band": [
            *_COMPONENT,
            ("factor_code", _TEXT),
            ("axis", _TEXT),
            ("band_no", _WHOLE),
            ("lower_bound", _BOUND),
            ("upper_bound", _BOUND),
            ("value", _TEXT),
        ],
        "factor_cell": [
            *_COMPONENT,
            ("factor_code", _TEXT),
            ("row_no", _WHOLE),
            ("column_no", _WHOLE),
            ("factor", _RATE),
        ],
        "ramp": [*_VERSION, ("tenure_month", _WHOLE), ("ramp", _SHARE)],
        "quota_period": [
            *_VERSION,
            ("kpi_code", _TEXT),
            ("period", _TEXT),
            ("period_type", _TEXT),
            ("quota", _BOUND),
            ("role", _TEXT),
            ("team", _TEXT),
            ("region", _TEXT),
            ("employee_id", _TEXT),
        ],
        "draw": [
            *_VERSION,
            ("type", _TEXT),
            ("amount", _MONEY),
            ("minimum_amount", _MONEY),
            ("recovery_rate", _SHARE),
            ("from_month", _WHOLE),
            ("to_month", _WHOLE),
            ("recovery_from", _TEXT),
            ("recovery_from_month", _WHOLE),
        ],
        "penalty": [
            *_VERSION,
            ("penalty_code", _TEXT),
            *_TITLES,
            ("kpi_code", _TEXT),
            ("comparison", _TEXT),
            ("bound", _BOUND),
            ("amount", _MONEY),
            ("rate", _RATE),
            ("limit_amount", _MONEY),
        ],
        "legal_limit": [*_VERSION, ("place", _WHOLE), ("region", _TEXT), ("share", _SHARE), ("keep_amount", _MONEY)],
        "hold_rule": [*_VERSION, ("hold_code", _TEXT), *_TITLES, ("condition", _TEXT), ("bound", _BOUND)],
        "reward": [
            *_VERSION,
            ("reward_code", _TEXT),
            *_TITLES,
            ("kind", _TEXT),
            ("quantity", _RATE),
            ("unit", _TEXT),
            ("scorecard_code", _TEXT),
            ("grade", _TEXT),
            ("component_code", _TEXT),
            ("attainment_from", _BOUND),
        ],
        "contest": [
            *_VERSION,
            ("contest_code", _TEXT),
            *_TITLES,
            ("starts_on", _DAY),
            ("ends_on", _DAY),
            ("basis", _TEXT),
            ("measure", _TEXT),
            ("minimum_amount", _BOUND),
        ],
        "contest_prize": [*_VERSION, ("contest_code", _TEXT), ("rank", _WHOLE), ("amount", _MONEY)],
        "scorecard": [
            *_SCORECARD,
            *_TITLES,
            ("frequency", _TEXT),
            ("missing_data", _TEXT),
            ("bonus_base_amount", _MONEY),
            ("grading", _TEXT),
            ("group_by", _TEXT),
            ("employed_on_last_day", _FLAG),
        ],
        "scorecard_kpi": [
            *_SCORECARD,
            ("kpi_code", _TEXT),
            ("weight", _SHARE),
            ("cap", _SHARE),
            ("direction", _TEXT),
            ("low", _BOUND),
            ("high", _BOUND),
        ],
        "scorecard_curve_point": [
            *_SCORECARD,
            ("kpi_code", _TEXT),
            ("point_no", _WHOLE),
            ("at_attainment", _BOUND),
            ("score", _RATE),
        ],
        "grade_band": [
            *_SCORECARD,
            ("grade", _TEXT),
            ("lower_score", pa.decimal128(18, 6)),
            ("coefficient", _SHARE),
            ("share", _SHARE),
        ],
    }.items()
}
"""Columns of each table. `valid_to` and `valid_from` are both included; NULL: open, or any."""

Row = dict[str, Any]


def compile_plans(settings: Settings) -> dict[str, pa.Table]:
    """The plan files as typed tables, by name. The same files give the same rows in the same order.

    Raises:
        BadInput: a plan file has errors.
    """
    rows: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    for plan in load_plans(settings):
        for version in plan.versions:
            for name, row in _version_rows(plan, version):
                rows[name].append({"plan_code": plan.code, "version": version.version, **row})
    return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in SCHEMAS.items()}


def write_plan_tables(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Write the plan files into the schema `plan` of a warehouse, in place of what was there.

    Raises:
        BadInput: a plan file has errors; the warehouse is then as it was.
    """
    tables = compile_plans(settings)
    connection.execute("create schema if not exists plan")
    for name, table in tables.items():
        connection.register("compiled_plan", table)
        try:
            connection.execute(f"create or replace table plan.{name} as select * from compiled_plan")
        finally:
            connection.unregister("compiled_plan")


def _version_rows(plan: Plan, version: PlanVersion) -> Iterable[tuple[str, Row]]:
    yield (
        "plan_version",
        {
            **_titles(plan.title),
            "valid_from": version.valid_from,
            "valid_to": version.valid_to,
            "currency_code": version.currency_code,
            "ramp_from": version.ramp_from,
            "leave_limit_days": version.leave_limit_days,
            "tail_days": version.tail_days,
            "after_confirmation": version.is_after_confirmation,
            "min_tenure_months": version.min_tenure_months,
            "floor_amount": version.floor_amount,
            "source_file": plan.source_file,
            "file_sha256": plan.file_sha256,
        },
    )
    for assignment in version.assignments:
        yield (
            "assignment",
            {**_who(assignment), "valid_from": assignment.valid_from, "valid_to": assignment.valid_to},
        )
    for tenure_month, ramp in enumerate(version.ramp):
        yield "ramp", {"tenure_month": tenure_month, "ramp": ramp}
    for quota in version.quotas:
        yield from _quota_rows(quota, version)
    for component in version.components:
        for name, row in _component_rows(component, version):
            yield name, {"component_code": component.code, **row}
    for contest in version.contests:
        yield from _contest_rows(contest)
    for card in version.scorecards:
        for name, row in _scorecard_rows(card):
            yield name, {"scorecard_code": card.code, **row}
    yield from _month_rows(version)


def _titles(title: Title) -> Row:
    return {"title_en": title.en, "title_zh": title.zh}


def _who(assignment: Assignment | None) -> Row:
    return {
        name: getattr(assignment, name) if assignment else None for name in ("role", "team", "region", "employee_id")
    }


def _quota_rows(quota: Quota, version: PlanVersion) -> Iterable[tuple[str, Row]]:
    last = version.valid_to.year if version.valid_to else version.valid_from.year + QUOTA_YEARS
    amounts = months_of_year(quota)
    length = {"month": 1, "quarter": 3, "year": 12}[quota.periods]
    for year in range(version.valid_from.year, min(last, version.valid_from.year + QUOTA_YEARS) + 1):
        for first in range(0, 12, length):
            yield (
                "quota_period",
                {
                    "kpi_code": quota.kpi_code,
                    "period": period_of(date(year, first + 1, 1), cast("PeriodType", quota.periods)),
                    "period_type": quota.periods,
                    "quota": sum(amounts[first : first + length], Decimal(0)),
                    **_who(quota.assignment),
                },
            )


def months_of_year(quota: Quota) -> list[Decimal]:
    """A plan's quota by calendar month at scale 6 (Q3): what is left by rounding is on the last month of its whole.

    A month without a share of its own is an equal part of what has one.
    """
    if quota.per == "month":
        return [quota.amount] * 12
    if quota.per == "quarter":
        return _parts(quota.amount, [Decimal(1)] * 3) * 4
    if len(quota.seasonality) == 12:
        return _parts(quota.amount, quota.seasonality)
    quarters = _parts(quota.amount, quota.seasonality) if quota.seasonality else []
    if quarters:
        return [part for quarter in quarters for part in _parts(quarter, [Decimal(1)] * 3)]
    return _parts(quota.amount, [Decimal(1)] * 12)


def _parts(whole: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Parts of a whole at scale 6 in proportion to the weights; the last one takes the residue (Q3)."""
    with localcontext(money.EXACT):
        total = sum(weights, Decimal(0))
        parts = [money.quantise6(whole * weight / total) for weight in weights[:-1]]
        return [*parts, whole - sum(parts, Decimal(0))]


def _component_rows(component: Component, version: PlanVersion) -> Iterable[tuple[str, Row]]:
    threshold, cap, clawback = component.threshold, component.cap, component.clawback
    yield (
        "component",
        {
            **_titles(component.title),
            "kind": component.kind,
            "basis": component.basis,
            "measure": component.measure,
            "credit_source": component.credit_source,
            "credit_share": component.credit_share,
            "band_method": component.band_method,
            "index": component.index.form,
            "index_basis": component.index.basis,
            "index_measure_kind": component.index.measure,
            "index_offset": component.index.offset,
            "is_same_measure": component.is_same_measure,
            "accumulate": component.accumulate,
            "quota_kpi_code": component.quota_kpi_code,
            "target_amount": component.target_amount,
            "is_prorated": component.is_prorated,
            "is_extended": component.is_extended,
            "threshold_at": threshold.at if threshold else None,
            "threshold_pays": threshold.pays if threshold else None,
            "cap_amount": cap.amount if cap else None,
            "cap_per": cap.per if cap else None,
            "cap_excess": cap.excess if cap else None,
            "credit_from": component.credit_from,
            "credit_to": component.credit_to,
            "clawback_method": clawback.method,
            "clawback_schedule": clawback.schedule,
            "clawback_window_months": clawback.window_months,
            "linear_months": clawback.linear_months,
            "unpaid_days": clawback.unpaid_days,
            "rule_codes": " ".join(_rules(component, version)),
        },
    )
    for number, band in enumerate(component.bands, start=1):
        yield "band", {"band_no": number, "lower_bound": band.lower, "upper_bound": band.upper, "rate": band.rate}
    for number, point in enumerate(component.curve, start=1):
        yield "curve_point", {"point_no": number, "at_attainment": point.at, "pay_share": point.value}
    for attribute, value in component.filters:
        yield "component_filter", {"attribute": attribute, "value": value}
    for event_type in component.reversed_by:
        yield "reversal_type", {"event_type": event_type}
    for factor in component.factors:
        for name, row in _factor_rows(factor):
            yield name, {"factor_code": factor.code, **row}


def _factor_rows(factor: Factor) -> Iterable[tuple[str, Row]]:
    yield (
        "factor",
        {
            **_titles(factor.title),
            "applies_to": factor.applies_to,
            "row_by": factor.rows.by,
            "column_by": factor.columns.by if factor.columns else None,
        },
    )
    for axis, described in (("row", factor.rows), ("column", factor.columns)):
        for number, band in enumerate(described.bands if described else (), start=1):
            yield (
                "factor_band",
                {
                    "axis": axis,
                    "band_no": number,
                    "lower_bound": band.lower,
                    "upper_bound": band.upper,
                    "value": band.value,
                },
            )
    for row_no, cells in enumerate(factor.cells, start=1):
        for column_no, cell in enumerate(cells, start=1):
            yield "factor_cell", {"row_no": row_no, "column_no": column_no, "factor": cell}


def _contest_rows(contest: Contest) -> Iterable[tuple[str, Row]]:
    yield (
        "contest",
        {
            "contest_code": contest.code,
            **_titles(contest.title),
            "starts_on": contest.starts_on,
            "ends_on": contest.ends_on,
            "basis": contest.basis,
            "measure": contest.measure,
            "minimum_amount": contest.minimum_amount,
        },
    )
    for prize in contest.prizes:
        yield "contest_prize", {"contest_code": contest.code, "rank": prize.rank, "amount": prize.amount}
    for attribute, value in contest.filters:
        yield "component_filter", {"component_code": contest.code, "attribute": attribute, "value": value}


def _scorecard_rows(card: Scorecard) -> Iterable[tuple[str, Row]]:
    yield (
        "scorecard",
        {
            **_titles(card.title),
            "frequency": card.frequency,
            "missing_data": card.missing_data,
            "bonus_base_amount": card.bonus_base_amount,
            "grading": card.grading,
            "group_by": card.group_by,
            "employed_on_last_day": card.is_employed_on_last_day,
        },
    )
    for kpi in card.kpis:
        yield (
            "scorecard_kpi",
            {
                "kpi_code": kpi.kpi_code,
                "weight": kpi.weight,
                "cap": kpi.cap,
                "direction": kpi.direction,
                "low": kpi.low,
                "high": kpi.high,
            },
        )
        for number, point in enumerate(kpi.curve, start=1):
            yield (
                "scorecard_curve_point",
                {"kpi_code": kpi.kpi_code, "point_no": number, "at_attainment": point.at, "score": point.value},
            )
    for grade in card.grades:
        yield (
            "grade_band",
            {
                "grade": grade.grade,
                "lower_score": grade.lower_score,
                "coefficient": grade.coefficient,
                "share": grade.share,
            },
        )


def _month_rows(version: PlanVersion) -> Iterable[tuple[str, Row]]:
    """What a version says of the month's pay as a whole."""
    if version.draw is not None:
        yield "draw", _fields(version.draw, SCHEMAS["draw"].names)
    for penalty in version.penalties:
        yield "penalty", {"penalty_code": penalty.code, **_titles(penalty.title), **_fields(penalty, _PENALTY)}
    for place, limit in enumerate(version.legal_limits, start=1):
        yield "legal_limit", {"place": place, **_fields(limit, ("region", "share", "keep_amount"))}
    for rule in version.hold_rules:
        yield "hold_rule", {"hold_code": rule.code, **_titles(rule.title), **_fields(rule, ("condition", "bound"))}
    for reward in version.rewards:
        yield "reward", {"reward_code": reward.code, **_titles(reward.title), **_fields(reward, _REWARD)}


_PENALTY = ("kpi_code", "comparison", "bound", "amount", "rate", "limit_amount")
_REWARD = ("kind", "quantity", "unit", "scorecard_code", "grade", "component_code", "attainment_from")


def _fields(item: object, names: Iterable[str]) -> Row:
    return {name: getattr(item, name) for name in names if name not in ("plan_code", "version")}


def _rules(component: Component, version: PlanVersion) -> list[str]:
    """Numbers of the rules that price a component's lines, in the order in which they are applied."""
    rules = ["C1"] if component.credit_source == "overlay" else []
    rules += ["C2", "C3"]
    rules += ["C6"] if component.credit_source == "team" else []
    if component.quota_kpi_code:
        rules += ["Q1", "Q2"] if version.ramp else ["Q1"]
        rules += ["Q3"] if version.quotas else []
        rules += ["Q4"]
    rules += ["T7"] if any(factor.applies_to == "credit" for factor in component.factors) else []
    rules += ["T2", {"marginal": "T3", "retroactive": "T4", "interpolated": "T5"}[component.band_method], "T6"]
    rules += ["T7"] if any(factor.applies_to == "pay" for factor in component.factors) and "T7" not in rules else []
    rules += ["K6"] if component.kind == "spiff" else []
    return [*rules, "M2"]
