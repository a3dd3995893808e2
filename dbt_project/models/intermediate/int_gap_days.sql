-- Days on a plan by person, team and role: what a head is, when people come and go inside a period.

with

months as (

    select
        employee_id,
        month_start,
        max(active_days) as active_days
    from {{ ref('int_plan_month') }}
    where active_days > 0
    group by employee_id, month_start

),

periods as (

    select * from {{ ref('int_kpi_period') }}
    where period_type in ('month', 'quarter', 'year')

),

dated as (

    select
        periods.period_type,
        periods.period,
        months.employee_id,
        employees.role,
        teams.team,
        months.active_days
    from months
    inner join periods on months.month_start between periods.period_start and periods.state_date
    inner join {{ ref('int_employee') }} as employees on months.employee_id = employees.employee_id
    left join {{ ref('int_employee_team') }} as teams
        on
            months.employee_id = teams.employee_id
            and {{ month_end('months.month_start') }} between teams.valid_from and teams.valid_to

),

scoped as (

    select
        'employee' as scope_type,
        employee_id as scope_id,
        *
    from dated
    union all
    select
        'team' as scope_type,
        team as scope_id,
        *
    from dated
    where team is not null
    union all
    select
        'role' as scope_type,
        role as scope_id,
        *
    from dated
    where role is not null

),

final as (

    select
        scope_type,
        scope_id,
        period_type,
        period,
        count(distinct employee_id) as people,
        cast(sum(active_days) as bigint) as active_days
    from scoped
    group by scope_type, scope_id, period_type, period

)

select * from final
