-- The months of each assignment with the days that are active in them and the ramp of the tenure month (rules
-- Q1, Q2, Q5, Q6). Days of a leave that is longer than the version's limit are not active, so a month may have none.
-- The ramp counts calendar months from the month of joining, which is month 0; where the version says so from that of
-- confirmation, and before it the first entry holds. After its last entry it is 100 %.

with

run as (

    select * from {{ ref('stg_control__run') }}

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

ramps as (

    select * from {{ ref('stg_plan__ramp') }}

),

months as (

    select
        assignments.employee_id,
        assignments.plan_code,
        assignments.plan_version,
        assignments.span_no,
        assignments.currency_code,
        assignments.active_start,
        assignments.active_end,
        assignments.hire_date,
        assignments.confirmation_date,
        cast({{ month_series(
            'assignments.active_start', "least(assignments.active_end, " ~ year_end('run.as_of_date') ~ ")"
        ) }} as date) as month_start
    from assignments
    cross join run
    where assignments.active_start <= least(assignments.active_end, {{ year_end('run.as_of_date') }})

),

away as (

    select
        months.employee_id,
        months.plan_code,
        months.plan_version,
        months.month_start,
        sum({{ days_of_span(
            'greatest(months.active_start, months.month_start, spells.spell_start)',
            'least(months.active_end, ' ~ month_end('months.month_start') ~ ', spells.spell_end)'
        ) }}) as away_days
    from months
    inner join versions
        on months.plan_code = versions.plan_code and months.plan_version = versions.version
    inner join spells
        on
            months.employee_id = spells.employee_id
            and versions.leave_limit_days < spells.spell_days
            and months.month_start <= spells.spell_end
            and {{ month_end('months.month_start') }} >= spells.spell_start
    group by months.employee_id, months.plan_code, months.plan_version, months.month_start

),

spans as (

    select
        employee_id,
        plan_code,
        plan_version,
        currency_code,
        month_start,
        max(hire_date) as hire_date,
        max(confirmation_date) as confirmation_date,
        cast(sum({{ days_of_span(
            'greatest(active_start, month_start)', 'least(active_end, ' ~ month_end('month_start') ~ ')'
        ) }}) as bigint) as assigned_days
    from months
    group by employee_id, plan_code, plan_version, currency_code, month_start

),

measured as (

    select
        spans.*,
        spans.assigned_days - cast(coalesce(away.away_days, 0) as bigint) as active_days,
        {{ months_between(month_start('spans.hire_date'), 'spans.month_start') }} as tenure_month,
        case
            when versions.ramp_from = 'confirmation'
                then
                    greatest(
                        coalesce({{ months_between(month_start('spans.confirmation_date'), 'spans.month_start') }}, 0), 0
                    )
            else {{ months_between(month_start('spans.hire_date'), 'spans.month_start') }}
        end as ramp_month
    from spans
    inner join versions
        on spans.plan_code = versions.plan_code and spans.plan_version = versions.version
    left join away
        on
            spans.employee_id = away.employee_id
            and spans.plan_code = away.plan_code
            and spans.plan_version = away.plan_version
            and spans.month_start = away.month_start
    where spans.assigned_days > 0

),

final as (

    select
        measured.employee_id,
        measured.plan_code,
        measured.plan_version,
        measured.currency_code,
        {{ month_code('measured.month_start') }} as month,
        measured.month_start,
        {{ days_of_span('measured.month_start', month_end('measured.month_start')) }} as month_days,
        measured.assigned_days,
        measured.active_days,
        measured.tenure_month,
        coalesce(ramps.ramp, cast(1 as decimal(9, 6))) as ramp
    from measured
    left join ramps
        on
            measured.plan_code = ramps.plan_code
            and measured.plan_version = ramps.version
            and measured.ramp_month = ramps.tenure_month

)

select * from final
