with

gaps as (

    select * from {{ ref('int_gap_verdict') }}

),

team_managers as (

    select * from {{ ref('int_team_manager') }}

),

final as (

    select
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
        gaps.goal_amount,
        gaps.execution_amount,
        gaps.verdict,
        gaps.main_cause,
        gaps.main_cause_amount,
        gaps.own_numerator,
        gaps.own_denominator,
        gaps.reference_numerator,
        gaps.reference_denominator,
        gaps.weakest_segment,
        gaps.weakest_segment_value,
        gaps.weakest_segment_reference_value,
        gaps.csat_numerator,
        gaps.csat_denominator,
        gaps.company_csat_numerator,
        gaps.company_csat_denominator,
        gaps.story_en,
        gaps.story_zh,
        gaps.next_step_en,
        gaps.next_step_zh,
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
