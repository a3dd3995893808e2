"""The control database: what the code expects is what the migrations make, whoever comes first."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from attain.control import database
from attain.control.models import Arrival, Base, Hold, Run
from attain.errors import Busy
from attain.settings import Settings


def _run(name: str) -> Run:
    return Run(run_id=name, fingerprint="f" * 64, started_at=datetime(2026, 1, 5, 9), state="building")


def test_models_equal_migrations(settings: Settings) -> None:
    database.upgrade(settings)
    with database.engine(settings).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert len(Base.metadata.tables) == 8


def test_head_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [database.head()]


def test_upgrade_at_head_does_not_load_alembic(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    database.upgrade(settings)
    monkeypatch.setattr(database, "_migrate", lambda _settings: pytest.fail("migrated twice"))
    database.upgrade(settings)
    assert database.revision(settings) == database.head()


def _upgrade_in_child(settings: Settings, ready: multiprocessing.synchronize.Barrier) -> None:
    ready.wait(30)
    with database.session(settings) as session:
        session.add(_run(f"child-{multiprocessing.current_process().pid}"))


def test_processes_that_start_at_once_upgrade_once(settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(2)
    children = [context.Process(target=_upgrade_in_child, args=(settings, ready)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(50)
    assert [child.exitcode for child in children] == [0, 0]
    with database.session(settings) as session:
        assert session.query(Run).count() == 2


def test_session_commits_and_rolls_back(settings: Settings) -> None:
    with database.session(settings) as session:
        session.add(_run("kept"))
    with pytest.raises(ZeroDivisionError), database.session(settings) as session:
        session.add(_run("lost"))
        session.flush()
        raise ZeroDivisionError
    with database.session(settings) as session:
        assert [run.run_id for run in session.query(Run)] == ["kept"]


def test_inner_session_joins_the_outer_one(settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), database.session(settings) as outer:
        with database.session(settings) as inner:
            inner.add(_run("inner"))
        assert outer.query(Run).count() == 1
        raise ZeroDivisionError
    with database.session(settings) as session:
        assert session.query(Run).count() == 0


def test_database_can_be_deleted_while_the_process_lives(settings: Settings) -> None:
    with database.session(settings) as session:
        session.add(_run("before"))
    for file in settings.home.glob("control.db*"):
        file.unlink()
    with database.session(settings) as session:
        assert session.query(Run).count() == 0


def test_sqlite_is_set_for_one_writer_many_readers(settings: Settings) -> None:
    with database.session(settings) as session:
        assert session.execute(text("pragma journal_mode")).scalar() == "wal"
        assert session.execute(text("pragma foreign_keys")).scalar() == 1
        assert session.execute(text("pragma busy_timeout")).scalar() == 30_000


def test_money_is_exact(settings: Settings) -> None:
    amount = Decimal("9007199254740993.01")  # not a double
    hold = Hold(
        hold_id="h",
        fingerprint="f",
        payee_id="E1",
        check_name="c",
        reason="r",
        exposure_amount=amount,
        currency_code="CNY",
        created_at=datetime(2026, 1, 5),
    )
    with database.session(settings) as session:
        session.add(hold)
    with database.session(settings) as session:
        assert session.query(Hold).one().exposure_amount == amount
    hold.exposure_amount = Decimal("1.005")
    with pytest.raises(StatementError, match="more than two decimals"), database.session(settings) as session:
        session.merge(hold)


def test_a_home_that_cannot_be_written_is_busy_not_a_traceback(settings: Settings) -> None:
    elsewhere = replace(settings, control_dsn="sqlite:////proc/nowhere/control.db")
    with pytest.raises(Busy, match="control database"):
        database.upgrade(elsewhere)


def test_arrival_ids_are_given_by_the_database(settings: Settings) -> None:
    arrivals = [
        Arrival(
            source_system="hr",
            file_name=name,
            content_sha256="0" * 64,
            byte_size=1,
            received_at=datetime(2026, 1, 5),
            outcome="ignored",
        )
        for name in ("a", "b")
    ]
    with database.session(settings) as session:
        session.add_all(arrivals)
    assert [arrival.arrival_id for arrival in arrivals] == [1, 2]
