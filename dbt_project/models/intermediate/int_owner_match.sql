-- Whom each owner named on a record is: by id first, then by name; in the record's own system first, then in
-- any. Nobody found is the house account's (rule C5), with the reason in `owner_match`.

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
    {% for number in [1, 2, 3] %}
    union
    select
        source_system,
        null as owner_id,
        split_owner_{{ number }} as owner_name
    from {{ ref(model) }}
    {% endfor %}
    {% endfor %}

),

ways as (

    select * from {{ ref('int_employee_reference') }}

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
        end as owner_match
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

final as (

    select
        source_system,
        owner_id,
        owner_name,
        coalesce(employee_id, 'HOUSE') as employee_id,
        owner_match,
        coalesce(nullif(owner_name, ''), nullif(owner_id, '')) as owner_reference
    from looked_up

)

select * from final
