with

goals as (

    select * from {{ ref('int_goal') }}

),

final as (

    select
        goal_id,
        employee_id,
        team,
        manager_id,
        kpi_code,
        period_type,
        period,
        period_start,
        period_end,
        currency_code,
        target_value,
        baseline_kind,
        baseline_period,
        baseline_count,
        baseline_value,
        improvement_asked,
        past_changes,
        improvement_p05,
        improvement_p50,
        improvement_p95,
        plan_links,
        parent_target_value,
        children,
        children_target_value,
        is_specific,
        is_measurable,
        is_achievable,
        is_relevant,
        is_time_bound,
        is_smart,
        faults,
        reason_en,
        reason_zh,
        first_told_at,
        changed_at,
        actual_value,
        attainment,
        status
    from goals

)

select * from final
