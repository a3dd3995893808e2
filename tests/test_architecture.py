"""The house keeps its shape: layers have one direction, rooms import only what they may, habits are kept."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from attain.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "plugins" / "attain"
MODELS = PROJECT_ROOT / "dbt_project" / "models"
LAYERS = ("staging", "intermediate", "marts")

# What a room may import of the others. A room that is not named may import any.
MAY_IMPORT = {
    "errors": set(),
    "money": {"errors"},
    "periods": {"errors"},
    "settings": {"errors"},
    "progress": set(),
    "control": {"settings", "errors", "progress"},
    "ingest": {"control", "settings", "errors", "progress"},
    "plans": {"settings", "errors", "money", "periods"},
    "identities": {"ingest", "settings", "errors"},
    "reference": {"money", "periods", "errors"},
    "transform": {"control", "identities", "ingest", "plans", "settings", "errors", "progress"},
    "quality": {"control", "transform", "reference", "settings", "errors", "progress"},
    "demo": {"settings", "errors", "progress", "money", "periods"},
    "statement": {"money", "errors"},
    "connectors": {"settings", "errors", "progress"},
}


def sql_files() -> list[Path]:
    found = sorted(MODELS.rglob("*.sql"))
    assert len(found) > 20
    return found


def layer_of(path: Path) -> str:
    return path.relative_to(MODELS).parts[0]


def code_of(path: Path) -> str:
    """SQL without its comments."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", text)


def boundary_faults(models: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Say what breaks the layers' one direction. `models`: name → (layer, code)."""
    for name, (layer, code) in models.items():
        if layer not in LAYERS:
            yield f"{name} is in no layer ({layer})"
            continue
        raw = re.findall(r"source\(\s*['\"](\w+)['\"]", code)
        if layer == "staging" and "ref(" in re.sub(r"ref\(\s*['\"]seed_", "seed(", code):
            yield f"{name}: staging reads a model"
        if layer != "staging" and "raw" in raw:
            yield f"{name}: reads a raw delivery outside staging"
        for parent in re.findall(r"ref\(\s*['\"](\w+)['\"]", code):
            parent_layer = models.get(parent, ("staging", ""))[0]
            if LAYERS.index(parent_layer) > LAYERS.index(layer):
                yield f"{name} ({layer}) reads {parent} ({parent_layer}): backwards"
            if layer == "marts" and parent_layer == "staging" and parent in models:
                yield f"{name}: a mart reads staging ({parent})"


def test_layers_have_one_direction() -> None:
    models = {path.stem: (layer_of(path), code_of(path)) for path in sql_files()}
    assert not list(boundary_faults(models))


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ("intermediate", "select * from {{ ref('fct_b') }}"),
        ("marts", "select * from {{ source('raw', 'finance__receipts') }}"),
        ("staging", "select * from {{ ref('int_a') }}"),
        ("marts", "select * from {{ ref('stg_c') }}"),
        ("elsewhere", "select 1"),
    ],
)
def test_the_boundary_test_sees_faults(layer: str, code: str) -> None:
    others = {"fct_b": ("marts", ""), "int_a": ("intermediate", ""), "stg_c": ("staging", "")}
    assert list(boundary_faults({**others, "bad": (layer, code)}))


def imports_of(path: Path) -> set[str]:
    """Full names of all modules that a file imports, at any depth of its code."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_only_the_airflow_room_imports_airflow() -> None:
    offenders = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if room_of(path) not in {"airflow", "assets"}
        and any(name == "airflow" or name.startswith("airflow.") for name in imports_of(path))
    ]
    assert not offenders


def test_rooms_import_only_what_they_may() -> None:
    faults = []
    for path in PACKAGE.rglob("*.py"):
        room = room_of(path)
        if room not in MAY_IMPORT:
            continue
        used = {name.split(".")[1] for name in imports_of(path) if name.startswith("attain.")} - {room, "__version__"}
        faults += [f"{path.relative_to(PACKAGE)} imports attain.{name}" for name in used - MAY_IMPORT[room]]
    assert not faults


def test_rooms_of_the_rules_exist() -> None:
    rooms = {room_of(path) for path in PACKAGE.rglob("*.py")}
    assert set(MAY_IMPORT) <= rooms


def test_models_do_not_read_the_clock() -> None:
    clock = re.compile(
        r"\b(now\s*\(|current_date|current_timestamp|today\s*\(|get_current_time|getdate)", re.IGNORECASE
    )
    folders = [MODELS, PROJECT_ROOT / "dbt_project" / "macros", PROJECT_ROOT / "dbt_project" / "tests"]
    offenders = [
        str(path.relative_to(PROJECT_ROOT))
        for folder in folders
        for path in folder.rglob("*.sql")
        if clock.search(code_of(path))
    ]
    assert not offenders


def test_marts_promise_types_and_no_double() -> None:
    """Every published column has a declared type, and none is binary floating point (rule M1)."""
    columns = 0
    for path in (MODELS / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for column in model["columns"]:
                columns += 1
                kind = column["data_type"].lower()
                assert not re.match(r"double|float|real", kind), f"{model['name']}.{column['name']} is {kind}"
                assert column.get("description"), f"{model['name']}.{column['name']} has no description"
                meta = column.get("config", {}).get("meta") or column.get("meta") or {}
                assert meta.get("label_zh"), f"{model['name']}.{column['name']} has no Chinese label"
    assert columns > 150


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    return [PROJECT_ROOT / name for name in listed.stdout.splitlines()]


def test_lock_files_name_no_address() -> None:
    locks = [path for path in tracked_files() if path.suffix == ".lock"]
    assert len(locks) == 3
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
        for requirement in re.findall(r"^\S.*$", text, flags=re.MULTILINE):
            assert re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==", requirement) or requirement.startswith("#"), requirement


def test_no_file_holds_a_path_of_a_machine() -> None:
    machine = re.compile(r"(?<![\w.$}-])/(?:root|home/\w+|Users/\w+|work)/")
    offenders = []
    for path in tracked_files():
        if path.suffix in {".lock", ".png", ".xlsx"} or path == Path(__file__) or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        offenders += [f"{path.relative_to(PROJECT_ROOT)}: {found.group()}" for found in machine.finditer(text)]
    assert not offenders


def test_the_page_of_tables_is_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, str(PROJECT_ROOT / "scripts" / "describe_tables.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr
