-- Which customer each record is: one customer has one id however many systems keep a record of it. A line of
-- identities/customers.csv decides for its record; the others are joined by tax number, by a code that is the
-- number of a record elsewhere, by the same name, by the same name but for form and punctuation, in this order.
--
-- Each step joins whole groups of the step before and takes only keys that point at one group a system; a key
-- that points at two, or would join two tax numbers, joins nobody ('ambiguous'). All of it is sets and minima, so
-- the order of arrival can't matter. The customer's id is that of a record that a line of the file points at,
-- else the lowest.

{% set stages = [
    ('code', 'tax_id', 'code_key'),
    ('exact_name', 'code', 'exact_name'),
    ('normalised_name', 'exact_name', 'name_stem'),
] %}

with recursive

records as (

    select * from {{ ref('int_customer_record') }}

),

identities as (

    select * from {{ ref('stg_control__identity_customer') }}

),

keyed as (

    select
        record_id,
        source_system,
        number_key,
        {{ customer_reference('customer_name') }} as name_key
    from records

),

-- A name that stands for this very record says nothing about the record itself.
spoken_of as (

    select
        keyed.record_id,
        keyed.source_system,
        identities.source_system as told_system,
        identities.customer_id,
        identities.line_number,
        0 as key_place
    from keyed
    inner join identities on keyed.number_key = identities.reference
    union all
    select
        keyed.record_id,
        keyed.source_system,
        identities.source_system as told_system,
        identities.customer_id,
        identities.line_number,
        1 as key_place
    from keyed
    inner join identities on keyed.name_key = identities.reference
    where lower(identities.customer_id) <> lower(keyed.record_id)

),

-- A line for the record's own system goes before one for any system, a number before a name.
told as (

    select
        record_id,
        customer_id,
        row_number() over (
            partition by record_id
            order by case when told_system = '*' then 1 else 0 end, key_place, line_number
        ) as place
    from spoken_of
    where told_system = source_system or told_system = '*'

),

targets as (

    select
        told.record_id,
        told.customer_id,
        records.record_id as target_id
    from told
    left join records
        on lower(told.customer_id) = lower(records.record_id)
    where told.place = 1

),

free as (

    select records.*
    from records
    left join targets on records.record_id = targets.record_id
    where targets.record_id is null

),

tax_id_groups as (

    select
        record_id,
        source_system,
        number_key,
        code_key,
        exact_name,
        name_stem,
        legal_form,
        tax_id,
        tax_id_confidence,
        case when tax_id is null then record_id else min(record_id) over (partition by tax_id) end as group_id
    from free

),

{% for stage, before, key in stages %}
{{ stage }}_claims as (

    select
        source_system,
        group_id,
        tax_id,
        {{ key }} as key_value,
        {{ 'legal_form' if stage == 'normalised_name' else 'cast(null as varchar)' }} as legal_form,
        false as is_number
    from {{ before }}_groups
    where {{ key }} is not null
    {% if stage == 'code' %}
    union all
    select
        source_system,
        group_id,
        tax_id,
        number_key as key_value,
        cast(null as varchar) as legal_form,
        true as is_number
    from {{ before }}_groups
    where number_key in (select key_groups.code_key from {{ before }}_groups as key_groups)
    {% endif %}

),

{{ stage }}_systems as (

    select
        key_value,
        max(group_count) as most_groups
    from (
        select
            key_value,
            source_system,
            count(distinct group_id) as group_count
        from {{ stage }}_claims
        group by key_value, source_system
    ) as by_system
    group by key_value

),

{{ stage }}_group_tax_ids as (

    select
        group_id,
        max(tax_id) as tax_id
    from {{ before }}_groups
    group by group_id

),

{{ stage }}_keys as (

    select
        claims.key_value,
        min(claims.group_id) as hub_id,
        max(claims.group_id) as far_id,
        count(distinct claims.legal_form) <= 1
        and count(distinct tax_ids.tax_id) <= 1
        and count(distinct case when claims.is_number then claims.group_id end) <= 1 as is_one_customer
    from {{ stage }}_claims as claims
    inner join {{ stage }}_group_tax_ids as tax_ids on claims.group_id = tax_ids.group_id
    group by claims.key_value

),

{{ stage }}_judged as (

    select
        keys.key_value,
        keys.hub_id,
        keys.far_id,
        keys.is_one_customer and systems.most_groups = 1 as is_sure
    from {{ stage }}_keys as keys
    inner join {{ stage }}_systems as systems on keys.key_value = systems.key_value
    where keys.hub_id <> keys.far_id

),

