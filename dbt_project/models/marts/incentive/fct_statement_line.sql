-- How each payee's month comes about, step by step: the quota and the bands of each window, the credit and its parts by
-- band, the line, and from the lines down to the payable amount. Every kind of line is a branch of `steps`; whatever
-- line type comes is shown by the branch `line`. Every figure that a step needs stands in its row, so that the month
-- can be worked out again from the rows alone.
{% set columns = statement_columns() %}

with

lines as (

    select * from {{ ref('fct_earning_line') }}

),

credit_lines as (

    select * from {{ ref('fct_credit_line') }}

),

payouts as (

    select * from {{ ref('fct_payout') }}

),

months as (

    select * from {{ ref('int_payout_month') }}

),

month_quotas as (

    select * from {{ ref('int_window_quota_month') }}

),

index_quotas as (

    select * from {{ ref('int_index_quota_month') }}

),

indexes as (

    select * from {{ ref('int_window_index') }}
    where index_offset <> 0

),

bands as (

    select * from {{ ref('int_window_band') }}

),

employees as (

    select
        employee_id,
        full_name
    from {{ ref('dim_employee') }}

),

titles as (

    select * from {{ ref('int_component_title') }}

),

card_lines as (

    select * from {{ ref('int_scorecard_line') }}

),

card_kpis as (

    select * from {{ ref('int_card_kpi_term') }}

),

results as (

    select * from {{ ref('int_appraisal_result') }}

),

components as (

    select * from {{ ref('int_component_term') }}

),

-- The windows that pay something in a month, with what they have in common.
windows as (

    select
        lines.payee_id,
        lines.origin_period as period,
        lines.plan_code,
        lines.plan_version,
        lines.currency_code,
        lines.component_code,
        lines.window_code,
        max(case when components.index_offset <> 0 then indexes.effective_quota else lines.effective_quota end)
            as effective_quota,
        coalesce(max(components.index_offset), 0) as index_offset,
        max(components.measure) as measure,
        bool_or(lines.line_type = 'bonus') as is_bonus
    from lines
    left join components
        on
            lines.plan_code = components.plan_code
            and lines.plan_version = components.version
            and lines.component_code = components.component_code
    left join indexes
        on
            lines.payee_id = indexes.payee_id
            and lines.plan_code = indexes.plan_code
            and lines.plan_version = indexes.plan_version
            and lines.component_code = indexes.component_code
            and lines.window_code = indexes.window_code
    group by
        lines.payee_id,
        lines.origin_period,
        lines.plan_code,
        lines.plan_version,
        lines.currency_code,
        lines.component_code,
        lines.window_code

),

line_inputs as (

    select * from {{ ref('int_line_input') }}

),

month_terms as (

    select * from {{ ref('int_month_term') }}

),

positions as (

    select
        earning_line_id,
        line_position
    from {{ ref('int_credit_window') }}

),

pay_factors as (

    select * from {{ ref('int_pay_factor') }}

),

original_rates as (

    select earning_line_id from {{ ref('int_original_rate_line') }}

),

plan_bands as (

    select
        bands.plan_code,
        bands.version,
        bands.component_code,
        bands.band_no,
        bands.lower_bound
    from {{ ref('int_band_term') }} as bands
    inner join components
        on
            bands.plan_code = components.plan_code
            and bands.version = components.version
            and bands.component_code = components.component_code
    where components.index_measure = 'attainment'

),

parts as (

    select
        earning_line_id,
        {{ band_parts_as_rows('band_parts') }} as part
    from lines
    where band_parts is not null and band_parts <> '[]'

),

paid_by_factors as (

    select distinct
        plan_code,
        version,
        component_code
    from {{ ref('int_factor_term') }}
    where applies_to = 'pay'

),

