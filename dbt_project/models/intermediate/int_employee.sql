-- One row a person, and the house account. HR's register names people by their work number; a number that a
-- second source uses for somebody is written with that source in front, so that two people are never paid as
-- one.

with

employees as (

    select * from {{ ref('stg_hr__employees') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by employee_id
            order by case when source_system = 'hr' then 0 else 1 end, source_system
        ) as claim_no
    from employees

),

people as (

    select
        case when claim_no = 1 then employee_id else source_system || ':' || employee_id end as employee_id,
        source_system,
        employee_id as work_number,
        full_name,
        email,
        role,
        region,
        department,
        hire_date,
        confirmation_date,
        leave_date,
        base_salary_amount,
        salary_currency_code,
        crm_user_id,
        member_username,
        false as is_house_account
    from numbered

),

house as (

    select
        'HOUSE' as employee_id,
        cast(null as varchar) as source_system,
        cast(null as varchar) as work_number,
        'House account' as full_name,
        cast(null as varchar) as email,
        cast(null as varchar) as role,
        cast(null as varchar) as region,
        cast(null as varchar) as department,
        cast(null as date) as hire_date,
        cast(null as date) as confirmation_date,
        cast(null as date) as leave_date,
        cast(null as decimal(18, 2)) as base_salary_amount,
        cast(null as varchar) as salary_currency_code,
        cast(null as varchar) as crm_user_id,
        cast(null as varchar) as member_username,
        true as is_house_account

),

final as (

    select * from people
    union all
    select * from house

)

select * from final
