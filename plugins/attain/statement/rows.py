"""A statement as it is published: the steps of one payee's month (`incentive.fct_statement_line`) and its header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Row = dict[str, Any]
"""A row of `incentive.fct_statement_line` by column name; money is Decimal."""

SUMMED = (
    "earned",
    "draw_top_up",
    "draw_recovered",
    "penalty",
    "held_lines",
    "out_of_held",
    "negative",
    "legal_limit",
    "recovered",
    "held_payee",
    "payable",
)
"""Steps below the lines: what leads from the sum of a plan's lines to its payable amount."""

TERMS = ("draw", "draw_recovery", "penalty_kpi", "floor", "limit")
"""Steps below the lines that are no money: what those of `SUMMED` are worked out from."""


@dataclass(frozen=True)
class Statement:
    """The month of a payee: who, when, of which release, and its steps in their order."""

    payee_id: str
    full_name: str
    team: str
    period: str
    release_id: str
    rows: Sequence[Row]

    @property
    def held(self) -> list[Row]:
        """Lines that are kept back, with their reason."""
        return [row for row in self.rows if row["step"] == "line" and row["is_held"]]

    @property
    def plans(self) -> list[str]:
        """Plan and version of each line, each once."""
        return sorted({f"{row['plan_code']} {row['plan_version']}" for row in self.rows if row["plan_version"]})


def payouts_of(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows by plan and currency: each group ends in one payable amount."""
    return [list(group) for _, group in groupby(rows, key=lambda row: (row["plan_code"], row["currency_code"]))]


def windows_of(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of a payout that have a component, by version, component and window."""
    lines = [row for row in rows if row["step"] not in SUMMED and row["component_code"]]
    keys = ("plan_version", "component_code", "window_code")
    return [list(group) for _, group in groupby(lines, key=lambda row: tuple(row[key] for key in keys))]
