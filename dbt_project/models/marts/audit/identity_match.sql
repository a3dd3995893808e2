with

computed as (

    select * from {{ ref('int_identity_match') }}

),

final as (

    select
        identity_match_id,
        entity_kind,
        source_system,
        feed,
        reference,
        reference_name,
        canonical_id,
        match_status,
        match_kind,
        match_confidence,
        likely_match,
        row_count,
        amount,
        currency_code
    from computed

)

select * from final
