-- Whom each payee is compared with in a period: role and region are the employee's, the team is the last one of the
-- reporting line in the period, and tenure is counted to the period's end, the as-of day or the day of leaving, whichever
-- comes first.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

periods as (

    select distinct
        payee_id as employee_id,
        period_type,
        period,
        period_start,
        period_end
    from {{ ref('int_plan_payee_period') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

teams as (

    select * from {{ ref('int_employee_team') }}

),

dated as (

    select
        periods.employee_id,
        periods.period_type,
        periods.period,
        periods.period_start,
        periods.period_end,
        employees.role,
        employees.region,
        employees.hire_date,
        least(periods.period_end, run.as_of_date, coalesce(employees.leave_date, periods.period_end)) as last_day
    from periods
    inner join employees on periods.employee_id = employees.employee_id
    cross join run

),

placed as (

    select
        dated.*,
        teams.team,
        row_number() over (
            partition by dated.employee_id, dated.period_type, dated.period order by teams.valid_from desc
        ) as place
    from dated
    left join teams
        on
            dated.employee_id = teams.employee_id
            and dated.last_day >= teams.valid_from
            and teams.valid_to >= least(dated.period_start, dated.last_day)

),

final as (

    select
        employee_id,
        period_type,
        period,
        coalesce(role, 'unknown') as role,
        coalesce(region, 'unknown') as region,
        coalesce(team, 'NO TEAM') as team,
        {{ tenure_group('hire_date', 'last_day') }} as tenure_group
    from placed
    where place = 1

)

select * from final
