"""Landing one file for one feed: text becomes typed Parquet, refused rows go to quarantine, totals rows are checked.

Every row of the file is accounted for: it is loaded, quarantined, a totals row, or (with a mapping) not for this feed.
"""

from __future__ import annotations

import json
import os
import queue
import re
import threading
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from attain.ingest import conversion, glance, tables, units
from attain.ingest.contracts import LANDED_COLUMNS
from attain.ingest.conversion import Reading, conversion_sql, totals_label, why_refused
from attain.ingest.documents import Contradiction, Documents
from attain.ingest.matching import Match
from attain.ingest.rejected import Rejected
from attain.ingest.tables import Batch, RaggedRow, Table

if TYPE_CHECKING:
    import duckdb
    import numpy
    import pyarrow

_Item = TypeVar("_Item")

PART_NAME = "part-00000.parquet"
SAMPLES = 5
# Below this number of rows a share says nothing; every refused row is listed instead.
FEW_ROWS = 20
_ROW_GROUP = 122_880
_ROW_GROUP_BYTES = 64 << 20
_PAGE_BYTES = 4 << 20
# Up to one row in so many the odd rows are put between slices of the plain ones; more of them are sorted in.
_FEW_OF = 200
# How far reading and typing may be ahead of writing: they take turns at what is hard, so one batch is too few.
_BATCHES_AHEAD = 4
# So many batches, or rows of them, that are not plain go through one query.
_BATCHES_A_QUERY = 10
_ROWS_A_QUERY = 20_000
_REFUSED_A_GROUP = 10_000
# So many different ids end in zeros by chance once in a million columns.
_FEW_IDS = 6
_END_OF_TEXT = "\x1a"  # as DOS programs end a file


@dataclass(frozen=True)
class RefusedRow:
    """A row in quarantine.

    Attributes:
        row_number: as a person sees it in a spreadsheet.
        column_name: canonical name of the first column at fault; None when the row as a whole is.
        value: text of that cell.
        reason: every fault of the row.
        remedy: what to do about the first.
        raw_row: the row as JSON, header → text.
        key: its key as a JSON list of text; None when it can't be read, `[]` when the row is no record.
    """

    row_number: int
    column_name: str | None
    value: str | None
    reason: str
    remedy: str
    raw_row: str
    key: str | None = None


@dataclass
class Landed:
    """What landing one file for one feed came to; counts of rows.

    `rows_deleted` are those of the loaded that mark a deleted record. `sums` are those of the numeric columns over all
    rows but totals rows, None where a cell could not be read.
    """

    rows_in_file: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_declared_totals: int = 0
    rows_not_for_feed: int = 0
    rows_deleted: int = 0
    sums: dict[str, Decimal | None] = field(default_factory=dict)
    extra_columns: list[str] = field(default_factory=list)
    samples: list[RefusedRow] = field(default_factory=list)
    horizon_date: date | None = None
    notes: list[str] = field(default_factory=list)

    def hold_account(self) -> None:
        """Raise unless every row of the file is accounted for."""
        accounted = self.rows_loaded + self.rows_quarantined + self.rows_declared_totals + self.rows_not_for_feed
        if accounted != self.rows_in_file:
            raise RuntimeError(
                f"{self.rows_in_file} rows in the file, but {accounted} accounted for ({self.rows_loaded} loaded, "
                f"{self.rows_quarantined} quarantined, {self.rows_declared_totals} totals, "
                f"{self.rows_not_for_feed} not for the feed)"
            )


def land(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    matched: Match,
    extras: dict[str, int],
    delivery_id: str,
    raw_folder: Path,
    quarantine_file: Path,
    last_day: date,
    max_quarantine_ratio: float,
    business_timezone: str,
    queries: glance.Queries | None = None,
) -> Landed:
    """Convert all rows and write them; what is returned holds its account.

    Args:
        connection: a DuckDB connection to convert with.
        table: the opened file.
        matched: the columns' meaning.
        extras: header → position of the columns that are kept as they are.
        delivery_id: written on every row.
        raw_folder: existing folder for the Parquet.
        quarantine_file: written when a row is refused.
        last_day: later days in horizon columns are plans or slips; they don't count as reached.
        max_quarantine_ratio: a larger share of refused rows (in files of more than 20) rejects the file.
        business_timezone: zone in which a moment's day is taken.
        queries: those of the connection that files before this one had planned; None: nothing is kept.

    Raises:
        Rejected: a totals row that disagrees, too many refused rows, or rows that can't be read.
    """
    parts = (connection, table, matched, extras, delivery_id, raw_folder, quarantine_file, last_day, business_timezone)
    work = _Landing(*parts, queries)
    units.refuse_scale(table.titles, work.readings)
    units.refuse_currency(table.titles, work.feed, work.readings)
    work.refusable = max_quarantine_ratio * table.at_most_rows if table.at_most_rows > FEW_ROWS else None
    with (
        _quick_memory(),
        work,
        closing(_ahead(work.converted(_ahead(table.batches())))) as ready,
    ):
        for converted in ready:
            work.take(converted)
    work.refuse_ambiguous_percents()
    work.refuse_rounded_ids()
    landed = work.landed
    landed.hold_account()
    landed.sums = {name: None if name in work.unsummed else total for name, total in work.sums.items()}
    if landed.rows_in_file > FEW_ROWS and work.rows_at_fault > max_quarantine_ratio * landed.rows_in_file:
        raise work.too_many(f"{work.rows_at_fault} of {landed.rows_in_file} rows")
    return landed


def columns_that_say_something(raw_folder: Path, names: Sequence[str]) -> list[str]:
    """Those of these columns of a landed file of which a cell is not blank."""
    from pyarrow import parquet

    with parquet.ParquetFile(raw_folder / PART_NAME) as landed:
        known = [name for name in names if name in landed.schema_arrow.names]
        found: set[str] = set()
        for batch in landed.iter_batches(columns=known) if known else ():
            found |= {name for name in known if batch.column(name).null_count < batch.num_rows}
            if len(found) == len(known):
                break
    return [name for name in known if name in found]


