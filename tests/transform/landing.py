"""Lands rows as ingest does: typed Parquet by the feed's contract, and a committed delivery in the control database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import duckdb
from sqlalchemy import func, select

from attain.control import database
from attain.control.models import Arrival, Delivery
from attain.ingest import contracts
from attain.settings import Settings

Row = Mapping[str, Any]


def land(
    settings: Settings,
    source: str,
    feed: str,
    rows: Sequence[Row],
    *,
    source_system: str | None = None,
    extracted_at: datetime | None = None,
    received_at: datetime = datetime(2026, 4, 1, 8, 0, tzinfo=UTC),
    horizon: date | None = None,
    file_name: str | None = None,
    quarantined: Sequence[Row] = (),
) -> str:
    """Deliver rows of one feed; blank columns may be left out. Returns the delivery's id.

    Rows are numbered from 2, as a person sees them in a spreadsheet.
    """
    described = contracts.feeds()[f"{source}.{feed}"]
    system = source_system or source
    key = f"{system}|{feed}|{rows!r}|{quarantined!r}|{extracted_at}"
    delivery_id = hashlib.sha256(key.encode()).hexdigest()[:32]
    name = file_name or f"{feed}.csv"
    raw_path = f"lake/raw/{system}/{feed}/{delivery_id}"
    quarantine_path = f"lake/quarantine/{system}/{feed}/{delivery_id}.parquet" if quarantined else None
    (settings.home / raw_path).mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        columns = {column.name: column.sql_type for column in described.columns} | contracts.LANDED_COLUMNS
        typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"create table landed ({typed})")
        for number, row in enumerate(rows, start=2):
            unknown = set(row) - set(columns)
            assert not unknown, unknown
            values = {**row, "_delivery_id": delivery_id, "_row_number": number}
            connection.execute(
                f"insert into landed ({', '.join(values)}) values ({', '.join('?' * len(values))})",
                list(values.values()),
            )
        connection.execute(f"copy landed to '{settings.home / raw_path / 'part-00000.parquet'}' (format parquet)")
        if quarantine_path is not None:
            (settings.home / quarantine_path).parent.mkdir(parents=True, exist_ok=True)
            texts = ("column_name", "value", "reason", "remedy", "raw_row")
            connection.execute(
                "create table quarantined (_delivery_id varchar, _row_number bigint, "
                f"{', '.join(f'{text} varchar' for text in texts)})"
            )
            for row in quarantined:
                connection.execute(
                    "insert into quarantined values (?, ?, ?, ?, ?, ?, ?)",
                    [delivery_id, row["row_number"], *(row.get(text) for text in texts)],
                )
            connection.execute(f"copy quarantined to '{settings.home / quarantine_path}' (format parquet)")
    with database.session(settings) as session:
        arrival = Arrival(
            source_system=system,
            file_name=f"{feed}/{name}",
            content_sha256=hashlib.sha256(delivery_id.encode()).hexdigest(),
            byte_size=1,
            received_at=received_at.replace(tzinfo=None),
            outcome="committed",
        )
        session.add(arrival)
        session.flush()
        sequence = (session.scalar(select(func.max(Delivery.sequence))) or 0) + 1
        session.add(
            Delivery(
                delivery_id=delivery_id,
                sequence=sequence,
                arrival_id=arrival.arrival_id,
                source_system=system,
                source=source,
                feed=feed,
                file_name=f"{feed}/{name}",
                content_sha256=arrival.content_sha256,
                file_format="csv",
                contract_sha256=described.contract_sha256,
                status="committed",
                received_at=received_at.replace(tzinfo=None),
                extracted_at=extracted_at.replace(tzinfo=None) if extracted_at else None,
                horizon_date=horizon or _horizon(described, rows),
                rows_in_file=len(rows) + len(quarantined),
                rows_loaded=len(rows),
                rows_quarantined=len(quarantined),
                rows_declared_totals=0,
                rows_not_for_feed=0,
                rows_deleted=sum(bool(row.get("_is_deleted")) for row in rows) or None,
                extra_columns=[],
                raw_path=raw_path,
                quarantine_path=quarantine_path,
            )
        )
    return delivery_id


def _horizon(described: contracts.Feed, rows: Sequence[Row]) -> date | None:
    days = [row[column] for column in described.horizon for row in rows if row.get(column) is not None]
    return max((day.date() if isinstance(day, datetime) else day for day in days), default=None)


def make_table(connection: duckdb.DuckDBPyConnection, view: str) -> None:
    """Put a table of the same rows in a view's place, so that a test can break them; `view` is `schema.name`."""
    connection.execute(
        f"create table {view}_rows as from {view}; drop view {view};"
        f" alter table {view}_rows rename to {view.partition('.')[2]}"
    )
