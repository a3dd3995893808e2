"""The register of deliveries: from files in the inbox to rows that count.

A file passes through these steps; a process may be killed between any two of them and nothing is lost or doubled:

1. its arrival is noted in `lake/archive/pending/<token>.json`, with what its manifest says, then the file is moved
   beside the note, and the manifest is taken out of the inbox;
2. it is hashed and moved to `lake/archive/<aa>/<sha256><suffix>`, read-only, before anything reads it;
3. it is read into `lake/landing/<delivery_id>/`, which is moved to `lake/raw/…` when it is complete;
4. arrival and deliveries are registered in one transaction: from here on the rows count;
5. the note is removed.

The next ingest takes up every note it finds, and removes landed folders that no delivery speaks for.

An archive is one arrival, archived and hashed as it came. Each file in it is a delivery of its own, with the hash of
its unpacked bytes, so that a file counts once whether it comes packed or not. If one file in it is bad, none counts.

Bytes that arrive again are a sighting of the delivery that they already are. It adds no rows; it is kept where it says
something new: another date, or that a snapshot has come again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import shutil
import stat
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from attain.control import database, lock
from attain.control.models import Arrival, Delivery, Sighting, VanishConfirmation
from attain.errors import BadInput
from attain.ingest import (
    archives,
    contracts,
    glance,
    lake,
    landing,
    layouts,
    manifests,
    mappings,
    matching,
    reading,
    snapshots,
    tables,
)
from attain.ingest.archives import Piece
from attain.ingest.contracts import likely
from attain.ingest.conversion import Formats
from attain.ingest.landing import Landed, RefusedRow
from attain.ingest.manifests import Counted, Manifest
from attain.ingest.mappings import Target
from attain.ingest.rejected import Rejected
from attain.ingest.snapshots import HeldSnapshot
from attain.settings import Settings

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

# A file that was touched less long ago is looked at twice; a text file whose last line is open waits until then.
SETTLE_SECONDS = 5.0
LOOK_SECONDS = 0.2
WAIT_FOR_WRITER_SECONDS = 60.0
# Columns of `attain quarantine list --csv` that are for the reader; sent back they are no part of the row.
HELPER = "_quarantine "
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial")
_NEVER = datetime.combine(date.min, clock.min)
_MOMENT_IN_NAME = re.compile(
    r"(?<!\d)(20\d{2})[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])"
    r"(?:[-_ T]?([01]\d|2[0-3])[-_.:]?([0-5]\d)[-_.:]?([0-5]\d)(Z)?)?(?!\d)"
)


@dataclass
class DeliveryResult:
    """The rows that one file brought for one feed; counts of rows.

    `rows_in_file` is always `rows_loaded + rows_quarantined + rows_declared_totals + rows_not_for_feed`.
    `file_name` is the path below the inbox; of a zip's member it is `<path>!<member>`.
    """

    delivery_id: str
    feed: str
    rows_in_file: int
    rows_loaded: int
    rows_quarantined: int
    rows_declared_totals: int
    rows_not_for_feed: int
    extra_columns: list[str] = field(default_factory=list)
    quarantine_samples: list[RefusedRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    file_name: str = ""


@dataclass
class FileResult:
    """What became of one file.

    Attributes:
        file_name: path below the inbox.
        outcome: `committed`, `duplicate`, `rejected`, `ignored` (a mapping says so), `waiting` (still being written,
            or a manifest whose file has not come) or `unknown` (no source or mapping of that folder's name, or a
            manifest that came after its file); the last two stay in the inbox.
        deliveries: one a feed that it brought rows for; of a zip, one a member and feed.
        reason: why it was not committed, or which members of a committed zip were left out.
        remedy: what to do about it.
        rejected_path: where a rejected file lies now, below the home.
    """

    file_name: str
    outcome: str
    deliveries: list[DeliveryResult] = field(default_factory=list)
    reason: str | None = None
    remedy: str | None = None
    rejected_path: str | None = None

    @property
    def needs_a_look(self) -> bool:
        """Whether somebody has to do something before its rows can count."""
        return self.outcome in {"rejected", "unknown"}

    @property
    def rows_loaded(self) -> int:
        return sum(delivery.rows_loaded for delivery in self.deliveries)

    @property
    def rows_quarantined(self) -> int:
        return sum(delivery.rows_quarantined for delivery in self.deliveries)


@dataclass
class IngestReport:
    """What one look at the inbox of one source system came to.

    `held` are its snapshots, of this look or before, whose missing records wait for a person; `seconds` is wall time.
    """

    source_system: str
    files: list[FileResult] = field(default_factory=list)
    held: list[HeldSnapshot] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, outcome: str) -> int:
        """Number of files of that outcome."""
        return sum(1 for result in self.files if result.outcome == outcome)

    @property
    def committed(self) -> int:
        return self.count("committed")

    @property
    def rejected(self) -> int:
        return self.count("rejected")


def source_systems(settings: Settings) -> list[str]:
    """Whose files can be ingested: sources with contracts, then mappings, then what else lies in the inbox.

    The last, folders that nobody knows and files beside the folders, are listed so that they are reported, not
    overlooked.
    """
    known = [*contracts.load(), *mappings.names(settings)]
    if not settings.inbox.is_dir():
        return known
    met = {path.relative_to(settings.inbox).parts[0]: None for path in _files_below(settings.inbox)}
    return [*known, *(name for name in met if name not in known)]


def list_deliveries(settings: Settings) -> list[Delivery]:
    """All deliveries of the register, whatever their status, in the order they arrived."""
    with database.session(settings) as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.sequence)))


def withdraw(settings: Settings, delivery_id: str, reason: str, by: str) -> None:
    """Undo a committed delivery: its rows no longer count, its file stays in the archive.

    The same file may be delivered again afterwards; it is then a delivery of its own.

    Raises:
        BadInput: there is no such delivery, it does not count anyway, or no reason is given.
        Busy: a run is at work in this home.
    """
    if not reason.strip():
        raise BadInput("a withdrawal needs a reason", "say why the rows must not count")
    with lock.writer(settings, WAIT_FOR_WRITER_SECONDS), database.session(settings) as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:
            near = likely(delivery_id, session.scalars(select(Delivery.delivery_id)))
            raise BadInput(
                f"there is no delivery {delivery_id}" + (f"; did you mean {near}?" if near else ""),
                "`attain deliveries` lists them",
            )
        if delivery.status != "committed":
            raise BadInput(f"delivery {delivery_id} is {delivery.status}; its rows don't count", "nothing to do")
        released = select(Delivery).where(Delivery.origin_delivery_id == delivery_id, Delivery.status == "committed")
        for item in [delivery, *session.scalars(released)]:
            item.status = "withdrawn"
            item.reason = reason
            item.withdrawn_at = _now()
            item.withdrawn_by = by


def confirm(settings: Settings, delivery_id: str, reason: str, by: str) -> HeldSnapshot:
    """Say that the records which a held snapshot lacks are really gone: from now on they are deleted as of it.

    Raises:
        BadInput: the delivery is part of no snapshot that is held, or no reason is given.
        Busy: a run is at work in this home.
    """
    if not reason.strip():
        raise BadInput("a confirmation needs a reason", "say how it is known that the records are gone")
    with lock.writer(settings, WAIT_FOR_WRITER_SECONDS):
        held = lake.held_snapshots(settings)
        found = next((item for item in held if delivery_id in (item.delivery_id, *item.parts)), None)
        if found is None:
            ids = [item.delivery_id for item in held]
            near = likely(delivery_id, ids)
            raise BadInput(
                f"{delivery_id} is no delivery whose missing records wait"
                + (f"; did you mean {near}?" if near else ""),
                f"those that wait: {', '.join(ids)}" if ids else "nothing to do: none wait",
            )
        source, _, feed = found.feed.partition(".")
        with database.session(settings) as session:
            session.add(
                VanishConfirmation(
                    arrival_id=found.arrival_id,
                    source=source,
                    feed=feed,
                    confirmed_at=_now(),
                    confirmed_by=by,
                    reason=reason,
                )
            )
    return found


def release_row(
    settings: Settings, delivery_id: str, row_number: int, changes: Mapping[str, str], reason: str, by: str
) -> DeliveryResult:
    """Let a quarantined row count after all, as a person has corrected it: it becomes a delivery of its own.

    It goes through the same contract as any row, counts as of the extract that it came in, and keeps the delivery and
    the row that it came from. Withdrawing it undoes the release; withdrawing its origin does so too.

    Args:
        changes: header or canonical column → the cell's right text.

    Raises:
        BadInput: there is no such row, it was released before, or the row still breaks its contract.
        Busy: a run is at work in this home.
    """
    if not reason.strip():
        raise BadInput("a release needs a reason", "say how the right values are known")
    with lock.writer(settings, WAIT_FOR_WRITER_SECONDS):
        with database.session(settings) as session:
            origin = session.get(Delivery, delivery_id)
            if origin is None or origin.status != "committed" or origin.quarantine_path is None:
                ids = session.scalars(select(Delivery.delivery_id).where(Delivery.quarantine_path.is_not(None)))
                near = likely(delivery_id, ids)
                raise BadInput(
                    f"no delivery {delivery_id} that counts has rows in quarantine"
                    + (f"; did you mean {near}?" if near else ""),
                    "`attain quarantine list` lists them",
                )
            before = session.scalar(
                select(Delivery.delivery_id).where(
                    Delivery.origin_delivery_id == delivery_id,
                    Delivery.origin_row_number == row_number,
                    Delivery.status == "committed",
                )
            )
        if before is not None:
            raise BadInput(f"row {row_number} was released before, as delivery {before}", "nothing to do")
        work = _Ingest(settings, origin.source_system, IngestReport(origin.source_system))
        try:
            return work.release(origin, row_number, changes, reason, by)
        finally:
            work.close()


def ingest_source(settings: Settings, source_system: str, without: Sequence[str] = ()) -> IngestReport:
    """Take in every settled file below `inbox/<source_system>/`, after finishing what a killed run left.

    A bad file is rejected with reason and remedy, and the others are taken in. Files still being written stay.

    Args:
        settings: the home.
        source_system: folder of the inbox.
        without: columns (`feed.column`) that exports had and may lack from now on.

    Raises:
        BadInput: there is no source, mapping or folder of that name, or the mapping can't be used.
        Busy: another run is at work in this home.
    """
    started = time.monotonic()
    report = IngestReport(source_system)
    known = [*contracts.load(), *mappings.names(settings)]
    columns = [f"{feed.name}.{column.name}" for feed in contracts.feeds().values() for column in feed.columns]
    for name in without:
        if name not in columns:
            near = likely(name, columns)
            raise BadInput(
                f"no feed has a column {name!r}" + (f"; did you mean {near!r}?" if near else ""),
                "name it as feed.column, e.g. deals.lead_source, as the rejection did",
            )
    if source_system not in known:
        report.files = _unknown(settings, source_system, known)
    else:
        with lock.writer(settings, WAIT_FOR_WRITER_SECONDS):
            _Ingest(settings, source_system, report, without).run()
            report.held = [item for item in lake.held_snapshots(settings) if item.source_system == source_system]
    report.seconds = time.monotonic() - started
    return report


def _unknown(settings: Settings, source_system: str, known: Sequence[str]) -> list[FileResult]:
    near = likely(source_system, known)
    reason = f"inbox/{source_system}: no source or mapping of that name" + (f"; did you mean {near!r}?" if near else "")
    remedy = f"`attain mapping suggest {source_system}` writes a draft of a mapping"
    folder = settings.inbox / source_system
    if Path(source_system).name == source_system and (folder.is_file() or folder.is_symlink()):
        feed = None if folder.is_symlink() else mappings.likely_feed(settings, folder)
        place = feed.replace(".", "/") if feed else "<source>/<feed>"
        looks = "; its header looks like that feed's" if feed else ""
        reason = "it lies in the inbox itself, so nobody knows whose it is"
        return [FileResult(source_system, "unknown", reason=reason, remedy=f"move it to inbox/{place}/{looks}")]
    if Path(source_system).name != source_system or not folder.is_dir() or folder.is_symlink():
        raise BadInput(reason, f"the sources are {', '.join(known)}; {remedy} for files in inbox/{source_system}/")
    return [
        FileResult(path.relative_to(settings.inbox).as_posix(), "unknown", reason=reason, remedy=remedy)
        for path in _files_below(folder)
    ]


def _now() -> datetime:
    """Moment of arrival, in UTC without zone as the control database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class _Note:
    """The note of a file on its way: all that is needed to go on after a crash."""

    token: str
    source_system: str
    file_name: str
    suffix: str
    received_at: str
    sha256: str | None = None
    manifest: str | None = None

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.received_at)


