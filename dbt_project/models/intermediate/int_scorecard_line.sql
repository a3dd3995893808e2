-- The lines of each scorecard of a finished period (rule K1): attainment by the KPI's direction, along the card's
-- curve, capped, weighted; what a missing KPI does is the card's choice. A KPI `mbo:<objective>` is a manager's
-- rating, `team:<kpi>` that of the teams that the person manages.
-- The cards of a period are those of the version of the person's last active day in it.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

months as (

    select * from {{ ref('int_plan_month') }}

),

scorecards as (

    select * from {{ ref('stg_plan__scorecard') }}

),

scorecard_kpis as (

    select * from {{ ref('stg_plan__scorecard_kpi') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

facts as (

    select
        employee_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        actual_value,
        target_value,
        attainment_reason
    from {{ ref('int_kpi_employee_period') }}
    union all
    select
        employee_id,
        'team:' || kpi_code as kpi_code,
        period_type,
        period,
        currency_code,
        actual_value,
        target_value,
        attainment_reason
    from {{ ref('int_kpi_manager_period') }}

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

frequencies as (

    select distinct frequency from scorecards

),

-- Months tell which versions were active in the period; the assignment's last day tells which one came last.
active as (

    select distinct
        months.employee_id,
        months.plan_code,
        months.plan_version,
        months.currency_code,
        frequencies.frequency,
        {{ period_code('frequencies.frequency', 'months.month_start') }} as period,
        {{ period_start('frequencies.frequency', 'months.month_start') }} as period_start,
        {{ period_end('frequencies.frequency', 'months.month_start') }} as period_end
    from months
    cross join frequencies

),

last_versions as (

    select
        active.*,
        row_number() over (
            partition by active.employee_id, active.plan_code, active.frequency, active.period
            order by least(assignments.active_end, active.period_end) desc, active.plan_version desc
        ) as place
    from active
    cross join run
    inner join assignments
        on
            active.employee_id = assignments.employee_id
            and active.plan_code = assignments.plan_code
            and active.plan_version = assignments.plan_version
            and active.period_end >= assignments.active_start
            and active.period_start <= assignments.active_end
    where active.period_end <= run.as_of_date

),

dated as (

    select
        last_versions.*,
        scorecards.scorecard_code,
        scorecards.missing_data
    from last_versions
    inner join scorecards
        on
            last_versions.plan_code = scorecards.plan_code
            and last_versions.plan_version = scorecards.version
            and last_versions.frequency = scorecards.frequency
    where last_versions.place = 1

),

ratings as (

    select * from {{ ref('int_rating') }}

),

curve_points as (

    select
        *,
        lead(at_attainment) over (
            partition by plan_code, version, scorecard_code, kpi_code order by point_no
        ) as next_attainment,
        lead(score) over (partition by plan_code, version, scorecard_code, kpi_code order by point_no) as next_score
    from {{ ref('stg_plan__scorecard_curve_point') }}

),

curves as (

    select
        plan_code,
        version,
        scorecard_code,
        kpi_code
    from curve_points
    group by plan_code, version, scorecard_code, kpi_code

),

valued as (

    select
        dated.employee_id,
        dated.plan_code,
        dated.plan_version,
        dated.currency_code,
        dated.scorecard_code,
        dated.period,
        dated.period_start,
        dated.period_end,
        dated.missing_data,
        scorecard_kpis.kpi_code,
        scorecard_kpis.weight,
        scorecard_kpis.cap,
        scorecard_kpis.direction,
        scorecard_kpis.low,
        scorecard_kpis.high,
        curves.kpi_code is not null as has_curve,
        cast(coalesce(ratings.rating, facts.actual_value) as decimal(24, 6)) as actual_value,
        cast(case when ratings.rating is not null then 1 else facts.target_value end as decimal(24, 6)) as target_value,
        case
            when scorecard_kpis.kpi_code like 'mbo:%' then case when ratings.rating is null then 'not rated' end
            when facts.employee_id is null and scorecard_kpis.kpi_code like 'team:%' then 'manages no team'
            when facts.employee_id is null then 'not measured'
            else facts.attainment_reason
        end as fact_reason
    from dated
    inner join scorecard_kpis
        on
            dated.plan_code = scorecard_kpis.plan_code
            and dated.plan_version = scorecard_kpis.version
            and dated.scorecard_code = scorecard_kpis.scorecard_code
    left join kpis on scorecard_kpis.kpi_code in (kpis.kpi_code, 'team:' || kpis.kpi_code)
    left join curves
        on
            scorecard_kpis.plan_code = curves.plan_code
            and scorecard_kpis.version = curves.version
            and scorecard_kpis.scorecard_code = curves.scorecard_code
            and scorecard_kpis.kpi_code = curves.kpi_code
    left join facts
        on
            dated.employee_id = facts.employee_id
            and scorecard_kpis.kpi_code = facts.kpi_code
            and dated.frequency = facts.period_type
            and dated.period = facts.period
            and case when kpis.is_in_currency then dated.currency_code else '' end = facts.currency_code
    left join ratings
        on
            dated.employee_id = ratings.employee_id
            and dated.period = ratings.period
            and scorecard_kpis.kpi_code = 'mbo:' || ratings.objective_code

),

attained as (

    select
        *,
        cast(
            case
                when direction = 'range' and actual_value < low then {{ safe_ratio('actual_value', 'low') }}
                when direction = 'range' and actual_value > high and high > 0
                    then greatest({{ safe_ratio('2 * high - actual_value', 'high') }}, 0)
                when direction = 'range' and actual_value > high then null
                when direction = 'range' and actual_value is not null then 1
                when direction = 'range' then null
                when direction = 'lower' and (actual_value is null or target_value is null or target_value <= 0) then null
                when direction = 'lower' then greatest({{ safe_ratio('2 * target_value - actual_value', 'target_value') }}, 0)
                else {{ safe_ratio('actual_value', 'target_value') }}
            end as decimal(18, 6)
        ) as attainment
    from valued

),

-- Below its first point a curve is 0, after its last it is flat; in between it is straight.
curved as (

    select
        attained.*,
        case
            when attained.attainment is null then null
            when not attained.has_curve then cast(attained.attainment as decimal(24, 18))
            when curve_points.kpi_code is null then cast(0 as decimal(24, 18))
            when curve_points.next_attainment is null then cast(curve_points.score as decimal(24, 18))
            else cast(
                cast(curve_points.score as decimal(24, 18))
                + {{ from_units(
                    divide_half_away(
                        to_units('(curve_points.next_score - curve_points.score)', 6)
                        ~ ' * ' ~ to_units('(attained.attainment - curve_points.at_attainment)', 6)
                        ~ ' * ' ~ whole_number('1000000000000'),
                        to_units('(curve_points.next_attainment - curve_points.at_attainment)', 6)
                    ), 18
                ) }} as decimal(24, 18)
            )
        end as curved_score
    from attained
    left join curve_points
        on
            attained.plan_code = curve_points.plan_code
            and attained.plan_version = curve_points.version
            and attained.scorecard_code = curve_points.scorecard_code
            and attained.kpi_code = curve_points.kpi_code
            and attained.attainment >= curve_points.at_attainment
            and (curve_points.next_attainment is null or attained.attainment < curve_points.next_attainment)

),

capped as (

    select
        *,
        case when attainment is null then coalesce(fact_reason, 'it can not be told') end as missing_reason,
        case
            when curved_score is not null then cast(least(curved_score, cap) as decimal(24, 18))
            when missing_data = 'zero' then cast(0 as decimal(24, 18))
        end as capped_score
    from curved

),

weighed as (

    select
        *,
        sum(case when capped_score is not null then weight else 0 end) over (
            partition by employee_id, plan_code, scorecard_code, period
        ) as weight_present
    from capped

),

final as (

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
        kpi_code,
        weight,
        cast(case
            when missing_data <> 'reweight' then weight
            when capped_score is null then 0
            else {{ safe_ratio('weight', 'weight_present') }}
        end as decimal(9, 6)) as effective_weight,
        weight_present,
        actual_value,
        target_value,
        attainment,
        cap,
        cast(round(capped_score, 6) as decimal(18, 6)) as capped_attainment,
        cast(round(weight * capped_score, 12) as decimal(24, 12)) as weighted_score,
        cast({{ safe_ratio(
            'round(weight * capped_score, 12)',
            "case when missing_data = 'reweight' then weight_present else 1 end",
            numerator_scale=12
        ) }} as decimal(18, 6))
            as line_score,
        missing_reason
    from weighed

)

select * from final
