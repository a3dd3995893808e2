"""A warehouse of a handful of rows in every published table, in which every promise is kept until a test breaks one."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.quality import plan_health_rows

COLUMNS = {
    "kpi.dim_employee": """
        employee_id varchar, full_name varchar, email varchar, role varchar, team varchar, region varchar,
        department varchar, manager_id varchar, hire_date date, confirmation_date date, leave_date date,
        is_active boolean, is_house_account boolean""",
    "kpi.dim_customer": """
        customer_id varchar, source_system varchar, customer_name varchar, owner_employee_id varchar, industry varchar,
        region varchar, country varchar, tax_id varchar, record_count bigint, match_confidence decimal(3, 2),
        is_unknown boolean""",
    "kpi.bridge_customer_source": """
        source_record_id varchar, customer_id varchar, source_system varchar, customer_no varchar,
        customer_name varchar, match_status varchar, match_kind varchar, match_confidence decimal(3, 2)""",
    "kpi.dim_product": """
        product_id varchar, source_system varchar, product_name varchar, product_code varchar, product_family varchar,
        unit_price decimal(24, 8), currency_code varchar, is_in_catalogue boolean, likely_product_name varchar""",
    "kpi.dim_kpi": """
        kpi_code varchar, name_en varchar, name_zh varchar, formula_en varchar, formula_zh varchar, unit varchar,
        direction varchar, grain varchar, source_models varchar, owner varchar, is_additive boolean,
        is_in_currency boolean, is_state boolean""",
    "kpi.dim_date": """
        date_day date, month varchar, month_start date, month_end date, quarter varchar, quarter_start date,
        quarter_end date, year varchar, year_start date, year_end date, is_working_day boolean, holiday_en varchar,
        holiday_zh varchar""",
    "kpi.fct_kpi_employee_period": """
        employee_id varchar, kpi_code varchar, period_type varchar, period varchar, currency_code varchar,
        period_start date, period_end date, numerator decimal(24, 6), denominator decimal(24, 6),
        actual_value decimal(24, 6), target_value decimal(24, 6), attainment decimal(18, 6),
        attainment_reason varchar, gap_value decimal(24, 6), expected_value decimal(24, 6), pace decimal(18, 6),
        previous_actual_value decimal(24, 6), last_year_actual_value decimal(24, 6),
        confidence_low decimal(18, 6), confidence_high decimal(18, 6)""",
    "kpi.fct_kpi_team_period": """
        team varchar, kpi_code varchar, period_type varchar, period varchar, currency_code varchar,
        period_start date, period_end date, numerator decimal(24, 6), denominator decimal(24, 6),
        actual_value decimal(24, 6), target_value decimal(24, 6), attainment decimal(18, 6),
        attainment_reason varchar, gap_value decimal(24, 6), expected_value decimal(24, 6), pace decimal(18, 6),
        previous_actual_value decimal(24, 6), last_year_actual_value decimal(24, 6),
        confidence_low decimal(18, 6), confidence_high decimal(18, 6)""",
    "kpi.fct_kpi_segment_period": """
        dimension_type varchar, dimension_value varchar, kpi_code varchar, period_type varchar, period varchar,
        currency_code varchar, period_start date, period_end date, numerator decimal(24, 6),
        denominator decimal(24, 6), actual_value decimal(24, 6), previous_actual_value decimal(24, 6),
        last_year_actual_value decimal(24, 6), confidence_low decimal(18, 6), confidence_high decimal(18, 6)""",
    "kpi.fct_funnel_period": """
        employee_id varchar, team varchar, stage varchar, stage_outcome varchar, stage_place integer,
        period_type varchar, period varchar, period_start date, period_end date, entered_count decimal(24, 6),
        moved_on_count decimal(24, 6), moved_back_count decimal(24, 6), won_count decimal(24, 6),
        lost_count decimal(24, 6), conversion_numerator decimal(24, 6), conversion_denominator decimal(24, 6),
        conversion decimal(24, 6), stage_days_numerator decimal(24, 6), stage_days_denominator decimal(24, 6),
        stage_days decimal(24, 6), open_count decimal(24, 6), open_days_numerator decimal(24, 6),
        open_days_denominator decimal(24, 6), open_days decimal(24, 6)""",
    "incentive.fct_credit_line": """
        credit_line_id varchar, basis varchar, source_system varchar, document_id varchar, event_id varchar,
        line_no integer, split_no integer, event_type varchar, event_date date, known_at timestamp, period varchar,
        employee_id varchar, owner_reference varchar, owner_match varchar, credit_role varchar, subordinate_id varchar,
        reversal_profile varchar, original_credit_line_id varchar, customer_id varchar,
        product_name varchar, product_family varchar, customer_type varchar, segment varchar, channel varchar,
        region varchar, collection_days integer, margin_ratio decimal(24, 6), discount_ratio decimal(24, 6),
        document_currency_code varchar, event_amount decimal(18, 2), split_ratio decimal(9, 6),
        split_amount decimal(18, 2), fx_rate decimal(24, 8), fx_rate_type varchar, fx_rate_date date,
        currency_code varchar, credited_amount decimal(18, 6), credited_margin decimal(18, 6),
        credited_units decimal(18, 6), credited_count decimal(18, 6), measure_hold_reason varchar, is_held boolean,
        hold_reason varchar,
        delivery_id varchar, file_name varchar, row_number bigint""",
    "incentive.fct_earning_line": """
        earning_line_id varchar, payee_id varchar, plan_code varchar, plan_version varchar, component_code varchar,
        line_type varchar, origin_period varchar, window_code varchar, event_date date, known_at timestamp,
        credit_line_id varchar, credit_role varchar, source_system varchar, document_id varchar, event_id varchar,
        split_no integer, currency_code varchar, measure varchar, credited_amount decimal(18, 6),
        counted_amount decimal(18, 6), cumulative_before decimal(18, 6), cumulative_after decimal(18, 6),
        effective_quota decimal(18, 6), index_value decimal(18, 6), band_parts varchar,
        effective_rate decimal(18, 6), factor decimal(18, 6), credit_factor decimal(18, 12),
        pay_factor decimal(18, 12), factor_parts varchar, earned_amount decimal(18, 2),
        is_held boolean, hold_reason varchar, rule_codes varchar""",
    "incentive.fct_statement_line": """
        payee_id varchar, period varchar, line_no integer, section varchar, step varchar, plan_code varchar,
        currency_code varchar, text_en varchar, text_zh varchar, earning_line_id varchar, amount decimal(18, 2),
        is_held boolean, running_total decimal(18, 2)""",
    "incentive.fct_payout": """
        payout_id varchar, payee_id varchar, full_name varchar, plan_code varchar, period varchar,
        currency_code varchar, earned_amount decimal(18, 2), draw_top_up_amount decimal(18, 2),
        draw_recovered_amount decimal(18, 2), opening_draw_balance decimal(18, 2),
        closing_draw_balance decimal(18, 2), penalty_amount decimal(18, 2), held_amount decimal(18, 2),
        opening_clawback_balance decimal(18, 2), clawback_recovered decimal(18, 2), legal_limit_amount decimal(18, 2),
        closing_clawback_balance decimal(18, 2), payable_amount decimal(18, 2), status varchar,
        hold_reason varchar""",
    "incentive.fct_balance": """
        balance_id varchar, balance_type varchar, payee_id varchar, plan_code varchar, period varchar,
        currency_code varchar, opening_amount decimal(18, 2), added_amount decimal(18, 2),
        recovered_amount decimal(18, 2), closing_amount decimal(18, 2)""",
    "appraisal.fct_scorecard_line": """
        employee_id varchar, plan_code varchar, scorecard_code varchar, period varchar, kpi_code varchar,
        weight decimal(9, 6), effective_weight decimal(9, 6), actual_value decimal(24, 6),
        target_value decimal(24, 6), attainment decimal(18, 6), cap decimal(9, 6),
        capped_attainment decimal(18, 6), line_score decimal(18, 6), missing_reason varchar""",
    "kpi.fct_gap": """
        gap_id varchar, comparison_id varchar, employee_id varchar, kpi_code varchar, actual_value decimal(24, 6),
        compared_value decimal(24, 6), gap_value decimal(24, 6), cause varchar, cause_amount decimal(24, 6)""",
    "kpi.rpt_gap": """
        comparison_id varchar, employee_id varchar, kpi_code varchar, gap_value decimal(24, 6),
        goal_amount decimal(24, 6), execution_amount decimal(24, 6), verdict varchar, next_step_en varchar,
        next_step_zh varchar""",
    "appraisal.fct_appraisal_result": """
        employee_id varchar, plan_code varchar, scorecard_code varchar, period varchar, score decimal(18, 6),
        grade varchar, coefficient decimal(9, 6), proration decimal(18, 6), bonus_base_amount decimal(18, 2),
        bonus_amount decimal(18, 2), currency_code varchar""",
    "appraisal.fct_appraisal_year": """
        employee_id varchar, plan_code varchar, plan_version varchar, scorecard_code varchar, year varchar,
        currency_code varchar, periods bigint, periods_scored bigint, periods_forfeited bigint, active_days bigint,
        period_days bigint, scored_days bigint, score_days decimal(24, 6), year_score decimal(18, 6), grade varchar,
        best_period varchar, best_score decimal(18, 6), worst_period varchar, worst_score decimal(18, 6),
        bonus_amount decimal(18, 2), is_complete boolean, reason_en varchar, reason_zh varchar""",
    "appraisal.fct_rating_change": """
        rating_change_id varchar, employee_id varchar, source_system varchar, period varchar, objective_code varchar,
        revision_no bigint, rating decimal(18, 6), rating_before decimal(18, 6), rating_change decimal(18, 6),
        rated_by varchar, rated_date date, known_at timestamp, is_deleted boolean, is_current boolean,
        delivery_id varchar, file_name varchar, row_number bigint""",
    "appraisal.fct_recognition": """
        recognition_id varchar, employee_id varchar, plan_code varchar, plan_version varchar, reward_code varchar,
        title_en varchar, title_zh varchar, reward_kind varchar, quantity decimal(18, 6), unit varchar, period varchar,
        earned_by varchar, grade varchar, attainment decimal(18, 6)""",
    "appraisal.fct_goal": """
        goal_id varchar, employee_id varchar, kpi_code varchar, period_type varchar, period varchar,
        currency_code varchar, target_value decimal(24, 6), baseline_value decimal(24, 6), is_specific boolean,
        is_measurable boolean, is_achievable boolean, is_relevant boolean, is_time_bound boolean, is_smart boolean,
        faults integer, reason_en varchar, reason_zh varchar, status varchar""",
    "appraisal.rpt_goal_suggestion": """
        suggestion_id varchar, employee_id varchar, kpi_code varchar, period varchar, currency_code varchar,
        suggested_value decimal(24, 6), ceiling_value decimal(24, 6), method_en varchar, method_zh varchar""",
    "audit.delivery": """
        delivery_id varchar, source_system varchar, feed varchar, file_name varchar, status varchar,
        rows_in_file bigint, rows_loaded bigint, rows_quarantined bigint, rows_declared_totals bigint,
        rows_not_for_feed bigint, reason varchar""",
    "audit.quarantine_row": """
        delivery_id varchar, source_system varchar, feed varchar, file_name varchar, row_number bigint,
        column_name varchar, value varchar, reason varchar, remedy varchar, raw_row varchar, state varchar""",
    "audit.hold": """
        hold_id varchar, scope varchar, subject_id varchar, payee_id varchar, reason varchar, remedy varchar,
        amount decimal(18, 2), currency_code varchar, delivery_id varchar, file_name varchar, row_number bigint""",
    "audit.coverage": """
        coverage_id varchar, relation varchar, source_system varchar, outcome varchar, value_met varchar,
        likely_match varchar, row_count bigint, amount decimal(18, 2), currency_code varchar""",
    "audit.identity_match": """
        identity_match_id varchar, entity_kind varchar, source_system varchar, feed varchar, reference varchar,
        reference_name varchar, canonical_id varchar, match_status varchar, match_kind varchar,
        match_confidence decimal(3, 2), likely_match varchar, row_count bigint, amount decimal(24, 2),
        currency_code varchar""",
} | plan_health_rows.COLUMNS

ROWS = """
insert into kpi.dim_employee by name
    select 'E' || n as employee_id, 'Person ' || n as full_name, 'sales' as role, 'north' as team,
        case when n > 1 then 'E1' end as manager_id, date '2024-05-01' as hire_date, true as is_active,
        false as is_house_account
    from range(1, 4) as people (n);
