"""The DAGs as Airflow reads them: all there, well described, tied together as drawn, and cheap to parse."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from attain import assets
from attain.settings import PROJECT_ROOT

DAGS = PROJECT_ROOT / "dags"
MAX_LINES = 100
INGESTS = ["finance_ingest", "hr_ingest", "jiandaoyun_crm_ingest", "mapped_ingest", "zoho_crm_ingest"]
ALL = sorted([*INGESTS, "marts_build", "housekeeping"])
# What a DAG file may import when it is parsed. Everything else is imported inside a task.
MAY_IMPORT = {"airflow.sdk", "attain.assets", "attain.airflow.conventions", "attain.airflow.schedules"}
HEADINGS = ("**What**", "**When**", "**Inputs**", "**Outputs**", "**If it fails**")


def describe(folder: Path, home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("describe.py")), str(home), str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    assert DAGS.is_absolute()
    return describe(DAGS, tmp_path_factory.mktemp("described") / "home")


def style_faults(path: Path) -> list[str]:
    """What a DAG file does that a table of contents would not."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    faults = [f"{len(text.splitlines())} lines"] if len(text.splitlines()) > MAX_LINES else []
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        faults += [f"imports {name}" for name in names if name not in MAY_IMPORT]
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.For | ast.While | ast.Try):
            faults.append(f"line {node.lineno}: {type(node).__name__.lower()} statement")
    return faults


def test_every_dag_is_there_and_nothing_fails_to_import(described: dict[str, Any]) -> None:
    assert described["import_errors"] == {}
    assert sorted(described["dags"]) == ALL
    assert len(ALL) == 7
    assert sorted(path.stem for path in DAGS.glob("*.py")) == ALL


def test_an_import_error_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "broken.py").write_text("from airflow.sdk import dag\nimport nothing_of_this_name\n", encoding="utf-8")
    assert list(describe(folder, tmp_path / "home")["import_errors"]) == ["broken.py"]


def test_a_file_is_named_as_its_dag(described: dict[str, Any]) -> None:
    assert {dag_id: dag["file"] for dag_id, dag in described["dags"].items()} == {name: f"{name}.py" for name in ALL}


