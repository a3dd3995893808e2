"""The lake as the transform room sees it: the landed rows of committed deliveries, as views of a warehouse."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from attain.control import database
from attain.control.models import Delivery
from attain.ingest import contracts
from attain.settings import Settings

if TYPE_CHECKING:
    import duckdb

# What a raw view adds to the landed columns, from the register of deliveries.
REGISTER_COLUMNS = {
    "_source_system": "VARCHAR",
    "_file_name": "VARCHAR",
    "_sequence": "BIGINT",
    "_extracted_at": "TIMESTAMP",
    "_received_at": "TIMESTAMP",
}


@dataclass(frozen=True)
class RawColumn:
    """A column of a raw view with its SQL type."""

    name: str
    sql_type: str


def raw_columns(feed: contracts.Feed) -> list[RawColumn]:
    """Columns of the feed's raw view, in order: the contract's, those of every landed row, the register's."""
    of_contract = {column.name: column.sql_type for column in feed.columns}
    return [
        RawColumn(name, sql_type)
        for name, sql_type in {**of_contract, **contracts.LANDED_COLUMNS, **REGISTER_COLUMNS}.items()
    ]


def committed(settings: Settings) -> list[Delivery]:
    """The deliveries whose rows count, in the order they arrived."""
    with database.session(settings) as session:
        return list(session.scalars(select(Delivery).where(Delivery.status == "committed").order_by(Delivery.sequence)))


def quarantine_files(settings: Settings) -> list[Path]:
    """The quarantine Parquet files of committed deliveries, in the order they arrived."""
    return [
        settings.home / delivery.quarantine_path
        for delivery in committed(settings)
        if delivery.quarantine_path is not None
    ]


def create_raw_views(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Make schema `raw` with one view a feed, `raw.<source>__<feed>`, over the committed deliveries.

    A feed that nothing was delivered for is a typed view without rows. The views hold absolute paths and the
    state of the register as of now: they are made anew for every candidate.
    """
    by_feed: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for delivery in committed(settings):
        by_feed[delivery.source, delivery.feed].append(delivery)
    connection.execute("create schema if not exists raw")
    _register(connection, [delivery for group in by_feed.values() for delivery in group])
    for feed in contracts.feeds().values():
        select_sql = raw_view_sql(settings, feed, by_feed[feed.source, feed.name])
        connection.execute(f"create or replace view raw.{feed.source}__{feed.name} as {select_sql}")


def _register(connection: duckdb.DuckDBPyConnection, deliveries: list[Delivery]) -> None:
    columns = ", ".join(f"{name} {sql_type}" for name, sql_type in REGISTER_COLUMNS.items())
    connection.execute(f"create or replace table raw._register (_delivery_id VARCHAR PRIMARY KEY, {columns})")
    if deliveries:
        connection.executemany(
            "insert into raw._register values (?, ?, ?, ?, ?, ?)",
            [
                [
                    delivery.delivery_id,
                    delivery.source_system,
                    delivery.file_name,
                    delivery.sequence,
                    delivery.extracted_at,
                    delivery.received_at,
                ]
                for delivery in deliveries
            ],
        )


def raw_view_sql(settings: Settings, feed: contracts.Feed, deliveries: list[Delivery]) -> str:
    """The select over the landed Parquet of these deliveries of one feed, joined to `raw._register`."""
    columns = raw_columns(feed)
    empty = "select " + ", ".join(f"null::{column.sql_type} as {_quoted(column.name)}" for column in columns)
    files = [
        _literal(str(settings.home / delivery.raw_path / "part-00000.parquet"))
        for delivery in deliveries
        if delivery.raw_path is not None
    ]
    if not files:
        return f"{empty} where false"
    landed = f"select * from read_parquet([{', '.join(files)}], union_by_name = true, hive_partitioning = false)"
    if any(delivery.contract_sha256 != feed.contract_sha256 for delivery in deliveries):
        # Landed under an older contract: columns that it did not have are NULL.
        of_contract = [column for column in columns if column.name not in REGISTER_COLUMNS]
        typed = ", ".join(f"null::{column.sql_type} as {_quoted(column.name)}" for column in of_contract)
        landed = f"select * from (select {typed} where false) union all by name {landed}"
    listed = ", ".join(
        f"register.{column.name}"
        if column.name in REGISTER_COLUMNS
        else f"landed.{_quoted(column.name)}::{column.sql_type} as {_quoted(column.name)}"
        for column in columns
    )
    return (
        f"select {listed} from ({landed}) as landed "
        "inner join raw._register as register on landed._delivery_id = register._delivery_id"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
