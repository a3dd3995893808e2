-- Leans on: fct_payout, fct_earning_line. What is held is money that may be released. It is below 0 only by what held
-- lines of the month take back: a refund of a held document waits with what was earned on it (D5).

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'more is paid than was earned: an amount below 0 is held that no held line explains',
    'remedy': 'do not pay; look at int_payout_month and at the held lines of the payee and month',
}) }}

with

payouts as (

    select * from {{ ref('fct_payout') }}

),

taken_back as (

    select
        payee_id,
        plan_code,
        origin_period as period,
        currency_code,
        sum(earned_amount) as amount
    from {{ ref('fct_earning_line') }}
    where is_held and earned_amount < 0
    group by payee_id, plan_code, origin_period, currency_code

),

final as (

    select
        payouts.payee_id,
        payouts.plan_code,
        payouts.period,
        payouts.currency_code,
        payouts.held_amount,
        taken_back.amount as taken_back_amount
    from payouts
    left join taken_back
        on
            payouts.payee_id = taken_back.payee_id
            and payouts.plan_code = taken_back.plan_code
            and payouts.period = taken_back.period
            and payouts.currency_code = taken_back.currency_code
    where payouts.held_amount < coalesce(taken_back.amount, 0)

)

select * from final
