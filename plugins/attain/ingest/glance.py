"""Reading at a glance: the rows of a batch whose cells all stand in their commonest form, column by column.

Most rows of most files are plain: `2025-01-03`, `1234.50`, a status that the contract knows. Their columns are typed
here without a query a cell: fixed forms from the bytes, words that recur once for each word. Which rows those are is
decided on the safe side: a row is plain only if the conversion's query would load it with exactly these values. Every
other row (a cell in another form, a blank key, a totals row) goes through that query, `conversion.conversion_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from attain.ingest import conversion
from attain.ingest.contracts import LANDED_COLUMNS, SQL_TYPES, Column, Feed
from attain.ingest.conversion import INVISIBLE, Formats, Reading, Selection

if TYPE_CHECKING:
    import duckdb
    import numpy
    import pyarrow

# Below this number of rows there is little to gain.
FEW_ROWS = 500
_KEPT_QUERIES = 50
# If more of a column's cells are in no fixed form, the column is converted by a query of its own.
_ODD_SHARE = 0.01
_SAMPLE_ROWS = 2_000
# A column with more different words than this is no list of words; what is remembered of them is bounded too.
_FEW_WORDS = 5_000
_REMEMBERED_WORDS = 50_000
_EPOCH = date(1970, 1, 1)
_FIRST_DAY = (date.fromisoformat(conversion.FIRST_DAY) - _EPOCH).days
_LAST_DAY = (date.fromisoformat(conversion.LAST_DAY) - _EPOCH).days
_US_A_DAY = 86_400_000_000
_ID_PREFIX = b"zcrm_"
_INTEGER_DIGITS = 18  # an int64 holds every number of so many
_DASH, _DOT, _COLON, _BLANK, _ZERO, _HASH, _EQUALS = b"-.: 0#="
# Keys that may be the label of a totals row or a line around the table; other keys hold none of these.
_MAY_BE_LABEL = (
    r"(?i)[^\w.\-/# ]|total|page|basis|printed|exported|generated|prepared|created|reviewed|^\d{4}[-/.] ?\d{1,2}[-/.]"
)
# A key without any of these bytes is none: each word has one of the vowels, each day a mark between its numbers.
_PLAIN_BYTES = b"0123456789_BCDFGHJKLMNPQRSTUVWXYZbcdfghjklmnpqrstuvwxyz# "


class Source:
    """A relation whose rows can be exchanged, so that a prepared query need not be planned again."""

    def __init__(self) -> None:
        self.rows: pyarrow.Table | None = None

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        assert self.rows is not None
        return self.rows.__arrow_c_stream__(requested_schema)


class Query:
    """A query over the relation `batch`, planned once and answered for many batches of one schema."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        self.connection = connection.cursor()
        self.sql = sql
        self.source = Source()
        self.is_prepared = False

    def ask(self, rows: pyarrow.Table) -> pyarrow.Table:
        """The answer for these rows, in their order."""
        self.source.rows = rows
        if not self.is_prepared:
            self.connection.register("batch", self.source)
            self.connection.execute(f"prepare answer as {self.sql}")
            self.is_prepared = True
        try:
            return self.connection.execute("execute answer").to_arrow_table()
        finally:
            self.source.rows = None

    def close(self) -> None:
        self.connection.close()


