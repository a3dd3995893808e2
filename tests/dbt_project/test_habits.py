"""What is true of every model: how money is divided, what is promised, what is described."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from attain.ingest import contracts
from attain.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt_project"
MODELS = PROJECT / "models"


def code_of(path: Path) -> str:
    """SQL without comments and texts."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"'[^'\n]*'", "''", re.sub(r"--[^\n]*", "", text))


@cache
def described(kind: str = "models") -> dict[str, dict[str, Any]]:
    """Everything that the YAML beside the SQL describes, by name."""
    found: dict[str, dict[str, Any]] = {}
    for path in [*MODELS.rglob("*.yml"), *(PROJECT / "seeds").glob("*.yml")]:
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get(kind, []):
            found[entry["name"]] = {**entry, "path": path}
    return found


def faults_of_arithmetic(code: str) -> list[str]:
    """Divisions and averages that would turn money into binary floating point."""
    return re.findall(r"(?<!/)/(?!/)|\bavg\s*\(|\d[eE]\d|\b(?:double|float|real)\b", code)


@pytest.mark.parametrize("code", ["select amount / 3", "select avg(amount)", "select 1e6", "cast(amount as double)"])
def test_the_check_of_arithmetic_sees_faults(code: str) -> None:
    assert faults_of_arithmetic(code)


def test_money_is_divided_by_macros_only() -> None:
    files = [path for folder in ("models", "tests", "macros") for path in (PROJECT / folder).rglob("*.sql")]
    assert len(files) > 110
    assert not {path.name: faults for path in files if (faults := faults_of_arithmetic(code_of(path)))}


def test_dialect_stays_in_macros() -> None:
    dialect = re.compile(r"\b(qualify|unnest|strftime|date_trunc|jaro_winkler\w*)\b|\blist_\w+\s*\(|::", re.IGNORECASE)
    assert not [path.name for path in MODELS.rglob("*.sql") if dialect.search(code_of(path))]


def test_every_model_and_seed_is_described_in_both_languages() -> None:
    models, seeds = described(), described("seeds")
    assert set(models) == {path.stem for path in MODELS.rglob("*.sql")}
    assert set(seeds) == {path.stem for path in (PROJECT / "seeds").glob("*.csv")}
    for name, entry in {**models, **seeds}.items():
        assert entry["description"], name
        assert entry["config"]["meta"]["label_zh"], name


def faults_of_chinese(entry: dict[str, Any]) -> list[str]:
    """What a published model or column fails to say of itself in Chinese."""
    meta = entry.get("config", {}).get("meta", {})
    label, description = str(meta.get("label_zh") or ""), str(meta.get("description_zh") or "")
    faults = [] if re.search(r"[\u4e00-\u9fff]", label) else ["no label_zh"]
    if not re.search(r"[\u4e00-\u9fff]", description):
        faults.append("no description_zh")
    elif description.strip("。 ") in {label, str(entry.get("description", ""))}:
        faults.append("description_zh says no more than the name")
    return faults


@pytest.mark.parametrize(
    ("meta", "fault"),
    [
        (None, "no description_zh"),
        ({"label_zh": "口径"}, "no description_zh"),
        ({"label_zh": "口径", "description_zh": ""}, "no description_zh"),
        ({"label_zh": "口径", "description_zh": "booked, invoiced or collected"}, "no description_zh"),
        ({"label_zh": "口径", "description_zh": "口径"}, "description_zh says no more than the name"),
        ({"label_zh": "口径", "description_zh": "口径。"}, "description_zh says no more than the name"),
        ({"description_zh": "booked（签约）、invoiced（开票）或 collected（回款）"}, "no label_zh"),
    ],
)
def test_the_check_of_chinese_sees_faults(meta: dict[str, str] | None, fault: str) -> None:
    entry = {"name": "basis", "description": "booked, invoiced or collected"}
    assert fault in faults_of_chinese({**entry, "config": {"meta": meta}} if meta else entry)


def test_every_published_table_and_column_is_described_in_chinese() -> None:
    marts = {path.stem for path in (MODELS / "marts").rglob("*.sql")}
    told = {
        name: model
        for mart in marts
        for name, model in [
            (mart, described()[mart]),
            *((f"{mart}.{column['name']}", column) for column in described()[mart]["columns"]),
        ]
    }
    assert len(told) > 800
    assert not {name: faults for name, entry in told.items() if (faults := faults_of_chinese(entry))}


def test_staging_has_exactly_the_columns_of_the_contracts() -> None:
    models = described()
    feeds = contracts.feeds()
    for feed in feeds.values():
        columns = [column["name"] for column in models[f"stg_{feed.source}__{feed.name}"]["columns"]]
        own = [column.name for column in feed.columns]
        own += ["line_no"] if feed.lines else []
        assert columns == ["source_system", *own, "known_at", "delivery_id", "file_name", "row_number"], feed.code
    # beside a feed's newest revisions there may be a model of all of them
    staged = [name for name in models if re.match(r"stg_(?!control|plan)", name) and not name.endswith("_revisions")]
    assert len(staged) == len(feeds)


def test_staging_is_written_from_the_contracts() -> None:
    checked = subprocess.run(
        [sys.executable, str(PROJECT_ROOT / "scripts" / "stage_feeds.py"), "--check"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


def test_every_mart_is_promised_public_and_exposed() -> None:
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["models"]["attain"]["marts"]
    assert settings["+access"] == "public"
    assert settings["+contract"] == {"enforced": True}
    exposed = {ref for exposure in described("exposures").values() for ref in exposure["depends_on"]}
    marts = {path.stem for path in (MODELS / "marts").rglob("*.sql")}
    assert exposed == {f"ref('{name}')" for name in marts}
    for name in marts - {"quarantine_row"}:
        assert described()[name]["config"]["meta"]["primary_key"], name
