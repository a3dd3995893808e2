-- Leans on: int_document. A customer that is named but not in the list of its system is kept under UNKNOWN.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'a document names a customer that no list of its system knows',
    'remedy': 'export the customers again, or correct the reference',
}) }}

with

documents as (

    select * from {{ ref('int_document') }}

),

final as (

    select
        source_system,
        document_id,
        customer_reference,
        document_amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from documents
    where customer_match = 'unknown'

)

select * from final
