with

source as (

    {{ latest_revision(source('hr', 'ratings'), key=['employee_id', 'period', 'objective_code']) }}

),

final as (

    select
        _source_system as source_system,
        employee_id,
        period,
        objective_code,
        rating,
        rated_by,
        rated_date,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
