"""The statements of a release: read from its Parquet files, and a page for each person below `statements/`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from attain.errors import BadInput
from attain.publish import tables
from attain.statement import page
from attain.statement.rows import Row, Statement

FOLDER = "statements"

MONTHS = 12
"""How many of a person's latest months with lines are on the page; all are in the table and at the command line."""

MAX_ROWS = 3_000
"""Most steps on a page. A month that does not fit is left to the command line, and the page says so."""

_FETCHED = 10_000


def find(folder: Path, release_id: str, employee_id: str, period: str) -> Statement:
    """The statement of a person and month in a release.

    Raises:
        BadInput: nobody of that id, or no such month; the message names the nearest people, or the months there are.
    """
    with tables.connect(folder) as engine:
        if not tables.rows(engine, "SELECT view_name FROM duckdb_views() WHERE view_name = 'fct_statement_line'"):
            raise BadInput(
                f"release {release_id} has no statements: it was made by an earlier version", "run: attain run"
            )
        people = tables.rows(engine, "SELECT employee_id, full_name, team FROM kpi.dim_employee ORDER BY employee_id")
        person = next((row for row in people if row["employee_id"] == employee_id), None)
        if person is None:
            raise BadInput(f"there is nobody with the id {employee_id!r}", _nearest(employee_id, people))
        found = tables.rows(
            engine,
            "SELECT * FROM incentive.fct_statement_line WHERE payee_id = ? AND period = ? ORDER BY line_no",
            employee_id,
            period,
        )
        if not found:
            periods = tables.rows(
                engine,
                "SELECT DISTINCT period FROM incentive.fct_statement_line WHERE payee_id = ? ORDER BY period",
                employee_id,
            )
            raise BadInput(
                f"{employee_id} has no statement of {period!r}",
                "months: " + ", ".join(row["period"] for row in periods)
                if periods
                else "nobody has assigned this person to a plan",
            )
    return _statement(release_id, person, period, found)


def write(folder: Path) -> int:
    """Write `statements/<employee>.html` for each person with lines, and `index.html`; returns how many pages.

    Raises:
        duckdb.Error: a table or column that the page shows is not among the Parquet files.
    """
    target = folder / FOLDER
    target.mkdir()
    listed = []
    with tables.connect(folder) as engine:
        release_id = tables.rows(engine, "SELECT release_id FROM audit.release")[0]["release_id"]
        people = {
            row["employee_id"]: row
            for row in tables.rows(engine, "SELECT employee_id, full_name, team FROM kpi.dim_employee")
        }
        for payee_id, rows in groupby(_rows(engine), key=lambda row: row["payee_id"]):
            person = people.get(payee_id, {"employee_id": payee_id, "full_name": payee_id, "team": None})
            shown: list[Statement] = []
            size, left_out = 0, 0
            for period, steps in groupby(rows, key=lambda row: row["period"]):
                statement = _statement(release_id, person, period, list(steps))
                size += len(statement.rows)
                if shown and size > MAX_ROWS:
                    left_out += 1
                else:
                    shown.append(statement)
            name = page.file_name(payee_id)
            (target / name).write_text(page.render(shown, left_out), encoding="utf-8")
            listed.append((name, person))
    (target / page.INDEX).write_text(page.render_index(release_id, listed), encoding="utf-8")
    return len(listed)


def _rows(engine: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    """The steps of each person's latest months with lines, newest month first."""
    found = engine.execute(
        """WITH months AS (
               SELECT payee_id, period FROM incentive.fct_statement_line WHERE step = 'line' GROUP BY payee_id, period
               QUALIFY row_number() OVER (PARTITION BY payee_id ORDER BY period DESC) <= ?
           )
           SELECT statement.* FROM incentive.fct_statement_line AS statement
           SEMI JOIN months ON statement.payee_id = months.payee_id AND statement.period = months.period
           ORDER BY statement.payee_id, statement.period DESC, statement.line_no""",
        [MONTHS],
    )
    names = [column[0] for column in found.description]
    while rows := found.fetchmany(_FETCHED):
        yield from (dict(zip(names, row, strict=True)) for row in rows)


def _statement(release_id: str, person: dict[str, Any], period: str, rows: list[Row]) -> Statement:
    return Statement(
        payee_id=person["employee_id"],
        full_name=person["full_name"] or "",
        team=person["team"] or "",
        period=period,
        release_id=release_id,
        rows=rows,
    )


def _nearest(employee_id: str, people: list[dict[str, Any]]) -> str:
    """Up to five people whose id or name is like what was typed."""
    names = {row[key]: row for row in people for key in ("employee_id", "full_name") if row[key]}
    near = difflib.get_close_matches(employee_id, names, n=5, cutoff=0.4) or sorted(
        name for name in names if employee_id.lower() in name.lower()
    )
    ids = dict.fromkeys(f"{names[name]['employee_id']} ({names[name]['full_name']})" for name in near[:5])
    return f"nearest: {', '.join(ids)}" if ids else "kpi.dim_employee lists everybody"
