-- Everything that is money before draws, one line each (order of operations up to the cap): what credit lines and
-- windows earn, what is taken back at its original rate, what thresholds and caps take away, SPIFFs, contests, bonuses.
-- Threshold and cap lines are lines of their own and are never held (rules T8, T9, D5).

with

earning_lines as (

    select * from {{ ref('int_earning_line') }}

),

original_rate_lines as (

    select * from {{ ref('int_original_rate_line') }}

),

thresholds as (

    select * from {{ ref('int_threshold_line') }}

),

caps as (

    select * from {{ ref('int_cap_line') }}

),

contests as (

    select * from {{ ref('int_contest_line') }}

),

bonuses as (

    select * from {{ ref('int_bonus') }}

),

run as (

    select * from {{ ref('stg_control__run') }}

),

adjustments as (

    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        'threshold' as line_type,
        window_code,
        origin_period,
        currency_code,
        effective_quota,
        index_value,
        earned_amount,
        'T8 M2' as rule_codes
    from thresholds
    union all
    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        line_type,
        window_code,
        origin_period,
        currency_code,
        cast(null as decimal(18, 6)) as effective_quota,
        cast(null as decimal(18, 6)) as index_value,
        earned_amount,
        'T9 M2' as rule_codes
    from caps

),

final as (

    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        case when kind = 'spiff' then 'spiff' else 'earning' end as line_type,
        origin_period,
        window_code,
        event_date,
        known_at,
        credit_line_id,
        credit_role,
        source_system,
        document_id,
        event_id,
        split_no,
        currency_code,
        measure,
        credited_amount,
        counted_amount,
        cumulative_before,
        cumulative_after,
        effective_quota,
        index_value,
        band_parts,
        effective_rate,
        factor,
        factor_parts,
        earned_amount,
        is_held,
        hold_reason,
        {{ line_rules('rule_codes', [
            ('C6', "credit_role = 'override'"),
            ('K6', "kind = 'spiff'"),
            ('T7', 'factor_parts is not null'),
            ('D3', 'is_reversal'),
            ('Q6', 'is_excluded and not is_reversal'),
        ]) }} as rule_codes
    from earning_lines
    union all
    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        case when kind = 'spiff' then 'spiff' else 'earning' end as line_type,
        origin_period,
        window_code,
        event_date,
        known_at,
        credit_line_id,
        credit_role,
        source_system,
        document_id,
        event_id,
        split_no,
        currency_code,
        measure,
        credited_amount,
        counted_amount,
        cumulative_before,
        cumulative_after,
        effective_quota,
        cast(null as decimal(18, 6)) as index_value,
        cast(null as varchar) as band_parts,
        cast(null as decimal(18, 6)) as effective_rate,
        factor,
        factor_parts,
        earned_amount,
        is_held,
        hold_reason,
        {{ line_rules('rule_codes', [('C6', "credit_role = 'override'"), ('K6', "kind = 'spiff'"), ('D3', 'true')]) }}
            as rule_codes
    from original_rate_lines
    union all
    select
        adjustments.earning_line_id,
        adjustments.payee_id,
        adjustments.plan_code,
        adjustments.plan_version,
        adjustments.component_code,
        adjustments.line_type,
        adjustments.origin_period,
        adjustments.window_code,
        least({{ month_end(month_to_day('adjustments.origin_period')) }}, run.as_of_date) as event_date,
        cast(null as timestamp) as known_at,
        cast(null as varchar) as credit_line_id,
        cast(null as varchar) as credit_role,
        cast(null as varchar) as source_system,
        cast(null as varchar) as document_id,
        cast(null as varchar) as event_id,
        cast(null as integer) as split_no,
        adjustments.currency_code,
        cast(null as varchar) as measure,
        cast(null as decimal(18, 6)) as credited_amount,
        cast(null as decimal(18, 6)) as counted_amount,
        cast(null as decimal(18, 6)) as cumulative_before,
        cast(null as decimal(18, 6)) as cumulative_after,
        adjustments.effective_quota,
        adjustments.index_value,
        cast(null as varchar) as band_parts,
        cast(null as decimal(18, 6)) as effective_rate,
        cast(null as decimal(18, 6)) as factor,
        cast(null as varchar) as factor_parts,
        adjustments.earned_amount,
        false as is_held,
        cast(null as varchar) as hold_reason,
        adjustments.rule_codes
    from adjustments
    cross join run
    union all
    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        'spiff' as line_type,
        origin_period,
        'contest' as window_code,
        event_date,
        cast(null as timestamp) as known_at,
        cast(null as varchar) as credit_line_id,
        cast(null as varchar) as credit_role,
        cast(null as varchar) as source_system,
        cast(null as varchar) as document_id,
        cast(null as varchar) as event_id,
        cast(null as integer) as split_no,
        currency_code,
        cast(null as varchar) as measure,
        cast(null as decimal(18, 6)) as credited_amount,
        cast(null as decimal(18, 6)) as counted_amount,
        cast(null as decimal(18, 6)) as cumulative_before,
        cast(null as decimal(18, 6)) as cumulative_after,
        cast(null as decimal(18, 6)) as effective_quota,
        measured_amount as index_value,
        cast(null as varchar) as band_parts,
        cast(null as decimal(18, 6)) as effective_rate,
        cast(null as decimal(18, 6)) as factor,
        cast(null as varchar) as factor_parts,
        earned_amount,
        false as is_held,
        cast(null as varchar) as hold_reason,
        'K6 M3 M2' as rule_codes
    from contests
    union all
    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        'bonus' as line_type,
        origin_period,
        window_code,
        event_date,
        cast(null as timestamp) as known_at,
        cast(null as varchar) as credit_line_id,
        cast(null as varchar) as credit_role,
        cast(null as varchar) as source_system,
        cast(null as varchar) as document_id,
        cast(null as varchar) as event_id,
        cast(null as integer) as split_no,
        currency_code,
        cast(null as varchar) as measure,
        cast(null as decimal(18, 6)) as credited_amount,
        cast(null as decimal(18, 6)) as counted_amount,
        cast(null as decimal(18, 6)) as cumulative_before,
        cast(null as decimal(18, 6)) as cumulative_after,
        cast(null as decimal(18, 6)) as effective_quota,
        cast(null as decimal(18, 6)) as index_value,
        cast(null as varchar) as band_parts,
        cast(null as decimal(18, 6)) as effective_rate,
        cast(null as decimal(18, 6)) as factor,
        cast(null as varchar) as factor_parts,
        earned_amount,
        is_held,
        hold_reason,
        rule_codes
    from bonuses

)

select * from final
