with

source as (

    select * from {{ source('plan', 'scorecard_curve_point') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(scorecard_code as varchar) as scorecard_code,
        cast(kpi_code as varchar) as kpi_code,
        cast(point_no as integer) as point_no,
        cast(at_attainment as decimal(24, 6)) as at_attainment,
        cast(score as decimal(18, 6)) as score
    from source

)

select * from final
