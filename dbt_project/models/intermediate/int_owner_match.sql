-- Whom each owner named on a record is. A line of the file of identities decides from its first day on; without
-- one by id first, then by name, in the record's own system first, then in any. Nobody found, and a line that
-- names an employee nobody knows, is the house account's (rule C5), with the reason in `owner_match`. An owner
-- has one row a span of days (`valid_from` to `valid_to`, both included), together all days there are.

with

owners as (

    select
        source_system,
        owner_id,
        owner_name
    from {{ ref('stg_zoho_crm__deals') }}
    union
    select
        source_system,
        owner_id,
        owner_name
    from {{ ref('stg_zoho_crm__accounts') }}
    union
    select
        source_system,
        null as owner_id,
        owner_name
    from {{ ref('stg_jiandaoyun_crm__contracts') }}
    union
    select
        source_system,
        null as owner_id,
        owner_name
    from {{ ref('stg_jiandaoyun_crm__customers') }}
    {% for model in ['stg_zoho_crm__deals', 'stg_jiandaoyun_crm__contracts'] %}
    {% for person in ['split_owner_1', 'split_owner_2', 'split_owner_3', 'overlay_owner_1', 'overlay_owner_2'] %}
    union
    select
        source_system,
        null as owner_id,
        {{ person }} as owner_name
    from {{ ref(model) }}
    {% endfor %}
    {% endfor %}

),

ways as (

    select * from {{ ref('int_employee_reference') }}

),

identities as (

    select * from {{ ref('stg_control__identity_person') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

named as (

    select distinct
        source_system,
        coalesce(owner_id, '') as owner_id,
        coalesce(owner_name, '') as owner_name
    from owners

),

looked_up as (

    select
        named.source_system,
        named.owner_id,
        named.owner_name,
        coalesce(
            id_here.employee_id, id_anywhere.employee_id, name_here.employee_id, name_anywhere.employee_id
        ) as employee_id,
        case
            when id_here.employee_id is not null then id_here.match_kind
            when id_anywhere.employee_id is not null then id_anywhere.match_kind
            when name_here.employee_id is not null then name_here.match_kind
            when name_anywhere.employee_id is not null then name_anywhere.match_kind
            when named.owner_id = '' and named.owner_name = '' then 'blank'
            when
                coalesce(
                    id_here.match_kind, id_anywhere.match_kind, name_here.match_kind, name_anywhere.match_kind
                ) = 'ambiguous'
                then 'ambiguous'
            else 'unknown'
        end as owner_match,
        coalesce(id_here.candidates, id_anywhere.candidates, name_here.candidates, name_anywhere.candidates) as candidates
    from named
    left join ways as id_here
        on named.source_system = id_here.reference_scope and {{ person_reference('named.owner_id') }} = id_here.reference_value
    left join ways as id_anywhere
        on id_anywhere.reference_scope = '*' and {{ person_reference('named.owner_id') }} = id_anywhere.reference_value
    left join ways as name_here
        on
            named.source_system = name_here.reference_scope
            and {{ person_reference('named.owner_name') }} = name_here.reference_value
    left join ways as name_anywhere
        on name_anywhere.reference_scope = '*' and {{ person_reference('named.owner_name') }} = name_anywhere.reference_value

),

-- The text that tells most goes first: an id before a name, a line for the own system before one for any.
told_ways as (

    select
        named.source_system,
        named.owner_id,
        named.owner_name,
        identities.employee_id,
        identities.valid_from,
        identities.valid_to,
        case when identities.reference = {{ person_reference('named.owner_id') }} then 0 else 2 end
        + case when identities.source_system = '*' then 1 else 0 end as place
    from named
    inner join identities
        on
            (named.source_system = identities.source_system or identities.source_system = '*')
            and (
                {{ person_reference('named.owner_id') }} = identities.reference
                or {{ person_reference('named.owner_name') }} = identities.reference
            )

),

told as (

    select *
    from (
        select
            told_ways.*,
            min(told_ways.place) over (
                partition by told_ways.source_system, told_ways.owner_id, told_ways.owner_name
            ) as best_place
        from told_ways
    ) as placed
    where place = best_place

),

told_since as (

    select
        source_system,
        owner_id,
        owner_name,
        min(valid_from) as told_from
    from told
    group by source_system, owner_id, owner_name

),

spans as (

    select
        told.source_system,
        told.owner_id,
        told.owner_name,
        employees.employee_id,
        case when employees.employee_id is not null then 'explicit' else 'unknown' end as owner_match,
        cast(null as varchar) as candidates,
        told.valid_from,
        told.valid_to
    from told
    left join employees on {{ person_reference('told.employee_id') }} = {{ person_reference('employees.employee_id') }}
    union all
    select
        looked_up.source_system,
        looked_up.owner_id,
        looked_up.owner_name,
        looked_up.employee_id,
        looked_up.owner_match,
        looked_up.candidates,
        cast('1900-01-01' as date) as valid_from,
        coalesce({{ add_days('told_since.told_from', -1) }}, cast('9999-12-31' as date)) as valid_to
    from looked_up
    left join told_since
        on
            looked_up.source_system = told_since.source_system
            and looked_up.owner_id = told_since.owner_id
            and looked_up.owner_name = told_since.owner_name
    where told_since.told_from is null or told_since.told_from > cast('1900-01-01' as date)

),

final as (

    select
        source_system,
        owner_id,
        owner_name,
        coalesce(employee_id, 'HOUSE') as employee_id,
        owner_match,
        coalesce(nullif(owner_name, ''), nullif(owner_id, '')) as owner_reference,
        candidates,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to
    from spans

)

select * from final
