-- For each reference from one record to another: what was matched, what was blank, what nobody knows, with money
-- (audit.coverage).

with

documents as (

    select * from {{ ref('int_document') }}
    where stage_outcome in ('won', 'lost', 'open', 'unknown')

),

splits as (

    select * from {{ ref('int_document_split') }}

),

products as (

    select * from {{ ref('int_product') }}

),

customers as (

    select * from {{ ref('int_customer') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

invoices as (

    select * from {{ ref('int_invoice') }}

),

movements as (

    select * from {{ ref('int_money_movement') }}

),

unknown_names as (

    select
        source_system,
        product_name,
        likely_product_name
    from products
    where not is_in_catalogue

),

product_references as (

    select
        documents.document_kind || '→product' as relation,
        documents.source_system,
        case
            when documents.product_name is null then 'blank'
            when unknown_names.product_name is null then 'matched'
            else 'unknown'
        end as outcome,
        coalesce(unknown_names.product_name, '') as value_met,
        unknown_names.likely_product_name as likely_match,
        documents.document_amount as amount,
        documents.currency_code
    from documents
    left join unknown_names
        on
            documents.source_system = unknown_names.source_system
            and documents.product_name = unknown_names.product_name

),

customer_references as (

    select
        documents.document_kind || '→customer' as relation,
        documents.source_system,
        documents.customer_match as outcome,
        case when documents.customer_match = 'unknown' then documents.customer_reference else '' end as value_met,
        cast(null as varchar) as likely_match,
        documents.document_amount as amount,
        documents.currency_code
    from documents

),

owner_references as (

    select
        documents.document_kind || '→owner' as relation,
        documents.source_system,
        case
            when documents.owner_employee_id <> 'HOUSE' or documents.owner_match like '%explicit' then 'matched'
            when documents.owner_match = 'blank' then 'blank'
            else 'unknown'
        end as outcome,
        case
            when documents.owner_employee_id <> 'HOUSE' or documents.owner_match like '%explicit' then ''
            else coalesce(documents.owner_reference, '')
        end as value_met,
        cast(null as varchar) as likely_match,
        documents.document_amount as amount,
        documents.currency_code
    from documents

),

split_references as (

    select
        documents.document_kind
        || case when splits.credit_role = 'overlay' then ' overlay→employee' else ' split→employee' end as relation,
        documents.source_system,
        case
            when splits.employee_id <> 'HOUSE' or splits.owner_match like '%explicit' then 'matched'
            when splits.owner_match = 'blank' then 'blank'
            else 'unknown'
        end as outcome,
        case
            when splits.employee_id <> 'HOUSE' or splits.owner_match like '%explicit' then ''
            else coalesce(splits.owner_reference, '')
        end as value_met,
        cast(null as varchar) as likely_match,
        cast(cast(documents.document_amount as decimal(24, 2)) * splits.split_ratio as decimal(18, 2)) as amount,
        documents.currency_code
    from documents
    inner join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    where (documents.has_splits or splits.credit_role = 'overlay') and not documents.has_broken_splits

),

invoice_references as (

    select
        'invoice→document' as relation,
        source_system,
        case when is_matched then 'matched' when document_no is null then 'blank' else 'unknown' end as outcome,
        case when is_matched then '' else coalesce(document_no, '') end as value_met,
        cast(null as varchar) as likely_match,
        amount,
        currency_code
    from invoices
    where invoice_status = 'issued'

),

movement_references as (

    select
        case feed when 'collection' then 'collection→contract' else feed || '→invoice' end as relation,
        event_source_system as source_system,
        case when document_match = 'matched' then 'matched' else 'unknown' end as outcome,
        case when document_match = 'matched' then '' else coalesce(invoice_no, event_id) end as value_met,
        cast(null as varchar) as likely_match,
        movement_amount as amount,
        currency_code
    from movements
    where feed <> 'invoice'

),

combined as (

    select * from product_references
    union all
    select * from customer_references
    union all
    select * from owner_references
    union all
    select * from split_references
    union all
    select * from invoice_references
    union all
    select * from movement_references

),

grouped as (

    select
        relation,
        source_system,
        outcome,
        value_met,
        max(likely_match) as likely_match,
        count(*) as row_count,
        cast(sum(amount) as decimal(24, 2)) as amount,
        currency_code
    from combined
    group by relation, source_system, outcome, value_met, currency_code

),

likely_people as (

    select
        grouped.relation,
        grouped.source_system,
        grouped.value_met,
        employees.full_name,
        row_number() over (
            partition by grouped.relation, grouped.source_system, grouped.value_met
            order by {{ likeness('grouped.value_met', 'employees.full_name') }} desc, employees.full_name
        ) as place,
        {{ likeness('grouped.value_met', 'employees.full_name') }} >= 0.85 as is_like
    from (
        select distinct
            relation,
            source_system,
            value_met
        from grouped
        where outcome = 'unknown' and (relation like '%owner' or relation like '%employee')
    ) as grouped
    cross join employees

),

likely_customers as (

    select
        grouped.relation,
        grouped.source_system,
        grouped.value_met,
        customers.customer_name,
        row_number() over (
            partition by grouped.relation, grouped.source_system, grouped.value_met
            order by {{ likeness('grouped.value_met', 'customers.customer_name') }} desc, customers.customer_name
        ) as place,
        {{ likeness('grouped.value_met', 'customers.customer_name') }} >= 0.85 as is_like
    from (
        select distinct
            relation,
            source_system,
            value_met
        from grouped
        where outcome = 'unknown' and relation like '%customer'
    ) as grouped
    inner join customers on grouped.source_system = customers.source_system

),

final as (

    select
        grouped.relation || '|' || grouped.source_system || '|' || grouped.outcome || '|' || grouped.value_met
        || '|' || grouped.currency_code as coverage_id,
        grouped.relation,
        grouped.source_system,
        grouped.outcome,
        grouped.value_met,
        coalesce(
            grouped.likely_match,
            case when likely_people.is_like then likely_people.full_name end,
            case when likely_customers.is_like then likely_customers.customer_name end
        ) as likely_match,
        grouped.row_count,
        grouped.amount,
        grouped.currency_code
    from grouped
    left join likely_people
        on
            grouped.relation = likely_people.relation
            and grouped.source_system = likely_people.source_system
            and grouped.value_met = likely_people.value_met
            and likely_people.place = 1
    left join likely_customers
        on
            grouped.relation = likely_customers.relation
            and grouped.source_system = likely_customers.source_system
            and grouped.value_met = likely_customers.value_met
            and likely_customers.place = 1

)

select * from final
