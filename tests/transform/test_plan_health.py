"""Golden rows of the reports on plans, quotas and people's growth: the sample company, worked out by hand."""

from __future__ import annotations

from tests.transform.conftest import BuiltHome
from tests.transform.test_published import same


def test_what_a_plan_costs_and_brings(built: BuiltHome) -> None:
    """E1 is paid 125 + 735 + 760 = 1,620 for 2,500 + 12,000 - 3,000 = 11,500 collected of a quota of 15,000.

    Bo (E2) has no target, and what came after his last day is no revenue of the plan. Cem (E3) has 1,500 USD of a
    quota of 2,000 at a ramp of 50 %, and is paid 40.
    """
    same(
        built.rows(
            "select plan_code, plan_version, period, currency_code, revenue_basis, is_complete, payees, payees_paid,"
            " pay_amount, revenue_amount, cost_ratio, cost_ratio_reason, payees_without_attainment, payees_50_to_80,"
            " payees_above_120, payees_at_target, at_target_ratio, attained_total, quota_total, attainment,"
            " excellence_pay_amount, excellence_average_amount, threshold_average_amount, pay_rank_reason"
            " from incentive.rpt_plan_effectiveness where plan_code in ('team_sales', 'abroad')"
            " and period in ('2026-Q1', '2026-01', '2025')"
        ),
        [
            (
                *("team_sales", "2025", "2025", "CNY", "collected", True, 2, 0, "0", "0", None),
                *("no revenue was credited", 2, 0, 0, 0, None, None, None, None, "0", None, None),
                "fewer than 5 payees with an attainment",
            ),
            (
                *("team_sales", "2025", "2026-01", "CNY", "collected", True, 2, 1, "125", "2500", "0.05", None),
                *(1, 1, 0, 0, "0", "2500", "5000", "0.5", "0", None, None, "fewer than 5 payees with an attainment"),
            ),
            (
                *("team_sales", "2025", "2026-Q1", "CNY", "collected", True, 2, 1, "1620", "11500", "0.14087", None),
                *(1, 1, 0, 0, "0", "11500", "15000", "0.766667", "0", None, None),
                "fewer than 5 payees with an attainment",
            ),
            (
                *("abroad", "2025", "2026-Q1", "USD", "booked", True, 1, 1, "40", "1500", "0.026667", None),
                *(0, 0, 1, 1, "1", "1500", "1000", "1.5", "40", "40", None, "fewer than 5 payees with an attainment"),
            ),
        ],
    )


def test_where_deals_bunch_and_what_gains_cost(built: BuiltHome) -> None:
    """Of D1, D2, D10 and K1 none is of a month's last 3 days, of which the quarter has 9 of 90.

    February brings 12,000 and costs 735, January 2,500 and 125: 610 for 9,500 more. In March less was credited.
    """
    same(
        built.rows(
            "select period, bound_windows_above, bound_windows_below, booked_deals, month_end_deals, month_end_ratio,"
            " month_end_days, counted_days, month_end_expected_ratio, previous_period, incremental_pay_amount,"
            " incremental_revenue_amount, incremental_cost_ratio, incremental_reason, last_year_incremental_reason,"
            " previous_version"
            " from incentive.rpt_plan_effectiveness where plan_code = 'team_sales' and period in ('2026-Q1', '2026-02')"
        ),
        [
            (
                *("2026-02", 0, 0, 2, 0, "0", 3, 28, "0.107143", "2026-01", "610", "9500", "0.064211", None),
                *("no revenue to compare with", None),
            ),
            (
                *("2026-Q1", 0, 0, 4, 0, "0", 9, 90, "0.1", "2025-Q4", "1620", "11500", None),
                *("no revenue to compare with", "no revenue to compare with", None),
            ),
        ],
    )
    assert built.rows(
        "select incremental_cost_ratio, incremental_reason from incentive.rpt_plan_effectiveness"
        " where plan_code = 'team_sales' and period = '2026-03'"
    ) == [(None, "revenue did not rise")]


def test_groups_beside_the_others(built: BuiltHome) -> None:
    """Ann is the only one of her plan with an attainment: her team has no others, and nobody is compared."""
    same(
        built.rows(
            "select dimension, group_name, payees, median_attainment, attained_total, quota_total, attainment,"
            " other_payees, other_attainment, ahead_ratio, verdict, reason_en, reason_zh"
            " from incentive.rpt_quota_fairness where plan_code = 'team_sales' and period = '2026-Q1'"
        ),
        [
            (
                *(dimension, group, 1, "0.766667", "11500", "15000", "0.766667", 0, None, None, "too few"),
                "1 in the group and 0 others: fewer than 5 are not compared",
                "本组1人，其他0人：少于5人不作比较",
            )
            for dimension, group in (
                ("region", "unknown"),
                ("segment", "Retail"),
                ("team", "South"),
                ("tenure_group", "1 to 3 years"),
            )
        ],
    )


def test_places_of_people(built: BuiltHome) -> None:
    """Ann is first of one in February, 2.4 of her quota after 0.5 in January; Bo has no target."""
    same(
        built.rows(
            "select employee_id, role, tenure_group, active_days, attained_total, quota_total, attainment, is_ranked,"
            " unranked_reason, rank_in_role, people_in_role, is_champion, previous_attainment, attainment_change,"
            " change_reason, improvement_rank_in_role from appraisal.fct_leaderboard"
            " where plan_code = 'team_sales' and period = '2026-02'"
        ),
        [
            (
                *("E1", "AE", "1 to 3 years", 28, "12000", "5000", "2.4", True, None, 1, 1, False, "0.5", "1.9", None),
                1,
            ),
            (
                *("E2", "AE", "1 to 3 years", 28, "0", None, None, False, "no target", None, 1, False, None, None),
                *("no target", None),
            ),
        ],
    )


def test_nobody_is_a_champion_among_few(built: BuiltHome) -> None:
    """Ann won 1.3 of 2.3 deals in the quarter, but one person has nobody to learn from."""
    same(
        built.rows(
            "select champions, others, other_numerator, other_denominator, other_value, difference, difference_reason"
            " from appraisal.rpt_champion_practice"
            " where plan_code = 'team_sales' and period = '2026-Q1' and kpi_code = 'win_rate'"
        ),
        [(0, 1, "1.3", "2.3", "0.565217", None, "fewer than 8 people are ranked in the role")],
    )


def test_who_was_trained_and_what_it_changed(built: BuiltHome) -> None:
    """Ann and Bo attended K-1, a quarter apart, and nobody ranked before and after; E9 is nobody of the register."""
    same(
        built.rows(
            "select course_code, course_name, role, quarter, before_quarter, after_quarter, people_trained, attendees,"
            " others, effect, effect_reason, verdict from appraisal.rpt_training_effect"
        ),
        [
            (
                *("K-1", "Closing", "AE", "2025-Q4", "2025-Q3", "2026-Q1", 1, 0, 0, None),
                *("fewer than 5 attendees are ranked before and after", "too few"),
            ),
            (
                *("K-1", "Closing", "AE", "2026-Q1", "2025-Q4", "2026-Q2", 1, 0, 0, None),
                *("the quarter after is not over", "too few"),
            ),
        ],
    )


def test_nobody_lacks_a_skill_among_few(built: BuiltHome) -> None:
    """The largest role has two people."""
    assert built.rows("select count(*) from appraisal.fct_training_need") == [(0,)]
