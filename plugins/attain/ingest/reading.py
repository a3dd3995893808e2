"""Opening a delivered file as a table of text: CSV and TSV in the encodings met, JSON, web pages, and workbooks.

The header is looked for among the first rows by what it must hold, so titles above it do no harm. Every cell stays
text; every row keeps the number that a person sees in a spreadsheet (of JSON, its number in the list or its line).
All but workbooks are streamed; memory does not grow with them.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import math
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attain.ingest import html_tables, json_records
from attain.ingest.contracts import normalise_header
from attain.ingest.rejected import Rejected

if TYPE_CHECKING:
    import pyarrow

DELIMITED = (".csv", ".tsv", ".txt")
JSON = (".json",)
JSON_LINES = (".jsonl", ".ndjson")
PAGES = (".html", ".htm")
WORKBOOKS = (".xlsx", ".xlsm")
OLD_WORKBOOKS = (".xls",)
DELIMITERS = (",", ";", "\t", "|")
HEADER_SEARCH_ROWS = 30
MAX_COLUMNS = 2_000
MAX_EXPANSION = 100  # an honest workbook unpacks to some ten times its size
MAX_UNPACKED_BYTES = 4 << 30
FREE_UNPACKED_BYTES = 64 << 20  # harmless, so a small file of blank rows may pack as well as it likes
BLOCK_BYTES = 4 << 20
ROWS_A_BATCH = 100_000
BYTES_A_BATCH = 32 << 20
_SAMPLE_BYTES = 1 << 18
_OLE = b"\xd0\xcf\x11\xe0"

# Counts what of a row of headers is known; the row with the most is the header.
Scorer = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class FileFacts:
    """What one look at all bytes tells, before anything is parsed.

    Attributes:
        sha256: hash of the content.
        is_utf8: whether all of it is valid UTF-8.
        line_ends: number of line ends (LF, CR and CRLF count one each).
        quotes: number of double quotes.
        nuls: number of NUL bytes.
        ends_with_line_end: whether the last line is complete.
        first_bytes: the first bytes of the content.
        foreign_bytes: some bytes from the first place that is not UTF-8.
    """

    sha256: str
    byte_size: int
    is_utf8: bool
    line_ends: int
    quotes: int
    nuls: int
    ends_with_line_end: bool
    first_bytes: bytes
    foreign_bytes: bytes


def look(path: Path) -> FileFacts:
    """Read all bytes of a file once."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = line_ends = quotes = nuls = 0
    is_utf8, first, foreign, last = True, b"", b"", b""
    with path.open("rb") as stream:
        while chunk := stream.read(BLOCK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            first = first or chunk[:_SAMPLE_BYTES]
            line_ends += chunk.count(b"\n")
            returns = chunk.count(b"\r")
            if returns:
                line_ends += returns - chunk.count(b"\r\n")
            if last == b"\r" and chunk[:1] == b"\n":
                line_ends -= 1
            quotes += chunk.count(b'"')
            nuls += chunk.count(0)
            last = chunk[-1:]
            if is_utf8:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    is_utf8 = False
                    foreign = chunk[max(0, error.start - 64) : error.start + 65_536]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        is_utf8 = False
    return FileFacts(digest.hexdigest(), size, is_utf8, line_ends, quotes, nuls, last in (b"\n", b"\r"), first, foreign)


@dataclass(frozen=True)
class RaggedRow:
    """A row with more or fewer cells than the header, or with a fault that keeps it from having cells at all.

    Attributes:
        cells: its cells; the text of the row alone if it has a fault.
        fault: what is wrong, if not the number of cells.
    """

    row_number: int
    cells: list[str]
    fault: str | None = None


@dataclass(frozen=True)
class Batch:
    """Some rows of a table: text columns c0, c1, … and `_row_number`, and the ragged rows met among them."""

    rows: pyarrow.Table
    ragged: list[RaggedRow]


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
    """

    file_format: str
    encoding: str | None
    layout: str
    header: list[str]
    duplicates: frozenset[str]
    at_most_rows: int
    batches: Callable[[], Iterator[Batch]] = field(repr=False)


def open_table(path: Path, file_name: str, facts: FileFacts, score: Scorer, scratch: Path) -> Table:
    """Open a file as a table.

    Args:
        path: where the bytes are.
        file_name: name it was delivered under; its suffix says the format, but for `.xls`, which says little.
        facts: what `look` told of it.
        score: recognises the header.
        scratch: existing folder for files made on the way.

    Raises:
        Rejected: it can't be read, with reason and remedy.
    """
    suffix = Path(file_name).suffix.casefold()
    if facts.byte_size == 0:
        raise Rejected("the file is empty", "export it again; an export without rows still has its header")
    if suffix in WORKBOOKS or (suffix in OLD_WORKBOOKS and facts.first_bytes.startswith((_OLE, b"PK\x03\x04"))):
        return _open_workbook(path, suffix, facts, score)
    if suffix in PAGES or (suffix in (*DELIMITED, *OLD_WORKBOOKS) and _is_page(facts)):
        return _open_page(path, facts, score, scratch)
    if suffix in (*DELIMITED, *OLD_WORKBOOKS):  # many systems write plain text and call it .xls
        _refuse_disguised(facts)
        return _open_delimited(path, facts, score, scratch)
    if suffix in (*JSON, *JSON_LINES):
        _refuse_disguised(facts)
        return _open_json(path, facts, suffix, scratch)
    kinds = ", ".join((*DELIMITED, *WORKBOOKS, *OLD_WORKBOOKS, *JSON, *JSON_LINES, *PAGES))
    raise Rejected(
        f"files of kind {suffix or 'without suffix'!r} are not read", f"send one of {kinds}, or a .gz or .zip of them"
    )


def expected_format(file_name: str) -> str:
    """The format that a name promises; what a file really is, is known when it has been opened."""
    suffix = Path(file_name).suffix.casefold()
    formats = {WORKBOOKS: "xlsx", OLD_WORKBOOKS: "xls", JSON: "json", JSON_LINES: "jsonl", PAGES: "html"}
    return next((known for suffixes, known in formats.items() if suffix in suffixes), "csv")


def _refuse_disguised(facts: FileFacts) -> None:
    start = facts.first_bytes[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"pk\x03\x04"):
        raise Rejected("the file is a workbook or a zip, not text", "give it its right suffix (.xlsx or .zip)")
    if start.startswith(b"\x1f\x8b"):
        raise Rejected("the file is compressed (gzip), not text", "name it .csv.gz")
    if start.startswith(_OLE):
        raise Rejected("the file is an old or locked Excel workbook, not text", "name it .xls, or save it as CSV UTF-8")
    if start.startswith(b"mime-version:"):
        raise Rejected("the file is a web archive (MHTML), not a table", "save it as .xlsx or as CSV UTF-8")
    if _is_page(facts):
        raise _no_table()
    if start.startswith(b"<?xml"):
        raise Rejected("the file is XML, not a table of text", "save it as .xlsx or as CSV UTF-8")


def is_old_workbook(path: Path) -> bool:
    """Whether the content is a workbook of Excel 97 to 2003, or one with a password."""
    with path.open("rb") as stream:
        return stream.read(len(_OLE)) == _OLE


def _is_page(facts: FileFacts) -> bool:
    """Whether the content is a web page, whatever the file is called."""
    is_wide = facts.first_bytes.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    start = facts.first_bytes[:8_000].decode("utf-16" if is_wide else "latin-1", "ignore").lower()
    start = start.lstrip("\xef\xbb\xbf \t\r\n")
    if start.startswith(("<?xml", "<!--")):
        return "<html" in start or "<table" in start
    return start.startswith(("<!doctype html", "<html", "<head", "<meta", "<style", "<body", "<div", "<table"))


def _no_table() -> Rejected:
    return Rejected(
        "the file is a web page without the feed's table; perhaps the sign-in page of the system",
        "export it again and open it once to see the rows",
    )


# --- text files


def _encoding(facts: FileFacts) -> str:
    if facts.first_bytes.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if facts.nuls:
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


def _open_delimited(path: Path, facts: FileFacts, score: Scorer, scratch: Path) -> Table:
    encoding = _encoding(facts)
    if encoding == "utf-16":  # the parser and the count of rows want one byte a line end
        path, facts = _as_utf8(path, scratch)
    sample = facts.first_bytes.decode("utf-8-sig" if encoding != "gb18030" else encoding, "ignore")
    if not sample.strip():
        raise Rejected("the file is empty", "export it again; an export without rows still has its header")
    found = _find_delimited_header(sample, facts.byte_size <= len(facts.first_bytes), score)
    header, duplicates = _unique(found.cells)
    records = _count_records(path, facts)
    below = records - found.record

    def batches() -> Iterator[Batch]:
        read = 0
        for batch in _stream(path, "gb18030" if encoding == "gb18030" else "utf8", found, len(header)):
            read += batch.rows.num_rows + len(batch.ragged)
            yield batch
        if read != below:
            _arbitrate(path, encoding, found.delimiter, read + found.record)

    name = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[found.delimiter]
    return Table(
        "csv", encoding, f"{name}, header in row {found.record}", header, duplicates, facts.line_ends + 1, batches
    )


def _as_utf8(path: Path, scratch: Path) -> tuple[Path, FileFacts]:
    made = scratch / "as-utf8.csv"
    try:
        with path.open(encoding="utf-16", newline="") as source, made.open("w", encoding="utf-8", newline="") as target:
            while chunk := source.read(BLOCK_BYTES):
                target.write(chunk)
    except UnicodeError as error:
        raise Rejected(f"the file begins as UTF-16 but is damaged: {error}", "export it as CSV UTF-8") from None
    return made, look(made)


@dataclass(frozen=True)
class _Header:
    cells: list[str]
    record: int  # its number among the records of the file, the first is 1
    lines: int  # physical lines up to its end
    delimiter: str


def _find_delimited_header(sample: str, is_whole: bool, score: Scorer) -> _Header:
    best: tuple[int, _Header] | None = None
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        records: list[tuple[list[str], int]] = []
        try:
            for cells in reader:
                records.append((cells, reader.line_num))
                if len(records) == HEADER_SEARCH_ROWS:
                    break
        except csv.Error:
            continue
        if not is_whole and len(records) > 1 and len(records) < HEADER_SEARCH_ROWS:
            records.pop()  # cut off by the end of the sample
        for number, (cells, lines) in enumerate(records, start=1):
            known = score(cells)
            if best is None or known > best[0] or (known == best[0] == 0 and len(cells) > len(best[1].cells)):
                wide = _with_trailing_blanks(cells, [later for later, _ in records[number:]])
                best = known, _Header(wide, number, lines, delimiter)
    if best is None:
        raise Rejected("no row could be read", "export it again, as CSV UTF-8")
    return best[1]


def _with_trailing_blanks(header: list[str], rows: list[list[str]]) -> list[str]:
    """The header, widened where every longer row below has nothing but blank cells beyond it (a trailing delimiter)."""
    beyond = [row[len(header) :] for row in rows if len(row) > len(header)]
    widths = {len(cells) for cells in beyond}
    if len(widths) != 1 or any(cell.strip() for cells in beyond for cell in cells):
        return header
    if len(beyond) < len([row for row in rows if any(cell.strip() for cell in row)]):
        return header
    return header + [""] * widths.pop()


def _unique(cells: Sequence[str]) -> tuple[list[str], frozenset[str]]:
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


def _stream(path: Path, encoding: str, found: _Header, width: int) -> Iterator[Batch]:
    import numpy
    import pyarrow
    from pyarrow import csv as arrow_csv

    names = [f"c{index}" for index in range(width)]
    irregular: list[tuple[int, str]] = []

    def keep(row: Any) -> str:
        irregular.append((row.number, row.text))
        return "skip"

    def emit(rows: pyarrow.Table, after: int) -> tuple[Batch, int]:
        met = list(irregular)
        irregular.clear()
        numbers = [number - found.lines for number, _ in met]
        wanted = rows.num_rows
        span = numpy.arange(after + 1, after + wanted + len(met) + 1, dtype=numpy.int64)
        regular = numpy.setdiff1d(span, numpy.array(numbers, dtype=numpy.int64), assume_unique=True)[:wanted]
        ragged = [
            RaggedRow(number + found.record, next(csv.reader([text], delimiter=found.delimiter), []))
            for number, (_, text) in zip(numbers, met, strict=True)
        ]
        last = max([after, *(regular[-1:].tolist()), *numbers])
        return Batch(rows.append_column("_row_number", pyarrow.array(regular + found.record)), ragged), last

    try:
        reader = arrow_csv.open_csv(
            path,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,  # only then are irregular rows numbered
                block_size=BLOCK_BYTES,
                skip_rows=found.lines,
                column_names=names,
                encoding=encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=found.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False
            ),
        )
    except pyarrow.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        raise _unreadable(error) from None
    after = 0
    held: list[pyarrow.RecordBatch] = []
    try:
        for block in reader:
            held.append(block)
            rows = sum(part.num_rows for part in held)
            if rows >= ROWS_A_BATCH or sum(part.nbytes for part in held) >= BYTES_A_BATCH:
                batch, after = emit(pyarrow.Table.from_batches(held), after)
                held = []
                yield batch
    except (pyarrow.ArrowInvalid, UnicodeDecodeError) as error:
        raise _unreadable(error) from None
    if held or irregular:
        schema = pyarrow.schema([(name, pyarrow.string()) for name in names])
        yield emit(pyarrow.Table.from_batches(held, schema=schema), after)[0]


def _unreadable(error: Exception) -> Rejected:
    if "straddling" in str(error):
        return Rejected(
            f"a cell is larger than {BLOCK_BYTES >> 20} MB; most likely a quote was opened and never closed",
            "export it again; look for a lone double quote",
        )
    return Rejected(f"the text can't be read: {error}", "export it again, as CSV UTF-8")


def _count_records(path: Path, facts: FileFacts) -> int:
    """Records of a CSV file, counted without the parser: line ends outside quotes."""
    unfinished = 0 if facts.ends_with_line_end else 1
    if facts.quotes == 0:
        return facts.line_ends + unfinished
    import numpy

    inside = records = 0
    last = 0
    with path.open("rb") as stream:
        while chunk := stream.read(BLOCK_BYTES):
            marks = numpy.frombuffer(chunk, dtype=numpy.uint8)
            quotes = numpy.flatnonzero(marks == 0x22)
            feeds = numpy.flatnonzero(marks == 0x0A)
            returns = numpy.flatnonzero(marks == 0x0D)
            if returns.size:  # a return that a feed follows is half of one line end
                following = numpy.append(marks[1:], numpy.uint8(0))[returns]
                feeds = numpy.sort(numpy.concatenate([feeds, returns[following != 0x0A]]))
            before = numpy.searchsorted(quotes, feeds) + inside
            records += int(numpy.count_nonzero(before % 2 == 0))
            if last == 0x0D and chunk[:1] == b"\n" and inside % 2 == 0:
                records -= 1
            inside += quotes.size
            last = chunk[-1]
    return records + unfinished


def _arbitrate(path: Path, encoding: str, delimiter: str, parsed: int) -> None:
    """Parser and count disagree: read strictly by the book, and refuse unless the parser is right."""
    csv.field_size_limit(sys.maxsize)
    known = "gb18030" if encoding == "gb18030" else "utf-8-sig"
    records = 0
    reader = None
    try:
        with path.open(encoding=known, newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            for _ in reader:
                records += 1
    except csv.Error as error:
        line = reader.line_num if reader is not None else 0
        raise Rejected(
            f"a quote does not close: record {records + 1}, which ends at line {line} ({error})",
            "export it again; a double quote inside a cell must be written twice",
        ) from None
    if records != parsed:
        raise Rejected(
            f"the rows can't be counted with certainty: {parsed} or {records}",
            "export it again; a double quote inside a cell must be written twice",
        )


# --- JSON


def _open_json(path: Path, facts: FileFacts, suffix: str, scratch: Path) -> Table:
    encoding = _encoding(facts)
    if encoding == "utf-16":
        path, facts = _as_utf8(path, scratch)
    known = "gb18030" if encoding == "gb18030" else "utf-8-sig"
    as_lines = suffix in JSON_LINES or json_records.is_lines(path, known)
    headers: dict[str | None, dict[str, int]] = {}
    counts: dict[str | None, int] = {}
    for key, record in json_records.records(path, known, as_lines):
        counts[key] = counts.get(key, 0) + 1
        columns = headers.setdefault(key, {})
        for name in record.cells or ():
            columns.setdefault(name, len(columns))
        if len(columns) > MAX_COLUMNS:
            raise Rejected(f"its records have more than {MAX_COLUMNS} keys", "export fewer fields")
    lists = [key for key, columns in headers.items() if columns]
    if not lists:
        raise Rejected(
            "it holds no record; it may be the system's answer to a failed or an empty request",
            "open it once to see what it says; an answer without records need not be sent",
        )
    chosen = "data" if "data" in lists else lists[0]
    if len(lists) > 1 and chosen != "data":
        raise Rejected(
            f"it holds several lists, {', '.join(repr(key) for key in lists)}", "send each as a file of its own"
        )
    positions = headers[chosen]
    header, duplicates = _unique(list(positions))

    def batches() -> Iterator[Batch]:
        cells: list[list[str]] = [[] for _ in positions]
        numbers: list[int] = []
        faulty: list[RaggedRow] = []
        size = 0
        for key, record in json_records.records(path, known, as_lines):
            if key != chosen:
                continue
            if record.cells is None:
                faulty.append(RaggedRow(record.number, [record.text], record.fault))
            else:
                for name, position in positions.items():
                    cells[position].append(record.cells.get(name, ""))
                numbers.append(record.number)
            size += len(positions) * 8 + sum(map(len, (record.cells or {}).values())) + len(record.text)
            if size >= BYTES_A_BATCH // 4:
                yield _text_batch(cells, numbers, faulty)
                cells, numbers, faulty, size = [[] for _ in positions], [], [], 0
        yield _text_batch(cells, numbers, faulty)

    where = "records by line" if as_lines else f"list {chosen}" if chosen else "list"
    return Table("jsonl" if as_lines else "json", encoding, where, header, duplicates, counts[chosen], batches)


def _text_batch(columns: Sequence[list[str]], numbers: list[int], ragged: list[RaggedRow]) -> Batch:
    import pyarrow

    table = pyarrow.table(
        {f"c{index}": pyarrow.array(column, pyarrow.string()) for index, column in enumerate(columns)}
    )
    return Batch(table.append_column("_row_number", pyarrow.array(numbers, pyarrow.int64())), ragged)


# --- web pages


def _open_page(path: Path, facts: FileFacts, score: Scorer, scratch: Path) -> Table:
    encoding = _encoding(facts)
    if encoding == "utf-16":
        path, facts = _as_utf8(path, scratch)
    known = "gb18030" if encoding == "gb18030" else "utf-8-sig"
    best: tuple[int, html_tables.Row] | None = None
    lengths: dict[int, int] = {}
    for row in html_tables.rows(path, known):
        lengths[row.table] = row.number
        if row.number <= HEADER_SEARCH_ROWS:
            fits = score(row.cells)
            if fits and (best is None or fits > best[0]):
                best = fits, row
    if best is None:
        raise _no_table()
    table, header_row, cells = best[1].table, best[1].number, list(best[1].cells)
    while not cells[-1].strip():
        cells.pop()
    header, duplicates = _unique(cells)

    def batches() -> Iterator[Batch]:
        held: list[list[Any]] = []
        size, first = 0, header_row + 1
        for row in html_tables.rows(path, known):
            if row.table != table or row.number <= header_row:
                continue
            held.append(row.cells)
            size += sum(map(len, row.cells)) + 8 * len(row.cells)
            if size >= BYTES_A_BATCH // 4:
                yield _sheet_batch(held, first, len(header))
                first += len(held)
                held, size = [], 0
        yield _sheet_batch(held, first, len(header))

    layout = f"table {table}, header in row {header_row}"
    return Table("html", encoding, layout, header, duplicates, lengths[table] - header_row, batches)


# --- workbooks


def _open_workbook(path: Path, suffix: str, facts: FileFacts, score: Scorer) -> Table:
    import python_calamine

    is_old = facts.first_bytes.startswith(_OLE)
    content = path.read_bytes() if is_old or suffix in OLD_WORKBOOKS else None
    if content is not None and is_old and "EncryptedPackage".encode("utf-16-le") in content:
        raise Rejected("the workbook is locked with a password", "save it as .xlsx without password")
    if is_old:
        _refuse_deadly(path)
    else:
        _refuse_bomb(path, facts)
    with _faults_of_workbook(is_old):
        # the suffix decides how a path is read; where it may be wrong the content does
        workbook = (
            python_calamine.CalamineWorkbook.from_path(path)
            if content is None
            else python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        )
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        best: tuple[int, str, int, list[str]] | None = None
        for name in visible:
            sheet = workbook.get_sheet_by_name(name)
            for number, row in enumerate(sheet.to_python(skip_empty_area=False, nrows=HEADER_SEARCH_ROWS), start=1):
                cells = [cell_text(value) for value in row]
                known = score(cells)
                if best is None or known > best[0]:
                    best = known, name, number, cells
    if best is None:
        raise Rejected("the workbook has no row on a visible sheet", "put the table on a visible sheet")
    _, name, header_row, cells = best
    while cells and not cells[-1].strip():
        cells.pop()
    if not cells:
        raise Rejected("the workbook has no row on a visible sheet", "put the table on a visible sheet")
    header, duplicates = _unique(cells)
    with _faults_of_workbook(is_old):
        sheet = workbook.get_sheet_by_name(name)

    def batches() -> Iterator[Batch]:
        with _faults_of_workbook(is_old):
            rows = sheet.to_python(skip_empty_area=False)
        for start in range(header_row, len(rows), ROWS_A_BATCH):
            yield _sheet_batch(rows[start : start + ROWS_A_BATCH], start + 1, len(header))

    rows_below = max(int(sheet.total_height) - header_row, 0)
    layout = f"sheet {name}, header in row {header_row}"
    return Table("xls" if is_old else "xlsx", None, layout, header, duplicates, rows_below, batches)


@contextmanager
def _faults_of_workbook(is_old: bool) -> Iterator[None]:
    """Turn what the reader raises on a damaged workbook into a rejection, a panic in its native code too."""
    import python_calamine

    try:
        yield
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"  # no Exception, and not to be imported
        if not is_panic and not isinstance(error, (python_calamine.CalamineError, OSError, ValueError)):
            raise
        what = "is damaged, or locked with a password" if is_old else "can't be read"
        raise Rejected(f"the workbook {what}: {error}", "save it again as .xlsx, without a password") from None


# A damaged .xls can ask the native reader for terabytes, which ends the process. It is first read in another one.
_TRIAL = """
import resource, sys
from python_calamine import CalamineWorkbook
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
try:
    with open(sys.argv[1], "rb") as stream:
        workbook = CalamineWorkbook.from_filelike(stream)
        for name in workbook.sheet_names:
            workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
except Exception as error:
    print(error)
    sys.exit(1)
"""
_TRIAL_BYTES = 3 << 30
_TRIAL_SECONDS = 120


def _refuse_deadly(path: Path) -> None:
    try:
        trial = subprocess.run(
            [sys.executable, "-I", "-c", _TRIAL, str(path), str(_TRIAL_BYTES)],
            capture_output=True,
            text=True,
            timeout=_TRIAL_SECONDS,
            check=False,
        )
        said = trial.stdout.strip() or "its reader fails on it"
        is_good = trial.returncode == 0
    except subprocess.TimeoutExpired:
        said, is_good = f"its reader takes more than {_TRIAL_SECONDS} seconds", False
    if not is_good:
        raise Rejected(
            f"the workbook is damaged, or locked with a password: {said}", "save it again as .xlsx, without a password"
        )


def _refuse_bomb(path: Path, facts: FileFacts) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise Rejected(f"the workbook is damaged or only half there: {error}", "send it again") from None
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > FREE_UNPACKED_BYTES and unpacked > MAX_EXPANSION * facts.byte_size):
        raise Rejected(
            f"the workbook would unpack to {unpacked >> 20} MB, far more than its size allows",
            "send the table as CSV",
        )


def _sheet_batch(rows: list[list[Any]], first_number: int, width: int) -> Batch:
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
    return _text_batch(columns, numbers, ragged)


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
