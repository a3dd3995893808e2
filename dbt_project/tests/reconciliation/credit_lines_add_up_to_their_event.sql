-- Leans on: int_document_event, int_credit_line. Without it a split, or the spreading of a refund, could lose or
-- invent money of one event and nobody would see it in the totals (rules M3, C5).

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'the credit of an event is not the amount of the event',
    'remedy': 'look at int_credit_share and int_reversal_share for these events',
}) }}

with

events as (

    select * from {{ ref('int_document_event') }}

),

credited as (

    select
        reversal_profile,
        basis,
        source_system,
        document_id,
        event_type,
        event_id,
        sum(split_amount) as credited_amount
    from {{ ref('int_credit_line') }}
    where credit_role = 'revenue'
    group by reversal_profile, basis, source_system, document_id, event_type, event_id

),

revenue as (

    select
        reversal_profile,
        basis,
        source_system,
        document_id,
        event_type,
        event_id,
        min(currency_code) as currency_code,
        min(file_name) as file_name,
        min(row_number) as row_number,
        sum(event_amount) as event_amount
    from events
    group by reversal_profile, basis, source_system, document_id, event_type, event_id

),

final as (

    select
        revenue.*,
        coalesce(credited.credited_amount, 0) as credited_amount
    from revenue
    left join credited
        on
            revenue.reversal_profile = credited.reversal_profile
            and revenue.basis = credited.basis
            and revenue.source_system = credited.source_system
            and revenue.document_id = credited.document_id
            and revenue.event_type = credited.event_type
            and revenue.event_id = credited.event_id
    where revenue.event_amount <> coalesce(credited.credited_amount, 0)

)

select * from final
