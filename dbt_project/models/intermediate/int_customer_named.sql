-- Every customer that a record of business names: number, name and tax number as they are written, with rows and
-- money, once a feed. Whoever is named here is looked up in int_customer_reference, so nobody is dropped. What an
-- activity is about (Related To) may be any kind of record and is not looked up.

{% set feeds = [
    ('zoho_crm', 'contacts', 'account_id', 'account_name', 'null', false),
    ('zoho_crm', 'deals', 'account_id', 'account_name', 'null', true),
    ('zoho_crm', 'invoices', 'account_id', 'account_name', 'null', true),
    ('zoho_crm', 'quotes', 'account_id', 'account_name', 'null', true),
    ('zoho_crm', 'sales_orders', 'account_id', 'account_name', 'null', true),
    ('jiandaoyun_crm', 'collection_plans', 'customer_no', 'customer_name', 'null', true),
    ('jiandaoyun_crm', 'collections', 'null', 'customer_name', 'null', true),
    ('jiandaoyun_crm', 'contacts', 'customer_no', 'customer_name', 'null', false),
    ('jiandaoyun_crm', 'contracts', 'customer_no', 'customer_name', 'null', true),
    ('jiandaoyun_crm', 'follow_ups', 'customer_no', 'customer_name', 'null', false),
    ('jiandaoyun_crm', 'invoices', 'customer_no', 'customer_name', 'null', true),
    ('jiandaoyun_crm', 'opportunities', 'customer_no', 'customer_name', 'null', true),
    ('jiandaoyun_crm', 'quotes', 'customer_no', 'customer_name', 'null', true),
    ('finance', 'credit_notes', 'customer_no', 'customer_name', 'null', true),
    ('finance', 'invoices', 'customer_no', 'customer_name', 'customer_tax_id', true),
    ('finance', 'receipts', 'customer_no', 'customer_name', 'null', true),
    ('hr', 'surveys', 'customer_no', 'customer_name', 'null', false),
] %}

with

customers as (

    {% for source, feed, number, name, tax_number, has_amount in feeds %}
    select
        source_system,
        '{{ feed }}' as feed,
        coalesce(cast({{ number }} as varchar), '') as customer_no,
        coalesce({{ name }}, '') as customer_name,
        coalesce(cast({{ tax_number }} as varchar), '') as tax_number_met,
        {{ 'amount' if has_amount else 'null' }} as amount,
        {{ "coalesce(currency_code, 'XXX')" if has_amount else "''" }} as currency_code
    from {{ ref('stg_' ~ source ~ '__' ~ feed) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        source_system,
        feed,
        customer_no,
        customer_name,
        tax_number_met,
        currency_code,
        count(*) as row_count,
        cast(sum(amount) as decimal(24, 2)) as amount
    from customers
    group by source_system, feed, customer_no, customer_name, tax_number_met, currency_code

)

select * from final
