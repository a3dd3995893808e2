with

lines as (

    select * from {{ ref('int_pay_line') }}

),

final as (

    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        line_type,
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
        cast(effective_rate as decimal(18, 6)) as effective_rate,
        factor,
        factor_parts,
        earned_amount,
        is_held,
        hold_reason,
        rule_codes
    from lines

)

select * from final
