-- Who and which customer every record and every text of another record was taken for, how that is known and how
-- surely, with rows and money: what sales operations look through, and the bridge from a customer to its records.
-- Of what nobody knows, and of what stands for two, `likely_match` names candidates for a person to look at.

with

documents as (

    select * from {{ ref('int_document') }}
    where stage_outcome in ('won', 'lost', 'open', 'unknown')

),

splits as (

    select * from {{ ref('int_document_split') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

owner_matches as (

    select * from {{ ref('int_owner_match') }}

),

owners as (

    select
        source_system,
        owner_reference,
        max(candidates) as candidates
    from owner_matches
    where owner_match = 'ambiguous'
    group by source_system, owner_reference

),

owners_named as (

    select * from {{ ref('int_owner_named') }}
    where feed not in ('deals', 'contracts') and (owner_id <> '' or owner_name <> '')

),

staff_named as (

    {% for model, employee in [
        ('stg_hr__targets', 'employee_id'),
        ('stg_hr__reporting_lines', 'employee_id'),
        ('stg_hr__reporting_lines', 'manager_id'),
        ('stg_hr__leave', 'employee_id'),
        ('stg_hr__training', 'employee_id'),
        ('stg_hr__surveys', 'employee_id'),
        ('stg_hr__disputes', 'employee_id'),
        ('stg_hr__exceptions', 'employee_id'),
        ('stg_finance__payments', 'employee_id'),
    ] %}
    select
        source_system,
        '{{ model.split('__')[1] }}' as feed,
        {{ employee }} as employee_no,
        count(*) as row_count
    from {{ ref(model) }}
    where {{ employee }} is not null
    group by source_system, {{ employee }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

employee_references as (

    select * from {{ ref('int_employee_reference') }}
    where valid_to = cast('9999-12-31' as date)

),

customer_records as (

    select * from {{ ref('int_customer_record') }}

),

customer_matches as (

    select * from {{ ref('int_customer_match') }}

),

customer_references as (

    select * from {{ ref('int_customer_reference') }}

),

accounts as (

    select
        source_system,
        'users' as feed,
        user_id as account_id,
        {{ shown_name('full_name', 'first_name', 'last_name') }} as display_name
    from {{ ref('stg_zoho_crm__users') }}
    union all
    select
        source_system,
        'members' as feed,
        username as account_id,
        full_name as display_name
    from {{ ref('stg_jiandaoyun_crm__members') }}

),

accounts_met as (

    select
        'person' as entity_kind,
        accounts.source_system,
        accounts.feed,
        accounts.account_id as reference,
        accounts.display_name as reference_name,
        case
            when employee_references.match_kind = 'ambiguous' then 'HOUSE'
            else coalesce(employee_references.employee_id, 'HOUSE')
        end as canonical_id,
        coalesce(employee_references.match_kind, 'unknown') as match_kind,
        cast(null as decimal(3, 2)) as match_confidence,
        case when employee_references.match_kind = 'ambiguous' then employee_references.candidates end as likely_match,
        cast(null as decimal(18, 2)) as amount,
        '' as currency_code,
        1 as row_count
    from accounts
    left join employee_references
        on
            accounts.source_system = employee_references.reference_scope
            and {{ person_reference('accounts.account_id') }} = employee_references.reference_value

),

owners_met as (

    select
        'person' as entity_kind,
        documents.source_system,
        documents.document_kind || 's' as feed,
        coalesce(splits.owner_reference, '') as reference,
        coalesce(splits.owner_reference, '') as reference_name,
        splits.employee_id as canonical_id,
        splits.owner_match as match_kind,
        cast(null as decimal(3, 2)) as match_confidence,
        owners.candidates as likely_match,
        cast(cast(documents.document_amount as decimal(24, 2)) * splits.split_ratio as decimal(18, 2)) as amount,
        documents.currency_code,
        1 as row_count
    from documents
    inner join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    left join owners
        on
            splits.owner_match = 'ambiguous'
            and documents.source_system = owners.source_system
            and splits.owner_reference = owners.owner_reference
    where splits.owner_match <> 'held'

),

-- An owner on a record that is no document: whoever it stands for now.
other_owners_met as (

    select
        'person' as entity_kind,
        owners_named.source_system,
        owners_named.feed,
        owner_matches.owner_reference as reference,
        owner_matches.owner_reference as reference_name,
        owner_matches.employee_id as canonical_id,
        owner_matches.owner_match as match_kind,
        cast(null as decimal(3, 2)) as match_confidence,
        owner_matches.candidates as likely_match,
        owners_named.amount,
        owners_named.currency_code,
        owners_named.row_count
    from owners_named
    inner join owner_matches
        on
            owners_named.source_system = owner_matches.source_system
            and owners_named.owner_id = owner_matches.owner_id
            and owners_named.owner_name = owner_matches.owner_name
            and owner_matches.valid_to = cast('9999-12-31' as date)

),

-- HR and payroll name people by their number in the register, exactly; int_target and int_employee_team read it so.
staff_met as (

    select
        'person' as entity_kind,
        staff_named.source_system,
        staff_named.feed,
        staff_named.employee_no as reference,
        coalesce(own.full_name, other.full_name, staff_named.employee_no) as reference_name,
        coalesce(own.employee_id, other.employee_id, 'HOUSE') as canonical_id,
        case when coalesce(own.employee_id, other.employee_id) is null then 'unknown' else 'work_number' end as match_kind,
        cast(null as decimal(3, 2)) as match_confidence,
        cast(null as varchar) as likely_match,
        cast(null as decimal(18, 2)) as amount,
        '' as currency_code,
        staff_named.row_count
    from staff_named
    left join employees as own
        on staff_named.source_system = own.source_system and staff_named.employee_no = own.work_number
    left join employees as other on staff_named.employee_no = other.employee_id

),

customers_met as (

    select
        'customer' as entity_kind,
        customer_records.source_system,
        'customers' as feed,
        customer_records.customer_no as reference,
        customer_records.customer_name as reference_name,
        customer_matches.customer_id as canonical_id,
        case customer_matches.match_status
            when 'ambiguous' then 'ambiguous'
            when 'unmatched' then 'unknown'
            else customer_matches.match_kind
        end as match_kind,
        customer_matches.match_confidence,
        customer_matches.likely_customer_id as likely_match,
        cast(null as decimal(18, 2)) as amount,
        '' as currency_code,
        1 as row_count
    from customer_records
    inner join customer_matches on customer_records.record_id = customer_matches.record_id

),

-- Documents without those that are void; of the other feeds what names somebody, and all of those that are money.
customers_named as (

    select
        source_system,
        document_kind || 's' as feed,
        coalesce(customer_no, '') as customer_no,
        coalesce(customer_name, '') as customer_name,
        '' as tax_number_met,
        document_amount as amount,
        currency_code,
        1 as row_count
    from documents
    union all
    select
        source_system,
        feed,
        customer_no,
        customer_name,
        tax_number_met,
        amount,
        currency_code,
        row_count
    from {{ ref('int_customer_named') }}
    where
        feed not in ('deals', 'contracts')
        and (
            customer_no <> '' or customer_name <> '' or tax_number_met <> ''
            or feed in ('collections', 'credit_notes', 'invoices', 'receipts')
        )

),

customers_referred_to as (

    select
        'customer' as entity_kind,
        customers_named.source_system,
        customers_named.feed,
        coalesce(customer_references.reference, '') as reference,
        coalesce(customer_references.reference, '') as reference_name,
        customer_references.customer_id as canonical_id,
        customer_references.match_kind,
        customer_references.match_confidence,
        customer_references.likely_customer_id as likely_match,
        customers_named.amount,
        customers_named.currency_code,
        customers_named.row_count
    from customers_named
    inner join customer_references
        on
            customers_named.source_system = customer_references.source_system
            and customers_named.customer_no = customer_references.customer_no
            and customers_named.customer_name = customer_references.customer_name
            and customers_named.tax_number_met = customer_references.tax_number_met

),

combined as (

    select * from accounts_met
    union all
    select * from owners_met
    union all
    select * from other_owners_met
    union all
    select * from staff_met
    union all
    select * from customers_met
    union all
    select * from customers_referred_to

),

grouped as (

    select
        entity_kind,
        source_system,
        feed,
        reference,
        max(reference_name) as reference_name,
        canonical_id,
        match_kind,
        max(match_confidence) as match_confidence,
        max(likely_match) as likely_match,
        cast(sum(row_count) as bigint) as row_count,
        cast(sum(amount) as decimal(24, 2)) as amount,
        currency_code
    from combined
    group by entity_kind, source_system, feed, reference, canonical_id, match_kind, currency_code

),

unknown_people as (

    select distinct
        source_system,
        reference_name
    from grouped
    where entity_kind = 'person' and match_kind = 'unknown'

),

likely_people as (

    select
        unknown_people.source_system,
        unknown_people.reference_name,
        employees.employee_id,
        row_number() over (
            partition by unknown_people.source_system, unknown_people.reference_name
            order by {{ likeness('unknown_people.reference_name', 'employees.full_name') }} desc, employees.employee_id
        ) as place
    from unknown_people
    inner join employees on {{ likeness('unknown_people.reference_name', 'employees.full_name') }} >= 0.85

),

unknown_customers as (

    select distinct
        source_system,
        reference,
        name_stem
    from customer_references
    where match_kind = 'unknown' and name_stem is not null

),

-- Each name once: records and references of one name are as alike as one pair of them.
known_stems as (

    select
        customer_records.name_stem,
        min(customer_matches.customer_id) as customer_id
    from customer_records
    inner join customer_matches on customer_records.record_id = customer_matches.record_id
    where customer_records.name_stem is not null
    group by customer_records.name_stem

),

unknown_stems as (

    select distinct name_stem from unknown_customers

),

-- Only names that begin alike are compared: all with all would be hours of work for a large company.
likely_stems as (

    select
        unknown_stems.name_stem,
        {{ most_alike(likeness_of_stems('unknown_stems.name_stem', 'known_stems.name_stem'), 'known_stems.customer_id') }}
            as customer_id
    from unknown_stems
    inner join known_stems
        on
            substr(unknown_stems.name_stem, 1, 2) = substr(known_stems.name_stem, 1, 2)
            and {{ likeness_of_stems('unknown_stems.name_stem', 'known_stems.name_stem') }} >= 0.85
    group by unknown_stems.name_stem

),

likely_customers as (

    select
        unknown_customers.source_system,
        unknown_customers.reference,
        likely_stems.customer_id
    from unknown_customers
    inner join likely_stems on unknown_customers.name_stem = likely_stems.name_stem

),

final as (

    select
        grouped.entity_kind || '|' || grouped.source_system || '|' || grouped.feed || '|' || grouped.reference || '|'
        || grouped.canonical_id || '|' || grouped.match_kind || '|' || grouped.currency_code as identity_match_id,
        grouped.entity_kind,
        grouped.source_system,
        grouped.feed,
        grouped.reference,
        grouped.reference_name,
        grouped.canonical_id,
        case
            when grouped.match_kind in ('unknown', 'no document') then 'unmatched'
            when grouped.match_kind in ('ambiguous', 'blank') then grouped.match_kind
            else 'matched'
        end as match_status,
        grouped.match_kind,
        -- How sure a way is to find people; that of customers comes with their match.
        cast(
            case
                when grouped.match_kind in ('unknown', 'no document', 'ambiguous', 'blank') then 0
                when grouped.match_confidence is not null then grouped.match_confidence
                when grouped.match_kind like '%work_number' then 0.98
                when grouped.match_kind like '%email' then 0.97
                when grouped.match_kind like '%name' and grouped.match_kind <> 'member_username' then 0.7
                else 1
            end as decimal(3, 2)
        ) as match_confidence,
        coalesce(
            grouped.likely_match,
            case
                when grouped.match_kind = 'unknown' then coalesce(likely_people.employee_id, likely_customers.customer_id)
            end
        ) as likely_match,
        grouped.row_count,
        grouped.amount,
        grouped.currency_code
    from grouped
    left join likely_people
        on
            grouped.entity_kind = 'person'
            and grouped.source_system = likely_people.source_system
            and grouped.reference_name = likely_people.reference_name
            and likely_people.place = 1
    left join likely_customers
        on
            grouped.entity_kind = 'customer'
            and grouped.source_system = likely_customers.source_system
            and grouped.reference = likely_customers.reference

)

select * from final
