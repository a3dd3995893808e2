with

source as (

    select * from {{ source('plan', 'legal_limit') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(place as integer) as place,
        cast(region as varchar) as region,
        cast(share as decimal(9, 6)) as share,
        cast(keep_amount as decimal(18, 2)) as keep_amount
    from source

)

select * from final
