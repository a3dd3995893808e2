"""Airflow loads one plugin of ours, the listener, and not the package beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from attain.airflow.environment import run_history
from attain.settings import Settings

LIST_PLUGINS = """
import json, sys
from attain.airflow import environment
from attain.settings import Settings
environment.apply(Settings.from_environment())
from airflow import plugins_manager
names = [plugin.name for plugin in plugins_manager._get_plugins()[0]]
errors = plugins_manager.get_import_errors()
loaded = sorted(name for name in sys.modules if name.split(".")[0] in ("duckdb", "pandas", "dbt", "great_expectations"))
sys.stdout.write(json.dumps([names, errors, loaded]))
"""


def test_airflow_loads_the_listener_and_not_the_package(settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIST_PLUGINS],
        env={"PATH": os.environ["PATH"], "HOME": str(settings.home.parent), "ATTAIN_HOME": str(settings.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names, errors, loaded = json.loads(done.stdout.splitlines()[-1])
    assert names.count("attain") == 1
    assert errors == {}
    assert loaded == []


@pytest.mark.usefixtures("airflow_here")
def test_an_ended_run_is_a_line_of_the_history(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import attain_plugin

    monkeypatch.setenv("ATTAIN_HOME", str(settings.home))
    moment = datetime(2026, 3, 1, 6, 10, tzinfo=UTC)
    run = SimpleNamespace(dag_id="hr_ingest", run_id="one", state="success", start_date=moment, end_date=moment)
    attain_plugin.on_dag_run_success(run, msg="")
    run.state = SimpleNamespace(value="failed")
    run.end_date = None
    attain_plugin.on_dag_run_failed(run, msg="")
    lines = [json.loads(line) for line in run_history(settings).read_text(encoding="utf-8").splitlines()]
    assert [(line["dag_id"], line["state"], line["ended_at"]) for line in lines] == [
        ("hr_ingest", "success", "2026-03-01T06:10:00+00:00"),
        ("hr_ingest", "failed", None),
    ]


@pytest.mark.usefixtures("airflow_here")
def test_a_full_disk_does_not_stop_the_scheduler(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import attain_plugin

    (tmp_path / "not a folder").write_text("", encoding="utf-8")
    monkeypatch.setenv("ATTAIN_HOME", str(tmp_path / "not a folder"))
    run = SimpleNamespace(dag_id="hr_ingest", run_id="one", state="success", start_date=None, end_date=None)
    attain_plugin.on_dag_run_success(run, msg="")
    assert "could not record the run" in caplog.text
