{{ config(materialized='view') }}

with

terms as (

    select * from {{ ref('stg_plan__band') }}

),

final as (

    select
        plan_code,
        version,
        component_code,
        band_no,
        lower_bound
    from terms

)

select * from final
