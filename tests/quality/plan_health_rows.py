"""The tables on plans, quotas and people's growth in the small warehouse: few rows that keep every promise."""

from __future__ import annotations

COLUMNS = {
    "incentive.rpt_plan_effectiveness": """
        plan_effectiveness_id varchar, plan_code varchar, plan_version varchar, period_type varchar, period varchar,
        currency_code varchar, period_start date, period_end date, is_complete boolean, revenue_basis varchar,
        payees bigint, payees_paid bigint, pay_amount decimal(18, 2), revenue_amount decimal(24, 6),
        cost_ratio decimal(18, 6), cost_ratio_reason varchar, payees_without_attainment bigint,
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
        incremental_cost_ratio decimal(18, 6), incremental_reason varchar, last_year_period varchar,
        last_year_pay_amount decimal(18, 2), last_year_revenue_amount decimal(24, 6),
        last_year_incremental_pay_amount decimal(18, 2), last_year_incremental_revenue_amount decimal(24, 6),
        last_year_incremental_cost_ratio decimal(18, 6), last_year_incremental_reason varchar,
        previous_version varchar, previous_version_revenue_basis varchar, previous_version_pay_amount decimal(18, 2),
        previous_version_revenue_amount decimal(24, 6), previous_version_cost_ratio decimal(18, 6),
        previous_version_attained_total decimal(24, 6), previous_version_quota_total decimal(24, 6),
        previous_version_attainment decimal(18, 6)""",
}

ROWS = """
insert into incentive.rpt_plan_effectiveness by name
    select 'direct|1|' || period || '|CNY' as plan_effectiveness_id, 'direct' as plan_code, '1' as plan_version,
        case length(period) when 4 then 'year' when 7 then 'month' end as period_type, period,
        'CNY' as currency_code, 2 as payees, 1 as payees_paid, pay as pay_amount, revenue as revenue_amount,
        case when revenue > 0 then pay / revenue end as cost_ratio,
        case when revenue <= 0 then 'no revenue was credited' end as cost_ratio_reason,
        1 as payees_without_attainment, 0 as payees_below_50, 0 as payees_50_to_80, 0 as payees_80_to_100,
        0 as payees_100_to_120, 1 as payees_above_120, 1 as payees_with_attainment, 1 as payees_at_target,
        'fewer than 5 payees with an attainment' as pay_rank_reason, 'no revenue to compare with' as incremental_reason,
        'no revenue to compare with' as last_year_incremental_reason
    from (values ('2026-01', 50.00, 1000.00), ('2026-02', 35.50, 710.00), ('2026-03', 960.00, 0.00),
        ('2026', 1045.50, 1710.00)) as periods (period, pay, revenue);
"""
