with

source as (

    select * from {{ source('plan', 'factor_cell') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(factor_code as varchar) as factor_code,
        cast(row_no as integer) as row_no,
        cast(column_no as integer) as column_no,
        cast(factor as decimal(18, 6)) as factor
    from source

)

select * from final
