-- KPIs by team and period, the team being that of the reporting line valid on the event date. A team's target is
-- the sum of the targets of those who were in it on the last day of the month (or on their own last day), of a
-- state those of the period's last month; a ratio has no team target, because ratios are never averaged.

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

kpi_sums as (

    select * from {{ ref('int_kpi_sum') }}

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
        team,
        kpi_code,
        period_type,
        period,
        currency_code,
        cast(sum(numerator) as decimal(24, 6)) as numerator,
        cast(sum(denominator) as decimal(24, 6)) as denominator
    from kpi_sums
    group by team, kpi_code, period_type, period, currency_code

),

last_months as (

    select
        months_of_targets.kpi_code,
        periods.period_type,
        periods.period,
        max(months_of_targets.month_start) as month_start
    from months_of_targets
    inner join periods on months_of_targets.month_start between periods.period_start and periods.period_end
    group by months_of_targets.kpi_code, periods.period_type, periods.period

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
    inner join last_months
        on
            months_of_targets.kpi_code = last_months.kpi_code
            and periods.period_type = last_months.period_type
            and periods.period = last_months.period
    left join memberships
        on
            months_of_targets.employee_id = memberships.employee_id
            and months_of_targets.team_day between memberships.valid_from and memberships.valid_to
    where
        (not kpis.is_in_currency or months_of_targets.currency_code is not null)
        and (not kpis.is_state or months_of_targets.month_start = last_months.month_start)
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
