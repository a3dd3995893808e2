-- The family that a product's name or number stands for: in the catalogue of one system, and in all of them together
-- (`source_system` blank), where they agree. Zoho's catalogue knows its products by name; a name of two families is of
-- none.

with

products as (

    select
        source_system,
        product_name,
        product_code as product_no,
        product_family
    from {{ ref('stg_zoho_crm__products') }}
    union all
    select
        source_system,
        product_name,
        product_no,
        product_family
    from {{ ref('stg_jiandaoyun_crm__products') }}

),

named as (

    select
        source_system,
        'name' as reference_kind,
        {{ comparable('product_name') }} as reference,
        product_family
    from products
    union all
    select
        source_system,
        'number' as reference_kind,
        {{ comparable('product_no') }} as reference,
        product_family
    from products

),

of_a_system as (

    select
        source_system,
        reference_kind,
        reference,
        case when count(distinct product_family) = 1 then min(product_family) end as product_family
    from named
    where product_family is not null and reference is not null
    group by source_system, reference_kind, reference

),

final as (

    select
        source_system,
        reference_kind,
        reference,
        product_family
    from of_a_system
    union all
    select
        '' as source_system,
        reference_kind,
        reference,
        min(product_family) as product_family
    from of_a_system
    where reference_kind = 'name'
    group by reference_kind, reference
    having count(distinct product_family) = 1 and count(product_family) = count(*)

)

select * from final