{{ stage }}_links as (

    select
        claims.group_id as from_id,
        judged.hub_id as to_id
    from {{ stage }}_judged as judged
    inner join {{ stage }}_claims as claims on judged.key_value = claims.key_value
    where judged.is_sure and claims.group_id <> judged.hub_id
    union
    select
        judged.hub_id as from_id,
        claims.group_id as to_id
    from {{ stage }}_judged as judged
    inner join {{ stage }}_claims as claims on judged.key_value = claims.key_value
    where judged.is_sure and claims.group_id <> judged.hub_id

),

{{ stage }}_reached as (

    select
        from_id as group_id,
        to_id as reached_id
    from {{ stage }}_links
    union
    select
        reached.group_id,
        links.to_id as reached_id
    from {{ stage }}_reached as reached
    inner join {{ stage }}_links as links on reached.reached_id = links.from_id

),

{{ stage }}_components as (

    select
        reached.group_id,
        min(reached.reached_id) as component_id,
        count(distinct tax_ids.tax_id) <= 1 as is_one_customer
    from {{ stage }}_reached as reached
    inner join {{ stage }}_group_tax_ids as tax_ids on reached.reached_id = tax_ids.group_id
    group by reached.group_id

),

{{ stage }}_rivals as (

    select
        claims.group_id,
        min(case when claims.group_id = judged.hub_id then judged.far_id else judged.hub_id end) as rival_id
    from {{ stage }}_judged as judged
    inner join {{ stage }}_claims as claims on judged.key_value = claims.key_value
    left join {{ stage }}_components as components on claims.group_id = components.group_id
    where not judged.is_sure or not components.is_one_customer
    group by claims.group_id

),

{{ stage }}_groups as (

    select
        former.record_id,
        former.source_system,
        former.number_key,
        former.code_key,
        former.exact_name,
        former.name_stem,
        former.legal_form,
        former.tax_id,
        former.tax_id_confidence,
        {% for done in stages[:loop.index0] %}
        former.{{ done[0] }}_group_id,
        former.{{ done[0] }}_rival_id,
        {% endfor %}
        case when components.is_one_customer then components.component_id else former.group_id end as group_id,
        case when components.is_one_customer then components.component_id else former.group_id end as {{ stage }}_group_id,
        rivals.rival_id as {{ stage }}_rival_id
    from {{ before }}_groups as former
    left join {{ stage }}_components as components on former.group_id = components.group_id
    left join {{ stage }}_rivals as rivals on former.group_id = rivals.group_id

),

{% endfor %}
pointed_at as (

    select distinct target_id as record_id
    from targets
    where target_id is not null

),

named as (

    select
        groups.*,
        coalesce(
            min(case when pointed_at.record_id is not null then groups.record_id end) over (partition by groups.group_id),
            min(groups.record_id) over (partition by groups.group_id)
        ) as customer_id,
        count(*) over (partition by groups.group_id) as group_size,
        coalesce(groups.code_rival_id, groups.exact_name_rival_id, groups.normalised_name_rival_id) as rival_id
    from normalised_name_groups as groups
    left join pointed_at on groups.record_id = pointed_at.record_id

),

joined as (

    select
        named.record_id,
        named.customer_id,
        case
            when named.record_id = named.customer_id then 'own_record'
            when named.tax_id = canonical.tax_id then 'tax_id'
            when named.code_group_id = canonical.code_group_id then 'code'
            when named.exact_name_group_id = canonical.exact_name_group_id then 'exact_name'
            else 'normalised_name'
        end as match_kind,
        named.tax_id_confidence,
        case when named.group_size = 1 then named.rival_id end as rival_id
    from named
    inner join named as canonical on named.customer_id = canonical.record_id

),

automatic as (

    select
        record_id,
        customer_id,
        match_kind,
        cast(
            case match_kind
                when 'own_record' then 1
                when 'tax_id' then tax_id_confidence
                when 'code' then 1
                when 'exact_name' then 0.9
                else 0.8
            end as decimal(3, 2)
        ) as match_confidence,
        case when rival_id is null then 'matched' else 'ambiguous' end as match_status,
        rival_id as likely_customer_id
    from joined

),

-- A line that points at its own record, or at none that exists, leaves the record alone.
by_file as (

    select
        targets.record_id,
        case
            when targets.customer_id = 'UNKNOWN' then 'UNKNOWN'
            else coalesce(joined.customer_id, targets.target_id, targets.record_id)
        end as customer_id,
        'explicit' as match_kind,
        cast(case when targets.customer_id <> 'UNKNOWN' and targets.target_id is null then 0 else 1 end as decimal(3, 2))
            as match_confidence,
        case
            when targets.customer_id <> 'UNKNOWN' and targets.target_id is null then 'unmatched'
            else 'matched'
        end as match_status,
        cast(null as varchar) as likely_customer_id
    from targets
    left join joined on targets.target_id = joined.record_id

),

final as (

    select * from automatic
    union all
    select * from by_file

)

select * from final
