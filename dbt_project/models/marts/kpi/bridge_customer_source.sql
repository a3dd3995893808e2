with

records as (

    select * from {{ ref('int_customer_record') }}

),

matches as (

    select * from {{ ref('int_customer_match') }}

),

final as (

    select
        records.record_id as source_record_id,
        matches.customer_id,
        records.source_system,
        records.customer_no,
        records.customer_name,
        matches.match_status,
        matches.match_kind,
        matches.match_confidence
    from records
    inner join matches on records.record_id = matches.record_id

)

select * from final
