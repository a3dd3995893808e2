"""The table of a web page that fits a feed best."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attain.ingest import html_tables, tables
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
)


def open_page(path: Path, facts: FileFacts, score: Scorer, scratch: Path) -> Table:
    encoding = encoding_of(facts)
    if encoding == "utf-16":
        path, facts = as_utf8(path, scratch)
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
        raise no_table()
    table, header_row, cells = best[1].table, best[1].number, list(best[1].cells)
    while not cells[-1].strip():
        cells.pop()
    header, duplicates = unique_header(cells)

    def batches() -> Iterator[Batch]:
        held: list[list[Any]] = []
        size, first = 0, header_row + 1
        for row in html_tables.rows(path, known):
            if row.table != table or row.number <= header_row:
                continue
            held.append(row.cells)
            size += sum(map(len, row.cells)) + 8 * len(row.cells)
            if size >= tables.BYTES_A_BATCH // 4:
                yield rows_batch(held, first, len(header))
                first += len(held)
                held, size = [], 0
        yield rows_batch(held, first, len(header))

    layout = f"table {table}, header in row {header_row}"
    return Table("html", encoding, layout, header, duplicates, lengths[table] - header_row, batches)
