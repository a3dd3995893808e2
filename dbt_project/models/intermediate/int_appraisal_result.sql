-- Score, grade, coefficient and bonus of each finished scorecard (rules K1 to K3). The score is formed at scale
-- 6 and graded in that form, by bands or, inside a group of at least five scored people, by rank: seats are shared out by
-- largest remainder, a tie keeps together at the higher grade and uses up seats of the one below (K2). Bonus = base x
-- coefficient x share of the period's days that were active, rounded once (K3).

with

lines as (

    select * from {{ ref('int_scorecard_line') }}

),

scorecards as (

    select * from {{ ref('stg_plan__scorecard') }}

),

grades as (

    select * from {{ ref('stg_plan__grade_band') }}

),

months as (

    select * from {{ ref('int_plan_month') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

teams as (

    select * from {{ ref('int_employee_team') }}

),

summed as (

    select
        employee_id,
        plan_code,
        plan_version,
        currency_code,
        scorecard_code,
        period,
        period_start,
        period_end,
        missing_data,
        cast(sum(coalesce(weighted_score, 0)) as decimal(24, 12)) as weighted_attainment,
        max(weight_present) as weight_present,
        count(*) - count(capped_attainment) as missing_count
    from lines
    group by
        employee_id,
        plan_code,
        plan_version,
        currency_code,
        scorecard_code,
        period,
        period_start,
        period_end,
        missing_data

),

scored as (

    select
        *,
        cast(
            case
                when missing_data = 'hold' and missing_count > 0 then null
                else {{ safe_ratio(
                    'weighted_attainment',
                    "case when missing_data = 'reweight' then weight_present else 1 end",
                    numerator_scale=12
                ) }}
            end as decimal(18, 6)
        ) as score
    from summed

),

days as (

    select
        scored.employee_id,
        scored.plan_code,
        scored.scorecard_code,
        scored.period,
        sum(months.active_days) as active_days
    from scored
    inner join months
        on
            scored.employee_id = months.employee_id
            and scored.plan_code = months.plan_code
            and months.month_start between scored.period_start and scored.period_end
    group by scored.employee_id, scored.plan_code, scored.scorecard_code, scored.period

),

grouped as (

    select
        scored.*,
        scorecards.grading,
        scorecards.employed_on_last_day,
        employees.leave_date,
        coalesce(case scorecards.group_by
            when 'role' then employees.role
            when 'region' then employees.region
            when 'team' then teams.team
        end, '') as group_name
    from scored
    inner join scorecards
        on
            scored.plan_code = scorecards.plan_code
            and scored.plan_version = scorecards.version
            and scored.scorecard_code = scorecards.scorecard_code
    inner join employees on scored.employee_id = employees.employee_id
    left join teams
        on
            scored.employee_id = teams.employee_id
            and least(scored.period_end, coalesce(employees.leave_date, scored.period_end))
            between teams.valid_from and teams.valid_to

),

ranked as (

    select
        *,
        count(score) over (
            partition by plan_code, plan_version, scorecard_code, period, group_name
        ) as scored_people,
        case
            when score is not null
                then rank() over (
                    partition by plan_code, plan_version, scorecard_code, period, group_name
                    order by score desc nulls last
                )
        end as position
    from grouped

),

-- Seats of each grade in each group that is graded by rank, in whole people.
seats as (

    select
        groups.plan_code,
        groups.plan_version,
        groups.scorecard_code,
        groups.period,
        groups.group_name,
        groups.scored_people,
        grades.grade,
        grades.coefficient,
        grades.lower_score,
        {{ share_floor('groups.scored_people', to_units('grades.share', 6), '1000000') }} as floor_seats,
        {{ share_remainder('groups.scored_people', to_units('grades.share', 6), '1000000') }} as remainder_seats
    from (
        select distinct
            plan_code,
            plan_version,
            scorecard_code,
            period,
            group_name,
            scored_people
        from ranked
        where grading = 'forced' and scored_people >= 5
    ) as groups
    inner join grades
        on
            groups.plan_code = grades.plan_code
            and groups.plan_version = grades.version
            and groups.scorecard_code = grades.scorecard_code

),

shared as (

    select
        *,
        {{ share_with_remainder(
            'scored_people', 'floor_seats', 'remainder_seats',
            'plan_code, plan_version, scorecard_code, period, group_name', 'lower_score desc'
        ) }} as seat_count
    from seats

),

seated as (

    select
        *,
        sum(seat_count) over (
            partition by plan_code, plan_version, scorecard_code, period, group_name
            order by lower_score desc
            rows between unbounded preceding and current row
        ) as last_position
    from shared

),

graded as (

    select
        ranked.*,
        coalesce(seated.grade, grades.grade) as grade,
        coalesce(seated.coefficient, grades.coefficient) as coefficient,
        row_number() over (
            partition by ranked.employee_id, ranked.plan_code, ranked.scorecard_code, ranked.period
            order by grades.lower_score desc
        ) as place
    from ranked
    left join grades
        on
            ranked.plan_code = grades.plan_code
            and ranked.plan_version = grades.version
            and ranked.scorecard_code = grades.scorecard_code
            and ranked.score >= grades.lower_score
    left join seated
        on
            ranked.plan_code = seated.plan_code
            and ranked.plan_version = seated.plan_version
            and ranked.scorecard_code = seated.scorecard_code
            and ranked.period = seated.period
            and ranked.group_name = seated.group_name
            and ranked.grading = 'forced'
            and ranked.position > seated.last_position - seated.seat_count
            and ranked.position <= seated.last_position

),

final as (

    select
        graded.employee_id,
        graded.plan_code,
        graded.plan_version,
        graded.scorecard_code,
        graded.period,
        graded.period_start,
        graded.period_end,
        graded.score,
        graded.grade,
        graded.coefficient,
        case when graded.grading = 'forced' and graded.scored_people >= 5 then graded.position end as rank_position,
        case when graded.grading = 'forced' and graded.scored_people >= 5 then graded.scored_people end as ranked_people,
        days.active_days,
        {{ days_of_span('graded.period_start', 'graded.period_end') }} as period_days,
        cast({{ safe_ratio('days.active_days', days_of_span('graded.period_start', 'graded.period_end')) }} as decimal(18, 6))
            as proration,
        scorecards.bonus_base_amount,
        cast({{ from_units(
            divide_half_away(
                to_units('scorecards.bonus_base_amount', 2)
                ~ ' * ' ~ to_units('case when graded.employed_on_last_day and graded.leave_date < graded.period_end then 0 else coalesce(graded.coefficient, 0) end', 6)
                ~ ' * ' ~ whole_number('days.active_days'),
                days_of_span('graded.period_start', 'graded.period_end')
                ~ ' * '
                ~ whole_number('case when coalesce(currencies.minor_unit_digits, 2) = 0 then 100000000 else 1000000 end')
            ) ~ ' * case when coalesce(currencies.minor_unit_digits, 2) = 0 then 100 else 1 end', 2
        ) }} as decimal(18, 2)) as bonus_amount,
        graded.currency_code,
        coalesce(graded.employed_on_last_day and graded.leave_date < graded.period_end, false) as is_forfeited,
        graded.missing_data = 'hold' and graded.missing_count > 0 as is_held,
        case
            when graded.missing_data = 'hold' and graded.missing_count > 0
                then cast(graded.missing_count as varchar) || ' KPI of the card is missing and the card says hold (K1)'
            when graded.score is null then 'no KPI of the card could be measured (K1)'
            when graded.grade is null then 'the score is below the lowest grade (K2)'
            when graded.employed_on_last_day and graded.leave_date < graded.period_end
                then 'not employed on the last day of the period: no bonus (K3)'
        end as hold_reason
    from graded
    inner join scorecards
        on
            graded.plan_code = scorecards.plan_code
            and graded.plan_version = scorecards.version
            and graded.scorecard_code = scorecards.scorecard_code
    inner join days
        on
            graded.employee_id = days.employee_id
            and graded.plan_code = days.plan_code
            and graded.scorecard_code = days.scorecard_code
            and graded.period = days.period
    left join currencies on graded.currency_code = currencies.currency_code
    where graded.place = 1

)

select * from final