class Queries:
    """Queries that are planned, kept for the files to come: to plan one takes longer than to land a small file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.kept: dict[tuple[str, int], Query] = {}

    def of(self, sql: str, width: int) -> Query:
        """The query of that text over batches of so many columns; for one file at a time."""
        if (sql, width) not in self.kept:
            if len(self.kept) >= _KEPT_QUERIES:
                self.close()
            self.kept[sql, width] = Query(self.connection, sql)
        return self.kept[sql, width]

    def close(self) -> None:
        for query in self.kept.values():
            query.close()
        self.kept.clear()


@dataclass(frozen=True)
class Glanced:
    """What a glance at a batch told.

    Attributes:
        columns: the landed columns but `_delivery_id`, typed; only the plain rows of it are to be used.
        odd: positions of the rows that are not plain, ascending.
    """

    columns: pyarrow.Table
    odd: numpy.ndarray[Any, Any]


class Glance:
    """Reads the plain rows of one file for one feed; `read` is for one thread at a time."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        readings: Sequence[Reading],
        header: Sequence[str],
        extras: Mapping[str, int],
        selections: Sequence[Selection],
        formats: Formats,
        deleted: int | None,
    ) -> None:
        self.connection = connection
        self.feed = feed
        self.readings = {reading.column.name: reading for reading in readings}
        self.header = header
        self.extras = extras
        self.selections = selections
        self.formats = formats
        self.deleted = deleted
        self.queries: dict[str, Query] = {}
        self.words: dict[str, dict[str, tuple[Any, bool]]] = {}
        self.defaults: dict[str, Any] = {}
        self.witness, self.has_keys = self._witness()

    def _witness(self) -> tuple[Reading | None, bool]:
        """The first key column: its cell alone shows that a row has a key, is no line around the table, no header."""
        keys = [
            self.readings[name]
            for name in self.feed.key
            if name in self.readings
            and self.readings[name].index is not None
            and self.readings[name].column.default is None
        ]
        return (keys[0] if keys and not keys[0].values else None), bool(keys)

    def read(self, rows: pyarrow.Table) -> Glanced | None:
        """Type the plain rows; None if no row can be known to be plain."""
        if rows.num_rows < FEW_ROWS or (self.has_keys and self.witness is None):
            return None
        import numpy
        import pyarrow

        count = rows.num_rows
        cells: dict[int, _Cells] = {}

        def of(index: int) -> _Cells:
            if index not in cells:
                cells[index] = _trimmed(whole(rows.column(index)))
            return cells[index]

        odd = numpy.zeros(count, bool)
        columns = []
        for column in self.feed.columns:
            reading = self.readings.get(column.name)
            kind = arrow_type(column.sql_type)
            if reading is None:
                columns.append(pyarrow.nulls(count, kind) if column.default is None else None)
            else:
                value, unread = self._value(reading, kind, of, count)
                if unread is not None:
                    odd |= unread
                if (column.required or column.name in self.feed.key) and column.default is None and value.null_count:
                    odd |= _mask(value.is_null())
                columns.append(value)
            if column.default is not None:
                columns[-1] = self._defaulted(columns[-1], column, count)
        if self.witness is not None and self.witness.index is not None:
            odd |= self._may_be_label(of(self.witness.index), self.header[self.witness.index])
        if self.selections:
            odd |= self._not_chosen(of)
        if self.deleted is not None:
            odd |= ~of(self.deleted).blank & ~_mask(_compute().equal(of(self.deleted).text, "false"))
        positions = numpy.flatnonzero(odd)
        if 2 * positions.size > count:
            return None
        landed = {
            "_row_number": whole(rows.column(len(self.header))),
            "_extra": self._extra(of, count),
            "_is_deleted": pyarrow.repeat(pyarrow.scalar(False), count),
        }
        names = [column.name for column in self.feed.columns]
        for name in LANDED_COLUMNS:
            if name != "_delivery_id":
                names.append(name)
                columns.append(landed[name])
        return Glanced(pyarrow.table(columns, names=names), positions)

    def close(self) -> None:
        for query in self.queries.values():
            query.close()

    # --- one column

    def _value(self, reading: Reading, kind: pyarrow.DataType, of: Any, count: int) -> tuple[Any, Any]:
        """The typed column, and which of its cells could not be read (None: all could)."""
        import pyarrow

        column = reading.column
        if reading.index is None:
            answer = self._ask_value(reading, pyarrow.array([""], pyarrow.string()))
            value = whole(answer.column("value"))[0]
            unread = _mask(answer.column("is_unread"))
            return pyarrow.repeat(value, count), unread.repeat(count) if unread.any() else None
        cells = of(reading.index)
        if reading.values or (column.type == "text" and column.values):
            return self._by_word(reading, cells, kind)
        if column.type == "text":
            # may be the error of a formula, or a text that a spreadsheet was kept from reading
            errors = ((cells.first == _HASH) | (cells.first == _EQUALS)) & ~cells.blank
            return cells.as_text(), errors if errors.any() else None
        found = _FORMS[column.type](cells, self.formats) if column.type in _FORMS else None
        formed = self._formed(reading, cells, kind, found) if found is not None else None
        value, unread = formed if formed is not None else self._by_word(reading, cells, kind)
        if column.type == "money":
            # A sign may be of another currency than the row's: only the query looks at both.
            signed = self._signed(cells, None if found is None else found[1])
            if signed is not None:
                unread = signed if unread is None else signed | unread
        return value, unread

    def _signed(self, cells: _Cells, plain: Any) -> Any:
        """Which cells have a currency's sign, None if none has; those that are `plain` numbers have none."""
        import numpy
        import pyarrow

        rows = numpy.flatnonzero(~cells.blank if plain is None else ~plain & ~cells.blank)
        if not rows.size:
            return None
        shown = cells.text.take(pyarrow.array(rows))
        rows = rows[_mask(_compute().match_substring_regex(shown, conversion.CURRENCY_SIGN))]
        if not rows.size:
            return None
        signed = numpy.zeros(len(cells.text), bool)
        signed[rows] = True
        return signed

    def _formed(self, reading: Reading, cells: _Cells, kind: pyarrow.DataType, found: tuple[Any, Any]) -> Any:
        """The column as its fixed form gave it, or by word where too much of it is in another form."""
        value, fits = found
        unread = ~fits & ~cells.blank
        odd = int(unread.sum())
        if odd > _ODD_SHARE * len(cells.text):
            return self._by_word(reading, cells, kind)
        return value, unread if odd else None

    def _by_word(self, reading: Reading, cells: _Cells, kind: pyarrow.DataType) -> tuple[Any, Any]:
        """Convert each word of a column once."""
        import pyarrow

        text = cells.text
        if len(text.slice(0, _SAMPLE_ROWS).dictionary_encode().dictionary) > _SAMPLE_ROWS // 2:
            return self._by_query(reading, text)
        encoded = text.dictionary_encode()
        if len(encoded.dictionary) > _FEW_WORDS:
            value, unread = self._by_query(reading, encoded.dictionary)
        else:
            words = encoded.dictionary.to_pylist()
            known = self.words.setdefault(reading.column.name, {})
            if len(known) > _REMEMBERED_WORDS:
                known.clear()
            if fresh := [word for word in words if word not in known]:
                answer = self._ask_value(reading, pyarrow.array(fresh, pyarrow.string()))
                pairs = zip(answer.column("value").to_pylist(), answer.column("is_unread").to_pylist(), strict=True)
                known.update(zip(fresh, pairs, strict=True))
            if kind == pyarrow.string() and all(known[word] == (word or None, False) for word in words):
                return cells.as_text(), None  # all mean what they say
            value = pyarrow.array([known[word][0] for word in words], kind)
            unread = _mask(pyarrow.array([known[word][1] for word in words], pyarrow.bool_()))
        indices = encoded.indices
        return value.take(indices), unread[indices.to_numpy()] if unread is not None and unread.any() else None

    def _by_query(self, reading: Reading, text: pyarrow.Array) -> tuple[Any, Any]:
        answer = self._ask_value(reading, text)
        unread = _mask(answer.column("is_unread"))
        return whole(answer.column("value")), unread if unread.any() else None

    def _ask_value(self, reading: Reading, text: pyarrow.Array) -> pyarrow.Table:
        import pyarrow

        named = pyarrow.table({f"c{reading.index or 0}": text})
        return self._query(reading.column.name, lambda: conversion.value_sql(reading, self.formats)).ask(named)

    def _query(self, name: str, sql: Any) -> Query:
        if name not in self.queries:
            self.queries[name] = Query(self.connection, sql())
        return self.queries[name]

    def _defaulted(self, value: Any, column: Column, count: int) -> Any:
        import pyarrow

        if column.name not in self.defaults:
            answer = self.connection.cursor().execute(f"select {conversion.default_sql(column)}").to_arrow_table()
            self.defaults[column.name] = answer.column(0)[0]
        stands_for = self.defaults[column.name]
        return pyarrow.repeat(stands_for, count) if value is None else value.fill_null(stands_for)

    # --- the row as a whole

    def _may_be_label(self, cells: _Cells, header: str) -> Any:
        """Rows that may be totals rows, lines around the table, or the header again."""
        import numpy
        import pyarrow

        rows = cells.rows_of(_LABEL_BYTES[cells.data])
        if 4 * rows.size > len(cells.text):
            odd = _mask(_compute().match_substring_regex(cells.text, _MAY_BE_LABEL))
        else:
            odd = numpy.zeros(len(cells.text), bool)
            shown = cells.text.take(pyarrow.array(rows))
            odd[rows] = _mask(_compute().match_substring_regex(shown, _MAY_BE_LABEL))
        text = header.strip(INVISIBLE)
        if bool((cells.lengths == len(text.encode())).any()):
            odd |= _mask(_compute().equal(cells.text, text))
        return odd

    def _not_chosen(self, of: Any) -> Any:
        import pyarrow

        indexes = sorted({selection.index for selection in self.selections})
        named = pyarrow.table({f"c{index}": of(index).text for index in indexes})
        sql = f"select {conversion.not_chosen_sql(self.selections)} as is_not_chosen from batch"
        return _mask(self._query("_not_chosen", lambda: sql).ask(named).column("is_not_chosen"))

    def _extra(self, of: Any, count: int) -> Any:
        import pyarrow

        if not self.extras:
            return pyarrow.nulls(count, pyarrow.string())
        named = pyarrow.table({f"c{index}": of(index).text for index in sorted(set(self.extras.values()))})
        sql = f"select {conversion.extra_sql(self.extras)} as extra from batch"
        return whole(self._query("_extra", lambda: sql).ask(named).column("extra"))


