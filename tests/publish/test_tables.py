"""The published tables: exact, sorted, described, and nothing else."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import duckdb
import pytest

from attain.errors import AttainError, BadInput
from attain.publish import audit, tables
from attain.settings import Settings


def shapes_of(settings: Settings) -> list[tables.Table]:
    return tables.published(settings.warehouse_file, settings.dbt_project / "models" / "marts")


def test_parquet_and_duckdb_hold_the_candidate_and_nothing_private(published_home: Path, folder: Path) -> None:
    with duckdb.connect() as engine:
        engine.execute(f"attach '{published_home / 'warehouse' / 'attain.duckdb'}' as candidate (read_only)")
        engine.execute(f"attach '{folder / 'attain.duckdb'}' as published (read_only)")
        names = [
            f"{schema}.{table}"
            for schema, table in engine.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'published' order by all"
            ).fetchall()
        ]
        files = {path.relative_to(folder / "parquet").as_posix() for path in folder.glob("parquet/**/*.parquet")}
        assert files == {name.replace(".", "/") + ".parquet" for name in names}
        assert {name.split(".")[0] for name in names} == {"kpi", "incentive", "appraisal", "audit"}
        made = {"audit.release", "audit.gate_result"}
        assert len(set(names) - made) == len(names) - 2
        for name in names:
            file = folder / "parquet" / (name.replace(".", "/") + ".parquet")
            sources = [f"published.{name}"] + ([] if name in made else [f"candidate.{name}"])
            for source in sources:
                for left, right in ((source, f"'{file}'"), (f"'{file}'", source)):
                    different = engine.execute(f"select * from {left} except all select * from {right}").fetchall()
                    assert different == [], f"{left} against {right}"
                types = engine.execute(f"select column_name, column_type from (describe {source})").fetchall()
                assert types == engine.execute(f"select column_name, column_type from (describe '{file}')").fetchall()


def test_rows_are_sorted_by_primary_key_or_by_all_columns(folder: Path) -> None:
    with tables.connect(folder) as engine:
        payouts = engine.execute("select payout_id from incentive.fct_payout").fetchall()
        keyless = engine.execute("select * from appraisal.scratch").fetchall()
    assert payouts == sorted(payouts)
    assert len(payouts) == 7
    assert keyless == [("A", 3), ("a", 1), ("a", 2)]


def test_tables_and_columns_keep_their_descriptions_and_keys(settings, make_candidate, tmp_path: Path) -> None:
    make_candidate(settings)
    (tmp_path / "incentive").mkdir()
    (tmp_path / "incentive" / "models.yml").write_text(
        """
models:
  - name: fct_payout
    description: one row a payee and month
    config: {meta: {label_zh: 应付, description_zh: 每人每月一行, primary_key: [payable_amount, payout_id]}}
    columns:
      - name: payable_amount
        description: what is paid out for the month
        config: {meta: {label_zh: 应付, description_zh: 本月应支付的金额}}
      - name: payout_id
        description: of a model that says nothing in Chinese
