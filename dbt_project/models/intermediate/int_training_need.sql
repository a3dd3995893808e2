-- Whose KPI shows that a skill is missing: a quotient on enough of a base that is beyond the first quartile of all people of
-- the same role and period who have enough, the person included; of a KPI of which lower is better beyond the third. Below 5
-- people nobody is compared. Trainings of the skill, by course or by name, up to the end of the period are beside it.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

facts as (

    select * from {{ ref('int_kpi_employee_period') }}
    where period_type in ('month', 'quarter', 'year')

),

kpis as (

    select * from {{ ref('kpis') }}
    where not is_additive

),

skills as (

    select * from {{ ref('skills') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account and role is not null

),

trainings as (

    select * from {{ ref('int_training') }}

),

based as (

    select
        facts.employee_id,
        facts.kpi_code,
        facts.period_type,
        facts.period,
        facts.currency_code,
        facts.period_start,
        facts.period_end,
        employees.role,
        kpis.name_en,
        kpis.name_zh,
        kpis.direction,
        skills.skill_en,
        skills.skill_zh,
        skills.course_code,
        skills.course_en,
        skills.course_zh,
        skills.minimum_base,
        facts.numerator,
        facts.denominator,
        facts.actual_value
    from facts
    inner join kpis on facts.kpi_code = kpis.kpi_code
    inner join skills on facts.kpi_code = skills.kpi_code
    inner join employees on facts.employee_id = employees.employee_id
    where facts.actual_value is not null and facts.denominator >= skills.minimum_base

),

placed as (

    select
        *,
        {{ place_from_zero('actual_value', 'role, kpi_code, period_type, period, currency_code') }} as place,
        count(*) over (partition by role, kpi_code, period_type, period, currency_code) as peers
    from based

),

quartiles as (

    select
        role,
        kpi_code,
        period_type,
        period,
        currency_code,
        {{ quartile('actual_value', 'place', 'peers', 1) }} as lower_quartile,
        {{ quartile('actual_value', 'place', 'peers', 2) }} as median_value,
        {{ quartile('actual_value', 'place', 'peers', 3) }} as upper_quartile
    from placed
    group by role, kpi_code, period_type, period, currency_code

),

compared as (

    select
        placed.*,
        quartiles.median_value,
        case when placed.direction = 'lower' then quartiles.upper_quartile else quartiles.lower_quartile end as peer_quartile
    from placed
    inner join quartiles
        on
            placed.role = quartiles.role
            and placed.kpi_code = quartiles.kpi_code
            and placed.period_type = quartiles.period_type
            and placed.period = quartiles.period
            and placed.currency_code = quartiles.currency_code
    where placed.peers >= {{ fewest_compared() }}

),

gaps as (

    select *
    from compared
    where
        (direction = 'lower' and actual_value > peer_quartile)
        or (direction <> 'lower' and actual_value < peer_quartile)

),

attended as (

    select
        gaps.employee_id,
        gaps.kpi_code,
        gaps.period_type,
        gaps.period,
        gaps.currency_code,
        trainings.completed_date,
        trainings.is_passed,
        row_number() over (
            partition by gaps.employee_id, gaps.kpi_code, gaps.period_type, gaps.period, gaps.currency_code
            order by trainings.completed_date desc, trainings.course_code desc
        ) as place,
        count(*) over (
            partition by gaps.employee_id, gaps.kpi_code, gaps.period_type, gaps.period, gaps.currency_code
        ) as trainings_attended
    from gaps
    inner join trainings
        on
            gaps.employee_id = trainings.employee_id
            and gaps.period_end >= trainings.completed_date
            and (
                {{ comparable('gaps.course_code') }} = {{ comparable('trainings.course_code') }}
                or {{ comparable('gaps.skill_en') }} = {{ comparable('trainings.skill') }}
                or {{ comparable('gaps.skill_zh') }} = {{ comparable('trainings.skill') }}
            )

),

final as (

    select
        gaps.employee_id || '|' || gaps.kpi_code || '|' || gaps.period_type || '|' || gaps.period || '|' || gaps.currency_code
            as training_need_id,
        gaps.employee_id,
        gaps.period_type,
        gaps.period,
        gaps.currency_code,
        gaps.period_start,
        gaps.period_end,
        gaps.period_end <= run.as_of_date as is_complete,
        gaps.role,
        gaps.kpi_code,
        gaps.direction,
        gaps.skill_en,
        gaps.skill_zh,
        gaps.course_code,
        gaps.course_en,
        gaps.course_zh,
        gaps.numerator,
        gaps.denominator,
        gaps.actual_value,
        gaps.minimum_base,
        gaps.peers,
        gaps.peer_quartile,
        gaps.median_value as peer_median,
        cast(gaps.actual_value - gaps.peer_quartile as decimal(24, 6)) as gap_value,
        cast(coalesce(attended.trainings_attended, 0) as bigint) as trainings_attended,
        attended.completed_date as last_training_date,
        attended.is_passed as is_last_passed,
        case
            when attended.completed_date is null then 'not trained'
            when attended.is_passed is false then 'not passed'
            else 'trained, and the gap remains'
        end as training_status,
        gaps.name_en || ' ' || cast(gaps.actual_value as varchar) || ' is '
        || case when gaps.direction = 'lower' then 'above the third quartile ' else 'below the first quartile ' end
        || cast(gaps.peer_quartile as varchar)
        || ' of ' || cast(gaps.peers as varchar) || ' people of the role' as reason_en,
        gaps.name_zh || cast(gaps.actual_value as varchar)
        || case when gaps.direction = 'lower' then '，高于同岗位' else '，低于同岗位' end || cast(gaps.peers as varchar) || '人的'
        || case when gaps.direction = 'lower' then '上四分位' else '下四分位' end
        || cast(gaps.peer_quartile as varchar) as reason_zh
    from gaps
    cross join run
    left join attended
        on
            gaps.employee_id = attended.employee_id
            and gaps.kpi_code = attended.kpi_code
            and gaps.period_type = attended.period_type
            and gaps.period = attended.period
            and gaps.currency_code = attended.currency_code
            and attended.place = 1

)

select * from final