-- How each line is priced, and the factor on its pay: 0 while it waits for one, NULL where the plan has none.
priced as (

    select
        lines.*,
        case
            when lines.line_type not in ('earning', 'spiff') then null
            when original_rates.earning_line_id is not null then 'original_rate'
            when lines.window_code = 'contest' then 'prize'
            else components.band_method
        end as pricing,
        case
            when original_rates.earning_line_id is not null or lines.credit_line_id is null then null
            when pay_factors.component_line_id is not null then coalesce(pay_factors.factor, 0)
            when paid_by_factors.component_code is not null then 1
        end as line_factor
    from lines
    left join components
        on
            lines.plan_code = components.plan_code
            and lines.plan_version = components.version
            and lines.component_code = components.component_code
    left join original_rates on lines.earning_line_id = original_rates.earning_line_id
    left join pay_factors on lines.earning_line_id = pay_factors.component_line_id
    left join paid_by_factors
        on
            lines.plan_code = paid_by_factors.plan_code
            and lines.plan_version = paid_by_factors.version
            and lines.component_code = paid_by_factors.component_code

),

placed as (

    select
        priced.*,
        credit_lines.subordinate_id,
        employees.full_name as subordinate_name,
        {{ statement_line_sort('priced.event_date', 'positions.line_position', 'priced.earning_line_id') }} as line_sort
    from priced
    left join positions on priced.earning_line_id = positions.earning_line_id
    left join credit_lines on priced.credit_line_id = credit_lines.credit_line_id
    left join employees on credit_lines.subordinate_id = employees.employee_id

),

held as (

    select
        payee_id,
        plan_code,
        origin_period,
        currency_code,
        sum(earned_amount) as amount
    from lines
    where is_held
    group by payee_id, plan_code, origin_period, currency_code

),

-- What becomes of a month's net: a negative one pays nothing and goes on the balance.
settled as (

    select
        payouts.*,
        coalesce(held.amount, 0) as line_held_amount,
        months.clawback_added as added_amount,
        months.off_held_amount
    from payouts
    inner join months
        on
            payouts.payee_id = months.payee_id
            and payouts.plan_code = months.plan_code
            and payouts.period = months.period
            and payouts.currency_code = months.currency_code
    left join held
        on
            payouts.payee_id = held.payee_id
            and payouts.plan_code = held.plan_code
            and payouts.period = held.origin_period
            and payouts.currency_code = held.currency_code

),

