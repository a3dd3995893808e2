"""The page of a person: their latest months, in English and Chinese, one file that needs nothing else."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2

from attain.money import minor_unit
from attain.statement.rows import SUMMED, TERMS, Row, Statement, payouts_of, windows_of

INDEX = "index.html"
"""Name of the page that lists the people."""

# Names that some file system takes for a device, or for a page of our own.
_TAKEN = re.compile(r"(CON|PRN|AUX|NUL|INDEX|COM\d|LPT\d)")


def file_name(employee_id: str) -> str:
    """Name of a person's page, safe on every file system, a different one for each id.

    Ids of capitals, digits and hyphens are kept. Of others the odd characters are left out and the first 16 characters
    of the id's SHA-256 are put behind.
    """
    if re.fullmatch(r"[A-Z0-9][A-Z0-9-]{0,39}", employee_id) and not _TAKEN.fullmatch(employee_id):
        return f"{employee_id}.html"
    kept = re.sub(r"[^A-Za-z0-9]+", "-", employee_id).strip("-").lower()[:40]
    return f"{kept or 'id'}_{hashlib.sha256(employee_id.encode()).hexdigest()[:16]}.html"


def render(statements: Sequence[Statement], left_out: int = 0) -> str:
    """The page of one person: the statements in the given order. `left_out` months are only counted."""
    return _template("page.html.j2").render(
        person=statements[0],
        left_out=left_out,
        months=[
            {
                "statement": statement,
                "payouts": [
                    {
                        "first": payout[0],
                        "windows": windows_of(payout),
                        "sums": [row for row in payout if row["step"] in (*SUMMED, *TERMS)],
                        "payable": next((row["amount"] for row in payout if row["step"] == "payable"), None),
                    }
                    for payout in payouts_of(statement.rows)
                ],
            }
            for statement in statements
        ],
    )


def render_index(release_id: str, people: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """The page that lists the people: `people` is file name and person."""
    return _template("index.html.j2").render(release_id=release_id, people=people)


@functools.cache
def _template(name: str) -> jinja2.Template:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(money=_money)
    pages.tests.update(line=_is_line)
    return pages.get_template(name)


def _money(amount: Decimal, currency_code: str) -> str:
    return f"{amount:,.{minor_unit(currency_code)}f}".replace("-", "−")


def _is_line(row: Row) -> bool:
    return bool(row["step"] == "line")
