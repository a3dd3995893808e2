with

facts as (

    select * from {{ ref('int_kpi_team_period') }}

),

team_managers as (

    select * from {{ ref('int_team_manager') }}

),

final as (

    select
        facts.team,
        facts.kpi_code,
        facts.period_type,
        facts.period,
        facts.currency_code,
        facts.period_start,
        facts.period_end,
        facts.numerator,
        facts.denominator,
        facts.actual_value,
        facts.target_value,
        facts.attainment,
        facts.attainment_reason,
        facts.gap_value,
        facts.expected_value,
        facts.pace,
        facts.previous_actual_value,
        facts.last_year_actual_value,
        facts.confidence_low,
        facts.confidence_high,
        team_managers.manager_ids
    from facts
    left join team_managers
        on
            facts.team = team_managers.team
            and facts.period_type = team_managers.period_type
            and facts.period = team_managers.period

)

select * from final
