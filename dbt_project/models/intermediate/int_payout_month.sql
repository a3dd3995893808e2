-- What each payee is paid for each month (rules D3, D5, Q6). Every month of an assignment has a row, even at 0.
-- A negative month pays nothing and goes on the clawback balance, which later months pay back. With n = earned -
-- held of each month, in order of months (and, within a month, what is negative first), and S the running sum of
-- n, the balance after a month is
--     S highest so far (never below 0) - S,
-- which is the recursion balance = max(0, balance before - n) written as a window.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

earning_lines as (

    select
        payee_id,
        plan_code,
        currency_code,
        origin_period as period,
        earned_amount,
        is_held,
        hold_reason
    from {{ ref('int_pay_line') }}

),

months as (

    select * from {{ ref('int_plan_month') }}

),

payee_holds as (

    select * from {{ ref('int_payee_hold') }}

),

keys as (

    select
        months.employee_id as payee_id,
        months.plan_code,
        months.currency_code,
        months.month as period
    from months
    inner join run on months.month_start <= run.as_of_date
    union
    select
        payee_id,
        plan_code,
        currency_code,
        period
    from earning_lines

),

summed as (

    select
        keys.payee_id,
        keys.plan_code,
        keys.currency_code,
        keys.period,
        cast(coalesce(sum(earning_lines.earned_amount), 0) as decimal(18, 2)) as earned_amount,
        cast(coalesce(sum(case when earning_lines.is_held then earning_lines.earned_amount else 0 end), 0) as decimal(18, 2))
            as line_held_amount,
        string_agg(
            distinct case when earning_lines.is_held then earning_lines.hold_reason end, '; '
            order by case when earning_lines.is_held then earning_lines.hold_reason end
        ) as line_hold_reason
    from keys
    left join earning_lines
        on
            keys.payee_id = earning_lines.payee_id
            and keys.plan_code = earning_lines.plan_code
            and keys.currency_code = earning_lines.currency_code
            and keys.period = earning_lines.period
    group by keys.payee_id, keys.plan_code, keys.currency_code, keys.period

),

ordered as (

    select
        *,
        earned_amount - line_held_amount as net_amount,
        row_number() over (
            partition by payee_id, currency_code
            order by
                period,
                case when earned_amount - line_held_amount < 0 then 0 else 1 end,
                plan_code
        ) as place
    from summed

),

running as (

    select
        *,
        sum(net_amount) over (
            partition by payee_id, currency_code
            order by place
            rows between unbounded preceding and current row
        ) as sum_after
    from ordered

),

balances as (

    select
        *,
        greatest(0, max(sum_after) over (
            partition by payee_id, currency_code
            order by place
            rows between unbounded preceding and current row
        )) - sum_after as closing_balance
    from running

),

carried as (

    select
        *,
        coalesce(lag(closing_balance) over (partition by payee_id, currency_code order by place), 0) as opening_balance
    from balances

),

settled as (

    select
        *,
        least(opening_balance, greatest(net_amount, 0)) as recovered,
        greatest(net_amount, 0) - least(opening_balance, greatest(net_amount, 0)) as due
    from carried

),

final as (

    select
        settled.payee_id,
        settled.plan_code,
        settled.period,
        settled.currency_code,
        settled.earned_amount,
        cast(
            settled.line_held_amount + case when payee_holds.payee_id is not null then settled.due else 0 end
            as decimal(18, 2)
        ) as held_amount,
        cast(settled.opening_balance as decimal(18, 2)) as opening_clawback_balance,
        cast(settled.recovered as decimal(18, 2)) as clawback_recovered,
        cast(settled.closing_balance as decimal(18, 2)) as closing_clawback_balance,
        cast(case when payee_holds.payee_id is not null then 0 else settled.due end as decimal(18, 2)) as payable_amount,
        case
            when payee_holds.payee_id is not null and settled.due > 0 then 'held'
            when settled.due > 0 then 'payable'
            when settled.net_amount < 0 then 'negative'
            when settled.line_hold_reason is not null then 'held'
            else 'nothing_due'
        end as payout_status,
        nullif(concat_ws('; ', payee_holds.hold_reason, settled.line_hold_reason), '') as hold_reason
    from settled
    left join payee_holds on settled.payee_id = payee_holds.payee_id

)

select * from final