@dataclass(frozen=True)
class _Plan:
    """Which feeds a file is for, or why it is not read: by a mapping, or by the feed's folder and the file's layout."""

    targets: tuple[Target, ...] = ()
    ignored: str | None = None
    folder: contracts.Feed | None = None


@dataclass(frozen=True)
class _Read:
    """The rows of one piece for one feed, landed but not yet counted."""

    piece: Piece
    table: tables.Table
    target: Target
    delivery_id: str
    landed: Landed
    headers: dict[str, str]

    def result(self) -> DeliveryResult:
        landed = self.landed
        return DeliveryResult(
            delivery_id=self.delivery_id,
            feed=self.target.feed.code,
            rows_in_file=landed.rows_in_file,
            rows_loaded=landed.rows_loaded,
            rows_quarantined=landed.rows_quarantined,
            rows_declared_totals=landed.rows_declared_totals,
            rows_not_for_feed=landed.rows_not_for_feed,
            extra_columns=landed.extra_columns,
            quarantine_samples=landed.samples,
            notes=landed.notes if landed.rows_in_file else [*landed.notes, "it has a header but no rows"],
            file_name=self.piece.file_name,
        )


@dataclass(frozen=True)
class _Again:
    """A piece that is a committed delivery already."""

    piece: Piece
    target: Target
    delivery_id: str


