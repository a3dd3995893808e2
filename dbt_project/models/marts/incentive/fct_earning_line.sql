{{ config(materialized='view') }}

with

lines as (

    select * from {{ ref('int_pay_line') }}

),

credit_factors as (

    select * from {{ ref('int_credit_factor') }}

),

pay_factors as (

    select * from {{ ref('int_pay_factor') }}

),

final as (

    select
        lines.earning_line_id,
        lines.payee_id,
        lines.plan_code,
        lines.plan_version,
        lines.component_code,
        lines.line_type,
        lines.origin_period,
        lines.window_code,
        lines.event_date,
        lines.known_at,
        lines.credit_line_id,
        lines.credit_role,
        lines.source_system,
        lines.document_id,
        lines.event_id,
        lines.split_no,
        lines.currency_code,
        lines.measure,
        lines.credited_amount,
        lines.counted_amount,
        lines.cumulative_before,
        lines.cumulative_after,
        lines.effective_quota,
        lines.index_value,
        lines.band_parts,
        cast(lines.effective_rate as decimal(18, 6)) as effective_rate,
        lines.factor,
        cast(credit_factors.factor as decimal(18, 12)) as credit_factor,
        cast(pay_factors.factor as decimal(18, 12)) as pay_factor,
        lines.factor_parts,
        lines.earned_amount,
        lines.is_held,
        lines.hold_reason,
        lines.rule_codes
    from lines
    left join credit_factors on lines.earning_line_id = credit_factors.component_line_id
    left join pay_factors on lines.earning_line_id = pay_factors.component_line_id

)

select * from final
