"""The PostgreSQL publisher against a real server.

Leaned on by every BI reader: without these, a reader could see half of one release and half of the next, another
person's pay, or an amount that went through a float.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import errors as pg_errors
from psycopg import sql

from attain.errors import BadInput, Busy, Refused
from attain.publish import postgres

pytest_plugins = ["tests.postgres_server"]

FIRST, SECOND, THIRD = "20260131-aaaaaaaaaaaa", "20260228-bbbbbbbbbbbb", "20260331-cccccccccccc"
PASSWORD = "reader's p@ss:word/1"
MONEY, RATE = pa.decimal128(18, 2), pa.decimal128(24, 8)

Tables = dict[str, pa.Table]


def tables_of(marker: int = 1) -> Tables:
    """The tables of a small release; `marker` is in each of them, so that a reader can tell releases apart."""
    amount = Decimal(marker) + Decimal("0.01")
    return {
        "kpi.dim_employee": pa.table(
            {
                "employee_id": ["E1", "E2", "HOUSE"],
                "full_name": ["王小明", 'O\'Brien \\ "x"\t|\n二', None],
                "hire_date": pa.array([date(2024, 2, 29), date(1999, 12, 31), None], pa.date32()),
                "is_active": [True, False, None],
                "marker": pa.array([marker] * 3, pa.int64()),
            }
        ),
        "kpi.dim_product": pa.table(
            {"product_id": ["P1"], "unit_price": pa.array([Decimal("0.00000001")], RATE), "marker": pa.array([marker])}
        ),
        "incentive.fct_payout": pa.table(
            {
                "payout_id": ["1", "2", "3"],
                "payee_id": ["E1", "E2", "E2"],
                "period": ["2026-01", "2026-01", None],
                "earned_amount": pa.array([amount, Decimal("-9999999999999999.99"), None], MONEY),
                "payable_amount": pa.array([Decimal("0.10"), Decimal("9999999999999999.99"), Decimal("0.00")], MONEY),
                "marker": pa.array([marker] * 3, pa.int32()),
            }
        ),
        "appraisal.fct_appraisal_result": pa.table(
            {
                "employee_id": ["E1", "E2"],
                "score": pa.array([Decimal("0.333333"), None], pa.decimal128(18, 6)),
                "grade": ["优秀", None],
                "marker": pa.array([marker] * 2),
            }
        ),
        "appraisal.rpt_champion_practice": pa.table({"plan_code": ["direct"], "pay_amount": pa.array([amount], MONEY)}),
        "audit.release": pa.table({"release_id": ["x"], "marker": pa.array([marker])}),
        "audit.quarantine_row": pa.table(
            {
                "raw_row": ['{"工资": "1.2万"}'],
                "row_number": pa.array([4], pa.int64()),
                "received_at": pa.array([datetime(2026, 1, 31, 23, 59, 59, 999999)], pa.timestamp("us")),
                "nothing": pa.nulls(1),
            }
        ),
        "audit.coverage": pa.table({"coverage_id": pa.array([], pa.string()), "amount": pa.array([], MONEY)}),
    }


MakeRelease = Callable[..., Path]


@pytest.fixture
def make_release(tmp_path: Path) -> MakeRelease:
    def make(release_id: str, tables: Tables | None = None, receipt: object = None) -> Path:
        folder = tmp_path / "releases" / release_id
        for file in folder.glob("parquet/*/*.parquet"):
            file.unlink()
        for name, table in (tables_of() if tables is None else tables).items():
            schema_name, table_name = name.split(".")
            file = folder / "parquet" / schema_name / f"{table_name}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, file)
        (folder / "receipt.json").write_text(json.dumps(receipt or {"release_id": release_id}))
        return folder

    return make


@pytest.fixture
def dsn(postgres_server: Any, postgres_database: str) -> str:
    return str(postgres_server.dsn(postgres_database))


@pytest.fixture
def admin(dsn: str) -> Iterator[psycopg.Connection]:
    """The superuser, who is in every role and so reads all rows."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def make_login(postgres_server: Any, postgres_database: str, admin: psycopg.Connection) -> Iterator[Callable[..., str]]:
    """Make a login that is a member of a role; gives its DSN."""
    made: list[sql.Identifier] = []

    def make(name: str, member_of: str) -> str:
        login = sql.Identifier(f"{name}_{postgres_database}")
        made.append(login)
        admin.execute(sql.SQL("create role {} login password {}").format(login, sql.Literal(PASSWORD)))
        admin.execute(sql.SQL("grant {} to {}").format(sql.Identifier(member_of), login))
        return psycopg.conninfo.make_conninfo(
            postgres_server.dsn(postgres_database), user=f"{name}_{postgres_database}", password=PASSWORD
        )

    yield make
    for login in made:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [login._obj[0]]
        ).fetchall()
        admin.execute(sql.SQL("drop owned by {}").format(login))
        admin.execute(sql.SQL("drop role {}").format(login))


def rows_of(connection: psycopg.Connection, name: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql.SQL("select * from {}").format(sql.Identifier(*name.split(".")))).fetchall()


def markers(connection: psycopg.Connection, *names: str) -> set[int]:
    return {
        row[-1] for name in names or ("kpi.dim_product", "incentive.fct_payout") for row in rows_of(connection, name)
    }


