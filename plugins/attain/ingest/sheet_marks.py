"""What the reader of workbooks leaves unsaid about a sheet of an .xlsx, taken from its XML.

The reader answers a blank for a cell with an error (`#REF!`) and for a formula that was never computed, 0.125 for a
cell that shows 12.5 %, 42 for one that shows 00042, and 12.5 for one that shows $12.50 or 12.5万元. All would be ids or
money read wrongly without a word. It also asks for memory for every cell
between the first and the last one, and ends the process when a stray cell far away makes that too much.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

from attain.ingest.conversion import FOREIGN_SIGNS
from attain.ingest.rejected import Rejected
from attain.ingest.tables import NOT_COMPUTED, cell_text

PERCENT = "%"
MAX_BYTES = 1_200 << 20
# What the reader takes for each place between the first and the last cell, and for each cell and its text.
_BYTES_A_PLACE, _BYTES_A_CELL, _BYTES_A_TEXT = 32, 40, 32
# Before what a cell shows beside its number: the sign of a foreign currency, 万, or the zeros that it is filled with.
SHOWN = "\0"
_CHUNK = 1 << 20
_MAX_PART_BYTES = 64 << 20
_REMEDY = "open it in a spreadsheet program and save it again as .xlsx"
_FORMULA_SHOWN = 200

_FILLED = rb'"(?:[^>]*[^/])?>'
_FAR = re.compile(rb'<c r="([A-Z][A-Z]+\d+|[A-Z]\d{6,})' + _FILLED)
_NEAR = re.compile(rb'<c r="([A-Z])\d+' + _FILLED)
_ROW = re.compile(rb'<row [^>]*?\br="(\d+)"')
_ODD = (b't="e"', b"t='e'", b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/")
_LETTERS_BEFORE_Z = 26
# Parts of a number format that stand in the cell as they are: "text", an escaped mark, [$sign-locale], a bare sign.
_LITERALS = re.compile(r'"([^"]*)"|[\\!](.)|\[\$([^\]-]*)[^\]]*\]|([$€£])')


@dataclass(frozen=True)
class Extent:
    """How far a sheet reaches, and whether anything in it needs `marks`."""

    rows: int
    columns: int
    is_marked: bool


class SheetMarks:
    """The sheets of one workbook, by name."""

    def __init__(self, path: Path) -> None:
        """Read the workbook's list of sheets and styles.

        Raises:
            Rejected: they are not where every workbook has them.
        """
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self.members = {_plain(name): name for name in archive.namelist()}
            try:
                self.parts = self._sheets(archive)
                self.shown = self._styles(archive)
            except (ElementTree.ParseError, KeyError, ValueError, zipfile.BadZipFile, OSError) as error:
                raise Rejected(f"the workbook can't be read: {error}", _REMEDY) from None

    def extent(self, name: str) -> Extent:
        """Measure a sheet, and refuse one that would take too much memory.

        Raises:
            Rejected: it reaches too far.
        """
        odd = (*_ODD, *(f"s={mark}{style}{mark}".encode() for style in self.shown for mark in "\"'"))
        rows, columns, held, is_marked, is_plain = 0, _LETTERS_BEFORE_Z, 0, False, True
        with self._open(name) as stream:
            for text in _whole_tags(stream):
                for ref in _FAR.findall(text):
                    letters = ref.rstrip(b"0123456789")
                    columns, rows = max(columns, _column(letters.decode()) + 1), max(rows, int(ref[len(letters) :]))
                rows = max(rows, _last_row(text))
                cells = text.count(b"<c ") + text.count(b"<c>") + text.count(b":c ") + text.count(b":c>")
                held += cells
                is_plain = is_plain and cells == text.count(b'<c r="')
                is_marked = is_marked or any(sign in text for sign in odd)
        if not is_plain:  # written in a way that only the parser understands
            for row, marks in self._walk(name, keep_all=True):
                rows, columns = max(rows, row + 1), max(columns, *(column + 1 for column in marks))
        elif _memory(rows, columns, held) > MAX_BYTES and columns == _LETTERS_BEFORE_Z:
            with self._open(name) as stream:
                columns = max(
                    (_column(max(met).decode()) + 1 for text in _whole_tags(stream) if (met := _NEAR.findall(text))),
                    default=1,
                )
        if (memory := _memory(rows, columns, held)) > MAX_BYTES:
            raise Rejected(
                f"sheet {name} reaches to row {rows} and column {columns} and has {held} cells: reading it would take "
                f"some {memory >> 20} MB of memory, more than {MAX_BYTES >> 20}",
                "delete what stands far below or right of the table, or send the table as CSV",
            )
        return Extent(rows, columns, is_marked)

    def marks(self, name: str) -> Iterator[tuple[int, dict[int, str]]]:
        """Rows (counted from 0) that have odd cells, each with column → text, or what `shown_as` says of a number.

        Raises:
            Rejected: the sheet's XML is damaged.
        """
        return self._walk(name)

    def _walk(self, name: str, keep_all: bool = False) -> Iterator[tuple[int, dict[int, str]]]:
        parser = _Sheet(self.shown, keep_all)
        try:
            with self._open(name) as stream:
                while chunk := stream.read(_CHUNK):
                    parser.feed(chunk)
                    yield from parser.rows
                    parser.rows.clear()
                parser.feed(b"", is_last=True)
        except (expat.ExpatError, ValueError, zipfile.BadZipFile, OSError) as error:
            raise Rejected(f"sheet {name} of the workbook is damaged: {error}", _REMEDY) from None
        yield from parser.rows

    def _open(self, name: str) -> IO[bytes]:
        if name not in self.parts:
            raise Rejected(f"sheet {name} is named in the workbook but is not in it", _REMEDY)
        return zipfile.ZipFile(self.path).open(self.parts[name])

    def _tree(self, archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
        member = archive.getinfo(self.members[_plain(part)])
        if member.file_size > _MAX_PART_BYTES:
            raise ValueError(f"its part {part} is larger than {_MAX_PART_BYTES >> 20} MB")
        return ElementTree.fromstring(archive.read(member))  # noqa: S314 (expat limits entities since 2.4.1)

    def _sheets(self, archive: zipfile.ZipFile) -> dict[str, str]:
        """Name of a sheet → member of the archive."""
        book = "xl/workbook.xml"
        for relation in _named(self._tree(archive, "_rels/.rels"), "Relationship"):
            if relation.get("Type", "").endswith("/officeDocument"):
                book = relation.get("Target", book)
        folder, _, file_name = _plain(book).rpartition("/")
        targets = {
            relation.get("Id"): relation.get("Target", "")
            for relation in _named(self._tree(archive, f"{folder}/_rels/{file_name}.rels"), "Relationship")
        }
        found = {}
        for sheet in _named(self._tree(archive, book), "sheet"):
            known = next((value for key, value in sheet.attrib.items() if key.rpartition("}")[2] == "id"), None)
            target = targets.get(known, "")
            part = _plain(target) if target.startswith(("/", "\\")) else _plain(f"{folder}/{target}")
            if part in self.members:
                found[sheet.get("name", "")] = self.members[part]
        return found

    def _styles(self, archive: zipfile.ZipFile) -> dict[int, str]:
        """Styles (positions among the cells' formats) that show more than a number → what `shown_as` says of them."""
        if "xl/styles.xml" not in self.members:
            return {}
        styles = self._tree(archive, "xl/styles.xml")
        shown = {9: PERCENT, 10: PERCENT}  # built into every spreadsheet program: 0% and 0.00%
        for form in _named(styles, "numFmt"):
            said = shown_as(form.get("formatCode", ""))
            if said is not None:
                shown[int(form.get("numFmtId", "-1"))] = said
        cells = next(_named(styles, "cellXfs"), None)
        if cells is None:
            return {}
        ids = [int(style.get("numFmtId", "0")) for style in cells]
        return {position: shown[number] for position, number in enumerate(ids) if number in shown}


class _Sheet:
    """Walks the XML of a sheet and keeps its odd cells."""

    def __init__(self, shown: dict[int, str], keep_all: bool) -> None:
        self.keep_all = keep_all
        self.shown = {str(style): said for style, said in shown.items()}
        self.rows: list[tuple[int, dict[int, str]]] = []
        self.row, self.column = -1, -1
        self.kind: str | None = None
        self.shows: str | None = None
        self.has_formula = self.has_value = False
        self.text: list[str] | None = None
        self.formula = self.value = ""
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def feed(self, chunk: bytes, is_last: bool = False) -> None:
        self.parser.Parse(chunk, is_last)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            ref = attributes.get("r")
            if ref is None:
                self.column += 1
            else:
                letters = ref.rstrip("0123456789")
                self.column, self.row = _column(letters), int(ref[len(letters) :]) - 1
            self.kind = attributes.get("t")
            self.shows = self.shown.get(attributes.get("s", ""))
            self.has_formula = self.has_value = False
            self.formula = self.value = ""
        elif name == "row":
            self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
            self.column = -1
        elif name == "f":
            self.has_formula = True
            self._listen()
        elif name == "v" or name == "is":
            self.has_value = True
            if self.has_formula or self.kind == "e":
                self._listen()

    def _listen(self) -> None:
        self.text = []
        self.parser.CharacterDataHandler = self.text.append

    def _end(self, tag: str) -> None:
        if self.text is None and not (tag == "c" or tag.endswith(":c")):
            return
        name = tag.rpartition(":")[2]
        if name in ("f", "v") and self.text is not None:
            said = "".join(self.text)
            self.text, self.parser.CharacterDataHandler = None, None
            if name == "f":
                self.formula = said
            else:
                self.value = said
        elif name == "c":
            mark = self.kind or "" if self.keep_all else self._mark()
            if mark is not None:
                if not self.rows or self.rows[-1][0] != self.row:
                    self.rows.append((self.row, {}))
                self.rows[-1][1][self.column] = mark

    def _mark(self) -> str | None:
        if self.kind == "e":
            return self.value.strip() or "#ERROR!"
        if self.has_formula and not self.value and self.kind not in ("str", "inlineStr"):
            shown = self.formula.strip()[:_FORMULA_SHOWN]
            return f"{NOT_COMPUTED} ={shown}" if shown else NOT_COMPUTED
        return self.shows if self.has_value and self.kind in (None, "n") else None


def shows_percent(code: str) -> bool:
    """Whether a number format multiplies by 100: its `%` is neither quoted, escaped nor in brackets."""
    return "%" in re.sub(r'"[^"]*"|\\.|_.|\[[^\]]*\]', "", code)


def shown_as(code: str) -> str | None:
    """What a number format shows beside the number: `PERCENT`, or after `SHOWN` a foreign currency's sign, a unit such
    as 万 that it does not divide by, or the zeros that it fills with; None: the number says all."""
    if shows_percent(code):
        return PERCENT
    first = re.match(r'(?:"[^"]*"|\\.|[^;"\\])*', code)
    positive = (first.group() if first else code).strip()
    if re.fullmatch("0{2,}", positive):
        return SHOWN + positive
    literals = "".join(part for found in _LITERALS.findall(positive) for part in found).strip()
    sign = next((sign for sign in FOREIGN_SIGNS if sign in literals.upper()), None)
    if sign is not None:
        return SHOWN + sign
    unit = re.search("[百千]?万|千|亿", literals)
    numbers = _LITERALS.sub("", positive)
    if unit is not None and not re.search("[0#?],+(?![0#?,])", numbers):
        return SHOWN + unit.group()
    return None


def as_shown(value: Any, mark: str) -> Any:
    """A number with what its cell's format shows beside it: 0.125 is 12.5%, 12.5 is $12.5 or 12.5万, 42 is 00042."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return value
    text = cell_text(value)
    if mark == PERCENT:
        return f"{(Decimal(text) * 100).normalize():f}%"
    said = mark.removeprefix(SHOWN)
    if said.strip("0") == "":
        return text.zfill(len(said)) if text.isdigit() else text
    if said in FOREIGN_SIGNS:
        return f"-{said}{text[1:]}" if text.startswith("-") else said + text
    return text + said


def _whole_tags(stream: IO[bytes]) -> Iterator[bytes]:
    """The XML in pieces that end with a tag."""
    tail = b""
    while chunk := stream.read(_CHUNK):
        text = tail + chunk
        cut = text.rfind(b">") + 1
        tail = text[cut:]
        yield text[:cut]


def _memory(rows: int, columns: int, cells: int) -> int:
    """Bytes that the reader takes for a sheet; long texts take more."""
    return rows * columns * _BYTES_A_PLACE + cells * (_BYTES_A_CELL + _BYTES_A_TEXT)


def _last_row(text: bytes) -> int:
    """The number of the last row that begins in a piece of XML; 0 if it says none."""
    end = len(text)
    while (at := text.rfind(b"row", 0, end)) > 0:
        found = _ROW.match(text, at - 1)
        if found:
            return int(found.group(1))
        end = at
    return 0


def _column(letters: str) -> int:
    """Position of a column, A is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _plain(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").casefold()


def _named(tree: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Elements of that name in any namespace: strict and transitional workbooks differ in it."""
    return (element for element in tree.iter() if element.tag.rpartition("}")[2] == name)
