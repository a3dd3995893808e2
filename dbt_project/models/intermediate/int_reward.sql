-- Rewards that are not money (rule K5): for a grade of a scorecard, or an attainment of a component's window. Each has a
-- unit of its own and is never added to money.

with

rewards as (

    select * from {{ ref('stg_plan__reward') }}

),

results as (

    select * from {{ ref('int_appraisal_result') }}

),

windows as (

    select * from {{ ref('int_window_index') }}

),

earned as (

    select
        results.employee_id,
        results.plan_code,
        results.plan_version,
        results.period,
        results.scorecard_code as earned_by,
        cast(null as decimal(18, 6)) as attainment,
        results.grade,
        rewards.reward_code
    from rewards
    inner join results
        on
            rewards.plan_code = results.plan_code
            and rewards.version = results.plan_version
            and rewards.scorecard_code = results.scorecard_code
            and rewards.grade = results.grade
    union all
    select
        windows.payee_id as employee_id,
        windows.plan_code,
        windows.plan_version,
        windows.window_code as period,
        windows.component_code as earned_by,
        windows.attainment,
        cast(null as varchar) as grade,
        rewards.reward_code
    from rewards
    inner join windows
        on
            rewards.plan_code = windows.plan_code
            and rewards.version = windows.plan_version
            and rewards.component_code = windows.component_code
            and windows.attainment >= coalesce(rewards.attainment_from, 0)

),

final as (

    select
        earned.plan_code
        || '|' || earned.plan_version
        || '|' || earned.reward_code
        || '|' || earned.employee_id
        || '|' || earned.period as recognition_id,
        earned.employee_id,
        earned.plan_code,
        earned.plan_version,
        earned.reward_code,
        rewards.title_en,
        rewards.title_zh,
        rewards.kind as reward_kind,
        rewards.quantity,
        rewards.unit,
        earned.period,
        earned.earned_by,
        earned.grade,
        earned.attainment
    from earned
    inner join rewards
        on
            earned.plan_code = rewards.plan_code
            and earned.plan_version = rewards.version
            and earned.reward_code = rewards.reward_code

)

select * from final
