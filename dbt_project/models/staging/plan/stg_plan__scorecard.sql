with

source as (

    select * from {{ source('plan', 'scorecard') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(scorecard_code as varchar) as scorecard_code,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(frequency as varchar) as frequency,
        cast(missing_data as varchar) as missing_data,
        cast(bonus_base_amount as decimal(18, 2)) as bonus_base_amount,
        cast(grading as varchar) as grading,
        cast(group_by as varchar) as group_by,
        cast(employed_on_last_day as boolean) as employed_on_last_day
    from source

)

select * from final