@contextmanager
def _quick_memory() -> Iterator[None]:
    """Let Arrow keep the memory that it frees: its usual allocator gives it back, and a tenth of the work of landing a
    large file would be to get it anew. Whoever has chosen an allocator keeps it."""
    import pyarrow

    usual = pyarrow.default_memory_pool()
    if "jemalloc" in pyarrow.supported_memory_backends() and "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
        pyarrow.set_memory_pool(pyarrow.jemalloc_memory_pool())
    try:
        yield
    finally:
        pyarrow.set_memory_pool(usual)


def _ahead(items: Iterator[_Item], at_most: int = _BATCHES_AHEAD) -> Generator[_Item, None, None]:
    """Make the next items, at most so many, in another thread while this one is busy."""
    ready: queue.Queue[_Item | BaseException | None] = queue.Queue(maxsize=at_most)
    abandoned = threading.Event()

    def put(item: _Item | BaseException | None) -> bool:
        while not abandoned.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(None)
        except BaseException as error:  # handed over: it is raised where the items are used
            put(error)

    reader = threading.Thread(target=read, name="attain-reader", daemon=True)
    reader.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        abandoned.set()
        reader.join()


@dataclass(frozen=True)
class _Glanced:
    """A batch of which the plain rows have their types.

    Attributes:
        source: the batch as it came.
        columns: all rows, typed at a glance; only the plain ones of it count. None: no row is plain.
        rows: the rows that are not plain, as they came.
        trimmed: the same without invisible marks.
        odd: their positions in the batch.
    """

    source: Batch
    columns: pyarrow.Table | None
    rows: pyarrow.Table
    trimmed: pyarrow.Table
    odd: numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class _Converted(_Glanced):
    """A batch whose rows have their types.

    Attributes:
        converted: what the query made of the rows that are not plain; None: there are none.
    """

    converted: pyarrow.Table | None

    @property
    def plain_rows(self) -> int:
        """Number of the plain rows."""
        return 0 if self.columns is None else int(self.columns.num_rows - self.odd.size)

    def plain(self, names: Sequence[str]) -> pyarrow.Table | None:
        """These columns of all rows, NULL in those that are not plain; None: no row is plain."""
        if self.columns is None:
            return None
        columns = self.columns.select(list(names))
        if not self.odd.size:
            return columns
        is_plain = self.is_plain()
        return columns.from_arrays([glance.only(column, is_plain) for column in columns.columns], columns.column_names)

    def loaded(self, kept: pyarrow.Array | None) -> pyarrow.Table:
        """The rows to load, in the order of the file; `kept` says which of the converted ones, None all."""
        import numpy
        import pyarrow

        assert self.converted is not None
        columns = self.columns
        if columns is None:
            return self.converted if kept is None else self.converted.filter(kept)
        fields = [(field.name, field.type) for field in columns.schema]
        converted = pyarrow.table(
            [self.converted.column(name).cast(kind) for name, kind in fields], names=columns.column_names
        )
        mask = numpy.ones(self.odd.size, bool) if kept is None else kept.to_numpy(zero_copy_only=False).astype(bool)
        if self.odd.size * _FEW_OF > columns.num_rows:
            order = numpy.concatenate([numpy.flatnonzero(self.is_plain()), self.odd[mask]])
            both = pyarrow.concat_tables(
                [columns.filter(pyarrow.array(self.is_plain())), converted.filter(pyarrow.array(mask))]
            )
            return both.combine_chunks().take(pyarrow.array(numpy.argsort(order)))
        (plain,), (judged,) = columns.to_batches(), converted.combine_chunks().to_batches()
        pieces, start = [], 0
        for index, position in enumerate(self.odd.tolist()):  # the plain rows before it, and perhaps the row itself
            pieces.append(plain.slice(start, position - start))
            start = position + 1
            if mask[index]:
                pieces.append(judged.slice(index, 1))
        return pyarrow.Table.from_batches([*pieces, plain.slice(start)])

    def is_plain(self) -> numpy.ndarray[Any, Any]:
        import numpy

        assert self.columns is not None
        plain = numpy.ones(self.columns.num_rows, bool)
        plain[self.odd] = False
        return plain


