with

source as (

    {{ latest_revision(source('finance', 'write_offs'), key=['write_off_no']) }}

),

final as (

    select
        _source_system as source_system,
        write_off_no,
        invoice_no,
        write_off_date,
        amount,
        currency_code,
        reason,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
