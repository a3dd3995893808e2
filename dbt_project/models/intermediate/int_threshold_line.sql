-- What a threshold takes away in a month, as a line of its own (rule T8): what it takes up to it, less what it took up to
-- the month before.

with

months as (

    select * from {{ ref('int_threshold_month') }}

),

final as (

    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        month as origin_period,
        currency_code,
        effective_quota,
        index_amount_to_date as index_value,
        taken_amount as earned_amount
    from months
    where taken_amount <> 0

)

select * from final