insert into kpi.dim_employee by name
    select 'HOUSE' as employee_id, 'House account' as full_name, true as is_house_account;

insert into kpi.dim_customer by name
    select 'C1' as customer_id, '某客户' as customer_name, 'E1' as owner_employee_id, false as is_unknown
    union all by name select 'UNKNOWN' as customer_id, 'Unknown' as customer_name, true as is_unknown;
insert into kpi.bridge_customer_source by name
    select 'zoho_crm:' || n as source_record_id, 'C1' as customer_id, 'zoho_crm' as source_system,
        'matched' as match_status, 'tax_id' as match_kind, 0.99 as match_confidence
    from range(1, 3) as records (n);
insert into kpi.dim_product by name
    select 'P1' as product_id, 'Pump' as product_name, 12.5 as unit_price, 'CNY' as currency_code,
        true as is_in_catalogue;
insert into kpi.dim_kpi by name
    select unnest(['collected_amount', 'won_deals', 'win_rate']) as kpi_code,
        unnest(['money', 'count', 'ratio']) as unit, unnest([true, true, false]) as is_additive, false as is_state,
        'higher' as direction, 'name' as name_en, '名称' as name_zh,
        'formula' as formula_en, '公式' as formula_zh;
insert into kpi.dim_date by name
    select cast(day as date) as date_day, strftime(day, '%Y-%m') as month, date_trunc('month', day) as month_start,
        last_day(day) as month_end, '2026-Q1' as quarter, date '2026-01-01' as quarter_start,
        date '2026-03-31' as quarter_end, '2026' as year, date '2026-01-01' as year_start, date '2026-12-31' as year_end
    from range(date '2026-01-01', date '2026-04-01', interval 1 day) as days (day);

