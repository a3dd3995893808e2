with

source as (

    select * from {{ source('plan', 'draw') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(type as varchar) as draw_type,
        cast(amount as decimal(18, 2)) as amount,
        cast(minimum_amount as decimal(18, 2)) as minimum_amount,
        cast(recovery_rate as decimal(9, 6)) as recovery_rate,
        cast(from_month as integer) as from_month,
        cast(to_month as integer) as to_month,
        cast(recovery_from as varchar) as recovery_from,
        cast(recovery_from_month as integer) as recovery_from_month
    from source

)

select * from final
