with

source as (

    {{ latest_revision(source('zoho_crm', 'events'), key=['event_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        event_id,
        subject,
        owner_id,
        owner_name,
        contact_id,
        related_id,
        related_name,
        location,
        started_at,
        ended_at,
        checked_in_at,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
