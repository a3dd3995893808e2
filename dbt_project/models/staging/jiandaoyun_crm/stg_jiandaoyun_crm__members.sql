with

source as (

    {{ latest_revision(source('jiandaoyun_crm', 'members'), key=['username']) }}

),

final as (

    select
        _source_system as source_system,
        username,
        full_name,
        department,
        email,
        member_status,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
