"""Records as they are known, or were known at a past moment, straight from the lake.

A past moment is meant as a time of arrival: what had been received by then, less what had been withdrawn by then. What
a file says of its own extract time decides which revision is the newer one, never which was known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attain.errors import BadInput
from attain.ingest import contracts, lake
from attain.ingest.contracts import Feed
from attain.ingest.lake import Known
from attain.settings import Settings

if TYPE_CHECKING:
    import duckdb

_HOUSE = ("_source_system", "_delivery_id", "_file_name", "_row_number", "_received_at", "_extracted_at")


@dataclass(frozen=True)
class Record:
    """A record as one row of one delivery tells it.

    Attributes:
        key: its key's columns, as text.
        values: the contract's columns.
        extracted_at: when the file says it was made; None: it doesn't say.
        received_at: when it arrived; UTC as all moments here.
    """

    source_system: str
    key: list[str]
    values: dict[str, Any]
    delivery_id: str
    file_name: str
    row_number: int | None
    received_at: datetime
    extracted_at: datetime | None


@dataclass(frozen=True)
class Revision:
    """One thing that was said of a record, and while what it said was what was known.

    Attributes:
        what: `row`, `deleted` (a row that marks it as deleted) or `missing` (a full snapshot without it).
        valid_from: since when it was the newest that was known of the record; None: it never was.
        valid_to: until when; None: it still is (or never was).
        ended_by: what took its place, or why it never had one.
        ending_delivery: the delivery that did so.
    """

    record: Record
    what: str
    valid_from: datetime | None
    valid_to: datetime | None
    ended_by: str
    ending_delivery: str | None


def latest_sql(feed: Feed) -> str:
    """What the dbt macro `latest_revision` selects from the feed's raw view, or `latest_lines` if its rows are lines of
    documents; a test holds the two equal."""
    keys = ", ".join(f'"{name}"' for name in feed.key)
    rows = f"select * from raw.{feed.source}__{feed.name} where not _is_gone"
    window = f"over (partition by _source_system, {keys} order by {_order(feed)}"
    if feed.lines:
        return f"{rows} qualify _delivery_id = first_value(_delivery_id) {window})"
    return f"{rows} qualify row_number() {window}, _row_number desc) = 1"


def _order(feed: Feed) -> str:
    said = "coalesce(_extracted_at, _received_at)"
    changed = f'coalesce("{feed.modified}", {said}) desc, ' if feed.modified else ""
    return f"{changed}{said} desc, _mode = 'snapshot', _sequence desc"


def records(settings: Settings, code: str, key: Sequence[str] = (), known_at: datetime | None = None) -> list[Record]:
    """The records of a feed as they are known, or were known at `known_at` (UTC), in the order of their keys.

    Args:
        code: the feed, e.g. `finance.receipts`.
        key: only the record of this key, its parts in the contract's order; the last ones may be left out.

    Raises:
        BadInput: there is no such feed, or it has a shorter key.
    """
    feed = contracts.feed(code)
    register = lake.known(replace(settings, known_at=known_at or settings.known_at))
    with _views(settings, feed, register) as connection:
        return _records(connection, feed, latest_sql(feed), key)


def history(settings: Settings, code: str, key: Sequence[str] = (), known_at: datetime | None = None) -> list[Revision]:
    """Everything that was ever said of the records of a feed, in the order it became known.

    Revisions of deliveries that were withdrawn since are among them.
    """
    feed = contracts.feed(code)
    register = lake.known(replace(settings, known_at=known_at or settings.known_at))
    until: dict[str, datetime] = {}
    for delivery in register.deliveries:
        if delivery.status == "withdrawn" and delivery.withdrawn_at is not None and delivery.raw_path is not None:
            until[delivery.delivery_id] = delivery.withdrawn_at
            delivery.status = "committed"  # of this detached copy
    everything = lake.with_all(register)
    confirmed = {part: item.confirmed_at for item in register.snapshots for part in item.parts if item.confirmed_at}
    with _views(settings, feed, everything) as connection:
        said = "coalesce(view._extracted_at, view._received_at)"
        changed = f'coalesce(view."{feed.modified}", {said})' if feed.modified else said
        found = connection.execute(
            f"""
            select row(greatest({changed}, {said}), case when view._mode = 'snapshot' then 0 else 1 end,
                    register._arrival_id, view._sequence, coalesce(view._row_number, {2**62})) as place,
                row({changed}, {said}, view._mode <> 'snapshot', view._sequence, view._row_number) as newer,
                view._is_deleted is true as is_deleted, view.*
            from raw.{feed.source}__{feed.name} as view
            inner join raw._register as register using (_delivery_id)
            where {_where(feed, key)}
            """,
            list(key),
        )
        names = [column[0] for column in found.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    by_record: dict[tuple[str, ...], list[_Said]] = defaultdict(list)
    for row in rows:
        record = _record(feed, row)
        missing = row["is_deleted"] and record.row_number is None
        known_from = max(record.received_at, confirmed.get(record.delivery_id, record.received_at)) if missing else None
        by_record[record.source_system, *record.key].append(
            _Said(
                record,
                "missing" if missing else "deleted" if row["is_deleted"] else "row",
                tuple(row["place"].values()) if isinstance(row["place"], dict) else tuple(row["place"]),
                tuple(row["newer"].values()) if isinstance(row["newer"], dict) else tuple(row["newer"]),
                known_from or record.received_at,
                until.get(record.delivery_id),
            )
        )
    revised = _lines_revised if feed.lines else _revisions
    return [revision for _, said_of in sorted(by_record.items()) for revision in revised(said_of)]


@dataclass(frozen=True)
class _Said:
    """Something said of a record: its place on the time line, and from and until when it was known."""

    record: Record
    what: str
    place: tuple[Any, ...]
    newer: tuple[Any, ...]
    known_from: datetime
    known_to: datetime | None


def _in_force(said: Sequence[_Said], moment: datetime) -> _Said | None:
    """What was known of the record at that moment: its latest revision, or the deletion that covers all of them."""
    active = [item for item in said if item.known_from <= moment and (item.known_to is None or moment < item.known_to)]
    deletions = [item for item in active if item.what != "row"]
    last = max(deletions, key=lambda item: item.place, default=None)
    alive = [item for item in active if item.what == "row" and (last is None or item.place > last.place)]
    return max(alive, key=lambda item: item.newer, default=last)


def _revisions(said: Sequence[_Said]) -> list[Revision]:
    moments = sorted({item.known_from for item in said} | {item.known_to for item in said if item.known_to})
    spans: dict[int, list[Any]] = {}
    current: _Said | None = None
    for moment in moments:
        now = _in_force(said, moment)
        if now is not current:
            if current is not None:
                spans[id(current)][1:] = [moment, now]
            if now is not None:
                spans.setdefault(id(now), [moment, None, None])[1:] = [None, None]
        current = now
    found = []
    for item in sorted(said, key=lambda item: (item.known_from, item.place)):
        span = spans.get(id(item))
        if span is None:
            found.append(Revision(item.record, item.what, None, None, "a newer revision was known already", None))
            continue
        first, last, successor = span
        ended, by = "", None
        if last is not None:
            by = None if successor is None else successor.record.delivery_id
            if item.known_to == last:
                ended, by = "withdrawn", None
            elif successor is not None:
                ended = {"row": "superseded", "deleted": "deleted", "missing": "missing in a snapshot"}[successor.what]
        found.append(Revision(item.record, item.what, first, last, ended, by))
    return found


def _lines_revised(said: Sequence[_Said]) -> list[Revision]:
    """The revisions of a document's lines: all that one delivery says of it counts, and ends, together."""
    together: dict[tuple[str, str], list[_Said]] = defaultdict(list)
    for item in said:
        together[item.record.delivery_id, item.what].append(item)
    newest = {key: max(items, key=lambda item: item.newer) for key, items in together.items()}
    return [
        replace(revision, record=item.record)
        for revision in _revisions(list(newest.values()))
        for item in sorted(
            together[revision.record.delivery_id, revision.what], key=lambda item: item.record.row_number or 0
        )
    ]


