"""CSV and TSV files as tables of text, streamed; memory does not grow with them."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attain.ingest import tables
from attain.ingest.header_search import find_header
from attain.ingest.rejected import Rejected
from attain.ingest.tables import (
    BLOCK_BYTES,
    HEADER_SEARCH_ROWS,
    Batch,
    FileFacts,
    RaggedRow,
    Scorer,
    Table,
    as_utf8,
    encoding_of,
    unique_header,
)

if TYPE_CHECKING:
    import pyarrow

DELIMITERS = (",", ";", "\t", "|")
_USUAL_BLOCK_BYTES = 1 << 20


def open_delimited(path: Path, facts: FileFacts, score: Scorer, scratch: Path) -> Table:
    encoding = encoding_of(facts)
    if encoding == "utf-16":  # the parser and the count of rows want one byte a line end
        path, facts = as_utf8(path, scratch)
    sample = facts.first_bytes.decode("utf-8-sig" if encoding != "gb18030" else encoding, "ignore")
    if not sample.strip():
        raise Rejected("the file is empty", "export it again; an export without rows still has its header")
    found = _find_delimited_header(sample, facts.byte_size <= len(facts.first_bytes), score)
    header, duplicates = unique_header(found.cells)
    # Counted without the parser: line ends outside quotes.
    below = facts.record_ends + (not facts.ends_with_line_end) - found.record

    def batches() -> Iterator[Batch]:
        read = 0
        text = "gb18030" if encoding == "gb18030" else "utf8"
        for batch in _stream(path, text, found, len(header), facts.record_ends != facts.line_ends):
            read += batch.rows.num_rows + len(batch.ragged)
            yield batch
        is_sure = read == below and not facts.ends_in_quotes
        if not is_sure or (facts.record_ends != facts.line_ends and _may_swallow_rows(path, found.delimiter)):
            _arbitrate(path, encoding, found.delimiter, read + found.record)

    name = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[found.delimiter]
    layout = f"{name}, header in {found.place}"
    most = facts.line_ends + 1
    return Table("csv", encoding, layout, header, duplicates, most, batches, titles=found.titles)


@dataclass(frozen=True)
class _Header:
    cells: list[str]
    record: int  # number of its last record among those of the file, the first is 1
    lines: int  # physical lines up to its end
    delimiter: str
    place: str  # its rows, for people
    titles: tuple[str, ...]  # what stands above it


def _find_delimited_header(sample: str, is_whole: bool, score: Scorer) -> _Header:
    best: tuple[int, _Header] | None = None
    for delimiter in DELIMITERS:
        reader = _reader(io.StringIO(sample, newline=""), delimiter)
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
        header = find_header([cells for cells, _ in records], score)
        if header is None:
            continue
        known = header.known
        if best is None or known > best[0] or (known == best[0] == 0 and len(header.cells) > len(best[1].cells)):
            wide = _with_trailing_blanks(header.cells, [later for later, _ in records[header.last :]])
            titles = tuple(header.above([cells for cells, _ in records]))
            best = known, _Header(wide, header.last, records[header.last - 1][1], delimiter, header.place, titles)
    if best is None:
        raise Rejected("no row could be read", "export it again, as CSV UTF-8")
    return best[1]


def _reader(lines: Iterable[str], delimiter: str, strict: bool = False) -> Any:
    """The standard library's reader, for cells of any length; a block is all that bounds them."""
    csv.field_size_limit(sys.maxsize)
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def _with_trailing_blanks(header: list[str], rows: list[list[str]]) -> list[str]:
    """The header, widened where every longer row below has nothing but blank cells beyond it (a trailing delimiter)."""
    beyond = [row[len(header) :] for row in rows if len(row) > len(header)]
    widths = {len(cells) for cells in beyond}
    if len(widths) != 1 or any(cell.strip() for cells in beyond for cell in cells):
        return header
    if len(beyond) < len([row for row in rows if any(cell.strip() for cell in row)]):
        return header
    return header + [""] * widths.pop()


def _stream(path: Path, encoding: str, found: _Header, width: int, has_line_ends_in_cells: bool) -> Iterator[Batch]:
    import numpy
    import pyarrow

    rows = _Rows(path, encoding, found, width, has_line_ends_in_cells)

    def emit(held: list[pyarrow.RecordBatch], after: int) -> tuple[Batch, int]:
        table = pyarrow.Table.from_batches(held, rows.schema).combine_chunks()
        met = rows.irregular_among(table.num_rows, after + found.lines)
        numbers = [number - found.lines for number, _ in met]
        end = after + table.num_rows + len(met)
        regular = numpy.arange(after + 1, end + 1, dtype=numpy.int64)
        if numbers:
            regular = numpy.setdiff1d(regular, numpy.array(numbers, dtype=numpy.int64), assume_unique=True)
        ragged = [
            RaggedRow(number + found.record, next(_reader([text], found.delimiter), []))
            for number, (_, text) in zip(numbers, met, strict=True)
        ]
        return Batch(table.append_column("_row_number", pyarrow.array(regular + found.record)), ragged), end

    after = size = 0
    held: list[pyarrow.RecordBatch] = []
    for block in rows.blocks():
        held.append(block)
        size += block.get_total_buffer_size()
        many = max(sum(part.num_rows for part in held), len(rows.irregular)) >= tables.ROWS_A_BATCH
        if many or size >= tables.BYTES_A_BATCH:
            batch, after = emit(held, after)
            held, size = [], 0
            yield batch
    if held or rows.irregular:
        yield emit(held, after)[0]


