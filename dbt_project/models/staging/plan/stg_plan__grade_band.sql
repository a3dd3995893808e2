with

source as (

    select * from {{ source('plan', 'grade_band') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(scorecard_code as varchar) as scorecard_code,
        cast(grade as varchar) as grade,
        cast(lower_score as decimal(18, 6)) as lower_score,
        cast(coefficient as decimal(9, 6)) as coefficient,
        cast(share as decimal(9, 6)) as share
    from source

)

select * from final
