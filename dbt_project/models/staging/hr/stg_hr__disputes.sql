with

source as (

    {{ latest_revision(source('hr', 'disputes'), key=['dispute_no']) }}

),

final as (

    select
        _source_system as source_system,
        dispute_no,
        employee_id,
        period,
        document_id,
        raised_date,
        claim_amount,
        currency_code,
        reason,
        dispute_status,
        resolved_date,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