insert into kpi.fct_kpi_employee_period by name
    select employee_id, 'collected_amount' as kpi_code, period_type, period, 'CNY' as currency_code,
        amount as numerator, 1 as denominator, amount as actual_value, 1000 as target_value, amount / 1000 as attainment
    from (values
        ('E1', 'month', '2026-01', 700.00), ('E1', 'month', '2026-02', 710.00), ('E1', 'quarter', '2026-Q1', 1410.00),
        ('E2', 'month', '2026-01', 300.00), ('E2', 'quarter', '2026-Q1', 300.00)
    ) as figures (employee_id, period_type, period, amount);
insert into kpi.fct_kpi_employee_period by name
    select 'E1' as employee_id, 'win_rate' as kpi_code, 'month' as period_type, '2026-01' as period,
        '' as currency_code, 2 as numerator, 3 as denominator, 0.666667 as actual_value,
        'no target' as attainment_reason
    union all by name
    select 'E2' as employee_id, 'win_rate' as kpi_code, 'month' as period_type, '2026-01' as period,
        '' as currency_code, 0 as numerator, 0 as denominator, 'nothing closed' as attainment_reason
    union all by name
    select 'E1' as employee_id, 'won_deals' as kpi_code, unnest(['month', 'quarter']) as period_type,
        unnest(['2026-01', '2026-Q1']) as period, '' as currency_code, 2 as numerator, 1 as denominator,
        2 as actual_value, 'no target' as attainment_reason;
