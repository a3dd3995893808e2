with

source as (

    {{ latest_revision(
        source('jiandaoyun_crm', 'collection_plans'),
        key=['contract_no', 'instalment_no'],
        modified='modified_at'
    ) }}

),

final as (

    select
        _source_system as source_system,
        contract_no,
        instalment_no,
        customer_no,
        customer_name,
        owner_username,
        owner_name,
        planned_date,
        amount,
        currency_code,
        plan_status,
        created_at,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
