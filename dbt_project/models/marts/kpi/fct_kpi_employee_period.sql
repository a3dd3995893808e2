with

facts as (

    select * from {{ ref('int_kpi_employee_period') }}

),

final as (

    select
        employee_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        numerator,
        denominator,
        actual_value,
        target_value,
        attainment,
        attainment_reason,
        gap_value,
        expected_value,
        pace,
        previous_actual_value,
        last_year_actual_value,
        confidence_low,
        confidence_high
    from facts

)

select * from final
