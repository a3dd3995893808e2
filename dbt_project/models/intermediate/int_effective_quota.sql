-- The effective quota of a month: target x ramp x active days / days of the target's period (rules Q1, Q2, Q3, Q6).
-- HR's targets are of months; a plan's own quotas are of months, quarters or years, and each calendar month's days
-- carry their own ramp. A window's quota is the sum over its months, from `quota_units`, which are exact;
-- `effective_quota` shows the month's at scale 6.

with

months as (

    select * from {{ ref('int_plan_month') }}

),

targets as (

    select * from {{ ref('int_target') }}

),

plan_quotas as (

    select * from {{ ref('int_plan_quota') }}

),

kpis as (

    select kpi_code
    from {{ ref('kpis') }}
    where is_additive
    {% for basis in ['booked', 'invoiced', 'collected'] %}
    {% for measure in ['margin', 'units', 'count'] %}
    union all
    select '{{ basis }}_{{ measure }}' as kpi_code
    {% endfor %}
    {% endfor %}

),

told as (

    select
        months.employee_id,
        months.plan_code,
        months.plan_version,
        targets.kpi_code,
        months.month,
        targets.target_value,
        months.active_days,
        months.month_days as period_days,
        {{ quota_units('targets.target_value', 'months.ramp', 'months.active_days', 'months.month_days') }} as quota_units
    from months
    inner join targets on months.employee_id = targets.employee_id and months.month = targets.month
    inner join kpis on targets.kpi_code = kpis.kpi_code
    where {{ is_money_kpi('targets.kpi_code') }} is false or targets.currency_code = months.currency_code
    union all
    select
        months.employee_id,
        months.plan_code,
        months.plan_version,
        plan_quotas.kpi_code,
        months.month,
        plan_quotas.quota as target_value,
        plan_quotas.active_days,
        plan_quotas.period_days,
        {{ quota_units('plan_quotas.quota', 'months.ramp', 'plan_quotas.active_days', 'plan_quotas.period_days') }}
            as quota_units
    from months
    inner join plan_quotas
        on
            months.employee_id = plan_quotas.employee_id
            and months.plan_code = plan_quotas.plan_code
            and months.plan_version = plan_quotas.plan_version
            and months.month = plan_quotas.month

),

summed as (

    select
        employee_id,
        plan_code,
        plan_version,
        kpi_code,
        month,
        max(target_value) as target_value,
        sum(active_days) as counted_days,
        max(period_days) as period_days,
        sum(quota_units) as quota_units
    from told
    group by employee_id, plan_code, plan_version, kpi_code, month

),

final as (

    select
        summed.employee_id,
        summed.plan_code,
        summed.plan_version,
        summed.kpi_code,
        summed.month,
        months.month_start,
        months.month_days,
        months.active_days,
        months.tenure_month,
        months.ramp,
        summed.target_value,
        cast(summed.counted_days as bigint) as counted_days,
        cast(summed.period_days as bigint) as period_days,
        months.currency_code,
        summed.quota_units,
        {{ quota_amount('summed.quota_units') }} as effective_quota
    from summed
    inner join months
        on
            summed.employee_id = months.employee_id
            and summed.plan_code = months.plan_code
            and summed.plan_version = months.plan_version
            and summed.month = months.month

)

select * from final