insert into kpi.fct_kpi_team_period by name
    select 'north' as team, 'collected_amount' as kpi_code, period_type, period, 'CNY' as currency_code,
        amount as numerator, 1 as denominator, amount as actual_value, 2000 as target_value, amount / 2000 as attainment
    from (values ('month', '2026-01', 1000.00), ('month', '2026-02', 710.00), ('quarter', '2026-Q1', 1710.00))
        as figures (period_type, period, amount);
insert into kpi.fct_kpi_team_period by name
    select 'north' as team, * exclude (employee_id) from kpi.fct_kpi_employee_period where kpi_code = 'won_deals';
insert into kpi.fct_kpi_segment_period by name
    select 'region' as dimension_type, unnest(['east', 'UNKNOWN']) as dimension_value, 'collected_amount' as kpi_code,
        'month' as period_type, '2026-01' as period, 'CNY' as currency_code, unnest([900.00, 100.00]) as numerator,
        1 as denominator, unnest([900.00, 100.00]) as actual_value;
insert into kpi.fct_funnel_period by name
    select 'E1' as employee_id, 'north' as team, unnest(['Qualification', 'Closed Won']) as stage,
        unnest(['open', 'won']) as stage_outcome, 'month' as period_type, '2026-01' as period, 3 as entered_count,
        unnest([1, 0]) as moved_on_count, 0 as moved_back_count, unnest([1, 0]) as won_count,
        unnest([1, 0]) as lost_count, unnest([2, 0]) as conversion_numerator,
        unnest([3, 0]) as conversion_denominator, unnest([0.666667, null]) as conversion,
        unnest([30, 0]) as stage_days_numerator, unnest([3, 0]) as stage_days_denominator,
        unnest([10, null]) as stage_days, 0 as open_count, 0 as open_days_numerator, 0 as open_days_denominator;

