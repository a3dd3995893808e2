-- Who is compared with what: a person with a head of their role beside the target, and with a head of their team; a team
-- with itself a year ago (else the period before) beside the target, and with the period before. Comparisons with another
-- period are made when the period is over. A head is the others' and own sum by days on a plan.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

periods as (

    select * from {{ ref('int_kpi_period') }}
    where period_type in ('month', 'quarter', 'year')

),

days as (

    select * from {{ ref('int_gap_days') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

currencies as (

    select * from {{ ref('int_employee_currency') }}

),

-- The first month in which anything was sold: a period that begins before it is only half known.
beginning as (

    select {{ month_start('min(event_date)') }} as first_day from {{ ref('int_gap_line') }}

),

people as (

    select
        days.scope_id as employee_id,
        employees.role,
        teams.team,
        days.period_type,
        days.period,
        currencies.currency_code,
        days.active_days
    from days
    inner join employees on days.scope_id = employees.employee_id
    inner join currencies on days.scope_id = currencies.employee_id
    inner join periods on days.period_type = periods.period_type and days.period = periods.period
    left join {{ ref('int_employee_team') }} as teams
        on
            days.scope_id = teams.employee_id
            and least(periods.state_date, coalesce(employees.leave_date, periods.state_date))
            between teams.valid_from and teams.valid_to
    where days.scope_type = 'employee'

),

people_pairs as (

    select
        'employee' as subject_type,
        people.employee_id as subject_id,
        people.team,
        people.period_type,
        people.period,
        people.currency_code,
        'target' as comparison,
        'a head of the role' as reference_kind,
        'role' as reference_scope_type,
        people.role as reference_scope_id,
        people.period as reference_period,
        people.active_days as subject_days,
        roles.active_days as reference_days,
        roles.people as reference_people
    from people
    inner join days as roles
        on
            people.role = roles.scope_id
            and roles.scope_type = 'role'
            and people.period_type = roles.period_type
            and people.period = roles.period
    union all
    select
        'employee' as subject_type,
        people.employee_id as subject_id,
        people.team,
        people.period_type,
        people.period,
        people.currency_code,
        'team' as comparison,
        'a head of the team' as reference_kind,
        'team' as reference_scope_type,
        people.team as reference_scope_id,
        people.period as reference_period,
        people.active_days as subject_days,
        teams.active_days as reference_days,
        teams.people as reference_people
    from people
    inner join days as teams
        on
            people.team = teams.scope_id
            and teams.scope_type = 'team'
            and people.period_type = teams.period_type
            and people.period = teams.period

),

team_currencies as (

    select
        team,
        period_type,
        period,
        currency_code,
        row_number() over (partition by team, period_type, period order by count(*) desc, currency_code) as place
    from people
    where team is not null
    group by team, period_type, period, currency_code

),

teams as (

    select
        team_currencies.team,
        team_currencies.period_type,
        team_currencies.period,
        team_currencies.currency_code,
        periods.previous_period,
        periods.last_year_period,
        previous.period_start >= beginning.first_day as is_previous_known,
        last_year.period_start >= beginning.first_day as is_last_year_known
    from team_currencies
    inner join periods
        on team_currencies.period_type = periods.period_type and team_currencies.period = periods.period
    cross join beginning
    left join periods as previous
        on periods.period_type = previous.period_type and periods.previous_period = previous.period
    left join periods as last_year
        on periods.period_type = last_year.period_type and periods.last_year_period = last_year.period
    where team_currencies.place = 1 and periods.period_end <= (select run.as_of_date from run)

),

team_pairs as (

    select
        'team' as subject_type,
        team as subject_id,
        team,
        period_type,
        period,
        currency_code,
        'target' as comparison,
        case when is_last_year_known then 'the team a year ago' else 'the team in the period before' end as reference_kind,
        'team' as reference_scope_type,
        team as reference_scope_id,
        case when is_last_year_known then last_year_period else previous_period end as reference_period,
        cast(1 as bigint) as subject_days,
        cast(1 as bigint) as reference_days,
        cast(null as bigint) as reference_people
    from teams
    where is_last_year_known or is_previous_known
    union all
    select
        'team' as subject_type,
        team as subject_id,
        team,
        period_type,
        period,
        currency_code,
        'period before' as comparison,
        'the team in the period before' as reference_kind,
        'team' as reference_scope_type,
        team as reference_scope_id,
        previous_period as reference_period,
        cast(1 as bigint) as subject_days,
        cast(1 as bigint) as reference_days,
        cast(null as bigint) as reference_people
    from teams
    where is_previous_known

),

final as (

    select * from people_pairs
    union all
    select * from team_pairs

)

select * from final
