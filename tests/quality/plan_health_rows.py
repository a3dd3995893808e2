"""The tables on plans, quotas and people's growth in the small warehouse: few rows that keep every promise."""

from __future__ import annotations

COLUMNS = {
    "incentive.rpt_plan_effectiveness": """
        plan_effectiveness_id varchar, plan_code varchar, plan_version varchar, period_type varchar, period varchar,
        currency_code varchar, period_start date, period_end date, is_complete boolean, revenue_basis varchar,
        payees bigint, payees_paid bigint, pay_amount decimal(18, 2), revenue_amount decimal(24, 6),
        cost_ratio decimal(24, 6), cost_ratio_reason varchar, payees_without_attainment bigint,
        payees_below_50 bigint, payees_50_to_80 bigint, payees_80_to_100 bigint, payees_100_to_120 bigint,
        payees_above_120 bigint, payees_with_attainment bigint, payees_at_target bigint,
        at_target_ratio decimal(9, 6), attained_total decimal(24, 6), quota_total decimal(24, 6),
        attainment decimal(18, 6), threshold_pay_amount decimal(18, 2), threshold_average_amount decimal(18, 6),
        target_pay_amount decimal(18, 2), target_average_amount decimal(18, 6), excellence_pay_amount decimal(18, 2),
        excellence_average_amount decimal(18, 6), pay_rank_correlation decimal(9, 4), pay_rank_reason varchar,
        bound_windows bigint, bound_windows_above bigint, bound_windows_below bigint, bound_above_ratio decimal(9, 6),
        bound_below_ratio decimal(9, 6), booked_deals bigint, month_end_deals bigint, month_end_ratio decimal(9, 6),
        month_end_days bigint, counted_days bigint, month_end_expected_ratio decimal(9, 6), previous_period varchar,
        previous_pay_amount decimal(18, 2), previous_revenue_amount decimal(24, 6),
        incremental_pay_amount decimal(18, 2), incremental_revenue_amount decimal(24, 6),
        incremental_cost_ratio decimal(24, 6), incremental_reason varchar, last_year_period varchar,
        last_year_pay_amount decimal(18, 2), last_year_revenue_amount decimal(24, 6),
        last_year_incremental_pay_amount decimal(18, 2), last_year_incremental_revenue_amount decimal(24, 6),
        last_year_incremental_cost_ratio decimal(24, 6), last_year_incremental_reason varchar,
        previous_version varchar, previous_version_revenue_basis varchar, previous_version_pay_amount decimal(18, 2),
        previous_version_revenue_amount decimal(24, 6), previous_version_cost_ratio decimal(24, 6),
        previous_version_attained_total decimal(24, 6), previous_version_quota_total decimal(24, 6),
        previous_version_attainment decimal(18, 6)""",
    "incentive.rpt_quota_fairness": """
        quota_fairness_id varchar, plan_code varchar, plan_version varchar, period_type varchar, period varchar,
        currency_code varchar, period_start date, period_end date, is_complete boolean, dimension varchar,
        group_name varchar, payees bigint, lower_quartile_attainment decimal(18, 6), median_attainment decimal(18, 6),
        upper_quartile_attainment decimal(18, 6), payees_at_target bigint, at_target_ratio decimal(9, 6),
        attained_total decimal(24, 6), quota_total decimal(24, 6), attainment decimal(18, 6), other_payees bigint,
        other_payees_at_target bigint, other_at_target_ratio decimal(9, 6), other_attained_total decimal(24, 6),
        other_quota_total decimal(24, 6), other_attainment decimal(18, 6), attainment_gap decimal(18, 6),
        ahead_ratio decimal(9, 6), ahead_margin decimal(9, 6), verdict varchar, reason_en varchar, reason_zh varchar""",
    "appraisal.fct_leaderboard": """
        leaderboard_id varchar, employee_id varchar, plan_code varchar, period_type varchar, period varchar,
        currency_code varchar, period_start date, period_end date, is_complete boolean, role varchar,
        tenure_group varchar, active_days bigint, attained_total decimal(24, 6), quota_total decimal(24, 6),
        attainment decimal(18, 6), is_ranked boolean, unranked_reason varchar, rank_in_role bigint,
        people_in_role bigint, rank_in_tenure_group bigint, people_in_tenure_group bigint, is_champion boolean,
        previous_period varchar, previous_attainment decimal(18, 6), attainment_change decimal(18, 6),
        change_reason varchar, improvement_rank_in_role bigint, changes_in_role bigint,
        improvement_rank_in_tenure_group bigint, changes_in_tenure_group bigint""",
    "appraisal.rpt_champion_practice": """
        champion_practice_id varchar, plan_code varchar, role varchar, period_type varchar, period varchar,
        period_start date, period_end date, is_complete boolean, kpi_code varchar, currency_code varchar,
        unit varchar, direction varchar, champions bigint, champion_numerator decimal(24, 6),
        champion_denominator decimal(24, 6), champion_value decimal(24, 6), others bigint,
        other_numerator decimal(24, 6), other_denominator decimal(24, 6), other_value decimal(24, 6),
        difference decimal(24, 6), difference_reason varchar, is_better boolean""",
    "appraisal.fct_training_need": """
        training_need_id varchar, employee_id varchar, period_type varchar, period varchar, currency_code varchar,
        period_start date, period_end date, is_complete boolean, role varchar, kpi_code varchar, direction varchar,
        skill_en varchar, skill_zh varchar, course_code varchar, course_en varchar, course_zh varchar,
        numerator decimal(24, 6), denominator decimal(24, 6), actual_value decimal(24, 6),
        minimum_base decimal(24, 6), peers bigint, peer_quartile decimal(24, 6), peer_median decimal(24, 6),
        gap_value decimal(24, 6), trainings_attended bigint, last_training_date date, is_last_passed boolean,
        training_status varchar, reason_en varchar, reason_zh varchar""",
    "appraisal.rpt_training_effect": """
        training_effect_id varchar, course_code varchar, course_name varchar, skill varchar, role varchar,
        quarter varchar, before_quarter varchar, after_quarter varchar, people_trained bigint, attendees bigint,
        attendee_before_total decimal(24, 6), attendee_after_total decimal(24, 6),
        attendee_change_total decimal(24, 6), attendee_change decimal(18, 6), others bigint,
        other_before_total decimal(24, 6), other_after_total decimal(24, 6), other_change_total decimal(24, 6),
        other_change decimal(18, 6), effect decimal(18, 6), standard_error decimal(18, 6), effect_low decimal(18, 6),
        effect_high decimal(18, 6), effect_reason varchar, verdict varchar""",
}

