with

source as (

    {{ latest_revision(source('hr', 'reporting_lines'), key=['employee_id', 'valid_from']) }}

),

final as (

    select
        _source_system as source_system,
        employee_id,
        manager_id,
        team,
        valid_from,
        valid_to,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
