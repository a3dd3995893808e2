with

suggestions as (

    select * from {{ ref('int_goal_suggestion') }}

),

final as (

    select
        suggestion_id,
        employee_id,
        kpi_code,
        period,
        period_start,
        currency_code,
        level_kind,
        level_months,
        level_value,
        season_index,
        growth_index,
        ramp,
        history_value,
        pipeline_value,
        suggested_value,
        ceiling_value,
        target_value,
        method_en,
        method_zh
    from suggestions

)

select * from final
