-- The parameters of the run, one row.

with

parameters as (

    select * from {{ ref('stg_control__run') }}

),

final as (

    select
        run_id,
        release_id,
        fingerprint,
        as_of_date,
        business_timezone,
        fx_max_age_days,
        fx_rate_type,
        code_version
    from parameters

)

select * from final
