-- The windows in which pay is priced (rules T6, T5, Q5): those that have a line, and of an interpolated component every
-- finished one that has an active day, also without a sale. `index_period_start` is where the period begins that picks
-- the band.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

lines as (

    select * from {{ ref('int_credit_window') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

months as (

    select * from {{ ref('int_plan_month') }}

),

named as (

    select
        lines.payee_id,
        lines.plan_code,
        lines.plan_version,
        lines.component_code,
        lines.window_code,
        lines.currency_code,
        case
            when lines.accumulate <> 'deal' then {{ period_start('lines.accumulate', 'lines.event_date') }}
            else {{ month_start('lines.event_date') }}
        end as window_start,
        0 as active_days
    from lines
    union all
    select
        months.employee_id as payee_id,
        months.plan_code,
        months.plan_version,
        components.component_code,
        {{ period_code('components.accumulate', 'months.month_start') }} as window_code,
        months.currency_code,
        {{ period_start('components.accumulate', 'months.month_start') }} as window_start,
        months.active_days
    from months
    inner join components on months.plan_code = components.plan_code and months.plan_version = components.version
    inner join run on {{ period_end('components.accumulate', 'months.month_start') }} <= run.as_of_date
    where components.band_method = 'interpolated'

),

windows as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        min(currency_code) as currency_code,
        min(window_start) as window_start,
        sum(active_days) as active_days
    from named
    group by payee_id, plan_code, plan_version, component_code, window_code

),

final as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.currency_code,
        windows.window_start,
        case when components.accumulate <> 'deal' then {{ period_end('components.accumulate', 'windows.window_start') }} end
            as window_end,
        windows.active_days,
        components.kind,
        components.accumulate,
        components.band_method,
        components.index_measure,
        components.is_same_measure,
        components.index_offset,
        case
            when components.accumulate <> 'deal'
                then {{ add_months(
                    'windows.window_start', 'components.index_offset * ' ~ window_months('components.accumulate')
                ) }}
        end as index_period_start,
        components.quota_kpi_code,
        components.threshold_at,
        components.threshold_pays,
        components.rule_codes
    from windows
    inner join components
        on
            windows.plan_code = components.plan_code
            and windows.plan_version = components.version
            and windows.component_code = components.component_code

)

select * from final
