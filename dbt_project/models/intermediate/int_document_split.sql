-- Whom a document's revenue is credited to (rules C1, C5): its splits; without splits its owner, whole. An
-- unknown person is the house account. A document whose splits don't add up to exactly 100 % is held whole, on
-- the house account, until it is mended, its overlays too. Documents nobody knows (UNMATCHED) are the house
-- account's as well. Overlay splits have a role of their own, are numbered from 101 and may add up to anything.

with

documents as (

    select * from {{ ref('int_document') }}

),

events as (

    select * from {{ ref('int_document_event') }}

),

owners as (

    select * from {{ ref('int_owner_match') }}

),

named as (

    {% for number in [1, 2, 3] %}
    select
        source_system,
        document_id,
        document_date,
        {{ number }} as split_no,
        split_owner_{{ number }} as owner_reference,
        split_percent_{{ number }} as split_percent
    from documents
    where has_splits and not has_broken_splits and split_percent_{{ number }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

overlays as (

    {% for number in [1, 2] %}
    select
        source_system,
        document_id,
        document_date,
        has_broken_splits,
        {{ 100 + number }} as split_no,
        overlay_owner_{{ number }} as owner_reference,
        overlay_percent_{{ number }} as split_percent
    from documents
    where overlay_percent_{{ number }} <> 0
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

matched_splits as (

    select
        named.source_system,
        named.document_id,
        named.split_no,
        owners.employee_id,
        named.owner_reference,
        owners.owner_match,
        'revenue' as credit_role,
        named.split_percent
    from named
    left join owners
        on
            named.source_system = owners.source_system
            and owners.owner_id = ''
            and coalesce(named.owner_reference, '') = owners.owner_name
            and coalesce(named.document_date, cast('9999-12-31' as date)) between owners.valid_from and owners.valid_to

),

matched_overlays as (

    select
        overlays.source_system,
        overlays.document_id,
        overlays.split_no,
        case when overlays.has_broken_splits then 'HOUSE' else owners.employee_id end as employee_id,
        overlays.owner_reference,
        case when overlays.has_broken_splits then 'held' else owners.owner_match end as owner_match,
        'overlay' as credit_role,
        overlays.split_percent
    from overlays
    left join owners
        on
            overlays.source_system = owners.source_system
            and owners.owner_id = ''
            and coalesce(overlays.owner_reference, '') = owners.owner_name
            and coalesce(overlays.document_date, cast('9999-12-31' as date)) between owners.valid_from and owners.valid_to

),

whole as (

    select
        source_system,
        document_id,
        1 as split_no,
        case when has_broken_splits then 'HOUSE' else owner_employee_id end as employee_id,
        owner_reference,
        case when has_broken_splits then 'held' else owner_match end as owner_match,
        'revenue' as credit_role,
        cast(100 as decimal(9, 4)) as split_percent
    from documents
    where not has_splits or has_broken_splits

),

unmatched as (

    select distinct
        source_system,
        document_id,
        1 as split_no,
        'HOUSE' as employee_id,
        cast(null as varchar) as owner_reference,
        'no document' as owner_match,
        'revenue' as credit_role,
        cast(100 as decimal(9, 4)) as split_percent
    from events
    where is_unmatched

),

combined as (

    select * from matched_splits
    union all
    select * from whole
    union all
    select * from unmatched
    union all
    select * from matched_overlays

),

final as (

    select
        source_system,
        document_id,
        split_no,
        employee_id,
        owner_reference,
        owner_match,
        credit_role,
        cast(split_percent as decimal(9, 4)) as split_percent,
        cast(split_percent * 0.01 as decimal(9, 6)) as split_ratio
    from combined

)

select * from final
