with

source as (

    {{ latest_revision(source('zoho_crm', 'leads'), key=['lead_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        lead_id,
        owner_id,
        owner_name,
        company_name,
        lead_source,
        lead_status,
        is_converted,
        converted_deal_id,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
