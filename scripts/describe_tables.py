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


def chinese(entry: dict[str, Any], word: str) -> str:
    """What a model or column says of itself in Chinese: its `label_zh` or its `description_zh`."""
    meta = {**(entry.get("meta") or {}), **((entry.get("config") or {}).get("meta") or {})}
    return str(meta.get(word, ""))


def english(entry: dict[str, Any]) -> str:
    """Description of a model or column, on one line."""
    return " ".join(str(entry.get("description", "")).split())


def row(column: dict[str, Any]) -> str:
    """A column in the table of its model."""
    label, meaning = chinese(column, "label_zh"), chinese(column, "description_zh")
    cells = [f"`{column['name']}`", str(column["data_type"]), english(column), f"**{label}** {meaning}"]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def models(schema: str) -> list[dict[str, Any]]:
    """Models of one published schema, by name."""
    found = [
        model
        for path in sorted((MARTS / schema).rglob("*.yml"))
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", [])
    ]
    return sorted(found, key=lambda model: str(model["name"]))


def relationships(model: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Columns of a model that lead to another one: column, model it leads to, column there; from their tests."""
    found = []
    for column in model["columns"]:
        for test in column.get("data_tests", []):
            arguments = test.get("relationships", {}).get("arguments") if isinstance(test, dict) else None
            if arguments:
                found.append((str(column["name"]), str(arguments["to"]).split("'")[1], str(arguments["field"])))
    return found


def diagram() -> list[str]:
    """An entity diagram of all schemas but audit: keys, and what leads where; pages that know Mermaid draw it."""
    lines = ["```mermaid", "erDiagram"]
    links = []
    for schema in SCHEMAS:
        if schema == "audit":
            continue
        for model in models(schema):
            keys = (model["config"]["meta"]).get("primary_key", [])
            leads = relationships(model)
            foreign = {column for column, _, _ in leads}
            lines.append(f"    {model['name']} {{")
            for column in model["columns"]:
                name = column["name"]
                marks = ", ".join(mark for mark, has in (("PK", name in keys), ("FK", name in foreign)) if has)
                if marks:
                    lines.append(f"        {str(column['data_type']).split('(')[0]} {name} {marks}")
            lines.append("    }")
            links += [f"    {to} ||--o{{ {model['name']} : {column}" for column, to, _ in leads]
    return [*lines, *links, "```"]


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
    lines += ["## How they hang together", "", *diagram(), ""]
    for schema in SCHEMAS:
        lines += [f"## {schema}", ""]
        for model in models(schema):
            lines += [f"### {schema}.{model['name']} {chinese(model, 'label_zh')}".rstrip(), ""]
            lines += [english(model), "", chinese(model, "description_zh"), ""]
            lines += ["| column | type | meaning | 中文 |", "|---|---|---|---|"]
            lines += [*(row(column) for column in model["columns"]), ""]
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
