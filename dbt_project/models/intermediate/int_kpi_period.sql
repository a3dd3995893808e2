-- Months, quarters, years and years to the end of each month (`ytd`) that have KPI rows: from the first event or target
-- to the as-of day. `state_date` is the day that what is measured at a period's end is measured on. Working days are
-- the weekdays, Monday to Friday, but for what the working calendar says of holidays and of weekends that are worked
-- for them. `elapsed_working_days` are those up to the as-of day. The period before a year, or a year to date, is the
-- one of a year ago.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

calendar as (

    select * from {{ ref('working_calendar') }}

),

-- A day before 2000 of a call, a lead or an answer is what a spreadsheet makes of an empty cell: it opens no period.
days as (

    select min(event_date) as first_day from {{ ref('int_kpi_measure_sales') }}
    union all
    select min(event_date) as first_day from {{ ref('int_kpi_measure') }}
    where event_date >= cast('2000-01-01' as date)
    union all
    select min(month_start) as first_day from {{ ref('int_target') }}

),

bounds as (

    select
        least(coalesce(min(days.first_day), max(run.as_of_date)), max(run.as_of_date)) as first_day,
        max(run.as_of_date) as last_day
    from days
    cross join run

),

months as (

    select cast({{ month_series('first_day', 'last_day') }} as date) as month_start from bounds

),

types as (

    select 'month' as period_type
    union all
    select 'quarter' as period_type
    union all
    select 'year' as period_type
    union all
    select 'ytd' as period_type

),

periods as (

    select distinct
        types.period_type,
        {{ period_code('types.period_type', 'months.month_start') }} as period,
        {{ period_start('types.period_type', 'months.month_start') }} as period_start,
        {{ period_end('types.period_type', 'months.month_start') }} as period_end,
        {{ period_code(
            'types.period_type',
            add_months('months.month_start', "case types.period_type when 'month' then -1 when 'quarter' then -3 else -12 end")
        ) }} as previous_period,
        {{ period_code('types.period_type', add_months('months.month_start', -12)) }} as last_year_period
    from months
    cross join types

),

-- What the calendar adds to the weekdays of a period, or takes from them.
changes as (

    select
        periods.period_type,
        periods.period,
        sum({{ working_day_change('calendar') }}) as days,
        sum(case when calendar.date_day <= run.as_of_date then {{ working_day_change('calendar') }} else 0 end) as elapsed_days
    from periods
    cross join run
    inner join calendar on calendar.date_day between periods.period_start and periods.period_end
    group by periods.period_type, periods.period

),

final as (

    select
        periods.period_type,
        periods.period,
        periods.period_start,
        periods.period_end,
        least(periods.period_end, run.as_of_date) as state_date,
        periods.previous_period,
        periods.last_year_period,
        cast(
            {{ weekdays_of_span('periods.period_start', 'periods.period_end') }} + coalesce(changes.days, 0) as integer
        ) as working_days,
        cast(
            {{ weekdays_of_span('periods.period_start', 'least(periods.period_end, run.as_of_date)') }}
            + coalesce(changes.elapsed_days, 0) as integer
        ) as elapsed_working_days
    from periods
    cross join run
    left join changes on periods.period_type = changes.period_type and periods.period = changes.period

)

select * from final
