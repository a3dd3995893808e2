"""Tables whose records hold others, as one row for each of these: sub-forms, product lines, bills and their entries.

Each of the three answers a table of the same kind, streamed like the one it is made from. What belongs to the record
and now stands on several rows is told as `Batch.repeats`, so that sums count it once. Row numbers stay those of the
file: all rows of one record have its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attain.ingest import conversion, json_records
from attain.ingest.contracts import normalise_header
from attain.ingest.rejected import Rejected
from attain.ingest.tables import MAX_COLUMNS, Batch, RaggedRow, Table, text_batch

if TYPE_CHECKING:
    import pyarrow

_NUMBER = re.compile(r"[-+(]?[¥￥$]?[\d.,]+\)?%?")
_NUMBERED = re.compile(r"(.+)\[(\d{1,4})\]\.(.+)")


def names(table: Table) -> list[str]:
    """Sub-forms that a table's header numbers, `产品明细[0].数量`, in their order; those kept as JSON are not told."""
    found = (match.group(1) for header in table.header if (match := _NUMBERED.fullmatch(header)))
    return list(dict.fromkeys(found))


def expanded(table: Table, name: str) -> Table:
    """One row for each sub-record of a sub-form, with the record's other cells on all of them.

    Args:
        table: an opened table, in which the sub-form is a column of JSON (as `.json` files have it: a list of objects),
            or several columns `name[0].key`, `name[1].key`, … (as flat exports have it).
        name: of the sub-form.

    Returns:
        The table with columns `name.key` instead of the sub-form's. A record without sub-records keeps one row with
        blanks in them; a record whose sub-form is no list of objects is a ragged row with its fault. The same table, if
        it has no such sub-form.

    Raises:
        Rejected: there are more columns than a table may have, or the columns of two layouts of one sub-form.
    """
    form = normalise_header(name)
    whole = [index for index, header in enumerate(table.header) if normalise_header(header) == form]
    numbered: dict[int, dict[str, int]] = {}
    for index, header in enumerate(table.header):
        match = _NUMBERED.fullmatch(header)
        if match and normalise_header(match.group(1)) == form:
            numbered.setdefault(int(match.group(2)), {})[match.group(3)] = index
    if whole and numbered:
        raise Rejected(
            f"the sub-form {name} is there in two layouts, {name} and {name}[{min(numbered)}]",
            "export it in one of them",
        )
    if whole:
        return _from_json(table, name, whole[0])
    return _from_numbered(table, name, numbered) if numbered else table


def filled_down(table: Table, columns: Sequence[str]) -> Table:
    """The table with the blanks of a bill's later rows filled from its first row.

    Lists of bills and their entries often have the bill's cells on its first row only. A row in which all of the named
    columns are blank, and which has something else, belongs to the bill above; a row in which one of them is given
    begins a bill and is left as it is, so a blank of its own never takes the value of another bill. Blank rows, totals
    rows, footers and headers in between are left alone; what follows a totals row, the end of a sheet or a bill's row
    with more or fewer cells than the header belongs to no bill above it.

    Args:
        table: an opened table.
        columns: headers of the bill's columns; those that the table does not have are passed over.
    """
    wanted = {normalise_header(column) for column in columns}
    positions = [index for index, header in enumerate(table.header) if normalise_header(header) in wanted]
    if not positions:
        return table

    def batches() -> Iterator[Batch]:
        above: list[str] | None = None
        for batch in table.batches():
            made, above = _fill(batch, table.header, positions, None if batch.begins_part else above)
            yield made

    return replace(table, batches=batches, layout=f"{table.layout}, bills filled down")


