with

source as (

    select * from {{ source('plan', 'hold_rule') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(hold_code as varchar) as hold_code,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(condition as varchar) as condition,
        cast(bound as decimal(24, 6)) as bound
    from source

)

select * from final
