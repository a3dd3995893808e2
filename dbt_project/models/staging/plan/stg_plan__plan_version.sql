with

source as (

    select * from {{ source('plan', 'plan_version') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        cast(currency_code as varchar) as currency_code,
        cast(ramp_from as varchar) as ramp_from,
        cast(leave_limit_days as integer) as leave_limit_days,
        cast(tail_days as integer) as tail_days,
        cast(after_confirmation as boolean) as after_confirmation,
        cast(min_tenure_months as integer) as min_tenure_months,
        cast(floor_amount as decimal(18, 2)) as floor_amount,
        cast(source_file as varchar) as source_file,
        cast(file_sha256 as varchar) as file_sha256
    from source

)

select * from final
