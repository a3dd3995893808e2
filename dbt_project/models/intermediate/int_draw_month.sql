-- The draw of a payee's month, over all plans of a currency (rules D1, D2). A guarantee lifts what the payee earned to the
-- draw; a non-recoverable draw comes on top; a recoverable one lifts it, too, and what it adds is owed: it goes on the
-- balance, from which later months pay back a share of what they earn above the minimum, once recovery has started.
-- A month has one draw: that of the plan assigned last. Recovery goes on after a draw ends, in every month of the payee,
-- by the terms of the last recoverable draw, whose plan the balance stands with. With n = top-up - the most that the month
-- may pay back, and S the running sum of n, the balance after a month is
--     S - min(0, lowest S so far),
-- which is the recursion balance = max(0, balance before + n) written as a window.

with

plan_months as (

    select * from {{ ref('int_pay_month') }}

),

draws as (

    select * from {{ ref('stg_plan__draw') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

months as (

    select
        payee_id,
        currency_code,
        period,
        max(tenure_month) as tenure_month,
        max(earnings_amount) as earnings_amount
    from plan_months
    group by payee_id, currency_code, period

),

offered as (

    select
        plan_months.payee_id,
        plan_months.currency_code,
        plan_months.period,
        draws.plan_code,
        draws.version,
        draws.draw_type,
        draws.amount,
        draws.from_month,
        draws.to_month,
        row_number() over (
            partition by plan_months.payee_id, plan_months.currency_code, plan_months.period
            order by plan_months.last_day desc, plan_months.plan_code desc, plan_months.plan_version desc
        ) as place
    from plan_months
    inner join draws
        on plan_months.plan_code = draws.plan_code and plan_months.plan_version = draws.version
    where plan_months.is_assigned

),

drawn as (

    select
        months.*,
        offered.plan_code as draw_plan_code,
        offered.version as draw_version,
        offered.draw_type,
        offered.amount as draw_amount,
        offered.plan_code is not null
        and case
            when months.tenure_month is null then offered.to_month is null
            else
                months.tenure_month >= coalesce(offered.from_month, 0)
                and (offered.to_month is null or months.tenure_month <= offered.to_month)
        end as is_in_time,
        case when offered.draw_type = 'recoverable' then offered.plan_code end as own_owed_plan_code,
        case when offered.draw_type = 'recoverable' then offered.version end as own_owed_version
    from months
    left join offered
        on
            months.payee_id = offered.payee_id
            and months.currency_code = offered.currency_code
            and months.period = offered.period
            and offered.place = 1

),

-- A month without a recoverable draw of its own takes the terms of the last one before it.
counted as (

    select
        *,
        count(own_owed_plan_code) over (
            partition by payee_id, currency_code
            order by period
            rows between unbounded preceding and current row
        ) as owed_no
    from drawn

),

owed as (

    select
        *,
        max(own_owed_plan_code) over (partition by payee_id, currency_code, owed_no) as owed_plan_code,
        max(own_owed_version) over (partition by payee_id, currency_code, owed_no) as owed_version,
        case
            when not is_in_time then 0
            when draw_type = 'non_recoverable' then draw_amount
            else greatest(draw_amount - earnings_amount, 0)
        end as top_up_amount,
        case when is_in_time and draw_type = 'guarantee' then draw_amount else 0 end as guarantee_amount
    from counted

),

termed as (

    select
        owed.*,
        case when owed.draw_type = 'recoverable' then owed.top_up_amount else 0 end as added_amount,
        case
            when
                owed.period >= draws.recovery_from or owed.tenure_month >= draws.recovery_from_month
                then
                    {{ round_to_minor_unit(
                        'draws.recovery_rate * greatest(owed.earnings_amount - draws.minimum_amount, 0)',
                        'coalesce(currencies.minor_unit_digits, 2)'
                    ) }}
            else 0
        end as most_recovered
    from owed
    left join draws
        on owed.owed_plan_code = draws.plan_code and owed.owed_version = draws.version
    left join currencies on owed.currency_code = currencies.currency_code

),

running as (

    select
        *,
        sum(added_amount - most_recovered) over (
            partition by payee_id, currency_code
            order by period
            rows between unbounded preceding and current row
        ) as sum_after
    from termed

),

balances as (

    select
        *,
        sum_after - least(0, min(sum_after) over (
            partition by payee_id, currency_code
            order by period
            rows between unbounded preceding and current row
        )) as closing_balance
    from running

),

carried as (

    select
        *,
        coalesce(lag(closing_balance) over (
            partition by payee_id, currency_code order by period
        ), 0) as opening_balance
    from balances

),

final as (

    select
        payee_id,
        currency_code,
        period,
        draw_plan_code,
        draw_version,
        draw_type,
        cast(top_up_amount as decimal(18, 2)) as draw_top_up_amount,
        cast(guarantee_amount as decimal(18, 2)) as guarantee_amount,
        owed_plan_code,
        owed_version,
        cast(opening_balance as decimal(18, 2)) as opening_draw_balance,
        cast(added_amount as decimal(18, 2)) as draw_added_amount,
        cast(opening_balance + added_amount - closing_balance as decimal(18, 2)) as draw_recovered_amount,
        cast(closing_balance as decimal(18, 2)) as closing_draw_balance
    from carried
    where draw_plan_code is not null or owed_plan_code is not null

)

select * from final
