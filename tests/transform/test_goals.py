"""Goals as managers read them: what the small company's people were asked for, and what can be said of it.

The company is three months old: nothing has a baseline or a distribution, so no goal is SMART, and each says why.
"""

from __future__ import annotations

from tests.transform.conftest import BuiltHome
from tests.transform.test_published import OF_SAMPLE, same

COMMISSION, REVIEW, ABROAD = "team_sales.commission, team_sales.review", "team_sales.review", "abroad.commission"


def test_goals(built: BuiltHome) -> None:
    same(
        built.rows(
            "select employee_id, kpi_code, period, currency_code, target_value, plan_links, actual_value, status"
            " from appraisal.fct_goal where (kpi_code <> 'win_rate' or period_type <> 'month')"
            f" and {OF_SAMPLE.format('employee_id')}"
        ),
        [
            ("E1", "collected_amount", "2026-01", "CNY", "5000", COMMISSION, "2500", "missed"),
            ("E1", "collected_amount", "2026-02", "CNY", "5000", COMMISSION, "12000", "reached"),
            ("E1", "collected_amount", "2026-03", "CNY", "5000", COMMISSION, "-3000", "missed"),
            ("E1", "collected_amount", "2026-Q1", "CNY", "15000", COMMISSION, "11500", "missed"),
            ("E1", "collected_amount", "2026", "CNY", "15000", COMMISSION, "11500", "running"),
            # 1.3 of 2.3 deals: a ratio has the target of its last month
            ("E1", "win_rate", "2026-Q1", "", "0.5", REVIEW, "0.565217", "reached"),
            ("E1", "win_rate", "2026", "", "0.5", REVIEW, "0.565217", "running"),
            # 1,400 and 710 yuan at 0.14084507
            ("E3", "booked_amount", "2026-03", "USD", "2000", ABROAD, "1500", "missed"),
            ("E3", "booked_amount", "2026-Q1", "USD", "2000", ABROAD, "1500", "missed"),
            ("E3", "booked_amount", "2026", "USD", "2000", ABROAD, "1500", "running"),
        ],
    )


def test_a_goal_that_is_not_smart_says_why_in_both_languages(built: BuiltHome) -> None:
    (goal,) = built.rows(
        "select is_smart, is_specific, is_measurable, is_achievable, is_relevant, faults, reason_en, reason_zh"
        " from appraisal.fct_goal where employee_id = 'E3' and period = '2026-03'"
    )
    assert goal[:6] == (False, True, False, None, True, 1)
    assert goal[6].startswith("Measurable: nothing is known to start from") and "only 0 past changes" in goal[6]
    assert goal[7].startswith("可衡量：没有可比基数") and "同比变化只有 0 次" in goal[7]


def test_proposals_stand_on_their_factors(built: BuiltHome) -> None:
    """January to March are too few months of one's own: the proposal is the role's average, and says so."""
    rows = built.rows(
        "select level_kind, season_index, growth_index, history_value = suggested_value,"
        " abs(history_value - level_value * ramp) < 0.000002, method_en, method_zh from appraisal.rpt_goal_suggestion"
    )
    assert rows
    for kind, season, growth, is_history, is_product, method_en, method_zh in rows:
        assert (kind, season, growth, is_history, is_product) == ("role", 1, 1, True, True)
        assert "months of the role" in method_en and "同岗位" in method_zh
