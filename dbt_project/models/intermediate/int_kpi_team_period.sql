-- KPIs by team and period, the team being that of the reporting line valid on the event date. A team's target is
-- the sum of the targets of those who were in it on the last day of the month (or on their own last day); a
-- ratio has no team target, because ratios are never averaged.

with

employees as (

    select * from {{ ref('int_employee') }}

),

employee_currencies as (

    select * from {{ ref('int_employee_currency') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

periods as (

    select * from {{ ref('int_kpi_period') }}

),

measures as (

    select * from {{ ref('int_kpi_measure') }}

),

memberships as (

    select * from {{ ref('int_employee_team') }}

),

months_of_targets as (

    select
        targets.*,
        least({{ month_end('targets.month_start') }}, coalesce(employees.leave_date, {{ month_end('targets.month_start') }}))
            as team_day
    from {{ ref('int_target') }} as targets
    inner join employees on targets.employee_id = employees.employee_id

),

sums as (

    select
        measures.team,
        measures.kpi_code,
        periods.period_type,
        periods.period,
        measures.currency_code,
        sum(measures.numerator) as numerator,
        sum(measures.denominator) as denominator
    from measures
    inner join periods on measures.event_date between periods.period_start and periods.period_end
    group by
        measures.team,
        measures.kpi_code,
        periods.period_type,
        periods.period,
        measures.currency_code

),

targets as (

    select
        coalesce(memberships.team, 'NO TEAM') as team,
        months_of_targets.kpi_code,
        periods.period_type,
        periods.period,
        case when kpis.is_in_currency then months_of_targets.currency_code else '' end as currency_code,
        sum(months_of_targets.target_value) as target_value
    from months_of_targets
    inner join kpis
        on months_of_targets.kpi_code = kpis.kpi_code and kpis.is_additive
    inner join periods on months_of_targets.month_start between periods.period_start and periods.period_end
    left join memberships
        on
            months_of_targets.employee_id = memberships.employee_id
            and months_of_targets.team_day between memberships.valid_from and memberships.valid_to
    where not kpis.is_in_currency or months_of_targets.currency_code is not null
    group by
        coalesce(memberships.team, 'NO TEAM'),
        months_of_targets.kpi_code,
        periods.period_type,
        periods.period,
        case when kpis.is_in_currency then months_of_targets.currency_code else '' end

),

team_currencies as (

    select
        memberships.team,
        employee_currencies.currency_code,
        min(memberships.valid_from) as first_day,
        max(memberships.valid_to) as last_day,
        row_number() over (
            partition by memberships.team
            order by count(*) desc, employee_currencies.currency_code
        ) as place
    from memberships
    inner join employee_currencies on memberships.employee_id = employee_currencies.employee_id
    where memberships.team is not null
    group by memberships.team, employee_currencies.currency_code

),

frames as (

    select
        team_currencies.team,
        kpis.kpi_code,
        periods.period_type,
        periods.period,
        case when kpis.is_in_currency then team_currencies.currency_code else '' end as currency_code
    from team_currencies
    cross join kpis
    inner join periods
        on team_currencies.first_day <= periods.period_end and team_currencies.last_day >= periods.period_start
    where team_currencies.place = 1

),

{{ kpi_facts('team', 'frames', 'sums', 'targets') }}

select * from final
