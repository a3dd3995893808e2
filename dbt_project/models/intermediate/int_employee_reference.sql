-- Every text that may stand for a person in a record, and whom it stands for. The surest way wins (lowest
-- priority); a text that stands for two people by its surest way stands for nobody (employee_id is NULL), it is
-- never guessed. `reference_scope` is the system in which the text means this, '*' is any.

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

accounts_of_people as (

    select
        users.source_system,
        users.user_id as account_id,
        users.full_name as display_name,
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

matched_accounts as (

    select
        accounts_of_people.source_system,
        accounts_of_people.account_id,
        accounts_of_people.display_name,
        accounts_of_people.account_kind,
        coalesce(accounts_of_people.employee_id, by_email.employee_id, by_name.employee_id) as employee_id,
        case
            when accounts_of_people.employee_id is not null then '_id'
            when by_email.employee_id is not null then '_email'
            else '_name'
        end as matched_by,
        case
            when accounts_of_people.employee_id is not null then 1
            when by_email.employee_id is not null then 3
            else 6
        end as match_priority
    from accounts_of_people
    left join employees as by_email
        on
            accounts_of_people.employee_id is null
            and {{ person_reference('accounts_of_people.email') }} = {{ person_reference('by_email.email') }}
    left join employees as by_name
        on
            accounts_of_people.employee_id is null
            and by_email.employee_id is null
            and {{ person_reference('accounts_of_people.display_name') }} = {{ person_reference('by_name.full_name') }}

),

ways as (

    select
        '*' as reference_scope,
        {{ person_reference('crm_user_id') }} as reference_value,
        'crm_user_id' as match_kind,
        1 as match_priority,
        employee_id
    from employees
    union all
    select
        '*' as reference_scope,
        {{ person_reference('member_username') }} as reference_value,
        'member_username' as match_kind,
        1 as match_priority,
        employee_id
    from employees
    union all
    select
        '*' as reference_scope,
        {{ person_reference('email') }} as reference_value,
        'email' as match_kind,
        2 as match_priority,
        employee_id
    from employees
    union all
    select
        source_system as reference_scope,
        {{ person_reference('account_id') }} as reference_value,
        account_kind || matched_by as match_kind,
        match_priority,
        employee_id
    from matched_accounts
    union all
    select
        '*' as reference_scope,
        {{ person_reference('work_number') }} as reference_value,
        'work_number' as match_kind,
        4 as match_priority,
        employee_id
    from employees
    union all
    select
        source_system as reference_scope,
        {{ person_reference('display_name') }} as reference_value,
        account_kind || '_display_name' as match_kind,
        5 as match_priority,
        employee_id
    from matched_accounts
    union all
    select
        '*' as reference_scope,
        {{ person_reference('full_name') }} as reference_value,
        'full_name' as match_kind,
        6 as match_priority,
        employee_id
    from employees

),

ranked as (

    select
        *,
        min(match_priority) over (partition by reference_scope, reference_value) as best_priority
    from ways
    where reference_value is not null and employee_id is not null

),

final as (

    select
        reference_scope,
        reference_value,
        case when count(distinct employee_id) = 1 then min(employee_id) end as employee_id,
        case when count(distinct employee_id) = 1 then min(match_kind) else 'ambiguous' end as match_kind,
        min(match_priority) as match_priority,
        count(distinct employee_id) as candidate_count
    from ranked
    where match_priority = best_priority
    group by reference_scope, reference_value

)

select * from final
