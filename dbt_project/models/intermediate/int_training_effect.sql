-- What a course changed: attainment of those who attended it in a quarter, in the quarter after less the quarter before,
-- beside the same of people of the same role who did not attend it in any of the three quarters. The difference of both
-- changes is the effect; its standard error is root(variance ÷ n of the one + variance ÷ n of the other), and 1.96 of them
-- to either side hold the true one in 19 of 20 such cases. Who goes to a course is not drawn by lot, so it is a hint, no proof.
--
-- A person counts where they are ranked in both quarters; of several plans the one with most active days, then the lowest
-- code. Below 5 on either side nothing is said.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

trainings as (

    select * from {{ ref('int_training') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account and role is not null

),

placed as (

    select
        employee_id,
        plan_code,
        currency_code,
        period_start,
        attainment,
        active_days
    from {{ ref('int_leaderboard') }}
    where period_type = 'quarter' and is_ranked and is_complete

),

attended as (

    select distinct
        trainings.employee_id,
        {{ comparable('trainings.course_code') }} as course_key,
        {{ quarter_start('trainings.completed_date') }} as quarter_start
    from trainings
    inner join run on trainings.completed_date <= run.as_of_date

),

-- How the course is written, and called: as most lately.
named as (

    select
        {{ comparable('course_code') }} as course_key,
        course_code,
        course_name,
        skill,
        row_number() over (
            partition by {{ comparable('course_code') }}
            order by completed_date desc, employee_id asc
        ) as place
    from trainings

),

cohorts as (

    select
        attended.course_key,
        employees.role,
        attended.quarter_start,
        count(*) as people_trained
    from attended
    inner join employees on attended.employee_id = employees.employee_id
    group by attended.course_key, employees.role, attended.quarter_start

),

paired as (

    select
        cohorts.course_key,
        cohorts.role,
        cohorts.quarter_start,
        employees.employee_id,
        before_it.attainment as before_attainment,
        after_it.attainment as after_attainment,
        row_number() over (
            partition by cohorts.course_key, cohorts.role, cohorts.quarter_start, employees.employee_id
            order by before_it.active_days + after_it.active_days desc, before_it.plan_code asc
        ) as place
    from cohorts
    inner join employees on cohorts.role = employees.role
    inner join placed as before_it
        on
            employees.employee_id = before_it.employee_id
            and before_it.period_start = {{ add_months('cohorts.quarter_start', '-3') }}
    inner join placed as after_it
        on
            employees.employee_id = after_it.employee_id
            and before_it.plan_code = after_it.plan_code
            and before_it.currency_code = after_it.currency_code
            and after_it.period_start = {{ add_months('cohorts.quarter_start', '3') }}

),

attendances as (

    select
        paired.course_key,
        paired.role,
        paired.quarter_start,
        paired.employee_id,
        max(case when attended.quarter_start = paired.quarter_start then 1 else 0 end) as is_attendee,
        count(attended.employee_id) as quarters_attended
    from paired
    left join attended
        on
            paired.employee_id = attended.employee_id
            and paired.course_key = attended.course_key
            and attended.quarter_start >= {{ add_months('paired.quarter_start', '-3') }}
            and attended.quarter_start <= {{ add_months('paired.quarter_start', '3') }}
    where paired.place = 1
    group by paired.course_key, paired.role, paired.quarter_start, paired.employee_id

),

changes as (

    select
        paired.course_key,
        paired.role,
        paired.quarter_start,
        attendances.is_attendee,
        paired.before_attainment,
        paired.after_attainment,
        {{ to_units('paired.after_attainment', 6) }} - {{ to_units('paired.before_attainment', 6) }} as change_units
    from paired
    inner join attendances
        on
            paired.course_key = attendances.course_key
            and paired.role = attendances.role
            and paired.quarter_start = attendances.quarter_start
            and paired.employee_id = attendances.employee_id
    where paired.place = 1 and (attendances.is_attendee = 1 or attendances.quarters_attended = 0)

),

sides as (

    select
        course_key,
        role,
        quarter_start,
        is_attendee,
        count(*) as people,
        cast(sum(before_attainment) as decimal(24, 6)) as before_total,
        cast(sum(after_attainment) as decimal(24, 6)) as after_total,
        {{ co_variation('change_units', 'change_units') }} as variation
    from changes
    group by course_key, role, quarter_start, is_attendee

),

spread_sides as (

    select
        *,
        cast(after_total - before_total as decimal(24, 6)) as change_total,
        case
            when people >= {{ fewest_compared() }}
                then {{ divide_half_away('variation', '(people * people * (people - 1))') }}
        end as squared_error
    from sides

),

joined as (

    select
        cohorts.course_key,
        cohorts.role,
        cohorts.quarter_start,
        cohorts.people_trained,
        coalesce(own.people, 0) as attendees,
        own.before_total as attendee_before_total,
        own.after_total as attendee_after_total,
        own.change_total as attendee_change_total,
        coalesce(others.people, 0) as others,
        others.before_total as other_before_total,
        others.after_total as other_after_total,
        others.change_total as other_change_total,
        own.squared_error + others.squared_error as squared_error
    from cohorts
    left join spread_sides as own
        on
            cohorts.course_key = own.course_key
            and cohorts.role = own.role
            and cohorts.quarter_start = own.quarter_start
            and own.is_attendee = 1
    left join spread_sides as others
        on
            cohorts.course_key = others.course_key
            and cohorts.role = others.role
            and cohorts.quarter_start = others.quarter_start
            and others.is_attendee = 0

),

measured as (

    select
        *,
        cast({{ safe_ratio('attendee_change_total', 'attendees') }} as decimal(18, 6)) as attendee_change,
        cast({{ safe_ratio('other_change_total', 'others') }} as decimal(18, 6)) as other_change,
        cast({{ from_units(whole_root('squared_error'), 6) }} as decimal(18, 6)) as standard_error,
        {{ quarter_end(add_months('quarter_start', '3')) }} as last_day
    from joined

),

judged as (

    select
        measured.*,
        case
            when measured.squared_error is not null
                then cast(measured.attendee_change - measured.other_change as decimal(18, 6))
        end as effect,
        cast(round(measured.standard_error * cast(1.96 as decimal(3, 2)), 6) as decimal(18, 6)) as effect_margin,
        case
            when measured.last_day > run.as_of_date then 'the quarter after is not over'
            when measured.attendees < {{ fewest_compared() }}
                then 'fewer than {{ fewest_compared() }} attendees are ranked before and after'
            when measured.others < {{ fewest_compared() }}
                then 'fewer than {{ fewest_compared() }} others of the role are ranked before and after'
        end as effect_reason
    from measured
    cross join run

),

final as (

    select
        named.course_code || '|' || judged.role || '|' || {{ quarter_code('judged.quarter_start') }} as training_effect_id,
        named.course_code,
        named.course_name,
        named.skill,
        judged.role,
        {{ quarter_code('judged.quarter_start') }} as quarter,
        {{ quarter_code(add_months('judged.quarter_start', '-3')) }} as before_quarter,
        {{ quarter_code(add_months('judged.quarter_start', '3')) }} as after_quarter,
        judged.people_trained,
        judged.attendees,
        judged.attendee_before_total,
        judged.attendee_after_total,
        judged.attendee_change_total,
        judged.attendee_change,
        judged.others,
        judged.other_before_total,
        judged.other_after_total,
        judged.other_change_total,
        judged.other_change,
        judged.effect,
        judged.standard_error,
        cast(judged.effect - judged.effect_margin as decimal(18, 6)) as effect_low,
        cast(judged.effect + judged.effect_margin as decimal(18, 6)) as effect_high,
        judged.effect_reason,
        case
            when judged.effect is null then 'too few'
            when judged.effect > judged.effect_margin then 'better'
            when judged.effect < -judged.effect_margin then 'worse'
            else 'not shown'
        end as verdict
    from judged
    inner join named on judged.course_key = named.course_key and named.place = 1

)

select * from final
