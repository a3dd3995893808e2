"""The statements of the built sample company add up from their own rows, and a cent changed in them is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

import duckdb
import pytest

from attain.publish import tables
from attain.statement import page, text
from attain.statement.rows import Row, Statement
from attain.statement.verify import first_fault, verify
from tests.transform import months
from tests.transform.conftest import BuiltHome


@pytest.fixture(scope="module")
def statements(built: BuiltHome) -> list[list[Row]]:
    with duckdb.connect(str(built.settings.warehouse_file), read_only=True) as engine:
        rows = tables.rows(engine, "select * from incentive.fct_statement_line order by payee_id, period, line_no")
    return [list(group) for _, group in groupby(rows, key=lambda row: (row["payee_id"], row["period"]))]


def of_step(statements: list[list[Row]], step: str) -> Iterator[tuple[list[Row], Row]]:
    return ((rows, row) for rows in statements for row in rows if row["step"] == step)


def test_every_statement_adds_up(statements: list[list[Row]]) -> None:
    assert len(statements) > 20
    for rows in statements:
        assert first_fault(verify(rows)) is None


def test_the_golden_line_is_told_in_words(statements: list[list[Row]]) -> None:
    row = next(row for _, row in of_step(statements, "slice") if row["earning_line_id"].startswith("team_sales|"))
    assert row["text_en"]
    assert "×" in row["text_en"]
    assert "档" in row["text_zh"]
    assert all(row["text_en"] and row["text_zh"] and row["rule_codes"] for rows in statements for row in rows)


@pytest.mark.parametrize(
    ("step", "column"),
    [
        ("line", "amount"),
        ("scale", "rate"),
        ("slice", "slice_amount"),
        ("quota", "effective_quota"),
        ("payable", "amount"),
    ],
)
def test_a_change_in_any_step_is_found(statements: list[list[Row]], step: str, column: str) -> None:
    seen = 0
    for rows, changed in of_step(statements, step):
        of_band = ("component_code", "window_code", "band_no")
        if step == "scale" and not any(
            row["step"] == "slice" and all(row[name] == changed[name] for name in of_band) for row in rows
        ):
            continue  # a band that no credit has reached
        seen += 1
        copies = [dict(row, **{column: row[column] + 1}) if row is changed else row for row in rows]
        assert first_fault(verify(copies)) is not None, changed["text_en"]
    assert seen > 3


def month_of(statements: list[list[Row]], employee_id: str, period: str) -> list[Row]:
    return next(rows for rows in statements if (rows[0]["payee_id"], rows[0]["period"]) == (employee_id, period))


# What is changed, in the first step of that name in the month, and by how much.
TAMPERED = [
    ("s_draw", "2026-01", "factor", "factor", "0.1"),
    ("s_draw", "2026-01", "counted", "target", "1"),
    ("s_draw", "2026-01", "counted", "slice_amount", "1"),
    ("s_draw", "2026-01", "threshold", "target", "-600"),
    ("s_draw", "2026-01", "threshold", "cumulative_before", "1"),
    ("s_draw", "2026-02", "threshold", "closing_balance", "1"),
    ("s_draw", "2026-02", "threshold", "unrounded_before", "1"),
    ("s_draw", "2026-02", "threshold", "unrounded_after", "0.000001"),
    ("s_draw", "2026-02", "threshold", "rate", "0.1"),
    ("s_draw", "2026-02", "scale", "target", "0.1"),
    ("s_draw", "2026-03", "cap", "target", "1"),
    ("s_draw", "2026-03", "cap", "opening_balance", "1"),
    ("s_draw", "2026-03", "cap", "closing_balance", "1"),
    ("s_draw", "2026-01", "draw", "target", "1"),
    ("s_draw", "2026-01", "draw", "slice_amount", "1"),
    ("s_draw", "2026-01", "draw", "lower_amount", "1"),
    ("s_draw", "2026-02", "draw_top_up", "amount", "1"),
    ("s_draw", "2026-02", "draw_recovery", "closing_balance", "1"),
    ("s_draw", "2026-03", "draw_recovery", "rate", "0.1"),
    ("s_draw", "2026-03", "draw_recovery", "lower_amount", "10"),
    ("s_draw", "2026-03", "draw_recovery", "opening_balance", "1"),
    ("s_draw", "2026-03", "draw_recovered", "amount", "1"),
    ("s_draw", "2026-01", "penalty_kpi", "slice_amount", "2000"),
    ("s_draw", "2026-01", "penalty_kpi", "target", "-2000"),
    ("s_draw", "2026-01", "penalty_kpi", "lower_amount", "-20"),
    ("s_draw", "2026-01", "penalty_kpi", "upper_amount", "1"),
    ("s_draw", "2026-01", "floor", "target", "120"),
    ("s_draw", "2026-01", "penalty", "amount", "1"),
    ("s_carry", "2026-01", "cap", "slice_amount", "1"),
    ("s_carry", "2026-02", "cap", "upper_amount", "-60"),
    ("s_carry", "2026-03", "cap", "lower_amount", "1"),
    ("s_back", "2026-01", "cap", "target", "-300"),
    ("s_back", "2026-02", "original_rate", "target", "1"),
    ("s_back", "2026-02", "original_rate", "slice_amount", "100"),
    ("s_back", "2026-02", "original_rate", "credited_amount", "100"),
    ("s_back", "2026-02", "original_rate", "lower_amount", "1"),
    ("s_back", "2026-02", "original_rate", "upper_amount", "1"),
    ("s_back", "2026-02", "original_rate", "active_days", "1"),
    ("s_back", "2026-02", "negative", "amount", "1"),
    ("s_back", "2026-03", "limit", "rate", "0.01"),
    ("s_back", "2026-03", "limit", "target", "10"),
    ("s_back", "2026-03", "limit", "lower_amount", "500"),
    ("s_back", "2026-03", "legal_limit", "amount", "1"),
    ("s_back", "2026-03", "recovered", "opening_balance", "1"),
    ("s_held", "2026-03", "penalty_kpi", "rate", "0.01"),
    ("s_held", "2026-03", "held_lines", "amount", "1"),
    ("s_held", "2026-03", "out_of_held", "amount", "1"),
    ("s_curve", "2026-01", "curve", "target", "1"),
    ("s_curve", "2026-01", "curve", "active_days", "-1"),
    ("s_curve", "2026-01", "curve", "cumulative_after", "1"),
    ("s_curve", "2026-01", "curve", "factor", "0.01"),
    ("s_curve", "2026-01", "curve_point", "lower_amount", "0.1"),
    ("s_curve", "2026-01", "curve_point", "rate", "0.1"),
    ("s_curve", "2026-01", "draw", "target", "1"),
    ("s_whole", "2026-01", "index", "cumulative_after", "-1000"),
    ("s_whole", "2026-01", "counted", "rate", "0.1"),
    ("s_whole", "2026-02", "threshold", "target", "5000"),
    ("s_before", "2026-02", "quota_month", "target", "1"),
    ("s_before", "2026-02", "quota_month", "ramp", "0.1"),
    ("s_before", "2026-02", "quota", "effective_quota", "1"),
    ("s_before", "2026-02", "index", "effective_quota", "1"),
    ("s_before", "2026-02", "scale", "target", "0.1"),
    ("s_split", "2026-01", "split", "rate", "0.0001"),
    ("s_split", "2026-01", "credit", "rate", "0.0001"),
    ("s_split", "2026-01", "credit", "slice_amount", "1"),
    ("s_split", "2026-01", "credit", "target", "0.01"),
    ("s_split", "2026-01", "credit", "band_no", "1"),
    ("s_split", "2026-02", "credit", "slice_amount", "40"),
    ("s_overlay", "2026-01", "split", "rate", "0.01"),
    ("s_overlay", "2026-01", "credit", "slice_amount", "1"),
    ("s_team", "2026-01", "split", "rate", "0.0001"),
    ("s_team", "2026-01", "credit", "target", "0.01"),
    ("s_deals", "2026-01", "scale", "rate", "0.01"),
    ("s_card", "2026-01", "grade", "lower_amount", "0.2"),
    ("s_card", "2026-01", "grade", "rate", "0.1"),
    ("s_card", "2026-01", "score", "rate", "0.1"),
]


@pytest.mark.parametrize(("plan", "period", "step", "column", "change"), TAMPERED)
def test_a_change_in_what_a_figure_is_worked_out_from_is_found(
    statements: list[list[Row]], plan: str, period: str, step: str, column: str, change: str
) -> None:
    rows = month_of(statements, months.employee_id(plan), period)
    place = next(number for number, row in enumerate(rows) if row["step"] == step)
    value = rows[place][column]
    changed = value + (int(change) if isinstance(value, int) else Decimal(change))
    copies = [*rows[:place], rows[place] | {column: changed}, *rows[place + 1 :]]
    assert first_fault(verify(rows)) is None
    assert first_fault(verify(copies)) is not None, rows[place]["text_en"]


@pytest.mark.parametrize(
    ("plan", "period", "step"),
    [
        ("s_draw", "2026-01", "factor"),
        ("s_draw", "2026-01", "counted"),
        ("s_draw", "2026-01", "threshold"),
        ("s_draw", "2026-01", "draw"),
        ("s_draw", "2026-03", "draw_recovery"),
        ("s_draw", "2026-03", "cap"),
        ("s_draw", "2026-01", "penalty_kpi"),
        ("s_back", "2026-02", "original_rate"),
        ("s_back", "2026-03", "limit"),
        ("s_curve", "2026-01", "curve"),
        ("s_curve", "2026-01", "curve_point"),
        ("s_whole", "2026-01", "index"),
        ("s_held", "2026-03", "out_of_held"),
        ("s_before", "2026-02", "quota_month"),
        ("s_split", "2026-01", "split"),
        ("s_overlay", "2026-01", "split"),
        ("s_team", "2026-01", "split"),
        ("s_card", "2026-01", "grade"),
    ],
)
def test_what_a_figure_is_worked_out_from_is_missed(
    statements: list[list[Row]], plan: str, period: str, step: str
) -> None:
    rows = month_of(statements, months.employee_id(plan), period)
    left = [row for row in rows if row["step"] != step]
    assert len(left) < len(rows)
    assert first_fault(verify(left)) is not None


# Each hand-computed: see the comments.
PAYABLE = {
    # Threshold not met: 132 - 132. Draw 200, penalty 50 at most 40.
    ("s_draw", "2026-01"): "160.00",
    # 2,700.495 x 5 % x 0.8 = 108.02; below the threshold lie 132 + 500 x 5 % x 0.8 = 152: 88.02. Draw to 200, less 40.
    ("s_draw", "2026-02"): "160.00",
    # Cap 400 less 88.02 leaves 311.98; half of what is above 100 goes back, 105.99; 10 % of 311.98 is the penalty.
    ("s_draw", "2026-03"): "174.79",
    # 250 under a cap of 100: 150 wait, and are paid in February (100) and March (50, beside 50 of its own).
    ("s_carry", "2026-01"): "100.00",
    ("s_carry", "2026-02"): "100.00",
    ("s_carry", "2026-03"): "100.00",
    # 660 and 240; the cap a deal takes 160. 660 x 11/12 x 740/900 x 11/12 = 455.99 comes back in February.
    ("s_back", "2026-01"): "740.00",
    ("s_back", "2026-02"): "0.00",
    # 450; of 3,450 of salary and pay 10 % may be recovered: 345.
    ("s_back", "2026-03"): "105.00",
    # 10 not held, penalty 10 % of 310 = 31: 21 of it come out of the 300 held.
    ("s_held", "2026-03"): "0.00",
    # 2,600 of 3,000: 30 % + 70 % x 36.6667 / 50 = 81.3334 %; 70 on top.
    ("s_curve", "2026-01"): "883.33",
    # 200 %: 250 % + 150 % on the last slope.
    ("s_curve", "2026-02"): "4070.00",
    ("s_curve", "2026-03"): "70.00",
    # Half of 1,500 counts, 750 are below 1,000; with half of 3,000 the 2,250 are all at 7 %.
    ("s_whole", "2026-01"): "0.00",
    ("s_whole", "2026-02"): "157.50",
    # Nothing in December; 900 of January's 1,500 are 60 %: 3 %; 2,000 of February's 3,000 are 66.6667 %.
    ("s_before", "2026-01"): "9.00",
    ("s_before", "2026-02"): "60.00",
    ("s_before", "2026-03"): "30.00",
    # 33.33, 33.34 and 33.33 % of 100.01: the cent goes to the 33.343334, which has the most left: 33.35.
    ("s_split", "2026-01"): "3.34",
    # 12.5 % of 100.01 are 12.50125: 12.50.
    ("s_overlay", "2026-01"): "1.25",
    ("s_team", "2026-01"): "0.33",
    # Two deals at 500 and 800.50.
    ("s_deals", "2026-01"): "1300.50",
    # 0.8 x 1 + 0.2 x 1 = 1: A, 1,500, and 1 % of 1,000. February: 0.8 x 0.1 = 0.08: C, 0.
    ("s_card", "2026-01"): "1510.00",
    ("s_card", "2026-02"): "1.00",
}


@pytest.mark.parametrize(("plan", "period"), PAYABLE)
def test_the_month_comes_to(statements: list[list[Row]], plan: str, period: str) -> None:
    rows = month_of(statements, months.employee_id(plan), period)
    assert rows[-1]["step"] == "payable"
    assert rows[-1]["amount"] == Decimal(PAYABLE[plan, period])


@pytest.mark.parametrize(
    ("plan", "period", "step", "english", "chinese"),
    [
        ("s_draw", "2026-01", "factor", "Factor on the credit × 1.1 (Days to the receipt: 10)", "（回款天数：10）"),
        ("s_draw", "2026-01", "credit", "2026-01-10 receipt of s_draw-1", "2026-01-10 到账 s_draw-1"),
        ("s_split", "2026-02", "credit", "2026-02-10 refund of s_split-shared", "2026-02-10 退款 s_split-shared"),
        ("s_draw", "2026-01", "threshold", "not met: nothing is paid yet", "未达到，暂不发放"),
        ("s_draw", "2026-03", "cap", "what is above is lost", "超出部分作废"),
        ("s_draw", "2026-03", "draw_recovery", "50 % of what is earned above 100, from 2026-03", "自 2026-03"),
        (
            "s_draw",
            "2026-01",
            "penalty_kpi",
            "Penalty Too little: Collected amount 2,000 is below 4,000: 50, at most 40",
            "扣罚 回款不足：回款额 2,000 低于 4,000",
        ),
        ("s_draw", "2026-01", "floor", "floor of 50", "不低于保底 50"),
        ("s_carry", "2026-02", "cap", "carried in 150", "上期结转 150"),
        ("s_carry", "2026-02", "line", "Paid of what was carried in: 100", "发放上期结转：100"),
        ("s_carry", "2026-01", "draw", "Guarantee: pay is at least 90", "保底：至少发放 90"),
        ("s_back", "2026-02", "original_rate", "the line earned 660", "原明细计奖 660"),
        ("s_back", "2026-03", "limit", "at most 10 % of salary 3,000", "工资 3,000"),
        ("s_held", "2026-03", "out_of_held", "comes out of the held lines: 21", "从暂缓明细中扣：21"),
        ("s_curve", "2026-01", "curve", "attainment 86.6667 %", "达成率 86.6667 %"),
        ("s_curve", "2026-01", "draw", "Draw on top of what is earned, not paid back: 70", "固定补贴（不扣还）：70"),
        ("s_whole", "2026-01", "index", "its band prices the whole", "全部业绩"),
        ("s_before", "2026-02", "quota_month", "Other period, 2026-01: target 3,000 × ramp 50 %", "其他期间 2026-01："),
        ("s_split", "2026-01", "split", "Split 1 of s_split-shared: 33.33 % of the amount in CNY", "第 1 份分成"),
        (
            "s_overlay",
            "2026-01",
            "split",
            "Overlay 1 of s_split-shared: 12.5 % of the amount in CNY",
            "第 1 份重复计分",
        ),
        (
            "s_team",
            "2026-01",
            "line",
            "Override on s_split-shared, credit of s_split (G-s_split): 0.33",
            "团队提成 s_split-shared（s_split G-s_split 的业绩）：0.33",
        ),
        ("s_team", "2026-02", "line", "credit of s_split (G-s_split): -0.17", "（s_split G-s_split 的业绩）：-0.17"),
        ("s_deals", "2026-01", "scale", "Band 1: from 0 to 1 at 500 CNY a deal", "单价 500 CNY/单"),
        ("s_deals", "2026-01", "slice", "1 in the band from 0 to 1 × 500 CNY a deal", "× 500 CNY/单"),
        ("s_card", "2026-01", "score_kpi", "Collected amount: 1,000 of 1,000", "回款额：实际 1,000"),
        ("s_card", "2026-01", "score_range", "Objective visits counts in full", "考核目标 visits 在"),
        (
            "s_card",
            "2026-01",
            "grade",
            "Grade A: a score from 0.9 on, coefficient 1.5",
            "等级 A：得分 0.9 起，系数 1.5",
        ),
        ("s_card", "2026-01", "score", "Score 1, grade A: base 1,000", "得分 1，等级 A"),
    ],
)
def test_each_kind_of_step_has_words_of_its_own(
    statements: list[list[Row]], plan: str, period: str, step: str, english: str, chinese: str
) -> None:
    row = next(row for row in month_of(statements, months.employee_id(plan), period) if row["step"] == step)
    assert english in row["text_en"]
    assert chinese in row["text_zh"]


def test_a_card_is_headed_by_its_title(statements: list[list[Row]]) -> None:
    card = Statement("G-s_card", "s_card", "", "2026-01", "r", month_of(statements, "G-s_card", "2026-01"))
    assert "== s_card · Monthly review 月度考核 (review) · 2026-01 · CNY" in text.render(card)
    assert "== s_card · 月度考核 (review) · 2026-01 · CNY" in text.render(card, "zh")
    assert "<h3>Monthly review 月度考核 <small>review</small> ·" in page.render([card])
    older = replace(card, rows=[{k: v for k, v in row.items() if k != "component_en"} for row in card.rows])
    assert "== s_card · review · 2026-01 · CNY" in text.render(older)
    assert "<h3>review ·" in page.render([older])


def test_a_split_names_nobody_else_and_an_override_the_subordinate(statements: list[list[Row]]) -> None:
    for plan, named in (("s_split", set()), ("s_overlay", set()), ("s_team", {"G-s_split"})):
        rows = month_of(statements, months.employee_id(plan), "2026-01")
        assert {row["subordinate_id"] for row in rows} - {None} == named
        assert not [row for row in rows if "nobody" in f"{row['text_en']} {row['text_zh']}"]


def test_statements_end_in_the_payouts(built: BuiltHome) -> None:
    assert built.rows(
        "select count(*) from incentive.fct_payout as payout left join incentive.fct_statement_line as step"
        " on step.step = 'payable' and step.payee_id = payout.payee_id and step.period = payout.period"
        " and step.plan_code = payout.plan_code and step.currency_code = payout.currency_code"
        " where step.amount is distinct from payout.payable_amount or step.running_total <> payout.payable_amount"
    ) == [(0,)]