class _Cells:
    """The trimmed cells of one column of a batch, as text and as bytes."""

    def __init__(self, text: pyarrow.Array) -> None:
        import numpy
        import pyarrow

        _, offsets, data = text.buffers()
        size = len(text)
        offsets = offsets.slice(text.offset * 4, (size + 1) * 4)
        self.text = pyarrow.Array.from_buffers(pyarrow.string(), size, [None, offsets, data])
        self.offsets = numpy.frombuffer(offsets, numpy.int32)
        self.data = numpy.frombuffer(data, numpy.uint8) if data is not None and data.size else numpy.zeros(1, "u1")
        self.starts, self.ends = self.offsets[:-1], self.offsets[1:]
        self.lengths = self.ends - self.starts
        self.blank = self.lengths == 0
        self.first, self.last = self.at(self.starts), self.at(self.ends - 1)

    def at(self, positions: Any) -> Any:
        """The bytes at these positions; what lies outside is some byte of the column."""
        return self.data.take(positions, mode="clip")

    def rows_of(self, marked: Any) -> Any:
        """The rows with a byte that is marked, ascending; `marked` says it of each byte of the data."""
        import numpy

        begin = int(self.offsets[0])
        places = numpy.flatnonzero(marked[begin : int(self.offsets[-1])]) + begin
        rows = numpy.searchsorted(self.offsets, places, "right") - 1
        return numpy.unique(rows) if rows.size > 1 else rows

    def contains(self, *marks: bytes) -> bool:
        """Whether any of the marks is anywhere in the column (or across two cells of it)."""
        whole = self.data[self.offsets[0] : self.offsets[-1]].tobytes()
        return any(mark in whole for mark in marks)

    def as_text(self) -> Any:
        """The text, blank cells as NULL."""
        return self.only(~self.blank) if bool(self.blank.any()) else self.text

    def only(self, these: Any) -> Any:
        """The text of these cells, the others as NULL."""
        import pyarrow

        _, offsets, data = self.text.buffers()
        return pyarrow.Array.from_buffers(pyarrow.string(), len(self.text), [_bits(these), offsets, data])


