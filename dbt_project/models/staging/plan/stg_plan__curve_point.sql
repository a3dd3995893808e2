with

source as (

    select * from {{ source('plan', 'curve_point') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(point_no as integer) as point_no,
        cast(at_attainment as decimal(24, 6)) as at_attainment,
        cast(pay_share as decimal(18, 6)) as pay_share
    from source

)

select * from final
