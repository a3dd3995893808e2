-- The yearly appraisal, made of the periods that the person had a card for. The year's score is the sum of score x active
-- days / the active days of the periods scored, at scale 6, never an average of scores. It is graded by the bands of the
-- plan version of the year's last card; a card by the year keeps the score and grade that it has, by rank too. A period
-- inside a longer one of the same card, as where a new version asks by the quarter, counts with its bonus alone.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

results as (

    select * from {{ ref('int_appraisal_result') }}

),

scorecards as (

    select * from {{ ref('stg_plan__scorecard') }}

),

grades as (

    select * from {{ ref('stg_plan__grade_band') }}

),

cards as (

    select
        results.employee_id,
        results.plan_code,
        results.plan_version,
        results.scorecard_code,
        results.currency_code,
        {{ year_code('results.period_end') }} as year,
        {{ year_end('results.period_end') }} as year_end,
        results.period,
        results.period_end,
        results.score,
        results.grade,
        results.active_days,
        results.period_days,
        results.bonus_amount,
        results.is_forfeited,
        scorecards.frequency = 'year' as is_yearly,
        coalesce(
            results.period_end > max(results.period_end) over (
                partition by
                    results.employee_id,
                    results.plan_code,
                    results.scorecard_code,
                    results.currency_code,
                    {{ year_code('results.period_end') }}
                order by results.period_start asc, results.period_end desc
                rows between unbounded preceding and 1 preceding
            ), true
        ) as is_counted
    from results
    inner join scorecards
        on
            results.plan_code = scorecards.plan_code
            and results.plan_version = scorecards.version
            and results.scorecard_code = scorecards.scorecard_code

),

counted as (

    select
        *,
        case when is_counted then score end as counted_score
    from cards

),

placed as (

    select
        *,
        row_number() over (
            partition by employee_id, plan_code, scorecard_code, currency_code, year
            order by is_counted desc, period_end desc
        ) as place_from_last,
        row_number() over (
            partition by employee_id, plan_code, scorecard_code, currency_code, year
            order by counted_score desc nulls last, period_end asc
        ) as place_from_best,
        row_number() over (
            partition by employee_id, plan_code, scorecard_code, currency_code, year
            order by counted_score nulls last, period_end
        ) as place_from_worst
    from counted

),

summed as (

    select
        employee_id,
        plan_code,
        scorecard_code,
        currency_code,
        year,
        max(year_end) as year_end,
        max(case when place_from_last = 1 then plan_version end) as plan_version,
        max(case when place_from_last = 1 and is_yearly then 1 else 0 end) = 1 as is_yearly,
        max(case when place_from_last = 1 and is_yearly then score end) as own_score,
        max(case when place_from_last = 1 and is_yearly then grade end) as own_grade,
        max(case when place_from_best = 1 and counted_score is not null then period end) as best_period,
        max(counted_score) as best_score,
        max(case when place_from_worst = 1 and counted_score is not null then period end) as worst_period,
        min(counted_score) as worst_score,
        min(case when is_counted and score is null then period end) as first_unscored_period,
        cast(sum(case when is_counted then 1 else 0 end) as bigint) as periods,
        cast(count(counted_score) as bigint) as periods_scored,
        cast(sum(case when is_forfeited then 1 else 0 end) as bigint) as periods_forfeited,
        cast(sum(case when is_counted then active_days else 0 end) as bigint) as active_days,
        cast(sum(case when is_counted then period_days else 0 end) as bigint) as period_days,
        cast(sum(case when counted_score is not null then active_days else 0 end) as bigint) as scored_days,
        sum({{ to_units('coalesce(counted_score, 0)', 6) }} * {{ whole_number('active_days') }}) as score_units,
        cast(sum(bonus_amount) as decimal(18, 2)) as bonus_amount
    from placed
    group by employee_id, plan_code, scorecard_code, currency_code, year

),

scored as (

    select
        *,
        cast({{ from_units('score_units', 6) }} as decimal(24, 6)) as score_days,
        cast(
            case
                when is_yearly then own_score
                when scored_days > 0 then {{ from_units(divide_half_away('score_units', whole_number('scored_days')), 6) }}
            end as decimal(18, 6)
        ) as year_score
    from summed

),

graded as (

    select
        scored.*,
        case when scored.is_yearly then scored.own_grade else grades.grade end as grade,
        row_number() over (
            partition by
                scored.employee_id, scored.plan_code, scored.scorecard_code, scored.currency_code, scored.year
            order by grades.lower_score desc nulls last
        ) as place
    from scored
    left join grades
        on
            scored.plan_code = grades.plan_code
            and scored.plan_version = grades.version
            and scored.scorecard_code = grades.scorecard_code
            and scored.year_score >= grades.lower_score

),

judged as (

    select
        graded.*,
        graded.year_end <= run.as_of_date as is_over,
        graded.periods - graded.periods_scored as unscored
    from graded
    cross join run
    where graded.place = 1

),

final as (

    select
        employee_id,
        plan_code,
        plan_version,
        scorecard_code,
        year,
        currency_code,
        periods,
        periods_scored,
        periods_forfeited,
        active_days,
        period_days,
        scored_days,
        score_days,
        year_score,
        grade,
        best_period,
        best_score,
        worst_period,
        worst_score,
        bonus_amount,
        is_over and unscored = 0 as is_complete,
        trim(
            case when is_over then '' else 'The year is not over. ' end
            || case
                when unscored = 0 then ''
                else
                    cast(unscored as varchar) || ' of ' || cast(periods as varchar) || ' periods without a score, first '
                    || first_unscored_period || '. '
            end
            || case when unscored = 0 and year_score is null then 'No active day in the periods scored. ' else '' end
            || case when year_score is not null and grade is null then 'The score is below the lowest grade (K2).' else '' end
        ) as reason_en,
        case when is_over then '' else '年度尚未结束。' end
        || case
            when unscored = 0 then ''
            else
                cast(periods as varchar) || ' 个考核期中有 ' || cast(unscored as varchar) || ' 个没有得分，最早为 '
                || first_unscored_period || '。'
        end
        || case when unscored = 0 and year_score is null then '有得分的考核期内没有在岗天数。' else '' end
        || case when year_score is not null and grade is null then '得分低于最低等级（K2）。' else '' end as reason_zh
    from judged

)

select * from final
