with

source as (

    {{ latest_lines(
        source('jiandaoyun_crm', 'quote_lines'),
        key=['quote_no'],
        cells=['product_no', 'product_name', 'quantity', 'unit_price', 'discount', 'amount'],
        modified='modified_at'
    ) }}

),

final as (

    select
        _source_system as source_system,
        quote_no,
        product_no,
        product_name,
        quantity,
        unit_price,
        discount,
        amount,
        modified_at,
        _line_no as line_no,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
