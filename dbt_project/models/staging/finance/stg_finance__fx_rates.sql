with

source as (

    {{ latest_revision(
        source('finance', 'fx_rates'),
        key=['rate_date', 'from_currency', 'to_currency', 'rate_type'],
        modified='quoted_at'
    ) }}

),

final as (

    select
        _source_system as source_system,
        rate_date,
        from_currency,
        to_currency,
        unit,
        rate,
        rate_type,
        quoted_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
