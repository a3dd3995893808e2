-- Everybody above a person, and from when to when (rule C6): the reporting lines followed up, each manager once a
-- day. A line that comes round to somebody who is on it already ends there.

with recursive

reporting_lines as (

    select
        employee_id,
        manager_id,
        valid_from,
        valid_to
    from {{ ref('int_employee_team') }}
    where manager_id is not null and manager_id <> employee_id

),

climbed as (

    select
        employee_id,
        manager_id,
        1 as distance,
        valid_from,
        valid_to,
        '|' || employee_id || '|' || manager_id || '|' as people_on_line
    from reporting_lines
    union all
    select
        climbed.employee_id,
        reporting_lines.manager_id,
        climbed.distance + 1 as distance,
        greatest(climbed.valid_from, reporting_lines.valid_from) as valid_from,
        least(climbed.valid_to, reporting_lines.valid_to) as valid_to,
        climbed.people_on_line || reporting_lines.manager_id || '|' as people_on_line
    from climbed
    inner join reporting_lines
        on
            climbed.manager_id = reporting_lines.employee_id
            and climbed.valid_from <= reporting_lines.valid_to
            and climbed.valid_to >= reporting_lines.valid_from
    where position('|' || reporting_lines.manager_id || '|' in climbed.people_on_line) = 0

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

final as (

    select
        climbed.employee_id,
        climbed.manager_id,
        climbed.distance,
        climbed.valid_from,
        climbed.valid_to
    from climbed
    inner join employees on climbed.manager_id = employees.employee_id

)

select * from final