def _days(cells: _Cells, _formats: Formats) -> tuple[Any, Any] | None:
    """Cells like 2025-01-03; None if one of that shape is no day."""
    import pyarrow

    fits = cells.lengths == 10
    fits &= (cells.at(cells.starts + 4) == _DASH) & (cells.at(cells.starts + 7) == _DASH)
    days = _parsed(cells, fits, pyarrow.date32())
    if days is None:
        return None
    number = _numbers_of(days, "i4")
    fits &= (number >= _FIRST_DAY) & (number <= _LAST_DAY)
    return pyarrow.Array.from_buffers(days.type, len(days), [_bits(fits), days.buffers()[1]]), fits


def _moments(cells: _Cells, formats: Formats) -> tuple[Any, Any] | None:
    """Cells like 2025-01-03 10:00:00, in UTC; None if one of that shape is no moment, or the zone is not steady."""
    import numpy
    import pyarrow

    since, offset = conversion.steady_since(formats.timezone)
    if since is None:
        return None
    at = cells.starts
    fits = (cells.lengths == 19) & (cells.at(at + 4) == _DASH) & (cells.at(at + 7) == _DASH)
    fits &= (cells.at(at + 10) == _BLANK) & (cells.at(at + 13) == _COLON) & (cells.at(at + 16) == _COLON)
    moments = _parsed(cells, fits, pyarrow.timestamp("us"))
    if moments is None:
        return None
    local = _numbers_of(moments, "i8")
    earliest = max((since - _EPOCH).days, _FIRST_DAY) * _US_A_DAY
    fits &= (local >= earliest) & (local < (_LAST_DAY + 1) * _US_A_DAY)
    made = pyarrow.py_buffer(numpy.where(fits, local - offset * 1_000_000, 0))
    return pyarrow.Array.from_buffers(moments.type, len(moments), [_bits(fits), made]), fits


