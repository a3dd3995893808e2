-- Where people stop and when they sign, by plan version and period: signs that a plan is worked towards instead of sold
-- under.
--   Bounds: of the finished windows that end in the period, those whose index is less than 2 % above a bound between two
--   bands, or less than 2 % below one. Deals held back or pulled in show as many above and few below.
--   Month ends: of the deals and contracts booked for a payee of the version, those dated on the last 3 days of a month,
--   beside the share of such days among the period's days up to the as-of day.
-- Only rows in which there is a window or a deal.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

windows as (

    select * from {{ ref('int_window_index') }}

),

bands as (

    select * from {{ ref('int_window_band') }}

),

credit_lines as (

    select * from {{ ref('int_credit_line') }}

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

period_types as (

    select 'month' as period_type
    union all
    select 'quarter' as period_type
    union all
    select 'year' as period_type

),

neared as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.currency_code,
        windows.window_end,
        max(case
            when windows.index_value >= bands.lower_amount and windows.index_value * 100 < bands.lower_amount * 102 then 1
            else 0
        end) as is_above,
        max(case
            when windows.index_value < bands.lower_amount and windows.index_value * 100 > bands.lower_amount * 98 then 1
            else 0
        end) as is_below
    from windows
    cross join run
    inner join bands
        on
            windows.payee_id = bands.payee_id
            and windows.plan_code = bands.plan_code
            and windows.plan_version = bands.plan_version
            and windows.component_code = bands.component_code
            and windows.window_code = bands.window_code
    where bands.band_no > 1 and bands.lower_amount > 0 and windows.window_end <= run.as_of_date
    group by
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.currency_code,
        windows.window_end

),

deals as (

    select distinct
        assignments.plan_code,
        assignments.plan_version,
        assignments.currency_code,
        credit_lines.source_system,
        credit_lines.document_id,
        credit_lines.event_date
    from credit_lines
    inner join assignments
        on
            credit_lines.employee_id = assignments.employee_id
            and credit_lines.event_date between assignments.assignment_start and assignments.assignment_end
    cross join run
    where
        credit_lines.basis = 'booked'
        and credit_lines.event_type = 'won'
        and credit_lines.credit_role = 'revenue'
        and credit_lines.reversal_profile = 'standard'
        and credit_lines.event_date <= run.as_of_date

),

told as (

    select
        plan_code,
        plan_version,
        currency_code,
        window_end as day,
        1 as windows_count,
        is_above,
        is_below,
        0 as deals_count,
        0 as month_end_deals
    from neared
    union all
    select
        plan_code,
        plan_version,
        currency_code,
        event_date as day,
        0 as windows_count,
        0 as is_above,
        0 as is_below,
        1 as deals_count,
        case when event_date >= {{ add_days(month_end('event_date'), -2) }} then 1 else 0 end as month_end_deals
    from deals

),

summed as (

    select
        told.plan_code,
        told.plan_version,
        told.currency_code,
        period_types.period_type,
        {{ period_code('period_types.period_type', 'told.day') }} as period,
        {{ period_start('period_types.period_type', 'told.day') }} as period_start,
        {{ period_end('period_types.period_type', 'told.day') }} as period_end,
        cast(sum(told.windows_count) as bigint) as bound_windows,
        cast(sum(told.is_above) as bigint) as bound_windows_above,
        cast(sum(told.is_below) as bigint) as bound_windows_below,
        cast(sum(told.deals_count) as bigint) as booked_deals,
        cast(sum(told.month_end_deals) as bigint) as month_end_deals
    from told
    cross join period_types
    group by
        told.plan_code,
        told.plan_version,
        told.currency_code,
        period_types.period_type,
        {{ period_code('period_types.period_type', 'told.day') }},
        {{ period_start('period_types.period_type', 'told.day') }},
        {{ period_end('period_types.period_type', 'told.day') }}

),

-- The days of the period on which the version holds, up to the as-of day, month by month.
months as (

    select
        summed.plan_code,
        summed.plan_version,
        summed.currency_code,
        summed.period_type,
        summed.period,
        greatest(summed.period_start, versions.valid_from) as first_day,
        least(summed.period_end, coalesce(versions.valid_to, summed.period_end), run.as_of_date) as last_day,
        cast({{ month_series('summed.period_start', 'summed.period_end') }} as date) as month_start
    from summed
    inner join versions on summed.plan_code = versions.plan_code and summed.plan_version = versions.version
    cross join run

),

days as (

    select
        plan_code,
        plan_version,
        currency_code,
        period_type,
        period,
        cast(sum({{ days_of_span(
            'greatest(first_day, month_start)', 'least(last_day, ' ~ month_end('month_start') ~ ')'
        ) }}) as bigint) as counted_days,
        cast(sum({{ days_of_span(
            'greatest(first_day, ' ~ add_days(month_end('month_start'), -2) ~ ')',
            'least(last_day, ' ~ month_end('month_start') ~ ')'
        ) }}) as bigint) as month_end_days
    from months
    group by plan_code, plan_version, currency_code, period_type, period

),

final as (

    select
        summed.plan_code,
        summed.plan_version,
        summed.currency_code,
        summed.period_type,
        summed.period,
        summed.bound_windows,
        summed.bound_windows_above,
        summed.bound_windows_below,
        summed.booked_deals,
        summed.month_end_deals,
        days.counted_days,
        days.month_end_days
    from summed
    inner join days
        on
            summed.plan_code = days.plan_code
            and summed.plan_version = days.plan_version
            and summed.currency_code = days.currency_code
            and summed.period_type = days.period_type
            and summed.period = days.period

)

select * from final
