with

computed as (

    select * from {{ ref('int_credit_line') }}

),

final as (

    select
        credit_line_id,
        basis,
        source_system,
        document_id,
        event_id,
        line_no,
        split_no,
        event_type,
        event_date,
        known_at,
        period,
        employee_id,
        owner_reference,
        owner_match,
        credit_role,
        customer_id,
        product_name,
        document_currency_code,
        event_amount,
        split_ratio,
        split_amount,
        fx_rate,
        fx_rate_type,
        fx_rate_date,
        currency_code,
        credited_amount,
        is_held,
        hold_reason,
        delivery_id,
        file_name,
        row_number
    from computed

)

select * from final
