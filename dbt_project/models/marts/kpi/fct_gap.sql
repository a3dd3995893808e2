with

gaps as (

    select * from {{ ref('int_gap') }}

),

team_managers as (

    select * from {{ ref('int_team_manager') }}

),

final as (

    select
        gaps.gap_id,
        gaps.comparison_id,
        gaps.subject_type,
        gaps.subject_id,
        gaps.employee_id,
        gaps.team,
        gaps.kpi_code,
        gaps.comparison,
        gaps.reference_kind,
        gaps.reference_period,
        gaps.reference_people,
        gaps.period_type,
        gaps.period,
        gaps.currency_code,
        gaps.actual_value,
        gaps.compared_value,
        gaps.reference_value,
        gaps.gap_value,
        gaps.place,
        gaps.cause,
        gaps.cause_amount,
        gaps.own_numerator,
        gaps.own_denominator,
        gaps.reference_numerator,
        gaps.reference_denominator,
        team_managers.manager_ids
    from gaps
    left join team_managers
        on
            gaps.subject_type = 'team'
            and gaps.team = team_managers.team
            and gaps.period_type = team_managers.period_type
            and gaps.period = team_managers.period

)

select * from final
