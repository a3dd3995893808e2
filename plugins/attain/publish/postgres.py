"""Releases in PostgreSQL for BI: loaded where nobody sees them, then made visible in all tables at once.

A release is loaded table by table into partitions of its own (`load`), and one row, `attain.pointer`, decides which
release every view shows (`switch`). A statement reads the pointer and the data in one snapshot, so it never sees
two releases; two statements see the same one inside a REPEATABLE READ transaction. Neither step waits for readers
nor makes them wait, with one exception: when the *columns* of a table change.

Names, for a published table `kpi.dim_employee`:

* `kpi.dim_employee`: the view. It has the columns of the release, a row filter, and is a security barrier.
* `kpi_data.dim_employee__<contract>`: the table, partitioned by list of `_release_id`. `<contract>` is taken from
  the columns' names, types and order: a changed contract is another table beside the old one, so nothing that is
  published is ever altered, and a rollback finds its own columns again.
* `kpi_data.dim_employee__<contract>__<release id>`: the partition of one release.

A view can't drop, reorder or retype columns in place. When a release has another contract, `switch` replaces the
views concerned in the transaction that moves the pointer; only then does it need a lock that readers hold, which it
asks for with a short `lock_timeout` and bounded retries. `load`, which runs before anything is visible, refuses such
a change while somebody's own views depend on the old one.

Who sees what (`attain.reader_scope`): a table with a person column (`payee_id`, else `employee_id`) shows a reader
the rows of the employees their role, or a role it is a member of, is given; members of `attain_finance` see all
rows. A table with `manager_ids` has rows of teams: they are seen by whoever is given one of the managers that the row
names. Tables of the schema `audit` without a person column quote raw input and are for finance only, save `release`;
so are reports (`rpt_…`), because a sum over a plan or team of one person is that person's pay.
The tables behind the views can't be read by either role, and carry row security without a policy as a second fence.

A session pins another published release with `set attain.release = '<release id>'`; a release that isn't there, or
has other columns than the view, is an error and never an empty answer.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import errors as pg_errors
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb

from attain.errors import BadInput, Busy, Refused

SCHEMAS = ("appraisal", "audit", "incentive", "kpi")
"""Schemas of a release; another folder below `parquet/` is refused, so that nothing is left out silently."""

READER, FINANCE = "attain_reader", "attain_finance"
PERSON_COLUMNS = ("payee_id", "employee_id")
MANAGERS_COLUMN, MANAGERS_SEPARATOR = "manager_ids", "|"
"""Column of rows of teams: the managers up the team's line, who see the row."""
OPEN_AUDIT_TABLES = frozenset({"release"})
REPORT_PREFIX = "rpt_"
"""Tables that sum over people, for finance alone: of a plan or team of one person the sum is that person's pay."""

TIMEOUTS = {"statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"}
"""Settings of both roles and of the logins that are members of them, unless they have their own."""

PUBLISHER_WAIT_MS = 5000
LOCK_TIMEOUT_MS = 200
LOCK_ATTEMPTS = 25
LOCK_PAUSE_SECONDS = 0.2
OLD_PLANS_SECONDS = 2.0
BATCH_ROWS = 20_000

_LONGEST_NAME = 63
_PUBLISHER_LOCK = int.from_bytes(b"attain", "big")
_KEY = "_release_id"

Descriptions = Mapping[str, str]
"""Text by `schema.table` and `schema.table.column`; what isn't named falls back to the Parquet metadata."""

Connection = psycopg.Connection[tuple[Any, ...]]
Result = TypeVar("Result")


@dataclass(frozen=True)
class TableReport:
    """One table of a load: its name, rows, and whether this call had to load it (False: it was there already)."""

    schema_name: str
    table_name: str
    row_count: int
    is_loaded_now: bool


@dataclass(frozen=True)
class PostgresReport:
    """What publishing to PostgreSQL did.

    Attributes:
        release_id: the release.
        tables: its tables, by schema and name.
        is_switched: the pointer was moved by this call (False: loaded only, or it was current already).
        previous_release_id: the release that was current before; None when there was none.
        replaced_views: views made, replaced or dropped because of a changed contract, as `schema.table`.
        warnings: what a person should know, e.g. logins whose timeout this role may not set.
    """

    release_id: str
    tables: list[TableReport]
    is_switched: bool = False
    previous_release_id: str | None = None
    replaced_views: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SwitchReport:
    """What a switch did; the attributes are those of `PostgresReport`."""

    release_id: str
    previous_release_id: str | None
    is_switched: bool
    replaced_views: list[str]


@dataclass(frozen=True)
class PruneReport:
    """Releases whose partitions were dropped, kept, and due but in use by a reader (the next call tries again)."""

    dropped: list[str]
    kept: list[str]
    busy: list[str]


@dataclass(frozen=True)
class _Column:
    name: str
    type_name: str
    """Type in PostgreSQL, with precision and scale."""
    arrow_type: pa.DataType
    """Arrow type the values are cast to before they are sent; the cast is exact or fails."""
    comment: str

    @property
    def copy_type(self) -> str:
        return self.type_name.split("(")[0]


@dataclass(frozen=True)
class _Table:
    schema_name: str
    table_name: str
    columns: tuple[_Column, ...]
    comment: str
    row_count: int
    file: Path
    file_sha256: str

    @property
    def full_name(self) -> str:
        return f"{self.schema_name}.{self.table_name}"

    @property
    def contract(self) -> list[list[str]]:
        return [[column.name, column.type_name] for column in self.columns]

    @property
    def data_table(self) -> str:
        text = json.dumps(self.contract, ensure_ascii=False)
        return _name(self.table_name, hashlib.sha256(text.encode()).hexdigest()[:8])

    @property
    def comments(self) -> dict[str, str]:
        """Comments by column; the table's own under the empty name."""
        texts = {"": self.comment, **{column.name: column.comment for column in self.columns}}
        return {name: text for name, text in texts.items() if text}


