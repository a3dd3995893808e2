-- The currency in which a person's zero rows are written: that of their plan, else of their targets, else of
-- most of their credit, else of most of all credit.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

plan_currencies as (

    select
        assignments.employee_id,
        assignments.currency_code,
        row_number() over (
            partition by assignments.employee_id
            order by assignments.assignment_start desc, assignments.plan_code asc
        ) as place
    from {{ ref('int_plan_assignment') }} as assignments
    inner join run on assignments.assignment_start <= run.as_of_date

),

target_currencies as (

    select
        employee_id,
        currency_code,
        row_number() over (partition by employee_id order by count(*) desc, currency_code) as place
    from {{ ref('int_target') }}
    where currency_code is not null
    group by employee_id, currency_code

),

credit_currencies as (

    select
        employee_id,
        currency_code,
        row_number() over (partition by employee_id order by count(*) desc, currency_code) as place
    from {{ ref('int_credit_line') }}
    where credit_role = 'revenue' and reversal_profile = 'standard'
    group by employee_id, currency_code

),

common_currency as (

    select
        currency_code,
        row_number() over (order by count(*) desc, currency_code) as place
    from {{ ref('int_credit_line') }}
    where credit_role = 'revenue' and reversal_profile = 'standard'
    group by currency_code

),

final as (

    select
        employees.employee_id,
        coalesce(
            plan_currencies.currency_code,
            target_currencies.currency_code,
            credit_currencies.currency_code,
            common_currency.currency_code,
            'XXX'
        ) as currency_code
    from employees
    left join plan_currencies on employees.employee_id = plan_currencies.employee_id and plan_currencies.place = 1
    left join target_currencies on employees.employee_id = target_currencies.employee_id and target_currencies.place = 1
    left join credit_currencies on employees.employee_id = credit_currencies.employee_id and credit_currencies.place = 1
    left join common_currency on common_currency.place = 1

)

select * from final
