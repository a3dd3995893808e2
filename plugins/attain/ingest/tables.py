"""What a delivered file looks like once it is opened: a table of text in batches, and how text becomes one."""

from __future__ import annotations

import codecs
import hashlib
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attain.ingest.contracts import normalise_header
from attain.ingest.rejected import Rejected

if TYPE_CHECKING:
    import numpy
    import pyarrow

# Suffixes of file names; what a file really is, its content says.
DELIMITED = (".csv", ".tsv", ".txt")
JSON = (".json",)
JSON_LINES = (".jsonl", ".ndjson")
PAGES = (".html", ".htm")
WORKBOOKS = (".xlsx", ".xlsm")
OLD_WORKBOOKS = (".xls",)
XML = (".xml",)  # the spreadsheets of Excel 2003; many systems call them .xls

HEADER_SEARCH_ROWS = 30
MAX_COLUMNS = 2_000
MAX_ROWS = 100_000_000
MAX_FILE_BYTES = 32 << 30  # larger than any export met; whoever sends more can send it in parts
MAX_EXPANSION = 100  # an honest workbook unpacks to some ten times its size
MAX_UNPACKED_BYTES = 4 << 30
FREE_UNPACKED_BYTES = 64 << 20  # harmless, so a small file of blank rows may pack as well as it likes
BLOCK_BYTES = 4 << 20
_SCAN_BYTES = 256 << 10  # what fits into the processor's cache
ROWS_A_BATCH = 100_000
BYTES_A_BATCH = 8 << 20
SAMPLE_BYTES = 1 << 18
# Rows of the second sheet or table read count from 20,000,001, of the third from 30,000,001, and so on: no sheet has
# ten million rows, so every number is there once, and a person finds the row by its last digits and the sheet by the
# first.
SHEET_STEP = 10_000_000
# What stands for the value of a formula that no program has computed; its formula may follow.
NOT_COMPUTED = "#NOT COMPUTED"
OLE = b"\xd0\xcf\x11\xe0"

# Counts what of a row of headers is known; the row with the most is the header.
Scorer = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class FileFacts:
    """What one look at all bytes tells, before anything is parsed.

    Attributes:
        sha256: hash of the content.
        is_utf8: whether all of it is valid UTF-8.
        line_ends: number of line ends (LF, CR and CRLF count one each).
        record_ends: the line ends outside double quotes.
        nuls: number of NUL bytes.
        ends_with_line_end: whether the last line is complete.
        first_bytes: the first bytes of the content.
        foreign_bytes: some bytes from the first place that is not UTF-8.
        ends_in_quotes: whether the number of double quotes is odd; the last may open a cell that never closes.
    """

    sha256: str
    byte_size: int
    is_utf8: bool
    line_ends: int
    record_ends: int
    nuls: int
    ends_with_line_end: bool
    first_bytes: bytes
    foreign_bytes: bytes
    ends_in_quotes: bool = False


def look(path: Path) -> FileFacts:
    """Read all bytes of a file once; two threads share what there is to look for."""
    with path.open("rb") as stream, Look() as seen:
        while chunk := stream.read(BLOCK_BYTES):
            seen.take(chunk)
        return seen.facts()


