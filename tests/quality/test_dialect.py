"""Great Expectations over DuckDB: the plain dialect fails at everything, ours answers with pushed-down SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import NoSuchTableError

from attain.quality import dialect, runner

EXPECTED = {
    "not_null": True,
    "unique": True,
    "unique_broken": False,
    "compound_unique": True,
    "compound_unique_broken": False,
    "in_set": False,
    "between": True,
    "between_broken": False,
    "row_count": True,
    "rows": False,
    "no_rows": True,
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "a $home with 空格" / "warehouse.duckdb"
    file.parent.mkdir()
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema pay")
        connection.execute(
            """
            create table pay.line as
            select 'L' || i as line_id, 'P' || i % 3 as payee_id, i as line_no,
                cast(i * 0.01 as decimal(18, 2)) as amount, i % 2 = 0 as is_held
            from range(1000) as numbers (i)
            """
        )
    return file


def validate(connection_string: str, arguments: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    """Name of each expectation → whether it passed, and the error it raised."""
    gx = runner.load_great_expectations()
    import great_expectations.expectations as gxe

    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_sql("warehouse", connection_string=connection_string, kwargs=arguments)
    asset = source.add_table_asset("pay.line", table_name="line", schema_name="pay")
    expectations = {
        "not_null": gxe.ExpectColumnValuesToNotBeNull(column="amount"),
        "unique": gxe.ExpectColumnValuesToBeUnique(column="line_id"),
        "unique_broken": gxe.ExpectColumnValuesToBeUnique(column="payee_id"),
        "compound_unique": gxe.ExpectCompoundColumnsToBeUnique(column_list=["payee_id", "line_no"]),
        "compound_unique_broken": gxe.ExpectCompoundColumnsToBeUnique(column_list=["payee_id", "is_held"]),
        "in_set": gxe.ExpectColumnValuesToBeInSet(column="payee_id", value_set=["P0", "P1"]),
        "between": gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=10),
        "between_broken": gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=1),
        "row_count": gxe.ExpectTableRowCountToBeBetween(min_value=1000, max_value=1000),
        "rows": gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select sum(amount) as total from {batch} having sum(amount) <> 4995.01"
        ),
        "no_rows": gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select sum(amount) as total from {batch} having sum(amount) <> 4995.00"
        ),
    }
    for name, expectation in expectations.items():
        expectation.meta = {"name": name}
    batch = asset.add_batch_definition_whole_table("whole").get_batch()
    suite = gx.ExpectationSuite("pay.line", expectations=list(expectations.values()))
    results = batch.validate(suite, result_format="BASIC").results
    for engine in (source.get_engine(), source.get_execution_engine().engine):
        engine.dispose()
    return {
        result.expectation_config.meta["name"]: (result.success, runner._error(result.exception_info))
        for result in results
    }


def test_ours_answers(warehouse: Path) -> None:
    dialect.register()
    found = validate(dialect.CONNECTION_STRING, {"connect_args": dialect.connect_arguments(warehouse)})
    assert {name: error for name, (_, error) in found.items() if error} == {}
    assert {name: success for name, (success, _) in found.items()} == EXPECTED


def test_the_plain_dialect_is_why(warehouse: Path) -> None:
    """When this fails, duckdb-engine and Great Expectations have learned to work together and ours can go."""
    found = validate("duckdb:///", {"connect_args": {"database": str(warehouse), "read_only": True}})
    assert all(error for name, (_, error) in found.items() if name not in {"row_count"}), found


def test_rows_outlive_the_rollback(warehouse: Path) -> None:
    dialect.register()
    engine = create_engine(dialect.CONNECTION_STRING, connect_args=dialect.connect_arguments(warehouse))
    with engine.connect() as connection:
        result = connection.execute(text("select line_no from pay.line where line_no < :n order by 1"), {"n": 3})
        connection.connection.dbapi_connection.rollback()  # type: ignore[union-attr]
        assert result.fetchone() == (0,)
        assert result.fetchmany(1) == [(1,)]
        assert result.fetchall() == [(2,)]
        assert result.fetchone() is None
    engine.dispose()


def test_columns_of_any_schema_are_found(warehouse: Path) -> None:
    dialect.register()
    engine = create_engine(dialect.CONNECTION_STRING, connect_args=dialect.connect_arguments(warehouse))
    with engine.connect() as connection:
        columns = engine.dialect.get_columns(connection, "line", schema="pay")
        with pytest.raises(NoSuchTableError, match=r"main\.line"):
            engine.dialect.get_columns(connection, "line")
    engine.dispose()
    assert [(column["name"], str(column["type"])) for column in columns] == [
        ("line_id", "VARCHAR"),
        ("payee_id", "VARCHAR"),
        ("line_no", "BIGINT"),
        ("amount", "NUMERIC(18, 2)"),
        ("is_held", "BOOLEAN"),
    ]


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("create table pay.other (a integer)", "read-only"),
        ("delete from pay.line", "read-only"),
        ("select * from read_csv('{file}')", "disabled"),
        ("copy pay.line to '{file}'", "disabled"),
        ("attach '{file}' as other", "disabled"),
        ("set enable_external_access = true", "Cannot"),
    ],
)
def test_a_check_can_neither_write_nor_leave(warehouse: Path, tmp_path: Path, statement: str, complaint: str) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    with dialect.connect(warehouse) as connection, pytest.raises(duckdb.Error, match=complaint):
        connection.execute(statement.format(file=outside))


def test_the_warehouse_can_be_written_after_the_suites_have_run(warehouse: Path) -> None:
    dialect.register()
    validate(dialect.CONNECTION_STRING, {"connect_args": dialect.connect_arguments(warehouse)})
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from pay.line where line_no > 0")
        assert connection.execute("select count(*) from pay.line").fetchall() == [(1,)]
