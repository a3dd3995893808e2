-- What each payee is paid for each month, in the order of operations: earned, draw, penalty, hold, recovery of the
-- clawback balance, legal limit, payable (rules D1 to D5, K4). The month is settled once for the payee, over all plans of a
-- currency:
--   rest = max(0, earned - held) + draw top-up - draw recovered - penalties, never below 0; below it, it comes off what
--   is held;
--   what is below 0 of earned - held pays nothing and goes on the balance, which a draw never swallows (D1);
--   a month pays back at most a, which is its rest, or less where the law limits it (D4). With n = what the month before
--   put on the balance - a, and S the running sum of n, what is left after paying back is S - min(0, lowest S so far).
-- Then the plans' rows share it. What a row is short of, because its lines are negative or a draw or penalty takes more
-- than they give, goes on the balance, and the payee's other rows of the month pay it back before anything else, in
-- order of plan code: that is no recovery that the law limits. Rows that only add to the balance come first.
{% set month = 'partition by payee_id, currency_code, period' %}
{% set in_order = 'case when net_amount < 0 then 1 else 0 end, plan_code' %}

with

plan_months as (

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

earnings as (

    select
        payee_id,
        currency_code,
        period,
        max(earnings_amount) as earnings_amount
    from plan_months
    group by payee_id, currency_code, period

),

-- A draw is paid back in every month of the payee: where its plan has no row, it gets one.
rows_of_plans as (

    select
        payee_id,
        plan_code,
        plan_version,
        currency_code,
        period,
        is_assigned,
        earned_amount,
        line_held_amount,
        line_hold_reason
    from plan_months
    union all
    select
        draws.payee_id,
        draws.owed_plan_code as plan_code,
        draws.owed_version as plan_version,
        draws.currency_code,
        draws.period,
        false as is_assigned,
        cast(0 as decimal(18, 2)) as earned_amount,
        cast(0 as decimal(18, 2)) as line_held_amount,
        cast(null as varchar) as line_hold_reason
    from draws
    left join plan_months
        on
            draws.payee_id = plan_months.payee_id
            and draws.owed_plan_code = plan_months.plan_code
            and draws.currency_code = plan_months.currency_code
            and draws.period = plan_months.period
    where
        plan_months.payee_id is null
        and draws.owed_plan_code is not null
        and draws.opening_draw_balance <> 0

),

drawn as (

    select
        rows_of_plans.*,
        earnings.earnings_amount,
        case when draws.draw_plan_code = rows_of_plans.plan_code then draws.draw_top_up_amount else 0 end
            as draw_top_up_amount,
        case when draws.owed_plan_code = rows_of_plans.plan_code then draws.opening_draw_balance else 0 end
            as opening_draw_balance,
        case when draws.owed_plan_code = rows_of_plans.plan_code then draws.draw_added_amount else 0 end
            as draw_added_amount,
        case when draws.owed_plan_code = rows_of_plans.plan_code then draws.draw_recovered_amount else 0 end
            as draw_recovered_amount,
        case when draws.owed_plan_code = rows_of_plans.plan_code then draws.closing_draw_balance else 0 end
            as closing_draw_balance,
        coalesce(draws.guarantee_amount, 0) as guarantee_amount,
        case when rows_of_plans.is_assigned then coalesce(versions.floor_amount, 0) else 0 end as floor_amount,
        coalesce(penalties.penalty_amount, 0) as penalty_before_floor
    from rows_of_plans
    inner join earnings
        on
            rows_of_plans.payee_id = earnings.payee_id
            and rows_of_plans.currency_code = earnings.currency_code
            and rows_of_plans.period = earnings.period
    left join draws
        on
            rows_of_plans.payee_id = draws.payee_id
            and rows_of_plans.currency_code = draws.currency_code
            and rows_of_plans.period = draws.period
    left join penalties
        on
            rows_of_plans.payee_id = penalties.payee_id
            and rows_of_plans.plan_code = penalties.plan_code
            and rows_of_plans.currency_code = penalties.currency_code
            and rows_of_plans.period = penalties.period
    left join versions
        on rows_of_plans.plan_code = versions.plan_code and rows_of_plans.plan_version = versions.version

),

-- The floor is the larger of the plan's and the guarantee; what it can't take is lost.
roomy as (

    select
        *,
        greatest(
            earnings_amount
            + sum(draw_top_up_amount) over ({{ month }})
            - sum(draw_recovered_amount) over ({{ month }})
            - greatest(max(floor_amount) over ({{ month }}), guarantee_amount),
            0
        ) as penalty_room
    from drawn

),

penalised as (

    select
        *,
        earned_amount - line_held_amount as net_amount,
        {{ taken_in_order('penalty_room', 'penalty_before_floor', month, 'plan_code') }} as penalty_amount
    from roomy

),

-- What each row has of its own after draw and penalty, and what it is short of.
owning as (

    select
        *,
        greatest(net_amount, 0) + draw_top_up_amount - draw_recovered_amount - penalty_amount as own_amount,
        sum(net_amount) over ({{ month }}) as month_net_amount
    from penalised

),

summed as (

    select
        *,
        greatest(own_amount, 0) as free_amount,
        greatest(-own_amount, 0) as deficit_amount,
        greatest(month_net_amount, 0)
        + sum(draw_top_up_amount - draw_recovered_amount - penalty_amount) over ({{ month }}) as month_rest_amount
    from owning

),

-- What the month can't cover comes off what is held, first of the row that is short itself.
covered as (

    select
        *,
        {{ taken_in_order(
            'greatest(-month_rest_amount, 0)', 'greatest(line_held_amount, 0)', month,
            'case when deficit_amount > 0 then 0 else 1 end, plan_code'
        ) }} as off_held_amount
    from summed

),

netted as (

    select
        *,
        greatest(-net_amount, 0) + deficit_amount - least(deficit_amount, off_held_amount) as added_amount,
        {{ taken_in_order(
            'sum(free_amount) over (' ~ month ~ ') - greatest(month_rest_amount, 0)', 'free_amount', month, in_order
        ) }} as given_amount
    from covered

),

limited as (

    select
        netted.*,
        greatest(netted.month_rest_amount, 0) as rest_amount,
        greatest(-netted.month_net_amount, 0) as shortfall_amount,
        limits.share,
        limits.keep_amount,
        case when employees.salary_currency_code = netted.currency_code then coalesce(employees.base_salary_amount, 0) else 0 end
            as salary_amount,
        coalesce(currencies.minor_unit_digits, 2) as minor_unit_digits,
        row_number() over (
            partition by netted.payee_id, netted.plan_code, netted.currency_code, netted.period order by limits.place
        ) as limit_no
    from netted
    inner join employees on netted.payee_id = employees.employee_id
    left join currencies on netted.currency_code = currencies.currency_code
    left join limits
        on
            netted.plan_code = limits.plan_code
            and netted.plan_version = limits.version
            and (limits.region is null or employees.region = limits.region)

),

-- Where two plans have a limit, the lower one holds.
allowed as (

    select
        *,
        case
            when share is not null
                then greatest(least(
                    {{ round_down_to_minor_unit('share * (salary_amount + rest_amount)', 'minor_unit_digits') }},
                    {{ round_down_to_minor_unit('salary_amount + rest_amount - keep_amount', 'minor_unit_digits') }}
                ), 0)
        end as law_amount
    from limited
    where limit_no = 1

),

months as (

    select
        payee_id,
        currency_code,
        period,
        max(rest_amount) as rest_amount,
        max(shortfall_amount) as shortfall_amount,
        least(max(rest_amount), coalesce(min(law_amount), max(rest_amount))) as most_recovered
    from allowed
    group by payee_id, currency_code, period

),

stepped as (

    select
        *,
        coalesce(lag(shortfall_amount) over (partition by payee_id, currency_code order by period), 0) - most_recovered
            as step_amount
    from months

),

running as (

    select
        *,
        sum(step_amount) over (
            partition by payee_id, currency_code
            order by period
            rows between unbounded preceding and current row
        ) as sum_after
    from stepped

),

balances as (

    select
        *,
        sum_after - least(0, min(sum_after) over (
            partition by payee_id, currency_code
            order by period
            rows between unbounded preceding and current row
        )) as left_balance
    from running

),

carried as (

    select
        *,
        coalesce(lag(left_balance + shortfall_amount) over (partition by payee_id, currency_code order by period), 0)
            as opening_balance
    from balances

),

shared as (

    select
        allowed.*,
        carried.opening_balance as month_opening_balance,
        carried.opening_balance - carried.left_balance as month_recovered_amount,
        least(carried.opening_balance, carried.rest_amount) as month_due_amount,
        allowed.free_amount - allowed.given_amount as spare_amount
    from allowed
    inner join carried
        on
            allowed.payee_id = carried.payee_id
            and allowed.currency_code = carried.currency_code
            and allowed.period = carried.period

),

recovered as (

    select
        *,
        {{ taken_in_order('month_recovered_amount', 'spare_amount', month, in_order) }} as old_recovered_amount,
        {{ taken_in_order('month_due_amount', 'spare_amount', month, in_order) }} as old_due_amount
    from shared

),

settled as (

    select
        *,
        old_recovered_amount + given_amount + off_held_amount - least(deficit_amount, off_held_amount)
            as recovered_amount,
        old_due_amount - old_recovered_amount as legal_limit_amount,
        spare_amount - old_recovered_amount as due_amount
    from recovered

),

chained as (

    select
        *,
        month_opening_balance + sum(added_amount - recovered_amount) over (
            {{ month }}
            order by
                case when added_amount = 0 then 2 when recovered_amount > 0 then 1 else 0 end, plan_code
            rows between unbounded preceding and current row
        ) as closing_balance
    from settled

),

final as (

    select
        chained.payee_id,
        chained.plan_code,
        chained.plan_version,
        chained.period,
        chained.currency_code,
        chained.earned_amount,
        cast(chained.draw_top_up_amount as decimal(18, 2)) as draw_top_up_amount,
        cast(chained.opening_draw_balance as decimal(18, 2)) as opening_draw_balance,
        cast(chained.draw_added_amount as decimal(18, 2)) as draw_added_amount,
        cast(chained.draw_recovered_amount as decimal(18, 2)) as draw_recovered_amount,
        cast(chained.closing_draw_balance as decimal(18, 2)) as closing_draw_balance,
        cast(chained.penalty_amount as decimal(18, 2)) as penalty_amount,
        cast(
            chained.line_held_amount - chained.off_held_amount
            + case when payee_holds.payee_id is not null then chained.due_amount else 0 end
            as decimal(18, 2)
        ) as held_amount,
        cast(chained.off_held_amount as decimal(18, 2)) as off_held_amount,
        cast(chained.closing_balance - chained.added_amount + chained.recovered_amount as decimal(18, 2))
            as opening_clawback_balance,
        cast(chained.added_amount as decimal(18, 2)) as clawback_added,
        cast(chained.recovered_amount as decimal(18, 2)) as clawback_recovered,
        cast(chained.legal_limit_amount as decimal(18, 2)) as legal_limit_amount,
        cast(chained.closing_balance as decimal(18, 2)) as closing_clawback_balance,
        cast(case when payee_holds.payee_id is not null then 0 else chained.due_amount end as decimal(18, 2))
            as payable_amount,
        case
            when payee_holds.payee_id is not null and chained.due_amount > 0 then 'held'
            when chained.due_amount > 0 then 'payable'
            when chained.added_amount > 0 then 'negative'
            when chained.line_hold_reason is not null then 'held'
            else 'nothing_due'
        end as payout_status,
        nullif(concat_ws('; ', payee_holds.hold_reason, chained.line_hold_reason), '') as hold_reason
    from chained
    left join payee_holds on chained.payee_id = payee_holds.payee_id

)

select * from final