def _views(settings: Settings, feed: Feed, register: Known) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    lake.create_raw_views(settings, connection, [feed], register)
    return connection


def _where(feed: Feed, key: Sequence[str]) -> str:
    if len(key) > len(feed.key):
        raise BadInput(
            f"{feed.code} has a key of {len(feed.key)} column(s), not {len(key)}",
            f"give {' and '.join(feed.key)}, in this order",
        )
    return " and ".join(f'"{name}"::VARCHAR = ?' for name in feed.key[: len(key)]) or "true"


def _records(connection: duckdb.DuckDBPyConnection, feed: Feed, select_sql: str, key: Sequence[str]) -> list[Record]:
    order = ", ".join(f'"{name}"' for name in feed.key)
    within = ", _row_number" if feed.lines else ""
    found = connection.execute(
        f"select * from ({select_sql}) where {_where(feed, key)} order by {order}, _source_system{within}", list(key)
    )
    names = [column[0] for column in found.description or []]
    return [_record(feed, dict(zip(names, row, strict=True))) for row in found.fetchall()]


def _record(feed: Feed, row: dict[str, Any]) -> Record:
    house = {name.removeprefix("_"): row[name] for name in _HOUSE}
    return Record(
        key=[str(row[name]) for name in feed.key],
        values={column.name: row[column.name] for column in feed.columns},
        **house,
    )
