with

source as (

    select * from {{ source('plan', 'component') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(basis as varchar) as basis,
        cast(band_method as varchar) as band_method,
        cast(index as varchar) as index_measure,
        cast(accumulate as varchar) as accumulate,
        cast(quota_kpi_code as varchar) as quota_kpi_code,
        cast(rule_codes as varchar) as rule_codes
    from source

)

select * from final
