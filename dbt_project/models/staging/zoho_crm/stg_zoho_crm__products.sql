with

source as (

    {{ latest_revision(source('zoho_crm', 'products'), key=['product_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        product_id,
        product_name,
        product_code,
        product_family,
        unit_price,
        currency_code,
        is_active,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
