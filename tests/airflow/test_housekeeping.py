"""Housekeeping makes room and never takes what is in use."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from attain.airflow import housekeeping
from attain.airflow.environment import dag_processor_logs, log_folder
from attain.control import database, models
from attain.errors import BadInput
from attain.settings import Settings

NOW = datetime(2026, 6, 30, 3, 30, tzinfo=UTC)


def add_release(settings: Settings, name: str, days_ago: float, causes: tuple[float, ...] = ()) -> Path:
    """Register a release published `days_ago` days before NOW, and pointed at again at each of `causes` days ago."""
    folder = settings.releases / name
    folder.mkdir(parents=True)
    (folder / "receipt.json").write_text("{}", encoding="utf-8")
    (folder / "receipt.json").chmod(0o444)
    published = (NOW - timedelta(days=days_ago)).replace(tzinfo=None)
    with database.session(settings) as session:
        session.add(
            models.Release(
                release_id=name,
                fingerprint=name,
                as_of_date=date(2026, 1, 1),
                code_version="1",
                published_at=published,
                receipt_sha256="",
                payout_totals={},
            )
        )
    for ago in (days_ago, *causes):
        point(settings, name, ago)
    return folder


def point(settings: Settings, name: str, days_ago: float) -> None:
    moved = (NOW - timedelta(days=days_ago)).replace(tzinfo=None)
    with database.session(settings) as session:
        session.add(models.PointerMove(release_id=name, moved_at=moved, cause="publish", moved_by="a test"))
    current = settings.releases / "current"
    current.unlink(missing_ok=True)
    current.symlink_to(name)


def there(settings: Settings) -> set[str]:
    return {path.name for path in settings.releases.iterdir() if not path.is_symlink()}


def test_old_releases_go_the_newest_stay(settings: Settings) -> None:
    for number in range(6):
        add_release(settings, f"r{number}", days_ago=100 - number)
    removed = housekeeping.remove_old_releases(settings, NOW, keep_releases=2, keep_days=10)
    assert removed == ["r0", "r1", "r2", "r3"]
    assert there(settings) == {"r4", "r5"}
    assert housekeeping.remove_old_releases(settings, NOW, keep_releases=2, keep_days=10) == []


def test_the_current_release_stays_however_old(settings: Settings) -> None:
    for number in range(4):
        add_release(settings, f"r{number}", days_ago=100 - number)
    point(settings, "r0", days_ago=90)
    assert housekeeping.remove_old_releases(settings, NOW, keep_releases=1, keep_days=0) == ["r1", "r2"]
    assert there(settings) == {"r0", "r3"}


def test_what_was_current_lately_stays(settings: Settings) -> None:
    for number in range(5):
        add_release(settings, f"r{number}", days_ago=100 - number)
    point(settings, "r1", days_ago=20)  # so that r4 was current until 20 days ago, and r1 until 5 days ago
    point(settings, "r3", days_ago=5)
    removed = housekeeping.remove_old_releases(settings, NOW, keep_releases=1, keep_days=10)
    assert removed == ["r0", "r2"]
    assert there(settings) == {"r1", "r3", "r4"}


@pytest.mark.parametrize(("releases", "days"), [(0, 10), (-1, 10), (1, -1)])
def test_limits_that_would_empty_the_home_are_refused(settings: Settings, releases: int, days: int) -> None:
    add_release(settings, "r0", days_ago=100)
    with pytest.raises(BadInput):
        housekeeping.remove_old_releases(settings, NOW, keep_releases=releases, keep_days=days)
    assert there(settings) == {"r0"}


def test_leftovers_of_dead_builds_go_and_nothing_else(settings: Settings) -> None:
    add_release(settings, "r0", days_ago=1)
    half = settings.releases / ".building-r1"
    half.mkdir()
    (half / "part.parquet").write_bytes(b"x")
    (settings.releases / ".removing-r2").mkdir()
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    (settings.warehouse / ".verdict.json.4711").write_text("{", encoding="utf-8")
    settings.warehouse_file.write_bytes(b"the warehouse")
    spilled = Path(f"{settings.warehouse_file}.tmp")
    spilled.mkdir()
    lake = settings.lake / "raw" / "hr"
    lake.mkdir(parents=True)
    removed = housekeeping.remove_dead_builds(settings)
    assert sorted(removed) == [
        "releases/.building-r1",
        "releases/.removing-r2",
        "warehouse/.verdict.json.4711",
        "warehouse/attain.duckdb.tmp",
    ]
    assert there(settings) == {"r0"}
    assert settings.warehouse_file.read_bytes() == b"the warehouse"
    assert lake.is_dir()
    assert housekeeping.remove_dead_builds(settings) == []


def test_an_empty_home_has_nothing_to_remove(settings: Settings) -> None:
    assert housekeeping.remove_dead_builds(settings) == []
    assert housekeeping.remove_old_releases(settings, NOW, keep_releases=1, keep_days=1) == []
    assert housekeeping.remove_old_task_logs(settings, NOW, keep_days=1) == []


def test_old_logs_go_by_their_last_line(settings: Settings) -> None:
    def log(path: Path, days_ago: float) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a line\n", encoding="utf-8")
        stamp = (NOW - timedelta(days=days_ago)).timestamp()
        os.utime(path, (stamp, stamp))
        return path

    logs = log_folder(settings)
    old = log(logs / "dag_id=a" / "run_id=1" / "task_id=t" / "attempt=1.log", 40)
    half_old = log(logs / "dag_id=a" / "run_id=2" / "task_id=t" / "attempt=1.log", 40)
    log(logs / "dag_id=a" / "run_id=2" / "task_id=u" / "attempt=1.log", 2)
    old_parse = log(dag_processor_logs(settings) / "2026-05-01" / "dags" / "a.py.log", 60)
    new_parse = log(dag_processor_logs(settings) / "2026-06-29" / "dags" / "a.py.log", 1)
    removed = housekeeping.remove_old_task_logs(settings, NOW, keep_days=30)
    assert removed == ["dag_id=a/run_id=1", "dag_processor/2026-05-01"]
    assert not old.exists() and not old_parse.exists()
    assert half_old.exists() and new_parse.exists()
    with pytest.raises(BadInput):
        housekeeping.remove_old_task_logs(settings, NOW, keep_days=0)
