"""Write docs/tables.md from the descriptions of the published models, so that it can't differ from them.

Usage: python scripts/describe_tables.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
MARTS = PROJECT / "dbt_project" / "models" / "marts"
TARGET = PROJECT / "docs" / "tables.md"
SCHEMAS = ("kpi", "incentive", "appraisal", "audit")


def label(entry: dict[str, Any]) -> str:
    """Chinese label of a model or column."""
    meta = {**(entry.get("meta") or {}), **((entry.get("config") or {}).get("meta") or {})}
    return str(meta.get("label_zh", ""))


def models(schema: str) -> list[dict[str, Any]]:
    """Models of one published schema, by name."""
    found = [
        model
        for path in sorted((MARTS / schema).rglob("*.yml"))
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", [])
    ]
    return sorted(found, key=lambda model: str(model["name"]))


def text() -> str:
    """The whole page."""
    lines = [
        "# Published tables",
        "",
        "Written by `python scripts/describe_tables.py` from the models' own descriptions. Open `attain.duckdb` of a",
        "release read-only, or its `parquet/<schema>/<table>.parquet`. Money is DECIMAL; a ratio has its numerator and",
        "denominator beside it wherever it may be rolled up.",
        "",
    ]
    for schema in SCHEMAS:
        lines += [f"## {schema}", ""]
        for model in models(schema):
            lines += [f"### {schema}.{model['name']} {label(model)}".rstrip(), ""]
            lines += [" ".join(str(model.get("description", "")).split()), ""]
            lines += ["| column | type | 名称 | meaning |", "|---|---|---|---|"]
            for column in model["columns"]:
                meaning = " ".join(str(column.get("description", "")).split()).replace("|", "\\|")
                lines.append(f"| `{column['name']}` | {column['data_type']} | {label(column)} | {meaning} |")
            lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Write the page, or with --check say whether it is up to date (0) or not (1)."""
    page = text()
    if "--check" in sys.argv[1:]:
        same = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == page
        if not same:
            sys.stderr.write("docs/tables.md is out of date; run: python scripts/describe_tables.py\n")
        return 0 if same else 1
    TARGET.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
