with

payouts as (

    select * from {{ ref('int_payout_month') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

final as (

    select
        payouts.plan_code || '|' || payouts.payee_id || '|' || payouts.period || '|' || payouts.currency_code as payout_id,
        payouts.payee_id,
        employees.full_name,
        payouts.plan_code,
        payouts.period,
        payouts.currency_code,
        payouts.earned_amount,
        payouts.draw_top_up_amount,
        payouts.draw_recovered_amount,
        payouts.opening_draw_balance,
        payouts.closing_draw_balance,
        payouts.penalty_amount,
        payouts.held_amount,
        payouts.opening_clawback_balance,
        payouts.clawback_recovered,
        payouts.legal_limit_amount,
        payouts.closing_clawback_balance,
        payouts.payable_amount,
        payouts.payout_status as status,
        payouts.hold_reason
    from payouts
    inner join employees on payouts.payee_id = employees.employee_id

)

select * from final
