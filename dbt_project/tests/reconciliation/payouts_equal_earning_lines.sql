-- Leans on: fct_payout, fct_earning_line. Without it a line could miss the payout, or money be paid that no line
-- explains; the parts of a payout add up to what was earned, with draw and penalty.

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'finance',
    'reason': 'a payout is not the sum of its earning lines, or its parts don\'t add up',
    'remedy': 'do not pay; compare the lines of the payee and month',
}) }}

with

payouts as (

    select * from {{ ref('fct_payout') }}

),

lines as (

    select
        payee_id,
        plan_code,
        origin_period as period,
        currency_code,
        sum(earned_amount) as earned_amount,
        sum(case when is_held then earned_amount else 0 end) as held_amount
    from {{ ref('fct_earning_line') }}
    group by payee_id, plan_code, origin_period, currency_code

),

final as (

    select
        coalesce(payouts.payee_id, lines.payee_id) as payee_id,
        coalesce(payouts.plan_code, lines.plan_code) as plan_code,
        coalesce(payouts.period, lines.period) as period,
        coalesce(payouts.currency_code, lines.currency_code) as currency_code,
        payouts.earned_amount,
        lines.earned_amount as line_amount,
        payouts.payable_amount
    from payouts
    full outer join lines
        on
            payouts.payee_id = lines.payee_id
            and payouts.plan_code = lines.plan_code
            and payouts.period = lines.period
            and payouts.currency_code = lines.currency_code
    where
        coalesce(payouts.earned_amount, 0) <> coalesce(lines.earned_amount, 0)
        or payouts.payout_id is null
        -- Only held lines that take back are held below 0.
        or payouts.held_amount < least(coalesce(lines.held_amount, 0), 0)
        or payouts.earned_amount
        + payouts.draw_top_up_amount
        - payouts.draw_recovered_amount
        - payouts.penalty_amount
        <> payouts.held_amount
        + payouts.payable_amount
        + payouts.clawback_recovered
        - greatest(
            payouts.closing_clawback_balance - payouts.opening_clawback_balance + payouts.clawback_recovered, 0
        )

)

select * from final