@dataclass(frozen=True)
class _View:
    schema_name: str
    table_name: str
    data_table: str
    columns: list[list[str]]
    comments: dict[str, str]

    @property
    def full_name(self) -> str:
        return f"{self.schema_name}.{self.table_name}"


@dataclass(frozen=True)
class _StandingView(_View):
    definition_sha256: str = ""


def publish_release(
    dsn: str, release_dir: Path, release_id: str, descriptions: Descriptions | None = None
) -> PostgresReport:
    """Load a release and make it the current one: `load`, then `switch`. Both are safe to repeat.

    Args:
        dsn: a libpq connection string or URL; SQLAlchemy's `postgresql+driver://` is understood too.
        release_dir: folder of the release, with `parquet/<schema>/<table>.parquet` and `receipt.json`.
        release_id: the id that the file releases use.
        descriptions: comments of tables and columns, see `Descriptions`.

    Raises:
        Busy: PostgreSQL can't be reached, or another process publishes; nothing that readers see has changed.
        BadInput: the folder or the database can't be used as it is.
        Refused: this id was published with other content, or a changed contract would break somebody's view.
    """
    report = load(dsn, release_dir, release_id, descriptions)
    switched = switch(dsn, release_id)
    return replace(
        report,
        is_switched=switched.is_switched,
        previous_release_id=switched.previous_release_id,
        replaced_views=switched.replaced_views,
    )


