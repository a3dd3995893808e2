-- The draw of each month (rules D1, D2). A guarantee lifts what is earned to the draw; a non-recoverable draw comes on
-- top; a recoverable one lifts it, too, and what it adds is owed: it goes on the balance, from which later months pay
-- back a share of what they earn above the minimum, once recovery has started, also after the draw has ended. With
-- n = top-up - the most that the month may pay back, and S the running sum of n, the balance after a month is
--     S - min(0, lowest S so far),
-- which is the recursion balance = max(0, balance before + n) written as a window.

with

months as (

    select * from {{ ref('int_pay_month') }}

),

draws as (

    select * from {{ ref('stg_plan__draw') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

termed as (

    select
        months.payee_id,
        months.plan_code,
        months.currency_code,
        months.period,
        months.earnings_amount,
        draws.draw_type,
        draws.amount as draw_amount,
        months.is_drawn
        and months.draw_version = months.plan_version
        and case
            when months.tenure_month is null then draws.to_month is null
            else
                months.tenure_month >= coalesce(draws.from_month, 0)
                and (draws.to_month is null or months.tenure_month <= draws.to_month)
        end as is_in_time,
        coalesce(months.period >= draws.recovery_from, false)
        or coalesce(months.tenure_month >= draws.recovery_from_month, false) as is_recovering,
        {{ round_to_minor_unit(
            'draws.recovery_rate * greatest(months.earnings_amount - draws.minimum_amount, 0)',
            'coalesce(currencies.minor_unit_digits, 2)'
        ) }} as recoverable_amount
    from months
    inner join draws
        on months.plan_code = draws.plan_code and months.draw_version = draws.version
    left join currencies on months.currency_code = currencies.currency_code

),

drawn as (

    select
        *,
        case
            when not is_in_time then 0
            when draw_type = 'non_recoverable' then draw_amount
            else greatest(draw_amount - earnings_amount, 0)
        end as top_up_amount,
        case when is_in_time and draw_type = 'guarantee' then draw_amount else 0 end as guarantee_amount
    from termed

),

owed as (

    select
        *,
        case when draw_type = 'recoverable' then top_up_amount else 0 end as added_amount,
        case when draw_type = 'recoverable' and is_recovering then recoverable_amount else 0 end as most_recovered
    from drawn

),

running as (

    select
        *,
        sum(added_amount - most_recovered) over (
            partition by payee_id, plan_code, currency_code
            order by period
            rows between unbounded preceding and current row
        ) as sum_after
    from owed

),

balances as (

    select
        *,
        sum_after - least(0, min(sum_after) over (
            partition by payee_id, plan_code, currency_code
            order by period
            rows between unbounded preceding and current row
        )) as closing_balance
    from running

),

carried as (

    select
        *,
        coalesce(lag(closing_balance) over (
            partition by payee_id, plan_code, currency_code order by period
        ), 0) as opening_balance
    from balances

),

final as (

    select
        payee_id,
        plan_code,
        currency_code,
        period,
        draw_type,
        cast(top_up_amount as decimal(18, 2)) as draw_top_up_amount,
        cast(guarantee_amount as decimal(18, 2)) as guarantee_amount,
        cast(opening_balance as decimal(18, 2)) as opening_draw_balance,
        cast(added_amount as decimal(18, 2)) as draw_added_amount,
        cast(opening_balance + added_amount - closing_balance as decimal(18, 2)) as draw_recovered_amount,
        cast(closing_balance as decimal(18, 2)) as closing_draw_balance
    from carried

)

select * from final