steps as (

    select
        windows.payee_id, windows.period, windows.plan_code, windows.plan_version, windows.currency_code,
        windows.component_code, windows.window_code,
        1 as part_no, 1 as place, 'quota' as section, 'quota_month' as step, month_quotas.month as sort_key,
        month_quotas.segment_no as sub_place,
        {{ typed_columns(columns, {
            'subject': 'month_quotas.month', 'target': 'month_quotas.target_value', 'ramp': 'month_quotas.ramp',
            'active_days': 'month_quotas.active_days', 'period_days': 'month_quotas.month_days',
            'effective_quota': 'month_quotas.effective_quota', 'rule_codes': "'Q1 Q2 Q6'",
        }) }}
    from windows
    inner join month_quotas
        on
            windows.payee_id = month_quotas.employee_id
            and windows.plan_code = month_quotas.plan_code
            and windows.plan_version = month_quotas.plan_version
            and windows.component_code = month_quotas.component_code
            and windows.window_code = month_quotas.window_code
    where windows.effective_quota is not null and windows.index_offset = 0
    union all
    select
        windows.payee_id, windows.period, windows.plan_code, windows.plan_version, windows.currency_code,
        windows.component_code, windows.window_code,
        1 as part_no, 1 as place, 'quota' as section, 'quota_month' as step,
        index_quotas.month || ' ' || index_quotas.quota_version as sort_key, index_quotas.segment_no as sub_place,
        {{ typed_columns(columns, {
            'subject': "index_quotas.month || case when index_quotas.quota_version <> windows.plan_version "
            ~ "then ' (' || index_quotas.quota_version || ')' else '' end",
            'target': 'index_quotas.target_value', 'ramp': 'index_quotas.ramp', 'active_days': 'index_quotas.active_days',
            'period_days': 'index_quotas.month_days', 'effective_quota': 'index_quotas.effective_quota',
            'method': "'other'", 'rule_codes': "'T2 Q1 Q2 Q6'",
        }) }}
    from windows
    inner join index_quotas
        on
            windows.payee_id = index_quotas.employee_id
            and windows.plan_code = index_quotas.plan_code
            and windows.plan_version = index_quotas.plan_version
            and windows.component_code = index_quotas.component_code
            and windows.window_code = index_quotas.window_code
    where windows.effective_quota is not null
    union all
    select
        payee_id, period, plan_code, plan_version, currency_code, component_code, window_code,
        1 as part_no, 2 as place, 'quota' as section, 'quota' as step, '' as sort_key, 1 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'window_code', 'effective_quota': 'effective_quota',
            'method': "case when index_offset <> 0 then 'other' end", 'rule_codes': "'Q1 Q4 Q5'",
        }) }}
    from windows
    where effective_quota is not null
    union all
    select
        windows.payee_id, windows.period, windows.plan_code, windows.plan_version, windows.currency_code,
        windows.component_code, windows.window_code,
        1 as part_no, 3 as place, 'band' as section, 'scale' as step, '' as sort_key, bands.band_no as sub_place,
        {{ typed_columns(columns, {
            'subject': 'windows.window_code', 'band_no': 'bands.band_no', 'lower_amount': 'bands.lower_amount',
            'upper_amount': 'bands.upper_amount', 'rate': 'bands.rate', 'target': 'plan_bands.lower_bound',
            'method': 'windows.measure', 'rule_codes': "'T1 T2'",
        }) }}
    from windows
    inner join bands
        on
            windows.payee_id = bands.payee_id
            and windows.plan_code = bands.plan_code
            and windows.plan_version = bands.plan_version
            and windows.component_code = bands.component_code
            and windows.window_code = bands.window_code
    left join plan_bands
        on
            windows.plan_code = plan_bands.plan_code
            and windows.plan_version = plan_bands.version
            and windows.component_code = plan_bands.component_code
            and bands.band_no = plan_bands.band_no
    union all
    select
        windows.payee_id, windows.period, windows.plan_code, windows.plan_version, windows.currency_code,
        windows.component_code, windows.window_code,
        1 as part_no, 4 as place, 'bonus' as section, 'score_kpi' as step, card_lines.kpi_code as sort_key, 1 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'card_lines.kpi_code', 'subject_en': 'card_kpis.kpi_en', 'subject_zh': 'card_kpis.kpi_zh',
            'target': 'card_lines.target_value', 'rate': 'card_lines.weight',
            'slice_amount': 'card_lines.actual_value', 'factor': 'card_lines.capped_attainment',
            'cumulative_after': 'card_lines.attainment', 'upper_amount': 'card_lines.cap', 'method': 'card_kpis.direction',
            'unrounded_after': 'card_lines.weighted_score', 'reason': 'card_lines.missing_reason', 'rule_codes': "'K1'",
        }) }}
    from windows
    inner join card_lines
        on
            windows.is_bonus
            and windows.payee_id = card_lines.employee_id
            and windows.plan_code = card_lines.plan_code
            and windows.component_code = card_lines.scorecard_code
            and windows.window_code = card_lines.period
    inner join card_kpis
        on
            card_lines.plan_code = card_kpis.plan_code
            and card_lines.plan_version = card_kpis.version
            and card_lines.scorecard_code = card_kpis.scorecard_code
            and card_lines.kpi_code = card_kpis.kpi_code
    union all
    select
        windows.payee_id, windows.period, windows.plan_code, windows.plan_version, windows.currency_code,
        windows.component_code, windows.window_code,
        1 as part_no, 5 as place, 'bonus' as section, 'score' as step, '' as sort_key, 1 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'results.grade', 'target': 'results.bonus_base_amount', 'rate': 'case when results.is_forfeited then 0 else results.coefficient end',
            'active_days': 'results.active_days', 'period_days': 'results.period_days', 'factor': 'results.score',
            'band_no': 'results.rank_position', 'slice_amount': 'results.ranked_people',
            'method': "case when results.is_forfeited then 'forfeited' end",
            'reason': 'results.hold_reason', 'rule_codes': "'K1 K2 K3'",
        }) }}
    from windows
    inner join results
        on
            windows.is_bonus
            and windows.payee_id = results.employee_id
            and windows.plan_code = results.plan_code
            and windows.component_code = results.scorecard_code
            and windows.window_code = results.period
    union all
    select
        lines.payee_id, lines.origin_period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 6 as place, 'credit' as section, 'credit' as step, lines.line_sort as sort_key, 1 as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'lines.line_type', 'earning_line_id': 'lines.earning_line_id', 'subject': 'credit_lines.event_type',
            'subject_en': event_title('credit_lines.event_type', 'en'),
            'subject_zh': event_title('credit_lines.event_type', 'zh'),
            'band_no': 'lines.split_no', 'subordinate_id': 'lines.subordinate_id', 'subordinate_name': 'lines.subordinate_name',
            'event_date': 'lines.event_date', 'credited_amount': 'lines.credited_amount', 'target': 'credit_lines.split_amount',
            'rate': 'credit_lines.split_ratio',
            'slice_amount': 'credit_lines.line_amount', 'factor': 'credit_lines.fx_rate', 'method': 'credit_lines.fx_rate_type',
            'rule_codes': "'C1 C2 C3'", 'source_system': 'lines.source_system', 'document_id': 'lines.document_id',
            'product_name': 'credit_lines.product_name', 'event_id': 'lines.event_id',
            'delivery_id': 'credit_lines.delivery_id', 'file_name': 'credit_lines.file_name',
            'row_number': 'credit_lines.row_number', 'is_held': 'lines.is_held', 'reason': 'lines.hold_reason',
        }) }}
    from placed as lines
    inner join credit_lines on lines.credit_line_id = credit_lines.credit_line_id
    union all
    select
        lines.payee_id, lines.origin_period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 6 as place, 'band' as section, 'slice' as step, lines.line_sort as sort_key,
        100 + parts.part.band as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'lines.line_type', 'earning_line_id': 'lines.earning_line_id', 'subject': 'lines.window_code',
            'band_no': 'parts.part.band', 'lower_amount': 'parts.part."from"', 'upper_amount': 'parts.part."to"',
            'rate': 'parts.part.rate', 'slice_amount': 'parts.part.amount', 'method': 'lines.measure', 'rule_codes': "'T1'",
        }) }}
    from parts
    inner join placed as lines on parts.earning_line_id = lines.earning_line_id
    union all
    select
        payee_id, origin_period, plan_code, plan_version, currency_code, component_code, window_code,
        1 as part_no,
        case when line_type = 'threshold' then 7 when line_type like 'cap%' then 8 else 6 end as place,
        case
            when line_type in ('threshold', 'bonus') then line_type
            when line_type like 'cap%' then 'cap'
            else 'line'
        end as section,
        'line' as step,
        case
            when line_type in ('threshold', 'cap') then earning_line_id
            when line_type = 'cap_carry' then replace(earning_line_id, '|cap_carry|', '|cap|')
            else line_sort
        end as sort_key,
        case when line_type = 'cap_carry' then 1000001 else 1000000 end as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'line_type', 'earning_line_id': 'earning_line_id', 'subject': 'coalesce(document_id, window_code)',
            'subordinate_id': 'subordinate_id', 'subordinate_name': 'subordinate_name', 'event_date': 'event_date', 'credited_amount': 'credited_amount', 'cumulative_before': 'cumulative_before',
            'cumulative_after': 'cumulative_after', 'effective_quota': 'effective_quota', 'rate': 'effective_rate',
            'slice_amount': 'counted_amount', 'factor': 'line_factor', 'method': 'pricing',
            'amount': 'earned_amount', 'moved': 'earned_amount', 'rule_codes': 'rule_codes',
            'source_system': 'source_system', 'document_id': 'document_id', 'event_id': 'event_id', 'is_held': 'is_held',
            'reason': 'hold_reason',
        }) }}
    from placed
    {% for place, section, step_name, amount, moved, when, rules in [
    (1, 'payable', 'earned', 'earned_amount', '0', 'true', 'D1'),
    (2, 'draw', 'draw_top_up', 'draw_top_up_amount', 'draw_top_up_amount', 'draw_top_up_amount <> 0', 'D1 D2'),
    (3, 'draw', 'draw_recovered', '-draw_recovered_amount', '-draw_recovered_amount', 'draw_recovered_amount <> 0', 'D2'),
    (4, 'penalty', 'penalty', '-penalty_amount', '-penalty_amount', 'penalty_amount <> 0', 'K4'),
    (5, 'hold', 'held_lines', '-line_held_amount', '-line_held_amount', 'line_held_amount <> 0', 'D5'),
    (6, 'hold', 'out_of_held', 'off_held_amount', 'off_held_amount', 'off_held_amount <> 0', 'K4 D2 D5'),
    (7, 'clawback', 'negative', 'added_amount', 'added_amount', 'added_amount > 0', 'D1 D3'),
    (8, 'clawback', 'legal_limit', 'legal_limit_amount', '0', 'legal_limit_amount <> 0', 'D4'),
    (9, 'clawback', 'recovered', '-clawback_recovered', '-clawback_recovered',
        'clawback_recovered <> 0 or (opening_clawback_balance <> 0 and added_amount = 0)', 'D3'),
    (10, 'hold', 'held_payee', 'line_held_amount - held_amount - off_held_amount',
        'line_held_amount - held_amount - off_held_amount', 'held_amount <> line_held_amount - off_held_amount', 'D5'),
    (11, 'payable', 'payable', 'payable_amount', '0', 'true', 'M1'),
] %}
    union all
    select
        payee_id, period, plan_code, '' as plan_version, currency_code, '' as component_code, '' as window_code,
        2 as part_no, {{ place }} as place, '{{ section }}' as section, '{{ step_name }}' as step,
        '~~' as sort_key, 1 as sub_place,
        {{ typed_columns(columns, {
            'amount': amount, 'moved': moved, 'rule_codes': "'" ~ rules ~ "'", 'subject': 'status',
            'opening_balance': {'clawback': 'opening_clawback_balance', 'draw': 'opening_draw_balance'}.get(section, 'null'),
            'closing_balance': {'clawback': 'closing_clawback_balance', 'draw': 'closing_draw_balance'}.get(section, 'null'),
            'reason': 'hold_reason' if step_name in ('held_lines', 'held_payee') else 'null', 'is_held': 'true' if section == 'hold' else 'false',
        }) }}
    from settled
    where {{ when }}
    {% endfor %}
    union all
    select * from line_inputs
    union all
    select * from month_terms

),

