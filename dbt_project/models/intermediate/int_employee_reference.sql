-- Every text that may stand for a person in a record, and whom it stands for. The surest way wins (lowest
-- priority): a line of the file of identities for the account, the id, the work number, the e-mail, and last a name.
-- A text that stands for two people by its surest way stands for nobody (employee_id is NULL), it is never
-- guessed. `reference_scope` is the system in which the text means this, '*' is any. A line of the file speaks from
-- its first day on, so a text has one row a span of days (`valid_from` to `valid_to`, both included).

with

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

users as (

    select * from {{ ref('stg_zoho_crm__users') }}

),

members as (

    select * from {{ ref('stg_jiandaoyun_crm__members') }}

),

identities as (

    select * from {{ ref('stg_control__identity_person') }}

),

accounts_of_people as (

    select
        users.source_system,
        users.user_id as account_id,
        {{ shown_name('users.full_name', 'users.first_name', 'users.last_name') }} as display_name,
        users.email,
        'user' as account_kind,
        employees.employee_id
    from users
    left join employees on {{ person_reference('users.user_id') }} = {{ person_reference('employees.crm_user_id') }}
    union all
    select
        members.source_system,
        members.username as account_id,
        members.full_name as display_name,
        members.email,
        'member' as account_kind,
        employees.employee_id
    from members
    left join employees on {{ person_reference('members.username') }} = {{ person_reference('employees.member_username') }}

),

-- The file knows who an account is; its display name then stands for the same person. A line for the own system
-- goes before one for any.
account_lines as (

    select
        accounts_of_people.*,
        identities.employee_id as told_employee_id,
        identities.valid_from,
        identities.valid_to,
        case when identities.source_system = '*' then 1 else 0 end as place
    from accounts_of_people
    inner join identities
        on
            {{ person_reference('accounts_of_people.account_id') }} = identities.reference
            and (accounts_of_people.source_system = identities.source_system or identities.source_system = '*')

),

placed_lines as (

    select
        *,
        min(place) over (partition by source_system, account_id) as best_place
    from account_lines

),

told_since as (

    select
        source_system,
        account_id,
        min(valid_from) as told_from
    from placed_lines
    where place = best_place
    group by source_system, account_id

),

-- Before the first day of its first line an account is whom the other ways find.
told_accounts as (

    select
        source_system,
        account_id,
        display_name,
        email,
        account_kind,
        employee_id,
        told_employee_id,
        valid_from,
        valid_to
    from placed_lines
    where place = best_place
    union all
    select
        accounts_of_people.source_system,
        accounts_of_people.account_id,
        accounts_of_people.display_name,
        accounts_of_people.email,
        accounts_of_people.account_kind,
        accounts_of_people.employee_id,
        cast(null as varchar) as told_employee_id,
        cast('1900-01-01' as date) as valid_from,
        coalesce({{ add_days('told_since.told_from', -1) }}, cast('9999-12-31' as date)) as valid_to
    from accounts_of_people
    left join told_since
        on
            accounts_of_people.source_system = told_since.source_system
            and accounts_of_people.account_id = told_since.account_id
    where told_since.told_from is null or told_since.told_from > cast('1900-01-01' as date)

),

matched_accounts as (

    select
        told_accounts.source_system,
        told_accounts.account_id,
        told_accounts.display_name,
        told_accounts.account_kind,
        told_accounts.valid_from,
        told_accounts.valid_to,
        case
            when told_accounts.told_employee_id = 'HOUSE' then 'HOUSE'
            when told_accounts.told_employee_id is not null then told.employee_id
            else
                coalesce(
                    told_accounts.employee_id, by_number.employee_id, by_email.employee_id, by_name.employee_id
                )
        end as employee_id,
        case
            when told_accounts.told_employee_id is not null then '_explicit'
            when told_accounts.employee_id is not null then '_id'
            when by_number.employee_id is not null then '_work_number'
            when by_email.employee_id is not null then '_email'
            else '_name'
        end as matched_by,
        case
            when told_accounts.told_employee_id is not null then 0
            when told_accounts.employee_id is not null then 1
            when by_number.employee_id is not null then 2
            when by_email.employee_id is not null then 3
            else 6
        end as match_priority
    from told_accounts
    left join employees as told
        on {{ person_reference('told_accounts.told_employee_id') }} = {{ person_reference('told.employee_id') }}
    left join employees as by_number
        on
            told_accounts.employee_id is null
            and {{ person_reference('told_accounts.account_id') }} = {{ person_reference('by_number.work_number') }}
    left join employees as by_email
        on
            told_accounts.employee_id is null
            and by_number.employee_id is null
            and {{ person_reference('told_accounts.email') }} = {{ person_reference('by_email.email') }}
    left join employees as by_name
        on
            told_accounts.employee_id is null
            and by_number.employee_id is null
            and by_email.employee_id is null
            and {{ person_reference('told_accounts.display_name') }} = {{ person_reference('by_name.full_name') }}

),

ways as (

    {% for kind, priority in [('crm_user_id', 1), ('member_username', 1), ('work_number', 2), ('email', 3), ('full_name', 6)] %}
    select
        '*' as reference_scope,
        {{ person_reference(kind) }} as reference_value,
        '{{ kind }}' as match_kind,
        {{ priority }} as match_priority,
        employee_id,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from employees
    union all
    {% endfor %}
    select
        source_system as reference_scope,
        {{ person_reference('account_id') }} as reference_value,
        account_kind || matched_by as match_kind,
        match_priority,
        employee_id,
        valid_from,
        valid_to
    from matched_accounts
    union all
    select
        source_system as reference_scope,
        {{ person_reference('display_name') }} as reference_value,
        account_kind || '_display_name' as match_kind,
        5 as match_priority,
        employee_id,
        valid_from,
        valid_to
    from matched_accounts

),

starts as (

    select distinct
        reference_scope,
        reference_value,
        valid_from
    from ways
    where reference_value is not null

),

spans as (

    select
        reference_scope,
        reference_value,
        valid_from,
        coalesce(
            {{ add_days('lead(valid_from) over (partition by reference_scope, reference_value order by valid_from)', -1) }},
            cast('9999-12-31' as date)
        ) as valid_to
    from starts

),

ranked as (

    select
        spans.reference_scope,
        spans.reference_value,
        spans.valid_from,
        spans.valid_to,
        ways.match_kind,
        ways.match_priority,
        ways.employee_id,
        min(ways.match_priority) over (
            partition by spans.reference_scope, spans.reference_value, spans.valid_from
        ) as best_priority
    from spans
    inner join ways
        on
            spans.reference_scope = ways.reference_scope
            and spans.reference_value = ways.reference_value
            and spans.valid_from >= ways.valid_from
            and spans.valid_from <= ways.valid_to
    where ways.employee_id is not null

),

final as (

    select
        reference_scope,
        reference_value,
        case when count(distinct employee_id) = 1 then min(employee_id) end as employee_id,
        case when count(distinct employee_id) = 1 then min(match_kind) else 'ambiguous' end as match_kind,
        min(match_priority) as match_priority,
        count(distinct employee_id) as candidate_count,
        string_agg(distinct employee_id, ' / ' order by employee_id) as candidates,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to
    from ranked
    where match_priority = best_priority
    group by reference_scope, reference_value, valid_from, valid_to

)

select * from final
