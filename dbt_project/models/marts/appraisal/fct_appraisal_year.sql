with

computed as (

    select * from {{ ref('int_appraisal_year') }}

),

final as (

    select
        employee_id,
        plan_code,
        plan_version,
        scorecard_code,
        year,
        currency_code,
        periods,
        periods_scored,
        periods_forfeited,
        active_days,
        period_days,
        scored_days,
        score_days,
        year_score,
        grade,
        best_period,
        best_score,
        worst_period,
        worst_score,
        bonus_amount,
        is_complete,
        reason_en,
        reason_zh
    from computed

)

select * from final
