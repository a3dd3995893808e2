-- Leans on: fct_credit_line and the staging models themselves. Without it revenue could get lost between an
-- export and the credit (a join that drops it, a stage that is not known, a collection counted twice) and people
-- would be paid too little or twice (rule C5).

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'the credit of a basis is not the revenue that the exports tell of',
    'remedy': 'compare the exports of the named basis and currency with incentive.fct_credit_line',
}) }}

with

run as (

    select * from {{ ref('int_run') }}

),

stages as (

    select * from {{ ref('stages') }}

),

revenue as (

    select
        'booked' as basis,
        coalesce(deals.currency_code, 'XXX') as currency_code,
        coalesce(deals.amount, 0) as amount
    from {{ ref('stg_zoho_crm__deals') }} as deals
    inner join stages on {{ comparable('deals.stage') }} = stages.stage
    inner join run on deals.closing_date <= run.as_of_date
    where stages.stage_outcome = 'won'
    union all
    select
        'booked' as basis,
        coalesce(contracts.currency_code, 'XXX') as currency_code,
        contracts.amount
    from {{ ref('stg_jiandaoyun_crm__contracts') }} as contracts
    inner join run on contracts.signed_date <= run.as_of_date
    where contracts.flow_status = 'approved'
    union all
    select
        'invoiced' as basis,
        invoices.currency_code,
        invoices.amount
    from {{ ref('stg_finance__invoices') }} as invoices
    inner join run on invoices.invoice_date <= run.as_of_date
    where invoices.invoice_status = 'issued'
    union all
    select
        'collected' as basis,
        receipts.currency_code,
        receipts.amount
    from {{ ref('stg_finance__receipts') }} as receipts
    inner join run on receipts.receipt_date <= run.as_of_date
    where receipts.receipt_type = 'receipt' and receipts.amount >= 0
    union all
    select
        'collected' as basis,
        coalesce(collections.currency_code, 'XXX') as currency_code,
        collections.amount
    from {{ ref('stg_jiandaoyun_crm__collections') }} as collections
    inner join run on collections.collected_date <= run.as_of_date
    where
        collections.flow_status = 'approved'
        and collections.collection_type = 'receipt'
        and collections.amount >= 0
        and coalesce(collections.finance_receipt_no, '') not in (
            select receipts.receipt_no from {{ ref('stg_finance__receipts') }} as receipts
        )

),

credited as (

    select
        basis,
        document_currency_code as currency_code,
        split_amount as amount
    from {{ ref('fct_credit_line') }}
    where
        event_type in ('won', 'invoice', 'receipt')
        and credit_role = 'revenue'
        and reversal_profile = 'standard'

),

combined as (

    select
        basis,
        currency_code,
        amount as revenue_amount,
        0 as credited_amount
    from revenue
    union all
    select
        basis,
        currency_code,
        0 as revenue_amount,
        amount as credited_amount
    from credited

),

final as (

    select
        basis,
        currency_code,
        sum(revenue_amount) as revenue_amount,
        sum(credited_amount) as credited_amount
    from combined
    group by basis, currency_code
    having sum(revenue_amount) <> sum(credited_amount)

)

select * from final
