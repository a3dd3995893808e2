"""The benchmark of pay measures two ways to the same lines: were they not the same, its ratio would mean nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb
import pytest

BENCH = Path(__file__).parents[2] / "bench/pay.py"
ROWS = 2_000


def test_attain_the_script_and_pandas_pay_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    described = importlib.util.spec_from_file_location("bench_pay", BENCH)
    assert described is not None
    assert described.loader is not None
    pay = importlib.util.module_from_spec(described)
    described.loader.exec_module(pay)
    measured = pay.run(tmp_path, [ROWS])[ROWS]
    assert measured["differ"]["lines"] == ROWS
    assert measured["differ"]["plain"] == 0
    assert measured["differ"]["pandas"] == 0
    assert measured["ours"]["seconds"] > 0
    printed = capsys.readouterr().out
    assert "2,000 lines, attain" in printed
    with duckdb.connect(str(tmp_path / f"home_{ROWS}/plain.duckdb"), read_only=True) as connection:
        written = connection.execute(
            """
            select
                count(*) filter (counted_amount < 0 and earned_amount < 0),
                count(*) filter (band_parts like '%, {%'),
                count(distinct effective_rate) filter (band_parts not like '%, {%')
            from earning_line
            """
        ).fetchone()
    assert written is not None
    refunds, crossing, rates = written
    assert refunds == ROWS // 33
    assert crossing > 100
    assert rates == 4
