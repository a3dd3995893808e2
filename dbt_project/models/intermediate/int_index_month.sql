-- What each window's index gained in which month (rules T2, M4): its own base, or the measure that picks the band. An
-- index of the same period is of the window's own plan version, one of another period is that whole period over every
-- version of the plan, and is there from the window's first month on.

with

lines as (

    select * from {{ ref('int_credit_window') }}

),

index_lines as (

    select * from {{ ref('int_component_credit') }}
    where purpose = 'index'

),

credit_factors as (

    select * from {{ ref('int_credit_factor') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

windows as (

    select * from {{ ref('int_window') }}

),

counted as (

    select
        index_lines.payee_id,
        index_lines.plan_code,
        index_lines.plan_version,
        index_lines.component_code,
        index_lines.window_code,
        index_lines.period as month,
        {{ period_start('index_lines.accumulate', 'index_lines.event_date') }} as period_start,
        case
            when
                index_lines.exclusion_reason is null
                and credit_factors.hold_reason is null
                then {{ counted_credit(
                    'index_lines.measured_amount',
                    'index_lines.credit_share',
                    'coalesce(credit_factors.factor, 1)',
                    "case when index_lines.kept_months is not null and index_lines.clawback_schedule = 'linear'"
                    ~ ' then greatest(index_lines.linear_months - index_lines.kept_months, 0) end',
                    'index_lines.linear_months'
                ) }}
        end as counted_amount
    from index_lines
    left join credit_factors on index_lines.component_line_id = credit_factors.component_line_id

),

own as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        origin_period as month,
        counted_amount as index_amount
    from lines
    where is_same_measure

),

beside as (

    select
        counted.payee_id,
        counted.plan_code,
        counted.plan_version,
        counted.component_code,
        counted.window_code,
        counted.month,
        counted.counted_amount as index_amount
    from counted
    inner join components
        on
            counted.plan_code = components.plan_code
            and counted.plan_version = components.version
            and counted.component_code = components.component_code
    where components.index_offset = 0

),

shifted as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        {{ month_code('windows.window_start') }} as month,
        counted.counted_amount as index_amount
    from windows
    inner join counted
        on
            windows.payee_id = counted.payee_id
            and windows.plan_code = counted.plan_code
            and windows.plan_version = counted.plan_version
            and windows.component_code = counted.component_code
            and windows.index_period_start = counted.period_start
    where windows.index_offset <> 0

),

combined as (

    select * from own
    union all
    select * from beside
    union all
    select * from shifted

),

final as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        month,
        cast(coalesce(sum(index_amount), 0) as decimal(18, 6)) as index_amount
    from combined
    group by payee_id, plan_code, plan_version, component_code, window_code, month

)

select * from final