def load(dsn: str, release_dir: Path, release_id: str, descriptions: Descriptions | None = None) -> PostgresReport:
    """Bring a release into the database where no reader sees it.

    Each table is one transaction: make the partition, COPY, count, index, analyse, attach. A process that is killed
    leaves whole tables only, and a repeated call loads just what is missing. An id that has been visible once is
    bound to its receipt for ever; one that never was may be loaded again with other content.

    Raises: as `publish_release`.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", release_id):
        raise BadInput(
            f"{release_id!r} can't be a release id in PostgreSQL",
            "use up to 40 letters, digits, '.', '_' and '-', starting with a letter or digit",
        )
    tables = _read_release(release_dir, descriptions or {})
    receipt = release_dir / "receipt.json"
    if not receipt.is_file():
        raise BadInput(f"{receipt} is missing", "publish only finished releases: the receipt is written before this")
    receipt_sha256 = _sha256(receipt)
    with _publisher(dsn) as connection:
        warnings = _prepare_database(connection)
        wanted = {(table.schema_name, table.table_name): table for table in tables}
        there = _register(connection, release_id, receipt_sha256, wanted)
        reports = []
        for key, table in wanted.items():
            if key not in there:
                _load_table(connection, table, release_id)
            reports.append(TableReport(*key, table.row_count, key not in there))
        connection.execute(
            "update attain.release set state = 'loaded' where release_id = %s and state = 'loading'", [release_id]
        )
        _refuse_to_break_others(connection, release_id)
    return PostgresReport(release_id, reports, warnings=warnings)


def switch(dsn: str, release_id: str) -> SwitchReport:
    """Make a loaded release the one that every view shows, in one transaction. Also the way back (rollback).

    Raises:
        BadInput: the release isn't loaded.
        Busy: as `publish_release`; also when views must be replaced and a reader held one for the whole of the
            bounded retries. The release before stays current and whole.
        Refused: somebody's view depends on a view that must be replaced.
    """
    with _publisher(dsn) as connection:
        if not _is_prepared(connection):
            raise _not_loaded(release_id)
        row = connection.execute(
            "select state, switch_step from attain.release where release_id = %s", [release_id]
        ).fetchone()
        if row is None or row[0] not in ("loaded", "published"):
            raise _not_loaded(release_id)
        if row[0] == "loaded":
            _let_older_plans_finish(connection, release_id)
        return _with_lock_retries(
            lambda: _switch_once(connection, release_id),
            "readers hold views whose columns must change",
            "try again when their transactions have ended (pg_stat_activity names them)",
        )


def current(dsn: str) -> str | None:
    """Id of the release that readers see, or None when nothing was ever published to this database.

    Raises:
        Busy: PostgreSQL can't be reached.
    """
    with _session(dsn) as connection:
        return _pointer(connection) if _is_prepared(connection) else None


def prune(dsn: str, keep: int) -> PruneReport:
    """Drop the partitions of old releases: all but the `keep` latest that were current, and never the current one.

    Releases that were loaded, never shown and overtaken by a later load go too. All partitions of a release go in
    one transaction, so a reader who is inside any of its tables keeps all of them. Dropping needs a lock that stops
    new readers: it is waited for `LOCK_TIMEOUT_MS` at a time, `LOCK_ATTEMPTS` times, then left for the next call.

    Args:
        keep: how many published releases stay, the current one counted; at least 1.

    Raises:
        BadInput: `keep` is less than 1.
        Busy: PostgreSQL can't be reached, or another process publishes.
    """
    if keep < 1:
        raise BadInput(f"keep={keep}: the current release can't be pruned", "keep at least 1")
    with _publisher(dsn) as connection:
        if not _is_prepared(connection):
            return PruneReport([], [], [])
        pointer = _pointer(connection)
        rows = connection.execute(
            "select release_id, state, load_step = max(load_step) over () from attain.release where state <> 'pruned'"
            " order by switch_step desc nulls last, load_step desc"
        ).fetchall()
        shown = [release_id for release_id, state, _ in rows if state == "published"][:keep]
        # The latest load may be waiting for its switch.
        waiting = [release_id for release_id, state, is_latest in rows if state != "published" and is_latest]
        stays = {pointer, *shown, *waiting}
        dropped, busy = [], []
        for release_id, _, _ in reversed(rows):
            if release_id in stays:
                continue
            try:
                _drop_release(connection, release_id, "pruned")
                dropped.append(release_id)
            except Busy:
                busy.append(release_id)
        return PruneReport(dropped, [release_id for release_id, _, _ in rows if release_id in stays], busy)


def descriptions_of(database_file: Path) -> dict[str, str]:
    """The comments on tables and columns of a release's DuckDB file, as `load` takes them.

    Raises:
        BadInput: the file can't be read.
    """
    try:
        with duckdb.connect(str(database_file), read_only=True) as engine:
            rows = engine.execute(
                "select schema_name || '.' || table_name, comment from duckdb_tables() where comment is not null"
                " union all select schema_name || '.' || table_name || '.' || column_name, comment"
                " from duckdb_columns() where comment is not null"
            ).fetchall()
    except duckdb.Error as error:
        raise BadInput(f"{database_file} can't be read: {error}", "check the release with: attain verify") from error
    return {str(name): str(text) for name, text in rows}


# --- the release folder -------------------------------------------------------------------------------------------


def _read_release(release_dir: Path, descriptions: Descriptions) -> list[_Table]:
    folder = release_dir / "parquet"
    files = sorted(folder.glob("*/*.parquet"))
    if not files:
        raise BadInput(
            f"{folder} holds no table", "publish a finished release folder: parquet/<schema>/<table>.parquet"
        )
    tables = []
    for file in files:
        schema_name, table_name = file.parent.name, file.stem
        if schema_name not in SCHEMAS:
            raise BadInput(
                f"{schema_name!r} is not a schema that is published to PostgreSQL",
                f"put the table under one of {', '.join(SCHEMAS)}",
            )
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,50}", table_name):
            raise BadInput(f"{table_name!r} can't be a table name", "use up to 51 of a-z, 0-9 and _, a letter first")
        tables.append(_read_table(file, schema_name, table_name, descriptions))
    return tables


def _read_table(file: Path, schema_name: str, table_name: str, descriptions: Descriptions) -> _Table:
    full_name = f"{schema_name}.{table_name}"
    try:
        with pq.ParquetFile(file) as parquet:
            arrow_schema, row_count = parquet.schema_arrow, parquet.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{file} can't be read as Parquet: {error}", "build and publish the release again") from error
    columns = []
    for arrow_field in arrow_schema:
        type_name, arrow_type = _type(arrow_field.type, f"{full_name}.{arrow_field.name}")
        if arrow_field.name == _KEY or len(arrow_field.name.encode()) > _LONGEST_NAME:
            raise BadInput(f"{full_name}: {arrow_field.name!r} can't be a column name", "rename it in its model")
        comment = descriptions.get(f"{full_name}.{arrow_field.name}") or _description(arrow_field.metadata)
        columns.append(_Column(arrow_field.name, type_name, arrow_type, comment))
    comment = descriptions.get(full_name) or _description(arrow_schema.metadata)
    return _Table(schema_name, table_name, tuple(columns), comment, row_count, file, _sha256(file))


def _description(metadata: Mapping[bytes, bytes] | None) -> str:
    texts = metadata or {}
    return (texts.get(b"description") or texts.get(b"comment") or b"").decode()


_PLAIN_TYPES: list[tuple[Callable[[pa.DataType], bool], str, pa.DataType]] = [
    (pa.types.is_boolean, "bool", pa.bool_()),
    (lambda arrow: pa.types.is_int8(arrow) or pa.types.is_uint8(arrow) or pa.types.is_int16(arrow), "int2", pa.int16()),
    (lambda arrow: pa.types.is_uint16(arrow) or pa.types.is_int32(arrow), "int4", pa.int32()),
    (lambda arrow: pa.types.is_uint32(arrow) or pa.types.is_int64(arrow), "int8", pa.int64()),
    (pa.types.is_uint64, "numeric(20,0)", pa.decimal128(20, 0)),
    (pa.types.is_floating, "float8", pa.float64()),
    (pa.types.is_date, "date", pa.date32()),
    (pa.types.is_time, "time", pa.time64("us")),
    (lambda arrow: pa.types.is_string(arrow) or pa.types.is_large_string(arrow), "text", pa.string()),
    (pa.types.is_null, "text", pa.string()),
    (lambda arrow: pa.types.is_binary(arrow) or pa.types.is_large_binary(arrow), "bytea", pa.binary()),
]


def _type(arrow_type: pa.DataType, where: str) -> tuple[str, pa.DataType]:
    """PostgreSQL's type for an Arrow type, with no change of value: a decimal is numeric(p,s) and only a column that
    is binary floating point in the release is so here."""
    if pa.types.is_dictionary(arrow_type):
        return _type(arrow_type.value_type, where)
    if pa.types.is_decimal(arrow_type):
        return f"numeric({arrow_type.precision},{arrow_type.scale})", arrow_type
    if pa.types.is_timestamp(arrow_type):
        return ("timestamptz" if arrow_type.tz else "timestamp"), pa.timestamp("us", "UTC" if arrow_type.tz else None)
    for is_type, type_name, sent_as in _PLAIN_TYPES:
        if is_type(arrow_type):
            return type_name, sent_as
    raise BadInput(f"{where} is of type {arrow_type}, which has no plain column type", "publish it as JSON text")


def _rows(table: _Table) -> Iterator[tuple[Any, ...]]:
    """Rows of the Parquet file in Python values, a batch in memory at a time."""
    with pq.ParquetFile(table.file) as parquet:
        for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
            values = [
                array.cast(column.arrow_type, safe=True).to_pylist()
                for array, column in zip(batch.columns, table.columns, strict=True)
            ]
            yield from zip(*values, strict=True)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# --- connections and locks ----------------------------------------------------------------------------------------


@contextmanager
def _session(dsn: str) -> Iterator[Connection]:
    """A connection in autocommit with PostgreSQL's errors put into ours; the password never leaves the DSN."""
    conninfo = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", dsn)
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.Error:
        parts = None
    # What libpq can't parse it quotes, and a password with a bare @ or / ends up in host, port or database.
    if parts is None or not _is_address(parts):
        raise Busy(
            "the BI database's address can't be read",
            "write ATTAIN_BI_DSN as postgresql://user:password@host:port/database, with %-escapes in the password",
        )
    place = f"PostgreSQL {parts.get('dbname', '')!r} at {parts.get('host', 'localhost')}:{parts.get('port', 5432)}"
    parameters: dict[str, Any] = {"connect_timeout": 10, "application_name": "attain publish", **parts}
    try:
        connection = psycopg.connect(**parameters, autocommit=True)
    except psycopg.Error as error:
        raise Busy(
            f"{place} can't be used: {_without_password(error, parts)}",
            "check that it runs and that ATTAIN_BI_DSN has the right host, port, database, user and password",
        ) from None
    with connection:
        try:
            connection.execute(
                "select set_config(name, value, false) from (values ('statement_timeout', '0'),"
                " ('idle_in_transaction_session_timeout', '0'), ('lock_timeout', '10s'), ('search_path', ''),"
                " ('timezone', 'UTC'), ('client_encoding', 'UTF8'), ('row_security', 'on')) as setting (name, value)"
            )
            yield connection
        except pg_errors.InsufficientPrivilege as error:
            raise BadInput(
                f"{place}: {_first_line(error)}",
                "the publishing role must own what attain made; it needs CREATE on the database and CREATEROLE, or an "
                f"administrator creates the roles {READER} and {FINANCE} (NOLOGIN) first",
            ) from error
        except pg_errors.DataError as error:
            raise BadInput(f"{place}: {_first_line(error)}", "mend the value in its source or model") from error
        except psycopg.OperationalError as error:
            raise Busy(
                f"{place}: {_without_password(error, parts)}",
                "run the same command again: what readers see is whole, and what was loaded is not loaded twice",
            ) from None