def _fill(
    batch: Batch, header: Sequence[str], positions: Sequence[int], above: list[str] | None
) -> tuple[Batch, list[str] | None]:
    import pyarrow

    ragged = sorted(
        (row for row in batch.ragged if _ends_a_bill(row, header, positions)), key=lambda row: row.row_number
    )
    if not batch.rows.num_rows:
        return batch, None if ragged else above
    numbers = batch.rows.column("_row_number").to_pylist()
    width = batch.rows.num_columns - 1
    filled = [batch.rows.column(position).to_pylist() for position in positions]
    labels = [header[position].strip(conversion.INVISIBLE) for position in positions]
    others: list[Any] | None = None
    repeated: list[int] = []
    for row in range(batch.rows.num_rows):
        while ragged and ragged[0].row_number < numbers[row]:
            ragged.pop(0)
            above = None
        own = [column[row].strip(conversion.INVISIBLE) for column in filled]
        others = others or [batch.rows.column(index) for index in range(width)]
        if any(own):
            if own == labels or conversion.is_footer([cell for cell in own if cell][:1]):
                cells = _said(others, row)
                if own == labels or conversion.is_footer(cells):
                    continue  # a page ends, and the bill may go on below it
            is_totals = any(conversion.totals_label(cell) for cell in own if cell)
            above = None if is_totals else [column[row] for column in filled]
            continue
        cells = _said(others, row)
        if not cells:
            continue
        if any(conversion.totals_label(cell) for cell in cells):
            above = None
        elif above is not None and not conversion.is_footer(cells):
            for column, text in zip(filled, above, strict=True):
                column[row] = text
            repeated.append(row)
    rows = batch.rows
    for position, column in zip(positions, filled, strict=True):
        rows = rows.set_column(position, rows.column_names[position], pyarrow.array(column, pyarrow.string()))
    repeats = {**batch.repeats, **{at: [*batch.repeats.get(at, ()), *repeated] for at in positions}}
    made = replace(batch, rows=rows, repeats=repeats if repeated else batch.repeats)
    return made, None if ragged else above


def _said(columns: Sequence[Any], row: int) -> list[str]:
    """The cells of a row that are not blank."""
    return [text for column in columns if (text := column[row].as_py().strip(conversion.INVISIBLE))]


def _ends_a_bill(row: RaggedRow, header: Sequence[str], positions: Sequence[int]) -> bool:
    """Whether what follows a ragged row belongs to no bill above it: it is the first of another, or a totals row."""
    if row.fault is not None:
        return True
    named = dict(zip(row.header or header, row.cells, strict=False))
    cells = [cell for text in row.cells if (cell := text.strip(conversion.INVISIBLE))]
    own = any(named.get(header[position], "").strip(conversion.INVISIBLE) for position in positions)
    return (own and not conversion.is_footer(cells)) or any(conversion.totals_label(cell) for cell in cells)


def _from_json(table: Table, name: str, position: int) -> Table:
    keys: dict[str, int] = {}
    most = 0
    for batch in table.batches():  # a key that only the last record has is a column too
        for text in _texts(batch.rows, position):
            found, fault = json_records.listed_in(text)
            if fault is None:
                most += max(len(found), 1)
                for record in found:
                    for key in record:
                        keys.setdefault(key, len(keys))
                if len(keys) > MAX_COLUMNS:
                    raise Rejected(f"the sub-form {name} has more than {MAX_COLUMNS} keys", "export fewer fields")
            else:
                most += 1
        most += len(batch.ragged)
    kept = [index for index in range(len(table.header)) if index != position]
    header = _header(table, kept, name, list(keys))

    def batches() -> Iterator[Batch]:
        for batch in table.batches():
            yield _expand(under(batch, table.header), position, kept, keys, name)

    return replace(
        table, header=header, batches=batches, at_most_rows=most, layout=f"{table.layout}, a row for each of {name}"
    )


def _expand(batch: Batch, position: int, kept: Sequence[int], keys: dict[str, int], name: str) -> Batch:
    import pyarrow

    width = batch.rows.num_columns - 1
    taken: list[int] = []
    seconds: list[int] = []  # rows that repeat the record's cells
    columns: list[list[str]] = [[] for _ in keys]
    faulty: list[RaggedRow] = []
    numbers = batch.rows.column(width).to_pylist()
    for row, text in enumerate(_texts(batch.rows, position)):
        found, fault = json_records.listed_in(text)
        if fault is not None:
            faulty.append(RaggedRow(numbers[row], [text], f"the sub-form {name} is {fault}"))
            continue
        for number, record in enumerate(found or [{}]):
            if number:
                seconds.append(len(taken))
            taken.append(row)
            for key, at in keys.items():
                columns[at].append(record.get(key, ""))
    rows = batch.rows.take(pyarrow.array(taken, pyarrow.int64()))
    arrays = [rows.column(index) for index in kept] + [pyarrow.array(column, pyarrow.string()) for column in columns]
    return _made(batch, arrays, rows.column(width), len(kept), seconds, [*batch.ragged, *faulty])


def under(batch: Batch, header: Sequence[str]) -> Batch:
    """The batch, whose ragged rows know the header that they stand under, for a table with another."""
    return replace(batch, ragged=[replace(row, header=row.header or header) for row in batch.ragged])


