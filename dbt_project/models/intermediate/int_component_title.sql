-- What the components, scorecards and contests of a plan version are called, as headings of statements show them.

{{ config(materialized='view') }}

with

components as (

    select * from {{ ref('stg_plan__component') }}

),

scorecards as (

    select * from {{ ref('stg_plan__scorecard') }}

),

contests as (

    select * from {{ ref('stg_plan__contest') }}

),

final as (

    select
        plan_code,
        version,
        component_code,
        title_en,
        title_zh
    from components
    union all
    select
        plan_code,
        version,
        scorecard_code as component_code,
        title_en,
        title_zh
    from scorecards
    union all
    select
        plan_code,
        version,
        contest_code as component_code,
        title_en,
        title_zh
    from contests

)

select * from final
