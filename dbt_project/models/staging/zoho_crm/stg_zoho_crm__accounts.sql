with

source as (

    {{ latest_revision(source('zoho_crm', 'accounts'), key=['account_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        account_id,
        account_name,
        owner_id,
        owner_name,
        industry,
        account_type,
        region,
        country,
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
