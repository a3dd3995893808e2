with

computed as (

    select * from {{ ref('int_customer') }}

),

final as (

    select
        customer_id,
        source_system,
        customer_name,
        owner_employee_id,
        industry,
        region,
        country,
        tax_id,
        record_count,
        match_confidence,
        is_unknown
    from computed

)

select * from final
