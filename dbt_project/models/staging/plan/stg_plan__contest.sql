with

source as (

    select * from {{ source('plan', 'contest') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(contest_code as varchar) as contest_code,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(starts_on as date) as starts_on,
        cast(ends_on as date) as ends_on,
        cast(basis as varchar) as basis,
        cast(measure as varchar) as measure,
        cast(minimum_amount as decimal(24, 6)) as minimum_amount
    from source

)

select * from final
