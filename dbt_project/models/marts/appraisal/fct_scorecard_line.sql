with

computed as (

    select * from {{ ref('int_scorecard_line') }}

),

final as (

    select
        employee_id,
        plan_code,
        scorecard_code,
        period,
        kpi_code,
        weight,
        effective_weight,
        actual_value,
        target_value,
        attainment,
        cap,
        capped_attainment,
        line_score,
        missing_reason
    from computed

)

select * from final