numbered as (

    select
        *,
        row_number() over (
            partition by payee_id, period
            order by
                plan_code, currency_code, part_no, plan_version, component_code, window_code, place, sort_key, sub_place,
                step
        ) as line_no
    from steps

),

running as (

    select
        *,
        sum(coalesce(moved, 0)) over (
            partition by payee_id, period, plan_code, currency_code
            order by line_no
            rows between unbounded preceding and current row
        ) as running_total
    from numbered

),

titled as (

    select
        running.*,
        titles.title_en as component_en,
        titles.title_zh as component_zh
    from running
    left join titles
        on
            running.plan_code = titles.plan_code
            and running.plan_version = titles.version
            and running.component_code = titles.component_code

),

spoken as (

    select
        *,
        {{ spoken_columns() }}
    from titled

),

final as (

    select
        payee_id || '|' || period || '|' || line_no as statement_line_id,
        payee_id,
        period,
        cast(line_no as integer) as line_no,
        section,
        step,
        plan_code,
        nullif(plan_version, '') as plan_version,
        nullif(component_code, '') as component_code,
        component_en,
        component_zh,
        nullif(window_code, '') as window_code,
        currency_code,
        {{ statement_text('en') }} as text_en,
        {{ statement_text('zh') }} as text_zh,
        line_type,
        earning_line_id,
        subject,
        subject_en,
        subject_zh,
        subordinate_id,
        subordinate_name,
        event_date,
        credited_amount,
        cumulative_before,
        cumulative_after,
        effective_quota,
        target,
        ramp,
        active_days,
        period_days,
        band_no,
        lower_amount,
        upper_amount,
        rate,
        slice_amount,
        factor,
        unrounded_before,
        unrounded_after,
        method,
        amount,
        opening_balance,
        closing_balance,
        rule_codes,
        source_system,
        document_id,
        product_name,
        event_id,
        delivery_id,
        file_name,
        row_number,
        is_held,
        reason,
        cast(running_total as decimal(18, 2)) as running_total
    from spoken

)

select * from final
