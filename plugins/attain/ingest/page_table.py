"""The table of a web page that fits a feed best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attain.ingest import html_tables, tables
from attain.ingest.header_search import FoundHeader, Merged, find_header
from attain.ingest.tables import (
    HEADER_SEARCH_ROWS,
    Batch,
    FileFacts,
    Scorer,
    Table,
    as_utf8,
    encoding_of,
    no_table,
    rows_batch,
    unique_header,
    with_repeats,
)


def open_page(path: Path, facts: FileFacts, score: Scorer, scratch: Path) -> Table:
    encoding = encoding_of(facts)
    if encoding == "utf-16":
        path, facts = as_utf8(path, scratch)
    known = "gb18030" if encoding == "gb18030" else "utf-8-sig"
    tops: dict[int, list[html_tables.Row]] = {}
    lengths: dict[int, int] = {}
    beside: list[str] = []
    for row in html_tables.rows(path, known, beside):
        lengths[row.table] = row.number
        if row.number <= HEADER_SEARCH_ROWS:
            tops.setdefault(row.table, []).append(row)
    best: tuple[int, FoundHeader] | None = None
    for number, rows in tops.items():
        header = find_header([row.cells for row in rows], score, _merged(rows))
        if header is not None and header.known and (best is None or header.known > best[1].known):
            best = number, header
    if best is None:
        raise no_table()
    table, found = best
    cells = list(found.cells)
    while not cells[-1].strip():
        cells.pop()
    header_cells, duplicates = unique_header(cells)

    def batches() -> Iterator[Batch]:
        held: list[list[Any]] = []
        repeats: dict[int, list[int]] = {}
        size, first = 0, found.last + 1
        for row in html_tables.rows(path, known):
            if row.table != table or row.number <= found.last:
                continue
            is_blank = not any(row.cells)
            for column, (above, text) in row.above.items():
                if above > found.last and not is_blank:
                    row.cells[column] = text
                    repeats.setdefault(column, []).append(row.number)
            held.append(row.cells)
            size += sum(map(len, row.cells)) + 8 * len(row.cells)
            if size >= tables.BYTES_A_BATCH // 4:
                yield with_repeats(rows_batch(held, first, len(header_cells)), repeats)
                first += len(held)
                held, repeats, size = [], {}, 0
        yield with_repeats(rows_batch(held, first, len(header_cells)), repeats)

    layout = f"table {table}, header in {found.place}"
    titles = (*beside, *found.above([row.cells for row in tops[table]]))
    below = lengths[table] - found.last
    return Table("html", encoding, layout, header_cells, duplicates, below, batches, titles=titles)


def _merged(rows: Sequence[html_tables.Row]) -> list[Merged]:
    return [
        Merged(row.number - 1, column, row.number + down - 2, column + across - 1)
        for row in rows
        for column, (across, down) in row.spans.items()
    ]