def _from_numbered(table: Table, name: str, numbered: dict[int, dict[str, int]]) -> Table:
    keys = list(dict.fromkeys(key for index in sorted(numbered) for key in numbered[index]))
    used = {position for found in numbered.values() for position in found.values()}
    kept = [index for index in range(len(table.header)) if index not in used]
    header = _header(table, kept, name, keys)

    def batches() -> Iterator[Batch]:
        for batch in table.batches():
            yield _unpivot(under(batch, table.header), kept, keys, numbered)

    return replace(
        table,
        header=header,
        batches=batches,
        at_most_rows=table.at_most_rows * len(numbered),
        layout=f"{table.layout}, a row for each of {name}",
    )


def _unpivot(batch: Batch, kept: Sequence[int], keys: Sequence[str], numbered: dict[int, dict[str, int]]) -> Batch:
    import numpy
    import pyarrow
    from pyarrow import compute

    width, count = batch.rows.num_columns - 1, batch.rows.num_rows
    if not count:
        return replace(text_batch([[] for _ in (*kept, *keys)], [], batch.ragged), begins_part=batch.begins_part)
    order = sorted(numbered)
    given = numpy.zeros((count, len(order)), dtype=bool)
    for at, index in enumerate(order):
        for position in numbered[index].values():
            text = compute.utf8_trim(batch.rows.column(position), conversion.INVISIBLE)
            given[:, at] |= compute.not_equal(text, "").to_numpy()
    totals = _totals_among(batch.rows, kept)
    given[totals] = False
    given[~given.any(axis=1), 0] = True  # a record without sub-records, or totals: they stay one row
    row, nth = numpy.nonzero(given)  # by row, then by number
    seconds = numpy.flatnonzero(numpy.concatenate(([False], row[1:] == row[:-1]))).tolist()
    blank = pyarrow.repeat(pyarrow.scalar(""), count)
    places = nth * count + row
    places[numpy.isin(row, totals)] = len(order) * count  # of several columns each with a total of its own none is told
    columns = []
    for key in keys:
        sources = [numbered[index].get(key) for index in order]
        pieces = pyarrow.concat_arrays(
            [*(blank if source is None else _whole(batch.rows.column(source)) for source in sources), blank.slice(0, 1)]
        )
        columns.append(pieces.take(pyarrow.array(places)))
    rows = batch.rows.take(pyarrow.array(row))
    arrays = [*(rows.column(index) for index in kept), *columns]
    return _made(batch, arrays, rows.column(width), len(kept), seconds, batch.ragged)


def _totals_among(rows: pyarrow.Table, columns: Sequence[int]) -> list[int]:
    """Positions of the totals rows: of these columns the first that is not blank has a label, others only numbers."""
    from pyarrow import compute

    found: set[int] = set()
    cells = [rows.column(column) for column in columns]
    for column in cells:
        may_be = compute.match_substring_regex(column, "(?i)计|total")
        for place in compute.indices_nonzero(may_be).to_pylist():
            label, *others = _said(cells, place)
            if conversion.totals_label(label) and all(_NUMBER.fullmatch(text) for text in others):
                found.add(place)
    return sorted(found)


def _made(
    batch: Batch, arrays: Sequence[Any], numbers: Any, kept: int, seconds: Sequence[int], ragged: list[RaggedRow]
) -> Batch:
    """A batch of these columns, in which the first `kept` repeat at the rows at `seconds`."""
    import pyarrow

    made = pyarrow.table([*arrays, numbers], names=[*(f"c{index}" for index in range(len(arrays))), "_row_number"])
    repeats = dict.fromkeys(range(kept), tuple(seconds)) if seconds else {}
    return Batch(made, ragged, repeats, batch.begins_part)


def _header(table: Table, kept: Sequence[int], name: str, keys: Sequence[str]) -> list[str]:
    header = [table.header[index] for index in kept] + [f"{name}.{key}" for key in keys]
    if len(header) > MAX_COLUMNS:
        raise Rejected(f"the table has {len(header)} columns, more than {MAX_COLUMNS}", "export fewer fields")
    forms = [normalise_header(known) for known in header]
    twice = next((known for known, form in zip(header, forms, strict=True) if forms.count(form) > 1), None)
    if twice is not None:
        raise Rejected(f"the column {twice!r} is there more than once", "export the sub-form in one layout")
    return header


def _texts(rows: pyarrow.Table, position: int) -> list[str]:
    return [text or "" for text in rows.column(position).to_pylist()]


def _whole(column: Any) -> Any:
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column
