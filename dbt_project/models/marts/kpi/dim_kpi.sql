with

computed as (

    select * from {{ ref('kpis') }}

),

final as (

    select
        kpi_code,
        name_en,
        name_zh,
        formula_en,
        formula_zh,
        unit,
        direction,
        grain,
        source_models,
        owner,
        is_additive,
        is_in_currency,
        is_state
    from computed

)

select * from final
