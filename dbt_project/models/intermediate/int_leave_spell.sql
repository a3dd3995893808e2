-- Spells of approved leave (rule Q1): leaves of a person that overlap or touch are one, over month ends too. Both end
-- days count.

with

leaves as (

    select * from {{ ref('stg_hr__leave') }}
    where leave_status = 'approved' and leave_from <= leave_to

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

matched as (

    select
        coalesce(own.employee_id, other.employee_id) as employee_id,
        leaves.leave_from,
        leaves.leave_to
    from leaves
    left join employees as own
        on leaves.source_system = own.source_system and leaves.employee_id = own.work_number
    left join employees as other on leaves.employee_id = other.employee_id
    where coalesce(own.employee_id, other.employee_id) is not null

),

flagged as (

    select
        *,
        case
            when leave_from <= {{ add_days('max(leave_to) over (
                partition by employee_id
                order by leave_from, leave_to
                rows between unbounded preceding and 1 preceding
            )', 1) }}
                then 0
            else 1
        end as starts_spell
    from matched

),

numbered as (

    select
        *,
        sum(starts_spell) over (
            partition by employee_id
            order by leave_from, leave_to
            rows between unbounded preceding and current row
        ) as spell_no
    from flagged

),

final as (

    select
        employee_id,
        spell_no,
        min(leave_from) as spell_start,
        max(leave_to) as spell_end,
        {{ days_of_span('min(leave_from)', 'max(leave_to)') }} as spell_days
    from numbered
    group by employee_id, spell_no

)

select * from final
