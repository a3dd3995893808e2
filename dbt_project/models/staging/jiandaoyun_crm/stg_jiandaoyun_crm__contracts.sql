with

source as (

    {{ latest_revision(source('jiandaoyun_crm', 'contracts'), key=['contract_no'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        contract_no,
        contract_name,
        customer_no,
        customer_name,
        owner_username,
        owner_name,
        signed_date,
        amount,
        currency_code,
        contract_type,
        product_name,
        list_amount,
        cost_amount,
        quantity,
        channel,
        cancelled_date,
        flow_status,
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
