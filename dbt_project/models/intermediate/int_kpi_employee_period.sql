-- KPIs by person and period: every person who was there has a row for each KPI that is measured at all and period, even
-- when nothing happened. A period's target is the sum of its months' for what adds up, and the last month's for a
-- ratio or a state.

with

employees as (

    select * from {{ ref('int_employee') }}

),

currencies as (

    select * from {{ ref('int_employee_currency') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

periods as (

    select * from {{ ref('int_kpi_period') }}

),

kpi_sums as (

    select * from {{ ref('int_kpi_sum') }}

),

months_of_targets as (

    select * from {{ ref('int_target') }}

),

sums as (

    select
        employee_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        cast(sum(numerator) as decimal(24, 6)) as numerator,
        cast(sum(denominator) as decimal(24, 6)) as denominator
    from kpi_sums
    group by employee_id, kpi_code, period_type, period, currency_code

),

dated_targets as (

    select
        months_of_targets.employee_id,
        months_of_targets.kpi_code,
        periods.period_type,
        periods.period,
        case
            when not kpis.is_in_currency then ''
            when kpis.unit <> 'money' then currencies.currency_code
            else months_of_targets.currency_code
        end as currency_code,
        months_of_targets.target_value,
        kpis.is_additive and not kpis.is_state as is_summed,
        row_number() over (
            partition by
                months_of_targets.employee_id, months_of_targets.kpi_code, periods.period_type, periods.period,
                months_of_targets.currency_code
            order by months_of_targets.month desc
        ) as place
    from months_of_targets
    inner join kpis on months_of_targets.kpi_code = kpis.kpi_code
    inner join currencies on months_of_targets.employee_id = currencies.employee_id
    inner join periods on months_of_targets.month_start between periods.period_start and periods.period_end

),

targets as (

    select
        employee_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        case when max(is_summed) then sum(target_value) else max(case when place = 1 then target_value end) end as target_value
    from dated_targets
    where currency_code is not null
    group by employee_id, kpi_code, period_type, period, currency_code

),

frames as (

    select
        employees.employee_id,
        kpis.kpi_code,
        periods.period_type,
        periods.period,
        case when kpis.is_in_currency then currencies.currency_code else '' end as currency_code
    from employees
    cross join kpis
    inner join periods
        on
            coalesce(employees.hire_date, periods.period_end) <= periods.period_end
            and coalesce(employees.leave_date, periods.period_start) >= periods.period_start
    inner join currencies on employees.employee_id = currencies.employee_id

),

{{ kpi_facts('employee_id', 'frames', 'sums', 'targets') }}

select * from final
