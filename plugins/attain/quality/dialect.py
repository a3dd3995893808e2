"""A DuckDB dialect whose results outlive their transaction, so that Great Expectations can be pushed down into DuckDB.

Great Expectations reads a result after it has given the connection back; the pool then rolls back, and DuckDB
drops the result: every expectation fails with "list index out of range". Here a cursor fetches its rows as soon as
the statement has run. The rows are those of aggregates and of failing rows with a limit, never of a whole table.

Connections are read-only and cannot reach files or the network: the text of a delivered row is never a way out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy import Connection, text, types
from sqlalchemy.dialects import registry
from sqlalchemy.exc import NoSuchTableError

CONNECTION_STRING = "duckdb+buffered:///"

_COLUMNS = """
    select column_name, data_type, numeric_precision, numeric_scale, is_nullable
    from duckdb_columns()
    where database_name = current_database() and schema_name = :schema and table_name = :table
    order by column_index
"""

_TYPES: dict[str, type[types.TypeEngine[Any]]] = {
    "VARCHAR": types.String,
    "BOOLEAN": types.Boolean,
    "DATE": types.Date,
    "TIMESTAMP": types.DateTime,
    "TINYINT": types.SmallInteger,
    "SMALLINT": types.SmallInteger,
    "INTEGER": types.Integer,
    "BIGINT": types.BigInteger,
    "DOUBLE": types.Double,
}


def connect_arguments(warehouse_file: Path) -> dict[str, Any]:
    """Arguments of `duckdb.connect` for a look at the warehouse that can neither write nor leave its file.

    DuckDB refuses two connections of one process to one file with different settings; every connection of the gate
    is therefore made with these.
    """
    return {
        "database": str(warehouse_file),
        "read_only": True,
        "config": {"enable_external_access": "false"},
    }


def connect(warehouse_file: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-only, without external access.

    Raises:
        duckdb.IOException: there is no such file, or another process is writing it.
    """
    return duckdb.connect(**connect_arguments(warehouse_file))


class BufferedCursor(duckdb_engine.CursorWrapper):  # type: ignore[misc]
    """A cursor that holds the rows of its last statement itself."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, wrapper: duckdb_engine.ConnectionWrapper) -> None:
        super().__init__(connection, wrapper)
        self._duckdb = connection
        self._description: list[Any] | None = None
        self._rows: list[tuple[Any, ...]] = []
        self._position = 0

    @property
    def description(self) -> list[Any] | None:
        return self._description

    @property
    def rowcount(self) -> int:
        return -1

    def execute(self, statement: str, parameters: Any = None, context: Any | None = None) -> None:
        self._description, self._rows, self._position = None, [], 0
        super().execute(statement, parameters, context)
        if self._duckdb.description:
            self._description = list(self._duckdb.description)
            self._rows = self._duckdb.fetchall()

    def fetchone(self) -> tuple[Any, ...] | None:
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        rows = self._rows[self._position : self._position + (1 if size is None else size)]
        self._position += len(rows)
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.fetchmany(len(self._rows))


class BufferedConnection(duckdb_engine.ConnectionWrapper):  # type: ignore[misc]
    """A connection that gives out buffered cursors."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection)
        self._duckdb = connection

    def cursor(self) -> BufferedCursor:
        return BufferedCursor(self._duckdb, self)


class BufferedDialect(duckdb_engine.Dialect):  # type: ignore[misc]
    """`duckdb-engine`'s dialect over buffered connections; SQLAlchemy URL `duckdb+buffered:///`."""

    driver = "buffered"
    supports_statement_cache = False

    def connect(self, *arguments: Any, **parameters: Any) -> BufferedConnection:
        parameters.pop("url_config", None)
        return BufferedConnection(duckdb.connect(*arguments, **parameters))

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **options: Any
    ) -> list[dict[str, Any]]:
        """Columns of a table from DuckDB's own catalogue; the one of PostgreSQL that it imitates misses other schemas.

        Raises:
            NoSuchTableError: the schema has no such table.
        """
        found: Any = connection.execute(text(_COLUMNS), {"schema": schema or "main", "table": str(table_name)})
        columns = [
            {"name": name, "type": _sqlalchemy_type(kind, precision, scale), "nullable": nullable, "default": None}
            for name, kind, precision, scale, nullable in found
        ]
        if not columns:
            raise NoSuchTableError(f"{schema or 'main'}.{table_name}")
        return columns

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **options: Any
    ) -> dict[str, Any]:
        """No key: published keys are promises that the suites check, not constraints of the warehouse."""
        return {"constrained_columns": [], "name": None}


def _sqlalchemy_type(data_type: str, precision: int | None, scale: int | None) -> types.TypeEngine[Any]:
    if data_type.startswith("DECIMAL"):
        return types.Numeric(precision, scale)
    return _TYPES.get(data_type, types.NullType)()


def register() -> None:
    """Make `duckdb+buffered` known to SQLAlchemy in this process."""
    registry.register("duckdb.buffered", __name__, BufferedDialect.__name__)
