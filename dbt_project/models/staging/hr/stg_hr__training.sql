with

source as (

    {{ latest_revision(source('hr', 'training'), key=['employee_id', 'course_code', 'completed_date']) }}

),

final as (

    select
        _source_system as source_system,
        employee_id,
        course_code,
        course_name,
        skill,
        completed_date,
        hours,
        score,
        is_passed,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