class _Landing:
    """The state of landing one file: sums for totals rows, keys seen, writers, counts."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        matched: Match,
        extras: dict[str, int],
        delivery_id: str,
        raw_folder: Path,
        quarantine_file: Path,
        last_day: date,
        business_timezone: str,
        queries: glance.Queries | None,
    ) -> None:
        import pyarrow

        self.target = matched.target
        self.feed = matched.target.feed
        self.header = table.header
        self.delivery_id = delivery_id
        self.raw_folder = raw_folder
        self.quarantine_file = quarantine_file
        self.last_day = last_day
        self.zone = ZoneInfo(business_timezone)
        self.readings = {reading.column.name: reading for reading in matched.readings}
        parts = (self.feed, matched.readings, self.header, extras, matched.selections, self.target.formats)
        sql = conversion_sql(*parts, matched.deleted)
        self.are_queries_kept = queries is not None
        self.queries = glance.Queries(connection) if queries is None else queries
        self.query = self.queries.of(sql, len(self.header))
        # Only text files are large enough for a glance to pay.
        self.glance = glance.Glance(connection, *parts, matched.deleted) if table.file_format == "csv" else None
        self.deleted = matched.deleted
        self.schema = pyarrow.schema(
            [
                *((column.name, glance.arrow_type(column.sql_type)) for column in self.feed.columns),
                *((name, glance.arrow_type(sql_type)) for name, sql_type in LANDED_COLUMNS.items()),
            ]
        )
        self.landed = Landed(extra_columns=list(extras), notes=list(table.notes))
        self.refusable: float | None = None
        self.faults: Counter[str] = Counter()
        self.numeric = [
            column.name
            for column in self.feed.columns
            if column.type in ("money", "decimal", "integer")
            and self._index(column.name) is not None
            # What stands for a blank cell is no part of any total.
            and column.default is None
        ]
        # What is added up, and what the horizon is told by.
        where = (self.feed.horizon_where.get(name, {}) for name in self.target.horizon)
        self.looked_at = list(dict.fromkeys([*self.numeric, *self.target.horizon, *chain.from_iterable(where)]))
        self.sums: dict[str, Decimal] = dict.fromkeys(self.numeric, Decimal(0))
        self.sums_at_subtotal = dict(self.sums)
        self.sums_at_total = dict(self.sums)
        self.sums_at_part = dict(self.sums)
        self.sums_at_heading: dict[str, dict[str, Decimal]] = {}  # by the text of a heading among the rows
        self.lines_beside = 0  # refused rows that are no records: headings, footers, the header again
        # A header that names the percent sign says what its numbers are.
        self.percents = [
            reading
            for reading in matched.readings
            if reading.column.type == "percent"
            and reading.index is not None
            and (table.file_format in ("xls", "xlsx") or not re.search("[%％]", self.header[reading.index]))
        ]
        self.is_text = table.file_format not in ("xls", "xlsx")
        self.parts_of_one: set[str] = set()  # columns with a number that is not whole, without %
        self.plain_percents: dict[str, Decimal] = {}  # largest value of those written without %
        self.unsummed: set[str] = set()  # columns with a cell that could not be read: their totals can't be checked
        self.documents: Documents | None = None
        self.ids = [  # those of which every long one met so far ends in zeros
            name for name, reading in self.readings.items() if reading.column.type == "id" and reading.index is not None
        ]
        self.rounded_ids: dict[str, set[str]] = {name: set() for name in self.ids}
        self.loaded_writer: Any = None
        self.writer_thread = ThreadPoolExecutor(1, "attain-writer")
        self.writing: Future[None] | None = None  # one row group
        self.unwritten: list[pyarrow.Table] = []  # loaded rows of less than one row group
        self.unwritten_bytes = 0
        self.quarantine_writer: Any = None
        self.unquarantined: list[RefusedRow] = []  # refused rows that are not written yet
        self.unquarantined_bytes = 0

    def _index(self, name: str) -> int | None:
        reading = self.readings.get(name)
        return None if reading is None else reading.index

    def __enter__(self) -> _Landing:
        import pyarrow
        from pyarrow import parquet

        kinds = {field.name: field.type for field in self.schema}
        self.loaded_writer = parquet.ParquetWriter(
            self.raw_folder / PART_NAME,
            self.schema.set(self.schema.get_field_index("_delivery_id"), _id_field()),
            # Smaller than what the plain engine writes; zstd would take a tenth of all the work of landing.
            compression="lz4",
            # Looking for words that recur takes longer than all the rest, and the compression finds them as well.
            use_dictionary=["_delivery_id"],
            # Differences of neighbours take fewer bits, so that there is less to compress.
            column_encoding={name: "DELTA_BINARY_PACKED" for name, kind in kinds.items() if _is_wide_number(kind)},
            store_decimal_as_integer=True,
            # Nobody looks for a text between two others.
            write_statistics=[name for name, kind in kinds.items() if kind != pyarrow.string()],
            data_page_size=_PAGE_BYTES,
            store_schema=False,  # how Arrow holds a column while it is written is nothing that readers should take over
        )
        return self

    def __exit__(self, error: object, *_: object) -> None:
        with self.writer_thread:
            if error is None:
                self._write_group()
                self._await_writing()
                self._write_refused()
        if not self.are_queries_kept:
            self.queries.close()
        if self.glance is not None:
            self.glance.close()
        if self.documents is not None:
            self.documents.close()
        self.loaded_writer.close()
        if self.quarantine_writer is not None:
            self.quarantine_writer.close()

    def converted(self, batches: Iterator[Batch]) -> Iterator[_Converted]:
        """Give the batches their types: the plain rows at a glance, all others by the query.

        A query costs the same for ten rows as for thousands, so those of several batches are asked for together.
        """
        held: list[_Glanced] = []
        for batch in batches:
            held.append(self._glanced(self._with_short_totals(batch)))
            odd = sum(item.rows.num_rows for item in held)
            if held[-1].columns is None or len(held) == _BATCHES_A_QUERY or odd > _ROWS_A_QUERY:
                yield from self._judged(held)
                held = []
        yield from self._judged(held)

    def _with_short_totals(self, batch: Batch) -> Batch:
        """The batch with totals rows that end before the header does filled up, in their places, so that they are
        checked as whole ones. One is known by its label and by a key that is blank or that label."""
        import numpy
        import pyarrow

        places = [index for key in self.feed.key if (index := self._index(key)) is not None]
        width = len(self.header)

        def under_header(row: RaggedRow) -> list[str]:
            if row.header is None:
                return row.cells + [""] * (width - len(row.cells))
            named = dict(zip(row.header, row.cells, strict=False))
            return [named.get(name, "") for name in self.header]

        def is_short_totals(row: RaggedRow) -> bool:
            if row.fault is not None or len(row.cells) >= len(row.header or self.header):
                return False
            cells = [cell.strip(conversion.INVISIBLE) for cell in under_header(row)]
            labels = {cell for cell in cells if totals_label(cell)}
            return bool(labels) and all(not cells[place] or cells[place] in labels for place in places)

        is_short = [is_short_totals(row) for row in batch.ragged]
        if not any(is_short):
            return batch
        short = list(compress(batch.ragged, is_short))
        cells = [under_header(row) for row in short]
        columns = [[row[index] for row in cells] for index in range(width)] + [[row.row_number for row in short]]
        filled = pyarrow.table(
            [pyarrow.array(column, field.type) for column, field in zip(columns, batch.rows.schema, strict=True)],
            schema=batch.rows.schema,
        )
        rows = pyarrow.concat_tables([batch.rows, filled]).combine_chunks()
        order = numpy.argsort(rows.column(width).to_numpy(), kind="stable")
        now_at = numpy.empty_like(order)
        now_at[order] = numpy.arange(order.size)
        repeats = {column: now_at[list(places)].tolist() for column, places in batch.repeats.items()}
        ragged = [row for row, is_filled in zip(batch.ragged, is_short, strict=True) if not is_filled]
        return replace(batch, rows=rows.take(pyarrow.array(order)), ragged=ragged, repeats=repeats)

    def _glanced(self, batch: Batch) -> _Glanced:
        import numpy
        import pyarrow
        from pyarrow import compute

        rows = batch.rows
        is_glanced = self.glance is not None and rows.num_rows > 0 and not batch.repeats
        glanced = self.glance.read(rows) if self.glance is not None and is_glanced else None
        columns = None if glanced is None else glanced.columns
        odd = numpy.arange(rows.num_rows) if glanced is None else glanced.odd
        if glanced is not None:
            rows = rows.take(pyarrow.array(odd))
        width = len(self.header)
        trimmed = pyarrow.table(
            [
                *(compute.utf8_trim(rows.column(index), conversion.INVISIBLE) for index in range(width)),
                rows.column(width),
            ],
            names=rows.column_names,
        )
        return _Glanced(batch, columns, rows, trimmed, odd)

    def _judged(self, held: Sequence[_Glanced]) -> Iterator[_Converted]:
        """Ask the query about the rows of these batches that are not plain."""
        import pyarrow

        asked = [item.trimmed for item in held if item.rows.num_rows]
        answers = self.query.ask(pyarrow.concat_tables(asked)) if asked else None
        told = 0
        for item in held:
            answer = None
            if answers is not None and item.rows.num_rows:
                answer = answers.slice(told, item.rows.num_rows)
                told += item.rows.num_rows
                self._look_at_percents(item.trimmed, answer)
                answer = self._with_repeats(answer, item.source.repeats)
            made = _Converted(item.source, item.columns, item.rows, item.trimmed, item.odd, answer)
            self._look_at_plain_percents(made)
            yield made

    def take(self, batch: _Converted) -> None:
        """Write one batch, and count each of its rows once."""
        from pyarrow import compute

        if batch.source.begins_part:
            self.sums_at_part, self.sums_at_total, self.sums_at_subtotal = (dict(self.sums) for _ in range(3))
            self.sums_at_heading = {}
        ragged = sorted(batch.source.ragged, key=lambda row: row.row_number)
        plain = batch.plain(self.looked_at)
        kept = None
        self.landed.rows_in_file += batch.plain_rows
        if batch.converted is None:
            refused = self._take_ragged(ragged)
            if plain is None or batch.columns is None:
                self._quarantine(refused)
                self._stop_if_hopeless()
                return
            loaded = batch.columns
            self._add_up(plain)
        else:
            states = batch.converted.column("_state").combine_chunks()
            if compute.any(compute.not_equal(states, conversion.LOADED)).as_py():
                kept, refused = self._take_special(batch, plain, batch.trimmed, batch.converted, states, ragged)
            else:
                refused = self._take_ragged(ragged)
                self._add_up(batch.converted)
                if plain is not None:
                    self._add_up(plain)
                self.landed.rows_in_file += batch.converted.num_rows
            loaded = batch.loaded(kept)
        self._look_at_ids(loaded)
        if self.target.distinct:
            loaded, contradicting = self._first_of_each_key(loaded, batch.source.rows)
            refused = sorted([*refused, *contradicting], key=lambda row: row.row_number)
        self._quarantine(refused)
        self.landed.rows_loaded += loaded.num_rows
        if self.deleted is not None:
            self.landed.rows_deleted += compute.sum(loaded.column("_is_deleted").cast("int64")).as_py() or 0
        if plain is None or self.target.distinct:
            self._reach(loaded)
        else:  # the same rows, in one piece
            self._reach(plain)
            if batch.converted is not None:
                self._reach(batch.converted if kept is None else batch.converted.filter(kept))
        self._write(loaded)
        self._stop_if_hopeless()

    def _take_special(
        self,
        batch: _Converted,
        plain: pyarrow.Table | None,
        trimmed: pyarrow.Table,
        converted: pyarrow.Table,
        states: pyarrow.Array,
        ragged: Sequence[RaggedRow],
    ) -> tuple[pyarrow.Array, list[RefusedRow]]:
        """Account for rows that went through the query, and the ragged ones, in their order.

        Returns:
            Which of those that went through the query are loaded, and the rows to quarantine.
        """
        import pyarrow
        from pyarrow import compute

        counts = {item["values"]: item["counts"] for item in compute.value_counts(states).to_pylist()}
        self.landed.rows_in_file += converted.num_rows - counts.get(conversion.BLANK, 0)
        self.landed.rows_not_for_feed += counts.get(conversion.NOT_FOR_FEED, 0)
        refused: list[RefusedRow] = []
        summed_to = plain_to = ragged_to = 0

        def add_up_to(index: int) -> None:
            """Add what stands above the converted row of that place, or all; the row itself is not added."""
            nonlocal summed_to, plain_to
            rows = converted.slice(summed_to, index - summed_to)
            self._add_up(_not_totals(rows) if conversion.HEADER_AGAIN in counts else rows)
            summed_to = index + 1
            if plain is not None:
                is_end = index >= batch.odd.size
                above = plain.num_rows if is_end else int(batch.odd[index])
                self._add_up(plain.slice(plain_to, above - plain_to))
                plain_to = above

        looked_at = (conversion.REFUSED, conversion.KEYLESS, conversion.HEADER_AGAIN)
        said = states.to_pylist()
        positions = [index for index, state in enumerate(said) if state in looked_at]
        these = pyarrow.array(positions, pyarrow.int64())
        numbers = converted.column("_row_number").take(these).to_pylist()
        all_faulty = converted.column("_faults").take(these).to_pylist()
        width = len(self.header)
        texts = zip(*(trimmed.column(place).take(these).to_pylist() for place in range(width)), strict=True)
        raws = zip(*(batch.rows.column(place).take(these).to_pylist() for place in range(width)), strict=True)
        values = {name: converted.column(name).take(these).to_pylist() for name in {*self.numeric, *self.feed.key}}
        shown = enumerate(zip(positions, numbers, all_faulty, texts, raws, strict=True))
        for place, (index, number, faults, cells, raw_cells) in shown:
            begin = ragged_to
            while ragged_to < len(ragged) and ragged[ragged_to].row_number < number:
                ragged_to += 1
            refused += self._take_ragged(ragged[begin:ragged_to])
            state = said[index]
            raw = json.dumps(dict(zip(self.header, raw_cells, strict=True)), ensure_ascii=False)
            if state == conversion.HEADER_AGAIN:
                reason, remedy = "the header again, in the middle of the rows", "nothing is lost; export without it"
                refused.append(RefusedRow(number, None, None, reason, remedy, raw, "[]"))
                self.lines_beside += 1
                continue
            declared = {name: values[name][place] for name in self.numeric}
            label = self._totals_label(cells) if state == conversion.KEYLESS else None
            group = self._group_label(cells) if label is None and state == conversion.KEYLESS else None
            if group is not None:
                add_up_to(index)
                if self._is_since_subtotal(declared):
                    label = "subtotal", group
                else:
                    summed_to = index  # no subtotal: the row itself counts, too
            elif label is not None:
                add_up_to(index)
            if label is not None:
                self._check_totals(number, *label, declared, cells)
                self.landed.rows_declared_totals += 1
                continue
            beside = None if any(said is not None for said in declared.values()) else self._beside(cells, state)
            if beside is not None:
                units.refuse_scale(filter(None, cells), self.readings)
                add_up_to(index)
                self.sums_at_heading[_form(next(filter(None, cells)))] = dict(self.sums)
                if not self.target.distinct:
                    reason, remedy = beside
                    refused.append(RefusedRow(number, None, None, reason, remedy, raw, "[]"))
                    self.lines_beside += 1
                    continue
            if state == conversion.KEYLESS and self.target.distinct:
                self.landed.rows_not_for_feed += 1
                continue
            faulty = faults or []
            self.unsummed.update(faulty)
            key = [values[name][place] for name in self.feed.key]
            told = None if None in key else json.dumps([str(value) for value in key], ensure_ascii=False)
            refused.append(self._refusal(number, faulty, cells, raw, told))
        add_up_to(converted.num_rows)
        refused += self._take_ragged(ragged[ragged_to:])
        return compute.equal(states, conversion.LOADED), refused

    def _refusal(
        self, number: int, faulty: Sequence[str], cells: Sequence[str], raw: str, key: str | None
    ) -> RefusedRow:
        said: list[tuple[str, str | None, str, str]] = []
        if not faulty:
            reason = "its key reads like a line around the table, and it has no number and no day"
            remedy = "nothing is lost if it is one; else give it another key"
            return RefusedRow(number, None, None, reason, remedy, raw, key)
        for name in faulty:
            if name == conversion.DELETED and self.deleted is not None:
                header, text = self.header[self.deleted], cells[self.deleted]
                reason = f"{header}: neither yes nor no, so whether the record is deleted is not known"
                self.faults[reason] += 1
                said.append((name, text, reason, "write true for a deleted record, else false"))
                continue
            if name.startswith(conversion.OTHER_CURRENCY):
                amount = name.removeprefix(conversion.OTHER_CURRENCY)
                index = self._index(amount) or 0
                reason = f"{self.header[index]}: its currency sign is not that of the row's currency"
                self.faults[reason] += 1
                said.append((amount, cells[index], reason, "correct the sign or the currency, whichever is wrong"))
                continue
            reading = self.readings[name]
            text = (reading.constant or "") if reading.index is None else cells[reading.index]
            reason, remedy = why_refused(reading.column, text or None, self.target.formats)
            header = name if reading.index is None else self.header[reading.index]
            if reading.index is None and reading.constant is not None:
                header = "constant of the mapping"
            self.faults[f"{header}: {reason}"] += 1
            said.append((name, text or None, f"{header}: {reason}", remedy))
        first_name, first_value, _, first_remedy = said[0]
        reasons = "; ".join(item[2] for item in said)
        return RefusedRow(number, first_name, first_value, reasons, first_remedy, raw, key)

    def _take_ragged(self, ragged: Sequence[RaggedRow]) -> list[RefusedRow]:
        """Count these rows, and answer those to quarantine: all but blank ones. No total below them can be checked."""
        refused = []
        for row in ragged:
            if not any(cell.strip(conversion.INVISIBLE + _END_OF_TEXT) for cell in row.cells):
                continue
            self.landed.rows_in_file += 1
            header = row.header or self.header
            said = [cell for part in row.cells if (cell := part.strip(conversion.INVISIBLE))]
            is_totals = any(totals_label(cell) for cell in said)
            if row.fault is None and len(row.cells) < len(header) and (is_totals or conversion.is_footer(said)):
                reason = (
                    f"a totals row of {len(row.cells)} cells, the header has {len(header)}; it is not checked"
                    if is_totals
                    else f"a line around the table ({said[0][:60]}), no record"
                )
                remedy = "nothing is lost; export without it"
                units.refuse_scale(said, self.readings)
                raw = json.dumps(dict(zip(header, row.cells, strict=False)), ensure_ascii=False)
                refused.append(RefusedRow(row.row_number, None, None, reason, remedy, raw))
                self.lines_beside += 1
                continue
            self.unsummed.update(self.numeric)
            reason = row.fault or f"the row has {len(row.cells)} cells, the header {len(header)}"
            self.faults[reason] += 1
            if row.fault is not None:
                raw = json.dumps(
                    {"text": row.cells[0].encode("utf-8", "backslashreplace").decode()}, ensure_ascii=False
                )
                refused.append(RefusedRow(row.row_number, None, None, reason, "correct the record, and send it", raw))
                continue
            named = {
                (header[index] if index < len(header) else f"cell {index + 1}"): cell
                for index, cell in enumerate(row.cells)
            }
            remedy = "export it again; a separator inside a cell needs quotes around the cell"
            refused.append(
                RefusedRow(row.row_number, None, None, reason, remedy, json.dumps(named, ensure_ascii=False))
            )
        return refused

    def _with_repeats(self, converted: pyarrow.Table, repeats: Mapping[int, Sequence[int]]) -> pyarrow.Table:
        """The rows with a column `_again_<name>` for each number that some of them only repeat."""
        import numpy
        import pyarrow

        for name in self.numeric:
            index = self._index(name)
            places = None if index is None else repeats.get(index)
            if places:
                again = numpy.zeros(converted.num_rows, dtype=bool)
                again[list(places)] = True
                converted = converted.append_column(f"_again_{name}", pyarrow.array(again))
        return converted

    def _add_up(self, converted: pyarrow.Table) -> None:
        from pyarrow import compute

        for name in self.numeric:
            values = converted.column(name)
            if f"_again_{name}" in converted.column_names:
                values = values.filter(compute.invert(converted.column(f"_again_{name}")))
            total = compute.sum(values).as_py()
            if total is not None:
                self.sums[name] += Decimal(total)

    def _totals_label(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """Kind and text of a totals row's label, which may stand in any cell; None for other rows."""
        for cell in cells:
            if kind := totals_label(cell):
                return kind, cell
            if cell.casefold().startswith("total ") and _form(cell[6:]) in self.sums_at_heading:
                return "subtotal", cell
        return None

    def _group_label(self, cells: Sequence[str]) -> str | None:
        """The label of what may be the subtotal of a group, as spreadsheets make them: nothing but numbers is beside
        it."""
        said = [cell for cell in cells if cell and not re.fullmatch(r"[-+(]?[¥￥$€£]?[\d.,]+[)%]?", cell)]
        return said[0] if len(said) == 1 and conversion.names_a_group(said[0]) else None

    def _is_since_subtotal(self, declared: Mapping[str, Any]) -> bool:
        """Whether numbers are the sums of the rows since the last subtotal."""
        numbers = {name: said for name, said in declared.items() if said is not None}
        return bool(numbers) and all(
            Decimal(said) == self.sums[name] - self.sums_at_subtotal[name] for name, said in numbers.items()
        )

    def _beside(self, cells: Sequence[str], state: int) -> tuple[str, str] | None:
        """Reason and remedy for a row without a number that is no record but a line around the table; else None."""
        said = [cell for cell in cells if cell]
        if conversion.is_footer(said):
            return f"a line around the table ({said[0][:60]}), no record", "nothing is lost; export without it"
        if state != conversion.KEYLESS:
            return None
        labels = {_form(part) for header in self.header for part in (header, header.rpartition(".")[2])}
        if all(_form(cell) in labels for cell in said):
            return "a part of the header again, in the middle of the rows", "nothing is lost; export without it"
        if len(said) == 1:
            return (
                f"a text with nothing beside it ({said[0][:60]}): a heading among the rows, no record",
                "nothing is lost; if it is one, give it its key",
            )
        return None

    def _check_totals(
        self, number: int, label: str, text: str, declared: Mapping[str, Any], cells: Sequence[str]
    ) -> None:
        """Hold the numbers of a totals row against the rows above it: all, those of its part, or those of its section.

        Raises:
            Rejected: a number is the sum of none of them.
        """
        heading = self.sums_at_heading.get(_form(re.sub(r"(?i)^total (for )?", "", text)))
        bases = [self.sums_at_part, self.sums_at_total, {}]
        if label == "subtotal":
            bases = [self.sums_at_subtotal] if heading is None else [heading, self.sums_at_subtotal]
        for name, said in declared.items():
            index = self._index(name)
            header = name if index is None else self.header[index]
            if said is None:
                cell = "" if index is None else cells[index]
                if cell and totals_label(cell) is None:
                    self.landed.notes.append(f"row {number}: the total of {header} can't be read, so it is not checked")
                continue
            if label == "running":
                self.landed.notes.append(f"row {number}: {text} goes over more than this file, so it is not checked")
                break
            if name in self.unsummed:
                self.landed.notes.append(
                    f"row {number}: the total of {name} can't be checked, some cells can't be read"
                )
                continue
            sums = [self.sums[name] - base.get(name, Decimal(0)) for base in bases]
            if Decimal(said) not in sums:
                raise Rejected(
                    f"row {number}: the totals row says {header} is {said}, but the rows above add up to {sums[0]}",
                    "rows are missing or were changed by hand; export the file again",
                )
        self.sums_at_subtotal = dict(self.sums)
        if label == "total":
            self.sums_at_total = dict(self.sums)

    def _look_at_percents(self, trimmed: pyarrow.Table, converted: pyarrow.Table) -> None:
        for reading in self.percents:
            assert reading.index is not None
            self._look_at_percents_of(reading, trimmed.column(reading.index), converted.column(reading.column.name))

    def _look_at_percents_of(self, reading: Reading, texts: Any, values: Any) -> None:
        from pyarrow import compute

        plain = compute.invert(compute.match_substring_regex(texts, "[%％]"))
        numbers = compute.abs(values.filter(plain))
        largest = compute.max(numbers.filter(compute.greater(numbers, Decimal(0)))).as_py()
        if largest is None:
            return
        name = reading.column.name
        self.plain_percents[name] = max(self.plain_percents.get(name, Decimal(0)), largest)
        if name not in self.parts_of_one and compute.any(compute.not_equal(numbers, compute.floor(numbers))).as_py():
            self.parts_of_one.add(name)

    def _look_at_plain_percents(self, batch: _Converted) -> None:
        """The same for the rows that were typed at a glance."""
        names = [reading.column.name for reading in self.percents]
        plain = batch.plain(names) if names else None
        if plain is not None:
            self._look_at_percents(batch.source.rows, plain)

    def _look_at_ids(self, loaded: pyarrow.Table) -> None:
        from pyarrow import compute

        for name in list(self.ids):
            column = compute.drop_null(loaded.column(name))
            long = column.filter(compute.match_substring_regex(column, r"^\d{18,}$"))
            if not len(long):
                if len(column):
                    self.ids.remove(name)  # these are no such ids
                continue
            rounded = compute.match_substring_regex(long, r"^\d{17}0+$")
            if not compute.all(rounded).as_py():
                self.ids.remove(name)
            elif len(self.rounded_ids[name]) < _FEW_IDS:
                self.rounded_ids[name].update(compute.unique(long.slice(0, _ROWS_A_QUERY)).to_pylist())

    def refuse_rounded_ids(self) -> None:
        """Refuse ids of which programs that count in floating point have lost the last digits.

        Raises:
            Rejected: a column has several ids of 18 digits or more, and all of them end in zeros beyond the 17th.
        """
        for name in self.ids:
            if len(self.rounded_ids[name]) >= _FEW_IDS:
                header = self.header[self._index(name) or 0]
                raise Rejected(
                    f"{header}: all {len(self.rounded_ids[name])} ids of 18 digits or more end in zeros, e.g. "
                    f"{min(self.rounded_ids[name])}; a program took them for numbers, and their last digits are lost",
                    "export it again with its ids as text; don't save the file from a spreadsheet program",
                )

    def refuse_ambiguous_percents(self) -> None:
        """Refuse a column of percentages in which 0.125 may mean 12.5 % as well as 0.125 %.

        Raises:
            Rejected: it holds numbers without a percent sign, and all of them are at most 1; in a text file, which
                shows 100 % as 1 only beside parts of 1, one of them is none.
        """
        for name, largest in self.plain_percents.items():
            if largest <= 1 and (not self.is_text or name in self.parts_of_one):
                header = self.header[self._index(name) or 0]
                raise Rejected(
                    f"{header}: no number is above 1 and none has a percent sign, so {largest.normalize():f} may mean "
                    f"{(largest * 100).normalize():f} % or {largest.normalize():f} %",
                    "give its cells a percent format and save as .xlsx, or write 12.5 for 12.5 %",
                )

    def _first_of_each_key(self, loaded: pyarrow.Table, rows: pyarrow.Table) -> tuple[pyarrow.Table, list[RefusedRow]]:
        """One row a key. Where a layout repeats a document's cells on each of its lines, they have to agree; the rows
        that say something else are answered, too."""
        if not loaded.num_rows:
            return loaded, []
        if self.documents is None:
            agreed = [name for name, reading in self.readings.items() if reading.index is not None]
            self.documents = Documents(self.feed.key, agreed if self.target.layout is not None else [])
        fresh, contradictions = self.documents.take(loaded)
        refused = [self._contradiction(item, loaded, rows) for item in contradictions]
        self.landed.rows_not_for_feed += fresh.false_count - len(refused)
        return loaded.filter(fresh), refused

    def _contradiction(self, said: Contradiction, loaded: pyarrow.Table, rows: pyarrow.Table) -> RefusedRow:
        """A row that says something else of its document than the document's first row."""
        from pyarrow import compute

        number = loaded.column("_row_number")[said.place].as_py()
        key = [str(loaded.column(name)[said.place].as_py()) for name in self.feed.key]
        place = compute.index(rows.column("_row_number"), number).as_py()
        raw = {header: rows.column(index)[place].as_py() for index, header in enumerate(self.header)}
        header = self.header[self._index(said.column) or 0]
        reason = f"{header}: not what row {said.first_row_number} says of {', '.join(key)} ({said.before})"
        self.faults[f"{header}: rows of one document contradict each other"] += 1
        remedy = "correct it at the source, so that all rows of one document say the same of it"
        shown = json.dumps(raw, ensure_ascii=False), json.dumps(key, ensure_ascii=False)
        return RefusedRow(number, said.column, raw[header], reason, remedy, *shown)

    def _reach(self, loaded: pyarrow.Table) -> None:
        """Move the horizon to the latest day met that is not after `last_day`."""
        import pyarrow
        from pyarrow import compute

        for name in self.target.horizon:
            if self.landed.horizon_date == self.last_day:
                return
            column = glance.whole(loaded.column(name))
            counts = compute.less(column, self._begin(self.last_day + timedelta(days=1), column.type))
            if self.landed.horizon_date is not None:
                fresh = self._begin(self.landed.horizon_date + timedelta(days=1), column.type)
                counts = compute.and_(counts, compute.greater_equal(column, fresh))
            where = self.feed.horizon_where.get(name, {})
            rows = compute.indices_nonzero(counts)
            if not len(rows):
                continue
            later = loaded.select([name, *where]).take(rows)
            for other, values in where.items():
                said = compute.utf8_lower(later.column(other))
                later = later.filter(compute.is_in(said, pyarrow.array(values, pyarrow.string())))
            latest = compute.max(later.column(name)).as_py()
            if isinstance(latest, datetime):
                latest = latest.replace(tzinfo=UTC).astimezone(self.zone).date()
            if latest is not None:
                self.landed.horizon_date = latest

    def _begin(self, day: date, kind: pyarrow.DataType) -> pyarrow.Scalar:
        """When a day begins, as a day or, in UTC, as a moment."""
        import pyarrow

        if not pyarrow.types.is_timestamp(kind):
            return pyarrow.scalar(day, kind)
        moment = datetime.combine(day, time(), self.zone).astimezone(UTC)
        return pyarrow.scalar(moment.replace(tzinfo=None), kind)

    def _write(self, loaded: pyarrow.Table) -> None:
        import pyarrow

        if not loaded.num_rows:
            return
        schema = self.loaded_writer.schema
        place = schema.get_field_index("_delivery_id")
        ids = pyarrow.DictionaryArray.from_arrays(
            pyarrow.repeat(pyarrow.scalar(0, pyarrow.int8()), loaded.num_rows), pyarrow.array([self.delivery_id])
        )
        rows = loaded.select([name for name in schema.names if name != "_delivery_id"])
        rows = rows.add_column(place, schema.field(place), ids)
        if rows.schema != schema:
            rows = rows.cast(schema)
        size = rows.get_total_buffer_size()
        if (
            sum(held.num_rows for held in self.unwritten) + rows.num_rows > _ROW_GROUP
            or self.unwritten_bytes + size > _ROW_GROUP_BYTES
        ):
            self._write_group()
        self.unwritten.append(rows)
        self.unwritten_bytes += size

    def _write_group(self) -> None:
        import pyarrow

        if self.unwritten:
            self._await_writing()
            rows = pyarrow.concat_tables(self.unwritten)
            self.unwritten.clear()
            self.unwritten_bytes = 0
            self.writing = self.writer_thread.submit(self.loaded_writer.write_table, rows, row_group_size=_ROW_GROUP)

    def _await_writing(self) -> None:
        """Wait for the row group that is being written, and raise what went wrong with it."""
        if self.writing is not None:
            self.writing.result()

    def _quarantine(self, refused: list[RefusedRow]) -> None:
        self.landed.rows_quarantined += len(refused)
        self.landed.samples += refused[: SAMPLES - len(self.landed.samples)]
        self.unquarantined += refused
        self.unquarantined_bytes += sum(len(row.raw_row) for row in refused)
        if len(self.unquarantined) >= _REFUSED_A_GROUP or self.unquarantined_bytes >= _ROW_GROUP_BYTES:
            self._write_refused()

    def _write_refused(self) -> None:
        if not self.unquarantined:
            return
        import pyarrow
        from pyarrow import parquet

        rows = pyarrow.Table.from_pylist(
            [
                {"_delivery_id": self.delivery_id, "_row_number": row.row_number, **_texts(row)}
                for row in self.unquarantined
            ],
            schema=_quarantine_schema(),
        )
        self.unquarantined.clear()
        self.unquarantined_bytes = 0
        if self.quarantine_writer is None:
            self.quarantine_writer = parquet.ParquetWriter(self.quarantine_file, rows.schema, compression="zstd")
        self.quarantine_writer.write_table(rows)

    def _stop_if_hopeless(self) -> None:
        if self.landed.rows_in_file > tables.MAX_ROWS:
            raise Rejected(
                f"it has more than the {tables.MAX_ROWS} rows that a file may have",
                "send it in parts, each with its header",
            )
        is_many = self.landed.rows_in_file > FEW_ROWS
        if self.refusable is not None and is_many and self.rows_at_fault > self.refusable:
            raise self.too_many(f"{self.rows_at_fault} of the first {self.landed.rows_in_file} rows")

    @property
    def rows_at_fault(self) -> int:
        """Refused rows that may be records; lines around the table are none, however many a report has."""
        return self.landed.rows_quarantined - self.lines_beside

    def too_many(self, share: str) -> Rejected:
        """The rejection of a file of which too many rows are refused; names the commonest faults and first rows."""
        common = "; ".join(f"{fault} ({times} rows)" for fault, times in self.faults.most_common(3))
        rows = ", ".join(
            f"row {row.row_number}" + (f" {row.value!r}" if row.value is not None else "")
            for row in self.landed.samples
        )
        return Rejected(
            f"{share} break the contract of {self.feed.code}, too many to take the rest: {common}; e.g. {rows}",
            "a column may hold something else than before: correct the export or the mapping, then send it again",
        )


