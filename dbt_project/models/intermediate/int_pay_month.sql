-- A payee's month under a plan before draws (rules D1, D5, Q6): what its lines earn, what of it is held, and which
-- version's terms the month has: that of the last day on which the person was assigned. Every month of an assignment
-- has a row, even at 0; after the last one its terms go on. What draws, penalties and the law look at is the payee's
-- month: all lines over all plans of a currency, held ones included, never below 0.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

lines as (

    select * from {{ ref('int_pay_line') }}

),

months as (

    select * from {{ ref('int_plan_month') }}

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

dated as (

    select
        months.employee_id as payee_id,
        months.plan_code,
        months.plan_version,
        months.currency_code,
        months.month as period,
        least(assignments.active_end, {{ month_end('months.month_start') }}) as last_day,
        row_number() over (
            partition by months.employee_id, months.plan_code, months.currency_code, months.month
            order by least(assignments.active_end, {{ month_end('months.month_start') }}) desc, months.plan_version desc
        ) as place
    from months
    inner join run on months.month_start <= run.as_of_date
    inner join assignments
        on
            months.employee_id = assignments.employee_id
            and months.plan_code = assignments.plan_code
            and months.plan_version = assignments.plan_version
            and assignments.active_start <= {{ month_end('months.month_start') }}
            and months.month_start <= assignments.active_end

),

assigned as (

    select * from dated
    where place = 1

),

keys as (

    select
        payee_id,
        plan_code,
        currency_code,
        period
    from assigned
    union
    select
        payee_id,
        plan_code,
        currency_code,
        origin_period as period
    from lines

),

summed as (

    select
        payee_id,
        plan_code,
        currency_code,
        origin_period as period,
        cast(sum(earned_amount) as decimal(18, 2)) as earned_amount,
        cast(sum(case when is_held then earned_amount else 0 end) as decimal(18, 2)) as line_held_amount,
        string_agg(distinct case when is_held then hold_reason end, '; ' order by case when is_held then hold_reason end)
            as line_hold_reason
    from lines
    group by payee_id, plan_code, currency_code, origin_period

),

joined as (

    select
        keys.payee_id,
        keys.plan_code,
        keys.currency_code,
        keys.period,
        assigned.plan_version as assigned_version,
        assigned.last_day,
        coalesce(summed.earned_amount, 0) as earned_amount,
        coalesce(summed.line_held_amount, 0) as line_held_amount,
        summed.line_hold_reason
    from keys
    left join assigned
        on
            keys.payee_id = assigned.payee_id
            and keys.plan_code = assigned.plan_code
            and keys.currency_code = assigned.currency_code
            and keys.period = assigned.period
    left join summed
        on
            keys.payee_id = summed.payee_id
            and keys.plan_code = summed.plan_code
            and keys.currency_code = summed.currency_code
            and keys.period = summed.period

),

-- A month without terms of its own takes those of the last month before it that has some.
counted as (

    select
        *,
        count(assigned_version) over (
            partition by payee_id, plan_code, currency_code
            order by period
            rows between unbounded preceding and current row
        ) as terms_no
    from joined

),

final as (

    select
        counted.payee_id,
        counted.plan_code,
        counted.currency_code,
        counted.period,
        counted.assigned_version is not null as is_assigned,
        max(counted.assigned_version) over (
            partition by counted.payee_id, counted.plan_code, counted.currency_code, counted.terms_no
        ) as plan_version,
        counted.last_day,
        {{ months_between(month_start('employees.hire_date'), month_to_day('counted.period')) }} as tenure_month,
        counted.earned_amount,
        greatest(sum(counted.earned_amount) over (
            partition by counted.payee_id, counted.currency_code, counted.period
        ), 0) as earnings_amount,
        counted.line_held_amount,
        counted.line_hold_reason
    from counted
    inner join employees on counted.payee_id = employees.employee_id

)

select * from final
