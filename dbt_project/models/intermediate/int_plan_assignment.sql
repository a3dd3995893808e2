-- Who is paid by which plan version from when to when (both ends count), inside the version's days and those that the
-- assignment names itself. Role and region are the employee's, the
-- team is that of the reporting line of the day. A team that was held up to the day of leaving is kept for lines
-- that come after it.

with

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

assignments as (

    select * from {{ ref('stg_plan__assignment') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

teams as (

    select * from {{ ref('int_employee_team') }}

),

matched as (

    select
        employees.employee_id,
        employees.hire_date,
        employees.leave_date,
        employees.confirmation_date,
        versions.plan_code,
        versions.version as plan_version,
        versions.currency_code,
        coalesce(versions.tail_days, 0) as tail_days,
        greatest(
            versions.valid_from,
            coalesce(assignments.valid_from, versions.valid_from),
            coalesce(teams.valid_from, versions.valid_from)
        ) as assignment_start,
        least(
            coalesce(versions.valid_to, date '9999-12-31'),
            coalesce(assignments.valid_to, date '9999-12-31'),
            case
                when assignments.team is null or teams.valid_to >= employees.leave_date then date '9999-12-31'
                else teams.valid_to
            end
        ) as assignment_end
    from assignments
    inner join versions
        on assignments.plan_code = versions.plan_code and assignments.version = versions.version
    inner join employees
        on
            coalesce(assignments.role, employees.role, '') = coalesce(employees.role, '')
            and coalesce(assignments.region, employees.region, '') = coalesce(employees.region, '')
            and coalesce(assignments.employee_id, employees.employee_id) = employees.employee_id
    left join teams
        on assignments.team is not null and employees.employee_id = teams.employee_id and assignments.team = teams.team
    where assignments.team is null or teams.employee_id is not null

),

-- Spans of one version that overlap or touch are one span.
flagged as (

    select
        *,
        case
            when assignment_start <= {{ add_days('least(max(assignment_end) over (
                partition by employee_id, plan_code, plan_version
                order by assignment_start, assignment_end
                rows between unbounded preceding and 1 preceding
            ), date \'9999-12-30\')', 1) }}
                then 0
            else 1
        end as starts_span
    from matched
    where assignment_start <= assignment_end

),

spans as (

    select
        *,
        sum(starts_span) over (
            partition by employee_id, plan_code, plan_version
            order by assignment_start, assignment_end
            rows between unbounded preceding and current row
        ) as span_no
    from flagged

),

final as (

    select
        employee_id,
        plan_code,
        plan_version,
        currency_code,
        span_no,
        min(assignment_start) as assignment_start,
        max(assignment_end) as assignment_end,
        greatest(min(assignment_start), coalesce(max(hire_date), min(assignment_start))) as active_start,
        least(max(assignment_end), coalesce(max(leave_date), max(assignment_end))) as active_end,
        max(hire_date) as hire_date,
        max(leave_date) as leave_date,
        max(confirmation_date) as confirmation_date,
        max(tail_days) as tail_days
    from spans
    group by employee_id, plan_code, plan_version, currency_code, span_no

)

select * from final
