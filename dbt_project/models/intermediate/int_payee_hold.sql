-- Payees that the gate holds (rule D5), one row each with all reasons.

with

holds as (

    select * from {{ ref('stg_control__hold') }}

),

final as (

    select
        payee_id,
        string_agg(reason, '; ' order by check_name, hold_id) as hold_reason
    from holds
    group by payee_id

)

select * from final
