with

source as (

    select * from {{ source('plan', 'factor') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(factor_code as varchar) as factor_code,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(applies_to as varchar) as applies_to,
        cast(row_by as varchar) as row_by,
        cast(column_by as varchar) as column_by
    from source

)

select * from final
