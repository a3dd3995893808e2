-- What a cap takes away, and what it carries to a later window (rule T9), to date, month by month, of the pay after the
-- threshold. A cap looks at a deal over all months, at the component's window, or at a calendar year. With `carry`, the
-- excess waits in the windows that follow, empty ones too. With a = pay of a window, c = cap and S = the running sum of
-- a - c over the windows, what waits after a window is
--     S - min(0, lowest S so far),
-- which is the recursion waiting = max(0, waiting before + a - c) written as a window.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}
    where cap_amount is not null

),

lines as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        source_system || ':' || document_id as deal,
        origin_period,
        currency_code,
        earned_amount
    from {{ ref('int_earning_line') }}
    union all
    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        window_code as deal,
        origin_period,
        currency_code,
        earned_amount
    from {{ ref('int_threshold_line') }}

),

capped as (

    select
        lines.payee_id,
        lines.plan_code,
        lines.plan_version,
        lines.component_code,
        lines.currency_code,
        lines.window_code,
        lines.origin_period as month,
        {{ cap_window('components.cap_per', 'lines.deal', 'lines.window_code', 'lines.origin_period') }} as cap_window,
        case when components.cap_per = 'year' then 'year' else components.accumulate end as cap_period,
        components.cap_per,
        components.cap_amount,
        components.cap_per <> 'deal' and components.cap_excess = 'carry'
        and (components.cap_per = 'year' or components.accumulate <> 'deal') as is_carried,
        lines.earned_amount
    from lines
    inner join components
        on
            lines.plan_code = components.plan_code
            and lines.plan_version = components.version
            and lines.component_code = components.component_code

),

first_months as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        currency_code,
        cap_period,
        cap_per,
        cap_amount,
        min(month) as first_month
    from capped
    where is_carried
    group by payee_id, plan_code, plan_version, component_code, currency_code, cap_period, cap_per, cap_amount

),

later_months as (

    select
        first_months.*,
        cast({{ month_series(month_to_day('first_months.first_month'), 'run.as_of_date') }} as date) as month_start
    from first_months
    cross join run
    where {{ month_to_day('first_months.first_month') }} <= run.as_of_date

),

-- Every window that may pay what waits has its first month, also where nothing was earned.
changes as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        currency_code,
        cap_per,
        cap_amount,
        is_carried,
        cap_window,
        window_code,
        month,
        earned_amount
    from capped
    union all
    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        currency_code,
        cap_per,
        cap_amount,
        true as is_carried,
        {{ period_code('cap_period', 'month_start') }} as cap_window,
        {{ period_code('cap_period', 'month_start') }} as window_code,
        {{ month_code('month_start') }} as month,
        cast(0 as decimal(18, 2)) as earned_amount
    from later_months
    where month_start = {{ period_start('cap_period', 'month_start') }}

),

monthly as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        currency_code,
        cap_per,
        cap_amount,
        is_carried,
        cap_window,
        case when cap_per = 'deal' then min(window_code) else cap_window end as window_code,
        month,
        sum(earned_amount) as earned_amount
    from changes
    group by
        payee_id, plan_code, plan_version, component_code, currency_code, cap_per, cap_amount, is_carried, cap_window, month

),

totals as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        cap_window,
        is_carried,
        min(month) as first_month,
        sum(earned_amount) - max(cap_amount) as over_cap
    from monthly
    group by payee_id, plan_code, plan_version, component_code, cap_window, is_carried

),

running as (

    select
        *,
        sum(over_cap) over (
            partition by payee_id, plan_code, plan_version, component_code
            order by first_month, cap_window
            rows between unbounded preceding and current row
        ) as sum_after
    from totals
    where is_carried

),

waiting as (

    select
        *,
        sum_after - least(0, min(sum_after) over (
            partition by payee_id, plan_code, plan_version, component_code
            order by first_month, cap_window
            rows between unbounded preceding and current row
        )) as waiting_after
    from running

),

carried as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        cap_window,
        coalesce(lag(waiting_after) over (
            partition by payee_id, plan_code, plan_version, component_code
            order by first_month, cap_window
        ), 0) as carried_in
    from waiting

),

to_date as (

    select
        monthly.*,
        coalesce(carried.carried_in, 0) as carried_in,
        sum(monthly.earned_amount) over (
            partition by
                monthly.payee_id, monthly.plan_code, monthly.plan_version, monthly.component_code, monthly.cap_window
            order by monthly.month
            rows between unbounded preceding and current row
        ) as earned_to_date
    from monthly
    left join carried
        on
            monthly.payee_id = carried.payee_id
            and monthly.plan_code = carried.plan_code
            and monthly.plan_version = carried.plan_version
            and monthly.component_code = carried.component_code
            and monthly.cap_window = carried.cap_window

),

settled as (

    select
        *,
        least(earned_to_date, cap_amount) - earned_to_date as cap_to_date,
        least(carried_in, greatest(cap_amount - earned_to_date, 0)) as carry_to_date
    from to_date

),

final as (

    select
        plan_code || '|' || plan_version || '|' || component_code || '|' || payee_id || '|' || window_code || '|cap|'
        || case when cap_per = 'deal' then cap_window || '|' else '' end || month as cap_line_id,
        plan_code || '|' || plan_version || '|' || component_code || '|' || payee_id || '|' || window_code || '|cap_carry|'
        || month as carry_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        cap_window,
        cap_per,
        cap_amount,
        is_carried,
        month,
        currency_code,
        cast(earned_amount as decimal(18, 2)) as earned_amount,
        cast(earned_to_date as decimal(18, 2)) as earned_to_date,
        cast(carried_in as decimal(18, 2)) as carried_in,
        cast(carry_to_date as decimal(18, 2)) as carry_to_date,
        cast({{ gained(
            'cap_to_date', 'payee_id, plan_code, plan_version, component_code, cap_window', 'month'
        ) }} as decimal(18, 2)) as taken_amount,
        cast({{ gained(
            'carry_to_date', 'payee_id, plan_code, plan_version, component_code, cap_window', 'month'
        ) }} as decimal(18, 2)) as carried_amount
    from settled

)

select * from final
