"""Every published table has exactly one suite, and every suite a published table."""

from __future__ import annotations

import yaml

from attain.quality import suites
from attain.settings import PROJECT_ROOT

MARTS = PROJECT_ROOT / "dbt_project" / "models" / "marts"


def published_tables() -> list[str]:
    """`schema.table` of every model that dbt publishes; the schema is the name of its folder."""
    tables = []
    for path in sorted(MARTS.rglob("*.yml")):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            tables.append(f"{path.parent.name}.{model['name']}")
    return tables


def test_suites_and_published_tables_are_one_to_one() -> None:
    models = sorted(f"{path.parent.name}.{path.stem}" for path in MARTS.rglob("*.sql"))
    assert len(models) > 10
    assert sorted(published_tables()) == models
    assert sorted(suite.table for suite in suites.load_suites(PROJECT_ROOT / "expectations")) == models


def test_columns_of_the_suites_are_published() -> None:
    columns = {
        f"{path.parent.name}.{model['name']}": {column["name"] for column in model["columns"]}
        for path in sorted(MARTS.rglob("*.yml"))
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", [])
    }
    named = []
    for suite in suites.load_suites(PROJECT_ROOT / "expectations"):
        for expectation in suite.expectations:
            arguments = expectation.kwargs
            single = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
            for column in [*single, *arguments.get("column_list", [])]:
                named.append(column)
                assert column in columns[suite.table], f"{suite.table}: {expectation.name} names {column}"
    assert len(named) > 50