class Look:
    """Looks at the bytes of a file as they come in chunks of `BLOCK_BYTES`; hashes them in a thread of its own."""

    def __init__(self, is_busy: bool = False) -> None:
        """Begin; when whoever brings the bytes is busy with making them, all of the looking is done by the thread."""
        self.digest, self.content, self.lines = hashlib.sha256(), _Content(), _Lines()
        self.first = b""
        self.is_busy = is_busy
        self.other = ThreadPoolExecutor(1, "attain-hash")
        self.taken: Future[None] | None = None

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *_error: object) -> None:
        self.other.shutdown()

    def take(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        self.first = self.first or chunk[:SAMPLE_BYTES]
        if self.taken is None and len(chunk) < BLOCK_BYTES:  # a small file is not worth a thread
            self._all_of(chunk)
            return
        if self.taken is not None:
            self.taken.result()
        if self.is_busy:
            self.taken = self.other.submit(self._all_of, chunk)
            return
        self.taken = self.other.submit(self.digest.update, chunk)
        self.content.take(chunk)
        self.lines.take(chunk)

    def _all_of(self, chunk: bytes) -> None:
        self.digest.update(chunk)
        self.content.take(chunk)
        self.lines.take(chunk)

    def facts(self) -> FileFacts:
        """What all bytes taken tell."""
        if self.taken is not None:
            self.taken.result()
        return FileFacts(
            self.digest.hexdigest(),
            self.content.size,
            self.content.is_utf8 and not self.content.rest,
            self.lines.ends,
            self.lines.record_ends,
            self.content.nuls,
            self.lines.is_complete,
            self.first,
            self.content.foreign,
            self.lines.inside,
        )


class _Content:
    """Counts bytes that come in chunks, and tells whether they are valid UTF-8 without NULs."""

    def __init__(self) -> None:
        self.size = self.nuls = 0
        self.is_utf8 = True
        self.rest = b""  # the beginning of a character that the next chunk ends
        self.foreign = b""

    def take(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        self.size += len(chunk)
        if b"\0" in chunk:
            self.nuls += chunk.count(0)
        if not self.is_utf8:
            return
        import pyarrow

        whole = self.rest + chunk if self.rest else chunk
        cut = _incomplete(whole)
        self.rest = whole[len(whole) - cut :]
        offsets = pyarrow.py_buffer(struct.pack("=ii", 0, len(whole) - cut))
        text = pyarrow.Array.from_buffers(pyarrow.binary(), 1, [None, offsets, pyarrow.py_buffer(whole)])
        try:
            text.cast(pyarrow.string())  # the quickest check there is; it does not say where
        except pyarrow.ArrowInvalid:
            try:
                codecs.getincrementaldecoder("utf-8")().decode(whole)
            except UnicodeDecodeError as error:
                self.is_utf8 = False
                self.foreign = whole[max(0, error.start - 64) : error.start + 65_536]


class _Lines:
    """Counts line ends, all of them and those outside double quotes, without a parser."""

    def __init__(self) -> None:
        self.ends = 0
        self.record_ends = 0
        self.last = b""
        self.inside = False

    @property
    def is_complete(self) -> bool:
        return self.last in (b"\n", b"\r")

    def take(self, chunk: bytes) -> None:
        """Count the next bytes."""
        import numpy

        marks = numpy.frombuffer(chunk, dtype=numpy.uint8)
        has_returns = b"\r" in chunk
        for start in range(0, marks.size, _SCAN_BYTES):
            self._take(marks[start : start + _SCAN_BYTES], has_returns)

    def _take(self, marks: numpy.ndarray[Any, Any], has_returns: bool) -> None:
        import numpy

        feeds_at = marks == 0x0A
        if has_returns:
            returns_at = marks == 0x0D
            # A return that a feed follows is half of one line end: the feed stands for both.
            feeds_at[:-1] |= returns_at[:-1] & (marks[1:] != 0x0A)
            feeds_at[-1] |= returns_at[-1]
        inside = self.inside
        quotes_at = marks == 0x22
        if not quotes_at.any():
            ends = int(numpy.count_nonzero(feeds_at))
            record_ends = 0 if inside else ends
        else:
            is_quote = quotes_at[numpy.flatnonzero(quotes_at | feeds_at)]
            opened = numpy.cumsum(is_quote, dtype=numpy.int32) + inside
            ends = int(is_quote.size - opened[-1] + inside)
            record_ends = int(numpy.count_nonzero(~is_quote & (opened % 2 == 0)))
            self.inside = bool(opened[-1] % 2)
        if self.last == b"\r" and marks[0] == 0x0A:  # the return was counted as a line end when its feed was not known
            ends -= 1
            record_ends -= not inside
        self.ends += ends
        self.record_ends += record_ends
        self.last = marks[-1:].tobytes()


def _incomplete(text: bytes) -> int:
    """Length of what may be the beginning of a character of UTF-8 at the end of the bytes."""
    for back in range(1, min(3, len(text)) + 1):
        byte = text[-back]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if needed > back else 0
        if byte < 0x80:
            return 0
    return 0


@dataclass(frozen=True)
class RaggedRow:
    """A row with more or fewer cells than the header, or with a fault that keeps it from having cells at all.

    Attributes:
        cells: its cells; the text of the row alone if it has a fault.
        fault: what is wrong, if not the number of cells.
        header: the header above its cells, where the table's own was made from it; None: the table's own.
    """

    row_number: int
    cells: list[str]
    fault: str | None = None
    header: Sequence[str] | None = None


@dataclass(frozen=True)
class Batch:
    """Some rows of a table: text columns c0, c1, … and `_row_number`, and the ragged rows met among them.

    Attributes:
        repeats: position of a column → places in `rows` (from 0) whose cell repeats the row above's (a merged cell, a
            record over its sub-rows); sums count such a cell once.
        begins_part: a new part of the file begins, a sheet with totals of its own.
    """

    rows: pyarrow.Table
    ragged: list[RaggedRow]
    repeats: Mapping[int, Sequence[int]] = field(default_factory=dict)
    begins_part: bool = False


@dataclass(frozen=True)
class Table:
    """An opened file.

    Attributes:
        file_format: `csv`, `json`, `jsonl`, `html`, `xls` or `xlsx`.
        encoding: of a text file.
        layout: sheet or delimiter and the header's row, for people.
        header: the headers as they are, made unique; a nameless column is called `column N`.
        duplicates: headers (normalised) that stand over more than one column.
        at_most_rows: no file has more rows than this.
        batches: streams the rows below the header; can be called again to start anew.
        notes: what people should know of how it was read.
        titles: what stands above the header, and the names of the sheets.
    """

    file_format: str
    encoding: str | None
    layout: str
    header: list[str]
    duplicates: frozenset[str]
    at_most_rows: int
    batches: Callable[[], Iterator[Batch]] = field(repr=False)
    notes: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()


def no_table() -> Rejected:
    return Rejected(
        "the file is a web page without the feed's table; perhaps the sign-in page of the system",
        "export it again and open it once to see the rows",
    )


def encoding_of(facts: FileFacts) -> str:
    if facts.first_bytes.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if facts.nuls:
        halves = facts.first_bytes[0::2], facts.first_bytes[1::2]
        if min(half.count(0) for half in halves) == 0 and 4 * facts.nuls > facts.byte_size // 2:
            raise Rejected("the text is UTF-16 without the mark that says so", "save it as CSV UTF-8")
        raise Rejected(
            f"the file holds {facts.nuls} NUL bytes; it was damaged on its way, or is no text",
            "export it again, as CSV UTF-8",
        )
    if facts.is_utf8:
        return "utf-8"
    foreign = facts.foreign_bytes or facts.first_bytes
    text = foreign.decode("gb18030", "replace")
    beyond = [mark for mark in text if ord(mark) > 127]
    chinese = [mark for mark in beyond if mark != "\ufffd" and _is_common_chinese(mark)]
    if not beyond or len(chinese) < 0.7 * len(beyond):
        raise Rejected(
            "the text is neither UTF-8 nor GB18030, so its letters can't be read with certainty",
            "export it as CSV UTF-8",
        )
    return "gb18030"


def _is_common_chinese(mark: str) -> bool:
    try:
        mark.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def as_utf8(path: Path, scratch: Path) -> tuple[Path, FileFacts]:
    made = scratch / "as-utf8.csv"
    try:
        with path.open(encoding="utf-16", newline="") as source, made.open("w", encoding="utf-8", newline="") as target:
            while chunk := source.read(BLOCK_BYTES):
                target.write(chunk)
    except UnicodeError as error:
        raise Rejected(f"the file begins as UTF-16 but is damaged: {error}", "export it as CSV UTF-8") from None
    return made, look(made)


def unique_header(cells: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    if len(cells) > MAX_COLUMNS:
        raise Rejected(f"the header has {len(cells)} columns, more than {MAX_COLUMNS}", "export fewer columns")
    header: list[str] = []
    seen: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        name = " ".join(cell.split()) or f"column {number}"
        form = normalise_header(name)
        seen[form] = seen.get(form, 0) + 1
        header.append(name if seen[form] == 1 else f"{name} ({seen[form]})")
    return header, frozenset(form for form, times in seen.items() if times > 1)


def text_batch(columns: Sequence[list[str]], numbers: list[int], ragged: list[RaggedRow]) -> Batch:
    import pyarrow

    table = pyarrow.table(
        {f"c{index}": pyarrow.array(column, pyarrow.string()) for index, column in enumerate(columns)}
    )
    return Batch(table.append_column("_row_number", pyarrow.array(numbers, pyarrow.int64())), ragged)


def rows_batch(rows: list[list[Any]], first_number: int, width: int) -> Batch:
    columns: list[list[str]] = [[] for _ in range(width)]
    numbers: list[int] = []
    ragged: list[RaggedRow] = []
    for number, row in enumerate(rows, start=first_number):
        cells = [value if type(value) is str else cell_text(value) for value in row]
        if any(cell.strip() for cell in cells[width:]):
            ragged.append(RaggedRow(number, cells))
            continue
        cells.extend([""] * (width - len(cells)))
        for column, cell in zip(columns, cells, strict=False):
            column.append(cell)
        numbers.append(number)
    return text_batch(columns, numbers, ragged)


def with_repeats(batch: Batch, numbers: Mapping[int, Sequence[int]]) -> Batch:
    """The batch, told by row number which cells of a column repeat those above; ragged rows among them don't count."""
    if not numbers:
        return batch
    places = {number: place for place, number in enumerate(batch.rows.column("_row_number").to_pylist())}
    repeats = {column: [places[number] for number in found if number in places] for column, found in numbers.items()}
    return replace(batch, repeats=repeats)


def cell_text(value: Any) -> str:
    """A workbook's cell as text, as a person sees it: dates in ISO form, numbers with the 15 digits that Excel keeps.

    A whole number of 16 digits or more has lost its last ones and is written as a power of ten, which ids refuse.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            return str(value)
        if abs(value) >= 1e15:
            return f"{value:.15E}"
        return str(int(value)) if value == int(value) else format_float(float(value))
    if isinstance(value, datetime):
        moment = value + timedelta(microseconds=500_000)
        moment = moment.replace(microsecond=0) if value.microsecond else value
        return moment.date().isoformat() if moment.time() == time() else moment.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat()
    return str(value)


def format_float(value: float) -> str:
    """A number with at most 15 significant digits and no exponent."""
    text = f"{value:.15g}"
    if "e" not in text:
        return text
    return f"{value:.20f}".rstrip("0")
