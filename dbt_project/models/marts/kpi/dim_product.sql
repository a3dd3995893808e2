with

computed as (

    select * from {{ ref('int_product') }}

),

final as (

    select
        product_id,
        source_system,
        product_name,
        product_code,
        product_family,
        unit_price,
        currency_code,
        is_in_catalogue,
        likely_product_name
    from computed

)

select * from final
