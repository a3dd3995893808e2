"""The published tables: found in the candidate, copied to Parquet and into one DuckDB file, always to the same bytes.

Everything people are given is read back from the Parquet files (`connect`), so that workbook, report and receipt
tell of what is published and not of what was meant to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from attain.errors import AttainError, BadInput

PUBLISHED_SCHEMAS = ("kpi", "incentive", "appraisal", "audit")

# DuckDB writes other types to Parquet as something else (HUGEINT as DOUBLE, say), or its readers disagree on them.
_EXACT_TYPES = re.compile(r"VARCHAR|BOOLEAN|DATE|TIMESTAMP|BIGINT|INTEGER|SMALLINT|TINYINT|DOUBLE|DECIMAL\(\d+,\d+\)")

# On purpose: 1.2 is the newest format whose bytes depend on the rows alone (1.4's holds a random id), and every
# DuckDB since 1.2 reads it. Its weakness, a log of a dead writer replayed, can't be met: a release with one is refused.
STORAGE_VERSION = "v1.2.0"


@dataclass(frozen=True)
class Column:
    """A published column: DuckDB's type and the description people are given (`label: English · Chinese`)."""

    name: str
    type: str
    description: str = ""


@dataclass(frozen=True)
class Table:
    """The shape of a published table. `primary_key` may be empty; then all columns together order the rows."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    description: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def parquet(self) -> str:
        """Path of its Parquet file below the folder of a release."""
        return f"parquet/{self.schema}/{self.name}.parquet"


@dataclass(frozen=True)
class MadeTable:
    """A table that publishing itself fills (`audit.release`, `audit.gate_result`): its shape and its rows."""

    shape: Table
    rows: Sequence[tuple[Any, ...]]


def published(warehouse_file: Path, marts: Path) -> list[Table]:
    """The tables of the published schemas that a candidate holds, by name.

    Args:
        warehouse_file: the private warehouse; it says which tables and columns there are.
        marts: folder of dbt's marts; the YAML files there say what the keys are and describe tables and columns.

    Raises:
        BadInput: the warehouse is missing, holds no published table, or a column has a type that Parquet can't keep
            exactly.
    """
    promised = _promises(marts)
    with _engine(None) as engine, _candidate(engine, warehouse_file):
        shapes = _shapes(engine, promised)
    if not shapes:
        raise BadInput("the candidate holds no published table", "run: attain build")
    return shapes


def provenance(warehouse_file: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """What a candidate was built by: its row of `control.run`, and SHA-256 by name of its plan files.

    Raises:
        BadInput: the warehouse is missing.
    """
    with _engine(None) as engine, _candidate(engine, warehouse_file):
        run = rows(engine, "SELECT * FROM candidate.control.run")[0]
        plans = engine.execute(
            "SELECT DISTINCT source_file, file_sha256 FROM candidate.plan.plan_version ORDER BY ALL"
        ).fetchall()
    return run, dict(plans)


def export(
    warehouse_file: Path, shapes: Sequence[Table], made: Sequence[MadeTable], folder: Path, scratch: Path
) -> dict[str, int]:
    """Copy every published table of the candidate, and the made ones, to Parquet below `folder`.

    Rows are sorted by primary key and written by one thread, so the same rows give the same bytes.

    Args:
        warehouse_file: the private warehouse; it is only read.
        shapes: tables of the warehouse to copy.
        made: tables that the warehouse does not hold; one of the same name there is refused.
        folder: folder of the release being built.
        scratch: folder for what a sort can't hold in memory.

    Returns:
        Rows by full table name, in order of name.

    Raises:
        AttainError: a made table is in the warehouse too.
    """
    with _engine(scratch) as engine, _candidate(engine, warehouse_file):
        for table in made:
            if any(shape.full_name == table.shape.full_name for shape in shapes):
                raise AttainError(f"{table.shape.full_name} is made while publishing, but the candidate holds one too")
            _create(engine, "memory", table.shape)
            if table.rows:
                marks = ", ".join("?" * len(table.shape.columns))
                engine.executemany(f"INSERT INTO {_name('memory', table.shape)} VALUES ({marks})", list(table.rows))
        counts: dict[str, int] = {}
        sources = [("candidate", shape) for shape in shapes] + [("memory", table.shape) for table in made]
        for catalog, shape in sorted(sources, key=lambda item: item[1].full_name):
            target = folder / shape.parquet
            target.parent.mkdir(parents=True, exist_ok=True)
            counts[shape.full_name] = _copy_sorted(engine, catalog, shape, target)
    return counts


def build_database(shapes: Sequence[Table], folder: Path, scratch: Path, counts: dict[str, int]) -> Path:
    """Make `attain.duckdb` from the Parquet files: the same schemas and tables, with a comment on each column.

    It is closed and checkpointed; opened read-only it needs nothing beside it.

    Raises:
        AttainError: a table's rows differ from what was written to Parquet, or a write-ahead log is left.
    """
    target = folder / "attain.duckdb"
    with _engine(scratch) as engine:
        engine.execute(f"ATTACH {_text(target)} AS release (STORAGE_VERSION '{STORAGE_VERSION}')")
        for shape in sorted(shapes, key=lambda item: item.full_name):
            _create(engine, "release", shape)
            engine.execute(
                f"INSERT INTO {_name('release', shape)} SELECT * FROM read_parquet({_text(folder / shape.parquet)})"
            )
            written = engine.execute(f"SELECT count(*) FROM {_name('release', shape)}").fetchall()[0][0]
            if written != counts[shape.full_name]:
                raise AttainError(
                    f"{shape.full_name}: {counts[shape.full_name]} rows in Parquet but {written} in attain.duckdb"
                )
        engine.execute("CHECKPOINT release")
        engine.execute("DETACH release")
    if (left := target.with_name(target.name + ".wal")).exists():
        raise AttainError(f"{left.name} is left beside attain.duckdb: the file is not complete without it")
    return target


@contextmanager
def connect(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees the Parquet files of a release as `schema.table`, and nothing else."""
    with _engine(None) as engine:
        for file in sorted((folder / "parquet").glob("*/*.parquet")):
            engine.execute(f'CREATE SCHEMA IF NOT EXISTS "{file.parent.name}"')
            engine.execute(
                f'CREATE VIEW "{file.parent.name}"."{file.stem}" AS SELECT * FROM read_parquet({_text(file)})'
            )
        yield engine


