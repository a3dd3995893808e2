with

source as (

    select * from {{ source('plan', 'reward') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(reward_code as varchar) as reward_code,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(kind as varchar) as kind,
        cast(quantity as decimal(18, 6)) as quantity,
        cast(unit as varchar) as unit,
        cast(scorecard_code as varchar) as scorecard_code,
        cast(grade as varchar) as grade,
        cast(component_code as varchar) as component_code,
        cast(attainment_from as decimal(24, 6)) as attainment_from
    from source

)

select * from final
