with

source as (

    select * from {{ source('plan', 'penalty') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(penalty_code as varchar) as penalty_code,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(kpi_code as varchar) as kpi_code,
        cast(comparison as varchar) as comparison,
        cast(bound as decimal(24, 6)) as bound,
        cast(amount as decimal(18, 2)) as amount,
        cast(rate as decimal(18, 6)) as rate,
        cast(limit_amount as decimal(18, 2)) as limit_amount
    from source

)

select * from final
