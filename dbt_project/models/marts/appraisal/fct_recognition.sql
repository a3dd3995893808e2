with

rewards as (

    select * from {{ ref('int_reward') }}

),

final as (

    select
        recognition_id,
        employee_id,
        plan_code,
        plan_version,
        reward_code,
        title_en,
        title_zh,
        reward_kind,
        quantity,
        unit,
        period,
        earned_by,
        grade,
        attainment
    from rewards

)

select * from final
