with

source as (

    select * from {{ source('control', 'run') }}

),

final as (

    select
        cast(run_id as varchar) as run_id,
        cast(release_id as varchar) as release_id,
        cast(fingerprint as varchar) as fingerprint,
        cast(as_of_date as date) as as_of_date,
        cast(business_timezone as varchar) as business_timezone,
        cast(fx_max_age_days as integer) as fx_max_age_days,
        cast(fx_rate_type as varchar) as fx_rate_type,
        cast(code_version as varchar) as code_version
    from source

)

select * from final
