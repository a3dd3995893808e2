"""The statements of the built sample company add up from their own rows, and a cent changed in them is found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import duckdb
import pytest

from attain.publish import tables
from attain.statement.rows import Row
from attain.statement.verify import first_fault, verify
from tests.transform.conftest import BuiltHome


@pytest.fixture(scope="module")
def statements(built: BuiltHome) -> list[list[Row]]:
    with duckdb.connect(str(built.settings.warehouse_file), read_only=True) as engine:
        rows = tables.rows(engine, "select * from incentive.fct_statement_line order by payee_id, period, line_no")
    return [list(group) for _, group in groupby(rows, key=lambda row: (row["payee_id"], row["period"]))]


def of_step(statements: list[list[Row]], step: str) -> Iterator[tuple[list[Row], Row]]:
    return ((rows, row) for rows in statements for row in rows if row["step"] == step)


def test_every_statement_adds_up(statements: list[list[Row]]) -> None:
    assert len(statements) > 20
    for rows in statements:
        assert first_fault(verify(rows)) is None


def test_the_golden_line_is_told_in_words(statements: list[list[Row]]) -> None:
    row = next(row for _, row in of_step(statements, "slice") if row["earning_line_id"].startswith("team_sales|"))
    assert row["text_en"]
    assert "×" in row["text_en"]
    assert "档" in row["text_zh"]
    assert all(row["text_en"] and row["text_zh"] and row["rule_codes"] for rows in statements for row in rows)


@pytest.mark.parametrize(
    ("step", "column"),
    [
        ("line", "amount"),
        ("scale", "rate"),
        ("slice", "slice_amount"),
        ("quota", "effective_quota"),
        ("payable", "amount"),
    ],
)
def test_a_change_in_any_step_is_found(statements: list[list[Row]], step: str, column: str) -> None:
    seen = 0
    for rows, changed in of_step(statements, step):
        of_band = ("component_code", "window_code", "band_no")
        if step == "scale" and not any(
            row["step"] == "slice" and all(row[name] == changed[name] for name in of_band) for row in rows
        ):
            continue  # a band that no credit has reached
        seen += 1
        copies = [dict(row, **{column: row[column] + 1}) if row is changed else row for row in rows]
        assert first_fault(verify(copies)) is not None, changed["text_en"]
    assert seen > 3


def test_statements_end_in_the_payouts(built: BuiltHome) -> None:
    assert built.rows(
        "select count(*) from incentive.fct_payout as payout left join incentive.fct_statement_line as step"
        " on step.step = 'payable' and step.payee_id = payout.payee_id and step.period = payout.period"
        " and step.plan_code = payout.plan_code and step.currency_code = payout.currency_code"
        " where step.amount is distinct from payout.payable_amount or step.running_total <> payout.payable_amount"
    ) == [(0,)]
