-- The months that make up the quota of the other period that picks the band of a window (rules T2, Q1, Q5): that whole
-- period over every version of the plan.

with

windows as (

    select * from {{ ref('int_window') }}
    where index_offset <> 0

),

quotas as (

    select * from {{ ref('int_quota_segment') }}

),

final as (

    select
        windows.payee_id as employee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        quotas.month,
        quotas.segment_no,
        quotas.plan_version as quota_version,
        quotas.target_value,
        quotas.ramp,
        quotas.counted_days as active_days,
        quotas.period_days as month_days,
        quotas.effective_quota
    from windows
    inner join quotas
        on
            windows.payee_id = quotas.employee_id
            and windows.plan_code = quotas.plan_code
            and windows.quota_kpi_code = quotas.kpi_code
            and windows.index_period_start = {{ period_start('windows.accumulate', 'quotas.month_start') }}

)

select * from final