@pytest.mark.parametrize("name", ALL)
def test_a_dag_file_is_a_table_of_contents(name: str) -> None:
    assert style_faults(DAGS / f"{name}.py") == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import pandas\n", "imports pandas"),
        ("from attain.transform import dbt\n", "imports attain.transform"),
        ("x = 1\nif x:\n    pass\n", "line 2: if statement"),
        ("\n" * (MAX_LINES + 1), f"{MAX_LINES + 1} lines"),
    ],
)
def test_the_style_test_sees_faults(code: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text(code, encoding="utf-8")
    assert style_faults(path) == [fault]


def test_parsing_loads_nothing_heavy(described: dict[str, Any]) -> None:
    assert described["heavy"] == []


def test_heavy_imports_are_seen(tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "heavy.py").write_text("# a dag of airflow\nimport duckdb\n", encoding="utf-8")
    assert describe(folder, tmp_path / "home")["heavy"] == ["duckdb"]


@pytest.mark.parametrize("name", ALL)
def test_a_dag_says_what_it_is_and_whose(described: dict[str, Any], name: str) -> None:
    from attain.airflow.conventions import NETWORK_POOL, WAREHOUSE_POOL, Owner, Tag

    dag = described["dags"][name]
    assert [heading for heading in HEADINGS if heading not in dag["doc"]] == []
    assert dag["tags"] and set(dag["tags"]) <= {tag.value for tag in Tag}
    assert dag["max_active_runs"] == 1
    assert dag["catchup"] is False
    for task_id, task in dag["tasks"].items():
        assert task["owner"] in {owner.value for owner in Owner}, task_id
        assert task["pool"] == (NETWORK_POOL if task_id == "pull" else WAREHOUSE_POOL), task_id
        assert 1 <= task["retries"] <= 3, task_id
        assert 0 < task["timeout"] <= 2 * 3600, task_id


def test_the_clock_starts_dags_only_at_the_edge(described: dict[str, Any]) -> None:
    assert {dag_id: dag["cron"] for dag_id, dag in described["dags"].items()} == {
        "zoho_crm_ingest": "10 6 * * *",
        "jiandaoyun_crm_ingest": "15 6 * * *",
        "finance_ingest": "20 6 * * *",
        "hr_ingest": "25 6 * * *",
        "mapped_ingest": "30 6 * * *",
        "housekeeping": "30 3 * * *",
        "marts_build": None,
    }
    for dag in described["dags"].values():
        if dag["cron"]:
            minute, hour = dag["cron"].split()[:2]
            assert f"{int(hour):02}:{int(minute):02} Shanghai time" in " ".join(dag["doc"].split())


def test_the_assets_tie_the_dags_together(described: dict[str, Any]) -> None:
    flows = {dag_id: (dag["reads"], dag["writes"]) for dag_id, dag in described["dags"].items()}
    assert flows == {
        "zoho_crm_ingest": (["attain://inbox/zoho_crm"], ["attain://deliveries/zoho_crm"]),
        "jiandaoyun_crm_ingest": (["attain://inbox/jiandaoyun_crm"], ["attain://deliveries/jiandaoyun_crm"]),
        "finance_ingest": (["attain://inbox/finance"], ["attain://deliveries/finance"]),
        "hr_ingest": (["attain://inbox/hr"], ["attain://deliveries/hr"]),
        "mapped_ingest": (["attain://inbox/mapped"], ["attain://deliveries/mapped"]),
        "marts_build": (
            [
                "attain://deliveries/finance",
                "attain://deliveries/hr",
                "attain://deliveries/jiandaoyun_crm",
                "attain://deliveries/mapped",
                "attain://deliveries/zoho_crm",
            ],
            ["attain://release/current"],
        ),
        "housekeeping": ([], []),
    }
    addresses = {uri for reads, writes in flows.values() for uri in (*reads, *writes)}
    assert all(uri.startswith("attain://") for uri in addresses)
    assert assets.RELEASE in addresses


def test_the_order_of_the_main_job_follows_from_the_assets(described: dict[str, Any]) -> None:
    assert sorted(described["order"][:-1]) == INGESTS
    assert described["order"][-1] == "marts_build"


def test_the_steps_of_a_build_follow_one_another(described: dict[str, Any]) -> None:
    tasks = described["dags"]["marts_build"]["tasks"]
    after = {task_id: set(task["upstream"]) for task_id, task in tasks.items()}
    assert after == {
        "prepare": set(),
        "dbt_layers.staging": {"prepare"},
        "dbt_layers.intermediate": {"prepare", "dbt_layers.staging"},
        "dbt_layers.marts": {"prepare", "dbt_layers.intermediate"},
        "gate": {"prepare", "dbt_layers.marts"},
        "publish": {"prepare", "gate"},
    }
    assert [task_id for task_id, task in tasks.items() if task["writes"]] == ["publish"]


@pytest.mark.parametrize("name", ["zoho_crm_ingest", "jiandaoyun_crm_ingest"])
def test_a_failed_pull_stops_no_ingest_and_is_not_forgotten(described: dict[str, Any], name: str) -> None:
    tasks = described["dags"][name]["tasks"]
    assert {task_id: (task["upstream"], task["rule"]) for task_id, task in tasks.items()} == {
        "pull": ([], "all_success"),
        "ingest": (["pull"], "all_done"),
        "tell_of_failed_pull": (["pull"], "one_failed"),
    }
    assert [task_id for task_id, task in tasks.items() if task["writes"]] == ["ingest"]


def test_files_that_wait_are_taken_in_before_a_build_goes_on(described: dict[str, Any]) -> None:
    def weights(name: str) -> list[int]:
        return [task["priority"] for task in described["dags"][name]["tasks"].values()]

    # Airflow adds up the weights of all that comes after a task.
    assert min(weight for name in INGESTS for weight in weights(name)) > sum(weights("marts_build"))


def test_layers_are_those_of_the_job_without_airflow() -> None:
    from attain import pipeline
    from attain.airflow import conventions

    assert conventions.LAYERS == pipeline.LAYERS


def test_contract_sources_are_those_of_the_contracts() -> None:
    folder = PROJECT_ROOT / "plugins" / "attain" / "ingest" / "contracts"
    assert sorted(assets.CONTRACT_SOURCES) == sorted(path.stem for path in folder.glob("*.yml"))
    for source in assets.CONTRACT_SOURCES:
        assert (DAGS / f"{source}_ingest.py").is_file()
