-- Leans on: int_document_event. Without it the same receipt, delivered by the CRM and by finance without the
-- number that ties them, would be paid twice. Documents that were never invoiced are not judged; credit notes
-- don't count, because money is often given back later. Five cents of a difference are rounding.

{{ config(meta={
    'severity': 'critical',
    'scope': 'rows',
    'owner': 'finance',
    'reason': 'more was collected on a document than was ever invoiced, so a receipt is probably there twice',
    'remedy': 'ask finance which receipt is real; a collection of the CRM that repeats it must name its number',
}) }}

with

events as (

    select * from {{ ref('int_document_event') }}
    where not is_unmatched and reversal_profile = 'standard'

),

splits as (

    select * from {{ ref('int_document_split') }}
    where credit_role = 'revenue'

),

documents as (

    select
        source_system,
        document_id,
        currency_code,
        sum(case when event_type = 'invoice' then event_amount else 0 end) as invoiced_amount,
        sum(case when basis = 'collected' then event_amount else 0 end) as collected_amount
    from events
    group by source_system, document_id, currency_code
    having
        sum(case when event_type = 'invoice' then 1 else 0 end) > 0
        and sum(case when basis = 'collected' then event_amount else 0 end)
        > sum(case when event_type = 'invoice' then event_amount else 0 end) + 0.05

),

last_receipts as (

    select
        source_system,
        document_id,
        currency_code,
        event_id,
        delivery_id,
        file_name,
        row_number,
        row_number() over (
            partition by source_system, document_id, currency_code
            order by event_position desc
        ) as place
    from events
    where basis = 'collected' and not is_reversal

),

final as (

    select
        splits.employee_id as payee_id,
        cast((documents.collected_amount - documents.invoiced_amount) * splits.split_ratio as decimal(18, 2))
            as exposure_amount,
        documents.currency_code,
        documents.document_id,
        last_receipts.event_id,
        documents.invoiced_amount,
        documents.collected_amount,
        last_receipts.delivery_id,
        last_receipts.file_name,
        last_receipts.row_number
    from documents
    inner join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    left join last_receipts
        on
            documents.source_system = last_receipts.source_system
            and documents.document_id = last_receipts.document_id
            and documents.currency_code = last_receipts.currency_code
            and last_receipts.place = 1

)

select * from final
