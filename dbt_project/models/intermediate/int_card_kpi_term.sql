{{ config(materialized='view') }}

with

terms as (

    select * from {{ ref('stg_plan__scorecard_kpi') }}

),

kpis as (

    select
        kpi_code,
        name_en,
        name_zh
    from {{ ref('kpis') }}

),

final as (

    select
        terms.plan_code,
        terms.version,
        terms.scorecard_code,
        terms.kpi_code,
        {{ kpi_title('terms.kpi_code', 'kpis', 'en') }} as kpi_en,
        {{ kpi_title('terms.kpi_code', 'kpis', 'zh') }} as kpi_zh,
        terms.weight,
        terms.cap,
        terms.direction,
        terms.low,
        terms.high
    from terms
    left join kpis on replace(terms.kpi_code, 'team:', '') = kpis.kpi_code

)

select * from final