def is_there(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("select to_regclass(%s) is not null", [name]).fetchone() == (True,)


def partitions(connection: psycopg.Connection, schema_name: str = "incentive_data") -> list[str]:
    rows = connection.execute(
        "select child.relname from pg_inherits join pg_class as child on child.oid = inhrelid"
        " where child.relnamespace::regnamespace::text = %s and child.relkind = 'r' order by 1",
        [schema_name],
    ).fetchall()
    return [name for (name,) in rows]


# --- the same rows ------------------------------------------------------------------------------------------------


def test_rows_and_types_are_those_of_the_parquet(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    report = postgres.publish_release(dsn, make_release(FIRST), FIRST)

    assert report.is_switched and report.previous_release_id is None and report.warnings == []
    assert postgres.current(dsn) == FIRST
    for name, table in tables_of().items():
        expected = Counter(zip(*(column.to_pylist() for column in table.columns), strict=True))
        found = Counter(rows_of(admin, name))
        assert found - expected == Counter(), f"{name}: rows that are not in the Parquet"
        assert expected - found == Counter(), f"{name}: rows that did not arrive"
    types = admin.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid in ('incentive.fct_payout'::regclass, 'kpi.dim_product'::regclass,"
        " 'audit.quarantine_row'::regclass, 'kpi.dim_employee'::regclass)"
    ).fetchall()
    assert {
        ("earned_amount", "numeric(18,2)"),
        ("unit_price", "numeric(24,8)"),
        ("hire_date", "date"),
        ("is_active", "boolean"),
        ("row_number", "bigint"),
        ("received_at", "timestamp without time zone"),
        ("nothing", "text"),
    } <= set(types)
    total = admin.execute("select sum(payable_amount)::text from incentive.fct_payout").fetchone()
    assert total == ("10000000000000000.09",), "to the cent, beyond what a float can hold"
    assert json.loads(json.dumps(asdict(report)))["tables"][0]["row_count"] == 2


@pytest.mark.parametrize(
    ("name", "column", "reason"),
    [
        ("kpi.dim_product", pa.array([["a"]]), "no plain column type"),
        ("kpi.dim_product", pa.array(["a\x00b"]), "can't hold a value exactly"),
        ("kpi.dim_product", pa.array([1], pa.timestamp("ns")), "can't hold a value exactly"),
        ("secret.dim_product", pa.array(["a"]), "not a schema that is published"),
    ],
)
def test_what_has_no_exact_place_is_refused(
    dsn: str, make_release: MakeRelease, name: str, column: pa.Array, reason: str
) -> None:
    folder = make_release(FIRST, {name: pa.table({"bad": column})})
    with pytest.raises(BadInput, match=reason):
        postgres.publish_release(dsn, folder, FIRST)
    assert postgres.current(dsn) is None


def test_a_row_that_got_lost_is_noticed_before_it_counts(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = postgres._rows
    monkeypatch.setattr(postgres, "_rows", lambda table: list(whole(table))[:-1])
    with pytest.raises(BadInput, match="1 rows arrived of 2"):
        postgres.publish_release(dsn, make_release(FIRST), FIRST)
    assert partitions(admin, "appraisal_data") == []
    assert postgres.current(dsn) is None


def test_an_empty_or_unfinished_folder_is_refused(dsn: str, tmp_path: Path, make_release: MakeRelease) -> None:
    with pytest.raises(BadInput, match="holds no table"):
        postgres.load(dsn, tmp_path / "nothing", FIRST)
    folder = make_release(FIRST)
    (folder / "receipt.json").unlink()
    with pytest.raises(BadInput, match=r"receipt\.json is missing"):
        postgres.load(dsn, folder, FIRST)
    with pytest.raises(BadInput, match="can't be a release id"):
        postgres.load(dsn, folder, "x'; drop table y --")


def test_comments_come_from_the_mapping_then_from_the_parquet(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    fields = [
        pa.field("product_id", pa.string(), metadata={"description": "from the file"}),
        pa.field("product_name", pa.string(), metadata={"description": "from the file"}),
    ]
    table = pa.table([["P1"], ["笔"]], schema=pa.schema(fields, metadata={"description": "产品 / products"}))
    folder = make_release(FIRST, {"kpi.dim_product": table})
    postgres.publish_release(dsn, folder, FIRST, {"kpi.dim_product.product_name": "it's the name"})
    comments = admin.execute(
        "select obj_description('kpi.dim_product'::regclass), col_description('kpi.dim_product'::regclass, 1),"
        " col_description('kpi.dim_product'::regclass, 2)"
    ).fetchone()
    assert comments == ("产品 / products", "from the file", "it's the name")


def test_comments_of_the_release_file_become_the_comments_of_the_views(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, tmp_path: Path
) -> None:
    file = tmp_path / "release.duckdb"
    with duckdb.connect(str(file)) as engine:
        engine.execute(
            "create schema kpi; create table kpi.dim_product (product_id varchar, unit_price decimal(24, 8))"
        )
        engine.execute("comment on table kpi.dim_product is '产品: products'")
        engine.execute("comment on column kpi.dim_product.unit_price is '单价: price of one'")
    descriptions = postgres.descriptions_of(file)
    assert descriptions == {"kpi.dim_product": "产品: products", "kpi.dim_product.unit_price": "单价: price of one"}
    postgres.publish_release(dsn, make_release(FIRST), FIRST, descriptions)
    comments = (
        "select obj_description(oid), col_description(oid, 1), col_description(oid, 2) from pg_class where oid = %s"
    )
    found = admin.execute(comments + "::regclass", ["kpi.dim_product"]).fetchone()
    assert found == ("产品: products", None, "单价: price of one")
    with pytest.raises(BadInput, match="can't be read"):
        postgres.descriptions_of(tmp_path / "nothing.duckdb")


# --- invisible, then all at once ----------------------------------------------------------------------------------


def test_a_loaded_release_is_invisible_until_the_switch(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    postgres.load(dsn, make_release(FIRST), FIRST)
    assert postgres.current(dsn) is None
    assert not is_there(admin, "kpi.dim_product")

    postgres.switch(dsn, FIRST)
    postgres.load(dsn, make_release(SECOND, tables_of(2)), SECOND)
    assert markers(admin) == {1}
    admin.execute(sql.SQL("set attain.release = {}").format(sql.Literal(SECOND)))
    with pytest.raises(pg_errors.RaiseException, match="not published"):
        rows_of(admin, "kpi.dim_product")
    admin.execute("reset attain.release")

    switched = postgres.switch(dsn, SECOND)
    assert switched == postgres.SwitchReport(SECOND, FIRST, True, []), "same contract: no view is touched"
    assert markers(admin) == {2}
    assert postgres.switch(dsn, SECOND).is_switched is False


def test_a_release_that_was_never_loaded_is_not_switched_to(dsn: str, make_release: MakeRelease) -> None:
    with pytest.raises(BadInput, match="not loaded"):
        postgres.switch(dsn, FIRST)
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    with pytest.raises(BadInput, match="not loaded"):
        postgres.switch(dsn, SECOND)
    assert postgres.current(dsn) == FIRST


def test_attach_needs_no_scan(dsn: str, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch) -> None:
    """ATTACH would scan the partition under a lock; PostgreSQL says at DEBUG1 when the CHECK spares it."""
    notices: list[str] = []
    connect = psycopg.connect

    def listening(*arguments: Any, **settings: Any) -> psycopg.Connection:
        connection = connect(*arguments, **settings, options="-c client_min_messages=debug1")
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        return connection

    monkeypatch.setattr(psycopg, "connect", listening)
    postgres.load(dsn, make_release(FIRST), FIRST)
    implied = [text for text in notices if "is implied by existing constraints" in text]
    assert len(implied) == len(tables_of()), notices


def test_readers_never_see_two_releases_nor_an_error(
    dsn: str, make_release: MakeRelease, make_login: Callable[..., str]
) -> None:
    """Four readers in loops while ten releases are loaded and switched to; two tables, two statements, one release."""
    postgres.publish_release(dsn, make_release(FIRST, tables_of(100)), FIRST)
    reader = make_login("analyst", postgres.FINANCE)
    stop = threading.Event()
    seen: list[Counter[int]] = [Counter() for _ in range(4)]
    faults: list[str] = []

    def read(counts: Counter[int], is_repeatable: bool) -> None:
        try:
            with psycopg.connect(reader) as connection:
                if is_repeatable:
                    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                while not stop.is_set():
                    with connection.transaction():
                        if is_repeatable:
                            found = [row[-1] for row in rows_of(connection, "kpi.dim_employee")]
                            found += [row[-1] for row in rows_of(connection, "incentive.fct_payout")]
                        else:
                            found = [
                                marker
                                for (marker,) in connection.execute(
                                    "select marker from kpi.dim_employee"
                                    " union all select marker from incentive.fct_payout"
                                )
                            ]
                    if len(found) != 6 or len(set(found)) != 1:
                        faults.append(f"torn: {found}")
                    counts[found[0] if found else -1] += 1
        except Exception as error:
            faults.append(repr(error))

    readers = [threading.Thread(target=read, args=(seen[number], number < 2), daemon=True) for number in range(4)]
    for thread in readers:
        thread.start()
    try:
        for number in range(1, 11):
            release_id = f"2026{number:04d}-dddddddddddd"
            report = postgres.publish_release(dsn, make_release(release_id, tables_of(100 + number)), release_id)
            assert report.is_switched
    finally:
        stop.set()
        for thread in readers:
            thread.join(timeout=20)
    assert faults == []
    for counts in seen:
        assert set(counts) <= set(range(100, 111))
        assert len(counts) > 3, f"a reader that saw no switch proves nothing: {counts}"


def test_a_transaction_keeps_its_release_and_delays_nobody(
    dsn: str, make_release: MakeRelease, make_login: Callable[..., str]
) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    postgres.load(dsn, make_release(SECOND, tables_of(2)), SECOND)
    with psycopg.connect(make_login("slow", postgres.FINANCE)) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert markers(reader, "kpi.dim_product") == {1}
        started = time.monotonic()
        postgres.switch(dsn, SECOND)
        assert time.monotonic() - started < postgres.OLD_PLANS_SECONDS + 3
        assert markers(reader, "incentive.fct_payout") == {1}, "a table first read after the switch"
        started = time.monotonic()
        postgres.switch(dsn, FIRST)
        assert time.monotonic() - started < 2, "a release that was visible before has no older plans to wait for"
        postgres.switch(dsn, SECOND)
        assert markers(reader) == {1}
        reader.commit()
        assert markers(reader) == {2}


def test_a_statement_planned_before_the_load_does_not_come_back_empty(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, make_login: Callable[..., str]
) -> None:
    """In READ COMMITTED the snapshot is taken after planning. This statement is caught in between: the planner asks
    a slow function for its estimate once it knows the partitions, and the release is published meanwhile."""
    tables = {"incentive.fct_payout": pa.table({"payee_id": ["E1"], "marker": [1]})}
    postgres.publish_release(dsn, make_release(FIRST, tables), FIRST)
    found: list[Any] = []
    with psycopg.connect(make_login("planning", postgres.FINANCE), autocommit=True) as reader:
        reader.execute(
            "create function pg_temp.slow() returns text language plpgsql stable as"
            " $$ begin perform pg_sleep(1); return 'E1'; end $$"
        )
        query = "select payee_id, marker from incentive.fct_payout where payee_id = pg_temp.slow()"
        thread = threading.Thread(target=lambda: found.extend(reader.execute(query).fetchall()), daemon=True)
        thread.start()
        asleep = "select exists (select from pg_stat_activity where pid = %s and wait_event = 'PgSleep')"
        deadline = time.monotonic() + 10
        while admin.execute(asleep, [reader.info.backend_pid]).fetchone() != (True,):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        tables = {"incentive.fct_payout": pa.table({"payee_id": ["E1"], "marker": [2]})}
        assert postgres.publish_release(dsn, make_release(SECOND, tables), SECOND).is_switched
        thread.join(timeout=20)
    assert found == [("E1", 1)]


def test_a_session_pins_an_older_release(dsn: str, make_release: MakeRelease, make_login: Callable[..., str]) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    postgres.publish_release(dsn, make_release(SECOND, tables_of(2)), SECOND)
    with psycopg.connect(make_login("pinned", postgres.FINANCE), autocommit=True) as reader:
        assert sorted(rows_of(reader, "attain.published_release")) == [(FIRST, False), (SECOND, True)]
        reader.execute(sql.SQL("set attain.release = {}").format(sql.Literal(FIRST)))
        assert markers(reader) == {1}
        reader.execute("set attain.release = '20200101-000000000000'")
        with pytest.raises(pg_errors.RaiseException, match="20200101-000000000000 can't be read"):
            rows_of(reader, "kpi.dim_product")
        reader.execute("reset attain.release")
        assert markers(reader) == {2}


def test_a_statement_opens_the_partition_of_its_release_only(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    postgres.publish_release(dsn, make_release(SECOND, tables_of(2)), SECOND)
    plan = "\n".join(
        row[0] for row in admin.execute("explain (analyze, costs off, timing off) select * from incentive.fct_payout")
    )
    old = next(line for line in plan.splitlines() if f"__{FIRST}" in line)
    new = next(line for line in plan.splitlines() if f"__{SECOND}" in line)
    assert "never executed" in old and "actual rows=3" in new


# --- again, after a crash, with other content ---------------------------------------------------------------------


def test_publishing_twice_changes_nothing(dsn: str, admin: psycopg.Connection, make_release: MakeRelease) -> None:
    folder = make_release(FIRST)
    first = postgres.publish_release(dsn, folder, FIRST)
    again = postgres.publish_release(dsn, folder, FIRST)
    assert {table.is_loaded_now for table in first.tables} == {True}
    assert {table.is_loaded_now for table in again.tables} == {False}
    assert again.is_switched is False and again.replaced_views == []
    assert len(rows_of(admin, "incentive.fct_payout")) == 3


def test_a_run_that_died_between_load_and_switch_is_mended_by_the_next(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    folder = make_release(SECOND, tables_of(2))
    postgres.load(dsn, folder, SECOND)
    report = postgres.publish_release(dsn, folder, SECOND)
    assert report.is_switched and report.previous_release_id == FIRST
    assert not any(table.is_loaded_now for table in report.tables)
    assert markers(admin) == {2}


def test_a_killed_load_leaves_nothing_half_done(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, tmp_path: Path
) -> None:
    """SIGKILL in the middle of the COPY of the last table; the next run loads what is missing."""
    folder = make_release(FIRST)
    reached = tmp_path / "reached"
    script = f"""
        import time
        from pathlib import Path
        from attain.publish import postgres
        whole = postgres._rows
        def rows(table):
            rows = list(whole(table))
            if table.table_name != "dim_product":
                yield from rows
                return
            yield rows[0]
            Path({str(reached)!r}).touch()
            time.sleep(60)
        postgres._rows = rows
        postgres.load({dsn!r}, Path({str(folder)!r}), {FIRST!r})
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    try:
        deadline = time.monotonic() + 30
        while not reached.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert reached.exists()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
    assert [name.split("__")[0] for name in partitions(admin, "kpi_data")] == ["dim_employee"]
    assert postgres.current(dsn) is None

    report = postgres.publish_release(dsn, folder, FIRST)
    assert [table.table_name for table in report.tables if table.is_loaded_now] == ["dim_product"]
    assert markers(admin) == {1} and len(rows_of(admin, "kpi.dim_product")) == 1


def test_a_half_loaded_partition_is_dropped_and_loaded_again(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    folder = make_release(FIRST)
    postgres.load(dsn, folder, FIRST)
    (name,) = partitions(admin)
    parent = name.rsplit("__", 1)[0]
    admin.execute(
        sql.SQL("alter table {} detach partition {}; truncate {}").format(
            sql.Identifier("incentive_data", parent),
            sql.Identifier("incentive_data", name),
            sql.Identifier("incentive_data", name),
        )
    )
    admin.execute("delete from attain.release_table where table_name = 'fct_payout'")
    report = postgres.publish_release(dsn, folder, FIRST)
    assert [table.table_name for table in report.tables if table.is_loaded_now] == ["fct_payout"]
    assert len(rows_of(admin, "incentive.fct_payout")) == 3


def test_a_release_id_is_used_once(dsn: str, admin: psycopg.Connection, make_release: MakeRelease) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    for tables, receipt in [(tables_of(1), {"other": 1}), (tables_of(9), None)]:
        folder = make_release(FIRST, tables, receipt)
        with pytest.raises(Refused, match="with other content"):
            postgres.publish_release(dsn, folder, FIRST)
    assert markers(admin) == {1}
    postgres.publish_release(dsn, make_release(SECOND, tables_of(2)), SECOND)
    postgres.prune(dsn, keep=1)
    with pytest.raises(Refused, match="with other content"):
        postgres.publish_release(dsn, make_release(FIRST, tables_of(9), {"other": 1}), FIRST)
    back = postgres.publish_release(dsn, make_release(FIRST), FIRST)
    assert back.is_switched and markers(admin) == {1}, "the same content may come back after a prune"


def test_a_release_that_nobody_saw_may_be_made_again(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    postgres.load(dsn, make_release(FIRST, tables_of(1), {"try": 1}), FIRST)
    again = {name: table for name, table in tables_of(5).items() if name != "audit.coverage"}
    postgres.publish_release(dsn, make_release(FIRST, again, {"try": 2}), FIRST)
    assert markers(admin) == {5}
    assert not is_there(admin, "audit.coverage")
    assert all(len(partitions(admin, f"{schema_name}_data")) <= 2 for schema_name in postgres.SCHEMAS)


def test_two_publishers_do_not_meet(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "PUBLISHER_WAIT_MS", 100)
    admin.execute("select pg_advisory_lock(%s)", [postgres._PUBLISHER_LOCK])
    with pytest.raises(Busy, match="another process is publishing"):
        postgres.load(dsn, make_release(FIRST), FIRST)
    admin.execute("select pg_advisory_unlock(%s)", [postgres._PUBLISHER_LOCK])
    assert postgres.publish_release(dsn, make_release(FIRST), FIRST).is_switched


# --- a changed contract -------------------------------------------------------------------------------------------


def with_changed_contract() -> Tables:
    """Release 2: a payout column retyped and one added, a table gone, a table new."""
    tables = tables_of(2)
    payout = tables["incentive.fct_payout"]
    wider = payout.column("earned_amount").cast(pa.decimal128(24, 6))
    payout = payout.set_column(3, "earned_amount", wider)
    tables["incentive.fct_payout"] = payout.append_column("currency_code", pa.array(["CNY"] * 3))
    tables["kpi.dim_product"] = tables["kpi.dim_product"].append_column("note", pa.array(["新"]))
    del tables["appraisal.fct_appraisal_result"]
    tables["appraisal.fct_goal"] = pa.table({"goal_id": ["G1"], "marker": [2]})
    return tables


def test_a_changed_contract_comes_with_the_switch_and_goes_with_the_rollback(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, make_login: Callable[..., str]
) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    reader = make_login("contract", postgres.FINANCE)
    folder = make_release(SECOND, with_changed_contract())
    postgres.load(dsn, folder, SECOND)
    assert len(rows_of(admin, "incentive.fct_payout")[0]) == 6, "the old columns until the switch"
    switched = postgres.switch(dsn, SECOND)
    assert switched.replaced_views == [
        "appraisal.fct_appraisal_result",
        "appraisal.fct_goal",
        "incentive.fct_payout",
        "kpi.dim_product",
    ]
    with psycopg.connect(reader, autocommit=True) as connection:
        assert {row[-2:] for row in rows_of(connection, "incentive.fct_payout")} == {(2, "CNY")}
        assert rows_of(connection, "kpi.dim_product")[0][-1] == "新"
        assert rows_of(connection, "appraisal.fct_goal") == [("G1", 2)]
        assert not is_there(connection, "appraisal.fct_appraisal_result")
        connection.execute(sql.SQL("set attain.release = {}").format(sql.Literal(FIRST)))
        assert {row[-1] for row in rows_of(connection, "kpi.dim_employee")} == {1}, "same contract: can be pinned"
        with pytest.raises(pg_errors.RaiseException, match="has other columns"):
            rows_of(connection, "incentive.fct_payout")
        connection.execute("reset attain.release")

        assert postgres.switch(dsn, FIRST).is_switched
        assert markers(connection) == {1}
        assert len(rows_of(connection, "incentive.fct_payout")[0]) == 6
        assert len(rows_of(connection, "appraisal.fct_appraisal_result")) == 2


def test_a_reader_can_delay_a_changed_contract_but_not_for_ever(
    dsn: str,
    make_release: MakeRelease,
    make_login: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "LOCK_ATTEMPTS", 3)
    monkeypatch.setattr(postgres, "OLD_PLANS_SECONDS", 0.1)
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    folder = make_release(SECOND, with_changed_contract())
    with psycopg.connect(make_login("holding", postgres.FINANCE)) as reader:
        assert markers(reader, "incentive.fct_payout") == {1}
        with pytest.raises(Busy, match="columns must change"):
            postgres.publish_release(dsn, folder, SECOND)
        assert postgres.current(dsn) == FIRST
        assert markers(reader) == {1}
    assert postgres.publish_release(dsn, folder, SECOND).is_switched


def test_a_view_that_others_build_on_is_not_dropped(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    admin.execute("create view public.board as select payee_id, earned_amount from incentive.fct_payout")
    admin.execute("create view public.prices as select * from kpi.dim_product")
    folder = make_release(SECOND, with_changed_contract())
    with pytest.raises(Refused, match=r"incentive\.fct_payout must be replaced .* public\.board depends"):
        postgres.load(dsn, folder, SECOND)
    with pytest.raises(Refused, match=r"incentive\.fct_payout must be replaced"):
        postgres.switch(dsn, SECOND)
    assert postgres.current(dsn) == FIRST and len(rows_of(admin, "public.board")) == 3

    admin.execute("drop view public.board")
    postgres.publish_release(dsn, folder, SECOND)
    assert rows_of(admin, "public.prices")[0][-1] == 2, "a view on a table that only grew lives on"


def test_what_attain_did_not_make_is_left_alone(dsn: str, admin: psycopg.Connection, make_release: MakeRelease) -> None:
    admin.execute("create schema kpi; create table kpi.dim_product (mine text)")
    with pytest.raises(Refused, match="was not made by attain"):
        postgres.publish_release(dsn, make_release(FIRST), FIRST)
    assert rows_of(admin, "kpi.dim_product") == []


# --- pruning ------------------------------------------------------------------------------------------------------


def test_prune_keeps_the_latest_and_never_drops_the_current(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    overtaken = "20260101-eeeeeeeeeeee"
    postgres.load(dsn, make_release(overtaken), overtaken)
    for marker, release_id in enumerate((FIRST, SECOND, THIRD), start=1):
        postgres.publish_release(dsn, make_release(release_id, tables_of(marker)), release_id)
    postgres.switch(dsn, FIRST)
    report = postgres.prune(dsn, keep=2)
    assert (sorted(report.dropped), report.kept, report.busy) == ([overtaken, SECOND], [FIRST, THIRD], [])
    assert [name.split("__")[-1] for name in partitions(admin)] == [FIRST, THIRD]
    assert markers(admin) == {1}
    assert postgres.prune(dsn, keep=1).dropped == [THIRD]
    assert postgres.prune(dsn, keep=1) == postgres.PruneReport([], [FIRST], [])
    assert markers(admin) == {1}
    with pytest.raises(BadInput, match="not loaded"):
        postgres.switch(dsn, THIRD)
    with pytest.raises(BadInput, match="can't be pruned"):
        postgres.prune(dsn, keep=0)

    postgres.publish_release(dsn, make_release(SECOND, tables_of(2)), SECOND)
    admin.execute("update attain.release set switch_step = 0 where release_id = %s", [SECOND])
    assert postgres.prune(dsn, keep=1).dropped == [], "the pointer protects its release, whatever the order says"


def test_prune_leaves_a_release_that_is_waiting_for_its_switch(dsn: str, make_release: MakeRelease) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    postgres.load(dsn, make_release(SECOND, tables_of(2)), SECOND)
    assert postgres.prune(dsn, keep=1).dropped == []
    assert postgres.switch(dsn, SECOND).is_switched


def test_prune_gives_way_to_readers(
    dsn: str,
    admin: psycopg.Connection,
    make_release: MakeRelease,
    make_login: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "LOCK_ATTEMPTS", 2)
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    with psycopg.connect(make_login("old", postgres.FINANCE)) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert markers(reader, "kpi.dim_product") == {1}
        postgres.publish_release(dsn, make_release(SECOND, tables_of(2)), SECOND)
        report = postgres.prune(dsn, keep=1)
        assert (report.dropped, report.busy) == ([], [FIRST])
        assert markers(reader) == {1}, "also a table that this transaction had not opened before"
    assert postgres.prune(dsn, keep=1).dropped == [FIRST]


def test_prune_removes_the_tables_of_a_contract_that_is_gone(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease
) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    postgres.publish_release(dsn, make_release(SECOND, with_changed_contract()), SECOND)
    count = "select count(*) from pg_class where relkind = 'p' and relnamespace = 'incentive_data'::regnamespace"
    assert admin.execute(count).fetchone() == (2,)
    assert postgres.prune(dsn, keep=1).dropped == [FIRST]
    assert admin.execute(count).fetchone() == (1,)
    assert len(rows_of(admin, "incentive.fct_payout")) == 3


# --- who sees what ------------------------------------------------------------------------------------------------


@pytest.fixture
def scoped(dsn: str, admin: psycopg.Connection, make_release: MakeRelease, make_login: Callable[..., str]) -> str:
    """DSN of a login that may read the rows of E1."""
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    login = make_login("own", postgres.READER)
    name = psycopg.conninfo.conninfo_to_dict(login)["user"]
    admin.execute("insert into attain.reader_scope values (%s, 'E1'), ('a role that was dropped', 'E2')", [name])
    return login


def test_a_reader_sees_their_own_rows(scoped: str) -> None:
    with psycopg.connect(scoped, autocommit=True) as reader:
        assert {row[0] for row in rows_of(reader, "kpi.dim_employee")} == {"E1"}
        assert {row[1] for row in rows_of(reader, "incentive.fct_payout")} == {"E1"}
        assert {row[0] for row in rows_of(reader, "appraisal.fct_appraisal_result")} == {"E1"}
        assert len(rows_of(reader, "kpi.dim_product")) == 1, "nobody's rows: everybody's"
        assert len(rows_of(reader, "audit.release")) == 1
        assert rows_of(reader, "audit.quarantine_row") == [], "raw input is for finance"
        assert rows_of(reader, "appraisal.rpt_champion_practice") == [], "a sum may be over one person"


def test_a_scope_is_inherited_and_finance_sees_all(
    dsn: str, admin: psycopg.Connection, scoped: str, make_login: Callable[..., str]
) -> None:
    owner = psycopg.conninfo.conninfo_to_dict(scoped)["user"]
    with psycopg.connect(make_login("manager", str(owner)), autocommit=True) as manager:
        assert {row[0] for row in rows_of(manager, "kpi.dim_employee")} == {"E1"}
    with psycopg.connect(make_login("nobody", postgres.READER), autocommit=True) as nobody:
        assert rows_of(nobody, "kpi.dim_employee") == []
    with psycopg.connect(make_login("finance", postgres.FINANCE), autocommit=True) as finance:
        assert len(rows_of(finance, "kpi.dim_employee")) == 3
        assert len(rows_of(finance, "audit.quarantine_row")) == 1
        assert len(rows_of(finance, "appraisal.rpt_champion_practice")) == 1


def teams() -> Tables:
    """Gaps and KPIs of two teams: North is E1's and E2's, who report to E4, who reports to E9; West reports to E5."""
    return {
        "kpi.fct_gap": pa.table(
            {
                "gap_id": ["north", "west", "house", "E1", "E2"],
                "employee_id": [None, None, None, "E1", "E2"],
                "manager_ids": ["E4|E9", "E5|E9", None, None, None],
            }
        ),
        "kpi.rpt_gap": pa.table(
            {
                "comparison_id": ["north", "west", "house", "E1", "E2"],
                "employee_id": [None, None, None, "E1", "E2"],
                "manager_ids": ["E4|E9", "E5|E9", None, None, None],
            }
        ),
        "kpi.fct_kpi_team_period": pa.table(
            {"team": ["north", "west", "house"], "manager_ids": ["E4|E9", "E5|E9", None]}
        ),
    }


TEAM_TABLES = ("kpi.fct_gap", "kpi.rpt_gap", "kpi.fct_kpi_team_period")
TEAMS = {"north", "west", "house"}


@pytest.mark.parametrize(
    ("scope", "seen_teams", "seen_people"),
    [
        pytest.param(["E4"], {"north"}, set(), id="a manager sees their own team"),
        pytest.param(["E4", "E1", "E2"], {"north"}, {"E1", "E2"}, id="and the rows of people that they are given"),
        pytest.param(["E5"], {"west"}, set(), id="another manager another team"),
        pytest.param(["E9"], {"north", "west"}, set(), id="who is further up the line sees both"),
        pytest.param(["E1"], set(), {"E1"}, id="who sells in the team sees their own rows only"),
        pytest.param([], set(), set(), id="nobody sees nothing"),
        pytest.param(["E", "E4|E9", "4", "%", "", "|"], set(), set(), id="a part of a number is not the number"),
    ],
)
def test_rows_of_a_team_are_for_the_managers_up_its_line(
    dsn: str,
    admin: psycopg.Connection,
    make_release: MakeRelease,
    make_login: Callable[..., str],
    scope: list[str],
    seen_teams: set[str],
    seen_people: set[str],
) -> None:
    postgres.publish_release(dsn, make_release(FIRST, teams()), FIRST)
    login = make_login("some", postgres.READER)
    name = psycopg.conninfo.conninfo_to_dict(login)["user"]
    for employee_id in scope:
        admin.execute("insert into attain.reader_scope values (%s, %s)", [name, employee_id])
    with psycopg.connect(login, autocommit=True) as reader:
        for table in TEAM_TABLES:
            keys = {row[0] for row in rows_of(reader, table)}
            assert keys & TEAMS == seen_teams, table
            assert keys - TEAMS == (set() if table == "kpi.fct_kpi_team_period" else seen_people), table
        with pytest.raises(pg_errors.InsufficientPrivilege):
            reader.execute("insert into attain.reader_scope values (current_user, 'E9')")
    with psycopg.connect(make_login("finance", postgres.FINANCE), autocommit=True) as finance:
        for table in TEAM_TABLES:
            assert {row[0] for row in rows_of(finance, table)} >= TEAMS


def test_a_cheap_function_learns_nothing_about_other_teams(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, make_login: Callable[..., str]
) -> None:
    postgres.publish_release(dsn, make_release(FIRST, teams()), FIRST)
    login = make_login("manager", postgres.READER)
    admin.execute(
        "insert into attain.reader_scope values (%s, 'E4')", [psycopg.conninfo.conninfo_to_dict(login)["user"]]
    )
    told: list[str] = []
    with psycopg.connect(login, autocommit=True) as reader:
        reader.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        reader.execute(
            "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001 as"
            " $$ begin raise notice '%', $1; return true; end $$"
        )
        rows = reader.execute("select team from kpi.fct_kpi_team_period where pg_temp.tell(team)").fetchall()
    assert rows == [("north",)] and told == ["north"]


def test_the_data_behind_the_views_is_closed(admin: psycopg.Connection, scoped: str) -> None:
    (partition,) = partitions(admin)
    parent = partition.rsplit("__", 1)[0]
    with psycopg.connect(scoped, autocommit=True) as reader:
        for name in (
            f"incentive_data.{parent}",
            f"incentive_data.{partition}",
            "attain.reader_scope",
            "attain.pointer",
        ):
            with pytest.raises(pg_errors.InsufficientPrivilege):
                rows_of(reader, name)
        with pytest.raises(pg_errors.InsufficientPrivilege):
            reader.execute("create view kpi.mine as select 1")
        # The second fence: a careless grant on the data still shows no row.
        user = sql.Identifier(reader.info.user)
        admin.execute(sql.SQL("grant usage on schema incentive_data to {}").format(user))
        admin.execute(sql.SQL("grant select on all tables in schema incentive_data to {}").format(user))
        for name in (parent, partition):
            assert rows_of(reader, f"incentive_data.{name}") == []
            assert len(rows_of(admin, f"incentive_data.{name}")) == 3


def test_default_privileges_do_not_open_the_data(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, make_login: Callable[..., str]
) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    admin.execute("alter default privileges grant select on tables to public, attain_reader")
    postgres.publish_release(dsn, make_release(SECOND, with_changed_contract()), SECOND)
    readable = admin.execute(
        "select oid::regclass::text from pg_class where relnamespace::regnamespace::text like '%\\_data'"
        " and has_table_privilege('attain_reader', oid, 'select') and relkind in ('r', 'p')"
    ).fetchall()
    assert readable == []


def test_a_cheap_function_learns_nothing_about_other_rows(scoped: str) -> None:
    """Without a security barrier the planner runs a cheap user function before the row filter."""
    told: list[str] = []
    with psycopg.connect(scoped, autocommit=True) as reader:
        reader.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        reader.execute(
            "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001 as"
            " $$ begin raise notice '%', $1; return true; end $$"
        )
        rows = reader.execute("select payee_id from incentive.fct_payout where pg_temp.tell(payee_id)").fetchall()
    assert rows == [("E1",)] and told == ["E1"]


def test_timeouts_reach_the_logins(dsn: str, admin: psycopg.Connection, make_release: MakeRelease, scoped: str) -> None:
    configured = admin.execute(
        "select rolname, rolconfig from pg_roles where rolname in ('attain_reader', 'attain_finance') order by 1"
    ).fetchall()
    expected = {f"{name}={value}" for name, value in postgres.TIMEOUTS.items()}
    assert [(name, set(config)) for name, config in configured] == [
        ("attain_finance", expected),
        ("attain_reader", expected),
    ]
    # A login does not inherit its group's settings, so the next load gives them to it.
    postgres.load(dsn, make_release(FIRST), FIRST)
    with psycopg.connect(scoped, autocommit=True) as reader:
        assert reader.execute("show statement_timeout").fetchone() == ("1min",)
        assert reader.execute("show idle_in_transaction_session_timeout").fetchone() == ("1min",)


def test_the_publisher_need_not_be_a_superuser(
    dsn: str,
    admin: psycopg.Connection,
    make_release: MakeRelease,
    make_login: Callable[..., str],
    postgres_database: str,
) -> None:
    publisher = make_login("publisher", "pg_monitor")
    name = sql.Identifier(f"publisher_{postgres_database}")
    with pytest.raises(BadInput, match="permission denied"):
        postgres.publish_release(publisher, make_release(FIRST), FIRST)
    database = sql.Identifier(postgres_database)
    admin.execute(sql.SQL("grant create on database {} to {}").format(database, name))
    admin.execute("do $$ begin create role attain_reader; exception when duplicate_object then null; end $$")
    admin.execute("do $$ begin create role attain_finance; exception when duplicate_object then null; end $$")
    admin.execute("alter role attain_finance reset all; alter role attain_reader reset all")
    report = postgres.publish_release(publisher, make_release(FIRST), FIRST)
    assert report.is_switched
    assert any('alter role "attain_reader" set "statement_timeout"' in text.lower() for text in report.warnings)
    assert len(rows_of(admin, "incentive.fct_payout")) == 3
    again = postgres.publish_release(dsn, make_release(SECOND, tables_of(2)), SECOND)
    assert again.warnings == [] and markers(admin) == {2}


# --- addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://someone:hunter2@127.0.0.1:1/nowhere",
        "postgresql+psycopg://someone:hunter2@127.0.0.1:1/nowhere",
        "host=127.0.0.1 port=1 password=hunter2 passwort=hunter2",
        "hunter2",
        "postgresql://someone:hunter2 x@[::1/nowhere",
        "postgresql://someone:hunter2@hunter2@127.0.0.1:1/nowhere",
        "postgresql://someone:hunter2/hunter2@127.0.0.1:1/nowhere",
    ],
)
def test_an_address_that_does_not_work_is_busy_and_keeps_its_password(address: str) -> None:
    with pytest.raises(Busy) as caught:
        postgres.current(address)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert "ATTAIN_BI_DSN" in caught.value.remedy


def test_a_wrong_password_is_busy_and_not_shown(postgres_server: Any) -> None:
    with pytest.raises(Busy, match="password authentication failed") as caught:
        postgres.current(postgres_server.dsn(user="hunter2", password="hunter2"))
    assert "hunter2" not in str(caught.value)


def test_a_sqlalchemy_address_works_and_an_unprepared_database_has_no_release(dsn: str) -> None:
    address = dsn.replace("postgresql://", "postgresql+psycopg://")
    assert postgres.current(address) is None
    assert postgres.prune(address, keep=1) == postgres.PruneReport([], [], [])


def test_a_lost_connection_is_busy_and_the_release_before_stays(
    dsn: str, admin: psycopg.Connection, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.publish_release(dsn, make_release(FIRST), FIRST)
    folder = make_release(SECOND, tables_of(2))
    whole = postgres._rows

    def cut_off(table: Any) -> Iterator[tuple[Any, ...]]:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'attain publish'"
        )
        yield from whole(table)

    with monkeypatch.context() as patched:
        patched.setattr(postgres, "_rows", cut_off)
        with pytest.raises(Busy, match="PostgreSQL"):
            postgres.publish_release(dsn, folder, SECOND)
    assert postgres.current(dsn) == FIRST and markers(admin) == {1}
    assert postgres.publish_release(dsn, folder, SECOND).is_switched
