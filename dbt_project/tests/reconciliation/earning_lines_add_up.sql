-- Leans on: int_earning_line, int_window_band. F is computed here once more, from the total of each window
-- alone: without it a line that is priced out of order, or twice, would go unseen (rule T3).

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'the lines of a window don\'t add up to round(F(total))',
    'remedy': 'look at int_credit_window for these windows: the order of lines and the running total',
}) }}

with

lines as (

    select * from {{ ref('int_earning_line') }}

),

bands as (

    select * from {{ ref('int_window_band') }}

),

windows as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        max(minor_unit_digits) as minor_unit_digits,
        coalesce(sum(counted_amount), 0) as total_amount,
        sum(earned_amount) as earned_amount
    from lines
    group by payee_id, plan_code, plan_version, component_code, window_code

),

priced as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.minor_unit_digits,
        windows.total_amount,
        windows.earned_amount,
        sum(
            case
                when windows.total_amount >= bands.lower_amount or bands.band_no = 1
                    then
                        cast(
                            least(windows.total_amount, coalesce(bands.upper_amount, windows.total_amount))
                            - case when bands.band_no = 1 then 0 else bands.lower_amount end
                            as decimal(24, 6)
                        ) * bands.rate
                else 0
            end
        ) as pay
    from windows
    inner join bands
        on
            windows.payee_id = bands.payee_id
            and windows.plan_code = bands.plan_code
            and windows.plan_version = bands.plan_version
            and windows.component_code = bands.component_code
            and windows.window_code = bands.window_code
    group by
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.minor_unit_digits,
        windows.total_amount,
        windows.earned_amount

),

final as (

    select *
    from priced
    where earned_amount <> {{ round_to_minor_unit('pay', 'minor_unit_digits') }}

)

select * from final
