-- Customers of every CRM, named by system and number, and the one that stands for no customer at all.

with

accounts as (

    select * from {{ ref('stg_zoho_crm__accounts') }}

),

customers as (

    select * from {{ ref('stg_jiandaoyun_crm__customers') }}

),

owners as (

    select * from {{ ref('int_owner_match') }}

),

combined as (

    select
        source_system,
        account_id as customer_no,
        account_name as customer_name,
        coalesce(owner_id, '') as owner_id,
        coalesce(owner_name, '') as owner_name,
        industry,
        region,
        country
    from accounts
    union all
    select
        source_system,
        customer_no,
        customer_name,
        '' as owner_id,
        coalesce(owner_name, '') as owner_name,
        industry,
        region,
        null as country
    from customers

),

numbered as (

    select
        *,
        row_number() over (partition by source_system, customer_no order by customer_name) as claim_no
    from combined

),

known as (

    select
        numbered.source_system || ':' || numbered.customer_no as customer_id,
        numbered.source_system,
        numbered.customer_no,
        numbered.customer_name,
        owners.employee_id as owner_employee_id,
        numbered.industry,
        numbered.region,
        numbered.country,
        false as is_unknown
    from numbered
    left join owners
        on
            numbered.source_system = owners.source_system
            and numbered.owner_id = owners.owner_id
            and numbered.owner_name = owners.owner_name
    where numbered.claim_no = 1

),

unknown as (

    select
        'UNKNOWN' as customer_id,
        cast(null as varchar) as source_system,
        cast(null as varchar) as customer_no,
        'Unknown customer' as customer_name,
        'HOUSE' as owner_employee_id,
        cast(null as varchar) as industry,
        cast(null as varchar) as region,
        cast(null as varchar) as country,
        true as is_unknown

),

final as (

    select * from known
    union all
    select * from unknown

)

select * from final
