"""Rows of the sheets of an XML spreadsheet (Excel 2003), as web applications write them under the name of an .xls.

They are told as the rows of a web page's tables are: a sheet is a table, a merged cell spans columns and rows. Numbers,
days and formats are read as those of other workbooks. Memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from attain.ingest import html_tables
from attain.ingest.html_tables import MAX_WIDTH, Row
from attain.ingest.rejected import Rejected
from attain.ingest.sheet_marks import PERCENT, as_shown, shown_as
from attain.ingest.tables import cell_text

_CHUNK = 1 << 16
_MOST_ROWS = 1 << 20
_FILLED_ROWS = 1_000
_REMEDY = "open it in a spreadsheet program and save it as .xlsx"


class _Sheets:
    """Walks the XML and keeps the rows that have ended."""

    def __init__(self, beside: list[str] | None) -> None:
        self.found: list[Row] = []
        self.beside = beside
        self.styles: dict[str, str] = {}  # id → what `shown_as` says of its numbers
        self.style = self.shows = ""
        self.sheet = 0
        self.table: html_tables.Open | None = None
        self.kind: str | None = None  # of the data being read; None outside of them
        self.in_comment = self.in_visible = False
        self.hidden: set[int] = set()
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        said = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        if name == "Style":
            self.style = said.get("ID", "")
        elif name == "NumberFormat":
            form = said.get("Format", "")
            shown = PERCENT if form == "Percent" else shown_as(form)
            if shown is not None:
                self.styles[self.style] = shown
        elif name == "Worksheet":
            self.sheet += 1
            if self.beside is not None:
                self.beside.append(said.get("Name", ""))
        elif name == "Table":
            self.table = html_tables.Open(self.sheet)
        elif name == "Visible" and self.table is None:
            self.in_visible = True
        elif self.table is not None:
            self._in_table(name, said, self.table)

    def _in_table(self, name: str, said: dict[str, str], table: html_tables.Open) -> None:
        if name == "Row":
            place = _place(said, table.number + 1)
            if place - table.number > _FILLED_ROWS:  # nobody needs the blank rows between
                table.number, table.spanned = place - 1, {}
            while table.number + 1 < place:
                table.begin_row()
                self._end_row(table)
            table.begin_row()
        elif name == "Cell":
            column = min(_place(said, 0), MAX_WIDTH + 1)
            while table.row is not None and (len(table.row) + 1 < column or len(table.row) in table.covered):
                table.row.append("")
            across, down = int(said.get("MergeAcross", "0")), int(said.get("MergeDown", "0"))
            table.begin_cell(1 + min(max(across, 0), MAX_WIDTH), 1 + min(max(down, 0), _MOST_ROWS))
            self.shows = self.styles.get(said.get("StyleID", ""), "")
        elif name == "Comment":
            self.in_comment = True
        elif name == "Data" and not self.in_comment:
            self.kind = said.get("Type", "String")
            self.data: list[str] = []

    def _text(self, text: str) -> None:
        if self.kind is not None:
            self.data.append(text)
        elif self.in_visible and text.strip() in ("SheetHidden", "SheetVeryHidden"):
            self.hidden.add(self.sheet)

    def _end(self, tag: str) -> None:
        name, table = tag.rpartition("}")[2], self.table
        if name == "Comment":
            self.in_comment = False
        elif name == "Data" and self.kind is not None and table is not None:
            lines = _value(self.kind, "".join(self.data), self.shows).split("\n")
            for number, line in enumerate(lines):
                if number:
                    table.add(None)
                table.add(line)
            self.kind = None
        elif name == "Cell" and table is not None:
            table.end_cell()
        elif name == "Row" and table is not None:
            self._end_row(table)
        elif name == "Table":
            self.table = None
        elif name == "Visible":
            self.in_visible = False

    def _end_row(self, table: html_tables.Open) -> None:
        row = table.end_row()
        if row is not None:
            self.found.append(row)


def _place(said: dict[str, str], usual: int) -> int:
    """Where a row or cell stands, counted from 1, if it says so."""
    place = int(said.get("Index", usual))
    if place > _MOST_ROWS:
        raise Rejected(f"a row or cell says that it stands at {place}", _REMEDY)
    return place


def _value(kind: str, text: str, shows: str) -> str:
    if kind == "Number":
        bare = text.strip()
        number = cell_text(float(bare)) if not bare.lstrip("-").isdigit() else bare
        return str(as_shown(float(bare), shows)) if shows else number
    if kind == "DateTime":
        return text.strip().replace("T", " ").removesuffix(".000").removesuffix(" 00:00:00")
    if kind == "Boolean":
        return "true" if text.strip() == "1" else "false"
    return text


def rows(path: Path, beside: list[str] | None = None, hidden: set[int] | None = None) -> Iterator[Row]:
    """All rows of all sheets.

    Args:
        path: the file.
        beside: takes up the names of the sheets.
        hidden: takes up which sheets are hidden, counted from 1; that is told after their rows.

    Raises:
        Rejected: the XML is damaged or cut off, or goes beyond a limit.
    """
    sheets = _Sheets(beside)
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                sheets.parser.Parse(chunk, False)
                yield from sheets.found
                sheets.found.clear()
            sheets.parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        raise Rejected(f"the XML spreadsheet is damaged or cut off: {error}", _REMEDY) from None
    yield from sheets.found
    if hidden is not None:
        hidden |= sheets.hidden
