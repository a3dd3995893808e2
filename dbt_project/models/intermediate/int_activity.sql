-- What sellers did with customers, of both CRMs: one row an activity that took place up to the as-of day, with who did
-- it and, where the record says so, the customer. Zoho's calls, meetings and tasks that were done; 简道云's follow-up
-- records, whose method (seed follow_up_methods) tells whether it was a call or a visit. What was only planned, missed
-- or cancelled is not here.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

methods as (

    select * from {{ ref('follow_up_methods') }}

),

owners as (

    select * from {{ ref('int_owner_match') }}

),

matches as (

    select * from {{ ref('int_customer_match') }}

),

documents as (

    select * from {{ ref('int_document') }}

),

customer_references as (

    select * from {{ ref('int_customer_reference') }}
    where tax_number_met = ''

),

contacts as (

    select * from {{ ref('stg_zoho_crm__contacts') }}

),

combined as (

    select
        source_system,
        'call' as feed,
        call_id as activity_no,
        'call' as activity_kind,
        cast(started_at as date) as activity_date,
        coalesce(owner_id, '') as owner_id,
        coalesce(owner_name, '') as owner_name,
        related_id,
        contact_id,
        cast(null as varchar) as customer_no,
        cast(null as varchar) as customer_name
    from {{ ref('stg_zoho_crm__calls') }}
    where
        coalesce({{ comparable('call_type') }}, '') <> 'missed'
        and coalesce({{ comparable('call_status') }}, '') not in ('scheduled', 'overdue', 'cancelled', 'canceled', 'missed')
    union all
    select
        source_system,
        'event' as feed,
        event_id as activity_no,
        'visit' as activity_kind,
        cast(coalesce(checked_in_at, started_at) as date) as activity_date,
        coalesce(owner_id, '') as owner_id,
        coalesce(owner_name, '') as owner_name,
        related_id,
        contact_id,
        null as customer_no,
        null as customer_name
    from {{ ref('stg_zoho_crm__events') }}
    union all
    select
        source_system,
        'task' as feed,
        task_id as activity_no,
        'task' as activity_kind,
        coalesce(cast(closed_at as date), due_date) as activity_date,
        coalesce(owner_id, '') as owner_id,
        coalesce(owner_name, '') as owner_name,
        related_id,
        contact_id,
        null as customer_no,
        null as customer_name
    from {{ ref('stg_zoho_crm__tasks') }}
    where closed_at is not null or {{ comparable('task_status') }} = 'completed'
    union all
    select
        follow_ups.source_system,
        'follow_up' as feed,
        follow_ups.follow_up_no as activity_no,
        coalesce(methods.activity_kind, 'other') as activity_kind,
        cast(follow_ups.followed_up_at as date) as activity_date,
        coalesce(follow_ups.owner_username, '') as owner_id,
        coalesce(follow_ups.owner_name, '') as owner_name,
        null as related_id,
        null as contact_id,
        coalesce(follow_ups.customer_no, '') as customer_no,
        coalesce(follow_ups.customer_name, '') as customer_name
    from {{ ref('stg_jiandaoyun_crm__follow_ups') }} as follow_ups
    left join methods on {{ comparable('follow_ups.follow_up_method') }} = methods.follow_up_method

),

final as (

    select
        combined.source_system || '|' || combined.feed || '|' || combined.activity_no as activity_id,
        combined.source_system,
        combined.feed,
        combined.activity_kind,
        combined.activity_date,
        coalesce(owners.employee_id, 'HOUSE') as employee_id,
        coalesce(
            accounts.customer_id, nullif(documents.customer_id, 'UNKNOWN'), accounts_of_contacts.customer_id,
            nullif(customer_references.customer_id, 'UNKNOWN')
        ) as customer_id
    from combined
    inner join run on combined.activity_date <= run.as_of_date
    left join owners
        on
            combined.source_system = owners.source_system
            and combined.owner_id = owners.owner_id
            and combined.owner_name = owners.owner_name
            and combined.activity_date between owners.valid_from and owners.valid_to
    left join matches as accounts on combined.source_system || ':' || combined.related_id = accounts.record_id
    left join documents
        on combined.source_system = documents.source_system and combined.related_id = documents.document_id
    left join contacts
        on combined.source_system = contacts.source_system and combined.contact_id = contacts.contact_id
    left join matches as accounts_of_contacts
        on contacts.source_system || ':' || contacts.account_id = accounts_of_contacts.record_id
    left join customer_references
        on
            combined.source_system = customer_references.source_system
            and combined.customer_no = customer_references.customer_no
            and combined.customer_name = customer_references.customer_name

)

select * from final
