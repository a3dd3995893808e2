-- The effective quota of a month: target x ramp x active days / days of the month (rules Q1, Q2, Q3, Q6). A
-- window's quota is the sum over its months, from `quota_units`, which are exact; `effective_quota` shows the
-- month's at scale 6.

with

months as (

    select * from {{ ref('int_plan_month') }}

),

targets as (

    select * from {{ ref('int_target') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

joined as (

    select
        months.employee_id,
        months.plan_code,
        months.plan_version,
        targets.kpi_code,
        months.month,
        months.month_start,
        months.month_days,
        months.active_days,
        months.tenure_month,
        months.ramp,
        targets.target_value,
        months.currency_code,
        {{ quota_units('targets.target_value', 'months.ramp', 'months.active_days', 'months.month_days') }} as quota_units
    from months
    inner join targets on months.employee_id = targets.employee_id and months.month = targets.month
    inner join kpis
        on targets.kpi_code = kpis.kpi_code and kpis.is_additive
    where not kpis.is_in_currency or targets.currency_code = months.currency_code

),

final as (

    select
        *,
        {{ quota_amount('quota_units') }} as effective_quota
    from joined

)

select * from final
