-- What picks the band of each window (rules T2, Q4): the index of the whole window, its quota and attainment. The quota
-- of another period is that period's over every version of the plan. Without a quota there is no attainment, with the
-- reason.

with

windows as (

    select * from {{ ref('int_window') }}

),

index_months as (

    select * from {{ ref('int_index_month') }}

),

window_quotas as (

    select * from {{ ref('int_window_quota') }}

),

quotas as (

    select * from {{ ref('int_effective_quota') }}

),

totals as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        sum(index_amount) as index_amount
    from index_months
    group by payee_id, plan_code, plan_version, component_code, window_code

),

shifted_quotas as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        sum(quotas.quota_units) as quota_units
    from windows
    inner join quotas
        on
            windows.payee_id = quotas.employee_id
            and windows.plan_code = quotas.plan_code
            and windows.quota_kpi_code = quotas.kpi_code
            and windows.index_period_start = {{ period_start('windows.accumulate', 'quotas.month_start') }}
    where windows.index_offset <> 0
    group by windows.payee_id, windows.plan_code, windows.plan_version, windows.component_code, windows.window_code

),

measured as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.currency_code,
        windows.window_start,
        windows.window_end,
        windows.active_days,
        windows.kind,
        windows.accumulate,
        windows.band_method,
        windows.index_measure,
        windows.is_same_measure,
        windows.index_offset,
        windows.quota_kpi_code,
        windows.threshold_at,
        windows.threshold_pays,
        windows.rule_codes,
        cast(coalesce(totals.index_amount, 0) as decimal(18, 6)) as index_value,
        case when windows.index_offset = 0 then window_quotas.quota_units else shifted_quotas.quota_units end as quota_units,
        case
            when windows.index_offset = 0 then window_quotas.effective_quota
            else {{ quota_amount('shifted_quotas.quota_units') }}
        end as effective_quota
    from windows
    left join totals
        on
            windows.payee_id = totals.payee_id
            and windows.plan_code = totals.plan_code
            and windows.plan_version = totals.plan_version
            and windows.component_code = totals.component_code
            and windows.window_code = totals.window_code
    left join window_quotas
        on
            windows.payee_id = window_quotas.employee_id
            and windows.plan_code = window_quotas.plan_code
            and windows.plan_version = window_quotas.plan_version
            and windows.component_code = window_quotas.component_code
            and windows.window_code = window_quotas.window_code
    left join shifted_quotas
        on
            windows.payee_id = shifted_quotas.payee_id
            and windows.plan_code = shifted_quotas.plan_code
            and windows.plan_version = shifted_quotas.plan_version
            and windows.component_code = shifted_quotas.component_code
            and windows.window_code = shifted_quotas.window_code

),

final as (

    select
        *,
        cast({{ safe_ratio('index_value', 'effective_quota') }} as decimal(18, 6)) as attainment,
        case
            when quota_kpi_code is null or accumulate = 'deal' then 'the component has no quota'
            when effective_quota is null then 'no target'
            when effective_quota <= 0 then 'the quota is 0'
        end as attainment_reason,
        case
            when threshold_at is null then null
            when index_measure = 'amount' then threshold_at
            when effective_quota > 0 then {{ quota_bound('threshold_at', 'quota_units') }}
        end as threshold_amount
    from measured

)

select * from final
