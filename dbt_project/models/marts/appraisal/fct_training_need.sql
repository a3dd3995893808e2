with

computed as (

    select * from {{ ref('int_training_need') }}

),

final as (

    select
        training_need_id,
        employee_id,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        is_complete,
        role,
        kpi_code,
        direction,
        skill_en,
        skill_zh,
        course_code,
        course_en,
        course_zh,
        numerator,
        denominator,
        actual_value,
        minimum_base,
        peers,
        peer_quartile,
        peer_median,
        gap_value,
        trainings_attended,
        last_training_date,
        is_last_passed,
        training_status,
        reason_en,
        reason_zh
    from computed

)

select * from final
