-- Score, grade, coefficient and bonus of each finished scorecard (rules K1 to K3). The score is formed at scale
-- 6 and graded in that form; bonus = base x coefficient x share of the period's days that were active, rounded
-- once.

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

graded as (

    select
        scored.*,
        grades.grade,
        grades.coefficient,
        row_number() over (
            partition by scored.employee_id, scored.plan_code, scored.scorecard_code, scored.period
            order by grades.lower_score desc
        ) as place
    from scored
    left join grades
        on
            scored.plan_code = grades.plan_code
            and scored.plan_version = grades.version
            and scored.scorecard_code = grades.scorecard_code
            and scored.score >= grades.lower_score

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
        days.active_days,
        {{ days_of_span('graded.period_start', 'graded.period_end') }} as period_days,
        cast({{ safe_ratio('days.active_days', days_of_span('graded.period_start', 'graded.period_end')) }} as decimal(18, 6))
            as proration,
        scorecards.bonus_base_amount,
        cast({{ from_units(
            divide_half_away(
                to_units('scorecards.bonus_base_amount', 2)
                ~ ' * ' ~ to_units('coalesce(graded.coefficient, 0)', 6)
                ~ ' * ' ~ whole_number('days.active_days'),
                days_of_span('graded.period_start', 'graded.period_end')
                ~ ' * '
                ~ whole_number('case when coalesce(currencies.minor_unit_digits, 2) = 0 then 100000000 else 1000000 end')
            ) ~ ' * case when coalesce(currencies.minor_unit_digits, 2) = 0 then 100 else 1 end', 2
        ) }} as decimal(18, 2)) as bonus_amount,
        graded.currency_code,
        graded.missing_data = 'hold' and graded.missing_count > 0 as is_held,
        case
            when graded.missing_data = 'hold' and graded.missing_count > 0
                then cast(graded.missing_count as varchar) || ' KPI of the card is missing and the card says hold (K1)'
            when graded.score is null then 'no KPI of the card could be measured (K1)'
            when graded.grade is null then 'the score is below the lowest grade (K2)'
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