def _is_address(parts: Mapping[str, Any]) -> bool:
    shown = "".join(str(parts.get(name) or "") for name in ("host", "hostaddr", "port", "dbname"))
    return "@" not in shown and re.fullmatch(r"[0-9,]*", str(parts.get("port") or "")) is not None


@contextmanager
def _publisher(dsn: str) -> Iterator[Connection]:
    """A session that holds the database's publishing lock; the server frees it when the process dies."""
    with _session(dsn) as connection:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise BadInput(f"the BI database stores text as {encoding}", "create it with: encoding 'UTF8'")
        try:
            with connection.transaction():
                # A publisher that was killed a moment ago may not have been missed by the server yet.
                connection.execute("select set_config('lock_timeout', %s, true)", [f"{PUBLISHER_WAIT_MS}ms"])
                connection.execute("select pg_advisory_lock(%s)", [_PUBLISHER_LOCK])
        except pg_errors.LockNotAvailable:
            raise Busy("another process is publishing to the BI database", "wait for it to end and run again") from None
        yield connection
        # On every other way out the server does it, a moment after the connection has ended.
        connection.execute("select pg_advisory_unlock(%s)", [_PUBLISHER_LOCK])


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).strip().splitlines()[0]


def _without_password(error: psycopg.Error, parts: Mapping[str, Any]) -> str:
    text = _first_line(error) if str(error).strip() else type(error).__name__
    password = str(parts.get("password") or "")
    return text.replace(password, "***") if password else text


def _with_lock_retries(action: Callable[[], Result], message: str, remedy: str) -> Result:
    """Try `action`, a transaction under a short `lock_timeout`, until its locks are free or the tries are used up."""
    for attempt in range(LOCK_ATTEMPTS):
        if attempt:
            time.sleep(LOCK_PAUSE_SECONDS)
        try:
            return action()
        except (pg_errors.LockNotAvailable, pg_errors.DeadlockDetected):
            continue
    raise Busy(message, remedy)


def _set_lock_timeout(connection: Connection) -> None:
    connection.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT_MS}ms"])


# --- structure ----------------------------------------------------------------------------------------------------


def _is_prepared(connection: Connection) -> bool:
    return connection.execute("select to_regclass('attain.pointer') is not null").fetchone() == (True,)


def _pointer(connection: Connection) -> str | None:
    row = connection.execute("select release_id from attain.pointer").fetchone()
    return None if row is None else str(row[0])


def _not_loaded(release_id: str) -> BadInput:
    return BadInput(
        f"release {release_id} is not loaded in the BI database", "load it from its release folder, then switch"
    )


