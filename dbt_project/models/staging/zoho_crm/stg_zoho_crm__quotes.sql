with

source as (

    {{ latest_revision(source('zoho_crm', 'quotes'), key=['quote_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        quote_id,
        quote_no,
        subject,
        owner_id,
        owner_name,
        deal_id,
        deal_name,
        account_id,
        account_name,
        quote_stage,
        valid_until,
        amount,
        discount_amount,
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
