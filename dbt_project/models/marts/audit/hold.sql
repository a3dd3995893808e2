with

computed as (

    select * from {{ ref('int_hold') }}

),

final as (

    select
        hold_id,
        scope,
        subject_id,
        payee_id,
        reason,
        remedy,
        amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from computed

)

select * from final