def _prepare_database(connection: Connection) -> list[str]:
    """Make what is missing: roles, the schema `attain`, the schemas of the data and of the views."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    mark = f"attain's publisher, structure {hashlib.sha256(script.encode()).hexdigest()[:16]}"
    warnings = []
    with connection.transaction():
        for role in (READER, FINANCE):
            warnings += _prepare_role(connection, role)
        if not _is_member(connection, FINANCE, READER):
            warnings += _attempt(connection, _fill("grant {reader} to {finance}", reader=READER, finance=FINANCE))
        found = connection.execute(
            "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'attain'"
        ).fetchone()
        if found is None or found[0] != mark:
            connection.execute(script)  # type: ignore[call-overload]  # a file of this package, not a literal
            for statement in (
                "grant usage on schema attain to {reader}",
                "grant select on attain.published_release to {reader}",
                "grant execute on function attain.known_release(text, text, text) to {reader}",
            ):
                connection.execute(_fill(statement, reader=READER))
            connection.execute(sql.SQL("comment on schema attain is {}").format(sql.Literal(mark)))
        for schema_name in SCHEMAS:
            _prepare_schema(connection, schema_name)
    return warnings + _limit_members(connection)


def _prepare_role(connection: Connection, role: str) -> list[str]:
    row = connection.execute("select rolconfig from pg_roles where rolname = %s", [role]).fetchone()
    if row is None:
        try:
            with connection.transaction():
                connection.execute(_fill("create role {role} nologin", role=role))
        except pg_errors.DuplicateObject:
            pass  # Roles belong to the whole server: another database's publisher was quicker.
    settings = {text.split("=")[0] for text in (row[0] if row else None) or []}
    warnings = []
    for name, value in TIMEOUTS.items():
        if name not in settings:
            statement = sql.SQL("alter role {} set {} = {}")
            warnings += _attempt(
                connection, statement.format(sql.Identifier(role), sql.Identifier(name), sql.Literal(value))
            )
    return warnings


def _attempt(connection: Connection, statement: sql.Composed) -> list[str]:
    """Run a statement about roles; what this role has no right to do becomes a warning for an administrator."""
    try:
        with connection.transaction():
            connection.execute(statement)
    except pg_errors.InsufficientPrivilege:
        return [f"an administrator must run: {statement.as_string(connection)}"]
    return []


def _is_member(connection: Connection, member: str, role: str) -> bool:
    row = connection.execute(
        "select exists (select from pg_auth_members where member = %s::regrole and roleid = %s::regrole)",
        [member, role],
    ).fetchone()
    return row == (True,)


def _prepare_schema(connection: Connection, schema_name: str) -> None:
    for name, is_for_readers in ((schema_name, True), (f"{schema_name}_data", False)):
        found = connection.execute("select from pg_namespace where nspname = %s", [name]).fetchone()
        if found is None:
            connection.execute(_fill("create schema {name}", name=name))
            connection.execute(_fill("revoke all on schema {name} from public", name=name))
            if is_for_readers:
                connection.execute(_fill("grant usage on schema {name} to {reader}", name=name, reader=READER))


def _limit_members(connection: Connection) -> list[str]:
    """Give the timeouts to the logins that are readers: a login doesn't inherit the settings of its groups.

    A login's own setting stands. Returns a warning for each login that this role may not alter.
    """
    warnings = []
    rows = connection.execute(
        """
        with recursive reader as (
            select member from pg_auth_members where roleid in (%s::regrole, %s::regrole)
            union
            select membership.member from pg_auth_members as membership join reader on membership.roleid = reader.member
        )
        select login.rolname, limits.name, current_database()
        from pg_roles as login
        cross join unnest(%s::text[]) as limits (name)
        where login.oid in (select member from reader) and login.rolcanlogin and not login.rolsuper
            and login.rolname <> current_user
            and not exists (
                select from pg_db_role_setting as own cross join unnest(own.setconfig) as setting
                where own.setrole = login.oid and setting like limits.name || '=%%'
                    and own.setdatabase in (0, (select oid from pg_database where datname = current_database()))
            )
        order by 1, 2
        """,
        [READER, FINANCE, list(TIMEOUTS)],
    ).fetchall()
    for login, name, database in rows:
        statement = sql.SQL("alter role {} in database {} set {} = {}").format(
            sql.Identifier(login), sql.Identifier(database), sql.Identifier(name), sql.Literal(TIMEOUTS[name])
        )
        warnings += _attempt(connection, statement)
    return warnings


# --- loading ------------------------------------------------------------------------------------------------------


def _register(
    connection: Connection, release_id: str, receipt_sha256: str, wanted: Mapping[tuple[str, str], _Table]
) -> set[tuple[str, str]]:
    """Enter the release, clear away what an earlier load of other content left, and tell which tables are there."""
    row = connection.execute(
        "select receipt_sha256, state, switch_step is not null from attain.release where release_id = %s", [release_id]
    ).fetchone()
    rows = connection.execute(
        "select schema_name, table_name, file_sha256, to_regclass(format('%%I.%%I', schema_name || '_data',"
        " partition_name)) is not null from attain.release_table where release_id = %s",
        [release_id],
    ).fetchall()
    recorded = {(schema_name, table_name): sha256 for schema_name, table_name, sha256, _ in rows}
    there = {(schema_name, table_name) for schema_name, table_name, _, exists in rows if exists}
    asked = {key: table.file_sha256 for key, table in wanted.items()}
    if row is not None and row[2]:
        if row[0] != receipt_sha256 or (row[1] == "published" and recorded != asked):
            raise Refused(
                f"release {release_id} has been published to the BI database with other content",
                "a release id is used once: publish the changed content as a new release",
            )
        if row[1] == "published":
            return there
    if any(asked.get(key) != sha256 for key, sha256 in recorded.items()):
        _drop_release(connection, release_id, "loading")
        there = set()
    connection.execute(
        "insert into attain.release (release_id, receipt_sha256, state, load_step)"
        " values (%s, %s, 'loading', nextval('attain.step')) on conflict (release_id) do update"
        " set receipt_sha256 = excluded.receipt_sha256, state = 'loading', load_step = excluded.load_step",
        [release_id, receipt_sha256],
    )
    return there


def _load_table(connection: Connection, table: _Table, release_id: str) -> None:
    data = f"{table.schema_name}_data"
    parent = sql.Identifier(data, table.data_table)
    partition_name = _name(table.data_table, release_id)
    partition = sql.Identifier(data, partition_name)
    person = _person_column([column.name for column in table.columns])
    _make_data_table(connection, table, person)
    with connection.transaction():
        # Left by a publisher that did not work in one transaction, or by hand: never attached, so no reader waits.
        connection.execute(sql.SQL("drop table if exists {}").format(partition))
        connection.execute(sql.SQL("create table {} (like {})").format(partition, parent))
        # The default saves sending the id with every row; the CHECK proves the bound, so that ATTACH needs no scan.
        connection.execute(
            sql.SQL(
                "alter table {partition} alter column {key} set default {id},"
                " add constraint is_of_release check ({key} is not null and {key} = {id}), enable row level security"
            ).format(partition=partition, key=sql.Identifier(_KEY), id=sql.Literal(release_id))
        )
        _close(connection, partition)
        _copy(connection, table, partition)
        row = connection.execute(sql.SQL("select count(*) from {}").format(partition)).fetchone()
        if row != (table.row_count,):
            raise BadInput(
                f"{table.full_name}: {row[0] if row else 0} rows arrived of {table.row_count} in {table.file.name}",
                "nothing was attached; check the release with its receipt and publish it again",
            )
        if person:
            connection.execute(sql.SQL("create index on {} ({})").format(partition, sql.Identifier(person)))
        connection.execute(sql.SQL("analyze {}").format(partition))
        connection.execute(
            sql.SQL("alter table {} attach partition {} for values in ({})").format(
                parent, partition, sql.Literal(release_id)
            )
        )
        connection.execute(
            "insert into attain.release_table values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (release_id, schema_name, table_name) do nothing",
            [
                release_id,
                table.schema_name,
                table.table_name,
                table.data_table,
                partition_name,
                Jsonb(table.contract),
                Jsonb(table.comments),
                table.row_count,
                table.file_sha256,
            ],
        )


def _make_data_table(connection: Connection, table: _Table, person: str | None) -> None:
    name = sql.Identifier(f"{table.schema_name}_data", table.data_table)
    found = connection.execute("select to_regclass(%s)", [name.as_string(connection)]).fetchone()
    if found != (None,):
        return
    with connection.transaction():
        # The type names come from `_type`, never from the file.
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(_literal(column.type_name)))
            for column in table.columns
        ]
        connection.execute(
            sql.SQL("create table {} ({} text not null, {}) partition by list ({})").format(
                name, sql.Identifier(_KEY), sql.SQL(", ").join(columns), sql.Identifier(_KEY)
            )
        )
        connection.execute(sql.SQL("alter table {} enable row level security").format(name))
        _close(connection, name)
        if person:
            connection.execute(sql.SQL("create index on {} ({})").format(name, sql.Identifier(person)))


def _close(connection: Connection, table: sql.Identifier) -> None:
    """Take back what an administrator's default privileges may have granted on a new data table."""
    connection.execute(
        sql.SQL("revoke all on {} from public, {}, {}").format(table, sql.Identifier(READER), sql.Identifier(FINANCE))
    )


