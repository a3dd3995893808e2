-- Leans on: int_product, int_document, int_document_line. A name that the catalogue doesn't know splits a product's
-- revenue over two names; it is reported with the likeliest name and never matched by likeness.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'a document, or a line of one, names a product that no catalogue of its system knows',
    'remedy': 'correct the name in the CRM, or add the product to the catalogue; the likely name is a suggestion',
}) }}

with

products as (

    select * from {{ ref('int_product') }}
    where not is_in_catalogue

),

documents as (

    select
        source_system,
        product_name,
        file_name,
        row_number
    from {{ ref('int_document') }}
    union all
    select
        source_system,
        product_name,
        file_name,
        row_number
    from {{ ref('int_document_line') }}
    where line_of = 'document'

),

final as (

    select
        products.source_system,
        products.product_name,
        products.likely_product_name,
        count(*) as document_count,
        min(documents.file_name) as file_name,
        min(documents.row_number) as row_number
    from products
    inner join documents
        on products.source_system = documents.source_system and products.product_name = documents.product_name
    group by products.source_system, products.product_name, products.likely_product_name

)

select * from final
