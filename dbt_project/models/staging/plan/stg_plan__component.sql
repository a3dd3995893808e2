with

source as (

    select * from {{ source('plan', 'component') }}

),

final as (

    select
        cast(plan_code as varchar) as plan_code,
        cast(version as varchar) as version,
        cast(component_code as varchar) as component_code,
        cast(title_en as varchar) as title_en,
        cast(title_zh as varchar) as title_zh,
        cast(kind as varchar) as kind,
        cast(basis as varchar) as basis,
        cast(measure as varchar) as measure,
        cast(credit_source as varchar) as credit_source,
        cast(credit_share as decimal(9, 6)) as credit_share,
        cast(band_method as varchar) as band_method,
        cast(index as varchar) as index_measure,
        cast(index_basis as varchar) as index_basis,
        cast(index_measure_kind as varchar) as index_measure_kind,
        cast(index_offset as integer) as index_offset,
        cast(is_same_measure as boolean) as is_same_measure,
        cast(accumulate as varchar) as accumulate,
        cast(quota_kpi_code as varchar) as quota_kpi_code,
        cast(target_amount as decimal(18, 2)) as target_amount,
        cast(is_prorated as boolean) as is_prorated,
        cast(is_extended as boolean) as is_extended,
        cast(threshold_at as decimal(24, 6)) as threshold_at,
        cast(threshold_pays as varchar) as threshold_pays,
        cast(cap_amount as decimal(18, 2)) as cap_amount,
        cast(cap_per as varchar) as cap_per,
        cast(cap_excess as varchar) as cap_excess,
        cast(credit_from as date) as credit_from,
        cast(credit_to as date) as credit_to,
        cast(clawback_method as varchar) as clawback_method,
        cast(clawback_schedule as varchar) as clawback_schedule,
        cast(clawback_window_months as integer) as clawback_window_months,
        cast(linear_months as integer) as linear_months,
        cast(unpaid_days as integer) as unpaid_days,
        cast(rule_codes as varchar) as rule_codes
    from source

)

select * from final
