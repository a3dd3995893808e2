-- The months of each assignment with the days that are active in them and the ramp of the tenure month (rules
-- Q1, Q2, Q5, Q6). The ramp counts calendar months from the month of joining, which is month 0; after its last
-- entry it is 100 %.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

ramps as (

    select * from {{ ref('stg_plan__ramp') }}

),

months as (

    select
        assignments.employee_id,
        assignments.plan_code,
        assignments.plan_version,
        assignments.currency_code,
        assignments.active_start,
        assignments.active_end,
        assignments.hire_date,
        cast({{ month_series(
            'assignments.active_start', "least(assignments.active_end, " ~ year_end('run.as_of_date') ~ ")"
        ) }} as date) as month_start
    from assignments
    cross join run
    where assignments.active_start <= least(assignments.active_end, {{ year_end('run.as_of_date') }})

),

spans as (

    select
        employee_id,
        plan_code,
        plan_version,
        currency_code,
        month_start,
        max(hire_date) as hire_date,
        cast(sum({{ days_of_span(
            'greatest(active_start, month_start)', 'least(active_end, ' ~ month_end('month_start') ~ ')'
        ) }}) as bigint) as active_days
    from months
    group by employee_id, plan_code, plan_version, currency_code, month_start

),

final as (

    select
        spans.employee_id,
        spans.plan_code,
        spans.plan_version,
        spans.currency_code,
        {{ month_code('spans.month_start') }} as month,
        spans.month_start,
        {{ days_of_span('spans.month_start', month_end('spans.month_start')) }} as month_days,
        spans.active_days,
        {{ months_between(month_start('spans.hire_date'), 'spans.month_start') }} as tenure_month,
        coalesce(ramps.ramp, cast(1 as decimal(9, 6))) as ramp
    from spans
    left join ramps
        on
            spans.plan_code = ramps.plan_code
            and spans.plan_version = ramps.version
            and {{ months_between(month_start('spans.hire_date'), 'spans.month_start') }} = ramps.tenure_month

)

select * from final
where active_days > 0
