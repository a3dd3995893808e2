with

source as (

    {{ latest_revision(source('hr', 'leave'), key=['employee_id', 'leave_from', 'leave_type']) }}

),

final as (

    select
        _source_system as source_system,
        employee_id,
        leave_type,
        leave_from,
        leave_to,
        leave_days,
        leave_status,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