class _Rows:
    """The rows below a header in blocks of text columns, and apart from them the rows that have more or fewer cells."""

    def __init__(self, path: Path, encoding: str, found: _Header, width: int, has_line_ends_in_cells: bool) -> None:
        import pyarrow

        self.path, self.encoding, self.found = path, encoding, found
        self.has_line_ends_in_cells = has_line_ends_in_cells
        self.schema = pyarrow.schema([(f"c{index}", pyarrow.string()) for index in range(width)])
        self.irregular: list[tuple[int, str]] = []  # number and text of those met and not taken
        self.last_irregular = 0

    def irregular_among(self, regular: int, after: int) -> list[tuple[int, str]]:
        """Take those that stand among so many regular rows after the row of that number.

        The reader is ahead of the blocks that it has given, so that others may have been met, too.
        """
        count = 0
        for number, _ in self.irregular:
            if number - after - count > regular + 1:
                break
            count += 1
        taken, self.irregular = self.irregular[:count], self.irregular[count:]
        return taken

    def blocks(self) -> Iterator[pyarrow.RecordBatch]:
        """Read in small blocks, which stay in the processor's cache, and from a row that is larger in the largest.

        Raises:
            Rejected: a row is larger than the largest block, or the text can't be read.
        """
        import pyarrow

        given = 0
        sizes = sorted({min(_USUAL_BLOCK_BYTES, BLOCK_BYTES), BLOCK_BYTES})
        for size in sizes:
            to_skip = given
            try:
                for block in self._read(size):
                    rows = block.slice(to_skip)
                    to_skip -= block.num_rows - rows.num_rows
                    if rows.num_rows:
                        given += rows.num_rows
                        yield rows
                return
            except (pyarrow.ArrowInvalid, UnicodeDecodeError) as error:
                is_header_all = "Could not skip initial" in str(error)  # it lies in a block, so nothing is below it
                if size == sizes[-1] and is_header_all:
                    return
                if size == sizes[-1] or not ("straddling" in str(error) or is_header_all):
                    raise _unreadable(error) from None

    def _read(self, block_bytes: int) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow
        from pyarrow import csv as arrow_csv

        def keep(row: Any) -> str:
            if row.number > self.last_irregular:  # else it is read again, in larger blocks
                self.last_irregular = row.number
                self.irregular.append((row.number, row.text))
            return "skip"

        try:
            reader = arrow_csv.open_csv(
                self.path,
                read_options=arrow_csv.ReadOptions(
                    use_threads=False,  # only then are irregular rows numbered
                    block_size=block_bytes,
                    skip_rows=self.found.lines,
                    column_names=self.schema.names,
                    encoding=self.encoding,
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.found.delimiter,
                    newlines_in_values=self.has_line_ends_in_cells,  # to look for them costs as much as all the parsing
                    ignore_empty_lines=False,
                    invalid_row_handler=keep,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=self.schema,
                    strings_can_be_null=False,
                    # All of a file that counts as UTF-8 was checked when it was looked at.
                    check_utf8=self.encoding != "utf8",
                ),
            )
        except pyarrow.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise
        yield from reader


def _unreadable(error: Exception) -> Rejected:
    if "straddling" in str(error):
        return Rejected(
            f"a cell is larger than {BLOCK_BYTES >> 20} MB; most likely a quote was opened and never closed",
            "export it again; look for a lone double quote",
        )
    if "out of sync" in str(error):  # a cell goes on in the next line, though all line ends seemed to be outside quotes
        return Rejected(
            "a cell begins with a double quote that does not close in its line, beside a lone one in another cell",
            "export it again; a double quote inside a cell must be written twice",
        )
    return Rejected(f"the text can't be read: {error}", "export it again, as CSV UTF-8")


def _may_swallow_rows(path: Path, delimiter: str) -> bool:
    """Whether quotes hold line ends and delimiters, and the closing one is not the end of the cell.

    Then two lone quotes, such as those of two cells that begin with one, may have been taken for a pair: the rows
    between them would be a part of one cell, and the count, which goes by pairs too, would agree.
    """
    import numpy

    marks = numpy.memmap(path, numpy.uint8, "r")
    ends_cell = numpy.zeros(256, bool)
    ends_cell[[*delimiter.encode(), *b'\r\n"']] = True
    before = begun = 0  # quotes before the window, and where the last cell in quotes begins
    for start in range(0, marks.size, BLOCK_BYTES):
        window = numpy.asarray(marks[start : start + BLOCK_BYTES])
        quotes = numpy.flatnonzero(window == 0x22) + start
        opening, closing = quotes[before % 2 :: 2], quotes[1 - before % 2 :: 2]
        before += quotes.size
        # A quote right behind a closing one is the second half of a quote inside the cell.
        cells = opening[(opening == 0) | (marks[opening - 1] != 0x22)]
        odd = closing[~ends_cell[marks[numpy.minimum(closing + 1, marks.size - 1)]]]
        if odd.size:
            line_ends = numpy.flatnonzero((window == 0x0A) | (window == 0x0D)) + start
            first = numpy.concatenate([[begun], cells])[numpy.searchsorted(cells, odd)]
            within = numpy.searchsorted(line_ends, odd) > numpy.searchsorted(line_ends, first)
            for place in numpy.flatnonzero(within | (first < start)):
                cell = marks[first[place] : odd[place]].tobytes()
                has_lines = b"\n" in cell or b"\r" in cell
                if has_lines and (delimiter.encode() in cell or cell.endswith((b"\n", b"\r"))):
                    return True
        begun = int(cells[-1]) if cells.size else begun
    return False


def _arbitrate(path: Path, encoding: str, delimiter: str, parsed: int) -> None:
    """Parser and count disagree: read strictly by the book, and refuse unless the parser is right."""
    known = "gb18030" if encoding == "gb18030" else "utf-8-sig"
    records = 0
    reader = None
    try:
        with path.open(encoding=known, newline="") as stream:
            reader = _reader(stream, delimiter, strict=True)
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
