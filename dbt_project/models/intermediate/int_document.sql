-- Deals and contracts as one kind of thing: a document with a customer, an owner, a value and an outcome. A
-- document that can't be credited as it is carries the reason in `hold_reason` (rules C1, C5); it is shown,
-- never dropped. What factors and filters of plans ask of a sale is here too (rule T7): margin and discount as
-- ratios, product family, channel, and whether the customer is new: all documents of its first won day are.

with

deals as (

    select * from {{ ref('stg_zoho_crm__deals') }}

),

contracts as (

    select * from {{ ref('stg_jiandaoyun_crm__contracts') }}

),

stages as (

    select * from {{ ref('stages') }}

),

customer_references as (

    select * from {{ ref('int_customer_reference') }}
    where tax_number_met = ''

),

customers as (

    select * from {{ ref('int_customer') }}

),

families as (

    select * from {{ ref('int_product_family') }}
    where reference_kind = 'name'

),

owners as (

    select * from {{ ref('int_owner_match') }}

),

combined as (

    select
        deals.source_system,
        deals.deal_id as document_id,
        'deal' as document_kind,
        deals.deal_name as document_name,
        deals.account_id as customer_no,
        deals.account_name as customer_name,
        coalesce(deals.owner_id, '') as owner_id,
        coalesce(deals.owner_name, '') as owner_name,
        deals.product_name,
        deals.stage,
        coalesce(stages.stage_outcome, 'unknown') as stage_outcome,
        deals.closing_date as document_date,
        deals.amount,
        deals.currency_code,
        deals.list_amount,
        deals.cost_amount,
        deals.quantity,
        deals.channel,
        deals.cancelled_date,
        deals.split_owner_1,
        deals.split_percent_1,
        deals.split_owner_2,
        deals.split_percent_2,
        deals.split_owner_3,
        deals.split_percent_3,
        deals.overlay_owner_1,
        deals.overlay_percent_1,
        deals.overlay_owner_2,
        deals.overlay_percent_2,
        deals.known_at,
        deals.delivery_id,
        deals.file_name,
        deals.row_number
    from deals
    left join stages on {{ comparable('deals.stage') }} = stages.stage
    union all
    select
        source_system,
        contract_no as document_id,
        'contract' as document_kind,
        contract_name as document_name,
        customer_no,
        customer_name,
        coalesce(owner_username, '') as owner_id,
        coalesce(owner_name, '') as owner_name,
        product_name,
        flow_status as stage,
        case flow_status when 'approved' then 'won' when 'running' then 'open' else 'void' end as stage_outcome,
        signed_date as document_date,
        amount,
        currency_code,
        list_amount,
        cost_amount,
        quantity,
        channel,
        cancelled_date,
        split_owner_1,
        split_percent_1,
        split_owner_2,
        split_percent_2,
        split_owner_3,
        split_percent_3,
        overlay_owner_1,
        overlay_percent_1,
        overlay_owner_2,
        overlay_percent_2,
        known_at,
        delivery_id,
        file_name,
        row_number
    from contracts

),

numbered as (

    select
        *,
        coalesce(
            split_owner_1, split_owner_2, split_owner_3,
            cast(split_percent_1 as varchar), cast(split_percent_2 as varchar), cast(split_percent_3 as varchar)
        ) is not null as has_splits,
        coalesce(split_percent_1, 0) + coalesce(split_percent_2, 0) + coalesce(split_percent_3, 0) as split_percent_total,
        least(
            coalesce(split_percent_1, 0), coalesce(split_percent_2, 0), coalesce(split_percent_3, 0),
            coalesce(overlay_percent_1, 0), coalesce(overlay_percent_2, 0)
        ) as split_percent_least,
        row_number() over (partition by source_system, document_id order by document_kind) as claim_no
    from combined

),

judged as (

    select
        numbered.*,
        (numbered.has_splits and numbered.split_percent_total <> 100)
        or numbered.split_percent_least < 0 as has_broken_splits
    from numbered
    where numbered.claim_no = 1

),

