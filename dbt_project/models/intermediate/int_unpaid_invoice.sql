-- Invoices that were not paid in time, for each number of days that a plan asks for (rule D3): unpaid, N days after
-- the invoice was due (without a due date, after its own) with what was open on that day; paid late, each receipt
-- after it. Only receipts that name the invoice pay it; what a credit note or a write-off took is not open.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

days as (

    select distinct unpaid_days
    from {{ ref('int_reversal_profile') }}
    where unpaid_days is not null

),

invoices as (

    select
        invoices.*,
        days.unpaid_days,
        {{ add_days('coalesce(invoices.due_date, invoices.invoice_date)', 'days.unpaid_days') }} as unpaid_date
    from {{ ref('int_invoice') }} as invoices
    cross join days
    where invoices.invoice_status = 'issued' and invoices.is_matched and invoices.amount > 0

),

movements as (

    select * from {{ ref('int_money_movement') }}
    where event_type in ('receipt', 'credit_note', 'write_off') and invoice_no is not null

),

settled as (

    select
        invoices.source_system as invoice_source_system,
        invoices.invoice_no,
        invoices.unpaid_days,
        movements.event_type,
        movements.event_source_system,
        movements.event_id,
        movements.event_date,
        movements.event_date <= invoices.unpaid_date as is_in_time,
        abs(movements.movement_amount) as settled_amount,
        movements.settled_from,
        movements.known_at,
        movements.delivery_id,
        movements.file_name,
        movements.row_number
    from invoices
    inner join movements
        on
            invoices.invoice_no = movements.invoice_no
            and invoices.document_source_system = movements.source_system
            and invoices.document_id = movements.document_id
            and invoices.currency_code = movements.currency_code

),

in_time as (

    select
        invoice_source_system,
        invoice_no,
        unpaid_days,
        sum(settled_amount) as settled_amount
    from settled
    where is_in_time
    group by invoice_source_system, invoice_no, unpaid_days

),

unpaid as (

    select
        invoices.*,
        cast(invoices.amount - coalesce(in_time.settled_amount, 0) as decimal(18, 2)) as open_amount
    from invoices
    cross join run
    left join in_time
        on
            invoices.source_system = in_time.invoice_source_system
            and invoices.invoice_no = in_time.invoice_no
            and invoices.unpaid_days = in_time.unpaid_days
    where invoices.unpaid_date <= run.as_of_date and invoices.amount > coalesce(in_time.settled_amount, 0)

),

final as (

    select
        unpaid_days,
        source_system || ':' || invoice_no as invoice_key,
        'unpaid' as event_type,
        source_system as event_source_system,
        invoice_no as event_id,
        invoice_no,
        document_source_system as source_system,
        document_id,
        unpaid_date as event_date,
        cast(-open_amount as decimal(18, 2)) as movement_amount,
        currency_code,
        cast(null as date) as settled_from,
        known_at,
        delivery_id,
        file_name,
        row_number
    from unpaid
    union all
    select
        unpaid.unpaid_days,
        unpaid.source_system || ':' || unpaid.invoice_no as invoice_key,
        'recredit' as event_type,
        settled.event_source_system,
        settled.event_id,
        unpaid.invoice_no,
        unpaid.document_source_system as source_system,
        unpaid.document_id,
        settled.event_date,
        cast(settled.settled_amount as decimal(18, 2)) as movement_amount,
        unpaid.currency_code,
        settled.settled_from,
        settled.known_at,
        settled.delivery_id,
        settled.file_name,
        settled.row_number
    from unpaid
    inner join settled
        on
            unpaid.source_system = settled.invoice_source_system
            and unpaid.invoice_no = settled.invoice_no
            and unpaid.unpaid_days = settled.unpaid_days
    where not settled.is_in_time and settled.event_type = 'receipt'

)

select * from final
