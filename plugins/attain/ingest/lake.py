"""The lake as the transform room sees it: the landed rows of committed deliveries, as views of a warehouse.

A raw view keeps every revision of every record, those that a later deletion covers too (`_is_gone`): marks of deleted
records, and records that a full snapshot lacks. It follows from the register alone, as it is now or, with
`ATTAIN_KNOWN_AT`, as it was at a past moment.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from attain.control import database
from attain.control.models import Delivery, Sighting, VanishConfirmation
from attain.ingest import contracts, landing, snapshots
from attain.ingest.snapshots import HeldSnapshot, Snapshot, Statement
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
    "_mode": "VARCHAR",
}
# Memory for looking what snapshots lack; what needs more goes through files.
_HELD_MEMORY = "700MB"
# Whether a later deletion covers the row; it is then history only.
GONE = {"_is_gone": "BOOLEAN"}


@dataclass(frozen=True)
class RawColumn:
    """A column of a raw view with its SQL type."""

    name: str
    sql_type: str


@dataclass(frozen=True)
class Known:
    """What the register tells, now or as of `ATTAIN_KNOWN_AT`.

    Attributes:
        deliveries: all of them, in the order they arrived, with the status that they had.
        statements: of the committed ones, by delivery id.
        snapshots: that the committed ones make up.
    """

    deliveries: list[Delivery]
    statements: dict[str, Statement]
    snapshots: list[Snapshot]

    @property
    def committed(self) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.status == "committed"]

    def mode(self, delivery: Delivery) -> str | None:
        """Whether a delivery is changes, events or a full snapshot; None for one that was rejected unread."""
        said = self.statements.get(delivery.delivery_id)
        return delivery.mode if said is None else said.mode

    def told_by_source(self) -> dict[str, str]:
        """A SHA-256 over what `told` says of each source system that it says something of."""
        told = {
            name: "\n".join(self.told(name)) for name in sorted({delivery.source_system for delivery in self.committed})
        }
        return {name: hashlib.sha256(lines.encode()).hexdigest() for name, lines in told.items()}

    def told(self, source_system: str | None = None) -> Iterable[str]:
        """One line for everything that decides which rows count and in which order, arrival aside.

        Args:
            source_system: only of this one; None: of all.
        """
        ids = {snapshot.arrival_id: "+".join(sorted(snapshot.parts)) for snapshot in self.snapshots}
        for delivery in sorted(self.committed, key=lambda item: item.delivery_id):
            if source_system not in (None, delivery.source_system):
                continue
            said = self.statements[delivery.delivery_id]
            moved = said.extracted_at != delivery.extracted_at
            yield f"delivery {delivery.delivery_id}" + (f" {said.extracted_at}" if moved else "")
        for item in self.snapshots:
            if source_system not in (None, item.source_system):
                continue
            sure = " confirmed" if item.confirmed_at else ""
            yield f"snapshot {ids[item.arrival_id]} {item.moment.isoformat()}{sure}"


@dataclass(frozen=True)
class Vanished:
    """What a full snapshot lacks.

    Attributes:
        records: known records that it lacks.
        state: `none` when it lacks none; `deleted` when they are deleted; `waiting` when a person has to say first.
    """

    records: int
    state: str


def known(settings: Settings) -> Known:
    """The register as of now or, with `ATTAIN_KNOWN_AT`, as it was then: what had been received, what was withdrawn."""
    moment = settings.known_at
    with database.session(settings) as session:
        deliveries = list(session.scalars(select(Delivery).order_by(Delivery.sequence)))
        seen = list(session.scalars(select(Sighting).order_by(Sighting.sighting_id)))
        confirmed = list(session.scalars(select(VanishConfirmation)))
        session.expunge_all()  # what is told is a copy, not the register
        if moment is not None:
            deliveries = [delivery for delivery in deliveries if delivery.received_at <= moment]
            seen = [sighting for sighting in seen if sighting.received_at <= moment]
            confirmed = [word for word in confirmed if word.confirmed_at <= moment]
            for delivery in deliveries:
                if delivery.withdrawn_at is not None and delivery.withdrawn_at > moment:
                    delivery.status, delivery.reason = "committed", None
    sightings: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in seen:
        sightings[sighting.delivery_id].append(sighting)
    statements = {
        delivery.delivery_id: snapshots.statement(delivery, sightings[delivery.delivery_id])
        for delivery in deliveries
        if delivery.status == "committed"
    }
    return Known(deliveries, statements, snapshots.of(deliveries, sightings, confirmed))


def with_all(register: Known) -> Known:
    """The register with a statement for every delivery that it shows as committed; its snapshots stay as they are."""
    statements = {
        delivery.delivery_id: register.statements.get(delivery.delivery_id) or snapshots.statement(delivery, ())
        for delivery in register.committed
    }
    return Known(register.deliveries, statements, register.snapshots)


def raw_columns(feed: contracts.Feed) -> list[RawColumn]:
    """Columns of the feed's raw view, in order: the contract's, those of every landed row, the register's."""
    of_contract = {column.name: column.sql_type for column in feed.columns}
    listed = {**of_contract, **contracts.LANDED_COLUMNS, **REGISTER_COLUMNS, **GONE}
    return [RawColumn(name, sql_type) for name, sql_type in listed.items()]