""",
        encoding="utf-8",
    )
    shapes = tables.published(settings.warehouse_file, tmp_path)
    counts = tables.export(settings.warehouse_file, shapes, [], tmp_path, tmp_path)
    with duckdb.connect(str(tables.build_database(shapes, tmp_path, tmp_path, counts)), read_only=True) as engine:
        columns = engine.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns() where comment is not null"
        ).fetchall()
        about = engine.execute("select table_name, comment from duckdb_tables() where comment is not null").fetchall()
    assert sorted(columns) == [
        ("incentive", "fct_payout", "payable_amount", "应付: what is paid out for the month · 本月应支付的金额"),
        ("incentive", "fct_payout", "payout_id", "of a model that says nothing in Chinese"),
    ]
    assert about == [("fct_payout", "应付: one row a payee and month · 每人每月一行")]
    with tables.connect(tmp_path) as engine:
        amounts = [row[0] for row in engine.execute("select payable_amount from incentive.fct_payout").fetchall()]
    assert amounts == sorted(amounts)


def test_the_project_describes_what_it_publishes(settings, make_candidate) -> None:
    make_candidate(settings)
    payout = next(shape for shape in shapes_of(settings) if shape.full_name == "incentive.fct_payout")
    assert payout.primary_key == ("payout_id",)
    shapes = [payout, audit.RELEASE, audit.GATE_RESULT]
    texts = [
        text for shape in shapes for text in (shape.description, *(column.description for column in shape.columns))
    ]
    assert len(texts) > 45
    both = re.compile(r"[\u4e00-\u9fff]+\S*: .*[a-z].* · .*[\u4e00-\u9fff].*")
    assert not [text for text in texts if not both.fullmatch(text) or len(text) > 500]


def test_the_duckdb_file_is_closed_and_read_only(folder: Path) -> None:
    file = folder / "attain.duckdb"
    assert not file.with_name("attain.duckdb.wal").exists()
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    with duckdb.connect(str(file), read_only=True) as engine:
        assert engine.execute("select count(*) from incentive.fct_payout").fetchall() == [(7,)]
    assert not file.with_name("attain.duckdb.wal").exists()


def test_the_gate_and_the_release_are_tables_too(folder: Path) -> None:
    with tables.connect(folder) as engine:
        (about,) = tables.rows(engine, "select * from audit.release")
        results = tables.rows(engine, "select check_name, outcome, failing_rows from audit.gate_result order by 1")
    assert (about["checks_run"], about["checks_passed"], about["delivery_count"]) == (4, 2, 1)
    assert about["business_timezone"] == "Asia/Shanghai"
    assert [tuple(row.values()) for row in results] == [
        ("blank", "failed", 3),
        ("range", "failed", 1),
        ("to the cent", "passed", 0),
        ("unique", "passed", 0),
    ]


@pytest.mark.parametrize("kind", ["hugeint", "json", "timestamptz", "integer[]"])
def test_a_type_that_parquet_cannot_keep_is_refused(settings, make_candidate, kind: str) -> None:
    make_candidate(settings)
    with duckdb.connect(str(settings.warehouse_file)) as warehouse:
        try:
            warehouse.execute(f"create table kpi.odd (value {kind})")
        except duckdb.Error as problem:
            pytest.skip(f"this DuckDB has no such type: {problem}")
    with pytest.raises(BadInput, match=r"kpi\.odd\.value is "):
        shapes_of(settings)


def test_a_table_that_publishing_makes_must_not_be_in_the_candidate(settings, make_candidate, tmp_path: Path) -> None:
    make_candidate(settings)
    shape = tables.Table("audit", "hold", (tables.Column("hold_id", "VARCHAR"),))
    shapes = shapes_of(settings)
    with pytest.raises(AttainError, match=r"audit\.hold is made while publishing"):
        tables.export(settings.warehouse_file, shapes, [tables.MadeTable(shape, [])], tmp_path, tmp_path)


def test_rows_lost_on_the_way_into_the_duckdb_file_are_seen(settings, make_candidate, tmp_path: Path) -> None:
    make_candidate(settings)
    shapes = shapes_of(settings)
    counts = tables.export(settings.warehouse_file, shapes, [], tmp_path, tmp_path)
    with pytest.raises(AttainError, match=r"incentive\.fct_payout: 8 rows in Parquet but 7"):
        tables.build_database(shapes, tmp_path, tmp_path, {**counts, "incentive.fct_payout": 8})


def test_a_log_left_beside_the_duckdb_file_is_refused(settings, make_candidate, tmp_path: Path) -> None:
    make_candidate(settings)
    shapes = shapes_of(settings)
    counts = tables.export(settings.warehouse_file, shapes, [], tmp_path, tmp_path)
    (tmp_path / "attain.duckdb.wal").mkdir()
    with pytest.raises((AttainError, duckdb.Error), match=r"attain\.duckdb\.wal"):
        tables.build_database(shapes, tmp_path, tmp_path, counts)


def test_no_warehouse_and_an_empty_one(settings) -> None:
    with pytest.raises(BadInput, match="no candidate"):
        shapes_of(settings)
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    duckdb.connect(str(settings.warehouse_file)).close()
    with pytest.raises(BadInput, match="no published table"):
        shapes_of(settings)
