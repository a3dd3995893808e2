-- What the effective quota of a month is made of (rules Q1, Q5): each target that was the person's for some of its days. Most
-- months have one; where a plan's quotas change with the team or the period inside the month, each has a row.

with

quotas as (

    select * from {{ ref('int_effective_quota') }}

),

plan_quotas as (

    select * from {{ ref('int_plan_quota') }}

),

final as (

    select
        quotas.employee_id,
        quotas.plan_code,
        quotas.plan_version,
        quotas.kpi_code,
        quotas.month,
        row_number() over (
            partition by quotas.employee_id, quotas.plan_code, quotas.plan_version, quotas.kpi_code, quotas.month
            order by plan_quotas.period, plan_quotas.quota
        ) as segment_no,
        quotas.month_start,
        quotas.ramp,
        coalesce(plan_quotas.quota, quotas.target_value) as target_value,
        cast(coalesce(plan_quotas.active_days, quotas.counted_days) as bigint) as counted_days,
        cast(coalesce(plan_quotas.period_days, quotas.period_days) as bigint) as period_days,
        case
            when plan_quotas.quota is null then quotas.effective_quota
            else {{ quota_amount(
                quota_units('plan_quotas.quota', 'quotas.ramp', 'plan_quotas.active_days', 'plan_quotas.period_days')
            ) }}
        end as effective_quota
    from quotas
    left join plan_quotas
        on
            quotas.employee_id = plan_quotas.employee_id
            and quotas.plan_code = plan_quotas.plan_code
            and quotas.plan_version = plan_quotas.plan_version
            and quotas.kpi_code = plan_quotas.kpi_code
            and quotas.month = plan_quotas.month

)

select * from final
