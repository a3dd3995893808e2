-- Every owner that a record of a CRM names: account id and name as they are written, with rows and money, once a feed.
-- Whoever is named here is looked up in int_owner_match, so nobody is dropped; a split names a person by name only.

{% set feeds = [
    ('zoho_crm', 'accounts', 'owner_id', false),
    ('zoho_crm', 'calls', 'owner_id', false),
    ('zoho_crm', 'contacts', 'owner_id', false),
    ('zoho_crm', 'deals', 'owner_id', true),
    ('zoho_crm', 'events', 'owner_id', false),
    ('zoho_crm', 'invoices', 'owner_id', true),
    ('zoho_crm', 'leads', 'owner_id', false),
    ('zoho_crm', 'quotes', 'owner_id', true),
    ('zoho_crm', 'sales_orders', 'owner_id', true),
    ('zoho_crm', 'tasks', 'owner_id', false),
    ('jiandaoyun_crm', 'collection_plans', 'owner_username', true),
    ('jiandaoyun_crm', 'collections', 'owner_username', true),
    ('jiandaoyun_crm', 'contacts', 'owner_username', false),
    ('jiandaoyun_crm', 'contracts', 'owner_username', true),
    ('jiandaoyun_crm', 'customers', 'owner_username', false),
    ('jiandaoyun_crm', 'follow_ups', 'owner_username', false),
    ('jiandaoyun_crm', 'invoices', 'owner_username', true),
    ('jiandaoyun_crm', 'opportunities', 'owner_username', true),
    ('jiandaoyun_crm', 'quotes', 'owner_username', true),
    ('jiandaoyun_crm', 'sales_targets', 'owner_username', false),
] %}

with

owners as (

    {% for source, feed, owner_id, has_amount in feeds %}
    select
        source_system,
        '{{ feed }}' as feed,
        coalesce({{ owner_id }}, '') as owner_id,
        coalesce(owner_name, '') as owner_name,
        {{ 'amount' if has_amount else 'null' }} as amount,
        {{ "coalesce(currency_code, 'XXX')" if has_amount else "''" }} as currency_code
    from {{ ref('stg_' ~ source ~ '__' ~ feed) }}
    union all
    {% endfor %}
    {% for source, feed in [('zoho_crm', 'deals'), ('jiandaoyun_crm', 'contracts')] %}
    {% set last_feed = loop.last %}
    {% for person in ['split_owner_1', 'split_owner_2', 'split_owner_3', 'overlay_owner_1', 'overlay_owner_2'] %}
    select
        source_system,
        '{{ feed }}' as feed,
        '' as owner_id,
        coalesce({{ person }}, '') as owner_name,
        null as amount,
        '' as currency_code
    from {{ ref('stg_' ~ source ~ '__' ~ feed) }}
    {{ 'union all' if not (last_feed and loop.last) }}
    {% endfor %}
    {% endfor %}

),

final as (

    select
        source_system,
        feed,
        owner_id,
        owner_name,
        currency_code,
        count(*) as row_count,
        cast(sum(amount) as decimal(24, 2)) as amount
    from owners
    group by source_system, feed, owner_id, owner_name, currency_code

)

select * from final
