with

source as (

    {{ latest_revision(source('finance', 'receipts'), key=['receipt_no', 'invoice_no']) }}

),

final as (

    select
        _source_system as source_system,
        receipt_no,
        invoice_no,
        customer_no,
        customer_name,
        receipt_date,
        amount,
        currency_code,
        receipt_type,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
