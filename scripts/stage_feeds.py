"""Write the staging models of all feeds, their descriptions and dbt's sources from the contracts.

Staging says nothing that the contract does not: columns, key and titles are the contract's. So a new feed is an entry
in `plugins/attain/ingest/contracts/<source>.yml` and one call of this script. Files that are right are not touched.

Usage: python scripts/stage_feeds.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from attain.ingest import contracts
from attain.ingest.contracts import Feed, Source

STAGING = Path(__file__).resolve().parents[1] / "dbt_project" / "models" / "staging"

# What every staging model has behind the columns of its contract: name, SQL, description, Chinese label.
PROVENANCE = (
    (
        "known_at",
        "coalesce(_extracted_at, _received_at)",
        "When the warehouse learned it: when the export was made, else when it arrived (rule C7), UTC",
        "获知时间",
    ),
    ("delivery_id", "_delivery_id", "Delivery that brought the row", "交付编号"),
    ("file_name", "_file_name", "File of the delivery", "文件名"),
    ("row_number", "_row_number", "Row in the file, header counted", "行号"),
)

LONG_CALL = 115
REASON = "'a record counted twice is money paid twice'"
REMEDY = "'look at the latest_revision macro and at the key in the contract of the feed'"


def model_sql(feed: Feed) -> str:
    """SQL of the staging model of a feed."""
    key = ", ".join(f"'{name}'" for name in feed.key)
    macro = "latest_lines" if feed.lines else "latest_revision"
    said = [f"source('{feed.source}', '{feed.name}')", f"key=[{key}]"]
    if feed.lines:
        cells = ", ".join(
            f"'{column.name}'" for column in feed.columns if column.name not in (*feed.key, feed.modified)
        )
        said.append(f"cells=[{cells}]")
    said += [f"modified='{feed.modified}'"] if feed.modified else []
    call = f"{macro}({', '.join(said)})"
    if len(call) > LONG_CALL:
        call = f"{macro}(\n        " + ",\n        ".join(said) + "\n    )"
    columns = ["_source_system as source_system", *(column.name for column in feed.columns)]
    if feed.lines:
        columns.append("_line_no as line_no")
    columns += [f"{sql} as {name}" for name, sql, _, _ in PROVENANCE]
    listed = ",\n        ".join(columns)
    return f"""with

source as (

    {{{{ {call} }}}}

),

final as (

    select
        {listed}
    from source

)

select * from final
"""


def models_yml(source: Source) -> str:
    """Descriptions, labels and tests of the staging models of a source."""
    lines = ["version: 2", "", "models:"]
    for feed in source.feeds.values():
        rows = (
            "the lines of the latest revision of each document" if feed.lines else "the latest revision of each record"
        )
        key = ", ".join(["source_system", *feed.key, *(["line_no"] if feed.lines else [])])
        lines += [
            f"  - name: stg_{source.name}__{feed.name}",
            f"    description: {_quoted(f'{feed.title_en}: {rows}')}",
            "    config:",
            f"      meta: {{label_zh: {feed.title_zh}}}",
            "    data_tests:",
            "      - primary_key:",
            f"          arguments: {{columns: [{key}]}}",
            "          config:",
            "            meta: {severity: critical, scope: table, "
            f"owner: {source.owner}, reason: {REASON}, remedy: {REMEDY}}}",
            "    columns:",
            "      - name: source_system",
            "        description: Who sent it, a source or the name of a mapping",
            "        config: {meta: {label_zh: 来源系统}}",
        ]
        for column in feed.columns:
            lines += _column(column.name, column.description, column.zh)
        if feed.lines:
            lines += _column("line_no", "Number of the line within its document, in the order of the file", "行序号")
        for name, _, description, label in PROVENANCE:
            lines += _column(name, description, label)
    return "\n".join(lines) + "\n"


def _column(name: str, description: str, label: str) -> list[str]:
    return [
        f"      - name: {name}",
        f"        description: {_quoted(description)}",
        f"        config: {{meta: {{label_zh: {label}}}}}",
    ]


def sources_yml(source: Source) -> str:
    """What dbt knows of the raw views of a source."""
    lines = [
        "version: 2",
        "",
        "sources:",
        f"  - name: {source.name}",
        f"    description: '{source.title_en}: one view a feed over the committed deliveries, all revisions'",
        "    schema: raw",
        "    config:",
        f"      meta: {{owner: {source.owner}, label_zh: {source.title_zh}}}",
        "    tables:",
    ]
    for feed in source.feeds.values():
        lines += [
            f"      - name: {feed.name}",
            f"        identifier: {source.name}__{feed.name}",
            f"        description: {_quoted(feed.title_en)}",
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def files() -> Iterator[tuple[Path, str]]:
    """Every file that follows from the contracts, with its text."""
    for source in contracts.load().values():
        folder = STAGING / source.name
        yield folder / f"_{source.name}__models.yml", models_yml(source)
        yield folder / f"_{source.name}__sources.yml", sources_yml(source)
        for feed in source.feeds.values():
            yield folder / f"stg_{source.name}__{feed.name}.sql", model_sql(feed)


def main() -> None:
    """Write what differs, or with --check only say what does."""
    differing = [
        (path, text) for path, text in files() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        if differing:
            names = ", ".join(path.name for path, _ in differing)
            sys.exit(f"not as the contracts say: {names}; run python scripts/stage_feeds.py")
        return
    for path, text in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path.name}\n")


if __name__ == "__main__":
    main()