@dataclass(frozen=True)
class _Release:
    """Where a released row came from, and who let it count and why."""

    origin: Delivery
    row_number: int
    reason: str
    by: str


class _Ingest:
    """One look at one source system's inbox, under the writer's lock."""

    def __init__(
        self, settings: Settings, source_system: str, report: IngestReport, without: Sequence[str] = ()
    ) -> None:
        self.without = frozenset(without)
        self.settings = settings
        self.source_system = source_system
        self.report = report
        self.archive = settings.lake / "archive"
        self.pending = self.archive / "pending"
        self.landing = settings.lake / "landing"
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.queries: glance.Queries | None = None  # of the connection
        is_mapped = source_system not in contracts.load()
        self.mapping = mappings.load(settings, source_system) if is_mapped else None
        self.formats = Formats(settings.timezone) if is_mapped else mappings.formats_of(settings, source_system)

    def run(self) -> None:
        for folder in (self.pending, self.landing):
            folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        try:
            for note in self._notes():
                self._finish(note)
            for path in self._settled():
                self._admit(path)
        finally:
            self.close()

    def close(self) -> None:
        if self.queries is not None:
            self.queries.close()
        if self.connection is not None:
            self.connection.close()

    # --- what a killed run left

    def _sweep(self) -> None:
        """Remove landed rows that no delivery speaks for."""
        shutil.rmtree(self.landing)
        self.landing.mkdir()
        for pattern in ("*.draft", "*.copy"):  # cut off while they were written; what they were made of is still there
            for path in self.pending.glob(pattern):
                path.unlink()
        with database.session(self.settings) as session:
            spoken_for = set(session.scalars(select(Delivery.raw_path)))
            spoken_for |= set(session.scalars(select(Delivery.quarantine_path)))
        for area in ("raw", "quarantine"):
            for path in (self.settings.lake / area).glob("*/*/*"):
                if path.relative_to(self.settings.home).as_posix() not in spoken_for:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _notes(self) -> list[_Note]:
        """Notes of files that were on their way, oldest first; those of files that never left the inbox are removed."""
        found = []
        for path in self.pending.glob("*.json"):
            try:
                note = _Note(**json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, TypeError) as error:
                if path.with_suffix(".file").exists():
                    raise BadInput(
                        f"the note {path.name} of a file on its way can't be read: {error}",
                        f"put {path.stem}.file back into the inbox under its name and remove both",
                    ) from None
                path.unlink()
                continue
            if note.source_system != self.source_system:
                continue
            if self._moved(note).exists() or (note.sha256 is not None and self._archived(note).exists()):
                found.append(note)
            else:
                path.unlink()
        return sorted(found, key=lambda note: (note.received_at, note.file_name))

    def _finish(self, note: _Note) -> None:
        with database.session(self.settings) as session:
            registered = session.scalar(
                select(Arrival.arrival_id).where(
                    Arrival.source_system == note.source_system,
                    Arrival.file_name == note.file_name,
                    Arrival.received_at == note.moment,
                    Arrival.content_sha256 == (note.sha256 or ""),
                )
            )
        self._take_manifest(note)
        if registered is None:
            self._process(note)
        self._note_path(note).unlink()

    # --- files in the inbox

    def _settled(self) -> list[Path]:
        """Files that nobody is writing any more, in an order that does not depend on when they were dropped."""
        folder = self.settings.inbox / self.source_system
        if not folder.is_dir() or folder.is_symlink():
            return []
        first = {path: _appearance(path) for path in _files_below(folder)}
        fresh = [path for path, (_, _, age) in first.items() if -SETTLE_SECONDS < age < SETTLE_SECONDS]
        if fresh:
            time.sleep(LOOK_SECONDS)
        written = {
            path
            for path, seen in first.items()
            if path in fresh and (_appearance(path)[:2] != seen[:2] or _is_half_written(path))
        }
        told = {path for path in first if manifests.is_manifest(path) and not path.is_symlink() and path.is_file()}
        settled = []
        for path in first:
            if path in told:
                told_of = path.with_name(path.name[: -len(manifests.SUFFIX)])
                if told_of not in first:
                    self.report.files.append(self._lone_manifest(path, told_of))
            elif path in written or (manifests.beside(path) in told and manifests.beside(path) in written):
                self.report.files.append(
                    FileResult(
                        self._name(path),
                        "waiting",
                        reason="it is still being written"
                        if path in written
                        else "its manifest is still being written",
                        remedy="nothing to do; it is taken in at the next look",
                    )
                )
            else:
                settled.append(path)
        zone = ZoneInfo(self.settings.timezone)
        return sorted(settled, key=lambda path: (_moment_in_name(path.name, zone) or _NEVER, self._name(path)))

    def _lone_manifest(self, path: Path, told_of: Path) -> FileResult:
        """A manifest whose file is not there: it has not come yet, or it was taken in before its manifest came."""
        name, file_name = self._name(path), _printable(self._name(told_of))
        try:
            sha256 = manifests.read(manifests.text_of(path)).sha256
        except (Rejected, OSError):
            sha256 = None
        with database.session(self.settings) as session:
            known = select(Arrival).where(Arrival.source_system == self.source_system).order_by(Arrival.arrival_id)
            if sha256 is not None:
                before = session.scalars(known.where(Arrival.content_sha256 == sha256)).first()
            else:
                last = session.scalars(known.where(Arrival.file_name == file_name)).all()[-1:]
                before = next((arrival for arrival in last if arrival.manifest_path is None), None)
        if before is None:
            reason = f"it is the manifest of {told_of.name}, which has not come yet"
            return FileResult(name, "waiting", reason=reason, remedy="nothing to do but to send the file")
        return FileResult(
            name,
            "unknown",
            reason=f"it came after {told_of.name}, which was taken in at {before.received_at:%Y-%m-%d %H:%M} UTC",
            remedy=f"put {told_of.name} beside it again (the same bytes count once), or remove the manifest",
        )

    def _name(self, path: Path) -> str:
        return path.relative_to(self.settings.inbox).as_posix()

    def _admit(self, path: Path) -> None:
        """Note the file's arrival, move it out of everybody's reach, and process it."""
        suffix = path.suffix.casefold()
        note = _Note(
            token=uuid.uuid4().hex,
            source_system=self.source_system,
            file_name=_printable(self._name(path)),
            suffix=suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else "",
            received_at=_now().isoformat(),
            manifest=self._manifest_text(path),
        )
        self._write_note(note)
        try:
            _move(path, self._moved(note))
        except FileNotFoundError:  # whoever dropped it took it back
            self._note_path(note).unlink()
            return
        except OSError as error:
            self._note_path(note).unlink()
            self.report.files.append(
                FileResult(
                    note.file_name,
                    "waiting",
                    reason=f"it can't be taken out of the inbox: {error.strerror}",
                    remedy="make the inbox and its files writable for attain",
                )
            )
            return
        self._take_manifest(note)
        self._process(note)
        self._note_path(note).unlink()

    def _manifest_text(self, path: Path) -> str | None:
        """What lies beside a file as its manifest; None when nothing does."""
        manifest = manifests.beside(path)
        try:
            return manifests.text_of(manifest) if manifest.is_file() and not manifest.is_symlink() else None
        except OSError:
            return None

    def _take_manifest(self, note: _Note) -> None:
        """Remove the manifest from the inbox: the note holds it. Another one, of a file to come, is left there."""
        if note.manifest is not None:
            path = manifests.beside(self.settings.inbox / note.file_name)
            if self._manifest_text(path.with_name(Path(note.file_name).name)) == note.manifest:
                path.unlink(missing_ok=True)

    def _process(self, note: _Note) -> None:
        """From a moved file to registered rows; repeats nothing that was done before a crash."""
        if note.sha256 is None and not stat.S_ISREG(self._moved(note).lstat().st_mode):
            self._refuse_special(note)
            return
        facts: tables.FileFacts | None = None
        if note.sha256 is None:
            moved = self._moved(note)
            moved.chmod(0o444)
            facts = tables.look(moved)  # of a file beyond all limits too: it is kept, and counts once
            note = _Note(**{**asdict(note), "sha256": facts.sha256})
            self._write_note(note)
        archived = self._archived(note)
        if self._moved(note).exists():
            archived.parent.mkdir(parents=True, exist_ok=True)
            self._moved(note).replace(archived)
            _sync(archived.parent)
        facts = facts or tables.look(archived)
        try:
            self._deliver(note, facts)
        except Rejected as rejected:
            self._reject(note, facts, rejected)
        except (RuntimeError, ValueError, LookupError) as error:
            # A fault of the program on this one file must not keep the others out for ever.
            log.exception("fault while reading %s", note.file_name)
            self._reject(
                note,
                facts,
                Rejected(
                    f"attain failed on it ({type(error).__name__}: {error}); this is a fault of the program",
                    "report it with the file; nothing of it was taken in",
                ),
            )

    def _plan(self, note: _Note, piece: Piece) -> _Plan:
        """What a piece is for: the feed of its folder, or what the mapping says of its name (or its archive's)."""
        parts = Path(note.file_name).parts
        if self.mapping is not None:
            entry = self.mapping.file_for(parts[-1]) or self.mapping.file_for(piece.name)
            if entry is None:
                patterns = [item.pattern for item in self.mapping.files]
                near = likely(piece.name, patterns)
                raise Rejected(
                    f"mapping {self.mapping.name} knows no file of that name"
                    + (f"; did you mean {near!r}?" if near else ""),
                    f"it knows {', '.join(patterns)}; name the file so, or add it to mappings/{self.mapping.name}.yml",
                )
            return _Plan(entry.targets, entry.ignored)
        named = contracts.feed_of_file(self.source_system, piece.name)
        if named is not None and (piece.member is not None or len(parts) < 3):
            return _Plan(folder=named)
        if piece.member is not None and len(parts) < 3:  # a backup holds more than the feeds
            return _Plan(ignored=f"no feed of {self.source_system} has files of that name")
        return _Plan(folder=self._feed(parts))

    def _feed(self, parts: Sequence[str]) -> contracts.Feed:
        feeds = contracts.load()[self.source_system].feeds
        if len(parts) < 3:
            raise Rejected(
                f"it lies in inbox/{self.source_system}, in no feed's folder, and no feed's files are called so",
                f"put it into inbox/{self.source_system}/<feed>/; the feeds are {', '.join(feeds)}",
            )
        if parts[1] not in feeds:
            near = likely(parts[1], feeds)
            raise Rejected(
                f"{self.source_system} has no feed {parts[1]!r}" + (f"; did you mean {near!r}?" if near else ""),
                f"put it into inbox/{self.source_system}/<feed>/; the feeds are {', '.join(feeds)}",
            )
        return feeds[parts[1]]

    # --- from bytes to rows

    def _deliver(self, note: _Note, facts: tables.FileFacts) -> None:
        """Land every piece of the file, then let all of them count together."""
        name = Path(note.file_name).name
        is_of_source = len(Path(note.file_name).parts) < 3
        if self.mapping is None:  # a wrong folder is said before anything is unpacked
            speaks = archives.is_archive(name) or contracts.feed_of_file(self.source_system, name) is not None
            if not (is_of_source and speaks):
                self._feed(Path(note.file_name).parts)
        elif (entry := self.mapping.file_for(name)) is not None and entry.ignored is not None:
            self._register_only(note, facts, "ignored", entry.ignored, None)
            return
        if facts.byte_size > tables.MAX_FILE_BYTES:
            raise Rejected(
                f"it has {facts.byte_size} bytes, more than the {tables.MAX_FILE_BYTES} that a file may have",
                "send it in parts, each with its header",
            )
        manifest = Manifest() if note.manifest is None else manifests.read(note.manifest)
        manifests.hold_bytes(manifest, facts.sha256)
        read: list[_Read] = []
        again: list[_Again] = []
        counted: list[Counted] = []
        left_out: list[tuple[Piece, str, str]] = []
        with self._scratch() as scratch:
            for piece in archives.pieces(self._archived(note), note.file_name, facts, scratch):
                try:
                    plan = self._plan(note, piece)
                    if plan.ignored is not None:
                        left_out.append((piece, "ignored", plan.ignored))
                        continue
                    known = {item.delivery_id for item in read}
                    landed = self._land(note, piece, plan, scratch, known, manifest, counted, again)
                except Rejected as rejected:
                    raise _of_member(piece, rejected) from None
                if not landed:
                    reason = "the same bytes were delivered before; nothing changes"
                    left_out.append((piece, "duplicate", reason))
                read += landed
            notes = manifests.hold_rows(manifest, counted)
            if read:
                read[0].landed.notes.extend(notes)
                paths = [self._settle(scratch, item) for item in read]
        if not read:
            outcomes = [outcome for _, outcome, _ in left_out]
            if self.mapping is None and set(outcomes) == {"ignored"}:
                raise Rejected(
                    f"none of its files is called like a feed of {self.source_system}: "
                    + ", ".join(str(piece.member) for piece, _, _ in left_out[:5]),
                    f"put it into inbox/{self.source_system}/<feed>/, or name its files after the modules they hold",
                )
            outcome = "duplicate" if "duplicate" in outcomes else "ignored"
            self._register_only(note, facts, outcome, left_out[outcomes.index(outcome)][2], None, again, manifest)
            return
        said = [f"{piece.member}: {outcome}, {reason}" for piece, outcome, reason in left_out]
        self._register(note, facts, read, paths, f"left out: {'; '.join(said)}" if said else None, again, manifest)

    def _again(self, piece: Piece, targets: Sequence[Target]) -> list[_Again]:
        """The committed deliveries that this piece is, once more."""
        with database.session(self.settings) as session:
            return [
                _Again(piece, target, delivery.delivery_id)
                for target in targets
                for delivery in self._same(session, piece.facts.sha256, target)
                if delivery.status == "committed"
            ]

    def _land(
        self,
        note: _Note,
        piece: Piece,
        plan: _Plan,
        scratch: Path,
        in_this_archive: set[str],
        manifest: Manifest,
        counted: list[Counted],
        again: list[_Again],
    ) -> list[_Read]:
        """Read one piece for the feeds that do not have its rows yet; empty if all have.

        When the manifest tells of rows, a piece is read even if its rows are there already, to be counted only.
        """
        read = []
        targets = (layouts.plain(plan.folder, self.formats),) if plan.folder is not None else plan.targets
        fresh = self._fresh(piece, targets, in_this_archive)
        try:
            if plan.folder is not None:  # its feeds are known when it is open
                table = self._open(piece, layouts.all_targets(plan.folder, self.formats), scratch)
                table, targets = layouts.arranged(table, plan.folder, self.formats)
                fresh = self._fresh(piece, targets, in_this_archive)
            again += self._again(piece, targets)
            to_read = fresh
            if not fresh:
                if not manifest.counts or not targets:
                    return []
                to_read = [(targets[0], f"again-{uuid.uuid4().hex}")]
            if plan.folder is None:
                table = self._open(piece, targets, scratch)
            matches = [matching.match(table, target) for target in targets]
            if plan.folder is not None and fresh:
                for matched in matches:
                    self._refuse_dropped(note, piece, table, matched, manifest)
            used = frozenset().union(*(matched.used for matched in matches))
            extras = {
                header: index
                for index, header in enumerate(table.header)
                if index not in used and header != f"column {index + 1}" and not header.startswith(HELPER)
            }
            for target, delivery_id in to_read:
                raw = scratch / delivery_id
                raw.mkdir()
                matched = matches[list(targets).index(target)]
                landed = landing.land(
                    self._duckdb(),
                    table,
                    matched,
                    extras,
                    delivery_id,
                    raw,
                    scratch / f"{delivery_id}.parquet",
                    note.moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self.settings.timezone)).date(),
                    self.settings.max_quarantine_ratio,
                    self.settings.timezone,
                    self.queries,
                )
                headers = matching.headers_of(table, matched)
                read.append(_Read(piece, table, target, delivery_id, landed, headers))
            counted.append(Counted(table, matches[list(targets).index(to_read[0][0])], read[0].landed))
        except Rejected as rejected:
            raise _RejectedFor(rejected, piece, [target for target, _ in fresh], [made for _, made in fresh]) from None
        return read if fresh else []

    def _refuse_dropped(
        self, note: _Note, piece: Piece, table: tables.Table, matched: matching.Match, manifest: Manifest
    ) -> None:
        """Refuse an export that has lost columns since the last one of the same name and dialect: its cells would read
        as blank."""
        target = matched.target
        lost = [name for name in matching.absent(matched) if f"{target.feed.name}.{name}" not in self.without]
        if not lost or matched.deleted is not None or table.file_format in ("json", "jsonl"):
            return
        said = self._extracted_at(note, piece, manifest) or note.moment
        with database.session(self.settings) as session:
            earlier = session.scalars(
                select(Delivery)
                .where(
                    Delivery.source_system == self.source_system,
                    Delivery.source == target.feed.source,
                    Delivery.feed == target.feed.name,
                    Delivery.status == "committed",
                    Delivery.file_format.not_in(["json", "jsonl"]),
                    Delivery.rows_loaded > 0,
                    func.coalesce(Delivery.extracted_at, Delivery.received_at) <= said,
                    Delivery.mapping_sha256.is_(None)
                    if target.mapping_sha256 is None
                    else Delivery.mapping_sha256 == target.mapping_sha256,
                )
                .order_by(func.coalesce(Delivery.extracted_at, Delivery.received_at).desc(), Delivery.sequence.desc())
            )
            named, headers = contracts.undated(piece.name), matching.headers_of(table, matched)
            before = next(
                (
                    item
                    for item in earlier
                    if contracts.undated(item.file_name.split("!")[-1]) == named
                    and matching.is_same_dialect(item.headers, headers)
                ),
                None,
            )
        if before is None or before.raw_path is None:
            return
        had = landing.columns_that_say_something(self.settings.home / before.raw_path, lost)
        matching.refuse_dropped(table, matched, had, before.file_name)

    def _open(self, piece: Piece, targets: Sequence[Target], scratch: Path) -> tables.Table:
        return reading.open_table(piece.path, piece.name, piece.facts, matching.score(targets), scratch)

    def _fresh(self, piece: Piece, targets: Sequence[Target], in_this_archive: set[str]) -> list[tuple[Target, str]]:
        """The targets that do not have the piece's rows yet, each with the id of the delivery to be."""
        sha256 = piece.facts.sha256
        with database.session(self.settings) as session:
            identified = [
                (target, self._delivery_id(session, sha256, target))
                for target in targets
                if not self._is_committed(session, sha256, target)
            ]
        return [(target, delivery_id) for target, delivery_id in identified if delivery_id not in in_this_archive]

    def _is_committed(self, session: Session, sha256: str, target: Target) -> bool:
        return any(delivery.status == "committed" for delivery in self._same(session, sha256, target))

    def _same(self, session: Session, sha256: str, target: Target) -> list[Delivery]:
        """Earlier deliveries of these bytes for this feed, read by the same rules."""
        return list(
            session.scalars(
                select(Delivery).where(
                    Delivery.content_sha256 == sha256,
                    Delivery.source_system == self.source_system,
                    Delivery.source == target.feed.source,
                    Delivery.feed == target.feed.name,
                    Delivery.contract_sha256 == target.feed.contract_sha256,
                    Delivery.mapping_sha256.is_(None)
                    if target.mapping_sha256 is None
                    else Delivery.mapping_sha256 == target.mapping_sha256,
                )
            )
        )

    def _delivery_id(self, session: Session, sha256: str, target: Target) -> str:
        """Follows from content, feed and rules alone, so that the order of arrival does not show in it."""
        attempt = len(self._same(session, sha256, target))
        named = [
            sha256,
            self.source_system,
            target.feed.code,
            target.mapping_sha256,
            target.feed.contract_sha256,
            attempt,
        ]
        return contracts.sha256_of(named)[:32]

    def _settle(self, scratch: Path, read: _Read) -> tuple[str, str | None]:
        """Move complete Parquet to its place; paths below the home."""
        target, delivery_id = read.target, read.delivery_id
        raw = self.settings.lake / "raw" / target.feed.source / target.feed.name / delivery_id
        _sync(scratch / delivery_id / landing.PART_NAME)
        _sync(scratch / delivery_id)
        raw.parent.mkdir(parents=True, exist_ok=True)
        (scratch / delivery_id).rename(raw)
        _sync(raw.parent)
        refused = scratch / f"{delivery_id}.parquet"
        if not refused.exists():
            return self._below_home(raw), None
        quarantine = self.settings.lake / "quarantine" / target.feed.source / target.feed.name / refused.name
        _sync(refused)
        quarantine.parent.mkdir(parents=True, exist_ok=True)
        refused.rename(quarantine)
        _sync(quarantine.parent)
        return self._below_home(raw), self._below_home(quarantine)

    def _below_home(self, path: Path) -> str:
        return path.relative_to(self.settings.home).as_posix()

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        folder = self.landing / uuid.uuid4().hex
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        if self.connection is None:
            import duckdb

            self.connection = duckdb.connect()
            self.connection.execute("set TimeZone = 'UTC'")  # nothing is read in the zone of the machine
            self.connection.execute("set enable_external_access = false")
            self.queries = glance.Queries(self.connection)
        return self.connection

    # --- a row out of quarantine

    def release(
        self, origin: Delivery, row_number: int, changes: Mapping[str, str], reason: str, by: str
    ) -> DeliveryResult:
        """Land one corrected row and register it; a process killed before the register knows has done nothing."""
        for folder in (self.pending, self.landing):
            folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        raw_row = self._quarantined(origin, row_number)
        note = _Note(uuid.uuid4().hex, self.source_system, origin.file_name.split("!")[0], ".json", _now().isoformat())
        member = origin.file_name.partition("!")[2]
        name = Path(member or note.file_name).name.removesuffix(".gz")
        facts = tables.FileFacts(origin.content_sha256, 0, True, 0, 0, 0, True, b"", b"")
        piece = Piece(self.archive, f"{origin.file_name}!released row {row_number}", name, member or None, facts)
        try:
            code = f"{origin.source}.{origin.feed}"
            plan = self._plan(note, piece)
            known = plan.targets if plan.folder is None else layouts.all_targets(plan.folder, self.formats)
            meant = [item for item in known if item.feed.code == code]
            same = [item for item in meant if item.mapping_sha256 == origin.mapping_sha256]
            target = next(iter([*same, *meant]), None)
            if target is None:
                raise BadInput(
                    f"the mapping has no rows for {code} any more", "correct the mapping, or send the file again"
                )
            cells = _corrected(raw_row, changes, target)
            content = {"delivery": origin.delivery_id, "row": row_number, "cells": cells}
            note, facts = self._keep(note, json.dumps(content, ensure_ascii=False, indent=1))
            piece = Piece(self._archived(note), piece.file_name, name, piece.member, facts)
            note = replace(note, file_name=piece.file_name)
            with database.session(self.settings) as session:
                earlier = select(Delivery).where(Delivery.content_sha256 == facts.sha256)
                named = [facts.sha256, target.feed.code, "released", len(session.scalars(earlier).all())]
            delivery_id = contracts.sha256_of(named)[:32]
            return self._release(note, piece, target, delivery_id, cells, origin, row_number, (reason, by))
        except Rejected as rejected:
            raise BadInput(f"row {row_number} can't be released: {rejected.message}", rejected.remedy) from None

    def _release(
        self,
        note: _Note,
        piece: Piece,
        target: Target,
        delivery_id: str,
        cells: dict[str, str],
        origin: Delivery,
        row_number: int,
        why: tuple[str, str],
    ) -> DeliveryResult:
        header = list(cells)
        table = tables.Table(
            file_format=origin.file_format,
            encoding=origin.encoding,
            layout=f"row {row_number} of delivery {origin.delivery_id}, corrected",
            header=header,
            duplicates=frozenset(),
            at_most_rows=1,
            batches=lambda: iter([tables.text_batch([[cell] for cell in cells.values()], [row_number], [])]),
        )
        matched = matching.match(table, target)
        extras = {head: index for index, head in enumerate(header) if index not in matched.used}
        last_day = origin.received_at.replace(tzinfo=UTC).astimezone(ZoneInfo(self.settings.timezone)).date()
        with self._scratch() as scratch:
            (scratch / delivery_id).mkdir()
            landed = landing.land(
                self._duckdb(),
                table,
                matched,
                extras,
                delivery_id,
                scratch / delivery_id,
                scratch / f"{delivery_id}.parquet",
                last_day,
                1.0,
                self.settings.timezone,
            )
            if landed.samples:
                sample = landed.samples[0]
                shown = "" if sample.value is None else f" ({sample.value!r})"
                raise Rejected(f"{sample.reason}{shown}", f"{sample.remedy}; correct it with --set column=value")
            if landed.rows_loaded != 1:
                raise Rejected("it is no record of this feed", "withdraw the delivery if it should not be there")
            read = _Read(piece, table, target, delivery_id, landed, matching.headers_of(table, matched))
            paths = [self._settle(scratch, read)]
        with database.session(self.settings) as session:
            seen = session.scalars(select(Sighting).where(Sighting.delivery_id == origin.delivery_id)).all()
        said = snapshots.statement(origin, seen).extracted_at or origin.received_at
        self._register(
            note, piece.facts, [read], paths, None, [], Manifest("changes", said), _Release(origin, row_number, *why)
        )
        return read.result()

    def _quarantined(self, origin: Delivery, row_number: int) -> dict[str, str]:
        """The cells of a quarantined row, header → text."""
        from pyarrow import compute, parquet

        kept = parquet.read_table(self.settings.home / str(origin.quarantine_path))
        rows = kept.filter(compute.equal(kept.column("_row_number"), row_number)).to_pylist()
        if not rows:
            numbers = kept.column("_row_number").to_pylist()
            shown = ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")
            raise BadInput(f"row {row_number} of {origin.delivery_id} is not in quarantine", f"these are: {shown}")
        if rows[0]["column_name"] is None:
            raise BadInput(
                f"row {row_number} can't be released: {rows[0]['reason']}",
                "its cells can't be told apart with certainty; correct it in its file, or by "
                "`attain quarantine list --csv FILE`, and drop that into the inbox",
            )
        return {header: cell or "" for header, cell in json.loads(rows[0]["raw_row"]).items()}

    def _keep(self, note: _Note, content: str) -> tuple[_Note, tables.FileFacts]:
        """Archive what was released as a file of its own, named by its content."""
        draft = self.pending / f"{note.token}.draft"
        draft.write_text(content, encoding="utf-8")
        draft.chmod(0o444)
        _sync(draft)
        facts = tables.look(draft)
        note = replace(note, sha256=facts.sha256)
        archived = self._archived(note)
        archived.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(archived)
        _sync(archived.parent)
        return note, facts

    # --- the register

    def _register(
        self,
        note: _Note,
        facts: tables.FileFacts,
        read: Sequence[_Read],
        paths: Sequence[tuple[str, str | None]],
        reason: str | None,
        again: Sequence[_Again],
        manifest: Manifest,
        release: _Release | None = None,
    ) -> None:
        with database.session(self.settings) as session:
            arrival = self._arrival(session, note, facts, "committed", reason, None)
            for seen in again:
                self._sight(session, note, seen, arrival, manifest, brings_more=True)
            for item, (raw_path, quarantine_path) in zip(read, paths, strict=True):
                landed = item.landed
                delivery = self._delivery_row(
                    session, note, item.piece, item.target, item.delivery_id, arrival, manifest
                )
                delivery.status = "committed"
                delivery.file_format = item.table.file_format
                delivery.encoding = item.table.encoding
                delivery.layout = item.table.layout
                delivery.horizon_date = landed.horizon_date
                delivery.rows_in_file = landed.rows_in_file
                delivery.rows_loaded = landed.rows_loaded
                delivery.rows_quarantined = landed.rows_quarantined
                delivery.rows_declared_totals = landed.rows_declared_totals
                delivery.rows_not_for_feed = landed.rows_not_for_feed
                delivery.rows_deleted = landed.rows_deleted
                delivery.extra_columns = landed.extra_columns
                delivery.headers = item.headers
                delivery.raw_path = raw_path
                delivery.quarantine_path = quarantine_path
                if release is not None:
                    delivery.origin_delivery_id = release.origin.delivery_id
                    delivery.origin_row_number = release.row_number
                    delivery.reason = release.reason
                    delivery.released_by = release.by
                session.add(delivery)
                session.flush()
        self.report.files.append(
            FileResult(note.file_name, "committed", [item.result() for item in read], reason=reason)
        )

    def _arrival(
        self,
        session: Session,
        note: _Note,
        facts: tables.FileFacts,
        outcome: str,
        reason: str | None,
        remedy: str | None,
    ) -> Arrival:
        arrival = Arrival(
            source_system=self.source_system,
            file_name=note.file_name,
            content_sha256=facts.sha256,
            byte_size=facts.byte_size,
            received_at=note.moment,
            outcome=outcome,
            reason=reason,
            remedy=remedy,
            archive_path=self._below_home(self._archived(note)),
            manifest_path=self._archive_manifest(note),
        )
        session.add(arrival)
        session.flush()
        return arrival

    def _delivery_row(
        self,
        session: Session,
        note: _Note,
        piece: Piece,
        target: Target,
        delivery_id: str,
        arrival: Arrival,
        manifest: Manifest,
    ) -> Delivery:
        last = session.scalar(select(func.max(Delivery.sequence)))
        return Delivery(
            delivery_id=delivery_id,
            sequence=(last or 0) + 1,
            arrival_id=arrival.arrival_id,
            source_system=self.source_system,
            source=target.feed.source,
            feed=target.feed.name,
            file_name=piece.file_name,
            content_sha256=piece.facts.sha256,
            file_format=reading.expected_format(piece.name),
            mapping_name=target.mapping_name,
            mapping_sha256=target.mapping_sha256,
            contract_sha256=target.feed.contract_sha256,
            received_at=note.moment,
            extracted_at=self._extracted_at(note, piece, manifest),
            mode=manifest.mode or target.feed.mode,
            rows_in_file=0,
            rows_loaded=0,
            rows_quarantined=0,
            rows_declared_totals=0,
            rows_not_for_feed=0,
            extra_columns=[],
        )

    def _extracted_at(self, note: _Note, piece: Piece, manifest: Manifest) -> datetime | None:
        """When the file says it was made: by its manifest, else by its name or its archive's; never by file times."""
        zone = ZoneInfo(self.settings.timezone)
        names = (piece.name, Path(note.file_name).name)
        told = (moment for name in names if (moment := _moment_in_name(name, zone)) is not None)
        return manifest.extracted_at or next(told, None)

    def _sight(
        self, session: Session, note: _Note, seen: _Again, arrival: Arrival, manifest: Manifest, *, brings_more: bool
    ) -> None:
        """Keep that a delivery arrived once more, where that says something new.

        Args:
            brings_more: whether the arrival brings other files too, with which a snapshot is complete.
        """
        delivery = session.get_one(Delivery, seen.delivery_id)
        mode = manifest.mode or seen.target.feed.mode
        said = self._extracted_at(note, seen.piece, manifest)
        told = {(delivery.extracted_at, delivery.mode)} | {
            (item.extracted_at, item.mode)
            for item in session.scalars(select(Sighting).where(Sighting.delivery_id == delivery.delivery_id))
        }
        if mode != "snapshot":
            is_news = said is not None and said not in {moment for moment, _ in told}
        elif said is None:
            is_news = brings_more or mode not in {word for _, word in told}
        else:
            is_news = brings_more or (said, mode) not in told
        if not is_news:
            return
        session.add(
            Sighting(
                delivery_id=delivery.delivery_id,
                arrival_id=arrival.arrival_id,
                received_at=note.moment,
                extracted_at=said or note.moment,
                mode=mode,
            )
        )

    def _register_only(
        self,
        note: _Note,
        facts: tables.FileFacts,
        outcome: str,
        reason: str | None,
        remedy: str | None,
        again: Sequence[_Again] = (),
        manifest: Manifest | None = None,
    ) -> None:
        with database.session(self.settings) as session:
            arrival = self._arrival(session, note, facts, outcome, reason, remedy)
            for seen in again:
                self._sight(session, note, seen, arrival, manifest or Manifest(), brings_more=False)
        self.report.files.append(FileResult(note.file_name, outcome, reason=reason, remedy=remedy))

    def _reject(self, note: _Note, facts: tables.FileFacts, rejected: Rejected) -> None:
        """Record why, and leave the bytes under the file's own name where a person finds them."""
        with database.session(self.settings) as session:
            arrival = self._arrival(session, note, facts, "rejected", rejected.message, rejected.remedy)
            kept = self.settings.lake / "rejected" / str(arrival.arrival_id) / Path(note.file_name).name
            _link(self._archived(note), kept)
            if note.manifest is not None:
                manifests.beside(kept).write_text(note.manifest, encoding="utf-8")
            arrival.rejected_path = self._below_home(kept)
            if isinstance(rejected, _RejectedFor):
                for target, delivery_id in zip(rejected.targets, rejected.delivery_ids, strict=True):
                    delivery = self._delivery_row(
                        session, note, rejected.piece, target, delivery_id, arrival, Manifest()
                    )
                    delivery.status = "rejected"
                    delivery.reason = rejected.message
                    session.add(delivery)
                    session.flush()
            rejected_path = arrival.rejected_path
        self.report.files.append(
            FileResult(
                note.file_name,
                "rejected",
                reason=rejected.message,
                remedy=rejected.remedy,
                rejected_path=rejected_path,
            )
        )

    def _refuse_special(self, note: _Note) -> None:
        """A link, pipe or device: it is set aside unopened, whatever it points to."""
        moved = self._moved(note)
        link = str(moved.readlink()) if moved.is_symlink() else ""
        reason = "it is a link; links are never followed" if link else "it is no ordinary file"
        remedy = "put the file itself into the inbox"
        with database.session(self.settings) as session:
            arrival = Arrival(
                source_system=self.source_system,
                file_name=note.file_name,
                content_sha256=contracts.sha256_of(link),
                byte_size=0,
                received_at=note.moment,
                outcome="rejected",
                reason=reason,
                remedy=remedy,
            )
            session.add(arrival)
            session.flush()
            kept = self.settings.lake / "rejected" / str(arrival.arrival_id) / Path(note.file_name).name
            kept.parent.mkdir(parents=True, exist_ok=True)
            moved.replace(kept)
            arrival.rejected_path = rejected_path = self._below_home(kept)
        self.report.files.append(
            FileResult(note.file_name, "rejected", reason=reason, remedy=remedy, rejected_path=rejected_path)
        )

    # --- notes and places

    def _note_path(self, note: _Note) -> Path:
        return self.pending / f"{note.token}.json"

    def _moved(self, note: _Note) -> Path:
        return self.pending / f"{note.token}.file"

    def _archived(self, note: _Note) -> Path:
        assert note.sha256 is not None
        return self.archive / note.sha256[:2] / f"{note.sha256}{note.suffix}"

    def _archive_manifest(self, note: _Note) -> str | None:
        """Keep a manifest beside the archived file it was about, named by its own content; its path below the home."""
        if note.manifest is None:
            return None
        digest = hashlib.sha256(note.manifest.encode()).hexdigest()
        kept = self.archive / digest[:2] / f"{digest}{manifests.SUFFIX}"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            draft = self.pending / f"{note.token}.draft"
            draft.write_text(note.manifest, encoding="utf-8")
            draft.chmod(0o444)
            _sync(draft)
            draft.replace(kept)
            _sync(kept.parent)
        return self._below_home(kept)

    def _write_note(self, note: _Note) -> None:
        draft = self.pending / f"{note.token}.draft"
        draft.write_text(json.dumps(asdict(note), ensure_ascii=False), encoding="utf-8")
        _sync(draft)
        draft.replace(self._note_path(note))
        _sync(self.pending)


