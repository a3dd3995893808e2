"""Rows of the tables in a web page, as systems write them under the name of a workbook.

Cells are text as a browser shows it: blanks collapse, `<br>` is a line break, entities are resolved. A cell that spans
columns or rows has its text in the first place and blanks in the others, as in a workbook; where it spans is told
beside the cells. Memory does not grow with the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

from attain.ingest.rejected import Rejected

MAX_WIDTH = 2_000
MAX_NESTING = 20
MAX_CELL_CHARACTERS = 4 << 20
MAX_BESIDE_CHARACTERS = 1 << 16
_CHUNK = 1 << 16
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_BREAKS = frozenset({"br", "p", "div", "li"})
_UNSHOWN = frozenset({"script", "style"})
_REMEDY = "export it again, as CSV UTF-8 or .xlsx"


@dataclass(frozen=True)
class Row:
    """One row of one table; both numbers count from 1, tables in the order in which they begin.

    Attributes:
        spans: column (from 0) of each cell that spans others → how many columns and rows it spans.
        above: column of a blank that a cell above covers → number of that cell's row, and its text.
    """

    table: int
    number: int
    cells: list[str]
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    above: dict[int, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Covering:
    """A cell that covers places in rows below; `text` is None but for the first of its columns."""

    rows_left: int
    row: int
    text: str | None


@dataclass
class Open:
    """A table that has begun and not ended; rows and cells are begun and ended in their order."""

    table: int
    number: int = 0
    row: list[str] | None = None
    cell: list[str | None] | None = None  # None in it is a line break
    columns: int = 1
    rows: int = 1
    size: int = 0
    spanned: dict[int, _Covering] = field(default_factory=dict)  # by column
    covered: dict[int, _Covering] = field(default_factory=dict)  # columns of this row that cells above cover
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)

    def begin_row(self) -> None:
        self.number += 1
        self.row = []
        self.spans = {}
        self.covered = dict(self.spanned)
        self.spanned = {
            column: replace(cell, rows_left=cell.rows_left - 1)
            for column, cell in self.spanned.items()
            if cell.rows_left > 1
        }

    def begin_cell(self, columns: int, rows: int) -> None:
        if self.row is None:
            self.begin_row()
        self.cell, self.columns, self.rows, self.size = [], columns, rows, 0

    def add(self, text: str | None) -> None:
        if self.cell is None:
            return
        self.size += len(text or "")
        if self.size > MAX_CELL_CHARACTERS:
            raise Rejected(f"a cell of row {self.number} has more than {MAX_CELL_CHARACTERS} letters", _REMEDY)
        self.cell.append(text)

    def end_cell(self) -> None:
        if self.cell is None or self.row is None:
            return
        while len(self.row) in self.covered:
            self.row.append("")
        lines = [""]
        for part in self.cell:
            if part is None:
                lines.append("")
            else:
                lines[-1] += part
        text = "\n".join(_BLANKS.sub(" ", line).strip(" ") for line in lines).strip("\n")
        if self.columns > 1 or self.rows > 1:
            self.spans[len(self.row)] = self.columns, self.rows
        for number in range(self.columns):
            if self.rows > 1:
                covering = _Covering(self.rows - 1, self.number, None if number else text)
                self.spanned[len(self.row)] = covering
            self.row.append("" if number else text)
        if len(self.row) > MAX_WIDTH:
            raise Rejected(f"row {self.number} has more than {MAX_WIDTH} columns", "export fewer columns")
        self.cell = None

    def end_row(self) -> Row | None:
        self.end_cell()
        if self.row is None:
            return None
        self.row += [""] * (max(self.covered, default=-1) + 1 - len(self.row))
        above = {column: (cell.row, cell.text) for column, cell in self.covered.items() if cell.text}
        row, self.row = Row(self.table, self.number, self.row, self.spans, above), None
        return row


def _span(attributes: list[tuple[str, str | None]], name: str, most: int) -> int:
    said = dict(attributes).get(name) or "1"
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 7 else 1
    return min(max(number, 1), most)


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Row] = []
        self.open: list[Open] = []
        self.begun = 0
        self.is_shown = True
        self.beside: list[str] = []  # texts that stand in no cell
        self.beside_size = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSHOWN:
            self.is_shown = False
        elif tag == "table":
            if len(self.open) == MAX_NESTING:
                raise Rejected(f"its tables are nested more than {MAX_NESTING} deep", _REMEDY)
            self.begun += 1
            self.open.append(Open(self.begun))
        elif self.open:
            table = self.open[-1]
            if tag == "tr":
                self._end_row(table)
                table.begin_row()
            elif tag in ("td", "th"):
                table.end_cell()
                table.begin_cell(_span(attrs, "colspan", 1_000), _span(attrs, "rowspan", 65_534))
            elif tag in _BREAKS:
                table.add(None)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSHOWN:
            self.is_shown = True
        elif self.open:
            table = self.open[-1]
            if tag == "table":
                self._end_row(table)
                self.open.pop()
            elif tag == "tr":
                self._end_row(table)
            elif tag in ("td", "th"):
                table.end_cell()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].cell is not None and self.is_shown:
            self.open[-1].add(data)
        elif self.is_shown and self.beside_size < MAX_BESIDE_CHARACTERS and (text := " ".join(data.split())):
            self.beside.append(text)
            self.beside_size += len(text)

    def _end_row(self, table: Open) -> None:
        row = table.end_row()
        if row is not None:
            self.found.append(row)


def rows(path: Path, encoding: str, beside: list[str] | None = None) -> Iterator[Row]:
    """All rows of all tables of a page.

    Args:
        path: the page.
        encoding: of its text.
        beside: takes up the first texts that stand in no cell, such as titles and notes.

    Raises:
        Rejected: the page is cut off inside a table, or goes beyond a limit.
    """
    parser = _Tables()
    with path.open(encoding=encoding) as stream:
        try:
            while chunk := stream.read(_CHUNK):
                parser.feed(chunk)
                if len(parser.rawdata) > MAX_CELL_CHARACTERS:
                    raise Rejected("a tag or a comment of the page does not end", _REMEDY)
                yield from parser.found
                parser.found.clear()
        except UnicodeError as error:
            raise Rejected(f"the text can't be read: {error}", _REMEDY) from None
    parser.close()
    if parser.open:
        raise Rejected("the page ends in the middle of a table; it was cut off", "send it again")
    if beside is not None:
        beside += parser.beside
    yield from parser.found
