with

gaps as (

    select * from {{ ref('int_gap_verdict') }}

),

final as (

    select
        comparison_id,
        subject_type,
        subject_id,
        employee_id,
        team,
        kpi_code,
        comparison,
        reference_kind,
        reference_period,
        reference_people,
        period_type,
        period,
        currency_code,
        actual_value,
        compared_value,
        reference_value,
        gap_value,
        goal_amount,
        execution_amount,
        verdict,
        main_cause,
        main_cause_amount,
        own_numerator,
        own_denominator,
        reference_numerator,
        reference_denominator,
        weakest_segment,
        weakest_segment_value,
        weakest_segment_reference_value,
        csat_numerator,
        csat_denominator,
        company_csat_numerator,
        company_csat_denominator,
        story_en,
        story_zh,
        next_step_en,
        next_step_zh
    from gaps

)

select * from final
