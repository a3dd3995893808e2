with

computed as (

    select * from {{ ref('int_credit_line') }}
    -- what was credited is the same under every profile
    where reversal_profile = 'standard' or event_type not in ('won', 'invoice', 'receipt')

),

final as (

    select
        credit_line_id,
        basis,
        source_system,
        document_id,
        event_id,
        line_no,
        document_line_no,
        split_no,
        event_type,
        event_date,
        known_at,
        period,
        employee_id,
        owner_reference,
        owner_match,
        credit_role,
        subordinate_id,
        reversal_profile,
        original_credit_line_id,
        customer_id,
        product_name,
        product_family,
        customer_type,
        segment,
        channel,
        region,
        collection_days,
        margin_ratio,
        discount_ratio,
        document_currency_code,
        event_amount,
        line_amount,
        split_ratio,
        split_amount,
        fx_rate,
        fx_rate_type,
        fx_rate_date,
        currency_code,
        credited_amount,
        credited_margin,
        credited_units,
        credited_count,
        measure_hold_reason,
        is_held,
        hold_reason,
        delivery_id,
        file_name,
        row_number
    from computed

)

select * from final