known as (

    select
        judged.*,
        coalesce(customer_references.customer_id, 'UNKNOWN') as customer_id,
        customer_references.match_status as customer_status,
        customer_references.match_kind as customer_match_kind
    from judged
    left join customer_references
        on
            judged.source_system = customer_references.source_system
            and coalesce(judged.customer_no, '') = customer_references.customer_no
            and coalesce(judged.customer_name, '') = customer_references.customer_name

),

first_wins as (

    select
        customer_id,
        min(document_date) as first_won_date
    from known
    where stage_outcome = 'won' and customer_id <> 'UNKNOWN'
    group by customer_id

),

final as (

    select
        judged.source_system,
        judged.document_id,
        judged.document_kind,
        judged.document_name,
        judged.customer_id,
        judged.customer_no,
        judged.customer_name,
        coalesce(judged.customer_name, judged.customer_no) as customer_reference,
        case judged.customer_status
            when 'matched' then 'matched'
            when 'blank' then 'blank'
            else 'unknown'
        end as customer_match,
        judged.customer_match_kind,
        owners.employee_id as owner_employee_id,
        owners.owner_reference,
        owners.owner_match,
        nullif(trim(judged.product_name), '') as product_name,
        coalesce(own_families.product_family, single_families.product_family) as product_family,
        case
            when judged.customer_id = 'UNKNOWN' or judged.document_date is null then null
            when judged.document_date > first_wins.first_won_date then 'existing'
            else 'new'
        end as customer_type,
        customers.industry as segment,
        customers.region as customer_region,
        nullif(trim(judged.channel), '') as channel,
        judged.stage,
        judged.stage_outcome,
        judged.document_date,
        coalesce(judged.amount, 0) as document_amount,
        coalesce(judged.currency_code, 'XXX') as currency_code,
        judged.list_amount,
        judged.cost_amount,
        judged.quantity,
        cast(
            {{ safe_ratio('(judged.amount - judged.cost_amount)', 'judged.amount') }} as decimal(24, 6)
        ) as margin_ratio,
        cast(
            {{ safe_ratio('(judged.list_amount - judged.amount)', 'judged.list_amount') }} as decimal(24, 6)
        ) as discount_ratio,
        judged.cancelled_date,
        judged.split_owner_1,
        judged.split_percent_1,
        judged.split_owner_2,
        judged.split_percent_2,
        judged.split_owner_3,
        judged.split_percent_3,
        judged.overlay_owner_1,
        judged.overlay_percent_1,
        judged.overlay_owner_2,
        judged.overlay_percent_2,
        judged.has_splits,
        judged.has_broken_splits,
        case
            when judged.has_broken_splits
                then
                    'the splits add up to ' || cast(judged.split_percent_total as varchar)
                    || ' %, or one is negative; revenue splits add up to exactly 100 % (C1)'
            when judged.currency_code is null then 'the document names no currency (C3)'
            when judged.stage_outcome = 'won' and judged.amount is null then 'won without an amount'
            when judged.stage_outcome = 'won' and judged.amount < 0 then 'won with a negative amount'
            when judged.stage_outcome = 'won' and judged.document_date is null then 'won without a day'
        end as hold_reason,
        judged.known_at,
        judged.delivery_id,
        judged.file_name,
        judged.row_number
    from known as judged
    left join customers on judged.customer_id = customers.customer_id and not customers.is_unknown
    left join first_wins on judged.customer_id = first_wins.customer_id
    left join families as own_families
        on
            judged.source_system = own_families.source_system
            and {{ comparable('judged.product_name') }} = own_families.reference
    left join families as single_families
        on
            own_families.reference is null
            and single_families.source_system = ''
            and {{ comparable('judged.product_name') }} = single_families.reference
    left join owners
        on
            judged.source_system = owners.source_system
            and judged.owner_id = owners.owner_id
            and judged.owner_name = owners.owner_name
            and coalesce(judged.document_date, cast('9999-12-31' as date)) between owners.valid_from and owners.valid_to

)

select * from final
