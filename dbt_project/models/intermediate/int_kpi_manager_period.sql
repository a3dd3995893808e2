-- KPIs of the teams that a person manages, by period, for cards that name `team:<kpi>` (rule K1). A person manages the
-- teams of those who report directly to them on the period's last day, or on their own last day in it. Numerators,
-- denominators and targets are added up over the teams; ratios are never averaged.

with

employees as (

    select * from {{ ref('int_employee') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

periods as (

    select * from {{ ref('int_kpi_period') }}

),

memberships as (

    select * from {{ ref('int_employee_team') }}

),

facts as (

    select * from {{ ref('int_kpi_team_period') }}

),

managed as (

    select distinct
        employees.employee_id,
        memberships.team,
        periods.period_type,
        periods.period
    from employees
    inner join memberships
        on employees.employee_id = memberships.manager_id and memberships.team is not null
    inner join periods
        on
            coalesce(employees.leave_date, periods.period_start) >= periods.period_start
            and least(periods.period_end, coalesce(employees.leave_date, periods.period_end))
            between memberships.valid_from and memberships.valid_to

),

summed as (

    select
        managed.employee_id,
        managed.period_type,
        managed.period,
        facts.kpi_code,
        facts.currency_code,
        sum(facts.numerator) as numerator,
        sum(facts.denominator) as denominator,
        sum(facts.target_value) as target_value
    from managed
    inner join facts
        on
            managed.team = facts.team
            and managed.period_type = facts.period_type
            and managed.period = facts.period
    group by
        managed.employee_id,
        managed.period_type,
        managed.period,
        facts.kpi_code,
        facts.currency_code

),

valued as (

    select
        summed.*,
        cast(
            case
                when kpis.is_additive then summed.numerator
                else {{ safe_ratio('summed.numerator', 'summed.denominator') }}
            end as decimal(24, 6)
        ) as actual_value
    from summed
    inner join kpis on summed.kpi_code = kpis.kpi_code

),

final as (

    select
        employee_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        actual_value,
        cast(target_value as decimal(24, 6)) as target_value,
        case
            when target_value is null then 'the team has no target'
            when target_value <= 0 then 'the target is not above 0'
            when actual_value is null then 'nothing to measure: the denominator is not above 0'
        end as attainment_reason
    from valued

)

select * from final
