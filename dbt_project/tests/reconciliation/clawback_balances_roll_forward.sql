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
        coalesce(lag(closing_clawback_balance) over (
            partition by payee_id, currency_code
            order by period, case when earned_amount - held_amount < 0 then 0 else 1 end, plan_code
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
        closing_clawback_balance
    from payouts
    where
        opening_clawback_balance <> closing_before
        or opening_clawback_balance < 0
        or clawback_recovered > opening_clawback_balance
        or closing_clawback_balance
        <> opening_clawback_balance - clawback_recovered + greatest(held_amount - earned_amount, 0)

)

select * from final
