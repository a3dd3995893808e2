"""Plan files as tables of the warehouse's schema `plan`: what the SQL engine and the reference engine both read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from attain.plans.lint import load_plans
from attain.plans.model import Component, Plan, PlanVersion
from attain.settings import Settings

if TYPE_CHECKING:
    import duckdb

_TEXT, _DAY, _WHOLE = pa.string(), pa.date32(), pa.int32()
_VERSION = [("plan_code", _TEXT), ("version", _TEXT)]

SCHEMAS: dict[str, pa.Schema] = {
    "plan_version": pa.schema(
        [
            *_VERSION,
            ("title_en", _TEXT),
            ("title_zh", _TEXT),
            ("valid_from", _DAY),
            ("valid_to", _DAY),
            ("currency_code", _TEXT),
            ("source_file", _TEXT),
            ("file_sha256", _TEXT),
        ]
    ),
    "assignment": pa.schema([*_VERSION, ("role", _TEXT), ("team", _TEXT), ("region", _TEXT), ("employee_id", _TEXT)]),
    "component": pa.schema(
        [
            *_VERSION,
            ("component_code", _TEXT),
            ("title_en", _TEXT),
            ("title_zh", _TEXT),
            ("basis", _TEXT),
            ("band_method", _TEXT),
            ("index", _TEXT),
            ("accumulate", _TEXT),
            ("quota_kpi_code", _TEXT),
            ("rule_codes", _TEXT),
        ]
    ),
    "band": pa.schema(
        [
            *_VERSION,
            ("component_code", _TEXT),
            ("band_no", _WHOLE),
            ("lower_bound", pa.decimal128(24, 6)),
            ("upper_bound", pa.decimal128(24, 6)),
            ("rate", pa.decimal128(9, 6)),
        ]
    ),
    "ramp": pa.schema([*_VERSION, ("tenure_month", _WHOLE), ("ramp", pa.decimal128(9, 6))]),
    "scorecard": pa.schema(
        [
            *_VERSION,
            ("scorecard_code", _TEXT),
            ("title_en", _TEXT),
            ("title_zh", _TEXT),
            ("frequency", _TEXT),
            ("missing_data", _TEXT),
            ("bonus_base_amount", pa.decimal128(18, 2)),
        ]
    ),
    "scorecard_kpi": pa.schema(
        [
            *_VERSION,
            ("scorecard_code", _TEXT),
            ("kpi_code", _TEXT),
            ("weight", pa.decimal128(9, 6)),
            ("cap", pa.decimal128(9, 6)),
        ]
    ),
    "grade_band": pa.schema(
        [
            *_VERSION,
            ("scorecard_code", _TEXT),
            ("grade", _TEXT),
            ("lower_score", pa.decimal128(18, 6)),
            ("coefficient", pa.decimal128(9, 6)),
        ]
    ),
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
            "title_en": plan.title.en,
            "title_zh": plan.title.zh,
            "valid_from": version.valid_from,
            "valid_to": version.valid_to,
            "currency_code": version.currency_code,
            "source_file": plan.source_file,
            "file_sha256": plan.file_sha256,
        },
    )
    for assignment in version.assignments:
        yield (
            "assignment",
            {
                "role": assignment.role,
                "team": assignment.team,
                "region": assignment.region,
                "employee_id": assignment.employee_id,
            },
        )
    for tenure_month, ramp in enumerate(version.ramp):
        yield "ramp", {"tenure_month": tenure_month, "ramp": ramp}
    for component in version.components:
        yield (
            "component",
            {
                "component_code": component.code,
                "title_en": component.title.en,
                "title_zh": component.title.zh,
                "basis": component.basis,
                "band_method": component.band_method,
                "index": component.index,
                "accumulate": component.accumulate,
                "quota_kpi_code": component.quota_kpi_code,
                "rule_codes": " ".join(_rules(component, version)),
            },
        )
        for number, band in enumerate(component.bands, start=1):
            yield (
                "band",
                {
                    "component_code": component.code,
                    "band_no": number,
                    "lower_bound": band.lower,
                    "upper_bound": band.upper,
                    "rate": band.rate,
                },
            )
    for card in version.scorecards:
        yield (
            "scorecard",
            {
                "scorecard_code": card.code,
                "title_en": card.title.en,
                "title_zh": card.title.zh,
                "frequency": card.frequency,
                "missing_data": card.missing_data,
                "bonus_base_amount": card.bonus_base_amount,
            },
        )
        for kpi in card.kpis:
            yield (
                "scorecard_kpi",
                {"scorecard_code": card.code, "kpi_code": kpi.kpi_code, "weight": kpi.weight, "cap": kpi.cap},
            )
        for grade in card.grades:
            yield (
                "grade_band",
                {
                    "scorecard_code": card.code,
                    "grade": grade.grade,
                    "lower_score": grade.lower_score,
                    "coefficient": grade.coefficient,
                },
            )


def _rules(component: Component, version: PlanVersion) -> list[str]:
    """Numbers of the rules that price a component's lines, in the order in which they are applied."""
    rules = ["C2", "C3"]
    if component.quota_kpi_code:
        rules += ["Q1", "Q2", "Q4"] if version.ramp else ["Q1", "Q4"]
    return [*rules, "T2", "T3", "T6", "M2"]
