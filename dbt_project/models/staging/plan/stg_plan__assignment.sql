with

source as (

    select * from {{ source('plan', 'assignment') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(role as varchar) as role,
        cast(team as varchar) as team,
        cast(region as varchar) as region,
        cast(employee_id as varchar) as employee_id,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to
    from source

)

select * from final