def committed(settings: Settings) -> list[Delivery]:
    """The deliveries whose rows count, in the order they arrived."""
    return known(settings).committed


def quarantine_files(settings: Settings) -> list[Path]:
    """The quarantine Parquet files of committed deliveries, in the order they arrived."""
    return [
        settings.home / delivery.quarantine_path
        for delivery in committed(settings)
        if delivery.quarantine_path is not None
    ]


def create_raw_views(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    feeds: Iterable[contracts.Feed] | None = None,
    register: Known | None = None,
) -> list[HeldSnapshot]:
    """Make schema `raw` with one view a feed, `raw.<source>__<feed>`, over the committed deliveries.

    A feed that nothing was delivered for is a typed view without rows. The views hold absolute paths and the
    state of the register as of now: they are made anew for every candidate.

    Args:
        feeds: the feeds to make views of; None: all.
        register: what is known; None: what `known` tells.

    Returns:
        The snapshots whose missing records wait for a person.
    """
    register = register or known(settings)
    by_feed: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for delivery in register.committed:
        by_feed[delivery.source, delivery.feed].append(delivery)
    connection.execute("create schema if not exists raw")
    _register(connection, register)
    held = []
    for feed in contracts.feeds().values() if feeds is None else feeds:
        view = _View(settings, connection, feed, by_feed[feed.source, feed.name])
        held += view.make([s for s in register.snapshots if (s.source, s.feed) == (feed.source, feed.name)], register)
    return held


def vanished(
    connection: duckdb.DuckDBPyConnection, register: Known, held: Iterable[HeldSnapshot]
) -> dict[str, Vanished]:
    """What the full snapshots lack, by the id of the delivery that is their first part.

    Args:
        connection: to the database in which `create_raw_views` has made its views of `register`.
        held: the snapshots that it said to be held.
    """
    found = {snapshot.parts[0]: Vanished(0, "none") for snapshot in register.snapshots}
    made = connection.execute(
        "select table_name from information_schema.tables"
        " where table_schema = 'raw' and starts_with(table_name, '_absent_') order by table_name"
    ).fetchall()
    for (absent,) in made:  # a feed without any row has no such table
        rows = connection.execute(f"select _delivery_id, count(*) from raw.{absent} group by all").fetchall()
        found.update({delivery_id: Vanished(records, "deleted") for delivery_id, records in rows})
    # Of a snapshot that came twice and is held once, what waits is what a person has to look at.
    found.update({item.delivery_id: Vanished(item.vanished, "waiting") for item in held})
    return found


def held_snapshots(settings: Settings) -> list[HeldSnapshot]:
    """The snapshots whose missing records wait for a person: to confirm that they are gone, or to withdraw the file."""
    register = known(settings)
    met = {(snapshot.source, snapshot.feed) for snapshot in register.snapshots}
    feeds = [feed for feed in contracts.feeds().values() if (feed.source, feed.name) in met]
    if not feeds:
        return []
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="attain-") as spill,
        duckdb.connect(config={"memory_limit": _HELD_MEMORY, "temp_directory": spill}) as connection,
    ):
        connection.execute("set TimeZone = 'UTC'")
        return create_raw_views(settings, connection, feeds, register)


