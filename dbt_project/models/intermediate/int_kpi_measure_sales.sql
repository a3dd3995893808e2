-- What KPIs of sales and receipts count, line by line. Money is in the currency of the credit; credit that is held
-- for want of a rate is counted in its document's currency; orders and discounts are in the document's. A document
-- split between people counts by share. What is not known (a cost, a list amount) has no numerator and no
-- denominator; gross margin, which has none anyway, has a line without a numerator.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

credit_lines as (

    select
        *,
        coalesce(credited_amount, split_amount) as measured_amount,
        case when credited_amount is null then document_currency_code else currency_code end as measured_currency
    from {{ ref('int_credit_line') }}
    where credit_role = 'revenue' and reversal_profile = 'standard'

),

documents as (

    select * from {{ ref('int_document') }}

),

splits as (

    select * from {{ ref('int_document_split') }}
    where credit_role = 'revenue'

),

sales_orders as (

    select
        *,
        cast(created_at as date) as order_date
    from {{ ref('stg_zoho_crm__sales_orders') }}
    where coalesce({{ comparable('order_status') }}, '') not in ('cancelled', 'canceled', 'void', 'rejected', 'draft')

),

owners as (

    select * from {{ ref('int_owner_match') }}

),

first_wins as (

    select
        source_system,
        document_id,
        row_number() over (
            partition by customer_id
            order by document_date, source_system, document_id
        ) as win_no
    from documents
    where
        stage_outcome = 'won'
        and document_date <= (select run.as_of_date from run)
        and customer_id <> 'UNKNOWN'

),

closed as (

    select
        documents.document_date as event_date,
        splits.employee_id,
        splits.split_ratio,
        documents.stage_outcome,
        documents.document_kind,
        documents.cancelled_date,
        documents.document_amount,
        documents.list_amount,
        documents.currency_code,
        documents.segment,
        documents.channel,
        documents.customer_region as region,
        documents.product_family,
        documents.product_name,
        coalesce(first_wins.win_no = 1, false) as is_first_win
    from documents
    inner join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    left join first_wins
        on documents.source_system = first_wins.source_system and documents.document_id = first_wins.document_id
    where
        documents.stage_outcome in ('won', 'lost')
        and documents.document_date <= (select run.as_of_date from run)

),

-- A contract is its own order; an order of Zoho is split as its deal is, else it is its owner's.
orders as (

    select
        closed.event_date,
        closed.employee_id,
        closed.split_ratio,
        closed.document_amount as order_amount,
        closed.currency_code,
        closed.segment,
        closed.channel,
        closed.region,
        closed.product_family,
        closed.product_name
    from closed
    cross join run
    where
        closed.document_kind = 'contract'
        and closed.stage_outcome = 'won'
        and coalesce(closed.cancelled_date > run.as_of_date, true)
    union all
    select
        sales_orders.order_date as event_date,
        coalesce(splits.employee_id, owners.employee_id, 'HOUSE') as employee_id,
        coalesce(splits.split_ratio, 1) as split_ratio,
        sales_orders.amount as order_amount,
        sales_orders.currency_code,
        documents.segment,
        documents.channel,
        documents.customer_region as region,
        documents.product_family,
        documents.product_name
    from sales_orders
    inner join run on sales_orders.order_date <= run.as_of_date
    left join documents
        on sales_orders.source_system = documents.source_system and sales_orders.deal_id = documents.document_id
    left join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    left join owners
        on
            sales_orders.source_system = owners.source_system
            and coalesce(sales_orders.owner_id, '') = owners.owner_id
            and coalesce(sales_orders.owner_name, '') = owners.owner_name
            and sales_orders.order_date between owners.valid_from and owners.valid_to

),

measures as (

    select
        case basis
            when 'booked' then 'booked_amount'
            when 'invoiced' then 'invoiced_amount'
            when 'collected' then 'collected_amount'
        end as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        measured_amount as numerator,
        cast(null as decimal(24, 6)) as denominator
    from credit_lines
    union all
    select
        'average_deal_amount' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        measured_amount as numerator,
        deal_ratio as denominator
    from credit_lines
    where basis = 'booked' and event_type = 'won'
    union all
    select
        'collection_ratio' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        measured_amount as numerator,
        0 as denominator
    from credit_lines
    where basis = 'collected'
    union all
    select
        'collection_ratio' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        0 as numerator,
        measured_amount as denominator
    from credit_lines
    where basis = 'invoiced'
    union all
    select
        'won_deals' as kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        split_ratio as numerator,
        null as denominator
    from closed
    where stage_outcome = 'won'
    union all
    select
        'win_rate' as kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        case when stage_outcome = 'won' then split_ratio else 0 end as numerator,
        split_ratio as denominator
    from closed
    where document_kind = 'deal'
    union all
    select
        'new_customers' as kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        split_ratio as numerator,
        null as denominator
    from closed
    where is_first_win
    union all
    select
        'gross_margin_amount' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        credited_margin as numerator,
        null as denominator
    from credit_lines
    where basis = 'booked'
    union all
    select
        'gross_margin_ratio' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        credited_margin as numerator,
        measured_amount as denominator
    from credit_lines
    where basis = 'booked' and credited_margin is not null
    union all
    select
        'discount_ratio' as kpi_code,
        employee_id,
        event_date,
        currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        cast(list_amount - document_amount as decimal(24, 2)) * split_ratio as numerator,
        cast(list_amount as decimal(24, 2)) * split_ratio as denominator
    from closed
    where stage_outcome = 'won' and list_amount > 0
    union all
    select
        'orders' as kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        split_ratio as numerator,
        null as denominator
    from orders
    union all
    select
        'average_order_amount' as kpi_code,
        employee_id,
        event_date,
        currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        cast(order_amount as decimal(24, 2)) * split_ratio as numerator,
        split_ratio as denominator
    from orders
    where order_amount is not null and currency_code is not null
    union all
    select
        'days_to_collect' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        cast(measured_amount as decimal(24, 6)) * collection_days as numerator,
        measured_amount as denominator
    from credit_lines
    where basis = 'collected' and event_type = 'receipt' and collection_days is not null

),

final as (

    select
        kpi_code,
        employee_id,
        event_date,
        currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        cast(numerator as decimal(24, 6)) as numerator,
        cast(denominator as decimal(24, 6)) as denominator
    from measures

)

select * from final
