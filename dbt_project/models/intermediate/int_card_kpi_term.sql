{{ config(materialized='view') }}

with

terms as (

    select * from {{ ref('stg_plan__scorecard_kpi') }}

),

final as (

    select
        plan_code,
        version,
        scorecard_code,
        kpi_code,
        weight,
        cap,
        direction,
        low,
        high
    from terms

)

select * from final