def _parsed(cells: _Cells, fits: Any, kind: pyarrow.DataType) -> Any:
    import pyarrow

    try:
        return cells.only(fits).cast(kind)
    except pyarrow.ArrowInvalid:  # says that there is one, not where
        return None


def _number(cells: _Cells, formats: Formats, whole: int, decimals: int, kind: pyarrow.DataType) -> Any:
    """Cells like -1234.50, with no more decimals than are kept."""
    import numpy

    if formats.decimal_separator == ",":
        return None
    size = len(cells.text)
    negative = cells.first == _DASH
    fraction = numpy.zeros(size, numpy.int32)  # number of decimals
    if decimals and cells.contains(b"."):
        for places in range(1, decimals + 1):
            is_dot = (cells.at(cells.ends - 1 - places) == _DOT) & (cells.lengths > places) & (fraction == 0)
            fraction[is_dot] = places
    has_dot = fraction > 0
    digits = cells.lengths - negative - has_dot - fraction
    fits = (digits >= 1) & (digits <= whole)
    foreign = (cells.data - numpy.uint8(_ZERO)) > 9
    foreign[(cells.ends - 1 - fraction)[has_dot]] = False
    foreign[cells.starts[negative & ~cells.blank]] = False
    fits[cells.rows_of(foreign)] = False
    if not decimals or int(digits.max(initial=0, where=fits)) + decimals > _INTEGER_DIGITS:
        return cells.only(fits).cast(kind), fits  # exact, in this form
    return _scaled(cells, fits, negative, fraction, decimals, kind), fits