def _copy(connection: Connection, table: _Table, partition: sql.Identifier) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    # FREEZE: the partition is new in this transaction, so its rows need never be visited by a vacuum.
    statement = sql.SQL("copy {} ({}) from stdin (format binary, freeze)").format(partition, columns)
    try:
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([column.copy_type for column in table.columns])
            for row in _rows(table):
                copy.write_row(row)
    except (psycopg.DataError, pa.ArrowException, ValueError, OverflowError) as error:
        text = _first_line(error) if isinstance(error, psycopg.Error) else str(error)
        raise BadInput(
            f"{table.full_name}: PostgreSQL can't hold a value exactly: {text}", "mend the value in its source or model"
        ) from error


def _let_older_plans_finish(connection: Connection, release_id: str) -> None:
    """Wait, at most `OLD_PLANS_SECONDS`, for statements that were planned before the partitions were attached.

    Such a statement knows the old partitions only; in READ COMMITTED it would take its snapshot after planning, read
    the new pointer and find no rows. Transactions that take longer have their snapshot already.
    """
    query = (
        "select distinct virtualtransaction from pg_locks where locktype = 'relation' and granted"
        " and pid <> pg_backend_pid() and database = (select oid from pg_database where datname = current_database())"
        " and relation in (select to_regclass(format('%%I.%%I', schema_name || '_data', data_table))"
        " from attain.release_table where release_id = %s)"
    )
    until = time.monotonic() + OLD_PLANS_SECONDS
    older = set(connection.execute(query, [release_id]).fetchall())
    while older and time.monotonic() < until:
        time.sleep(0.02)
        older &= set(connection.execute(query, [release_id]).fetchall())


