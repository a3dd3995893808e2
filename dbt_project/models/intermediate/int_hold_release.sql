-- Documents whose held lines somebody released for a person: approved exceptions of type `release` (rule D5).

with

run as (

    select * from {{ ref('stg_control__run') }}

),

exceptions as (

    select * from {{ ref('stg_hr__exceptions') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

final as (

    select distinct
        coalesce(own.employee_id, other.employee_id) as employee_id,
        exceptions.document_id
    from exceptions
    inner join run on exceptions.approved_date <= run.as_of_date
    left join employees as own
        on exceptions.source_system = own.source_system and exceptions.employee_id = own.work_number
    left join employees as other on exceptions.employee_id = other.employee_id
    where
        lower(trim(exceptions.exception_type)) = 'release'
        and exceptions.document_id is not null
        and coalesce(own.employee_id, other.employee_id) is not null

)

select * from final
