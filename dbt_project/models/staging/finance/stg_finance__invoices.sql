with

source as (

    {{ latest_revision(source('finance', 'invoices'), key=['invoice_no']) }}

),

final as (

    select
        _source_system as source_system,
        invoice_no,
        document_no,
        customer_no,
        customer_name,
        customer_tax_id,
        invoice_date,
        due_date,
        settlement_date,
        amount,
        currency_code,
        invoice_status,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