def _scaled(cells: _Cells, fits: Any, negative: Any, fraction: Any, decimals: int, kind: pyarrow.DataType) -> Any:
    """The numbers of the cells that fit, by whole numbers of their last decimal: a third of the work of a cast."""
    import numpy
    import pyarrow

    size = len(cells.text)
    dots = cells.ends - fraction - (fraction > 0)
    # Twice as many cells: what stands before the dot, and between it and the next number.
    edges = numpy.empty(2 * size + 1, numpy.int32)
    numpy.minimum(cells.starts + negative, dots, out=edges[0:-1:2])
    edges[1::2] = dots
    edges[-1] = cells.offsets[-1]
    is_whole = numpy.zeros(2 * size, bool)
    is_whole[::2] = fits
    parts = [_bits(is_whole), pyarrow.py_buffer(edges), cells.text.buffers()[2]]
    whole = pyarrow.Array.from_buffers(pyarrow.string(), 2 * size, parts).cast(pyarrow.int64())
    value = _numbers_of(whole, "i8")[::2] * 10**decimals
    for place in range(1, int(fraction.max(initial=0)) + 1):
        digit = (cells.at(dots + place) - numpy.uint8(_ZERO)) * (fraction >= place)
        value += digit * numpy.int64(10 ** (decimals - place))
    numpy.negative(value, out=value, where=negative)
    made = numpy.empty((size, 2), "<i8")
    made[:, 0] = value
    numpy.right_shift(value, 63, out=made[:, 1])
    return pyarrow.Array.from_buffers(kind, size, [_bits(fits), pyarrow.py_buffer(made)])


def _number_form(type_name: str) -> Any:
    def read(cells: _Cells, formats: Formats) -> Any:
        whole, decimals = conversion.DECIMALS.get(type_name, (_INTEGER_DIGITS, 0))
        return _number(cells, formats, whole, decimals, arrow_type(SQL_TYPES[type_name]))

    return read


def _ids(cells: _Cells, _formats: Formats) -> tuple[Any, Any]:
    """Ids as they are or without their prefix; not those that look like numbers which a spreadsheet changed."""
    import numpy
    import pyarrow

    fits = ~cells.blank & (cells.first != _HASH) & ~_ESCAPES[cells.first]
    short = numpy.flatnonzero((cells.lengths <= _LONGEST_NO_ID) & _NO_ID_STARTS[cells.first] & fits)
    if short.size:
        said = cells.text.take(pyarrow.array(short))
        fits[short[_mask(_compute().match_substring_regex(said, _NO_ID))]] = False
    prefixed = numpy.zeros(len(cells.text), bool)
    value = None
    if cells.contains(_ID_PREFIX):
        prefixed = _mask(_compute().starts_with(cells.text, _ID_PREFIX.decode()))
        fits &= ~(prefixed & (cells.lengths == len(_ID_PREFIX)))
        value = _without_prefix(cells, prefixed, len(_ID_PREFIX))
    like_number = _NUMBER_STARTS[cells.first] & ~prefixed & fits
    if like_number.any() and cells.contains(b".0", b"e", b"E"):
        rows = numpy.flatnonzero(like_number)
        shown = cells.text.take(pyarrow.array(rows))
        damaged = _mask(_compute().match_substring_regex(shown, rf"^(?:\d+\.0|{conversion.SCIENTIFIC})$"))
        fits[rows[damaged]] = False
    if value is None:
        return cells.as_text(), fits
    if bool(fits.all()):
        return value, fits
    return pyarrow.Array.from_buffers(pyarrow.string(), len(value), [_bits(fits), *value.buffers()[1:]]), fits


def _without_prefix(cells: _Cells, prefixed: Any, length: int) -> Any:
    """The text, of these cells without so many bytes at the beginning."""
    import numpy
    import pyarrow

    width = int(cells.lengths[0])
    if prefixed.all() and bool((cells.lengths == width).all()):
        offsets = numpy.arange(len(prefixed) + 1, dtype=numpy.int32) * numpy.int32(width - length)
        whole = cells.data[cells.offsets[0] : cells.offsets[-1]].reshape(-1, width)
        kept = numpy.ascontiguousarray(whole[:, length:])
    else:
        keep = numpy.ones(cells.data.size, bool)
        starts = cells.starts[prefixed]
        for place in range(length):
            keep[starts + place] = False
        removed = numpy.zeros(cells.offsets.size, numpy.int32)
        numpy.cumsum(prefixed * numpy.int32(length), out=removed[1:], dtype=numpy.int32)
        offsets = cells.offsets - removed
        kept = cells.data[keep]
    buffers = [None, pyarrow.py_buffer(offsets), pyarrow.py_buffer(kept)]
    return pyarrow.Array.from_buffers(pyarrow.string(), len(prefixed), buffers)


