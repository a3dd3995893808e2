with

source as (

    {{ latest_revision(source('jiandaoyun_crm', 'follow_ups'), key=['follow_up_no'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        follow_up_no,
        customer_no,
        customer_name,
        opportunity_no,
        owner_username,
        owner_name,
        follow_up_method,
        followed_up_at,
        next_date,
        content,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
