-- Leans on: int_document_event. A refund, credit note or write-off that is larger than what is left of its
-- document only takes back what is left (rule D3); the rest is probably the reversal of something that was never
-- delivered.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'finance',
    'reason': 'a reversal is larger than what is left of its document; only what is left was taken back',
    'remedy': 'look for the receipt or invoice that it belongs to; it may not have been delivered yet',
}) }}

with

events as (

    select * from {{ ref('int_document_event') }}
    where reversal_profile = 'standard'

),

-- The basis that the kind of reversal is about; a basis that the document never had is not a surprise.
final as (

    select
        source_system,
        document_id,
        event_type,
        event_id,
        event_date,
        reported_amount,
        event_amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from events
    where
        is_reversal
        and reported_amount <> event_amount
        and basis = case event_type when 'refund' then 'collected' else 'invoiced' end

)

select * from final
