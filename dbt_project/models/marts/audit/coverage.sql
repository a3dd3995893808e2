with

computed as (

    select * from {{ ref('int_coverage') }}

),

final as (

    select
        coverage_id,
        relation,
        source_system,
        outcome,
        value_met,
        likely_match,
        row_count,
        amount,
        currency_code
    from computed

)

select * from final
