"""The candidate is named by its inputs, made anew each time, and recognised when it is already published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from attain import pipeline
from attain.errors import BadInput, Busy
from attain.publish import release
from attain.settings import PROJECT_ROOT, Settings
from attain.transform import candidate
from tests.transform.landing import land


def publish(settings: Settings, release_id: str) -> None:
    """What publishing leaves behind of a release, as far as a candidate looks at it."""
    folder = settings.releases / release_id
    folder.mkdir(parents=True)
    (folder / "receipt.json").write_text("{}", encoding="utf-8")
    (settings.releases / "current").unlink(missing_ok=True)
    (settings.releases / "current").symlink_to(release_id)


def test_nothing_delivered_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(BadInput, match="attain demo"):
        candidate.prepare(settings)


def test_a_candidate_is_named_by_its_day_and_inputs(delivered: Settings) -> None:
    prepared = candidate.prepare(delivered)
    assert prepared.as_of_date == date(2026, 3, 31)
    assert prepared.run_id == prepared.fingerprint[:12]
    assert prepared.release_id == f"20260331-{prepared.run_id}"
    assert len(prepared.delivery_ids) == 17
    assert prepared.delivery_ids == sorted(prepared.delivery_ids)
    assert candidate.load_candidate(delivered) == prepared
    assert candidate.prepare(delivered) == prepared


def test_the_warehouse_holds_what_dbt_reads(delivered: Settings) -> None:
    prepared = candidate.prepare(delivered)
    with duckdb.connect(str(delivered.warehouse_file), read_only=True) as connection:
        assert connection.execute("select * from control.run").fetchall() == [
            (
                prepared.run_id,
                prepared.release_id,
                prepared.fingerprint,
                date(2026, 3, 31),
                "Asia/Shanghai",
                7,
                "middle",
                prepared.code_version,
            )
        ]
        assert connection.execute("select count(*) from raw.zoho_crm__deals").fetchall() == [(11,)]
        assert connection.execute("select count(*) from raw.zoho_crm__leads").fetchall() == [(0,)]
        assert connection.execute("select plan_code from plan.plan_version order by 1").fetchall() == [
            ("abroad",),
            ("team_sales",),
        ]
        assert connection.execute(
            "select source_system, feed, file_name, row_number, column_name, value from control.quarantine_row"
        ).fetchall() == [("finance", "receipts", "receipts/receipts.csv", 7, "amount", "1,2,3")]
        columns = connection.execute(
            "select column_name from duckdb_columns() where schema_name = 'control' and table_name = 'delivery'"
        ).fetchall()
        assert not [name for (name,) in columns if name.endswith("_path")]


def test_every_input_changes_the_fingerprint(delivered: Settings, tmp_path: Path) -> None:
    seen = {candidate.prepare(delivered).fingerprint}
    for changed in (
        replace(delivered, fx_max_age_days=8),
        replace(delivered, fx_rate_type="reference"),
        replace(delivered, timezone="Europe/Berlin"),
        replace(delivered, max_held_exposure=0.5),
        replace(delivered, as_of=date(2026, 2, 28)),
    ):
        seen.add(candidate.prepare(changed).fingerprint)
    plan = delivered.plans_dir / "abroad.yml"
    plan.write_text(plan.read_text(encoding="utf-8") + "# a word more\n", encoding="utf-8")
    seen.add(candidate.prepare(delivered).fingerprint)
    land(delivered, "zoho_crm", "leads", [{"lead_id": "L1", "created_at": datetime(2026, 3, 1)}])
    seen.add(candidate.prepare(delivered).fingerprint)
    project = tmp_path / "project"
    for folder in ("plugins/attain", "dbt_project/models", "dbt_project/macros", "expectations"):
        (project / folder).mkdir(parents=True)
    elsewhere = replace(delivered, project=project)
    seen.add(candidate.prepare(elsewhere).fingerprint)
    for name in ("dbt_project/models/a.sql", "dbt_project/macros/a.sql", "expectations/a.b.yml", "plugins/attain/a.py"):
        (project / name).write_text("one", encoding="utf-8")
        seen.add(candidate.prepare(elsewhere).fingerprint)
        (project / name).write_text("two", encoding="utf-8")
        seen.add(candidate.prepare(elsewhere).fingerprint)
    assert len(seen) == 1 + 5 + 2 + 1 + 8


def test_caches_of_python_are_no_input(delivered: Settings, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "plugins/attain/__pycache__").mkdir(parents=True)
    elsewhere = replace(delivered, project=project)
    before = candidate.prepare(elsewhere).fingerprint
    (project / "plugins/attain/__pycache__/a.py").write_text("", encoding="utf-8")
    assert candidate.prepare(elsewhere).fingerprint == before


def test_a_published_candidate_is_not_new(delivered: Settings) -> None:
    prepared = candidate.prepare(delivered)
    assert prepared.is_new
    publish(delivered, prepared.release_id)
    stamp = delivered.warehouse_file.stat().st_mtime_ns
    again = candidate.prepare(delivered)
    assert not again.is_new
    assert again == replace(prepared, is_new=False)
    assert delivered.warehouse_file.stat().st_mtime_ns == stamp
    land(delivered, "zoho_crm", "leads", [{"lead_id": "L1", "created_at": datetime(2026, 3, 1)}])
    assert candidate.prepare(delivered).is_new


def test_a_release_without_a_receipt_does_not_count(delivered: Settings) -> None:
    prepared = candidate.prepare(delivered)
    publish(delivered, prepared.release_id)
    (delivered.releases / prepared.release_id / "receipt.json").unlink()
    assert candidate.prepare(delivered).is_new


def test_a_rolled_back_release_is_new_again(delivered: Settings) -> None:
    prepared = candidate.prepare(delivered)
    publish(delivered, prepared.release_id)
    publish(delivered, "20260101-000000000000")
    assert candidate.prepare(delivered).is_new


def test_what_a_killed_build_left_is_gone(delivered: Settings) -> None:
    delivered.warehouse.mkdir(parents=True)
    with duckdb.connect(str(delivered.warehouse_file)) as connection:
        connection.execute("create table half_built as select 1 as one")
    delivered.warehouse_file.with_name("attain.duckdb.wal").write_bytes(b"the log of a killed writer")
    candidate.prepare(delivered)
    with duckdb.connect(str(delivered.warehouse_file), read_only=True) as connection:
        assert connection.execute(
            "select count(*) from duckdb_tables() where table_name = 'half_built'"
        ).fetchall() == [(0,)]


def test_another_runs_candidate_is_refused(delivered: Settings) -> None:
    candidate.prepare(delivered)
    with pytest.raises(Busy, match="another run has replaced this candidate"):
        candidate.load_candidate(delivered, "000000000000")


def test_no_candidate_and_a_damaged_one_are_said(delivered: Settings) -> None:
    with pytest.raises(BadInput, match="no candidate"):
        candidate.load_candidate(delivered)
    delivered.warehouse.mkdir(parents=True, exist_ok=True)
    (delivered.warehouse / candidate.CANDIDATE_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match="can't be read"):
        candidate.load_candidate(delivered)


def test_a_bad_plan_leaves_no_candidate_behind(delivered: Settings) -> None:
    candidate.prepare(delivered)
    (delivered.plans_dir / "abroad.yml").write_text("plan: abroad\n", encoding="utf-8")
    with pytest.raises(BadInput, match="abroad"):
        candidate.prepare(delivered)
    with pytest.raises(BadInput, match="no candidate"):
        candidate.load_candidate(delivered)


def test_the_folders_of_the_fingerprint_exist() -> None:
    assert all((PROJECT_ROOT / folder).exists() for folder, _ in candidate._CODE)


def test_a_candidate_of_the_past_sees_what_was_known_then_and_is_never_published(delivered: Settings) -> None:
    now = candidate.prepare(delivered)
    with pytest.raises(BadInput, match="nothing had been delivered by ATTAIN_KNOWN_AT"):
        candidate.prepare(replace(delivered, known_at=datetime(2020, 1, 1)))
    past = replace(delivered, known_at=datetime(2099, 1, 1))
    then = candidate.prepare(past)
    assert then.delivery_ids == now.delivery_ids and then.fingerprint != now.fingerprint
    for settings in (past, delivered):  # whether the moment is still set or not
        with pytest.raises(BadInput, match="would put the past in front of readers"):
            release.publish(settings)
    with pytest.raises(BadInput, match="ATTAIN_KNOWN_AT is set"):
        pipeline.run(past)
