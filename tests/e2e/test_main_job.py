"""The main job through the command line: published, unchanged, one more file, refused, undone, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from attain.settings import PROJECT_ROOT
from tests.e2e.conftest import ATTAIN, attain, current, query


def test_the_end_of_a_run_is_worth_reading(sample_home: Path) -> None:
    said = (sample_home / "first_run.txt").read_text(encoding="utf-8")
    assert current(sample_home).name in said
    assert len(said.splitlines()) <= 60
    for word in ("CNY", "USD", "payouts.xlsx", "quarantine"):
        assert word in said, word
    totals = query(
        sample_home,
        """
        select currency_code, sum(payable_amount) from incentive.fct_payout
        where period = (select max(period) from incentive.fct_payout) group by currency_code
        """,
    )
    assert totals
    for currency, amount in totals:
        assert f"{amount:,.2f}" in said, f"{currency} {amount:,.2f}"


def test_what_plans_cost_and_bring_is_what_pandas_finds(sample_home: Path) -> None:
    """Pay, revenue, ranges of attainment and rank correlation of each version and quarter, from other tables."""
    with duckdb.connect(str(current(sample_home) / "attain.duckdb"), read_only=True) as connection:
        report = connection.sql(
            "select * from incentive.rpt_plan_effectiveness where period_type = 'quarter' and pay_amount <> 0"
        ).df()
        payouts = connection.sql("select * from incentive.fct_payout").df()
        lines = connection.sql("select * from incentive.fct_earning_line").df()
    for frame, month in ((payouts, "period"), (lines, "origin_period")):
        starts = frame[month].str[5:7].astype(int)
        frame["quarter"] = frame[month].str[:4] + "-Q" + ((starts + 2) // 3).astype(str)
    payouts["pay"] = (
        payouts["earned_amount"]
        + payouts["draw_top_up_amount"]
        - payouts["draw_recovered_amount"]
        - payouts["penalty_amount"]
    )
    paid = payouts.groupby(["plan_code", "quarter"])["pay"].sum().round(2)
    assert len(report) >= 15
    assert report.groupby(["plan_code", "period"])["pay_amount"].sum().round(2).to_dict() == {
        key: pay for key, pay in paid.to_dict().items() if pay
    }
    counted = lines[lines["counted_amount"].notna() & (lines["line_type"] == "earning")]
    revenue = counted.groupby(["plan_code", "plan_version", "quarter"])["credited_amount"].sum()
    earned = lines.groupby(["plan_code", "plan_version", "quarter", "payee_id"])["earned_amount"].sum()
    windows = counted.groupby(["plan_code", "plan_version", "window_code", "payee_id"])
    attained = windows["credited_amount"].sum() / windows["effective_quota"].first()
    # Of a version with several components one is measured (docs/reports.md); those checked here have one, on amounts.
    kinds = counted.groupby(["plan_code", "plan_version"])[["component_code", "measure"]].agg(set)
    simple = {key for key, row in kinds.iterrows() if len(row["component_code"]) == 1 and row["measure"] == {"amount"}}
    assert {plan for plan, _ in simple} >= {"direct_sales", "hardware_sales", "new_hires", "sales_management"}
    compared = 0
    for row in report.itertuples():
        key = (row.plan_code, row.plan_version, row.period)
        if key[:2] not in simple:
            continue
        assert float(row.revenue_amount) == pytest.approx(revenue[key], abs=0.01)
        assert float(row.cost_ratio) == pytest.approx(float(row.pay_amount) / revenue[key], abs=2e-6)
        if row.plan_code != "direct_sales" or not row.is_complete:
            continue  # its windows are quarters; the other plan's are months
        shares = attained[key].dropna()
        nothing_sold = row.payees_with_attainment - len(shares)  # has no line to be found by
        bounds = [float("-inf"), 0.5, 0.8, 1.0, 1.2, float("inf")]
        assert [
            *(row.payees_below_50 - nothing_sold, row.payees_50_to_80, row.payees_80_to_100, row.payees_100_to_120),
            row.payees_above_120,
        ] == [int(((shares >= low) & (shares < high)).sum()) for low, high in pairwise(bounds)]
        if nothing_sold == 0:
            ranks = earned[key].reindex(shares.index).corr(shares, method="spearman")
            assert float(row.pay_rank_correlation) == pytest.approx(ranks, abs=6e-5)
            compared += 1
    assert compared >= 3


def test_the_sample_company_shows_every_kind_of_pay(sample_home: Path) -> None:
    """Managers, trainees, account and channel managers are paid by the plans that are shipped, and it can be seen."""
    paid = query(sample_home, "select distinct plan_code from incentive.fct_payout where earned_amount > 0")
    assert {plan for (plan,) in paid} >= {
        *("direct_sales", "hardware_sales", "sales_management", "account_management", "channel", "new_hires"),
    }
    roles = query(sample_home, "select distinct credit_role from incentive.fct_earning_line where earned_amount <> 0")
    assert {"revenue", "overlay", "override"} <= {role for (role,) in roles}
    teams = query(
        sample_home,
        "select count(*) from appraisal.fct_scorecard_line where kpi_code like 'team:%' and attainment is not null",
    )
    assert teams[0][0] > 20
    draws = query(
        sample_home,
        "select max(draw_top_up_amount), max(draw_recovered_amount), max(closing_draw_balance)"
        " from incentive.fct_payout where plan_code = 'new_hires'",
    )
    assert all(amount > 0 for amount in draws[0])


def test_a_second_run_publishes_nothing_new(copy_of_sample: Path) -> None:
    before = current(copy_of_sample)
    stamp = before.stat().st_mtime_ns
    again = attain(copy_of_sample, "run")
    assert again.returncode == 0, again.stderr
    assert "nothing new" in again.stdout.lower()
    assert current(copy_of_sample) == before
    assert before.stat().st_mtime_ns == stamp
    assert len(json.loads(attain(copy_of_sample, "--json", "releases").stdout)) == 1


def test_one_more_file_makes_one_more_release(copy_of_sample: Path) -> None:
    before = current(copy_of_sample)
    assert attain(copy_of_sample, "demo", "--late-file").returncode == 0
    assert attain(copy_of_sample, "run").returncode == 0
    after = current(copy_of_sample)
    assert after != before
    assert before.is_dir(), "the release before stays for those who still read it"
    inputs = [len(json.loads((release / "receipt.json").read_text())["inputs"]) for release in (before, after)]
    assert inputs[1] == inputs[0] + 1


def test_a_corrupted_export_is_refused_and_can_be_undone(copy_of_sample: Path) -> None:
    before = current(copy_of_sample)
    assert attain(copy_of_sample, "demo", "--corrupt", "refund_sign").returncode == 0
    refused = attain(copy_of_sample, "run")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert current(copy_of_sample) == before, "what was current stays current"
    said = refused.stdout
    assert "refus" in said.lower()
    assert "refund" in said.lower(), "what failed"
    assert "finance/receipts" in said, "which file"
    assert "attain withdraw" in said, "what to do"
    deliveries = json.loads(attain(copy_of_sample, "--json", "deliveries").stdout)
    culprit = max(deliveries, key=lambda delivery: delivery["sequence"])["delivery_id"]
    assert culprit in said, "the delivery to withdraw is named"
    names = [name for (name,) in query(copy_of_sample, "select full_name from kpi.dim_employee")]
    assert any(str(name) in said for name in names) or "payee" in said.lower(), "which payees"

    assert attain(copy_of_sample, "publish").returncode == 1, "a refused candidate can't be published by hand either"
    assert current(copy_of_sample) == before

    assert attain(copy_of_sample, "withdraw", culprit, "--reason", "refunds lost their sign").returncode == 0
    healed = attain(copy_of_sample, "run")
    assert healed.returncode == 0, healed.stdout + healed.stderr
    assert current(copy_of_sample) == before, "the same inputs are the same release"


def test_rollback_and_verify(copy_of_sample: Path) -> None:
    first = current(copy_of_sample)
    attain(copy_of_sample, "demo", "--late-file")
    assert attain(copy_of_sample, "run").returncode == 0
    assert attain(copy_of_sample, "rollback", first.name).returncode == 0
    assert current(copy_of_sample) == first
    assert attain(copy_of_sample, "run").returncode == 0
    assert current(copy_of_sample) == first, "what a person took back is not brought back by the next run"
    assert attain(copy_of_sample, "verify").returncode == 0
    table = first / "parquet" / "incentive" / "fct_payout.parquet"
    table.chmod(0o644)
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    broken = attain(copy_of_sample, "verify")
    assert broken.returncode == 2
    assert "fct_payout" in broken.stderr


@pytest.mark.parametrize("seconds", [4, 20])
def test_killed_anywhere_the_next_run_finishes(sample_home: Path, tmp_path: Path, seconds: float) -> None:
    """kill -9 after some seconds; the second run ends in the very release that an undisturbed run makes."""
    home = tmp_path / "home"
    assert attain(home, "demo").returncode == 0
    process = subprocess.Popen(
        [str(ATTAIN), "run"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ATTAIN_HOME": str(home), "LANG": "C.UTF-8"},
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    second = attain(home, "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert current(home).name == current(sample_home).name
    tables = "select * exclude (known_at) from incentive.fct_credit_line order by all"
    assert query(home, tables) == query(sample_home, tables)
    assert not [path for path in (home / "releases").iterdir() if path.name.startswith(".")]


def test_two_runs_at_once_do_not_mix(copy_of_sample: Path) -> None:
    attain(copy_of_sample, "demo", "--late-file")
    command = [sys.executable, "-c", HOLD_THE_LOCK]
    holder = subprocess.Popen(
        command, env={**os.environ, "ATTAIN_HOME": str(copy_of_sample)}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        busy = attain(copy_of_sample, "run")
        assert busy.returncode == 3, busy.stdout + busy.stderr
        assert str(holder.pid) in busy.stderr
    finally:
        holder.kill()
        holder.wait(timeout=10)
    assert attain(copy_of_sample, "run").returncode == 0


HOLD_THE_LOCK = """
import time
from attain.control import lock
from attain.settings import Settings
with lock.writer(Settings.from_environment()):
    print("held", flush=True)
    time.sleep(120)
"""
