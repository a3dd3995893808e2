-- Leans on: int_document. A won document without a day, an amount or a currency, or with a negative amount, is
-- on the house account or not booked at all; the person who won it would wait for pay that never comes.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'a won document can\'t be credited as it is',
    'remedy': 'complete the document in the CRM and export it again',
}) }}

with

documents as (

    select * from {{ ref('int_document') }}

),

final as (

    select
        owner_employee_id as payee_id,
        document_id,
        hold_reason,
        document_amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from documents
    where stage_outcome = 'won' and hold_reason is not null and not has_broken_splits

)

select * from final
