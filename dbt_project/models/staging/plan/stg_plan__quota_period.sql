with

source as (

    select * from {{ source('plan', 'quota_period') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(kpi_code as varchar) as kpi_code,
        cast(period as varchar) as period,
        cast(period_type as varchar) as period_type,
        cast(quota as decimal(24, 6)) as quota,
        cast(role as varchar) as role,
        cast(team as varchar) as team,
        cast(region as varchar) as region,
        cast(employee_id as varchar) as employee_id
    from source

)

select * from final
