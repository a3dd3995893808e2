-- What a threshold takes away, to date, month by month (rule T8). While the window's index is below it, the pay to date is
-- 0; once it is met, `from_first` pays everything and `above` all but the slices of the lines that lie below it. A
-- threshold never forgives what a negative line takes back. Without attainment a threshold of attainment does not bite.

with

windows as (

    select * from {{ ref('int_window_index') }}
    where threshold_amount is not null

),

lines as (

    select * from {{ ref('int_earning_line') }}

),

index_months as (

    select * from {{ ref('int_index_month') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

changes as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        origin_period as month,
        earned_amount,
        pay_under_threshold,
        cast(0 as decimal(18, 6)) as index_amount
    from lines
    union all
    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        month,
        cast(0 as decimal(18, 2)) as earned_amount,
        cast(0 as decimal(38, 12)) as pay_under_threshold,
        index_amount
    from index_months

),

monthly as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.currency_code,
        windows.accumulate,
        windows.threshold_at,
        windows.threshold_amount,
        windows.threshold_pays,
        windows.index_measure,
        windows.index_offset,
        windows.is_same_measure,
        windows.effective_quota,
        changes.month,
        sum(changes.earned_amount) as earned_amount,
        sum(changes.pay_under_threshold) as pay_under_threshold,
        sum(changes.index_amount) as index_amount
    from windows
    inner join changes
        on
            windows.payee_id = changes.payee_id
            and windows.plan_code = changes.plan_code
            and windows.plan_version = changes.plan_version
            and windows.component_code = changes.component_code
            and windows.window_code = changes.window_code
    group by
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.currency_code,
        windows.accumulate,
        windows.threshold_at,
        windows.threshold_amount,
        windows.threshold_pays,
        windows.index_measure,
        windows.index_offset,
        windows.is_same_measure,
        windows.effective_quota,
        changes.month

),

to_date as (

    select
        monthly.*,
        coalesce(currencies.minor_unit_digits, 2) as minor_unit_digits,
        {{ running_total(
            'monthly.earned_amount',
            'monthly.payee_id, monthly.plan_code, monthly.plan_version, monthly.component_code, monthly.window_code',
            'monthly.month'
        ) }} as earned_amount_to_date,
        {{ running_total(
            'monthly.pay_under_threshold',
            'monthly.payee_id, monthly.plan_code, monthly.plan_version, monthly.component_code, monthly.window_code',
            'monthly.month'
        ) }} as pay_under_threshold_to_date,
        {{ running_total(
            'monthly.index_amount',
            'monthly.payee_id, monthly.plan_code, monthly.plan_version, monthly.component_code, monthly.window_code',
            'monthly.month'
        ) }} as index_amount_to_date
    from monthly
    left join currencies on monthly.currency_code = currencies.currency_code

),

taken as (

    select
        *,
        cast(case
            when index_amount_to_date < threshold_amount then -greatest(earned_amount_to_date, 0)
            when threshold_pays = 'above'
                then -({{ round_to_minor_unit('pay_under_threshold_to_date', 'minor_unit_digits') }})
            else 0
        end as decimal(18, 2)) as taken_to_date
    from to_date

),

final as (

    select
        plan_code || '|' || plan_version || '|' || component_code || '|' || payee_id || '|' || window_code
        || '|threshold|' || month as earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        month,
        currency_code,
        effective_quota,
        case when index_measure = 'attainment' and index_offset = 0 then threshold_at end as bound_attainment,
        cast(threshold_amount as decimal(24, 6)) as threshold_amount,
        threshold_pays,
        is_same_measure,
        cast(index_amount as decimal(18, 6)) as index_amount,
        cast(index_amount_to_date as decimal(18, 6)) as index_amount_to_date,
        cast(earned_amount as decimal(18, 2)) as earned_amount,
        cast(earned_amount_to_date as decimal(18, 2)) as earned_amount_to_date,
        cast(pay_under_threshold as decimal(38, 12)) as pay_under_threshold,
        cast(pay_under_threshold_to_date as decimal(38, 12)) as pay_under_threshold_to_date,
        cast({{ gained(
            'taken_to_date', 'payee_id, plan_code, plan_version, component_code, window_code', 'month'
        ) }} as decimal(18, 2)) as taken_amount
    from taken

)

select * from final
