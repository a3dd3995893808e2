with

funnel as (

    select * from {{ ref('int_funnel_period') }}

),

final as (

    select
        employee_id,
        team,
        stage,
        stage_outcome,
        stage_place,
        period_type,
        period,
        period_start,
        period_end,
        entered_count,
        moved_on_count,
        moved_back_count,
        won_count,
        lost_count,
        conversion_numerator,
        conversion_denominator,
        conversion,
        stage_days_numerator,
        stage_days_denominator,
        stage_days,
        open_count,
        open_days_numerator,
        open_days_denominator,
        open_days
    from funnel

)

select * from final
