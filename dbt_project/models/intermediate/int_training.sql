-- Trainings that people of the register completed.

with

trainings as (

    select * from {{ ref('stg_hr__training') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

matched as (

    select
        coalesce(own.employee_id, other.employee_id) as employee_id,
        trainings.course_code,
        trainings.course_name,
        trainings.skill,
        trainings.completed_date,
        trainings.score,
        trainings.is_passed,
        row_number() over (
            partition by
                coalesce(own.employee_id, other.employee_id), trainings.course_code, trainings.completed_date
            order by case when own.employee_id is not null then 0 else 1 end, trainings.source_system
        ) as claim_no
    from trainings
    left join employees as own
        on trainings.source_system = own.source_system and trainings.employee_id = own.work_number
    left join employees as other on trainings.employee_id = other.employee_id

),

final as (

    select
        employee_id,
        course_code,
        course_name,
        skill,
        completed_date,
        score,
        is_passed
    from matched
    where employee_id is not null and claim_no = 1

)

select * from final
