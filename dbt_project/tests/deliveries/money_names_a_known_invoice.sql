-- Leans on: int_money_movement. A receipt whose invoice or document nobody knows goes to the house account;
-- whoever sold it is not paid for it (rule C2).

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'finance',
    'reason': 'money can\'t be traced to a document, so the house account is credited',
    'remedy': 'ask finance for the invoice number, or for the invoice itself',
}) }}

with

movements as (

    select * from {{ ref('int_money_movement') }}

),

final as (

    select
        event_type,
        event_id,
        invoice_no,
        document_match,
        event_date,
        movement_amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from movements
    where document_match <> 'matched'

)

select * from final
