-- When a month's target was first told, and when it was last told another value: a goal that moves after its period is
-- over is no goal.

with

revisions as (

    select * from {{ ref('stg_hr__target_revisions') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

matched as (

    select
        coalesce(own.employee_id, other.employee_id) as employee_id,
        revisions.kpi_code,
        revisions.period as month,
        revisions.target_value,
        revisions.known_at,
        lag(revisions.target_value) over (
            partition by coalesce(own.employee_id, other.employee_id), revisions.kpi_code, revisions.period
            order by revisions.revision_no
        ) as earlier_value
    from revisions
    left join employees as own
        on revisions.source_system = own.source_system and revisions.employee_id = own.work_number
    left join employees as other on revisions.employee_id = other.employee_id

),

final as (

    select
        employee_id,
        kpi_code,
        month,
        min(known_at) as first_told_at,
        max(case when target_value <> earlier_value then known_at end) as changed_at
    from matched
    where employee_id is not null
    group by employee_id, kpi_code, month

)

select * from final
