"""The rows behind a failed check: who and what they are about, fetched by SQL and with a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from attain.quality.suites import UNEXPECTED_ROWS, Expectation

SAMPLE_ROWS = 10
LISTED_NAMES = 1000

_PAYEE_COLUMNS = ("payee_id", "employee_id")
_DELIVERY_COLUMNS = ("delivery_id", "_delivery_id")
_CREDIT_LINES = "incentive.fct_credit_line"
_ORIGIN_COLUMNS = ("delivery_id", "file_name", "row_number", "document_id")
_ORIGIN_KEYS = (("credit_line_id",), ("source_system", "document_id"), ("document_id",))


@dataclass(frozen=True)
class FailingRows:
    """What is known of the rows that failed a check.

    Attributes:
        sample: up to `SAMPLE_ROWS` of them, JSON-ready; with delivery, file and row number where those can be found.
        payees: ids of the people they belong to.
        deliveries: ids of the deliveries they came from.
        has_payees: whether every one of them names its payee itself, so that holding those payees covers them all.
    """

    sample: list[dict[str, Any]] = field(default_factory=list)
    payees: list[str] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    has_payees: bool = False


def failing_rows_query(table: str, expectation: Expectation) -> str | None:
    """SQL that selects the rows of a table (`schema.table`) that break an expectation.

    None for a promise about the table as a whole, such as a number of rows.
    """
    relation = _relation(table)
    arguments = expectation.kwargs
    column = _quoted(arguments["column"]) if "column" in arguments else ""
    bounds = [
        f"{{value}} {operator} {_literal(arguments[name])}"
        for name, operator in (("min_value", "<"), ("max_value", ">"))
        if arguments.get(name) is not None
    ]
    out_of_bounds = " or ".join(bounds)
    match expectation.type:
        case "expect_column_values_to_not_be_null":
            condition = f"{column} is null"
        case "expect_column_values_to_be_unique":
            return (
                f"select * from {relation} where {column} is not null qualify count(*) over (partition by {column}) > 1"
            )
        case "expect_compound_columns_to_be_unique":
            columns = ", ".join(map(_quoted, arguments["column_list"]))
            return f"select * from {relation} qualify count(*) over (partition by {columns}) > 1"
        case "expect_column_values_to_be_in_set":
            condition = f"{column} not in ({', '.join(map(_literal, arguments['value_set']))})"
        case "expect_column_values_to_not_be_in_set":
            condition = f"{column} in ({', '.join(map(_literal, arguments['value_set']))})"
        case "expect_column_values_to_be_between":
            condition = out_of_bounds.format(value=column)
        case "expect_column_value_lengths_to_be_between":
            condition = out_of_bounds.format(value=f"length({column})")
        case "expect_column_pair_values_a_to_be_greater_than_b":
            operator = "<" if arguments.get("or_equal") else "<="
            condition = f"{_quoted(arguments['column_A'])} {operator} {_quoted(arguments['column_B'])}"
        case kind if kind == UNEXPECTED_ROWS:
            return str(arguments["unexpected_rows_query"]).format(batch=relation)
        case _:
            return None
    return f"select * from {relation} where {condition}"


def relation_query(relation: str) -> str:
    """SQL that selects all rows of a stored relation (`schema.table`), such as the failing rows kept by a dbt test."""
    return f"select * from {_relation(relation)}"


def fetch(connection: duckdb.DuckDBPyConnection, query: str) -> FailingRows:
    """Fetch what a refusal needs to say about the rows that a query selects.

    Raises:
        duckdb.Error: the query can't be answered.
    """
    own = _columns(connection, query)
    traced = _traced(query, own)
    columns = _columns(connection, traced)
    found = connection.execute(f"select * from ({traced}) as failing order by all limit {SAMPLE_ROWS}")
    sample = [{name: _json_ready(value) for name, value in zip(columns, row, strict=True)} for row in found.fetchall()]
    payees = _distinct(connection, traced, next((name for name in _PAYEE_COLUMNS if name in columns), None))
    deliveries = _distinct(connection, traced, next((name for name in _DELIVERY_COLUMNS if name in columns), None))
    return FailingRows(sample, payees, deliveries, has_payees=_names_every_payee(connection, query, own))


def names_of(connection: duckdb.DuckDBPyConnection, payees: Sequence[str]) -> dict[str, str]:
    """Names of some payees, as far as they are known: payee to name."""
    found = connection.execute(
        "select employee_id, full_name from kpi.dim_employee where list_contains($payees, employee_id)",
        {"payees": list(payees)},
    )
    return {str(employee_id): str(name) for employee_id, name in found.fetchall() if name and name != employee_id}


def earned_by_payee(connection: duckdb.DuckDBPyConnection, payees: Sequence[str]) -> dict[str, dict[str, Decimal]]:
    """What each of some payees earned in the whole candidate: payee to currency to amount.

    It is counted before holds (rule D5: a held line stays earned), so that it is the same before and after a hold, and
    each payee and period counts as not below zero, so that a clawback hides nobody else's pay.
    """
    found = connection.execute(
        """
        select payee_id, currency_code, sum(greatest(earned_amount, 0)) from incentive.fct_payout
        where list_contains($payees, payee_id) group by all order by all
        """,
        {"payees": list(payees)},
    )
    earned: dict[str, dict[str, Decimal]] = {}
    for payee_id, currency, amount in found.fetchall():
        earned.setdefault(str(payee_id), {})[str(currency)] = Decimal(amount)
    return earned


def earned_in_all(connection: duckdb.DuckDBPyConnection) -> dict[str, Decimal]:
    """What all payees earned in the whole candidate, counted as for one of them: currency to amount."""
    found = connection.execute(
        """
        select currency_code, sum(greatest(earned_amount, 0)) from incentive.fct_payout group by all order by all
        """
    )
    return {str(currency): Decimal(amount) for currency, amount in found.fetchall()}


def _names_every_payee(connection: duckdb.DuckDBPyConnection, query: str, columns: Sequence[str]) -> bool:
    if "payee_id" not in columns:
        return False
    nameless = connection.execute(f"select count(*) from ({query}) as failing where coalesce(payee_id, '') = ''")
    return nameless.fetchall() == [(0,)]


def _traced(query: str, columns: Sequence[str]) -> str:
    """The query with delivery, file, row and person of the credit line that its rows are about, if they lack them."""
    key = next((key for key in _ORIGIN_KEYS if set(key) <= set(columns)), None)
    if key is None or any(name in columns for name in _DELIVERY_COLUMNS):
        return query
    wanted = [name for name in _ORIGIN_COLUMNS if name not in columns]
    if not any(name in columns for name in _PAYEE_COLUMNS):
        wanted.append("employee_id")
    joined = " and ".join(f"failing.{name} = origin.{name}" for name in key)
    added = ", ".join(f"origin.{name}" for name in wanted)
    chosen = ", ".join([*key, *(name for name in wanted if name not in key)])
    return (
        f"select failing.*, {added} from ({query}) as failing "
        f"left join (select distinct {chosen} from {_CREDIT_LINES}) as origin on {joined}"
    )


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(f"describe {query}").fetchall()]


def _distinct(connection: duckdb.DuckDBPyConnection, query: str, column: str | None) -> list[str]:
    if column is None:
        return []
    name = _quoted(column)
    found = connection.execute(
        f"select distinct {name}::varchar from ({query}) as failing where {name} is not null "
        f"order by 1 limit {LISTED_NAMES}"
    )
    return [str(row[0]) for row in found.fetchall()]


def _relation(name: str) -> str:
    return ".".join(map(_quoted, name.split(".")))


def _quoted(identifier: object) -> str:
    return '"' + str(identifier).replace('"', '""') + '"'


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _json_ready(value: object) -> str | int | bool | None:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
