"""CSV and TSV files as tables of text, streamed; memory does not grow with them."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
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
        if read != below:
            _arbitrate(path, encoding, found.delimiter, read + found.record)

    name = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[found.delimiter]
    return Table("csv", encoding, f"{name}, header in {found.place}", header, duplicates, facts.line_ends + 1, batches)


@dataclass(frozen=True)
class _Header:
    cells: list[str]
    record: int  # number of its last record among those of the file, the first is 1
    lines: int  # physical lines up to its end
    delimiter: str
    place: str  # its rows, for people


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
        header = find_header([cells for cells, _ in records], score)
        if header is None:
            continue
        known = header.known
        if best is None or known > best[0] or (known == best[0] == 0 and len(header.cells) > len(best[1].cells)):
            wide = _with_trailing_blanks(header.cells, [later for later, _ in records[header.last :]])
            best = known, _Header(wide, header.last, records[header.last - 1][1], delimiter, header.place)
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


def _stream(path: Path, encoding: str, found: _Header, width: int, has_line_ends_in_cells: bool) -> Iterator[Batch]:
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
        regular = numpy.arange(after + 1, after + wanted + len(met) + 1, dtype=numpy.int64)
        if numbers:
            regular = numpy.setdiff1d(regular, numpy.array(numbers, dtype=numpy.int64), assume_unique=True)[:wanted]
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
                newlines_in_values=has_line_ends_in_cells,  # to look for them costs as much as all the parsing
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.string()),
                strings_can_be_null=False,
                check_utf8=encoding != "utf8",  # all of a file that counts as UTF-8 was checked when it was looked at
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
            if rows >= tables.ROWS_A_BATCH or sum(part.nbytes for part in held) >= tables.BYTES_A_BATCH:
                batch, after = emit(pyarrow.Table.from_batches(held).combine_chunks(), after)
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
    if "out of sync" in str(error):  # a cell goes on in the next line, though all line ends seemed to be outside quotes
        return Rejected(
            "a cell begins with a double quote that does not close in its line, beside a lone one in another cell",
            "export it again; a double quote inside a cell must be written twice",
        )
    return Rejected(f"the text can't be read: {error}", "export it again, as CSV UTF-8")


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
