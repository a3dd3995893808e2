{{ config(materialized='view') }}

with

terms as (

    select * from {{ ref('stg_plan__factor') }}

),

final as (

    select
        plan_code,
        version,
        component_code,
        factor_code,
        applies_to
    from terms

)

select * from final