class _RejectedFor(Rejected):
    """A rejection after the feeds were known: each gets a rejected delivery in the register."""

    def __init__(
        self, rejected: Rejected, piece: Piece, targets: Sequence[Target], delivery_ids: Sequence[str]
    ) -> None:
        super().__init__(rejected.message, rejected.remedy)
        self.piece = piece
        self.targets = targets
        self.delivery_ids = delivery_ids


def _corrected(cells: Mapping[str, str], changes: Mapping[str, str], target: Target) -> dict[str, str]:
    """The cells with a person's corrections; a canonical column stands for the header that it is read from."""
    corrected = dict(cells)
    headers = {contracts.normalise_header(header): header for header in cells}
    for name, value in changes.items():
        known = [name, *target.headers.get(name, ())]
        found = next((headers[form] for form in map(contracts.normalise_header, known) if form in headers), None)
        if found is None and name not in target.headers:
            near = likely(name, [*cells, *target.headers])
            raise BadInput(
                f"the row has no column {name!r}" + (f"; did you mean {near!r}?" if near else ""),
                f"its columns are {', '.join(cells)}",
            )
        corrected[found or target.headers[name][0]] = value
    return corrected


def _of_member(piece: Piece, rejected: Rejected) -> Rejected:
    """The rejection, naming the member of the zip that it is about."""
    if piece.member is not None:
        rejected.message = f"{piece.member}: {rejected.message}; nothing of the zip was taken in"
    return rejected


