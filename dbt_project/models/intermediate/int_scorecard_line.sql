-- The lines of each scorecard of a finished period (rule K1): attainment capped, weighted; what a missing KPI
-- does is the card's choice. The card is that of the version of the person's last active day in the period.

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

    select * from {{ ref('int_kpi_employee_period') }}

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

-- Months tell which versions were active in the period; the assignment's last day tells which one came last.
cards as (

    select distinct
        months.employee_id,
        months.plan_code,
        months.plan_version,
        months.currency_code,
        scorecards.scorecard_code,
        scorecards.frequency,
        scorecards.missing_data,
        {{ period_code('scorecards.frequency', 'months.month_start') }} as period,
        {{ period_start('scorecards.frequency', 'months.month_start') }} as period_start,
        {{ period_end('scorecards.frequency', 'months.month_start') }} as period_end
    from months
    inner join scorecards
        on months.plan_code = scorecards.plan_code and months.plan_version = scorecards.version

),

dated as (

    select
        cards.*,
        row_number() over (
            partition by cards.employee_id, cards.plan_code, cards.scorecard_code, cards.period
            order by least(assignments.active_end, cards.period_end) desc, cards.plan_version desc
        ) as place
    from cards
    cross join run
    inner join assignments
        on
            cards.employee_id = assignments.employee_id
            and cards.plan_code = assignments.plan_code
            and cards.plan_version = assignments.plan_version
            and cards.period_end >= assignments.active_start
            and cards.period_start <= assignments.active_end
    where cards.period_end <= run.as_of_date

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
        facts.actual_value,
        facts.target_value,
        facts.attainment,
        coalesce(facts.attainment_reason, case when facts.employee_id is null then 'not measured' end) as missing_reason,
        case kpis.direction
            when 'lower' then greatest(2 - facts.attainment, 0)
            else facts.attainment
        end as curved_attainment
    from dated
    inner join scorecard_kpis
        on
            dated.plan_code = scorecard_kpis.plan_code
            and dated.plan_version = scorecard_kpis.version
            and dated.scorecard_code = scorecard_kpis.scorecard_code
    inner join kpis on scorecard_kpis.kpi_code = kpis.kpi_code
    left join facts
        on
            dated.employee_id = facts.employee_id
            and scorecard_kpis.kpi_code = facts.kpi_code
            and dated.frequency = facts.period_type
            and dated.period = facts.period
            and case when kpis.is_in_currency then dated.currency_code else '' end = facts.currency_code
    where dated.place = 1

),

capped as (

    select
        *,
        case
            when attainment is not null then cast(least(curved_attainment, cap) as decimal(18, 6))
            when missing_data = 'zero' then cast(0 as decimal(18, 6))
        end as capped_attainment
    from valued

),

weighed as (

    select
        *,
        sum(case when capped_attainment is not null then weight else 0 end) over (
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
            when capped_attainment is null then 0
            else {{ safe_ratio('weight', 'weight_present') }}
        end as decimal(9, 6)) as effective_weight,
        weight_present,
        actual_value,
        target_value,
        attainment,
        capped_attainment,
        cast({{ safe_ratio(
            'weight * capped_attainment',
            "case when missing_data = 'reweight' then weight_present else 1 end",
            numerator_scale=12
        ) }} as decimal(18, 6))
            as line_score,
        missing_reason
    from weighed

)

select * from final
