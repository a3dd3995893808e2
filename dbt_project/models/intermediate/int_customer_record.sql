-- Every customer record of every CRM, with what it is compared by: number, code, tax number, name. Each record is
-- there once; a number that two feeds of one system use is the first one's.

with

accounts as (

    select * from {{ ref('stg_zoho_crm__accounts') }}

),

customers as (

    select * from {{ ref('stg_jiandaoyun_crm__customers') }}

),

owners as (

    select * from {{ ref('int_owner_match') }}
    where valid_to = cast('9999-12-31' as date)

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
        country,
        tax_id as tax_number_met,
        customer_code
    from accounts
    union all
    select
        source_system,
        customer_no,
        customer_name,
        coalesce(owner_username, '') as owner_id,
        coalesce(owner_name, '') as owner_name,
        industry,
        region,
        null as country,
        tax_id as tax_number_met,
        customer_code
    from customers

),

numbered as (

    select
        *,
        row_number() over (partition by source_system, customer_no order by customer_name) as claim_no
    from combined

),

tidied as (

    select
        *,
        {{ tidy_name('customer_name') }} as tidy_name,
        {{ tidy_tax_number('tax_number_met') }} as tidy_tax_number
    from numbered
    where claim_no = 1

),

worded as (

    select
        *,
        {{ words_of_name('tidy_name') }} as words
    from tidied

),

keyed as (

    select
        *,
        {{ usable_tax_number('tidy_tax_number') }} as tax_id,
        {{ name_stem('words') }} as name_stem,
        {{ legal_form('words') }} as legal_form
    from worded

),

final as (

    select
        keyed.source_system || ':' || keyed.customer_no as record_id,
        keyed.source_system,
        keyed.customer_no,
        keyed.customer_name,
        owners.employee_id as owner_employee_id,
        keyed.industry,
        keyed.region,
        keyed.country,
        {{ customer_reference('keyed.customer_no') }} as number_key,
        case
            when regexp_matches(keyed.customer_code, '[1-9]') then {{ customer_reference('keyed.customer_code') }}
        end as code_key,
        keyed.tax_id,
        cast(case when {{ is_credit_code('keyed.tax_id') }} then 0.99 else 0.95 end as decimal(3, 2)) as tax_id_confidence,
        keyed.tidy_name,
        case when keyed.name_stem is not null then keyed.tidy_name end as exact_name,
        keyed.name_stem,
        keyed.legal_form
    from keyed
    left join owners
        on
            keyed.source_system = owners.source_system
            and keyed.owner_id = owners.owner_id
            and keyed.owner_name = owners.owner_name

)

select * from final