def _files_below(folder: Path) -> Iterator[Path]:
    """Everything that may be a delivery below a folder, links (to folders too) among them, in the order of names."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.startswith((".", "~$")) or entry.name.casefold().endswith(_UNFINISHED):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(Path(entry.path))
        else:
            yield Path(entry.path)


def _appearance(path: Path) -> tuple[int, int, float]:
    """Size, time of the last change in ns, and age in seconds; -1 for a file that has gone."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return -1, -1, 0.0
    return status.st_size, status.st_mtime_ns, time.time() - status.st_mtime


def _is_half_written(path: Path) -> bool:
    """Whether a fresh file looks cut off: a text file whose last line is open, a workbook without its end."""
    suffix = path.suffix.casefold()
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
    except FileNotFoundError:
        return True
    if suffix in archives.ARCHIVES:
        return archives.is_cut_off(path)
    if suffix in tables.WORKBOOKS:
        return not zipfile.is_zipfile(path)
    is_page = suffix in (*tables.PAGES, *tables.OLD_WORKBOOKS)
    if is_page and (reading.is_old_workbook(path) or zipfile.is_zipfile(path)):  # the end of the first tells nothing
        return False
    if not is_page and suffix not in (*tables.DELIMITED, *tables.JSON, *tables.JSON_LINES):
        return False
    with path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        if stream.tell() == 0:
            return True
        stream.seek(-2, os.SEEK_END) if stream.tell() > 1 else stream.seek(0)
        complete = (b"\n", b"\r", *((b"]", b"}") if suffix in tables.JSON else (b">",) if is_page else ()))
        return not stream.read().rstrip(b"\x00").endswith(complete)


