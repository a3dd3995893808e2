with

source as (

    {{ latest_revision(source('zoho_crm', 'stage_history'), key=['entry_id'], modified='modified_at') }}

),

final as (

    select
        _source_system as source_system,
        entry_id,
        deal_id,
        deal_name,
        stage,
        moved_to,
        duration_days,
        probability,
        amount,
        expected_revenue,
        closing_date,
        modified_by_id,
        modified_by_name,
        modified_at,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
