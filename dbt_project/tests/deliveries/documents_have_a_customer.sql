-- Leans on: int_document. Revenue without a customer is kept under UNKNOWN, and counts for nobody's new
-- customers.

{{ config(meta={
    'severity': 'info',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'a document without a customer can\'t be counted by customer',
    'remedy': 'fill the account in the CRM; nothing is lost meanwhile',
}) }}

with

documents as (

    select * from {{ ref('int_document') }}

),

final as (

    select
        source_system,
        document_id,
        stage_outcome,
        document_amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from documents
    where customer_match = 'blank'

)

select * from final
