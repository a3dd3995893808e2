with

source as (

    select * from {{ source('hr', 'ratings') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by _source_system, employee_id, period, objective_code
            order by
                coalesce(_extracted_at, _received_at) asc nulls first,
                case when _mode = 'snapshot' then 0 else 1 end asc,
                _sequence asc,
                _row_number asc
        ) as revision_no
    from source

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
        revision_no,
        _is_gone is true as is_deleted,
        coalesce(
            _is_gone is not true
            and revision_no = max(case when _is_gone is not true then revision_no end) over (
                partition by _source_system, employee_id, period, objective_code
            ), false
        ) as is_latest,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from numbered

)

select * from final
