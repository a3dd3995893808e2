with

source as (

    select * from {{ source('plan', 'factor_band') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(factor_code as varchar) as factor_code,
        cast(axis as varchar) as axis,
        cast(band_no as integer) as band_no,
        cast(lower_bound as decimal(24, 6)) as lower_bound,
        cast(upper_bound as decimal(24, 6)) as upper_bound,
        cast(value as varchar) as value
    from source

)

select * from final
