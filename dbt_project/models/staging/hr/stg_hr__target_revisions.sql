with

source as (

    select * from {{ source('hr', 'targets') }}

),

final as (

    select
        _source_system as source_system,
        employee_id,
        kpi_code,
        period,
        target_value,
        currency_code,
        coalesce(_extracted_at, _received_at) as known_at,
        row_number() over (
            partition by _source_system, employee_id, kpi_code, period
            order by coalesce(_extracted_at, _received_at), _sequence, _row_number
        ) as revision_no,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
