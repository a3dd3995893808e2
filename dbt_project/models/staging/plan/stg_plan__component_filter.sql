with

source as (

    select * from {{ source('plan', 'component_filter') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(attribute as varchar) as attribute,
        cast(value as varchar) as value
    from source

)

select * from final
