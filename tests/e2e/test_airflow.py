"""`attain airflow run`, what `make run` calls: the real DAGs make the very release that the plain job makes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.e2e.conftest import attain, current, query


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("dags") / "home"
    assert attain(home, "demo").returncode == 0
    done = attain(home, "airflow", "run", timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    (home / "run.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return home


def test_the_same_release_as_without_airflow(home: Path, sample_home: Path) -> None:
    assert current(home).name == current(sample_home).name
    for table in ("incentive.fct_payout", "incentive.fct_earning_line", "kpi.fct_kpi_employee_period"):
        columns = "* exclude (known_at)" if table.endswith("earning_line") else "*"
        sql = f"select {columns} from {table} order by all"
        assert query(home, sql) == query(sample_home, sql), table


def test_the_metadata_database_and_task_logs_are_real(home: Path) -> None:
    with sqlite3.connect(home / "airflow" / "airflow.db") as metadata:
        states = dict(metadata.execute("select dag_id, state from dag_run").fetchall())
        tasks = metadata.execute("select dag_id, run_id, task_id from task_instance where state = 'success'").fetchall()
    assert set(states) >= {"zoho_crm_ingest", "jiandaoyun_crm_ingest", "finance_ingest", "hr_ingest", "marts_build"}
    assert set(states.values()) == {"success"}
    assert len(tasks) > 10
    logs = [path for path in (home / "logs").rglob("*.log") if path.stat().st_size]
    for dag_id, _, task_id in tasks:
        assert any(dag_id in str(path) and task_id in str(path) for path in logs), f"no log of {dag_id}.{task_id}"


def test_the_terminal_shows_no_wall_of_log(home: Path) -> None:
    said = (home / "run.txt").read_text(encoding="utf-8")
    assert len(said.splitlines()) < 90
    assert "INFO" not in said
    assert "Traceback" not in said


def test_a_second_run_is_unchanged(home: Path) -> None:
    before = current(home)
    again = attain(home, "airflow", "run")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "nothing new" in again.stdout.lower()
    assert current(home) == before


def test_a_refusal_through_the_dags(home: Path) -> None:
    before = current(home)
    attain(home, "demo", "--corrupt", "refund_sign")
    refused = attain(home, "airflow", "run")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "attain withdraw" in refused.stdout
    assert current(home) == before
