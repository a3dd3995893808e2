-- The quotas that a plan sets itself (rule Q3), month by month: the target of the period, and the active days of the
-- month on which it is the person's. Where two entries name a person on a day, the one that names them most narrowly
-- counts. A target of HR for any month of the period wins over the plan's for that whole period.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

entries as (

    select
        *,
        {{ first_day_of_period('period') }} as period_start,
        case period_type
            when 'month' then {{ month_end(first_day_of_period('period')) }}
            when 'quarter' then {{ quarter_end(first_day_of_period('period')) }}
            else {{ year_end(first_day_of_period('period')) }}
        end as period_end
    from {{ ref('stg_plan__quota_period') }}

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

spells as (

    select * from {{ ref('int_leave_spell') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

teams as (

    select * from {{ ref('int_employee_team') }}

),

targets as (

    select * from {{ ref('int_target') }}

),

fitting as (

    select
        assignments.employee_id,
        assignments.plan_code,
        assignments.plan_version,
        entries.kpi_code,
        entries.period,
        entries.period_start,
        entries.period_end,
        entries.quota,
        entries.team,
        case when entries.employee_id is null then 8 else 0 end
        + case when entries.team is null then 4 else 0 end
        + case when entries.role is null then 2 else 0 end
        + case when entries.region is null then 1 else 0 end as width,
        greatest(assignments.active_start, entries.period_start) as first_day,
        least(assignments.active_end, entries.period_end) as last_day
    from assignments
    inner join employees on assignments.employee_id = employees.employee_id
    inner join entries
        on
            assignments.plan_code = entries.plan_code
            and assignments.plan_version = entries.version
            and coalesce(entries.role, employees.role, '') = coalesce(employees.role, '')
            and coalesce(entries.region, employees.region, '') = coalesce(employees.region, '')
            and coalesce(entries.employee_id, employees.employee_id) = employees.employee_id
            and assignments.active_start <= entries.period_end
            and assignments.active_end >= entries.period_start
    inner join run on entries.period_start <= {{ year_end('run.as_of_date') }}

),

told as (

    select distinct
        fitting.employee_id,
        fitting.plan_code,
        fitting.plan_version,
        fitting.kpi_code,
        fitting.period
    from fitting
    inner join versions
        on fitting.plan_code = versions.plan_code and fitting.plan_version = versions.version
    inner join targets
        on
            fitting.employee_id = targets.employee_id
            and fitting.kpi_code = targets.kpi_code
            and targets.month_start between fitting.period_start and fitting.period_end
            and ({{ is_money_kpi('fitting.kpi_code') }} is false or versions.currency_code = targets.currency_code)

),

days as (

    select
        fitting.*,
        cast({{ day_series('fitting.first_day', 'fitting.last_day') }} as date) as active_day
    from fitting
    left join told
        on
            fitting.employee_id = told.employee_id
            and fitting.plan_code = told.plan_code
            and fitting.plan_version = told.plan_version
            and fitting.kpi_code = told.kpi_code
            and fitting.period = told.period
    where told.employee_id is null

),

chosen as (

    select
        days.*,
        row_number() over (
            partition by days.employee_id, days.plan_code, days.plan_version, days.kpi_code, days.period, days.active_day
            order by days.width, days.quota
        ) as place
    from days
    inner join versions
        on days.plan_code = versions.plan_code and days.plan_version = versions.version
    left join teams
        on
            days.team is not null
            and days.employee_id = teams.employee_id
            and days.active_day between teams.valid_from and teams.valid_to
    left join spells
        on
            days.employee_id = spells.employee_id
            and versions.leave_limit_days < spells.spell_days
            and days.active_day between spells.spell_start and spells.spell_end
    where spells.employee_id is null and (days.team is null or days.team = teams.team)

),

final as (

    select
        employee_id,
        plan_code,
        plan_version,
        kpi_code,
        period,
        {{ days_of_span('period_start', 'period_end') }} as period_days,
        {{ month_code('active_day') }} as month,
        quota,
        count(*) as active_days
    from chosen
    where place = 1
    group by
        employee_id, plan_code, plan_version, kpi_code, period, period_start, period_end, {{ month_code('active_day') }},
        quota

)

select * from final
