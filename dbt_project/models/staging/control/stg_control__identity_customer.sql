with

source as (

    select * from {{ source('control', 'identity_customer') }}

),

final as (

    select
        cast(source_system as varchar) as source_system,
        {{ customer_reference('reference') }} as reference,
        cast(customer_id as varchar) as customer_id,
        cast(line_number as bigint) as line_number
    from source

)

select * from final