insert into incentive.fct_credit_line by name
    select *, 'collected' as basis, 'finance' as source_system, 1 as line_no, 'receipt' as event_type,
        timestamp '2026-03-05 00:00:00' as known_at, strftime(event_date, '%Y-%m') as period, 'revenue' as credit_role,
        'standard' as reversal_profile, 'C1' as customer_id, 'CNY' as currency_code, fx_rate is null as is_held,
        case when fx_rate is null then 'no rate for the day' end as hold_reason, 'D1' as delivery_id,
        'receipts.csv' as file_name, employee_id as owner_reference, 'id' as owner_match
    from (values
        ('CL1', 'R1', 'R1', 1, date '2026-01-15', 'E1', 'CNY', 1000.00, 0.7, 700.00, 1, 700, 2),
        ('CL2', 'R1', 'R1', 2, date '2026-01-15', 'E2', 'CNY', 1000.00, 0.3, 300.00, 1, 300, 2),
        ('CL3', 'R2', 'R2', 1, date '2026-02-03', 'E1', 'USD', 100.00, 1, 100.00, 7.1, 710, 3),
        ('CL4', 'R3', 'R3', 1, date '2026-02-04', 'E2', 'EUR', 50.00, 1, 50.00, null, null, 4)
    ) as lines (credit_line_id, document_id, event_id, split_no, event_date, employee_id, document_currency_code,
        event_amount, split_ratio, split_amount, fx_rate, credited_amount, row_number);
insert into incentive.fct_earning_line by name
    select *, 'direct' as plan_code, '1' as plan_version, 'commission' as component_code, 'earning' as line_type,
        strftime(event_date, '%Y-%m') as origin_period, '2026-Q1' as window_code, 'CNY' as currency_code,
        credited_amount as counted_amount, cumulative_before + credited_amount as cumulative_after,
        '[]' as band_parts, 0.05 as effective_rate, credited_amount * 0.05 as earned_amount, false as is_held,
        'C2 T3' as rule_codes
    from (values
        ('EL1', 'E1', 'CL1', 'R1', date '2026-01-15', 700, 0), ('EL2', 'E2', 'CL2', 'R1', date '2026-01-15', 300, 0),
        ('EL3', 'E1', 'CL3', 'R2', date '2026-02-03', 710, 700)
    ) as lines (earning_line_id, payee_id, credit_line_id, document_id, event_date, credited_amount, cumulative_before);
insert into incentive.fct_earning_line by name
    select 'EB1' as earning_line_id, 'E1' as payee_id, 'direct' as plan_code, '1' as plan_version,
        'scorecard' as component_code, 'bonus' as line_type, '2026-03' as origin_period, '2026-Q1' as window_code,
        'CNY' as currency_code, 960 as earned_amount, false as is_held, 'K3' as rule_codes;
insert into incentive.fct_payout by name
    select payee_id || period as payout_id, payee_id, 'Person' as full_name, 'direct' as plan_code, period,
        'CNY' as currency_code, earned as earned_amount, 0 as draw_top_up_amount, 0 as draw_recovered_amount,
        0 as opening_draw_balance, 0 as closing_draw_balance, 0 as penalty_amount, 0 as legal_limit_amount,
        0 as held_amount, 0 as opening_clawback_balance,
        0 as clawback_recovered, 0 as closing_clawback_balance, earned as payable_amount,
        case when earned > 0 then 'payable' else 'nothing_due' end as status
    from (values ('E1', '2026-01', 35.00), ('E1', '2026-02', 35.50), ('E1', '2026-03', 960.00),
        ('E2', '2026-01', 15.00), ('E2', '2026-02', 0.00), ('E3', '2026-02', 0.00)
    ) as payouts (payee_id, period, earned);

insert into incentive.fct_balance by name
    select 'B1' as balance_id, 'clawback' as balance_type, 'E2' as payee_id, 'direct' as plan_code,
        '2026-02' as period, 'CNY' as currency_code, 0 as opening_amount, 0 as added_amount, 0 as recovered_amount,
        0 as closing_amount
    union all by name
    select 'B2' as balance_id, 'draw' as balance_type, 'E2' as payee_id, 'direct' as plan_code, '2026-02' as period,
        'CNY' as currency_code, 0 as opening_amount, 100 as added_amount, 0 as recovered_amount, 100 as closing_amount;

