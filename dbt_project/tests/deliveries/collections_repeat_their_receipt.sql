-- Leans on: the collections of the CRM and the receipts of finance. A collection that names a receipt of finance
-- is the same money and counts once; when their amounts differ, one of the two is wrong.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'finance',
    'reason': 'the CRM and finance tell different amounts of the same receipt; finance\'s is paid on',
    'remedy': 'ask which of the two is right and have the other corrected',
}) }}

with

collections as (

    select
        finance_receipt_no,
        currency_code,
        sum(amount) as amount,
        min(collection_no) as event_id,
        min(contract_no) as document_id,
        min(file_name) as file_name,
        min(row_number) as row_number
    from {{ ref('stg_jiandaoyun_crm__collections') }}
    where flow_status = 'approved' and finance_receipt_no is not null
    group by finance_receipt_no, currency_code

),

receipts as (

    select
        receipt_no,
        currency_code,
        sum(amount) as amount
    from {{ ref('stg_finance__receipts') }}
    group by receipt_no, currency_code

),

final as (

    select
        collections.*,
        receipts.amount as receipt_amount
    from collections
    inner join receipts on collections.finance_receipt_no = receipts.receipt_no
    where collections.amount <> receipts.amount or collections.currency_code <> receipts.currency_code

)

select * from final