def rows(engine: duckdb.DuckDBPyConnection, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries by column name; money arrives as Decimal."""
    found = engine.execute(sql, list(parameters))
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@contextmanager
def _engine(scratch: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
    # One thread: only so are the bytes of a Parquet file the same every time.
    config: dict[str, str | bool | int | float | list[str]] = {"threads": 1}
    if scratch is not None:
        config["temp_directory"] = str(scratch)
    engine = duckdb.connect(config=config)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def _candidate(engine: duckdb.DuckDBPyConnection, warehouse_file: Path) -> Iterator[None]:
    if not warehouse_file.is_file():
        raise BadInput("there is no candidate: the warehouse has not been built", "run: attain run")
    engine.execute(f"ATTACH {_text(warehouse_file)} AS candidate (READ_ONLY)")
    yield


def _promises(marts: Path) -> dict[str, Mapping[str, Any]]:
    """What the YAML files of the marts say of each model, by `schema.table`; a folder is a schema."""
    return {
        f"{file.parent.name}.{model['name']}": model
        for file in sorted(marts.glob("*/*.yml"))
        for model in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("models", [])
    }


def _shapes(engine: duckdb.DuckDBPyConnection, promised: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    found = rows(
        engine,
        """SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()
           WHERE database_name = 'candidate' AND list_contains(?, schema_name)
           ORDER BY schema_name, table_name, column_index""",
        list(PUBLISHED_SCHEMAS),
    )
    described_columns = {
        (*full_name.split("."), column["name"]): column
        for full_name, model in promised.items()
        for column in model.get("columns", [])
    }
    columns: dict[tuple[str, str], list[Column]] = {}
    for row in found:
        schema, name = row["schema_name"], row["table_name"]
        if not _EXACT_TYPES.fullmatch(row["data_type"]):
            raise BadInput(
                f"{schema}.{name}.{row['column_name']} is {row['data_type']}, which Parquet can't keep exactly",
                "give the column another type in the model's contract",
            )
        described = described_columns.get((schema, name, row["column_name"]), {})
        column = Column(row["column_name"], row["data_type"], _in_both_languages(described))
        columns.setdefault((schema, name), []).append(column)
    shapes = []
    for (schema, name), its_columns in columns.items():
        model = promised.get(f"{schema}.{name}", {})
        key = tuple(_meta(model).get("primary_key", ()))
        shapes.append(Table(schema, name, tuple(its_columns), key, _in_both_languages(model)))
    return shapes


def _meta(described: Mapping[str, Any]) -> Mapping[str, Any]:
    meta: Mapping[str, Any] = described.get("config", {}).get("meta") or described.get("meta") or {}
    return meta


def _in_both_languages(described: Mapping[str, Any]) -> str:
    """Chinese label, English and Chinese description, as `label: description · 说明`; what is missing is left out."""
    meta = _meta(described)
    named = ": ".join(text for text in (meta.get("label_zh"), described.get("description")) if text)
    return " · ".join(text for text in (named, meta.get("description_zh")) if text)


def _create(engine: duckdb.DuckDBPyConnection, catalog: str, shape: Table) -> None:
    name = _name(catalog, shape)
    engine.execute(f'CREATE SCHEMA IF NOT EXISTS {catalog}."{shape.schema}"')
    engine.execute(f"CREATE TABLE {name} ({', '.join(f'{_quoted(c.name)} {c.type}' for c in shape.columns)})")
    if shape.description:
        engine.execute(f"COMMENT ON TABLE {name} IS {_text(shape.description)}")
    for column in shape.columns:
        if column.description:
            engine.execute(f"COMMENT ON COLUMN {name}.{_quoted(column.name)} IS {_text(column.description)}")


def _copy_sorted(engine: duckdb.DuckDBPyConnection, catalog: str, shape: Table, target: Path) -> int:
    order = ", ".join(_quoted(name) for name in shape.primary_key) or "ALL"
    copied = engine.execute(
        f"COPY (SELECT * FROM {_name(catalog, shape)} ORDER BY {order}) "
        f"TO {_text(target)} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    return int(copied[0][0])


def _name(catalog: str, shape: Table) -> str:
    return f"{catalog}.{_quoted(shape.schema)}.{_quoted(shape.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
