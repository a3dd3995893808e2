with

source as (

    {{ latest_revision(source('zoho_crm', 'deals'), key=['deal_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        deal_id,
        deal_name,
        owner_id,
        owner_name,
        account_id,
        account_name,
        product_name,
        stage,
        amount,
        currency_code,
        closing_date,
        list_amount,
        cost_amount,
        quantity,
        channel,
        cancelled_date,
        deal_type,
        lead_source,
        probability,
        split_owner_1,
        split_percent_1,
        split_owner_2,
        split_percent_2,
        split_owner_3,
        split_percent_3,
        overlay_owner_1,
        overlay_percent_1,
        overlay_owner_2,
        overlay_percent_2,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