# --- views --------------------------------------------------------------------------------------------------------


def _switch_once(connection: Connection, release_id: str) -> SwitchReport:
    with connection.transaction():
        _set_lock_timeout(connection)
        previous = _pointer(connection)
        replaced = _replace_views(connection, release_id)
        if previous != release_id:
            connection.execute(
                "insert into attain.pointer (release_id) values (%s)"
                " on conflict (is_only_row) do update set release_id = excluded.release_id",
                [release_id],
            )
            connection.execute(
                "update attain.release set state = 'published', switch_step = nextval('attain.step')"
                " where release_id = %s",
                [release_id],
            )
    return SwitchReport(release_id, previous, previous != release_id, replaced)


def _replace_views(connection: Connection, release_id: str) -> list[str]:
    """Bring the views to a release's contracts. Takes no lock on a view that stays as it is."""
    wanted, standing = _views_of(connection, release_id), _standing_views(connection)
    replaced = []
    for key, old in standing.items():
        if key not in wanted:
            _drop_view(connection, old)
            replaced.append(old.full_name)
    for key, view in wanted.items():
        query = _view_query(view).as_string(connection)
        sha256 = hashlib.sha256(query.encode()).hexdigest()
        before = standing.get(key)
        is_new = before is None or before.definition_sha256 != sha256
        if is_new:
            if before is not None and not _extends(view, before):
                _drop_view(connection, before)
            _make_view(connection, view, query)
            replaced.append(view.full_name)
        if is_new or before is None or before.comments != view.comments:
            _comment(connection, view)
            connection.execute(
                "insert into attain.published_view values (%s, %s, %s, %s, %s, %s)"
                " on conflict (schema_name, table_name) do update set data_table = excluded.data_table,"
                " columns = excluded.columns, comments = excluded.comments,"
                " definition_sha256 = excluded.definition_sha256",
                [*key, view.data_table, Jsonb(view.columns), Jsonb(view.comments), sha256],
            )
    return sorted(replaced)


def _views_of(connection: Connection, release_id: str) -> dict[tuple[str, str], _View]:
    rows = connection.execute(
        "select schema_name, table_name, data_table, columns, comments from attain.release_table"
        " where release_id = %s order by 1, 2",
        [release_id],
    ).fetchall()
    return {(row[0], row[1]): _View(*row) for row in rows}


def _standing_views(connection: Connection) -> dict[tuple[str, str], _StandingView]:
    """The views as recorded, without those that somebody has dropped since."""
    rows = connection.execute(
        "select schema_name, table_name, data_table, columns, comments, definition_sha256 from attain.published_view"
        " where to_regclass(format('%I.%I', schema_name, table_name)) is not null order by 1, 2"
    ).fetchall()
    return {(row[0], row[1]): _StandingView(*row) for row in rows}


def _extends(view: _View, before: _View) -> bool:
    """Whether CREATE OR REPLACE VIEW can make the change, which keeps the views that others built on it."""
    return view.columns[: len(before.columns)] == before.columns


def _refuse_to_break_others(connection: Connection, release_id: str) -> None:
    """Refuse a release whose switch would meet a relation that isn't ours, or drop a view that others build on."""
    wanted, standing = _views_of(connection, release_id), _standing_views(connection)
    for key, view in wanted.items():
        exists = connection.execute("select to_regclass(format('%%I.%%I', %s::text, %s::text))", [*key]).fetchone()
        if key not in standing and exists != (None,):
            raise Refused(
                f"{view.full_name} is in the BI database already and was not made by attain",
                "move it to another schema, then publish again",
            )
    for key, old in standing.items():
        if key in wanted and _extends(wanted[key], old):
            continue
        rows = connection.execute(
            "select distinct dependent.oid::regclass::text from pg_depend as link"
            " join pg_rewrite as rule on rule.oid = link.objid"
            " join pg_class as dependent on dependent.oid = rule.ev_class"
            " where link.classid = 'pg_rewrite'::regclass and link.refclassid = 'pg_class'::regclass"
            " and link.refobjid = to_regclass(format('%%I.%%I', %s::text, %s::text))"
            " and dependent.oid <> link.refobjid order by 1",
            [*key],
        ).fetchall()
        if rows:
            raise _depended_upon(old, ", ".join(name for (name,) in rows))


def _depended_upon(view: _View, dependents: str) -> Refused:
    return Refused(
        f"{view.full_name} must be replaced because its columns change, but {dependents} depends on it",
        "drop the dependent views, publish again, then create them on the new columns",
    )


def _drop_view(connection: Connection, view: _View) -> None:
    try:
        connection.execute(_fill("drop view {view}", view=(view.schema_name, view.table_name)))
    except pg_errors.DependentObjectsStillExist as error:
        raise _depended_upon(view, error.diag.message_detail or "another object") from error
    connection.execute(
        "delete from attain.published_view where schema_name = %s and table_name = %s",
        [view.schema_name, view.table_name],
    )


def _make_view(connection: Connection, view: _View, query: str) -> None:
    name = sql.Identifier(view.schema_name, view.table_name)
    connection.execute(
        sql.SQL("create or replace view {} with (security_barrier) as {}").format(name, sql.SQL(_literal(query)))
    )
    connection.execute(sql.SQL("revoke all on {} from public").format(name))
    connection.execute(sql.SQL("grant select on {} to {}").format(name, sql.Identifier(READER)))


