with

gaps as (

    select * from {{ ref('int_gap') }}

),

final as (

    select
        gap_id,
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
        place,
        cause,
        cause_amount,
        own_numerator,
        own_denominator,
        reference_numerator,
        reference_denominator
    from gaps

)

select * from final
