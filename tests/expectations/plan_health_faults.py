"""How each critical promise of the tables on plans, quotas and people's growth is broken, and no other of the table."""

from __future__ import annotations

from collections.abc import Mapping

_EFFECTIVENESS = "incentive.rpt_plan_effectiveness"
_FAIRNESS = "incentive.rpt_quota_fairness"
_LEADERS = "appraisal.fct_leaderboard"
_CHAMPIONS = "appraisal.rpt_champion_practice"
_NEEDS = "appraisal.fct_training_need"
_EFFECTS = "appraisal.rpt_training_effect"


def _changes(table: str, changes: Mapping[str, str]) -> dict[tuple[str, str], str]:
    return {(table, name): f"update {table} set {change}" for name, change in changes.items()}


# (table, expectation) → SQL.
FAULTS: dict[tuple[str, str], str] = {
    (_EFFECTIVENESS, "period_type_be_in_set"): (
        f"insert into {_EFFECTIVENESS} by name select * replace ('y' as plan_effectiveness_id, "
        f"'week' as period_type, '2026-W1' as period) from {_EFFECTIVENESS} where period = '2026'"
    ),
    (_EFFECTIVENESS, "pay_is_that_of_the_payouts"): (
        "update incentive.fct_payout set penalty_amount = 1 where payout_id = 'E12026-01'"
    ),
    (_FAIRNESS, "groups_add_up_to_the_plan"): f"delete from {_FAIRNESS} where group_name = 'north'",
    **_changes(
        _EFFECTIVENESS,
        {
            "plan_effectiveness_id_not_be_null": "plan_effectiveness_id = null where period = '2026-02'",
            "plan_effectiveness_id_be_unique": "plan_effectiveness_id = 'direct|1|2026|CNY' where period = '2026-02'",
            "cost_ratio_is_pay_over_revenue": "cost_ratio = 0.051 where period = '2026-02'",
            "everybody_is_in_one_range": "payees_below_50 = 1 where period = '2026-02'",
            "months_add_up_to_years": "pay_amount = 1045.51, cost_ratio = 0.611409 where period = '2026'",
            "correlation_is_possible": "pay_rank_correlation = 1.0001, pay_rank_reason = null where period = '2026'",
            "gains_cost_something_only_where_revenue_rose": (
                "incremental_cost_ratio = 0.05, incremental_reason = null where period = '2026'"
            ),
        },
    ),
    **_changes(
        _FAIRNESS,
        {
            "quota_fairness_id_not_be_null": "quota_fairness_id = null where group_name = 'north'",
            "quota_fairness_id_be_unique": "quota_fairness_id = 'x'",
            "verdict_be_in_set": "verdict = 'unfair' where group_name = 'north'",
            "attainment_is_from_sums": "attainment = 1.3, attainment_gap = 0.1 where group_name = 'north'",
            "quartiles_are_in_order": "lower_quartile_attainment = 2 where group_name = 'north'",
            "verdict_follows_from_the_numbers": "verdict = 'harder' where group_name = 'north'",
        },
    ),
    **_changes(
        _LEADERS,
        {
            "leaderboard_id_not_be_null": "leaderboard_id = null where employee_id = 'E1'",
            "leaderboard_id_be_unique": "leaderboard_id = 'x'",
            "belongs_to_a_person": "employee_id = 'E9' where employee_id = 'E1'",
            "attainment_is_from_sums": "attainment = 1.42 where employee_id = 'E1'",
            "ranked_or_told_why_not": "active_days = 14 where employee_id = 'E1'",
            "who_attains_more_comes_first": "rank_in_role = 2 where employee_id = 'E1'",
            "champions_are_the_top_quarter": "is_champion = true where employee_id = 'E1'",
        },
    ),
    **_changes(
        _CHAMPIONS,
        {
            "champion_practice_id_not_be_null": "champion_practice_id = null where kpi_code = 'win_rate'",
            "champion_practice_id_be_unique": "champion_practice_id = 'x'",
            "measure_is_defined": "kpi_code = 'happiness' where kpi_code = 'win_rate'",
            "values_are_from_sums": "champion_value = 0.5, difference = 0.25 where kpi_code = 'win_rate'",
        },
    ),
    **_changes(
        _NEEDS,
        {
            "training_need_id_not_be_null": "training_need_id = null where trainings_attended = 0",
            "training_need_id_be_unique": "training_need_id = 'x'",
            "the_gap_is_that_of_the_kpi": "actual_value = 0.7, gap_value = -0.1 where trainings_attended = 0",
            "the_gap_is_beyond_the_quartile": (
                "peer_quartile = 0.5, gap_value = actual_value - 0.5 where trainings_attended = 0"
            ),
            "there_is_enough_to_compare": "peers = 4 where trainings_attended = 0",
            "trainings_are_told_whole": "trainings_attended = 1 where trainings_attended = 0",
        },
    ),
    (_NEEDS, "belongs_to_a_person"): (
        f"update {_NEEDS} set employee_id = 'E9'; "
        "update kpi.fct_kpi_employee_period set employee_id = 'E9' where kpi_code = 'win_rate' and denominator > 0"
    ),
    **_changes(
        _EFFECTS,
        {
            "training_effect_id_not_be_null": "training_effect_id = null where quarter = '2025-Q1'",
            "training_effect_id_be_unique": "training_effect_id = 'x'",
            "effect_is_the_difference_of_the_changes": "effect = 0.31 where quarter = '2025-Q1'",
            "nothing_is_said_of_few": "people_trained = 4 where quarter = '2025-Q1'",
            "verdict_follows_from_the_range": "verdict = 'not shown' where quarter = '2025-Q1'",
        },
    ),
}
