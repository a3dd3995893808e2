-- Invoices with the document that they bill: one of the same system first, else the only one of that number
-- anywhere. Void and draft invoices stay, because receipts may still name them; they bring no credit of their
-- own.

with

invoices as (

    select * from {{ ref('stg_finance__invoices') }}

),

-- Some systems list an invoice's lines without its total.
line_totals as (

    select
        source_system,
        invoice_no,
        cast(sum(amount) as decimal(18, 2)) as amount
    from {{ ref('stg_finance__invoice_lines') }}
    group by source_system, invoice_no

),

documents as (

    select
        source_system,
        document_id
    from {{ ref('int_document') }}

),

single_documents as (

    select
        document_id,
        min(source_system) as source_system
    from documents
    group by document_id
    having count(*) = 1

),

final as (

    select
        invoices.source_system,
        invoices.invoice_no,
        coalesce(own.source_system, single_documents.source_system) as document_source_system,
        coalesce(own.document_id, single_documents.document_id) as document_id,
        invoices.document_no,
        coalesce(own.document_id, single_documents.document_id) is not null as is_matched,
        invoices.invoice_date,
        invoices.due_date,
        invoices.settlement_date,
        coalesce(invoices.amount, line_totals.amount) as amount,
        invoices.currency_code,
        invoices.invoice_status,
        invoices.known_at,
        invoices.delivery_id,
        invoices.file_name,
        invoices.row_number
    from invoices
    left join documents as own
        on invoices.source_system = own.source_system and invoices.document_no = own.document_id
    left join line_totals
        on invoices.source_system = line_totals.source_system and invoices.invoice_no = line_totals.invoice_no
    left join single_documents on invoices.document_no = single_documents.document_id

)

select * from final
