"""Releases: all of a candidate becomes visible at once, or none of it.

A release is built in `releases/.building-<id>/`, where nobody looks, made durable, renamed to `releases/<id>/`,
registered in the control database, and only then is `releases/current` moved to it, by one rename. Whatever instant a
process dies at, `current` is a complete release (or there is none yet), and the next publish clears up and finishes:

- killed while building: the folder is removed and built again;
- killed after the rename: the complete folder is checked against its receipt and registered;
- killed between the record of a move and the move itself: the recorded move is made.

With `ATTAIN_BI_DSN` the release is also loaded into PostgreSQL, unseen, before `current` moves, and switched to right
after; what a crash left between the two is made good by the next run.
"""

from __future__ import annotations

import getpass
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from attain.control import database, lock, models
from attain.errors import AttainError, BadInput, Busy, Refused
from attain.publish import audit, postgres, receipts, report, statements, tables, workbook
from attain.quality.results import Verdict
from attain.quality.verdict import load_verdict
from attain.settings import Settings
from attain.transform.candidate import Candidate, load_candidate

log = logging.getLogger(__name__)

STEPS = (
    "leftovers removed",
    "folder made",
    "tables exported",
    "database built",
    "workbook written",
    "report written",
    "statements written",
    "receipt written",
    "made durable",
    "renamed",
    "loaded for BI",
    "registered",
    "pointer made",
    "pointer moved",
    "switched for BI",
)
"""What publishing a new release passes through, in order."""

_BUILDING = ".building-"
_POINTER = ".pointer-"
_SCRATCH = "spill"


@dataclass(frozen=True)
class PublishedRelease:
    """A release that `current` points at.

    Attributes:
        release_id: its id: as-of day and the first characters of the fingerprint.
        fingerprint: SHA-256 over all that it was made from.
        as_of_date: day that it is computed for.
        code_version: version of attain that built it.
        path: its folder.
        cause: `publish` (new), `republish` (published before, pointed at again) or `unchanged` (was current already).
        delivery_count: deliveries that it was made from.
        tables: rows by full name of table.
        payout_totals: payable money to date by currency, as decimal text.
    """

    release_id: str
    fingerprint: str
    as_of_date: date
    code_version: str
    path: str
    cause: str
    delivery_count: int
    tables: dict[str, int]
    payout_totals: dict[str, str]


@dataclass(frozen=True)
class ReleaseEntry:
    """A registered release, as `attain releases` lists it. `is_there` is False when its folder was removed."""

    release_id: str
    as_of_date: date
    code_version: str
    published_at: datetime
    is_current: bool
    is_there: bool
    last_cause: str
    last_moved_by: str
    payout_totals: dict[str, str]


@dataclass(frozen=True)
class Verification:
    """A release whose files are all as its receipt says: how many, and their bytes."""

    release_id: str
    files: int
    bytes: int


def publish(settings: Settings, run_id: str | None = None) -> PublishedRelease:
    """Publish the candidate that the gate has passed, all of it or nothing.

    A release id is used once. When a complete release of the candidate's id is there already (the inputs have come
    back to an earlier state, or a run was killed), it is checked against its receipt and pointed at, not rewritten.

    Args:
        run_id: the run whose candidate is meant; None: the one that is there.

    Raises:
        Refused: the gate refused the candidate, or has not been asked about it as it is now; `current` stays.
        BadInput: no candidate, or a release of this id that differs from its receipt.
        Busy: another process is at work in this home, or an input was withdrawn since the candidate was built.
    """
    with lock.writer(settings):
        candidate = load_candidate(settings, run_id)
        _must_be_of_now(settings, candidate)
        verdict = load_verdict(settings, candidate.run_id)
        _must_be_passed(verdict)
        inputs = _inputs(settings, candidate)
        recover(settings)
        _reached("leftovers removed")
        folder = settings.releases / candidate.release_id
        if folder.exists():
            _must_be_whole(folder)
            if receipts.read(folder)["fingerprint"] != candidate.fingerprint:
                raise AttainError(f"release id {candidate.release_id} has been used for other inputs")
        else:
            _build(settings, candidate, verdict, inputs, folder)
        _load_for_bi(settings, folder)
        cause = _record(settings, receipts.read(folder), folder)
        _reached("registered")
        _point(settings, candidate.release_id)
        _switch_for_bi(settings, candidate.release_id)
        return _published(folder, cause)


