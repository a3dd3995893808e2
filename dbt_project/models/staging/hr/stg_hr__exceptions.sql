with

source as (

    {{ latest_revision(source('hr', 'exceptions'), key=['exception_no']) }}

),

final as (

    select
        _source_system as source_system,
        exception_no,
        employee_id,
        exception_type,
        period,
        document_id,
        amount,
        currency_code,
        reason,
        approved_by,
        approved_date,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
