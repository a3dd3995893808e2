"""The candidate: what would be published from everything that is committed by now, named by the hash of its inputs.

`prepare` looks at the inputs; when they are new it makes a fresh warehouse with all that dbt reads (raw views, plan
tables, control tables). Nothing of a former or a killed build is left in it: the file is made anew each time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import select

from attain import __version__
from attain.control import database, lock
from attain.control.models import Delivery, Hold, PointerMove
from attain.errors import BadInput, Busy
from attain.identities import files as identities
from attain.ingest import lake, quarantine
from attain.plans.compile import write_plan_tables
from attain.settings import Settings

if TYPE_CHECKING:
    import duckdb

CANDIDATE_FILE = "candidate.json"

# What the published rows depend on besides deliveries, plans, identities and settings: code, and what the gate asks.
_CODE = (
    ("plugins/attain", (".py", ".yml", ".json", ".j2", ".sql")),
    ("expectations", (".yml",)),
    ("dbt_project/models", (".sql", ".yml")),
    ("dbt_project/macros", (".sql",)),
    ("dbt_project/seeds", (".csv", ".yml")),
    ("dbt_project/tests", (".sql", ".yml")),
    ("dbt_project/dbt_project.yml", (".yml",)),
)

_DELIVERY = pa.schema(
    [
        ("delivery_id", pa.string()),
        ("sequence", pa.int64()),
        ("source_system", pa.string()),
        ("source", pa.string()),
        ("feed", pa.string()),
        ("file_name", pa.string()),
        ("content_sha256", pa.string()),
        ("file_format", pa.string()),
        ("encoding", pa.string()),
        ("layout", pa.string()),
        ("mapping_name", pa.string()),
        ("status", pa.string()),
        ("received_at", pa.timestamp("us")),
        ("extracted_at", pa.timestamp("us")),
        ("horizon_date", pa.date32()),
        ("rows_in_file", pa.int64()),
        ("rows_loaded", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("rows_declared_totals", pa.int64()),
        ("rows_not_for_feed", pa.int64()),
        ("extra_columns", pa.string()),
        ("reason", pa.string()),
        ("delivery_mode", pa.string()),
        ("records_vanished", pa.int64()),
        ("vanish_state", pa.string()),
    ]
)
# Columns of the table of deliveries that are no attribute of one, but follow from all of them.
_TOLD_TOGETHER = ("delivery_mode", "records_vanished", "vanish_state")
_HOLD = pa.schema(
    [
        ("hold_id", pa.string()),
        ("payee_id", pa.string()),
        ("check_name", pa.string()),
        ("reason", pa.string()),
        ("exposure_amount", pa.decimal128(18, 2)),
        ("currency_code", pa.string()),
    ]
)
_RUN = pa.schema(
    [
        ("run_id", pa.string()),
        ("release_id", pa.string()),
        ("fingerprint", pa.string()),
        ("as_of_date", pa.date32()),
        ("business_timezone", pa.string()),
        ("fx_max_age_days", pa.int32()),
        ("fx_rate_type", pa.string()),
        ("code_version", pa.string()),
    ]
)


@dataclass(frozen=True)
class Candidate:
    """What would be published.

    Attributes:
        run_id: the first 12 digits of the fingerprint; the same inputs are the same run.
        fingerprint: SHA-256 over all inputs: deliveries, plans, identities, dbt project, expectations, code, settings.
        release_id: as-of day and run id; the id of the release that it becomes.
        as_of_date: the day that the run is computed for.
        code_version: version of attain, and the first digits of a SHA-256 over all code, models and expectations, so
            that a changed file shows even where nobody raised the version.
        delivery_ids: the committed deliveries, sorted.
        is_new: always True for a simulation; False when the current release was made of the very same inputs, or the
            release that was has been rolled back: what a person took back is not brought back by the next run.
        known_at: the past moment that it shows (`ATTAIN_KNOWN_AT`, UTC); such a candidate is never published.
        told: by source system, the SHA-256 over all that its deliveries, snapshots and confirmations say.
    """

    run_id: str
    fingerprint: str
    release_id: str
    as_of_date: date
    code_version: str
    delivery_ids: list[str]
    is_new: bool
    known_at: str | None = None
    told: dict[str, str] = field(default_factory=dict)


def prepare(settings: Settings) -> Candidate:
    """Make the candidate and, when it is new, the warehouse that dbt builds it in.

    Raises:
        BadInput: nothing has been delivered, no delivery tells of a day, or a plan or identity file has errors.
        Busy: another process is writing in this home.
    """
    with lock.writer(settings):
        register = lake.known(settings)
        committed = register.committed
        if not committed and settings.known_at is not None:
            raise BadInput(
                f"nothing had been delivered by ATTAIN_KNOWN_AT={settings.known_at:%Y-%m-%d %H:%M:%S} UTC",
                "give a later moment; `attain deliveries --json` tells when each delivery was received",
            )
        if not committed:
            raise BadInput(
                f"nothing has been delivered to {settings.inbox}",
                "run `attain demo` for sample exports, or put files into inbox/<source>/<feed>/ and run again",
            )
        as_of = settings.as_of or _last_horizon(committed)
        code = _code_sha256(settings)
        fingerprint = _fingerprint(settings, register, as_of, code)
        run_id = fingerprint[:12]
        release_id = f"{as_of:%Y%m%d}-{run_id}"
        candidate = Candidate(
            run_id=run_id,
            fingerprint=fingerprint,
            release_id=release_id,
            as_of_date=as_of,
            code_version=f"{__version__}+{code[:12]}",
            delivery_ids=sorted(delivery.delivery_id for delivery in committed),
            is_new=settings.scratch is not None
            or not (_is_current(settings, release_id) or _was_rolled_back(settings, release_id)),
            known_at=settings.known_at.isoformat() if settings.known_at else None,
            told=register.told_by_source(),
        )
        _path(settings).unlink(missing_ok=True)
        if candidate.is_new:
            _make_warehouse(settings, candidate, register)
        _store(settings, candidate)
        return candidate


def load_candidate(settings: Settings, run_id: str | None = None) -> Candidate:
    """The candidate that is there now.

    Args:
        settings: the home.
        run_id: the run that the caller speaks of; None: whichever candidate there is.

    Raises:
        BadInput: there is no candidate, or its file can't be read.
        Busy: another run has replaced the candidate of `run_id`.
    """
    try:
        stored = json.loads(_path(settings).read_text(encoding="utf-8"))
        stored["as_of_date"] = date.fromisoformat(stored["as_of_date"])
        candidate = Candidate(**stored)
    except FileNotFoundError:
        raise BadInput("there is no candidate", "run: attain build") from None
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise BadInput(f"{CANDIDATE_FILE} can't be read: {problem}", "run: attain build") from None
    if run_id is not None and candidate.run_id != run_id:
        raise Busy(
            f"another run has replaced this candidate: {candidate.run_id} instead of {run_id}",
            "start again from: attain build",
        )
    return candidate


def _path(settings: Settings) -> Path:
    return settings.warehouse / CANDIDATE_FILE


def _store(settings: Settings, candidate: Candidate) -> None:
    content = {**dataclasses.asdict(candidate), "as_of_date": candidate.as_of_date.isoformat()}
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    beside = _path(settings).with_suffix(".json.new")
    beside.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(_path(settings))


def _last_horizon(committed: Iterable[Delivery]) -> date:
    days = [delivery.horizon_date for delivery in committed if delivery.horizon_date is not None]
    if not days:
        raise BadInput(
            "no delivery says up to which day it tells of, so there is no day to compute the run for",
            "deliver deals, contracts, invoices or receipts, or set ATTAIN_AS_OF=YYYY-MM-DD",
        )
    return max(days)


def _is_current(settings: Settings, release_id: str) -> bool:
    current = settings.releases / "current"
    try:
        target = current.readlink()
    except OSError:
        return False
    return target.name == release_id and (settings.releases / release_id / "receipt.json").is_file()


def _was_rolled_back(settings: Settings, release_id: str) -> bool:
    """Whether the latest moves of `current` are rollbacks, and lead away from this very release."""
    with database.session(settings) as session:
        for move in session.scalars(select(PointerMove).order_by(PointerMove.move_id.desc())):
            if move.cause != "rollback":
                return move.release_id == release_id
    return False


def _fingerprint(settings: Settings, register: lake.Known, as_of: date, code_sha256: str) -> str:
    return _digest(_inputs(settings, register, as_of, code_sha256))


def _code_sha256(settings: Settings) -> str:
    return _digest(
        (path.relative_to(settings.project).as_posix(), path.read_bytes())
        for folder, suffixes in _CODE
        for path in _files(settings.project / folder, suffixes)
    )


def _digest(entries: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in entries:
        # Lengths are written, so that no two lists of entries give the same bytes.
        digest.update(f"{name}\x00{len(content)}\x00".encode())
        digest.update(content)
    return digest.hexdigest()


def _inputs(settings: Settings, register: lake.Known, as_of: date, code_sha256: str) -> Iterator[tuple[str, bytes]]:
    for line in register.told():
        yield line, b""
    for path in sorted(settings.plans_dir.glob("*.yml")):
        yield f"plan {path.name}", path.read_bytes()
    for path in identities.input_files(settings):
        yield f"identities {path.name}", path.read_bytes()
    yield "code", code_sha256.encode()
    for name, value in (
        ("as_of", as_of.isoformat()),
        ("timezone", settings.timezone),
        ("fx_max_age_days", settings.fx_max_age_days),
        ("fx_rate_type", settings.fx_rate_type),
        ("max_held_exposure", settings.max_held_exposure),
        ("max_vanished_ratio", settings.max_vanished_ratio),
        ("known_at", settings.known_at),
    ):
        yield f"setting {name}", str(value).encode()


def _files(root: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if root.is_file():
        return [root]
    return sorted(
        Path(folder) / name
        for folder, folders, names in os.walk(root)
        for name in names
        if name.endswith(suffixes) and "__pycache__" not in folder
    )


def _make_warehouse(settings: Settings, candidate: Candidate, register: lake.Known) -> None:
    import duckdb

    settings.warehouse.mkdir(parents=True, exist_ok=True)
    # The log first: left beside a new file of the same name it would be replayed into it.
    for name in (f"{settings.warehouse_file.name}.wal", settings.warehouse_file.name):
        (settings.warehouse / name).unlink(missing_ok=True)
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        held = lake.create_raw_views(settings, connection, register=register)
        write_plan_tables(settings, connection)
        identities.write_identity_tables(settings, connection)
        _write_control_tables(settings, connection, candidate, register, lake.vanished(connection, register, held))
        connection.execute("checkpoint")


def _write_control_tables(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    candidate: Candidate,
    register: lake.Known,
    vanished: Mapping[str, lake.Vanished],
) -> None:
    connection.execute("create schema if not exists control")
    run = {
        **{name: getattr(candidate, name) for name in ("run_id", "release_id", "fingerprint", "as_of_date")},
        "business_timezone": settings.timezone,
        "fx_max_age_days": settings.fx_max_age_days,
        "fx_rate_type": settings.fx_rate_type,
        "code_version": candidate.code_version,
    }
    _write(connection, "run", pa.Table.from_pylist([run], schema=_RUN))
    rows: list[dict[str, Any]] = [
        {
            **{name: getattr(delivery, name) for name in _DELIVERY.names if name not in _TOLD_TOGETHER},
            "delivery_mode": register.mode(delivery),
            **_vanished_columns(vanished.get(delivery.delivery_id)),
            "extra_columns": json.dumps(delivery.extra_columns or [], ensure_ascii=False),
        }
        for delivery in register.deliveries
    ]
    _write(connection, "delivery", pa.Table.from_pylist(rows, schema=_DELIVERY))
    with database.session(settings) as session:
        holds = session.scalars(select(Hold).where(Hold.fingerprint == candidate.fingerprint).order_by(Hold.hold_id))
        held = [{name: getattr(hold, name) for name in _HOLD.names} for hold in holds]
    _write(connection, "hold", pa.Table.from_pylist(held, schema=_HOLD))
    quarantine.write_table(settings, connection, register, "control.quarantine_row")


def _vanished_columns(found: lake.Vanished | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {"records_vanished": found.records, "vanish_state": found.state}


def _write(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    connection.register("control_rows", rows)
    try:
        connection.execute(f"create or replace table control.{name} as select * from control_rows")
    finally:
        connection.unregister("control_rows")
