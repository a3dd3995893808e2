-- What KPIs of the funnel count, line by line: leads by the day on which they came in, with what became of them up to
-- the as-of day, and the days from a deal's creation to its win. A lead of which the CRM does not say whether it was
-- converted counts for no conversion; one that was, into a deal that nobody knows, for none to the win.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

leads as (

    select
        *,
        cast(created_at as date) as created_date,
        case when converted_deal_id is not null then true else is_converted end as is_opportunity
    from {{ ref('stg_zoho_crm__leads') }}

),

deals as (

    select
        source_system,
        deal_id,
        cast(created_at as date) as created_date
    from {{ ref('stg_zoho_crm__deals') }}

),

documents as (

    select * from {{ ref('int_document') }}
    where document_kind = 'deal'

),

splits as (

    select * from {{ ref('int_document_split') }}
    where credit_role = 'revenue'

),

owners as (

    select * from {{ ref('int_owner_match') }}

),

owned_leads as (

    select
        coalesce(owners.employee_id, 'HOUSE') as employee_id,
        leads.created_date as event_date,
        case when leads.is_opportunity then 1 when not leads.is_opportunity then 0 end as converted,
        case
            when leads.converted_deal_id is null and leads.is_opportunity then null
            when leads.converted_deal_id is null and leads.is_opportunity is null then null
            when leads.converted_deal_id is null then 0
            when documents.document_id is null then null
            when documents.stage_outcome = 'won' and documents.document_date <= run.as_of_date then 1
            else 0
        end as won
    from leads
    inner join run on leads.created_date <= run.as_of_date
    left join documents
        on leads.source_system = documents.source_system and leads.converted_deal_id = documents.document_id
    left join owners
        on
            leads.source_system = owners.source_system
            and coalesce(leads.owner_id, '') = owners.owner_id
            and coalesce(leads.owner_name, '') = owners.owner_name
            and leads.created_date between owners.valid_from and owners.valid_to

),

won_deals as (

    select
        splits.employee_id,
        splits.split_ratio,
        documents.document_date as event_date,
        documents.segment,
        documents.channel,
        documents.customer_region as region,
        documents.product_family,
        documents.product_name,
        {{ days_of_span('deals.created_date', 'documents.document_date') }} - 1 as cycle_days
    from documents
    inner join run on documents.document_date <= run.as_of_date
    inner join deals
        on documents.source_system = deals.source_system and documents.document_id = deals.deal_id
    inner join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    where documents.stage_outcome = 'won' and documents.document_date >= deals.created_date

),

measures as (

    {% for kpi_code, numerator, denominator, condition in [
        ('leads_created', '1', 'null', 'true'),
        ('lead_conversion', 'converted', '1', 'converted is not null'),
        ('lead_win_rate', 'won', '1', 'won is not null'),
    ] %}
    select
        '{{ kpi_code }}' as kpi_code,
        employee_id,
        event_date,
        cast(null as varchar) as segment,
        cast(null as varchar) as channel,
        cast(null as varchar) as region,
        cast(null as varchar) as product_family,
        cast(null as varchar) as product_name,
        {{ numerator }} as numerator,
        {{ denominator }} as denominator
    from owned_leads
    where {{ condition }}
    union all
    {% endfor %}
    select
        'sales_cycle_days' as kpi_code,
        employee_id,
        event_date,
        segment,
        channel,
        region,
        product_family,
        product_name,
        cycle_days * split_ratio as numerator,
        split_ratio as denominator
    from won_deals

),

final as (

    select
        kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
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