def _comment(connection: Connection, view: _View) -> None:
    name = sql.Identifier(view.schema_name, view.table_name)
    text = sql.Literal(view.comments.get("") or None)
    connection.execute(sql.SQL("comment on view {} is {}").format(name, text))
    for column, _ in view.columns:
        text = sql.Literal(view.comments.get(column) or None)
        target = sql.Identifier(view.schema_name, view.table_name, column)
        connection.execute(sql.SQL("comment on column {} is {}").format(target, text))


def _view_query(view: _View) -> sql.Composed:
    """The view's SELECT. The release is found once for each statement, before any partition is opened, so that all
    partitions but one are pruned; the row filter sits inside the security barrier."""
    names = [name for name, _ in view.columns]
    return sql.SQL(
        "select {columns} from {data} as data where data.{key} = ("
        "select attain.known_release(wanted.release_id, found.release_id, {name}) from ("
        "select coalesce(nullif(current_setting('attain.release', true), ''), (select release_id from attain.pointer))"
        " as release_id) as wanted left join (attain.release_table as found join attain.release as release"
        " on release.release_id = found.release_id and release.state = 'published')"
        " on found.release_id = wanted.release_id and found.schema_name = {schema_name}"
        " and found.table_name = {table_name} and found.data_table = {data_table}){filter}"
    ).format(
        columns=sql.SQL(", ").join(sql.Identifier("data", name) for name in names),
        data=sql.Identifier(f"{view.schema_name}_data", view.data_table),
        key=sql.Identifier(_KEY),
        name=sql.Literal(view.full_name),
        schema_name=sql.Literal(view.schema_name),
        table_name=sql.Literal(view.table_name),
        data_table=sql.Literal(view.data_table),
        filter=_row_filter(view, names),
    )


def _row_filter(view: _View, names: Sequence[str]) -> sql.Composable:
    is_finance = sql.SQL("pg_has_role(current_user, {}, 'MEMBER')").format(sql.Literal(FINANCE))
    # Joined to pg_roles: a scope left behind by a dropped role would be an error in pg_has_role.
    scope = sql.SQL(
        "array(select scope.employee_id from attain.reader_scope as scope"
        " join pg_catalog.pg_roles as granted on granted.rolname = scope.role_name"
        " where pg_has_role(current_user, granted.oid, 'MEMBER'))"
    )
    allowed = []
    if person := _person_column(names):
        allowed.append(sql.SQL("data.{} = any ({})").format(sql.Identifier(person), scope))
    if MANAGERS_COLUMN in names:
        allowed.append(
            sql.SQL("string_to_array(data.{}, {}) && {}").format(
                sql.Identifier(MANAGERS_COLUMN), sql.Literal(MANAGERS_SEPARATOR), scope
            )
        )
    if allowed:
        return sql.SQL(" and ({})").format(sql.SQL(" or ").join([is_finance, *allowed]))
    if view.table_name.startswith(REPORT_PREFIX):
        return sql.SQL(" and {}").format(is_finance)
    if view.schema_name == "audit" and view.table_name not in OPEN_AUDIT_TABLES:
        return sql.SQL(" and {}").format(is_finance)
    return sql.SQL("")


def _person_column(names: Sequence[str]) -> str | None:
    return next((name for name in PERSON_COLUMNS if name in names), None)


# --- dropping -----------------------------------------------------------------------------------------------------


def _drop_release(connection: Connection, release_id: str, state: str) -> None:
    """Drop all partitions of a release in one transaction, and data tables that are left empty and without a view."""

    def drop() -> None:
        with connection.transaction():
            _set_lock_timeout(connection)
            rows = connection.execute(
                "delete from attain.release_table where release_id = %s"
                " returning schema_name || '_data', partition_name, data_table",
                [release_id],
            ).fetchall()
            partitions = sorted((schema_name, partition) for schema_name, partition, _ in rows)
            _drop_tables(connection, partitions)
            unused = connection.execute(
                "select schema_name, data_table from unnest(%s::text[], %s::text[]) as gone (schema_name, data_table)"
                " where not exists (select from attain.release_table as other where other.data_table = gone.data_table"
                " and other.schema_name || '_data' = gone.schema_name)"
                " and not exists (select from attain.published_view as view where view.data_table = gone.data_table"
                " and view.schema_name || '_data' = gone.schema_name) order by 1, 2",
                [[row[0] for row in rows], [row[2] for row in rows]],
            ).fetchall()
            _drop_tables(connection, unused)
            connection.execute("update attain.release set state = %s where release_id = %s", [state, release_id])

    _with_lock_retries(drop, f"release {release_id} is being read", "try again when its readers have ended")


def _drop_tables(connection: Connection, names: Sequence[tuple[str, ...]]) -> None:
    if names:
        tables = sql.SQL(", ").join(sql.Identifier(*name) for name in names)
        connection.execute(sql.SQL("drop table if exists {}").format(tables))


# --- names --------------------------------------------------------------------------------------------------------


def _name(first: str, second: str) -> str:
    """`first__second`, cut in the middle and kept apart by a hash where PostgreSQL would cut it off at the end."""
    name = f"{first}__{second}"
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{first[: _LONGEST_NAME - len(digest) - len(second) - 3]}_{digest}__{second}"


def _fill(statement: LiteralString, **names: str | tuple[str, ...]) -> sql.Composed:
    parts = {key: sql.Identifier(*((name,) if isinstance(name, str) else name)) for key, name in names.items()}
    return sql.SQL(statement).format(**parts)


def _literal(text: str) -> LiteralString:
    """SQL that this module has built itself, for `sql.SQL`, which takes literals only."""
    return text  # type: ignore[return-value]
