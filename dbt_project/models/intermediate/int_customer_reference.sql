-- Which customer each number and name on a record of business is, by the surest way that finds any: the file of
-- identities, the number in its own system, a number of another system (only for systems that keep no customers
-- of their own, as finance), the tax number, the same name, the same name but for form and punctuation. A way
-- that finds two customers is 'ambiguous', and no lesser way is asked; a name never leads to a customer of
-- another tax number or another form of company.

with

identities as (

    select * from {{ ref('stg_control__identity_customer') }}

),

matches as (

    select * from {{ ref('int_customer_match') }}

),

records as (

    select
        records.*,
        matches.customer_id
    from {{ ref('int_customer_record') }} as records
    inner join matches on records.record_id = matches.record_id

),

own_systems as (

    select distinct source_system from records

),

told as (

    select
        identities.source_system,
        identities.reference,
        case
            when identities.customer_id = 'UNKNOWN' then 'UNKNOWN'
            else records.customer_id
        end as customer_id
    from identities
    left join records on lower(identities.customer_id) = lower(records.record_id)

),

tidied as (

    select distinct
        source_system,
        customer_no,
        customer_name,
        tax_number_met,
        {{ customer_reference('customer_no') }} as number_key,
        {{ customer_reference('customer_name') }} as name_key,
        {{ tidy_name('customer_name') }} as tidy_name,
        {{ tidy_tax_number('tax_number_met') }} as tidy_tax_number
    from {{ ref('int_customer_named') }}

),

worded as (

    select
        *,
        {{ words_of_name('tidy_name') }} as words
    from tidied

),

keyed as (

    select
        worded.source_system,
        worded.customer_no,
        worded.customer_name,
        worded.tax_number_met,
        worded.number_key,
        worded.name_key,
        worded.tidy_name,
        {{ usable_tax_number('worded.tidy_tax_number') }} as tax_id,
        {{ name_stem('worded.words') }} as name_stem,
        {{ legal_form('worded.words') }} as legal_form,
        own_systems.source_system is not null as has_customers,
        row_number() over (
            order by worded.source_system, worded.customer_no, worded.customer_name, worded.tax_number_met
        ) as reference_no
    from worded
    left join own_systems on worded.source_system = own_systems.source_system

),

{% set ways = [
    (0, 'explicit', 'number_key'),
    (1, 'explicit', 'name_key'),
] %}
found as (

    {% for priority, kind, key in ways %}
    {% for scope in ['keyed.source_system', "'*'"] %}
    select
        keyed.reference_no,
        {{ priority * 2 + loop.index0 }} as priority,
        '{{ kind }}' as match_kind,
        1.00 as match_confidence,
        told.customer_id
    from keyed
    inner join told on {{ scope }} = told.source_system and keyed.{{ key }} = told.reference
    union all
    {% endfor %}
    {% endfor %}
    {% for key in ['customer_no', 'number_key'] %}
    select
        keyed.reference_no,
        {{ 4 + loop.index0 }} as priority,
        'number' as match_kind,
        1.00 as match_confidence,
        records.customer_id
    from keyed
    inner join records on keyed.source_system = records.source_system and keyed.{{ key }} = records.{{ key }}
    union all
    {% endfor %}
    {% for key in ['number_key', 'code_key'] %}
    select
        keyed.reference_no,
        6 as priority,
        'code' as match_kind,
        1.00 as match_confidence,
        records.customer_id
    from keyed
    inner join records on keyed.number_key = records.{{ key }}
    where
        not keyed.has_customers
        and (keyed.tax_id is null or records.tax_id is null or keyed.tax_id = records.tax_id)
    union all
    {% endfor %}
    select
        keyed.reference_no,
        7 as priority,
        'tax_id' as match_kind,
        records.tax_id_confidence as match_confidence,
        records.customer_id
    from keyed
    inner join records on keyed.tax_id = records.tax_id
    {% for priority, scope, name in [(8, 'keyed.source_system', 'tidy_name'), (9, 'records.source_system', 'exact_name')] %}
    union all
    select
        keyed.reference_no,
        {{ priority }} as priority,
        'exact_name' as match_kind,
        0.90 as match_confidence,
        records.customer_id
    from keyed
    inner join records on keyed.tidy_name = records.{{ name }}
    where
        {{ scope }} = records.source_system
        and (keyed.tax_id is null or records.tax_id is null or keyed.tax_id = records.tax_id)
    {% endfor %}
    {% for priority, scope in [(10, 'keyed.source_system'), (11, 'records.source_system')] %}
    union all
    select
        keyed.reference_no,
        {{ priority }} as priority,
        'normalised_name' as match_kind,
        0.80 as match_confidence,
        records.customer_id
    from keyed
    inner join records on keyed.name_stem = records.name_stem
    where
        {{ scope }} = records.source_system
        and (keyed.tax_id is null or records.tax_id is null or keyed.tax_id = records.tax_id)
        and (keyed.legal_form is null or records.legal_form is null or keyed.legal_form = records.legal_form)
    {% endfor %}

),

surest as (

    select
        *,
        min(priority) over (partition by reference_no) as best_priority
    from found

),

answered as (

    select
        reference_no,
        min(match_kind) as match_kind,
        min(match_confidence) as match_confidence,
        min(customer_id) as first_customer_id,
        count(distinct customer_id) as candidate_count
    from surest
    where priority = best_priority
    group by reference_no

),

final as (

    select
        keyed.source_system,
        keyed.customer_no,
        keyed.customer_name,
        keyed.tax_number_met,
        case when answered.candidate_count = 1 then answered.first_customer_id else 'UNKNOWN' end as customer_id,
        case
            when answered.candidate_count = 1 then answered.match_kind
            when answered.candidate_count > 1 then 'ambiguous'
            when keyed.number_key is null and keyed.name_key is null and keyed.tax_id is null then 'blank'
            else 'unknown'
        end as match_kind,
        cast(case when answered.candidate_count = 1 then answered.match_confidence else 0 end as decimal(3, 2))
            as match_confidence,
        case
            when answered.candidate_count = 1 then 'matched'
            when answered.candidate_count > 1 then 'ambiguous'
            when keyed.number_key is null and keyed.name_key is null and keyed.tax_id is null then 'blank'
            else 'unmatched'
        end as match_status,
        coalesce(nullif(keyed.customer_name, ''), nullif(keyed.customer_no, ''), nullif(keyed.tax_number_met, '')) as reference,
        case when answered.candidate_count > 1 then answered.first_customer_id end as likely_customer_id,
        keyed.name_stem
    from keyed
    left join answered on keyed.reference_no = answered.reference_no

)

select * from final
