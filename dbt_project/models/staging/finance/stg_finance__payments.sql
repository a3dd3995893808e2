with

source as (

    {{ latest_revision(source('finance', 'payments'), key=['payment_no']) }}

),

final as (

    select
        _source_system as source_system,
        payment_no,
        employee_id,
        full_name,
        period,
        paid_date,
        amount,
        currency_code,
        payment_type,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
