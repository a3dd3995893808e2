with

source as (

    {{ latest_revision(source('zoho_crm', 'invoices'), key=['invoice_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        invoice_id,
        invoice_no,
        subject,
        owner_id,
        owner_name,
        sales_order_id,
        account_id,
        account_name,
        invoice_status,
        invoice_date,
        due_date,
        amount,
        currency_code,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