def rollback(settings: Settings, release_id: str, by: str) -> None:
    """Make an earlier release the current one again; who did it is recorded. Nothing is deleted.

    Args:
        by: who decided it.

    Raises:
        BadInput: no such release, its files are gone, or they differ from its receipt.
        Busy: another process is at work in this home.
    """
    with lock.writer(settings):
        recover(settings)
        folder = _folder_of(settings, release_id)
        _must_be_whole(folder)
        if current_release_id(settings) == release_id:
            return
        _load_for_bi(settings, folder)
        with database.session(settings) as session:
            session.add(_move(release_id, "rollback", by))
        _point(settings, release_id)
        _switch_for_bi(settings, release_id)


def releases(settings: Settings) -> list[ReleaseEntry]:
    """All registered releases, the one published last first."""
    current = current_release_id(settings)
    with database.session(settings) as session:
        found = session.scalars(
            select(models.Release).order_by(models.Release.published_at.desc(), models.Release.release_id.desc())
        ).all()
        moves = {
            move.release_id: move
            for move in session.scalars(select(models.PointerMove).order_by(models.PointerMove.move_id))
        }
    return [
        ReleaseEntry(
            release_id=entry.release_id,
            as_of_date=entry.as_of_date,
            code_version=entry.code_version,
            published_at=entry.published_at,
            is_current=entry.release_id == current,
            is_there=(settings.releases / entry.release_id / receipts.NAME).is_file(),
            last_cause=moves[entry.release_id].cause if entry.release_id in moves else "",
            last_moved_by=moves[entry.release_id].moved_by if entry.release_id in moves else "",
            payout_totals=entry.payout_totals,
        )
        for entry in found
    ]


def verify_release(settings: Settings, release_id: str | None = None) -> Verification:
    """Hash every file of a release again and compare with its receipt, and the receipt with the control database.

    Args:
        release_id: None: the current one.

    Raises:
        BadInput: no such release, or something differs; the message names each file.
    """
    if release_id is None:
        release_id = current_release_id(settings)
        if release_id is None:
            raise BadInput("there is no current release", "run: attain run")
    folder = _folder_of(settings, release_id)
    _must_be_whole(folder)
    with database.session(settings) as session:
        registered = session.get(models.Release, release_id)
    if registered is not None and registered.receipt_sha256 != receipts.sha256_of(folder / receipts.NAME):
        raise BadInput(
            f"the receipt of release {release_id} is not the one that was registered", _remedy_for_damage(folder)
        )
    files = receipts.read(folder)["files"]
    return Verification(release_id, len(files), sum(entry["bytes"] for entry in files.values()))


def current_release_id(settings: Settings) -> str | None:
    """Id of the release that `current` points at; None when nothing was published yet."""
    try:
        return (settings.releases / "current").readlink().name
    except FileNotFoundError:
        return None


def folder_of(settings: Settings, release_id: str | None = None) -> Path:
    """Folder of a release to read from.

    Args:
        release_id: None: the current one.

    Raises:
        BadInput: no such release, or its files are gone.
    """
    if release_id is None:
        release_id = current_release_id(settings)
        if release_id is None:
            raise BadInput("there is no current release", "run: attain run")
    return _folder_of(settings, release_id)


def recover(settings: Settings) -> None:
    """Finish or remove what a killed process has left among the releases. Does nothing when nothing is left.

    Raises:
        Busy: another process is at work in this home.
    """
    with lock.writer(settings):
        if not settings.releases.is_dir():
            return
        for left in sorted(settings.releases.iterdir()):
            if left.name.startswith(_BUILDING):
                log.warning("removing %s, left by a run that did not finish", left.name)
                shutil.rmtree(left)
            elif left.name.startswith(_POINTER):
                left.unlink()
        _register_complete_folders(settings)
        _finish_recorded_move(settings)
        current = current_release_id(settings)
        if settings.bi_dsn and current is not None and postgres.current(settings.bi_dsn) != current:
            log.warning("BI does not show release %s yet: publishing it there", current)
            _load_for_bi(settings, settings.releases / current)
            _switch_for_bi(settings, current)


def _load_for_bi(settings: Settings, folder: Path) -> None:
    """Bring a complete release into PostgreSQL where nobody sees it yet; nothing to do without a BI database."""
    if settings.bi_dsn:
        descriptions = postgres.descriptions_of(folder / "attain.duckdb")
        for warning in postgres.load(settings.bi_dsn, folder, folder.name, descriptions).warnings:
            log.warning("BI database: %s", warning)
    _reached("loaded for BI")