def _moment_in_name(name: str, zone: ZoneInfo) -> datetime | None:
    """The day that a file name tells of (`Deals_2026_01_26.csv`, `发票_20260126.csv`); the last one if several.

    A time after the day is read too (`Deals_20260126_103000.csv`, in the business zone unless a Z follows); in UTC.
    """
    for year, month, day, hour, minute, second, utc in reversed(_MOMENT_IN_NAME.findall(name)):
        try:
            found = datetime.combine(date(int(year), int(month), int(day)), clock.min)
        except ValueError:
            continue
        if not hour:
            return found
        told = clock(int(hour), int(minute), int(second), tzinfo=UTC if utc else zone)
        local = datetime.combine(found.date(), told)
        return local.astimezone(UTC).replace(tzinfo=None)
    return None


def _printable(name: str) -> str:
    """A file name that can be stored and shown: bytes that are no text become \\xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\x00", "")


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # only the inbox may lie on another file system
            raise
        draft = target.with_suffix(".copy")
        shutil.copyfile(source, draft, follow_symlinks=False)
        if not draft.is_symlink():
            _sync(draft)
        draft.replace(target)
        source.unlink()
    _sync(target.parent)


def _link(source: Path, target: Path) -> None:
    """Let the archived bytes be found under another name too, without a second copy where the system allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
