{{ config(materialized='view') }}

with

terms as (

    select * from {{ ref('stg_plan__component') }}

),

final as (

    select
        plan_code,
        version,
        component_code,
        title_en,
        title_zh,
        measure,
        band_method,
        index_measure,
        index_offset
    from terms

)

select * from final
