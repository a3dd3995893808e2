-- Whom each owner named on a record is. A line of the file of identities decides from its first day on; without
-- one by id first, then by name, in the record's own system first, then in any. Nobody found, and a line that
-- names an employee nobody knows, is the house account's (rule C5), with the reason in `owner_match`. An owner
-- has one row a span of days (`valid_from` to `valid_to`, both included), together all days there are.

with

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
        owner_id,
        owner_name
    from {{ ref('int_owner_named') }}

),

-- The texts of an owner by how much they tell: an id before a name, in the own system before in any.
texts as (

    {% for column, scope in [
        ('owner_id', 'source_system'), ('owner_id', "'*'"), ('owner_name', 'source_system'), ('owner_name', "'*'")
    ] %}
    select
        source_system,
        owner_id,
        owner_name,
        {{ scope }} as reference_scope,
        {{ person_reference(column) }} as reference_value,
        {{ loop.index0 }} as place
    from named
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

told_texts as (

    select
        texts.source_system,
        texts.owner_id,
        texts.owner_name,
        texts.place,
        identities.employee_id,
        identities.valid_from,
        identities.valid_to
    from texts
    inner join identities
        on texts.reference_scope = identities.source_system and texts.reference_value = identities.reference

),

found_texts as (

    select
        texts.source_system,
        texts.owner_id,
        texts.owner_name,
        ways.valid_from,
        ways.valid_to
    from texts
    inner join ways
        on texts.reference_scope = ways.reference_scope and texts.reference_value = ways.reference_value

),

-- Days on which an owner may begin to be somebody else.
starts as (

    select
        source_system,
        owner_id,
        owner_name,
        cast('1900-01-01' as date) as valid_from
    from named
    union
    select
        source_system,
        owner_id,
        owner_name,
        cast(valid_from as date) as valid_from
    from told_texts
    union
    select
        source_system,
        owner_id,
        owner_name,
        cast(valid_from as date) as valid_from
    from found_texts
    union
    select
        source_system,
        owner_id,
        owner_name,
        cast({{ add_days('valid_to', 1) }} as date) as valid_from
    from found_texts
    where valid_to < cast('9999-12-31' as date)

),

spans as (

    select
        source_system,
        owner_id,
        owner_name,
        valid_from,
        coalesce(
            {{ add_days(
                'lead(valid_from) over (partition by source_system, owner_id, owner_name order by valid_from)', -1
            ) }},
            cast('9999-12-31' as date)
        ) as valid_to
    from starts

),

looked_up as (

    select
        spans.source_system,
        spans.owner_id,
        spans.owner_name,
        spans.valid_from,
        spans.valid_to,
        coalesce(
            id_here.employee_id, id_anywhere.employee_id, name_here.employee_id, name_anywhere.employee_id
        ) as employee_id,
        case
            when id_here.employee_id is not null then id_here.match_kind
            when id_anywhere.employee_id is not null then id_anywhere.match_kind
            when name_here.employee_id is not null then name_here.match_kind
            when name_anywhere.employee_id is not null then name_anywhere.match_kind
            when spans.owner_id = '' and spans.owner_name = '' then 'blank'
            when
                coalesce(
                    id_here.match_kind, id_anywhere.match_kind, name_here.match_kind, name_anywhere.match_kind
                ) = 'ambiguous'
                then 'ambiguous'
            else 'unknown'
        end as owner_match,
        -- Matched as an account is, not by a name: by HR's register, the work number or the e-mail.
        coalesce(
            case when id_here.employee_id is not null then id_here.match_priority else id_anywhere.match_priority end <= 3,
            false
        ) as is_known_account,
        coalesce(id_here.candidates, id_anywhere.candidates, name_here.candidates, name_anywhere.candidates) as candidates
    from spans
    {% for way, column, scope in [
        ('id_here', 'owner_id', 'spans.source_system'),
        ('id_anywhere', 'owner_id', "'*'"),
        ('name_here', 'owner_name', 'spans.source_system'),
        ('name_anywhere', 'owner_name', "'*'"),
    ] %}
    left join ways as {{ way }}
        on
            {{ way }}.reference_scope = {{ scope }}
            and {{ person_reference('spans.' ~ column) }} = {{ way }}.reference_value
            and spans.valid_from >= {{ way }}.valid_from
            and spans.valid_from <= {{ way }}.valid_to
    {% endfor %}

),

-- The text that tells most and has a line at all decides, on the line's days. A line for a name says nothing about a
-- record whose account is somebody: namesakes are kept apart by their accounts.
told_spans as (

    select
        looked_up.source_system,
        looked_up.owner_id,
        looked_up.owner_name,
        looked_up.valid_from,
        told_texts.employee_id,
        told_texts.place,
        told_texts.valid_from <= looked_up.valid_from and told_texts.valid_to >= looked_up.valid_from as is_its_day,
        min(told_texts.place) over (
            partition by looked_up.source_system, looked_up.owner_id, looked_up.owner_name, looked_up.valid_from
        ) as best_place
    from looked_up
    inner join told_texts
        on
            looked_up.source_system = told_texts.source_system
            and looked_up.owner_id = told_texts.owner_id
            and looked_up.owner_name = told_texts.owner_name
    where told_texts.place < 2 or not looked_up.is_known_account

),

told as (

    select
        told_spans.source_system,
        told_spans.owner_id,
        told_spans.owner_name,
        told_spans.valid_from,
        employees.employee_id
    from told_spans
    left join employees on {{ person_reference('told_spans.employee_id') }} = {{ person_reference('employees.employee_id') }}
    where told_spans.place = told_spans.best_place and told_spans.is_its_day

),

decided as (

    select
        looked_up.source_system,
        looked_up.owner_id,
        looked_up.owner_name,
        case when told.valid_from is not null then told.employee_id else looked_up.employee_id end as employee_id,
        case
            when told.valid_from is null then looked_up.owner_match
            when told.employee_id is not null then 'explicit'
            else 'unknown'
        end as owner_match,
        case when told.valid_from is null then looked_up.candidates end as candidates,
        looked_up.valid_from,
        looked_up.valid_to
    from looked_up
    left join told
        on
            looked_up.source_system = told.source_system
            and looked_up.owner_id = told.owner_id
            and looked_up.owner_name = told.owner_name
            and looked_up.valid_from = told.valid_from

),

final as (

    select
        source_system,
        owner_id,
        owner_name,
        coalesce(employee_id, 'HOUSE') as employee_id,
        owner_match,
        case
            when owner_match = 'ambiguous' and owner_id <> '' then owner_id
            else coalesce(nullif(owner_name, ''), nullif(owner_id, ''))
        end as owner_reference,
        candidates,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to
    from decided

)

select * from final
