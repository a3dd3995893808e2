-- Who belonged to which team when. Both ends count; a line ends at the latest the day before the next one
-- starts.

with

reporting_lines as (

    select * from {{ ref('stg_hr__reporting_lines') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

matched as (

    select
        coalesce(own.employee_id, other.employee_id) as employee_id,
        coalesce(own_manager.employee_id, manager.employee_id) as manager_id,
        reporting_lines.team,
        coalesce(reporting_lines.valid_from, date '1900-01-01') as valid_from,
        reporting_lines.valid_to,
        row_number() over (
            partition by
                coalesce(own.employee_id, other.employee_id), coalesce(reporting_lines.valid_from, date '1900-01-01')
            order by case when own.employee_id is not null then 0 else 1 end, reporting_lines.source_system
        ) as claim_no
    from reporting_lines
    left join employees as own
        on
            reporting_lines.source_system = own.source_system
            and reporting_lines.employee_id = own.work_number
    left join employees as other on reporting_lines.employee_id = other.employee_id
    left join employees as own_manager
        on
            reporting_lines.source_system = own_manager.source_system
            and reporting_lines.manager_id = own_manager.work_number
    left join employees as manager on reporting_lines.manager_id = manager.employee_id

),

ordered as (

    select
        employee_id,
        manager_id,
        team,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by employee_id order by valid_from) as next_from
    from matched
    where employee_id is not null and claim_no = 1

),

final as (

    select
        employee_id,
        manager_id,
        team,
        valid_from,
        least(
            coalesce(valid_to, date '9999-12-31'),
            coalesce({{ add_days('next_from', -1) }}, date '9999-12-31')
        ) as valid_to
    from ordered

)

select * from final
where valid_from <= valid_to
