-- Products of the catalogues, and the names met on documents and their lines that their catalogue does not know, each
-- with the catalogue name that it is most like. The likely name is for a person to look at; nothing is matched by it.

with

products as (

    select
        source_system,
        product_id,
        product_name,
        product_code,
        product_family,
        unit_price,
        currency_code
    from {{ ref('stg_zoho_crm__products') }}
    union all
    select
        source_system,
        product_no as product_id,
        product_name,
        product_no as product_code,
        product_family,
        unit_price,
        currency_code
    from {{ ref('stg_jiandaoyun_crm__products') }}

),

documents as (

    select
        source_system,
        product_name
    from {{ ref('int_document') }}
    union
    select
        source_system,
        product_name
    from {{ ref('int_document_line') }}
    where line_of = 'document' and product_family is null

),

catalogue as (

    select
        source_system || ':' || product_id as product_id,
        source_system,
        product_name,
        product_code,
        product_family,
        unit_price,
        currency_code,
        true as is_in_catalogue,
        cast(null as varchar) as likely_product_name
    from products

),

-- A system without a catalogue of its own is read against all of them.
known as (

    select
        source_system as reading_system,
        {{ comparable('product_name') }} as product_name
    from products
    union
    select
        documents.source_system as reading_system,
        {{ comparable('products.product_name') }} as product_name
    from documents
    cross join products
    where documents.source_system not in (select own.source_system from products as own)

),

met as (

    select distinct
        documents.source_system,
        documents.product_name
    from documents
    left join known
        on
            documents.source_system = known.reading_system
            and {{ comparable('documents.product_name') }} = known.product_name
    where documents.product_name is not null and known.product_name is null

),

likely as (

    select
        met.source_system,
        met.product_name,
        products.product_name as likely_product_name,
        row_number() over (
            partition by met.source_system, met.product_name
            order by
                {{ likeness('met.product_name', 'products.product_name') }} desc,
                case when met.source_system = products.source_system then 0 else 1 end,
                products.product_name
        ) as place,
        {{ likeness('met.product_name', 'products.product_name') }} >= 0.85 as is_like
    from met
    cross join products

),

final as (

    select * from catalogue
    union all
    select
        met.source_system || ':name:' || met.product_name as product_id,
        met.source_system,
        met.product_name,
        cast(null as varchar) as product_code,
        cast(null as varchar) as product_family,
        cast(null as decimal(24, 8)) as unit_price,
        cast(null as varchar) as currency_code,
        false as is_in_catalogue,
        case when likely.is_like then likely.likely_product_name end as likely_product_name
    from met
    left join likely
        on met.source_system = likely.source_system and met.product_name = likely.product_name and likely.place = 1

)

select * from final
