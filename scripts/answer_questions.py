"""Run the SQL of docs/questions.md on a release and write each answer below it, so that no answer is made up.

Usage: python scripts/answer_questions.py [--check] [release folder]
The release is that of the sample company; default: the current one of ATTAIN_HOME.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from attain.settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "questions.md"
BEGIN, END = "```sql\n", "```\n"


def questions(page: str) -> list[str]:
    """The SQL blocks of the page, in order."""
    return [piece.split(END, 1)[0] for piece in page.split(BEGIN)[1:]]


def answered(page: str, database: Path) -> str:
    """The page with every answer written anew.

    Raises:
        duckdb.Error: a block is not SQL that the release understands.
    """
    begin, *pieces = page.split(BEGIN)
    with duckdb.connect(str(database), read_only=True) as connection:
        for piece in pieces:
            sql, rest = piece.split(END, 1)
            begin += BEGIN + sql + END + "\n" + table(connection.execute(sql)) + "\n" + without_table(rest)
    return begin


def table(cursor: duckdb.DuckDBPyConnection) -> str:
    """Rows of a query as a table of Markdown; a line that says so when there are none."""
    names = [str(column[0]) for column in cursor.description or ()]
    rows = cursor.fetchall()
    if not rows:
        return "Nobody and nothing.\n"
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(shown, row))} |" for row in rows)]) + "\n"


def without_table(rest: str) -> str:
    """What follows an answer: the old one is dropped, up to the first line that is neither blank nor part of it."""
    lines = rest.splitlines(keepends=True)
    while lines and (lines[0].startswith("|") or lines[0].strip() in ("", "Nobody and nothing.")):
        lines.pop(0)
    return "".join(lines)


def shown(value: Any) -> str:
    """A cell: numbers without zeros at their end, nothing for NULL."""
    if isinstance(value, Decimal):
        value = f"{value.normalize():,f}"
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is up to date (0) or not (1)."""
    folders = [Path(word) for word in arguments if word != "--check"]
    folder = folders[0] if folders else Settings.from_environment().releases / "current"
    before = PAGE.read_text(encoding="utf-8")
    after = answered(before, folder / "attain.duckdb")
    if "--check" in arguments:
        if before != after:
            sys.stderr.write("docs/questions.md is out of date; run: python scripts/answer_questions.py\n")
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