def _register(connection: duckdb.DuckDBPyConnection, register: Known) -> None:
    columns = ", ".join(f"{name} {sql_type}" for name, sql_type in REGISTER_COLUMNS.items())
    connection.execute(
        f"create or replace table raw._register (_delivery_id VARCHAR PRIMARY KEY, {columns}, _arrival_id BIGINT)"
    )
    rows = []
    for delivery in register.committed:
        said = register.statements[delivery.delivery_id]
        rows.append(
            [
                delivery.delivery_id,
                delivery.source_system,
                delivery.file_name,
                delivery.sequence,
                said.extracted_at,
                delivery.received_at,
                said.mode,
                said.arrival_id,
            ]
        )
    if rows:
        connection.executemany("insert into raw._register values (?, ?, ?, ?, ?, ?, ?, ?)", rows)


class _View:
    """One feed's raw view, with the tables of what was deleted that it needs."""

    def __init__(
        self,
        settings: Settings,
        connection: duckdb.DuckDBPyConnection,
        feed: contracts.Feed,
        deliveries: Sequence[Delivery],
    ) -> None:
        self.settings = settings
        self.connection = connection
        self.feed = feed
        self.deliveries = deliveries
        self.name = f"{feed.source}__{feed.name}"
        self.columns = raw_columns(feed)

    def make(self, full: Sequence[Snapshot], register: Known) -> list[HeldSnapshot]:
        """Make the view; `full` are the snapshots of the feed, of all systems."""
        files = self._files(delivery.raw_path for delivery in self.deliveries)
        held: list[HeldSnapshot] = []
        if not files:
            nothing = ", ".join(f"null::{column.sql_type} as {_quoted(column.name)}" for column in self.columns)
            self._create(f"select {nothing} where false")
            return held
        if full:
            held = snapshots.absences(
                self.connection,
                self.feed,
                self._keys_sql(files),
                self._quarantine_sql(full, register),
                full,
                self.settings.max_vanished_ratio,
                f"raw._absent_{self.name}",
            )
        marked = any(delivery.rows_deleted for delivery in self.deliveries)
        if marked or full:
            self._deletions(files, bool(full))
        self._create(self._select(files, marked or bool(full), bool(full)))
        return held

    def _create(self, select_sql: str) -> None:
        self.connection.execute(f"create or replace view raw.{self.name} as {select_sql}")

    def _files(self, paths: Iterable[str | None]) -> list[str]:
        return [_literal(str(self.settings.home / path / landing.PART_NAME)) for path in paths if path is not None]

    def _landed(self, files: Sequence[str]) -> str:
        landed = f"select * from read_parquet([{', '.join(files)}], union_by_name = true, hive_partitioning = false)"
        if any(
            delivery.contract_sha256 != self.feed.contract_sha256 or delivery.rows_deleted is None
            for delivery in self.deliveries
        ):
            # Landed under an older contract: columns that it did not have are NULL.
            of_file = [column for column in self.columns if column.name not in {**REGISTER_COLUMNS, **GONE}]
            typed = ", ".join(f"null::{column.sql_type} as {_quoted(column.name)}" for column in of_file)
            landed = f"select * from (select {typed} where false) union all by name {landed}"
        return landed

    def _moment(self) -> str:
        """How late a row is: when it was extracted or changed, whichever is later."""
        said = "coalesce(register._extracted_at, register._received_at)"
        if self.feed.modified is None:
            return said
        return f"greatest({said}, coalesce(landed.{_quoted(self.feed.modified)}, {said}))"

    def _keys_sql(self, files: Sequence[str]) -> str:
        """Of every landed row its key, its place on the time line, and whether it marks a deleted record."""
        typed = ", ".join(
            f"landed.{_quoted(name)}::{self.feed.by_name[name].sql_type} as {_quoted(name)}" for name in self.feed.key
        )
        return f"""
            select register._source_system, {typed}, landed._delivery_id, {self._moment()} as _moment,
                {_RANK} as _rank, register._arrival_id, register._sequence, landed._row_number,
                coalesce(landed._is_deleted, false) as _gone
            from ({self._landed(files)}) as landed
            inner join raw._register as register on landed._delivery_id = register._delivery_id
        """

    def _quarantine_sql(self, full: Sequence[Snapshot], register: Known) -> str:
        """The quarantined rows of the snapshots that were not released since, each with its key if it can be read."""
        parts = {part for snapshot in full for part in snapshot.parts}
        empty = "select null::VARCHAR as _delivery_id, null::BIGINT as _row_number, null::VARCHAR as key where false"
        paths = [
            _literal(str(self.settings.home / delivery.quarantine_path))
            for delivery in self.deliveries
            if delivery.delivery_id in parts and delivery.quarantine_path is not None
        ]
        if not paths:
            return empty
        released = [
            f"({_literal(delivery.origin_delivery_id)}, {delivery.origin_row_number})"
            for delivery in register.committed
            if delivery.origin_delivery_id is not None
        ]
        without = f"where (_delivery_id, _row_number) not in ({', '.join(released)})" if released else ""
        return (
            f"select _delivery_id, key from ({empty} union all by name select * from "
            f"read_parquet([{', '.join(paths)}], union_by_name = true, hive_partitioning = false)) {without}"
        )

    def _deletions(self, files: Sequence[str], with_absent: bool) -> None:
        """The last deletion of each record, as its place on the time line."""
        keys = ", ".join(_quoted(name) for name in self.feed.key)
        absent = f"""
            union all
            select register._source_system, {keys}, absent._moment, 0, absent._arrival_id, {_LAST}, {_LAST}
            from raw._absent_{self.name} as absent
            inner join raw._register as register using (_delivery_id)
        """
        self.connection.execute(
            f"""
            create or replace table raw._deletion_{self.name} as
            with deletion as (
                select _source_system, {keys}, _moment, _rank, _arrival_id, _sequence, _row_number
                from ({self._keys_sql(files)}) where _gone {absent if with_absent else ""}
            )
            select _source_system, {keys}, max({_place(*_PLACE)}) as _place from deletion group by all
            """
        )

    def _select(self, files: Sequence[str], with_deletions: bool, with_absent: bool) -> str:
        """The select over the landed Parquet, joined to `raw._register` and to what was deleted."""
        rows = self._landed(files)
        if with_absent:
            keys = ", ".join(_quoted(name) for name in self.feed.key)
            rows = (
                f"select * from ({rows}) union all by name "
                f"select {keys}, _delivery_id, true as _is_deleted from raw._absent_{self.name}"
            )
        gone, join = "false", ""
        if with_deletions:
            same = " and ".join(f"landed.{_quoted(name)} = deletion.{_quoted(name)}" for name in self.feed.key)
            join = (
                f" left join raw._deletion_{self.name} as deletion "
                f"on register._source_system = deletion._source_system and {same}"
            )
            place = _place(self._moment(), _RANK, "register._arrival_id", "register._sequence", "landed._row_number")
            gone = f"coalesce(landed._is_deleted, false) or (deletion._place is not null and {place} < deletion._place)"
        listed = []
        for column in self.columns:
            if column.name in GONE:
                listed.append(f"({gone}) as {column.name}")
            elif column.name in REGISTER_COLUMNS:
                listed.append(f"register.{column.name}")
            else:
                listed.append(f"landed.{_quoted(column.name)}::{column.sql_type} as {_quoted(column.name)}")
        return (
            f"select {', '.join(listed)} from ({rows}) as landed "
            f"inner join raw._register as register on landed._delivery_id = register._delivery_id{join}"
        )


# At one moment a file of changes comes after a snapshot.
_RANK = "case when register._mode = 'snapshot' then 0 else 1 end"
_PLACE = ("_moment", "_rank", "_arrival_id", "_sequence", "_row_number")
_LAST = 9_223_372_036_854_775_807


def _place(*parts: str) -> str:
    """Where a row stands on the time line of its record; structs compare part by part."""
    typed = zip(("moment", "rank", "arrival_id", "sequence", "row_number"), parts, strict=True)
    return "{" + ", ".join(f"'{n}': {p}" + ("" if n == "moment" else "::BIGINT") for n, p in typed) + "}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
