with

source as (

    select * from {{ source('plan', 'scorecard_kpi') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(scorecard_code as varchar) as scorecard_code,
        cast(kpi_code as varchar) as kpi_code,
        cast(weight as decimal(9, 6)) as weight,
        cast(cap as decimal(9, 6)) as cap,
        cast(direction as varchar) as direction,
        cast(low as decimal(24, 6)) as low,
        cast(high as decimal(24, 6)) as high
    from source

)

select * from final
