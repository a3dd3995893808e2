-- KPI figures that can be compared: of periods that are over, of people who were there from the first day to the last, and
-- not before the first month in which the warehouse knows anything of the KPI. A half-known period is no baseline.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

facts as (

    select * from {{ ref('int_kpi_employee_period') }}
    where period_type in ('month', 'quarter', 'year')

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

beginnings as (

    select
        kpi_code,
        {{ month_start('min(event_date)') }} as first_day
    from {{ ref('int_kpi_measure') }}
    group by kpi_code

),

final as (

    select
        facts.employee_id,
        employees.role,
        facts.kpi_code,
        facts.period_type,
        facts.period,
        facts.currency_code,
        facts.period_start,
        facts.period_end,
        facts.numerator,
        facts.denominator,
        facts.actual_value
    from facts
    inner join employees on facts.employee_id = employees.employee_id
    inner join beginnings on facts.kpi_code = beginnings.kpi_code
    where
        facts.period_end <= (select run.as_of_date from run)
        and facts.period_start >= beginnings.first_day
        and employees.hire_date <= facts.period_start
        and coalesce(employees.leave_date, facts.period_end) >= facts.period_end

)

select * from final
