"""The real ingest DAG of Zoho CRM in a local run: with a CRM that refuses, and with one that answers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from attain.settings import PROJECT_ROOT, Settings
from tests.airflow.test_pull import VARIABLE, as_json
from tests.connectors import zoho_server
from tests.connectors.zoho_crm.conftest import zoho  # noqa: F401
from tests.connectors.zoho_crm.pulling import deals_of, landed_deals
from tests.connectors.zoho_server import Zoho
from tests.ingest.exports import deal, deals, drop, rows

# Only what assets tie to another DAG is run.
READER = """
from airflow.sdk import dag, task
from attain.airflow.schedules import deliveries

@dag(schedule=[deliveries("zoho_crm")], catchup=False)
def reader():
    @task
    def read():
        print("read")
    read()

reader()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with this one DAG and a reader of what it delivers, and the real plugins."""
    folder = tmp_path / "project"
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "zoho_crm_ingest.py").write_bytes((PROJECT_ROOT / "dags" / "zoho_crm_ingest.py").read_bytes())
    (folder / "dags" / "reader.py").write_text(READER, encoding="utf-8")
    (folder / "plugins").symlink_to(PROJECT_ROOT / "plugins")
    return folder


def run(home: Path, project: Path, connection: str | None = None) -> tuple[int, str]:
    """Exit code and standard error of a local run."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "LANG": "C.UTF-8"}
    env |= {"PYTHONPATH": str(PROJECT_ROOT / "plugins")} | ({VARIABLE: connection} if connection else {})
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("run_here.py")), str(home), str(project)],
        env=env,
        capture_output=True,
        text=True,
        timeout=150,
    )
    return done.returncode, done.stderr


def states(home: Path) -> dict[str, str]:
    """State of each task, and of the run, of the newest run of the ingest DAG."""
    with sqlite3.connect(home / "airflow" / "airflow.db") as metadata:
        run_id, state = metadata.execute(
            "select run_id, state from dag_run where dag_id = 'zoho_crm_ingest' order by id desc limit 1"
        ).fetchone()
        found = metadata.execute("select task_id, state from task_instance where run_id = ?", [run_id]).fetchall()
    return {**dict(found), "run": state}


def test_the_inbox_is_taken_in_whatever_the_crm_says(settings: Settings, project: Path, zoho: Zoho) -> None:  # noqa: F811
    home = settings.home
    drop(settings, "zoho_crm/deals/Deals_2025_03_01.csv", deals(deal(1)))
    code, err = run(home, project, as_json(zoho, password="a-wrong-secret"))
    assert code == 2
    assert "zoho_crm_ingest.pull" in err and "client secret" in err and "what to do" in err
    assert states(home) == {"pull": "failed", "ingest": "success", "tell_of_failed_pull": "failed", "run": "failed"}
    assert len(rows(settings, "zoho_crm__deals")) == 1, "the file is taken in all the same"
    logs = "".join(path.read_text(encoding="utf-8") for path in (home / "logs").rglob("*.log"))
    assert "a-wrong-secret" not in logs and zoho_server.REFRESH_TOKEN not in logs

    code, err = run(home, project, as_json(zoho))
    assert code == 0, err
    assert states(home)["pull"] == "success"
    found = {key: row for key, row in landed_deals(settings).items() if key in deals_of(zoho)}
    assert found == deals_of(zoho)
    logs = "".join(path.read_text(encoding="utf-8") for path in (home / "logs").rglob("*.log"))
    for secret in (zoho_server.CLIENT_SECRET, zoho_server.REFRESH_TOKEN, "1000.access-"):
        assert secret not in logs
