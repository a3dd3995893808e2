with

source as (

    {{ latest_revision(source('jiandaoyun_crm', 'collections'), key=['collection_no'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        collection_no,
        contract_no,
        customer_name,
        owner_username,
        owner_name,
        collected_date,
        amount,
        currency_code,
        collection_type,
        finance_receipt_no,
        flow_status,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
