with

source as (

    {{ latest_revision(source('zoho_crm', 'users'), key=['user_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        user_id,
        full_name,
        first_name,
        last_name,
        email,
        user_status,
        role_name,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