_FORMS: dict[str, Any] = {
    "id": _ids,
    "date": _days,
    "timestamp": _moments,
    **{name: _number_form(name) for name in ("money", "decimal", "percent", "integer")},
}


class _Bytes:
    """Which of the 256 bytes belong to a set."""

    def __init__(self, marks: set[int]) -> None:
        self.table = bytes(byte in marks for byte in range(256))

    def __getitem__(self, values: Any) -> Any:
        import numpy

        return numpy.frombuffer(values.tobytes().translate(self.table), bool)


_MARKS = [mark.encode() for mark in INVISIBLE]
_MARK_STARTS = _Bytes({mark[0] for mark in _MARKS})
_MARK_ENDS = _Bytes({mark[-1] for mark in _MARKS})
_NUMBER_STARTS = _Bytes(set(b"+-.0123456789"))
_ESCAPES = _Bytes(set(conversion.ESCAPES.encode()))
_NO_ID = conversion.NO_VALUE["id"].replace("(?i)", "(?i)^(?:") + ")$"
_LONGEST_NO_ID = 4 * conversion.LONGEST_NO_VALUE  # bytes
_NO_ID_STARTS = _Bytes({letter.encode()[0] for letter in "-—–―－−/无暂nNuU"})
_LABEL_BYTES = _Bytes(set(range(256)) - set(_PLAIN_BYTES))


def _trimmed(text: Any) -> _Cells:
    """The cells without invisible marks at their ends."""
    import numpy

    cells = _Cells(text)
    rows = numpy.flatnonzero((_MARK_STARTS[cells.first] | _MARK_ENDS[cells.last]) & ~cells.blank)
    starts, ends = cells.starts[rows], cells.ends[rows]
    for mark in _MARKS if rows.size else ():
        for begin in (starts, ends - len(mark)):
            same = numpy.ones(rows.size, bool)
            for place, byte in enumerate(mark):
                same &= cells.at(begin + place) == byte
            if same.any():
                return _Cells(_compute().utf8_trim(cells.text, INVISIBLE))
    return cells


def whole(column: Any) -> Any:
    """A column of a table as one array without NULLs where it has none."""
    import pyarrow

    if isinstance(column, pyarrow.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def only(column: Any, these: Any) -> Any:
    """A column, NULL but in these rows; its values stay where they are."""
    import pyarrow

    values = whole(column)
    if values.null_count:
        these = these & _mask(values.is_valid())
    if values.offset:
        return _compute().if_else(pyarrow.array(these), values, None)
    return pyarrow.Array.from_buffers(values.type, len(values), [_bits(these), *values.buffers()[1:]])


def _bits(these: Any) -> Any:
    import numpy
    import pyarrow

    return pyarrow.py_buffer(numpy.packbits(these, bitorder="little"))


def _mask(flags: Any) -> Any:
    return whole(flags).to_numpy(zero_copy_only=False).astype(bool)


def _numbers_of(array: Any, kind: str) -> Any:
    import numpy

    return numpy.frombuffer(array.buffers()[1], kind, len(array), array.offset * numpy.dtype(kind).itemsize)


def _compute() -> Any:
    from pyarrow import compute

    return compute


def arrow_type(sql_type: str) -> pyarrow.DataType:
    """What Arrow calls a type of the contracts."""
    import pyarrow

    plain = {
        "VARCHAR": pyarrow.string(),
        "DATE": pyarrow.date32(),
        "TIMESTAMP": pyarrow.timestamp("us"),
        "BIGINT": pyarrow.int64(),
        "BOOLEAN": pyarrow.bool_(),
    }
    if sql_type in plain:
        return plain[sql_type]
    precision, scale = sql_type.removeprefix("DECIMAL(").removesuffix(")").split(",")
    return pyarrow.decimal128(int(precision), int(scale))
