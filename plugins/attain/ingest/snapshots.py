"""What full snapshots prove by what they lack: a record missing in one is deleted as of it.

The answer follows from the committed deliveries and the confirmations alone, never from the order in which files came:

- A snapshot is all files of one arrival for one feed (a zip's members are its parts). It counts as of its extract time.
- Each point at which a record was seen (a row, a snapshot that holds it, a quarantined row whose key can be read) is
  put on one time line with the snapshots. A snapshot between a record's sighting and the next one lacks the record.
- A row is as late as its extract or its change, whichever is later, so a late file of an older day changes nothing.
- A snapshot that lacks too large a share of the known records deletes nothing until a person has confirmed it.

At one and the same moment a file of changes comes after a snapshot; between two snapshots the later arrival decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from attain.control.models import Delivery, Sighting, VanishConfirmation
from attain.ingest.contracts import Feed

if TYPE_CHECKING:
    import duckdb

# So few records may vanish without a question, whatever share of all they are.
FEW_VANISHED = 2
_EXAMPLES = 3


@dataclass(frozen=True)
class Snapshot:
    """One full list of a feed's records.

    Attributes:
        arrival_id: the arrival that brought it, in one or several parts.
        moment: when it was extracted, else received; UTC.
        parts: its deliveries, in the order they are read.
        rows: that they loaded.
        confirmed_at: when a person said that what it lacks is gone; None: nobody did.
    """

    arrival_id: int
    source_system: str
    source: str
    feed: str
    moment: datetime
    received_at: datetime
    file_name: str
    parts: tuple[str, ...]
    rows: int
    confirmed_at: datetime | None


@dataclass(frozen=True)
class HeldSnapshot:
    """A snapshot whose missing records are not deleted, because a person has to look first.

    Attributes:
        delivery_id: its first part, by which it can be confirmed or withdrawn; `parts` are all.
        vanished: records that it lacks.
        known: records that it would have if it lacked none.
        examples: some of their keys.
        reason: why it is held.
    """

    delivery_id: str
    arrival_id: int
    source_system: str
    feed: str
    file_name: str
    vanished: int
    known: int
    examples: list[str]
    reason: str
    parts: tuple[str, ...] = ()

    @property
    def remedy(self) -> str:
        return (
            f"if they are gone: `attain deliveries confirm {self.delivery_id} --reason …`; "
            f"if the file is not whole: `attain withdraw {self.delivery_id} --reason …`"
        )


@dataclass(frozen=True)
class Statement:
    """When a delivery's rows are held to have been said.

    Attributes:
        extracted_at: of all arrivals of these bytes: the last snapshot's, else the earliest that any of them states.
        arrival_id: the arrival that says so.
        mode: changes, events or snapshot.
    """

    extracted_at: datetime | None
    arrival_id: int
    mode: str


def statement(delivery: Delivery, sightings: Iterable[Sighting]) -> Statement:
    """What all arrivals of a delivery say together, in whatever order they came.

    A snapshot that comes again says that the system looks like that again; changes said twice are said once.
    """
    told = [(delivery.extracted_at, delivery.received_at, delivery.arrival_id, delivery.mode or "changes")]
    told += [(seen.extracted_at, seen.received_at, seen.arrival_id, seen.mode) for seen in sightings]
    full = [item for item in told if item[3] == "snapshot"]
    if full:
        last = max(full, key=lambda item: (item[0] or item[1], -item[2]))
        return Statement(last[0], last[2], "snapshot")
    stated = [(extracted, arrival_id) for extracted, _, arrival_id, _ in told if extracted is not None]
    extracted_at, arrival_id = min(stated, default=(None, delivery.arrival_id))
    return Statement(extracted_at, arrival_id, delivery.mode or "changes")


def of(
    deliveries: Sequence[Delivery],
    sightings: Mapping[str, Sequence[Sighting]],
    confirmations: Iterable[VanishConfirmation],
) -> list[Snapshot]:
    """The snapshots that all of these deliveries make up, oldest first.

    One of which a part was withdrawn is not full any more and proves nothing.
    """
    confirmed = {(item.arrival_id, item.source, item.feed): item.confirmed_at for item in confirmations}
    parts: dict[tuple[int, str, str, str], list[tuple[datetime, datetime, Delivery]]] = defaultdict(list)
    for delivery in deliveries:
        told = [(delivery.arrival_id, delivery.extracted_at, delivery.received_at, delivery.mode)]
        told += [(s.arrival_id, s.extracted_at, s.received_at, s.mode) for s in sightings.get(delivery.delivery_id, ())]
        for arrival_id, extracted_at, received_at, mode in told:
            if mode == "snapshot" and delivery.status != "rejected":
                group = arrival_id, delivery.source_system, delivery.source, delivery.feed
                parts[group].append((extracted_at or received_at, received_at, delivery))
    found = []
    for (arrival_id, source_system, source, feed), said in parts.items():
        if all(delivery.status == "committed" for _, _, delivery in said):
            ordered = sorted((delivery for _, _, delivery in said), key=lambda delivery: delivery.sequence)
            found.append(
                Snapshot(
                    arrival_id=arrival_id,
                    source_system=source_system,
                    source=source,
                    feed=feed,
                    moment=max(moment for moment, _, _ in said),
                    received_at=max(received_at for _, received_at, _ in said),
                    file_name=ordered[0].file_name,
                    parts=tuple(dict.fromkeys(delivery.delivery_id for delivery in ordered)),
                    rows=sum(delivery.rows_loaded for delivery in ordered),
                    confirmed_at=confirmed.get((arrival_id, source, feed)),
                )
            )
    return sorted(found, key=lambda item: (item.source_system, item.source, item.feed, item.moment, item.arrival_id))


@dataclass
class Decision:
    """What the snapshots of one feed of one system do: `applied` maps (first, last) snapshot of a gap to the one that
    deletes, by position; `held` are those that wait for a person, with how many records they lack and would have."""

    applied: dict[tuple[int, int], int] = field(default_factory=dict)
    held: list[tuple[int, int, int, str]] = field(default_factory=list)


def decide(
    snapshots: Sequence[Snapshot],
    gaps: Mapping[tuple[int, int], int],
    kept: Mapping[int, int],
    unreadable: Mapping[int, int],
    max_ratio: float,
) -> Decision:
    """Go through the snapshots, oldest first, and see which delete what they lack.

    Args:
        snapshots: of one feed of one system, oldest first; they are numbered from 1.
        gaps: (first, last) snapshot of those that lack a record between two of its sightings → number of such records.
        kept: snapshot → records that it has and that had been known before.
        unreadable: snapshot → quarantined rows whose key can't be read; each may be one of the missing records.
        max_ratio: a larger share of the known records is not deleted without a question.
    """
    decision = Decision()
    starting = defaultdict(list)
    for gap in gaps:
        starting[gap[0]].append(gap)
    active: list[tuple[int, int]] = []
    for number, snapshot in enumerate(snapshots, start=1):
        active = [gap for gap in active if gap[1] >= number] + starting[number]
        vanished = sum(gaps[gap] for gap in active)
        known = vanished + kept.get(number, 0)
        why = ""
        if not vanished:
            continue
        if not kept.get(number) and snapshot.rows == 0:
            why = "it has no records at all"
        elif vanished > FEW_VANISHED and vanished > max_ratio * known:
            why = f"it lacks more than {max_ratio:.0%} of the records known before"
        elif unreadable.get(number):
            why = f"{unreadable[number]} of its rows are in quarantine with a key that can't be read"
        if why and snapshot.confirmed_at is None:
            decision.held.append((number, vanished, known, why))
            continue
        decision.applied.update((gap, number) for gap in active)
        active = []
    return decision


def absences(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    rows_sql: str,
    quarantine_sql: str,
    snapshots: Sequence[Snapshot],
    max_ratio: float,
    absent_table: str,
) -> list[HeldSnapshot]:
    """Make a table of the records that snapshots of a feed prove to be deleted, and say which snapshots are held.

    Args:
        rows_sql: all landed rows: `_source_system`, the key's columns, `_delivery_id`, `_moment`, `_rank`,
            `_arrival_id`, `_sequence`, `_row_number`, `_gone`.
        quarantine_sql: quarantined rows of the snapshots: `_delivery_id` and `key` (JSON list of text, or NULL).
        snapshots: of this feed, of all systems, as `of` gives them.
        absent_table: name of the table to make: the key's columns and `_delivery_id` of the snapshot that lacks it.
    """
    keys = [f'"{name}"' for name in feed.key]
    key_list = ", ".join(keys)
    typed_keys = ", ".join(
        f"(key::VARCHAR[])[{place}]::{feed.by_name[name].sql_type} as {key}"
        for place, (name, key) in enumerate(zip(feed.key, keys, strict=True), start=1)
    )
    by_system: dict[str, list[Snapshot]] = defaultdict(list)
    for snapshot in snapshots:
        by_system[snapshot.source_system].append(snapshot)
    connection.execute(
        "create or replace temp table _snapshot (_source_system varchar, number bigint, moment timestamp, "
        "arrival_id bigint, _delivery_id varchar)"
    )
    connection.execute(
        "create or replace temp table _part (number bigint, _source_system varchar, _delivery_id varchar)"
    )
    for system, listed in by_system.items():
        for number, item in enumerate(listed, start=1):
            connection.execute(
                "insert into _snapshot values (?, ?, ?, ?, ?)",
                [system, number, item.moment, item.arrival_id, item.parts[0]],
            )
            connection.executemany(
                "insert into _part values (?, ?, ?)", [[number, system, part] for part in item.parts]
            )
    connection.execute(f"create or replace temp table _broken as {quarantine_sql}")
    connection.execute(
        f"""
        create or replace temp table _gap as
        with landed as ({rows_sql}),
        part as (
            select _part._delivery_id, snapshot._source_system, snapshot.moment, snapshot.arrival_id
            from _part
            inner join _snapshot as snapshot
                on _part.number = snapshot.number and _part._source_system = snapshot._source_system
        ),
        points as (
            select _source_system, {key_list}, _moment, _rank, _arrival_id, _sequence, _row_number, not _gone as live
            from landed
            union all
            select landed._source_system, {", ".join(f"landed.{key}" for key in keys)},
                part.moment, 0, part.arrival_id, 0, 0, true
            from landed
            inner join part on landed._delivery_id = part._delivery_id
            where not landed._gone and not (landed._moment = part.moment and landed._arrival_id = part.arrival_id)
            union all
            select part._source_system, {typed_keys}, part.moment, 0, part.arrival_id, 0, 0, true
            from _broken as broken
            inner join part on broken._delivery_id = part._delivery_id
            where json_array_length(broken.key) = {len(keys)}
        ),
        -- Most rows of a file stand at one place of the time line, so the snapshots are counted once a place.
        place as (
            select distinct
                _source_system, {{'moment': _moment, 'rank': _rank::bigint, 'arrival': _arrival_id}} as place
            from points
        ),
        snapshot as (
            select _source_system, {{'moment': moment, 'rank': 0::bigint, 'arrival': arrival_id}} as place,
                max(number) as passed, count(*) as here
            from _snapshot
            group by all
        ),
        counted as (
            select place._source_system, place.place, coalesce(snapshot.passed, 0) as passed,
                case when snapshot.place = place.place then snapshot.here else 0 end as here
            from place
            asof left join snapshot
                on place._source_system = snapshot._source_system and place.place >= snapshot.place
        ),
        line as (
            select points.*, counted.passed, counted.here
            from points
            inner join counted
                on points._source_system = counted._source_system
                and points._moment = (counted.place).moment
                and points._rank = (counted.place).rank
                and points._arrival_id = (counted.place).arrival
        ),
        reached as (
            select _source_system, {key_list}, live, passed, here,
                passed + 1 as first_number,
                lead(passed - here) over timeline as next_number,
                coalesce(lag(passed) over timeline < passed, false) as was_known
            from line
            window timeline as (
                partition by _source_system, {key_list}
                order by _moment, _rank, _arrival_id, _sequence, _row_number
            )
        ),
        total as (
            select _source_system, count(*) as snapshots from _snapshot group by all
        )
        select reached.* exclude (next_number), coalesce(reached.next_number, total.snapshots) as last_number
        from reached
        inner join total on reached._source_system = total._source_system
        where reached.live
            and (
                reached.first_number <= coalesce(reached.next_number, total.snapshots)
                or (reached.here = 1 and reached.was_known)
            )
        """
    )
    held: list[HeldSnapshot] = []
    connection.execute(
        "create or replace temp table _applied "
        "(_source_system varchar, first_number bigint, last_number bigint, number bigint)"
    )
    for system, listed in by_system.items():
        gaps = connection.execute(
            "select first_number, last_number, count(*) from _gap "
            "where _source_system = ? and live and first_number <= last_number group by all",
            [system],
        ).fetchall()
        kept = connection.execute(
            "select passed, count(*) from _gap "
            "where _source_system = ? and live and here = 1 and was_known group by all",
            [system],
        ).fetchall()
        unreadable = connection.execute(
            "select part.number, count(*) from _broken as broken "
            "inner join _part as part on broken._delivery_id = part._delivery_id "
            "where part._source_system = ? and broken.key is null group by all",
            [system],
        ).fetchall()
        counts = {(first, last): times for first, last, times in gaps}
        decision = decide(listed, counts, dict(kept), dict(unreadable), max_ratio)
        if decision.applied:
            connection.executemany(
                "insert into _applied values (?, ?, ?, ?)",
                [[system, first, last, number] for (first, last), number in decision.applied.items()],
            )
        for number, vanished, known, why in decision.held:
            examples = connection.execute(
                f"""
                select concat_ws(' / ', {", ".join(f"{key}::VARCHAR" for key in keys)}) as example
                from _gap as gap
                left join _applied as applied using (_source_system, first_number, last_number)
                where gap._source_system = ? and live and ? between first_number and last_number
                    and coalesce(applied.number, ?) >= ?
                order by example limit {_EXAMPLES}
                """,
                [system, number, number, number],
            ).fetchall()
            item = listed[number - 1]
            held.append(
                HeldSnapshot(
                    delivery_id=item.parts[0],
                    arrival_id=item.arrival_id,
                    source_system=system,
                    feed=feed.code,
                    file_name=item.file_name,
                    vanished=vanished,
                    known=known,
                    examples=[example for (example,) in examples],
                    reason=why,
                    parts=item.parts,
                )
            )
    connection.execute(
        f"""
        create or replace table {absent_table} as
        select {", ".join(f"gap.{key}" for key in keys)}, snapshot._delivery_id, snapshot.moment as _moment,
            snapshot.arrival_id as _arrival_id
        from _gap as gap
        inner join _applied as applied using (_source_system, first_number, last_number)
        inner join _snapshot as snapshot
            on gap._source_system = snapshot._source_system and applied.number = snapshot.number
        where gap.live
        """
    )
    for name in ("_gap", "_snapshot", "_part", "_broken", "_applied"):
        connection.execute(f"drop table temp.{name}")
    return held
