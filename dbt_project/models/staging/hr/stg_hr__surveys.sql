with

source as (

    {{ latest_revision(source('hr', 'surveys'), key=['response_id']) }}

),

final as (

    select
        _source_system as source_system,
        response_id,
        survey_kind,
        answered_date,
        score,
        customer_no,
        customer_name,
        employee_id,
        comment,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
