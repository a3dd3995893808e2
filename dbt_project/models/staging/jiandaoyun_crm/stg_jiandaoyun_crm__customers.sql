with

source as (

    {{ latest_revision(source('jiandaoyun_crm', 'customers'), key=['customer_no'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        customer_no,
        customer_name,
        owner_username,
        owner_name,
        customer_level,
        industry,
        region,
        tax_id,
        customer_code,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
