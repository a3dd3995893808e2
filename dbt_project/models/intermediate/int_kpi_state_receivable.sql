-- Overdue receivables at the end of each period, or on the as-of day in the period that still runs: what is open of
-- issued invoices whose due day has passed, in the invoice's currency, by days since it was due. Receipts, credit notes
-- and write-offs that name an invoice settle it, a refund opens it again; money that came under a contract without
-- naming an invoice settles the document's open invoices, the first due first. An invoice without a due day can't be
-- overdue. Split between people as its document is; without a document it is the house account's.

with

periods as (

    select * from {{ ref('int_kpi_period') }}

),

days as (

    select distinct state_date from periods

),

all_invoices as (

    select * from {{ ref('int_invoice') }}
    where invoice_status = 'issued'

),

invoices as (

    select
        row_number() over (order by source_system, invoice_no) as invoice_key,
        source_system,
        invoice_no,
        coalesce(document_source_system, source_system) as document_source_system,
        document_id,
        invoice_date,
        due_date,
        amount,
        currency_code
    from all_invoices
    where amount > 0

),

-- A movement names an invoice of its own system, else the only one of that number anywhere.
single_invoices as (

    select
        invoice_no,
        min(source_system) as source_system
    from {{ ref('int_invoice') }}
    group by invoice_no
    having count(*) = 1

),

movements as (

    select * from {{ ref('int_money_movement') }}
    where event_type in ('receipt', 'refund', 'credit_note', 'write_off')

),

settlements as (

    select
        invoices.invoice_key,
        movements.event_date,
        sum(movements.movement_amount * case when movements.event_type in ('receipt', 'refund') then 1 else -1 end)
            as settled_amount
    from movements
    left join single_invoices on movements.invoice_no = single_invoices.invoice_no
    inner join invoices
        on
            movements.invoice_no = invoices.invoice_no
            and movements.currency_code = invoices.currency_code
            and (
                movements.event_source_system = invoices.source_system
                or single_invoices.source_system = invoices.source_system
            )
    group by invoices.invoice_key, movements.event_date

),

unallocated as (

    select
        source_system as document_source_system,
        document_id,
        currency_code,
        event_date,
        sum(movement_amount) as settled_amount
    from movements
    where event_type in ('receipt', 'refund') and invoice_no is null
    group by source_system, document_id, currency_code, event_date

),

settled_by_day as (

    select
        days.state_date,
        settlements.invoice_key,
        sum(settlements.settled_amount) as settled_amount
    from days
    inner join settlements on days.state_date >= settlements.event_date
    group by days.state_date, settlements.invoice_key

),

unallocated_by_day as (

    select
        days.state_date,
        unallocated.document_source_system,
        unallocated.document_id,
        unallocated.currency_code,
        greatest(sum(unallocated.settled_amount), 0) as settled_amount
    from days
    inner join unallocated on days.state_date >= unallocated.event_date
    group by
        days.state_date, unallocated.document_source_system, unallocated.document_id, unallocated.currency_code

),

open_invoices as (

    select
        days.state_date,
        invoices.*,
        invoices.amount - coalesce(settled_by_day.settled_amount, 0) as own_open_amount
    from days
    inner join invoices on days.state_date >= invoices.invoice_date
    left join settled_by_day
        on days.state_date = settled_by_day.state_date and invoices.invoice_key = settled_by_day.invoice_key
    where invoices.amount > coalesce(settled_by_day.settled_amount, 0)

),

ordered as (

    select
        open_invoices.*,
        coalesce(unallocated_by_day.settled_amount, 0) as pool_amount,
        sum(open_invoices.own_open_amount) over (
            partition by
                open_invoices.state_date,
                open_invoices.document_source_system,
                open_invoices.document_id,
                open_invoices.currency_code
            order by open_invoices.due_date nulls last, open_invoices.invoice_date, open_invoices.invoice_key
            rows between unbounded preceding and current row
        ) as open_so_far
    from open_invoices
    left join unallocated_by_day
        on
            open_invoices.state_date = unallocated_by_day.state_date
            and open_invoices.document_source_system = unallocated_by_day.document_source_system
            and open_invoices.document_id = unallocated_by_day.document_id
            and open_invoices.currency_code = unallocated_by_day.currency_code

),

overdue as (

    select
        state_date,
        document_source_system,
        document_id,
        currency_code,
        {{ days_of_span('due_date', 'state_date') }} - 1 as overdue_days,
        least(own_open_amount, greatest(open_so_far - pool_amount, 0)) as open_amount
    from ordered
    where due_date < state_date

),

documents as (

    select * from {{ ref('int_document') }}

),

splits as (

    select * from {{ ref('int_document_split') }}
    where credit_role = 'revenue'

),

owned as (

    select
        overdue.state_date,
        overdue.currency_code,
        case
            when overdue.overdue_days <= 30 then 'overdue_1_30_amount'
            when overdue.overdue_days <= 60 then 'overdue_31_60_amount'
            when overdue.overdue_days <= 90 then 'overdue_61_90_amount'
            else 'overdue_over_90_amount'
        end as bucket_code,
        coalesce(splits.employee_id, 'HOUSE') as employee_id,
        overdue.open_amount * coalesce(splits.split_ratio, 1) as owned_amount,
        documents.segment,
        documents.channel,
        documents.customer_region as region,
        documents.product_family,
        documents.product_name
    from overdue
    left join documents
        on overdue.document_source_system = documents.source_system and overdue.document_id = documents.document_id
    left join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    where overdue.open_amount > 0

),

measures as (

    select
        owned.bucket_code as kpi_code,
        owned.*
    from owned
    union all
    select
        'overdue_amount' as kpi_code,
        owned.*
    from owned

),

final as (

    select
        measures.kpi_code,
        measures.employee_id,
        periods.period_type,
        periods.period,
        periods.state_date,
        measures.currency_code,
        measures.segment,
        measures.channel,
        measures.region,
        measures.product_family,
        measures.product_name,
        cast(sum(cast(measures.owned_amount as decimal(24, 6))) as decimal(24, 6)) as numerator,
        cast(null as decimal(24, 6)) as denominator
    from measures
    inner join periods on measures.state_date = periods.state_date
    group by
        measures.kpi_code,
        measures.employee_id,
        periods.period_type,
        periods.period,
        periods.state_date,
        measures.currency_code,
        measures.segment,
        measures.channel,
        measures.region,
        measures.product_family,
        measures.product_name

)

select * from final