insert into incentive.fct_statement_line by name
    select *, row_number() over (partition by payee_id, period order by step, earning_line_id) as line_no,
        'a step' as text_en, '步骤' as text_zh, 'CNY' as currency_code
    from (
        select payee_id, period, 'quota' as section, 'a_quota' as step, plan_code, null as earning_line_id,
            null as amount, false as is_held, 0 as running_total
        from incentive.fct_payout
        union all
        select payee_id, origin_period, 'line', 'line', plan_code, earning_line_id, earned_amount, is_held,
            earned_amount
        from incentive.fct_earning_line
        union all
        select payee_id, period, 'payable', 'payable', plan_code, null, payable_amount, false, payable_amount
        from incentive.fct_payout
    ) as steps;

insert into appraisal.fct_scorecard_line by name
    select 'E1' as employee_id, 'direct' as plan_code, 'quarterly' as scorecard_code, '2026-Q1' as period,
        unnest(['collected_amount', 'win_rate']) as kpi_code, unnest([0.6, 0.4]) as weight,
        unnest([0.6, 0.4]) as effective_weight, unnest([1.41, 0.6]) as attainment, 1.2 as cap,
        unnest([1.2, 0.6]) as capped_attainment, unnest([0.72, 0.24]) as line_score;
insert into appraisal.fct_appraisal_result by name
    select 'E1' as employee_id, 'direct' as plan_code, 'quarterly' as scorecard_code, '2026-Q1' as period,
        0.96 as score, 'B' as grade, 0.96 as coefficient, 1 as proration, 1000 as bonus_base_amount,
        960 as bonus_amount, 'CNY' as currency_code;
insert into appraisal.fct_appraisal_year by name
    select 'E1' as employee_id, 'direct' as plan_code, '1' as plan_version, 'quarterly' as scorecard_code,
        '2026' as year, 'CNY' as currency_code, 1 as periods, 1 as periods_scored, 0 as periods_forfeited,
        90 as active_days, 90 as period_days, 90 as scored_days, 86.4 as score_days, 0.96 as year_score, 'B' as grade,
        '2026-Q1' as best_period, 0.96 as best_score, '2026-Q1' as worst_period, 0.96 as worst_score,
        960 as bonus_amount, false as is_complete, 'The year is not over.' as reason_en, '年度尚未结束。' as reason_zh;
insert into appraisal.fct_rating_change by name
    select 'hr|E1|2026-Q1|launch|' || revision_no as rating_change_id, 'E1' as employee_id, 'hr' as source_system,
        '2026-Q1' as period, 'launch' as objective_code, revision_no, rating, rating_before,
        rating - rating_before as rating_change, false as is_deleted, revision_no = 2 as is_current
    from (values (1, 1.2, null), (2, 1.0, 1.2)) as tellings (revision_no, rating, rating_before);

insert into appraisal.fct_recognition by name
    select 'W1' as recognition_id, 'E1' as employee_id, 'direct' as plan_code, '1' as plan_version,
        'day_off' as reward_code, 'time_off' as reward_kind, 1 as quantity, 'day' as unit, '2026-Q1' as period,
        'quarterly' as earned_by, 'B' as grade
    union all by name
    select 'W2' as recognition_id, 'E2' as employee_id, 'direct' as plan_code, '1' as plan_version,
        'course' as reward_code, 'training' as reward_kind, 1 as quantity, 'place' as unit, '2026-Q1' as period,
        'commission' as earned_by, 1.2 as attainment;

insert into appraisal.fct_goal by name
    select 'G1' as goal_id, 'E1' as employee_id, 'collected_amount' as kpi_code, 'month' as period_type,
        '2026-03' as period, 'CNY' as currency_code, 100 as target_value, 90 as baseline_value, true as is_specific,
        true as is_measurable, true as is_achievable, true as is_relevant, true as is_time_bound, true as is_smart,
        0 as faults, '' as reason_en, '' as reason_zh, 'reached' as status
    union all by name
    select 'G2' as goal_id, 'E2' as employee_id, 'collected_amount' as kpi_code, 'month' as period_type,
        '2026-03' as period, 'CNY' as currency_code, 900 as target_value, 90 as baseline_value, true as is_specific,
        true as is_measurable, false as is_achievable, true as is_relevant, true as is_time_bound, false as is_smart,
        1 as faults, 'Achievable: no' as reason_en, '可实现：否' as reason_zh, 'missed' as status;
