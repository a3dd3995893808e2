-- What finance, and collections that finance does not have, say about a document: invoices, receipts, refunds,
-- credit notes and write-offs, each linked receipt -> invoice -> document (rule C2). `movement_amount` is
-- signed; a receipt without a document is kept under the document 'UNMATCHED:' + its number and goes to the
-- house account (rule C5). `settled_from` is the day that collection days count from: the invoice's settlement
-- date, else its date.

with

invoices as (

    select * from {{ ref('int_invoice') }}

),

single_invoices as (

    select
        invoice_no,
        min(source_system) as source_system
    from invoices
    group by invoice_no
    having count(*) = 1

),

receipts as (

    select * from {{ ref('stg_finance__receipts') }}
    -- what came under a contract that did not know the status counted, and still does
    where coalesce(document_status, 'approved') = 'approved'

),

receipt_numbers as (

    select distinct receipt_no from receipts

),

credit_notes as (

    select * from {{ ref('stg_finance__credit_notes') }}
    -- what came under a contract that did not know the status counted, and still does
    where coalesce(document_status, 'approved') = 'approved'

),

write_offs as (

    select * from {{ ref('stg_finance__write_offs') }}

),

collections as (

    select * from {{ ref('stg_jiandaoyun_crm__collections') }}

),

documents as (

    select
        source_system,
        document_id
    from {{ ref('int_document') }}

),

by_invoice as (

    select
        'receipt' as feed,
        source_system,
        receipt_no as event_id,
        invoice_no,
        receipt_date as event_date,
        case when receipt_type = 'refund' or amount < 0 then 'refund' else 'receipt' end as event_type,
        amount as movement_amount,
        currency_code,
        known_at,
        delivery_id,
        file_name,
        row_number
    from receipts
    union all
    select
        'credit_note' as feed,
        source_system,
        credit_note_no as event_id,
        invoice_no,
        credit_note_date as event_date,
        'credit_note' as event_type,
        -amount as movement_amount,
        currency_code,
        known_at,
        delivery_id,
        file_name,
        row_number
    from credit_notes
    union all
    select
        'write_off' as feed,
        source_system,
        write_off_no as event_id,
        invoice_no,
        write_off_date as event_date,
        'write_off' as event_type,
        -amount as movement_amount,
        currency_code,
        known_at,
        delivery_id,
        file_name,
        row_number
    from write_offs

),

linked_by_invoice as (

    select
        by_invoice.feed,
        by_invoice.source_system as event_source_system,
        by_invoice.event_id,
        by_invoice.invoice_no,
        coalesce(own.source_system, other.source_system) as invoice_source_system,
        coalesce(own.document_source_system, other.document_source_system) as document_source_system,
        coalesce(own.document_id, other.document_id) as document_id,
        coalesce(own.settlement_date, own.invoice_date, other.settlement_date, other.invoice_date) as settled_from,
        case
            when coalesce(own.invoice_no, other.invoice_no) is null then 'unknown invoice'
            when coalesce(own.document_id, other.document_id) is null then 'invoice of an unknown document'
            else 'matched'
        end as document_match,
        by_invoice.event_date,
        by_invoice.event_type,
        by_invoice.movement_amount,
        by_invoice.currency_code,
        by_invoice.known_at,
        by_invoice.delivery_id,
        by_invoice.file_name,
        by_invoice.row_number
    from by_invoice
    left join invoices as own
        on by_invoice.source_system = own.source_system and by_invoice.invoice_no = own.invoice_no
    left join single_invoices on by_invoice.invoice_no = single_invoices.invoice_no
    left join invoices as other
        on
            own.invoice_no is null
            and single_invoices.source_system = other.source_system
            and single_invoices.invoice_no = other.invoice_no

),

issued as (

    select
        'invoice' as feed,
        source_system as event_source_system,
        invoice_no as event_id,
        invoice_no,
        source_system as invoice_source_system,
        document_source_system,
        document_id,
        cast(null as date) as settled_from,
        case when is_matched then 'matched' else 'unknown document' end as document_match,
        invoice_date as event_date,
        'invoice' as event_type,
        amount as movement_amount,
        currency_code,
        known_at,
        delivery_id,
        file_name,
        row_number
    from invoices
    where invoice_status = 'issued'

),

-- Finance knows the same money better: a collection that names a receipt of finance is not counted again.
collected as (

    select
        'collection' as feed,
        collections.source_system as event_source_system,
        collections.collection_no as event_id,
        cast(null as varchar) as invoice_no,
        cast(null as varchar) as invoice_source_system,
        documents.source_system as document_source_system,
        documents.document_id,
        cast(null as date) as settled_from,
        case when documents.document_id is not null then 'matched' else 'unknown document' end as document_match,
        collections.collected_date as event_date,
        case
            when collections.collection_type = 'refund' or collections.amount < 0 then 'refund'
            else 'receipt'
        end as event_type,
        collections.amount as movement_amount,
        coalesce(collections.currency_code, 'XXX') as currency_code,
        collections.known_at,
        collections.delivery_id,
        collections.file_name,
        collections.row_number
    from collections
    left join receipt_numbers on collections.finance_receipt_no = receipt_numbers.receipt_no
    left join documents
        on collections.source_system = documents.source_system and collections.contract_no = documents.document_id
    where collections.flow_status = 'approved' and receipt_numbers.receipt_no is null

),

combined as (

    select * from linked_by_invoice
    union all
    select * from issued
    union all
    select * from collected

),

final as (

    select
        feed,
        event_source_system,
        event_id,
        invoice_no,
        invoice_source_system,
        coalesce(document_source_system, event_source_system) as source_system,
        coalesce(document_id, 'UNMATCHED:' || event_id) as document_id,
        document_match,
        event_date,
        event_type,
        movement_amount,
        currency_code,
        settled_from,
        known_at,
        delivery_id,
        file_name,
        row_number
    from combined

)

select * from final
