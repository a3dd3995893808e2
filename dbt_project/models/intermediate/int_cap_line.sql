-- What a cap takes away in a month, and what it pays of the money carried in, as lines of their own (rule T9).

with

months as (

    select * from {{ ref('int_cap_month') }}

),

final as (

    select
        cap_line_id as earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        'cap' as line_type,
        window_code,
        cap_window,
        month as origin_period,
        currency_code,
        taken_amount as earned_amount
    from months
    where taken_amount <> 0
    union all
    select
        carry_line_id as earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        'cap_carry' as line_type,
        window_code,
        cap_window,
        month as origin_period,
        currency_code,
        carried_amount as earned_amount
    from months
    where carried_amount <> 0

)

select * from final
