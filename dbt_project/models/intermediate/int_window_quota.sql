-- The quota of each window in which a component accumulates (rules Q4, Q5, T6). A window has its whole quota
-- from its first day; another plan version starts its own window.

with

components as (

    select * from {{ ref('stg_plan__component') }}

),

quotas as (

    select * from {{ ref('int_effective_quota') }}

),

final as (

    select
        quotas.employee_id,
        quotas.plan_code,
        quotas.plan_version,
        components.component_code,
        {{ period_code('components.accumulate', 'quotas.month_start') }} as window_code,
        sum(quotas.quota_units) as quota_units,
        {{ quota_amount('sum(quotas.quota_units)') }} as effective_quota
    from quotas
    inner join components
        on
            quotas.plan_code = components.plan_code
            and quotas.plan_version = components.version
            and quotas.kpi_code = components.quota_kpi_code
            and components.accumulate <> 'deal'
    group by
        quotas.employee_id,
        quotas.plan_code,
        quotas.plan_version,
        components.component_code,
        {{ period_code('components.accumulate', 'quotas.month_start') }}

)

select * from final
