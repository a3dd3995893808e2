-- Leans on: fct_payout. Without it a balance could be forgotten between two months, and money taken back twice
-- or never (rule D3).

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'finance',
    'reason': 'a month does not open with what the one before closed with, or opening + new - recovered is not closing',
    'remedy': 'do not pay; look at the months of the payee in order',
}) }}

with

payouts as (

    select
        *,
        closing_clawback_balance - opening_clawback_balance + clawback_recovered as added_amount,
        -- A month is settled over all plans: rows that only add to the balance come first.
        coalesce(lag(closing_clawback_balance) over (
            partition by payee_id, currency_code
            order by
                period,
                case
                    when closing_clawback_balance = opening_clawback_balance - clawback_recovered then 2
                    when clawback_recovered > 0 then 1
                    else 0
                end,
                plan_code
        ), 0) as closing_before
    from {{ ref('fct_payout') }}

),

final as (

    select
        payee_id,
        plan_code,
        period,
        currency_code,
        closing_before,
        opening_clawback_balance,
        clawback_recovered,
        closing_clawback_balance,
        added_amount
    from payouts
    where
        opening_clawback_balance <> closing_before
        or opening_clawback_balance < 0
        or closing_clawback_balance < 0
        or clawback_recovered < 0
        or clawback_recovered > opening_clawback_balance + added_amount
        or added_amount < 0
        or closing_clawback_balance
        <> opening_clawback_balance
        + held_amount
        + payable_amount
        - earned_amount
        - draw_top_up_amount
        + draw_recovered_amount
        + penalty_amount

)

select * from final
