-- What happened to the revenue of a document, by basis (rules C2, D3): a won document is booked, an invoice
-- invoiced, a receipt collected; a refund takes all three back, a credit note and a write-off take booked and
-- invoiced back. A reversal never takes more than is left of the document: with signed amounts d, what is left
-- after each event is
--     left = S - min(0, lowest S so far),  S being the running sum of d,
-- and the event counts for the difference. Events after the as-of day have not happened yet.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

documents as (

    select * from {{ ref('int_document') }}

),

movements as (

    select * from {{ ref('int_money_movement') }}

),

bases as (

    select * from {{ ref('event_bases') }}

),

combined as (

    select
        'document' as feed,
        source_system as event_source_system,
        document_id as event_id,
        cast(null as varchar) as invoice_no,
        source_system,
        document_id,
        'matched' as document_match,
        document_date as event_date,
        'won' as event_type,
        document_amount as movement_amount,
        currency_code,
        known_at,
        delivery_id,
        file_name,
        row_number
    from documents
    where stage_outcome = 'won' and document_date is not null
    union all
    select * from movements

),

by_basis as (

    select
        bases.basis,
        combined.*,
        bases.is_reversal and combined.movement_amount <= 0 as is_reversal,
        row_number() over (
            partition by
                bases.basis, combined.source_system, combined.document_id, combined.event_type, combined.event_id
            order by
                combined.event_source_system, combined.feed, combined.invoice_no, combined.event_date, combined.row_number
        ) as line_no
    from combined
    inner join bases on combined.event_type = bases.event_type
    inner join run on combined.event_date <= run.as_of_date

),

ordered as (

    select
        *,
        row_number() over (
            partition by basis, source_system, document_id, currency_code
            order by event_date, is_reversal, event_id, line_no, event_type
        ) as event_position
    from by_basis

),

summed as (

    select
        *,
        cast(sum(movement_amount) over (
            partition by basis, source_system, document_id, currency_code
            order by event_position
            rows between unbounded preceding and current row
        ) as decimal(24, 2)) as sum_after
    from ordered

),

lowest as (

    select
        *,
        least(0, min(sum_after) over (
            partition by basis, source_system, document_id, currency_code
            order by event_position
            rows between unbounded preceding and current row
        )) as lowest_after,
        coalesce(least(0, min(sum_after) over (
            partition by basis, source_system, document_id, currency_code
            order by event_position
            rows between unbounded preceding and 1 preceding
        )), 0) as lowest_before
    from summed

),

final as (

    select
        lowest.basis,
        lowest.source_system,
        lowest.document_id,
        lowest.event_type,
        lowest.event_source_system,
        lowest.event_id,
        lowest.line_no,
        lowest.event_position,
        lowest.event_date,
        lowest.known_at,
        lowest.is_reversal,
        lowest.movement_amount as reported_amount,
        cast(
            case
                when lowest.is_reversal
                    then lowest.movement_amount - (lowest.lowest_after - lowest.lowest_before)
                else lowest.movement_amount
            end as decimal(18, 2)
        ) as event_amount,
        lowest.currency_code,
        lowest.invoice_no,
        lowest.document_match,
        lowest.document_match <> 'matched' as is_unmatched,
        coalesce(documents.customer_id, 'UNKNOWN') as customer_id,
        documents.product_name,
        documents.hold_reason,
        lowest.delivery_id,
        lowest.file_name,
        lowest.row_number
    from lowest
    left join documents
        on lowest.source_system = documents.source_system and lowest.document_id = documents.document_id

)

select * from final
