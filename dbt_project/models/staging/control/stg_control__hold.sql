with

source as (

    select * from {{ source('control', 'hold') }}

),

final as (

    select
        cast(hold_id as varchar) as hold_id,
        cast(payee_id as varchar) as payee_id,
        cast(check_name as varchar) as check_name,
        cast(reason as varchar) as reason,
        cast(exposure_amount as decimal(18, 2)) as exposure_amount,
        cast(currency_code as varchar) as currency_code
    from source

)

select * from final