def _id_field() -> pyarrow.Field:
    """The column of the one word that all rows of a delivery have."""
    import pyarrow

    return pyarrow.field("_delivery_id", pyarrow.dictionary(pyarrow.int8(), pyarrow.string()))


def _is_wide_number(kind: pyarrow.DataType) -> bool:
    """Whether Parquet holds values of this type as integers of 64 bits."""
    import pyarrow

    if pyarrow.types.is_decimal(kind):
        return bool(9 < kind.precision <= 18)
    return kind in (pyarrow.timestamp("us"), pyarrow.int64())


def _form(text: str) -> str:
    return "".join(text.split()).casefold()


def _not_totals(converted: pyarrow.Table) -> pyarrow.Table:
    from pyarrow import compute

    states = converted.column("_state")
    return converted.filter(compute.not_equal(states, conversion.HEADER_AGAIN))


def _texts(row: RefusedRow) -> dict[str, str | None]:
    return {
        "column_name": row.column_name,
        "value": row.value,
        "reason": row.reason,
        "remedy": row.remedy,
        "raw_row": row.raw_row,
        "key": row.key,
    }


def _quarantine_schema() -> pyarrow.Schema:
    import pyarrow

    names = ("column_name", "value", "reason", "remedy", "raw_row", "key")
    return pyarrow.schema(
        [("_delivery_id", pyarrow.string()), ("_row_number", pyarrow.int64()), *((n, pyarrow.string()) for n in names)]
    )
