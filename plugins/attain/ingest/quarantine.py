"""The quarantine as people see it: which rows are kept aside, which of them were dealt with since, and a way back.

A row is `open` until it is `released` (a person corrected it, see `deliveries.release_row`) or `superseded`: the same
record came again, as of the same time or a later one, in a row that was loaded.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attain.errors import BadInput
from attain.ingest import contracts, lake
from attain.ingest.contracts import likely
from attain.ingest.deliveries import HELPER
from attain.settings import Settings

if TYPE_CHECKING:
    import duckdb

STATES = ("open", "released", "superseded")
TEXTS = ("column_name", "value", "reason", "remedy", "raw_row")


@dataclass(frozen=True)
class QuarantinedRow:
    """A row that broke its contract.

    Attributes:
        row_number: as a person sees it in a spreadsheet.
        column_name: canonical name of the first column at fault; None: the row as a whole.
        raw_row: the row as JSON, header → text.
        state: open, released or superseded.
    """

    delivery_id: str
    source_system: str
    feed: str
    file_name: str
    row_number: int
    column_name: str | None
    value: str | None
    reason: str
    remedy: str
    raw_row: str
    state: str


def write_table(settings: Settings, connection: duckdb.DuckDBPyConnection, register: lake.Known, table: str) -> None:
    """Make a table of all quarantined rows of committed deliveries; the raw views of their feeds must be there."""
    texts = ", ".join(f"{name} varchar" for name in TEXTS)
    connection.execute(
        f"create or replace table {table} (delivery_id varchar, source_system varchar, source varchar, "
        f"feed varchar, file_name varchar, row_number bigint, {texts}, key varchar, state varchar)"
    )
    kept = [
        delivery
        for delivery in register.committed
        if delivery.quarantine_path is not None and (settings.home / delivery.quarantine_path).is_file()
    ]
    if not kept:
        return
    empty = "select null::VARCHAR as _delivery_id, null::BIGINT as _row_number, null::VARCHAR as key where false"
    connection.execute("create or replace temp table _kept (delivery_id varchar, source varchar, feed varchar)")
    connection.executemany(
        "insert into _kept values (?, ?, ?)", [[item.delivery_id, item.source, item.feed] for item in kept]
    )
    connection.execute("create or replace temp table _released (delivery_id varchar, row_number bigint)")
    released = [
        [item.origin_delivery_id, item.origin_row_number] for item in register.committed if item.origin_delivery_id
    ]
    if released:
        connection.executemany("insert into _released values (?, ?)", released)
    connection.execute(
        f"""
        insert into {table}
        select rows._delivery_id, register._source_system, kept.source, kept.feed, register._file_name,
            rows._row_number, {", ".join(f"rows.{name}" for name in TEXTS)}, rows.key,
            case when released.delivery_id is null then 'open' else 'released' end
        from ({empty} union all by name select * from
            read_parquet($files, union_by_name = true, hive_partitioning = false)) as rows
        inner join raw._register as register on rows._delivery_id = register._delivery_id
        inner join _kept as kept on rows._delivery_id = kept.delivery_id
        left join _released as released
            on rows._delivery_id = released.delivery_id and rows._row_number = released.row_number
        order by register._sequence, rows._row_number
        """,
        {"files": [str(settings.home / str(delivery.quarantine_path)) for delivery in kept]},
    )
    known = contracts.feeds()
    for code in sorted({f"{item.source}.{item.feed}" for item in kept} & set(known)):
        feed = known[code]
        same = " and ".join(
            f'later."{name}"::VARCHAR = (item.key::VARCHAR[])[{place}]' for place, name in enumerate(feed.key, start=1)
        )
        connection.execute(
            f"""
            update {table} set state = 'superseded'
            where state = 'open' and (delivery_id, row_number) in (
                select item.delivery_id, item.row_number
                from {table} as item
                inner join raw._register as sent on item.delivery_id = sent._delivery_id
                inner join raw.{feed.source}__{feed.name} as later
                    on item.source_system = later._source_system and {same}
                where item.source = ? and item.feed = ? and json_array_length(item.key) = {len(feed.key)}
                    and later._delivery_id <> item.delivery_id and later._row_number is not null
                    and row(coalesce(later._extracted_at, later._received_at), later._sequence)
                        > row(coalesce(sent._extracted_at, sent._received_at), sent._sequence)
            )
            """,
            [feed.source, feed.name],
        )
    connection.execute("drop table temp._kept")
    connection.execute("drop table temp._released")


def listed(
    settings: Settings, feed: str | None = None, delivery: str | None = None, *, everything: bool = False
) -> list[QuarantinedRow]:
    """The quarantined rows of committed deliveries, in the order they arrived.

    Args:
        feed: only of this feed (`finance.receipts`).
        delivery: only of this delivery.
        everything: also rows that were released or superseded.

    Raises:
        BadInput: there is no such feed or delivery.
    """
    import duckdb

    register = lake.known(settings)
    ids = [item.delivery_id for item in register.committed]
    if delivery is not None and delivery not in ids:
        near = likely(delivery, ids)
        raise BadInput(
            f"there is no delivery {delivery} that counts" + (f"; did you mean {near}?" if near else ""),
            "`attain deliveries` lists them",
        )
    wanted = contracts.feed(feed) if feed is not None else None
    met = {(item.source, item.feed) for item in register.committed if item.quarantine_path is not None}
    feeds = [item for item in contracts.feeds().values() if (item.source, item.name) in met]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        lake.create_raw_views(settings, connection, feeds, register)
        write_table(settings, connection, register, "quarantine_row")
        found = connection.execute(
            f"""
            select delivery_id, source_system, source || '.' || feed, file_name, row_number,
                {", ".join(TEXTS)}, state
            from quarantine_row
            where (state = 'open' or $everything)
                and (source || '.' || feed = $feed or $feed is null)
                and (delivery_id = $delivery or $delivery is null)
            """,
            {"everything": everything, "feed": wanted.code if wanted else None, "delivery": delivery},
        ).fetchall()
    return [QuarantinedRow(*row) for row in found]


def as_csv(rows: Sequence[QuarantinedRow]) -> str:
    """The rows under the headers that they came with, to be corrected in a spreadsheet and dropped into the inbox.

    What is wrong with each stands in columns whose names begin with `_quarantine`; ingest leaves those out. A row that
    could not be taken apart has its text there too. A header sent again in the middle of a file is no row.

    Raises:
        BadInput: the rows are of several feeds, whose columns would not fit into one file.
    """
    kinds = sorted({f"{row.source_system} → {row.feed}" for row in rows})
    if len(kinds) > 1:
        raise BadInput(
            f"the rows are of several feeds ({', '.join(kinds)}), which don't fit into one file",
            "name one with --feed, or a delivery with --delivery",
        )
    records = [(row, json.loads(row.raw_row)) for row in rows if not _is_header(row)]
    headers = list(dict.fromkeys(name for row, cells in records if _has_cells(row) for name in cells))
    helpers = ["file", "row", "column", "reason", "remedy", "text"]
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow([*headers, *(f"{HELPER}{name}" for name in helpers)])
    for row, cells in records:
        known = cells if _has_cells(row) else {}
        about = [row.file_name, row.row_number, row.column_name or "", row.reason, row.remedy]
        writer.writerow([*(known.get(name, "") for name in headers), *about, "" if known else row.raw_row])
    return made.getvalue()


def _has_cells(row: QuarantinedRow) -> bool:
    return row.column_name is not None


def _is_header(row: QuarantinedRow) -> bool:
    return row.reason.startswith("the header again")
