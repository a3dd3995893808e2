-- Leans on: int_document. A document whose splits don't add up to 100 % is held whole (rule C1); this is how
-- people learn of it.

{{ config(meta={
    'severity': 'warning',
    'scope': 'rows',
    'owner': 'sales-operations',
    'reason': 'the document is held: nobody knows who is to be credited',
    'remedy': 'mend the split percentages in the CRM and export the document again',
}) }}

with

documents as (

    select * from {{ ref('int_document') }}

),

final as (

    select
        owner_employee_id as payee_id,
        document_id,
        document_amount as exposure_amount,
        currency_code,
        hold_reason,
        delivery_id,
        file_name,
        row_number
    from documents
    where has_broken_splits and stage_outcome = 'won'

)

select * from final
