-- Months, quarters and years that have KPI rows: from the first event or target to the as-of day.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

days as (

    select min(event_date) as first_day from {{ ref('int_kpi_measure') }}
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

),

final as (

    select distinct
        types.period_type,
        {{ period_code('types.period_type', 'months.month_start') }} as period,
        {{ period_start('types.period_type', 'months.month_start') }} as period_start,
        {{ period_end('types.period_type', 'months.month_start') }} as period_end
    from months
    cross join types

)

select * from final
