with

run as (

    select * from {{ ref('int_run') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

teams as (

    select * from {{ ref('int_employee_team') }}

),

final as (

    select
        employees.employee_id,
        employees.full_name,
        employees.email,
        employees.role,
        teams.team,
        employees.region,
        employees.department,
        teams.manager_id,
        employees.hire_date,
        employees.confirmation_date,
        employees.leave_date,
        not employees.is_house_account
        and coalesce(employees.hire_date, run.as_of_date) <= run.as_of_date
        and coalesce(employees.leave_date, run.as_of_date) >= run.as_of_date as is_active,
        employees.is_house_account
    from employees
    cross join run
    left join teams
        on
            employees.employee_id = teams.employee_id
            and run.as_of_date between teams.valid_from and teams.valid_to

)

select * from final
