-- Leans on: stg_hr__employees. Such a person has no active day, so no quota and no pay.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'human-resources',
    'reason': 'the last day is before the first',
    'remedy': 'correct the dates in HR\'s register',
}) }}

with

employees as (

    select * from {{ ref('stg_hr__employees') }}

),

final as (

    select
        employee_id as payee_id,
        full_name,
        hire_date,
        leave_date,
        delivery_id,
        file_name,
        row_number
    from employees
    where leave_date < hire_date

)

select * from final
