with

source as (

    select * from {{ source('plan', 'contest_prize') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(contest_code as varchar) as contest_code,
        cast(rank as integer) as rank,
        cast(amount as decimal(18, 2)) as amount
    from source

)

select * from final
