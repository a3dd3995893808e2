with

source as (

    select * from {{ source('plan', 'band') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(band_no as integer) as band_no,
        cast(lower_bound as decimal(24, 6)) as lower_bound,
        cast(upper_bound as decimal(24, 6)) as upper_bound,
        cast(rate as decimal(18, 6)) as rate
    from source

)

select * from final