def _switch_for_bi(settings: Settings, release_id: str) -> None:
    if settings.bi_dsn:
        postgres.switch(settings.bi_dsn, release_id)
    _reached("switched for BI")


def _register_complete_folders(settings: Settings) -> None:
    with database.session(settings) as session:
        known = set(session.scalars(select(models.Release.release_id)))
    for folder in sorted(settings.releases.iterdir()):
        is_unknown = folder.name not in known and not folder.is_symlink() and (folder / receipts.NAME).is_file()
        if is_unknown and not receipts.differences(folder):
            receipt = receipts.read(folder)
            if receipt["release_id"] == folder.name:
                log.warning("registering release %s, complete but not registered by the run that made it", folder.name)
                with database.session(settings) as session:
                    session.add(_entry(receipt, folder))


def _finish_recorded_move(settings: Settings) -> None:
    with database.session(settings) as session:
        last = session.scalars(select(models.PointerMove).order_by(models.PointerMove.move_id.desc()).limit(1)).first()
    if last is None or last.release_id == current_release_id(settings):
        return
    folder = settings.releases / last.release_id
    if folder.is_dir() and not receipts.differences(folder):
        log.warning("pointing current at %s: the move was recorded but not made", folder.name)
        _point(settings, last.release_id)


def _must_be_of_now(settings: Settings, candidate: Candidate) -> None:
    if settings.scratch is not None:
        raise BadInput("a simulation is never published", "change the plan file and run: attain run")
    if candidate.known_at is not None or settings.known_at is not None:
        raise BadInput(
            f"this candidate shows what was known at {candidate.known_at or settings.known_at} UTC; published, it "
            "would put the past in front of readers",
            f"look at it in {settings.warehouse_file}; to publish, unset ATTAIN_KNOWN_AT and run: attain run",
        )


def _must_be_passed(verdict: Verdict) -> None:
    if verdict.is_refused:
        raise Refused(
            "the quality gate refused the candidate:" + "".join(f"\n  {reason}" for reason in verdict.refusals),
            "mend what it names and run again; the release before it stays current",
        )


def _inputs(settings: Settings, candidate: Candidate) -> list[receipts.Input]:
    with database.session(settings) as session:
        found = {
            delivery.delivery_id: delivery
            for delivery in session.scalars(select(models.Delivery).where(models.Delivery.status == "committed"))
        }
    missing = [delivery_id for delivery_id in candidate.delivery_ids if delivery_id not in found]
    if missing:
        raise Busy(
            f"{len(missing)} of the candidate's deliveries were withdrawn after it was built, e.g. {missing[0]}",
            "run again: attain run",
        )
    return [
        receipts.Input(
            delivery_id=delivery.delivery_id,
            source_system=delivery.source_system,
            source=delivery.source,
            feed=delivery.feed,
            file_name=delivery.file_name,
            sha256=delivery.content_sha256,
            rows_in_file=delivery.rows_in_file,
            rows_loaded=delivery.rows_loaded,
            rows_quarantined=delivery.rows_quarantined,
            rows_declared_totals=delivery.rows_declared_totals,
            rows_not_for_feed=delivery.rows_not_for_feed,
        )
        for delivery in (found[delivery_id] for delivery_id in candidate.delivery_ids)
    ]


def _build(
    settings: Settings, candidate: Candidate, verdict: Verdict, inputs: list[receipts.Input], folder: Path
) -> None:
    building = settings.releases / f"{_BUILDING}{candidate.release_id}"
    scratch = building / _SCRATCH
    scratch.mkdir(parents=True)
    _reached("folder made")
    run, plan_files = tables.provenance(settings.warehouse_file)
    shapes = tables.published(settings.warehouse_file, settings.dbt_project / "models" / "marts")
    made = audit.made_tables(candidate, verdict, run)
    counts = tables.export(settings.warehouse_file, shapes, made, building, scratch)
    _reached("tables exported")
    tables.build_database([*shapes, *(table.shape for table in made)], building, scratch, counts)
    _reached("database built")
    workbook.write(building)
    _reached("workbook written")
    report.write(building)
    _reached("report written")
    statements.write(building)
    _reached("statements written")
    shutil.rmtree(scratch)
    receipts.write(building, candidate, verdict, run, plan_files, inputs, counts)
    _must_be_as_registered(settings, candidate.release_id, building)
    _reached("receipt written")
    for path in _files_then_folders(building):
        if path.is_file():
            path.chmod(0o444)
        _sync(path)
    _reached("made durable")
    building.rename(folder)
    _sync(settings.releases)
    _reached("renamed")


