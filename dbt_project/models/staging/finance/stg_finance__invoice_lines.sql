with

source as (

    {{ latest_lines(
        source('finance', 'invoice_lines'),
        key=['invoice_no'],
        cells=['item_name', 'item_code', 'quantity', 'unit_price', 'amount', 'tax_amount']
    ) }}

),

final as (

    select
        _source_system as source_system,
        invoice_no,
        item_name,
        item_code,
        quantity,
        unit_price,
        amount,
        tax_amount,
        _line_no as line_no,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
