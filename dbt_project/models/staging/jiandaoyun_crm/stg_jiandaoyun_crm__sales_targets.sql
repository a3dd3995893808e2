with

source as (

    {{ latest_revision(
        source('jiandaoyun_crm', 'sales_targets'),
        key=['owner_name', 'target_year', 'target_month', 'target_type'],
        modified='modified_at'
    ) }}

),

final as (

    select
        _source_system as source_system,
        owner_name,
        owner_username,
        target_year,
        target_month,
        target_type,
        target_amount,
        currency_code,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
