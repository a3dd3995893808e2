"""The runner of the main job, on small DAGs of its own: order, history, logs, errors, and a kill in the middle."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attain.settings import PROJECT_ROOT

# `a_reader` sorts before `z_writer`; only the asset says that it comes after it. Its task does what the file `do` says.
WRITER = """
from airflow.sdk import Asset, dag, task

@dag(schedule=None, catchup=False)
def z_writer():
    @task(outlets=[Asset("made", uri="attain://test/made")])
    def write():
        print("said by write")
    write()

z_writer()
"""
READER = """
from airflow.sdk import Asset, dag, task

@dag(schedule=[Asset("made", uri="attain://test/made")], catchup=False)
def a_reader():
    @task(retries=3)
    def read():
        import logging, os, sys, time
        from pathlib import Path
        from attain import progress
        from attain.errors import BadInput
        from attain.settings import Settings
        logging.getLogger("a.library").warning("logged by read")
        print("said by read")
        print("complained by read", file=sys.stderr)
        os.system("echo said by a child of read")
        progress.say("progress of read")
        home = Settings.from_environment().home
        wanted = (home / "do").read_text() if (home / "do").exists() else ""
        if wanted == "crash":
            raise ZeroDivisionError("in the middle of read")
        if wanted == "bad input":
            raise BadInput("the file is odd", "send another one")
        if wanted == "sleep":
            (home / "sleeping").touch()
            time.sleep(300)
    @task
    def after(value):
        print("never said unless read went well")
    after(read())

a_reader()
"""
ALONE = """
from airflow.sdk import dag, task

@dag(schedule="@daily", catchup=False)
def alone():
    @task
    def never():
        raise AssertionError("no asset ties this DAG to another one")
    never()

alone()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with these three DAGs and the real plugins."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "dags").mkdir()
    for name, code in {"z_writer": WRITER, "a_reader": READER, "alone": ALONE}.items():
        (folder / "dags" / f"{name}.py").write_text(code, encoding="utf-8")
    (folder / "plugins").symlink_to(PROJECT_ROOT / "plugins")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all tests of this module: a first run costs seconds."""
    folder = tmp_path_factory.mktemp("local") / "home"
    folder.mkdir()
    return folder


def start(home: Path, project: Path, do: str = "") -> subprocess.Popen[str]:
    (home / "do").write_text(do, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("run_here.py")), str(home), str(project)],
        env={"PATH": os.environ["PATH"], "HOME": str(home.parent), "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Path, project: Path, do: str = "") -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a local run."""
    process = start(home, project, do)
    try:
        out, err = process.communicate(timeout=150)
    finally:
        process.kill()
    return process.returncode, out, err


def ask(home: Path, sql: str) -> list[tuple[str, ...]]:
    with sqlite3.connect(home / "airflow" / "airflow.db") as metadata:
        return metadata.execute(sql).fetchall()


def log_of(home: Path, dag_id: str, task_id: str) -> list[dict[str, str]]:
    """Lines of the newest log of a task, found where Airflow's UI looks for it."""
    ((run_id, try_number),) = ask(
        home,
        "select dag_run.run_id, try_number from dag_run join task_instance on task_instance.run_id = dag_run.run_id"
        f" and task_instance.dag_id = dag_run.dag_id where dag_run.dag_id = '{dag_id}' and task_id = '{task_id}'"
        " order by dag_run.id desc limit 1",
    )
    logs = home / "logs" / "airflow" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
    text = (logs / f"attempt={try_number}.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_dags_run_in_the_order_of_their_assets(home: Path, project: Path) -> None:
    code, out, err = run(home, project)
    assert code == 0, err
    assert ask(home, "select dag_id, state from dag_run order by id") == [
        ("z_writer", "success"),
        ("a_reader", "success"),
    ]
    assert ask(home, "select count(*) from serialized_dag") == [(3,)]
    assert ask(home, "select count(*) from asset_event") == [(1,)]
    assert ask(home, "select count(*) from asset_dag_run_queue") == [(0,)], "a scheduler would run a_reader again"
    assert ask(home, "select slots from slot_pool where pool = 'attain_warehouse'") == [(1,)]
    history = (home / "logs" / "airflow-runs.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["dag_id"] for line in history] == ["z_writer", "a_reader"]

    # The terminal shows progress and nothing else; what tasks say and log is in their logs.
    assert "progress of read" in err
    assert "said by" not in out + err and "logged by" not in out + err
    assert all(line.startswith(("  …", "  ✓", "progress of read")) for line in err.splitlines()), err
    said = {line["event"] for line in log_of(home, "a_reader", "read")}
    assert {"said by read", "logged by read", "complained by read"} <= said
    assert "said by write" not in said
    assert "said by write" in {line["event"] for line in log_of(home, "z_writer", "write")}


def test_a_crash_names_the_task_and_its_log(home: Path, project: Path) -> None:
    code, _, err = run(home, project, do="crash")
    assert code == 2
    assert "a_reader.read" in err
    assert "ZeroDivisionError: in the middle of read" in err
    named = Path(err.rsplit("log: ", 1)[1].splitlines()[0])
    assert "in the middle of read" in named.read_text(encoding="utf-8")
    assert "Traceback" not in err
    ran = [task_id for (task_id,) in ask(home, "select task_id from task_instance where state = 'upstream_failed'")]
    assert ran == ["after"]


def test_an_error_with_a_remedy_keeps_it(home: Path, project: Path) -> None:
    code, _, err = run(home, project, do="bad input")
    assert code == 2
    assert "the file is odd" in err
    assert "send another one" in err
    assert f"log: {home}" in err


def test_killed_in_the_middle_the_next_run_works(home: Path, project: Path) -> None:
    process = start(home, project, do="sleep")
    try:
        deadline = time.monotonic() + 150
        while not (home / "sleeping").exists():
            assert time.monotonic() < deadline and process.poll() is None, process.communicate(timeout=5)
            time.sleep(0.2)
        # While it runs, another one is told who is at work, at once.
        code, _, err = run(home, project)
        assert code == 3
        assert str(process.pid) in err
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
    newest = "select state from {} where dag_id = 'a_reader' order by {} desc limit 1"
    assert ask(home, newest.format("dag_run", "id")) == [("running",)]

    code, _, err = run(home, project)
    assert code == 0, err
    states = ask(home, "select state from dag_run where dag_id = 'a_reader' order by id desc limit 2")
    assert states == [("success",), ("failed",)]
    unfinished = "select count(*) from task_instance where state is null or state in ('running', 'queued', 'scheduled')"
    assert ask(home, unfinished) == [(0,)]


def test_a_dag_file_that_cannot_be_read_stops_everything(home: Path, project: Path, tmp_path: Path) -> None:
    broken = tmp_path / "project"
    (broken / "dags").mkdir(parents=True)
    (broken / "dags" / "broken.py").write_text("from airflow.sdk import dag\nthis is no Python\n", encoding="utf-8")
    (broken / "plugins").symlink_to(PROJECT_ROOT / "plugins")
    code, _, err = run(home, broken)
    assert code == 2
    assert "broken.py" in err
    assert "SyntaxError" in err
