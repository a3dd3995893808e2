with

source as (

    select * from {{ source('plan', 'ramp') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(tenure_month as integer) as tenure_month,
        cast(ramp as decimal(9, 6)) as ramp
    from source

)

select * from final
