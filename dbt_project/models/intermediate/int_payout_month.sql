-- What each payee is paid for each month, in the order of operations: earned, draw, penalty, hold, recovery of the
-- clawback balance, legal limit, payable (rules D1 to D5, K4).
--   rest = max(0, earned - held) + draw top-up - draw recovered - penalty, never below 0;
--   what is below 0 of earned - held pays nothing and goes on the balance, which a draw never swallows (D1).
-- The balance is the payee's, over all plans in a currency; within a month what is negative comes first. A month pays
-- back at most a, which is its rest, or less where the law limits it (D4); with n = what the month before put on the
-- balance - a, and S the running sum of n, what is left after paying back is
--     S - min(0, lowest S so far).

with

months as (

    select * from {{ ref('int_pay_month') }}

),

draws as (

    select * from {{ ref('int_draw_month') }}

),

penalties as (

    select
        payee_id,
        plan_code,
        currency_code,
        period,
        sum(penalty_amount) as penalty_amount
    from {{ ref('int_penalty_line') }}
    group by payee_id, plan_code, currency_code, period

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

limits as (

    select * from {{ ref('stg_plan__legal_limit') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

payee_holds as (

    select * from {{ ref('int_payee_hold') }}

),

drawn as (

    select
        months.*,
        coalesce(draws.draw_top_up_amount, 0) as draw_top_up_amount,
        coalesce(draws.opening_draw_balance, 0) as opening_draw_balance,
        coalesce(draws.draw_added_amount, 0) as draw_added_amount,
        coalesce(draws.draw_recovered_amount, 0) as draw_recovered_amount,
        coalesce(draws.closing_draw_balance, 0) as closing_draw_balance,
        -- The floor is the larger of the plan's and the guarantee; what it can't take is lost.
        least(
            coalesce(penalties.penalty_amount, 0),
            greatest(
                months.earnings_amount + coalesce(draws.draw_top_up_amount, 0) - coalesce(draws.draw_recovered_amount, 0)
                - greatest(coalesce(versions.floor_amount, 0), coalesce(draws.guarantee_amount, 0)),
                0
            )
        ) as penalty_amount
    from months
    left join draws
        on
            months.payee_id = draws.payee_id
            and months.plan_code = draws.plan_code
            and months.currency_code = draws.currency_code
            and months.period = draws.period
    left join penalties
        on
            months.payee_id = penalties.payee_id
            and months.plan_code = penalties.plan_code
            and months.currency_code = penalties.currency_code
            and months.period = penalties.period
    left join versions
        on months.plan_code = versions.plan_code and months.plan_version = versions.version

),

rested as (

    select
        *,
        earned_amount - line_held_amount as net_amount,
        greatest(line_held_amount - earned_amount, 0) as shortfall_amount,
        greatest(earned_amount - line_held_amount, 0) + draw_top_up_amount - draw_recovered_amount - penalty_amount
            as rest_before_floor
    from drawn

),

limited as (

    select
        rested.*,
        greatest(rested.rest_before_floor, 0) as rest_amount,
        limits.share,
        limits.keep_amount,
        case when employees.salary_currency_code = rested.currency_code then coalesce(employees.base_salary_amount, 0) else 0 end
            as salary_amount,
        coalesce(currencies.minor_unit_digits, 2) as minor_unit_digits,
        row_number() over (
            partition by rested.payee_id, rested.plan_code, rested.currency_code, rested.period order by limits.place
        ) as limit_no
    from rested
    inner join employees on rested.payee_id = employees.employee_id
    left join currencies on rested.currency_code = currencies.currency_code
    left join limits
        on
            rested.plan_code = limits.plan_code
            and rested.plan_version = limits.version
            and (limits.region is null or employees.region = limits.region)

),

allowed as (

    select
        *,
        case
            when share is null then rest_amount
            else least(
                rest_amount,
                greatest(least(
                    {{ round_down_to_minor_unit('share * (salary_amount + rest_amount)', 'minor_unit_digits') }},
                    {{ round_down_to_minor_unit('salary_amount + rest_amount - keep_amount', 'minor_unit_digits') }}
                ), 0)
            )
        end as most_recovered,
        row_number() over (
            partition by payee_id, currency_code
            order by period, case when net_amount < 0 then 0 else 1 end, plan_code
        ) as place
    from limited
    where limit_no = 1

),

stepped as (

    select
        *,
        coalesce(lag(shortfall_amount) over (partition by payee_id, currency_code order by place), 0) - most_recovered
            as step_amount
    from allowed

),

running as (

    select
        *,
        sum(step_amount) over (
            partition by payee_id, currency_code
            order by place
            rows between unbounded preceding and current row
        ) as sum_after
    from stepped

),

balances as (

    select
        *,
        sum_after - least(0, min(sum_after) over (
            partition by payee_id, currency_code
            order by place
            rows between unbounded preceding and current row
        )) as left_balance
    from running

),

carried as (

    select
        *,
        coalesce(lag(left_balance + shortfall_amount) over (partition by payee_id, currency_code order by place), 0)
            as opening_balance
    from balances

),

settled as (

    select
        *,
        opening_balance - left_balance as recovered_amount,
        least(opening_balance, rest_amount) - (opening_balance - left_balance) as legal_limit_amount,
        rest_amount - (opening_balance - left_balance) as due_amount
    from carried

),

final as (

    select
        settled.payee_id,
        settled.plan_code,
        settled.plan_version,
        settled.period,
        settled.currency_code,
        settled.earned_amount,
        cast(settled.draw_top_up_amount as decimal(18, 2)) as draw_top_up_amount,
        cast(settled.opening_draw_balance as decimal(18, 2)) as opening_draw_balance,
        cast(settled.draw_added_amount as decimal(18, 2)) as draw_added_amount,
        cast(settled.draw_recovered_amount as decimal(18, 2)) as draw_recovered_amount,
        cast(settled.closing_draw_balance as decimal(18, 2)) as closing_draw_balance,
        cast(settled.penalty_amount as decimal(18, 2)) as penalty_amount,
        -- What held lines would lift below 0 by draw or penalty comes off what is held.
        cast(
            settled.line_held_amount + least(settled.rest_before_floor, 0)
            + case when payee_holds.payee_id is not null then settled.due_amount else 0 end
            as decimal(18, 2)
        ) as held_amount,
        cast(settled.opening_balance as decimal(18, 2)) as opening_clawback_balance,
        cast(settled.shortfall_amount as decimal(18, 2)) as clawback_added,
        cast(settled.recovered_amount as decimal(18, 2)) as clawback_recovered,
        cast(settled.legal_limit_amount as decimal(18, 2)) as legal_limit_amount,
        cast(settled.left_balance + settled.shortfall_amount as decimal(18, 2)) as closing_clawback_balance,
        cast(case when payee_holds.payee_id is not null then 0 else settled.due_amount end as decimal(18, 2))
            as payable_amount,
        case
            when payee_holds.payee_id is not null and settled.due_amount > 0 then 'held'
            when settled.due_amount > 0 then 'payable'
            when settled.net_amount < 0 then 'negative'
            when settled.line_hold_reason is not null then 'held'
            else 'nothing_due'
        end as payout_status,
        nullif(concat_ws('; ', payee_holds.hold_reason, settled.line_hold_reason), '') as hold_reason
    from settled
    left join payee_holds on settled.payee_id = payee_holds.payee_id

)

select * from final
