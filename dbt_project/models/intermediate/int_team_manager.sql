-- Who may see a team's figures of a period: everybody up the line of those who were in the team on the period's last day,
-- or on the as-of day of one that still runs; of a team that had ended by then, on its own last day in the period. A number
-- that has the separator in it is left out, so that nobody is taken for two others.

with

periods as (

    select * from {{ ref('int_kpi_period') }}

),

memberships as (

    select * from {{ ref('int_employee_team') }}
    where team is not null

),

manager_lines as (

    select * from {{ ref('int_manager_line') }}
    where position('|' in manager_id) = 0

),

team_days as (

    select
        memberships.team,
        periods.period_type,
        periods.period,
        max(least(memberships.valid_to, periods.state_date)) as team_day
    from memberships
    inner join periods
        on memberships.valid_from <= periods.state_date and memberships.valid_to >= periods.period_start
    group by memberships.team, periods.period_type, periods.period

),

managers as (

    select distinct
        team_days.team,
        team_days.period_type,
        team_days.period,
        manager_lines.manager_id
    from team_days
    inner join memberships
        on
            team_days.team = memberships.team
            and team_days.team_day between memberships.valid_from and memberships.valid_to
    inner join manager_lines
        on
            memberships.employee_id = manager_lines.employee_id
            and team_days.team_day between manager_lines.valid_from and manager_lines.valid_to

),

final as (

    select
        team,
        period_type,
        period,
        string_agg(manager_id, '|' order by manager_id) as manager_ids
    from managers
    group by team, period_type, period

)

select * from final
