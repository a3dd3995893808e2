"""The tables of a web page, or the sheets of an XML spreadsheet, that fit a feed best: one, and those like it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path
from typing import Any

from attain.ingest import html_tables, tables, xml_tables
from attain.ingest.header_search import FoundHeader, Merged, are_alike, find_header, one_header
from attain.ingest.rejected import Rejected
from attain.ingest.tables import (
    HEADER_SEARCH_ROWS,
    SHEET_STEP,
    Batch,
    FileFacts,
    Scorer,
    Table,
    as_utf8,
    encoding_of,
    no_table,
    rows_batch,
    with_repeats,
)

# Rows of a file, in their order; the list takes up texts beside the tables.
_Rows = Callable[[list[str] | None], Iterator[html_tables.Row]]


def open_page(path: Path, facts: FileFacts, score: Scorer, scratch: Path) -> Table:
    """Open a web page.

    Raises:
        Rejected: none of its tables has a column of those looked for.
    """
    encoding = encoding_of(facts)
    if encoding == "utf-16":
        path, facts = as_utf8(path, scratch)
    known = "gb18030" if encoding == "gb18030" else "utf-8-sig"
    return _table(lambda beside: html_tables.rows(path, known, beside), "html", encoding, "table", score)


def open_xml(path: Path, score: Scorer) -> Table:
    """Open an XML spreadsheet.

    Raises:
        Rejected: none of its sheets has a column of those looked for.
    """
    hidden: set[int] = set()
    return _table(lambda beside: xml_tables.rows(path, beside, hidden), "xls", None, "sheet", score, hidden)


def _table(
    read: _Rows, file_format: str, encoding: str | None, what: str, score: Scorer, hidden: Set[int] = frozenset()
) -> Table:
    """The table; which are hidden is known when all rows have been looked at."""
    tops: dict[int, list[html_tables.Row]] = {}
    lengths: dict[int, int] = {}
    beside: list[str] = []
    for row in read(beside):
        lengths[row.table] = row.number
        if row.number <= HEADER_SEARCH_ROWS:
            tops.setdefault(row.table, []).append(row)
    for number in hidden:
        tops.pop(number, None)
    headers: dict[int, FoundHeader] = {}
    for number, rows in sorted(tops.items()):
        header = find_header([row.cells for row in rows], score, _merged(rows))
        if header is not None and header.known:
            headers[number] = header
    if not headers:
        raise no_table()
    best = max(headers, key=lambda number: headers[number].known)  # the first of several
    # a page of a long list is often a table of its own: reading one would lose the others without a word
    same = [number for number in headers if are_alike(headers[number].cells, headers[best].cells, score)]
    found = {number: headers[number] for number in same}
    header_cells, duplicates, places = one_header(list(found.values()))
    columns = dict(zip(same, places, strict=True))
    steps = {number: 0 if nth == 1 else nth * SHEET_STEP for nth, number in enumerate(same, start=1)}

    def batches() -> Iterator[Batch]:
        held: list[list[Any]] = []
        repeats: dict[int, list[int]] = {}
        begun: set[int] = set()
        at, size, first = same[0], 0, 0

        def batch() -> Batch:
            made = with_repeats(rows_batch(held, first, len(header_cells)), repeats)
            begins_part = at != same[0] and at not in begun
            begun.add(at)
            return Batch(made.rows, made.ragged, made.repeats, begins_part)

        for row in read(None):
            if row.table not in found or row.number <= found[row.table].last:
                continue
            number = steps[row.table] + row.number
            if held and (row.table != at or number != first + len(held) or size >= tables.BYTES_A_BATCH // 4):
                yield batch()
                held, repeats, size = [], {}, 0
            if not held:
                at, first = row.table, number
            is_blank = not any(row.cells)
            place = columns[row.table]
            for column, (above, text) in row.above.items():
                if above > found[row.table].last and not is_blank:
                    row.cells[column] = text
                    for position in [nth for nth, index in enumerate(place) if index == column]:
                        repeats.setdefault(position, []).append(number)
            width = max((index for index in place if index is not None), default=-1) + 1
            mine = ["" if index is None or index >= len(row.cells) else row.cells[index] for index in place]
            held.append(mine + row.cells[width:])
            size += sum(map(len, row.cells)) + 8 * len(row.cells)
        yield batch()

    layout = f"{what} {best}, header in {found[best].place}"
    notes: tuple[str, ...] = ()
    if len(same) > 1:
        others = ", ".join(f"{number} (rows from {steps[number] + 1})" for number in same[1:])
        layout = f"{what}s {same[0]}, {others}, header in {found[same[0]].place}"
        notes = (f"{len(same)} {what}s have the same columns and are all read",)
    if hidden:
        notes = (*notes, f"not read, hidden: {what} {', '.join(map(str, sorted(hidden)))}")
    above = [text for number in same for text in found[number].above([row.cells for row in tops[number]])]
    below = sum(lengths[number] - found[number].last for number in same)
    rest = [number for number in tops if number not in same and len(tops[number][0].cells) == len(header_cells)]
    if not below and rest and len(header_cells) > 1:
        raise Rejected(
            f"the header and the rows seem to stand in {what}s of their own ({same[0]} and {rest[0]})",
            "export it as .xlsx or CSV UTF-8",
        )
    return Table(
        file_format, encoding, layout, header_cells, duplicates, below, batches, notes, titles=(*beside, *above)
    )


def _merged(rows: Sequence[html_tables.Row]) -> list[Merged]:
    return [
        Merged(row.number - 1, column, row.number + down - 2, column + across - 1)
        for row in rows
        for column, (across, down) in row.spans.items()
    ]
