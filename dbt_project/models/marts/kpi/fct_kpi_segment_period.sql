with

facts as (

    select * from {{ ref('int_kpi_segment_period') }}

),

final as (

    select
        dimension_type,
        dimension_value,
        kpi_code,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        numerator,
        denominator,
        actual_value,
        previous_actual_value,
        last_year_actual_value,
        confidence_low,
        confidence_high
    from facts

)

select * from final
