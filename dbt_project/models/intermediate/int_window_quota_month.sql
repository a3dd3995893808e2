-- The months that make up the quota of each window (rules Q1, Q5, T6), and the segments of a month, with what each share
-- is made of: days of it that are active, and days of the period that the target is of.

with

components as (

    select * from {{ ref('stg_plan__component') }}

),

quotas as (

    select * from {{ ref('int_quota_segment') }}

),

final as (

    select
        quotas.employee_id,
        quotas.plan_code,
        quotas.plan_version,
        components.component_code,
        {{ period_code('components.accumulate', 'quotas.month_start') }} as window_code,
        quotas.month,
        quotas.segment_no,
        quotas.target_value,
        quotas.ramp,
        quotas.counted_days as active_days,
        quotas.period_days as month_days,
        quotas.effective_quota
    from quotas
    inner join components
        on
            quotas.plan_code = components.plan_code
            and quotas.plan_version = components.version
            and quotas.kpi_code = components.quota_kpi_code
            and components.accumulate <> 'deal'

)

select * from final