insert into appraisal.rpt_goal_suggestion by name
    select 'S1' as suggestion_id, 'E1' as employee_id, 'collected_amount' as kpi_code, '2026-05' as period,
        'CNY' as currency_code, 100 as suggested_value, 200 as ceiling_value, 'history' as method_en,
        '历史' as method_zh
    union all by name
    select 'S2' as suggestion_id, 'E2' as employee_id, 'collected_amount' as kpi_code, '2026-05' as period,
        'CNY' as currency_code, 50 as suggested_value, 'history' as method_en, '历史' as method_zh;

insert into kpi.fct_gap by name
    select 'c1|' || cause as gap_id, 'c1' as comparison_id, 'E1' as employee_id, 'collected_amount' as kpi_code,
        90 as actual_value, 100 as compared_value, -10 as gap_value, cause, cause_amount
    from (values ('goal', 5), ('leads', -15)) as causes (cause, cause_amount);
insert into kpi.rpt_gap by name
    select 'c1' as comparison_id, 'E1' as employee_id, 'collected_amount' as kpi_code, -10 as gap_value,
        5 as goal_amount, -15 as execution_amount, 'execution' as verdict, 'look' as next_step_en, '看' as next_step_zh
    union all by name
    select 'c2' as comparison_id, 'E2' as employee_id, 'collected_amount' as kpi_code, 0 as gap_value,
        0 as execution_amount, 'reached' as verdict;

insert into audit.delivery by name
    select 'D1' as delivery_id, 'finance' as source_system, 'receipts' as feed, 'receipts.csv' as file_name,
        'committed' as status, 5 as rows_in_file, 3 as rows_loaded, 1 as rows_quarantined, 1 as rows_declared_totals,
        0 as rows_not_for_feed
    union all by name
    select 'D2' as delivery_id, 'hr' as source_system, 'employees' as feed, 'people.csv' as file_name,
        'rejected' as status, 2 as rows_in_file, 'no key column' as reason;
insert into audit.quarantine_row by name
    select 'D1' as delivery_id, 'receipts.csv' as file_name, 5 as row_number, 'amount' as column_name, 'NaN' as value,
        'not an amount' as reason, 'send the row again' as remedy;
insert into audit.hold by name
    select 'H1' as hold_id, 'document' as scope, 'R3' as subject_id, 'E2' as payee_id, 'no rate for the day' as reason,
        'send the rate' as remedy, 50 as amount, 'EUR' as currency_code;
insert into audit.coverage by name
    select unnest(['K1', 'K2']) as coverage_id, 'deal→product' as relation, 'zoho_crm' as source_system,
        unnest(['matched', 'unknown']) as outcome, unnest([100, 3]) as row_count;
insert into audit.identity_match by name
    select *, 'zoho_crm' as source_system, 'deals' as feed, 'CNY' as currency_code
    from (values
        ('I1', 'person', 'E1', 'matched', 'user_id', 1, 20), ('I2', 'person', 'HOUSE', 'unmatched', 'unknown', 0, 1),
        ('I3', 'customer', 'C1', 'matched', 'number', 1, 20),
        ('I4', 'customer', 'UNKNOWN', 'ambiguous', 'ambiguous', 0, 1)
    ) as matches (identity_match_id, entity_kind, canonical_id, match_status, match_kind, match_confidence, row_count);
"""

CONTROL = """
create schema control;
create table control.hold (
    hold_id varchar, payee_id varchar, check_name varchar, reason varchar, exposure_amount decimal(18, 2),
    currency_code varchar);
"""


def build(path: Path) -> Path:
    """Make the good warehouse at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        for schema in sorted({name.split(".")[0] for name in COLUMNS}):
            connection.execute(f"create schema {schema}")
        for table, columns in COLUMNS.items():
            connection.execute(f"create table {table} ({columns})")
        connection.execute(ROWS)
        connection.execute(plan_health_rows.ROWS)
        connection.execute(CONTROL)
    return path


def change(path: Path, statement: str) -> None:
    """Run SQL on a warehouse, to break a promise."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)