ROWS = """
insert into incentive.rpt_plan_effectiveness by name
    select 'direct|1|' || period || '|CNY' as plan_effectiveness_id, 'direct' as plan_code, '1' as plan_version,
        case length(period) when 4 then 'year' when 7 then 'month' end as period_type, period,
        'CNY' as currency_code, 13 as payees, 2 as payees_paid, pay as pay_amount, revenue as revenue_amount,
        case when revenue > 0 then pay / revenue end as cost_ratio,
        case when revenue <= 0 then 'no revenue was credited' end as cost_ratio_reason,
        1 as payees_without_attainment, 0 as payees_below_50, 0 as payees_50_to_80, 0 as payees_80_to_100,
        0 as payees_100_to_120, 12 as payees_above_120, 12 as payees_with_attainment, 12 as payees_at_target,
        1200 as attained_total, 1000 as quota_total, 1.2 as attainment, 'all are paid the same' as pay_rank_reason,
        'no revenue to compare with' as incremental_reason, 'no revenue to compare with' as last_year_incremental_reason
    from (values ('2026-01', 50.00, 1000.00), ('2026-02', 35.50, 710.00), ('2026-03', 960.00, 0.00),
        ('2026', 1045.50, 1710.00)) as periods (period, pay, revenue);
insert into incentive.rpt_quota_fairness by name
    select 'direct|1|2026|CNY|team|' || team as quota_fairness_id, 'direct' as plan_code, '1' as plan_version,
        'year' as period_type, '2026' as period, 'CNY' as currency_code, 'team' as dimension, team as group_name,
        6 as payees, 1.1 as lower_quartile_attainment, 1.2 as median_attainment, 1.3 as upper_quartile_attainment,
        600 as attained_total, 500 as quota_total, 1.2 as attainment, 6 as other_payees, 600 as other_attained_total,
        500 as other_quota_total, 1.2 as other_attainment, 0 as attainment_gap, 0.5 as ahead_ratio, 0.3 as ahead_margin,
        'in line' as verdict, 'as often ahead as behind' as reason_en, '互有高低' as reason_zh
    from (values ('north'), ('south')) as teams (team);

insert into appraisal.fct_leaderboard by name
    select 'direct|' || employee_id || '|2026-Q1|CNY' as leaderboard_id, employee_id, 'direct' as plan_code,
        'quarter' as period_type, '2026-Q1' as period, 'CNY' as currency_code, 'sales' as role,
        '1 to 3 years' as tenure_group, active_days, attained as attained_total, 1000 as quota_total,
        attained / 1000 as attainment, place is not null as is_ranked,
        case when place is null then 'fewer than 15 active days' end as unranked_reason, place as rank_in_role,
        2 as people_in_role, place as rank_in_tenure_group, 2 as people_in_tenure_group, false as is_champion,
        'nothing to compare with' as change_reason
    from (values ('E1', 90, 1410.00, 1), ('E2', 90, 300.00, 2), ('E3', 3, 900.00, null))
        as places (employee_id, active_days, attained, place);
insert into appraisal.rpt_champion_practice by name
    select 'direct|sales|2026-Q1|' || kpi_code || '|' as champion_practice_id, 'direct' as plan_code, 'sales' as role,
        'quarter' as period_type, '2026-Q1' as period, kpi_code, '' as currency_code, 2 as champions,
        6 as champion_numerator, 10 as champion_denominator, 0.6 as champion_value, 6 as others, 2 as other_numerator,
        8 as other_denominator, 0.25 as other_value, 0.35 as difference, true as is_better
    from (values ('win_rate'), ('won_deals')) as measures (kpi_code);

insert into appraisal.fct_training_need by name
    select facts.employee_id || '|win_rate|' || place as training_need_id, facts.employee_id, facts.period_type,
        facts.period, facts.currency_code, date '2026-01-31' as period_end, facts.kpi_code, 'higher' as direction,
        'Closing' as skill_en, 'SALES-CLOSE' as course_code, facts.numerator, facts.denominator, facts.actual_value,
        3 as minimum_base, 5 as peers, 0.8 as peer_quartile, facts.actual_value - 0.8 as gap_value,
        place - 1 as trainings_attended, case place when 2 then date '2026-01-20' end as last_training_date,
        case place when 1 then 'not trained' else 'trained, and the gap remains' end as training_status
    from kpi.fct_kpi_employee_period as facts
    cross join (values (1), (2)) as places (place)
    where facts.kpi_code = 'win_rate' and facts.denominator > 0;
insert into appraisal.rpt_training_effect by name
    select 'SALES-CLOSE|sales|' || quarter as training_effect_id, 'SALES-CLOSE' as course_code, 'sales' as role,
        quarter, 5 as people_trained, 5 as attendees, 5 as attendee_before_total, 6.5 as attendee_after_total,
        1.5 as attendee_change_total, 0.3 as attendee_change, 5 as others, 5 as other_before_total,
        5 as other_after_total, 0 as other_change_total, 0 as other_change, 0.3 as effect, 0.1 as standard_error,
        0.104 as effect_low, 0.496 as effect_high, 'better' as verdict
    from (values ('2025-Q1'), ('2025-Q2')) as quarters (quarter);
"""
