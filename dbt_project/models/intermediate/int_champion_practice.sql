-- What the champions of a role do differently: every KPI of the catalogue, of the champions and of the other ranked people of
-- the plan and period. A ratio is that of the group's sums, never an average of ratios; what adds up is divided by the people
-- of whom it is known.

with

ranked as (

    select * from {{ ref('int_leaderboard') }}
    where is_ranked

),

facts as (

    select * from {{ ref('int_kpi_employee_period') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

summed as (

    select
        ranked.plan_code,
        ranked.role,
        ranked.period_type,
        ranked.period,
        ranked.period_start,
        ranked.period_end,
        ranked.is_complete,
        facts.kpi_code,
        facts.currency_code,
        kpis.unit,
        kpis.direction,
        max(ranked.people_in_role) as people_in_role,
        count(case when ranked.is_champion then 1 end) as champions,
        cast(sum(case when ranked.is_champion then facts.numerator else 0 end) as decimal(24, 6)) as champion_numerator,
        cast(sum(case
            when not ranked.is_champion or facts.numerator is null then 0
            when kpis.is_additive then 1
            else coalesce(facts.denominator, 0)
        end) as decimal(24, 6)) as champion_denominator,
        count(case when not ranked.is_champion then 1 end) as others,
        cast(sum(case when not ranked.is_champion then facts.numerator else 0 end) as decimal(24, 6)) as other_numerator,
        cast(sum(case
            when ranked.is_champion or facts.numerator is null then 0
            when kpis.is_additive then 1
            else coalesce(facts.denominator, 0)
        end) as decimal(24, 6)) as other_denominator
    from ranked
    inner join facts
        on
            ranked.employee_id = facts.employee_id
            and ranked.period_type = facts.period_type
            and ranked.period = facts.period
    inner join kpis on facts.kpi_code = kpis.kpi_code
    group by
        ranked.plan_code,
        ranked.role,
        ranked.period_type,
        ranked.period,
        ranked.period_start,
        ranked.period_end,
        ranked.is_complete,
        facts.kpi_code,
        facts.currency_code,
        kpis.unit,
        kpis.direction

),

measured as (

    select
        *,
        cast({{ safe_ratio('champion_numerator', 'champion_denominator') }} as decimal(24, 6)) as champion_value,
        cast({{ safe_ratio('other_numerator', 'other_denominator') }} as decimal(24, 6)) as other_value
    from summed

),

judged as (

    select
        *,
        case
            when people_in_role < {{ fewest_ranked() }} then 'fewer than {{ fewest_ranked() }} people are ranked in the role'
            when champions < 2 then 'fewer than 2 champions have the KPI'
            when others < 2 then 'fewer than 2 others have the KPI'
            when champion_value is null then 'nothing to measure of the champions'
            when other_value is null then 'nothing to measure of the others'
        end as difference_reason
    from measured

),

final as (

    select
        plan_code || '|' || role || '|' || period || '|' || kpi_code || '|' || currency_code as champion_practice_id,
        plan_code,
        role,
        period_type,
        period,
        period_start,
        period_end,
        is_complete,
        kpi_code,
        currency_code,
        unit,
        direction,
        champions,
        champion_numerator,
        champion_denominator,
        champion_value,
        others,
        other_numerator,
        other_denominator,
        other_value,
        case when difference_reason is null then cast(champion_value - other_value as decimal(24, 6)) end as difference,
        difference_reason,
        case
            when difference_reason is not null or champion_value = other_value then null
            when direction = 'lower' then champion_value < other_value
            else champion_value > other_value
        end as is_better
    from judged

)

select * from final
