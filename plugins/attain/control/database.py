"""The control database: sessions and the upgrade of its schema.

Embedded it is SQLite in the home (write-ahead log, one writer at a time), served it is PostgreSQL.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from attain.errors import Busy
from attain.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_SECONDS = 30
_UPGRADE_LOCK_KEY = 7_202_601  # an arbitrary number that names this lock among PostgreSQL's advisory locks

_engines: dict[str, Engine] = {}
_upgraded: set[str] = set()
_open_sessions: ContextVar[dict[str, Session] | None] = ContextVar("attain_control_sessions", default=None)


def _forget_after_fork() -> None:
    """Connections must not be shared between processes."""
    for engine in _engines.values():
        engine.dispose(close=False)
    _engines.clear()
    _open_sessions.set(None)


os.register_at_fork(after_in_child=_forget_after_fork)


def dsn(settings: Settings) -> str:
    """SQLAlchemy URL of the control database of these settings."""
    return settings.control_dsn or f"sqlite:///{settings.home / 'control.db'}"


def engine(settings: Settings) -> Engine:
    """The engine of this control database, one a process."""
    address = dsn(settings)
    if address not in _engines:
        url = make_url(address)
        if url.get_backend_name() == "sqlite":
            _engines[address] = _sqlite_engine(address, url.database)
        else:
            _engines[address] = create_engine(address, pool_pre_ping=True)
    return _engines[address]


def _sqlite_engine(address: str, database: str | None) -> Engine:
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    made = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})

    @event.listens_for(made, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins the transactions, see `begin`
        connection.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
        for attempt in Retrying(  # of two processes that switch at once, SQLite tells one so without waiting
            retry=retry_if_exception_type(sqlite3.OperationalError),
            stop=stop_after_delay(BUSY_TIMEOUT_SECONDS),
            wait=wait_random(0.01, 0.1),
            reraise=True,
        ):
            with attempt:
                connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        # Immediate: two sessions that read and then write wait for each other instead of failing half-way.
        connection.exec_driver_sql("begin immediate")

    return made


@contextmanager
def session(settings: Settings) -> Iterator[Session]:
    """A session in a transaction: committed at the end, rolled back on any error.

    A session opened inside another one of the same database (and thread) joins it. The schema is upgraded first,
    once a process. Objects stay readable after the session has ended.

    Raises:
        Busy: the database can't be reached, or is locked for longer than the timeout.
    """
    address = dsn(settings)
    already = (_open_sessions.get() or {}).get(address)
    if already is not None:
        yield already
        return
    if address not in _upgraded or _is_gone(address):
        upgrade(settings)
    with Session(engine(settings), expire_on_commit=False) as opened:
        token = _open_sessions.set({**(_open_sessions.get() or {}), address: opened})
        try:
            yield opened
            opened.commit()
        except OperationalError as error:
            opened.rollback()
            raise _unavailable(error) from error
        except BaseException:
            opened.rollback()
            raise
        finally:
            _open_sessions.reset(token)


def _is_gone(address: str) -> bool:
    """Whether the SQLite file was deleted since this process upgraded it."""
    url = make_url(address)
    if url.get_backend_name() != "sqlite" or not url.database or Path(url.database).exists():
        return False
    stale = _engines.pop(address, None)
    if stale is not None:
        stale.dispose()
    return True


def _unavailable(error: OperationalError) -> Busy:
    return Busy(
        f"the control database did not answer: {error.orig}",
        "check that the home can be written and that nothing else holds the database (ATTAIN_CONTROL_DSN)",
    )


def head() -> str:
    """Revision that the code needs: the last of the migration files, which are named by ascending revision."""
    return max(path.name.split("_", 1)[0] for path in (MIGRATIONS / "versions").glob("v*_*.py"))


def revision(settings: Settings) -> str | None:
    """Revision that the database has; None when it is empty."""
    with engine(settings).connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def upgrade(settings: Settings) -> None:
    """Bring the schema to the newest revision; does nothing (and loads nothing) when it is there already.

    Several processes may call it at once: one upgrades, the others wait and then find nothing to do.

    Raises:
        Busy: the database can't be reached or locked in time.
    """
    try:
        if revision(settings) != head():
            _migrate(settings)
    except OperationalError as error:
        raise _unavailable(error) from error
    except OSError as error:
        raise Busy(f"the control database can't be made: {error}", "give a home that can be written") from error
    _upgraded.add(dsn(settings))


def _migrate(settings: Settings) -> None:
    from alembic import command  # only needed when there is something to upgrade
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _upgrade_lock(settings), engine(settings).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK_KEY})
        if _revision(connection) != head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


@contextmanager
def _upgrade_lock(settings: Settings) -> Iterator[None]:
    """Keep two processes of one home from creating the SQLite file at the same instant."""
    settings.home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.home / ".control-upgrade.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
