"""JSON and JSON Lines as tables of text: a key is a header."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attain.ingest import json_records, tables
from attain.ingest.rejected import Rejected
from attain.ingest.tables import (
    JSON_LINES,
    MAX_COLUMNS,
    Batch,
    FileFacts,
    RaggedRow,
    Table,
    as_utf8,
    encoding_of,
    text_batch,
    unique_header,
)


def open_json(path: Path, facts: FileFacts, suffix: str, scratch: Path) -> Table:
    encoding = encoding_of(facts)
    if encoding == "utf-16":
        path, facts = as_utf8(path, scratch)
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
    chosen = next((key for key in ("data", json_records.WHOLE) if key in lists), lists[0])
    if len(lists) > 1 and chosen not in ("data", json_records.WHOLE):
        raise Rejected(
            f"it holds several lists, {', '.join(repr(key) for key in lists)}", "send each as a file of its own"
        )
    positions = headers[chosen]
    header, duplicates = unique_header(list(positions))

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
            if size >= tables.BYTES_A_BATCH // 4:
                yield text_batch(cells, numbers, faulty)
                cells, numbers, faulty, size = [[] for _ in positions], [], [], 0
        yield text_batch(cells, numbers, faulty)

    where = "records by line" if as_lines else f"list {chosen}" if chosen else "list"
    return Table("jsonl" if as_lines else "json", encoding, where, header, duplicates, counts[chosen], batches)