def _must_be_as_registered(settings: Settings, release_id: str, building: Path) -> None:
    """A release whose folder was taken away may be built again, but only to the same bytes: its id is used once."""
    with database.session(settings) as session:
        registered = session.get(models.Release, release_id)
    if registered is not None and registered.receipt_sha256 != receipts.sha256_of(building / receipts.NAME):
        raise BadInput(
            f"release {release_id} was published before, and what was built now differs from it",
            f"restore releases/{release_id} from a backup; attain releases lists what is there",
        )


def _record(settings: Settings, receipt: dict[str, Any], folder: Path) -> str:
    """Register the release if it is not yet, and the move of `current` that is about to be made; returns its cause."""
    release_id = receipt["release_id"]
    with database.session(settings) as session:
        if session.get(models.Release, release_id) is None:
            session.add(_entry(receipt, folder))
            session.flush()
        moved = select(models.PointerMove.move_id).where(models.PointerMove.release_id == release_id).limit(1)
        if session.scalar(moved) is None:
            cause = "publish"
        elif current_release_id(settings) == release_id:
            return "unchanged"
        else:
            cause = "republish"
        session.add(_move(release_id, cause, _who()))
    return cause


def _point(settings: Settings, release_id: str) -> None:
    """Move `current` by one rename; the move is on record already, so a crash before it is made good later."""
    current = settings.releases / "current"
    if current.exists() and not current.is_symlink():
        raise BadInput(f"{current} is not a link", "move it away and run again")
    if current_release_id(settings) != release_id:
        made = settings.releases / f"{_POINTER}{release_id}"
        made.symlink_to(release_id, target_is_directory=True)
        _reached("pointer made")
        made.replace(current)
        _sync(settings.releases)
    _reached("pointer moved")


def _published(folder: Path, cause: str) -> PublishedRelease:
    receipt = receipts.read(folder)
    return PublishedRelease(
        release_id=receipt["release_id"],
        fingerprint=receipt["fingerprint"],
        as_of_date=date.fromisoformat(receipt["as_of_date"]),
        code_version=receipt["code_version"],
        path=str(folder),
        cause=cause,
        delivery_count=len(receipt["inputs"]),
        tables=receipt["tables"],
        payout_totals=receipt["payouts"]["payable_by_currency"],
    )


def _entry(receipt: dict[str, Any], folder: Path) -> models.Release:
    return models.Release(
        release_id=receipt["release_id"],
        fingerprint=receipt["fingerprint"],
        as_of_date=date.fromisoformat(receipt["as_of_date"]),
        code_version=receipt["code_version"],
        published_at=_now(),
        receipt_sha256=receipts.sha256_of(folder / receipts.NAME),
        payout_totals=receipt["payouts"]["payable_by_currency"],
    )


def _move(release_id: str, cause: str, by: str) -> models.PointerMove:
    return models.PointerMove(release_id=release_id, moved_at=_now(), cause=cause, moved_by=by)


def _folder_of(settings: Settings, release_id: str) -> Path:
    with database.session(settings) as session:
        is_known = session.get(models.Release, release_id) is not None
    folder = settings.releases / release_id
    if not is_known:
        raise BadInput(f"there is no release {release_id!r}", "attain releases lists them")
    if not folder.is_dir():
        raise BadInput(f"the files of release {release_id} are gone", "attain releases lists those that are there")
    return folder


def _must_be_whole(folder: Path) -> None:
    if found := receipts.differences(folder):
        raise BadInput(
            f"release {folder.name} is not as its receipt says: {'; '.join(found[:10])}"
            + (f"; and {len(found) - 10} more" if len(found) > 10 else ""),
            _remedy_for_damage(folder),
        )


def _remedy_for_damage(folder: Path) -> str:
    return f"restore it from a backup, or move {folder} away and run again: the same inputs give the same bytes"


def _files_then_folders(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, topdown=False):
        yield from (Path(parent, name) for name in sorted(names))
        yield Path(parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _reached(step: str) -> None:
    log.info("publish: %s", step)
