with

earning_lines as (

    select * from {{ ref('int_earning_line') }}

),

bonuses as (

    select * from {{ ref('int_bonus') }}

),

final as (

    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        'earning' as line_type,
        origin_period,
        window_code,
        event_date,
        known_at,
        credit_line_id,
        source_system,
        document_id,
        event_id,
        split_no,
        currency_code,
        credited_amount,
        cumulative_before,
        cumulative_after,
        effective_quota,
        band_parts,
        cast(effective_rate as decimal(18, 6)) as effective_rate,
        earned_amount,
        is_held,
        hold_reason,
        rule_codes
    from earning_lines
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
        cast(null as varchar) as source_system,
        cast(null as varchar) as document_id,
        cast(null as varchar) as event_id,
        cast(null as integer) as split_no,
        currency_code,
        cast(null as decimal(18, 6)) as credited_amount,
        cast(null as decimal(18, 6)) as cumulative_before,
        cast(null as decimal(18, 6)) as cumulative_after,
        cast(null as decimal(18, 6)) as effective_quota,
        cast(null as varchar) as band_parts,
        cast(null as decimal(18, 6)) as effective_rate,
        earned_amount,
        is_held,
        hold_reason,
        rule_codes
    from bonuses

)

select * from final
