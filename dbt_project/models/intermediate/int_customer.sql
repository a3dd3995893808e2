-- One row a customer, however many records of it the CRMs keep, and the one that stands for no customer at all.
-- What the record that gives the id leaves blank is taken from the others, the lowest id first.

with

records as (

    select * from {{ ref('int_customer_record') }}

),

matches as (

    select * from {{ ref('int_customer_match') }}

),

members as (

    select
        matches.customer_id,
        matches.match_confidence,
        records.*,
        row_number() over (
            partition by matches.customer_id
            order by case when records.record_id = matches.customer_id then 0 else 1 end, records.record_id
        ) as place
    from records
    inner join matches on records.record_id = matches.record_id
    where matches.customer_id <> 'UNKNOWN'

),

{% set filled = ['owner_employee_id', 'industry', 'region', 'country', 'tax_id'] %}
{% for column in filled %}
first_{{ column }} as (

    select
        customer_id,
        {{ column }}
    from (
        select
            customer_id,
            {{ column }},
            row_number() over (partition by customer_id order by place) as choice
        from members
        where {{ column }} is not null{{ " and owner_employee_id <> 'HOUSE'" if column == 'owner_employee_id' }}
    ) as choices
    where choice = 1

),

{% endfor %}
counted as (

    select
        customer_id,
        count(*) as record_count,
        min(match_confidence) as match_confidence
    from members
    group by customer_id

),

known as (

    select
        members.customer_id,
        members.source_system,
        members.customer_no,
        members.customer_name,
        coalesce(first_owner_employee_id.owner_employee_id, members.owner_employee_id) as owner_employee_id,
        first_industry.industry,
        first_region.region,
        first_country.country,
        first_tax_id.tax_id,
        counted.record_count,
        counted.match_confidence,
        false as is_unknown
    from members
    inner join counted on members.customer_id = counted.customer_id
    {% for column in filled %}
    left join first_{{ column }} on members.customer_id = first_{{ column }}.customer_id
    {% endfor %}
    where members.place = 1

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
        cast(null as varchar) as tax_id,
        cast(0 as bigint) as record_count,
        cast(null as decimal(3, 2)) as match_confidence,
        true as is_unknown

),

final as (

    select * from known
    union all
    select * from unknown

)

select * from final
