with

computed as (

    select * from {{ ref('int_champion_practice') }}

),

final as (

    select
        champion_practice_id,
        plan_code,
        role,
        period_type,
        period,
        period_start,
        period_end,
        is_complete,
        kpi_code,
        currency_code,
        unit,
        direction,
        champions,
        champion_numerator,
        champion_denominator,
        champion_value,
        others,
        other_numerator,
        other_denominator,
        other_value,
        difference,
        difference_reason,
        is_better
    from computed

)

select * from final
