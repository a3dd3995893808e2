with

source as (

    select * from {{ source('plan', 'reversal_type') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(event_type as varchar) as event_type
    from source

)

select * from final
