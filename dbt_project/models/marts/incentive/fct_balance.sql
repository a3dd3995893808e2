with

payouts as (

    select * from {{ ref('int_payout_month') }}

),

united as (

    select
        'draw' as balance_type,
        payee_id,
        plan_code,
        period,
        currency_code,
        opening_draw_balance as opening_amount,
        draw_added_amount as added_amount,
        draw_recovered_amount as recovered_amount,
        closing_draw_balance as closing_amount
    from payouts
    union all
    select
        'clawback' as balance_type,
        payee_id,
        plan_code,
        period,
        currency_code,
        opening_clawback_balance as opening_amount,
        clawback_added as added_amount,
        clawback_recovered as recovered_amount,
        closing_clawback_balance as closing_amount
    from payouts

),

final as (

    select
        balance_type || '|' || plan_code || '|' || payee_id || '|' || period || '|' || currency_code as balance_id,
        balance_type,
        payee_id,
        plan_code,
        period,
        currency_code,
        opening_amount,
        added_amount,
        recovered_amount,
        closing_amount
    from united
    where opening_amount <> 0 or added_amount <> 0 or recovered_amount <> 0 or closing_amount <> 0

)

select * from final
