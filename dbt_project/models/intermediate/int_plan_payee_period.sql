-- What each payee was paid, was credited with and was asked for under a plan version, by month, quarter and year, for the
-- reports on plans, quotas and people. Pay is what the period costs: what its lines earn, with draws and penalties, held
-- or not; it adds up to fct_payout over the versions of a plan. Earned money is of the version of its line, draws,
-- penalties and what is payable of the version whose terms the month has.
--
-- Revenue and attainment are those of one component of the version, its measuring component, so that no yuan is counted
-- on two bases: one with a quota, of the same period, before one without; a commission before a SPIFF (rule K6); then the
-- lowest code. Attainment is what was counted in the period ÷ the effective quota of the whole period (rules Q1 to Q6), and
-- NULL with a reason.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

lines as (

    select * from {{ ref('int_pay_line') }}

),

payouts as (

    select * from {{ ref('int_payout_month') }}

),

credits as (

    select * from {{ ref('int_credit_window') }}
    where not is_excluded

),

index_months as (

    select * from {{ ref('int_index_month') }}

),

quotas as (

    select * from {{ ref('int_effective_quota') }}

),

assigned_months as (

    select * from {{ ref('int_plan_month') }}

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

placed_components as (

    select
        *,
        quota_kpi_code is not null and accumulate <> 'deal' and index_offset = 0 as is_measured_by_quota,
        row_number() over (
            partition by plan_code, version
            order by
                case when quota_kpi_code is not null and accumulate <> 'deal' and index_offset = 0 then 0 else 1 end,
                case when kind = 'commission' then 0 else 1 end,
                component_code
        ) as place
    from components

),

measuring as (

    select
        plan_code,
        version as plan_version,
        component_code,
        basis,
        measure,
        case when is_measured_by_quota then quota_kpi_code end as quota_kpi_code
    from placed_components
    where place = 1

),

-- One row a thing that the month tells; what a branch does not tell is 0.
told as (

    select
        lines.payee_id,
        lines.plan_code,
        lines.plan_version,
        lines.currency_code,
        lines.origin_period as month,
        lines.earned_amount as pay_amount,
        cast(0 as decimal(18, 2)) as payable_amount,
        cast(0 as decimal(18, 6)) as revenue_amount,
        cast(0 as decimal(18, 6)) as attained_total,
        {{ whole_number('null') }} as quota_units,
        cast(0 as bigint) as active_days
    from lines
    union all
    select
        payouts.payee_id,
        payouts.plan_code,
        payouts.plan_version,
        payouts.currency_code,
        payouts.period as month,
        cast(payouts.draw_top_up_amount - payouts.draw_recovered_amount - payouts.penalty_amount as decimal(18, 2)) as pay_amount,
        payouts.payable_amount,
        cast(0 as decimal(18, 6)) as revenue_amount,
        cast(0 as decimal(18, 6)) as attained_total,
        {{ whole_number('null') }} as quota_units,
        cast(0 as bigint) as active_days
    from payouts
    union all
    select
        credits.payee_id,
        credits.plan_code,
        credits.plan_version,
        credits.currency_code,
        credits.origin_period as month,
        cast(0 as decimal(18, 2)) as pay_amount,
        cast(0 as decimal(18, 2)) as payable_amount,
        credits.credited_amount as revenue_amount,
        cast(0 as decimal(18, 6)) as attained_total,
        {{ whole_number('null') }} as quota_units,
        cast(0 as bigint) as active_days
    from credits
    inner join measuring
        on
            credits.plan_code = measuring.plan_code
            and credits.plan_version = measuring.plan_version
            and credits.component_code = measuring.component_code
    union all
    select
        index_months.payee_id,
        index_months.plan_code,
        index_months.plan_version,
        versions.currency_code,
        index_months.month,
        cast(0 as decimal(18, 2)) as pay_amount,
        cast(0 as decimal(18, 2)) as payable_amount,
        cast(0 as decimal(18, 6)) as revenue_amount,
        index_months.index_amount as attained_total,
        {{ whole_number('null') }} as quota_units,
        cast(0 as bigint) as active_days
    from index_months
    inner join measuring
        on
            index_months.plan_code = measuring.plan_code
            and index_months.plan_version = measuring.plan_version
            and index_months.component_code = measuring.component_code
            and measuring.quota_kpi_code is not null
    inner join versions on index_months.plan_code = versions.plan_code and index_months.plan_version = versions.version
    union all
    select
        quotas.employee_id as payee_id,
        quotas.plan_code,
        quotas.plan_version,
        quotas.currency_code,
        quotas.month,
        cast(0 as decimal(18, 2)) as pay_amount,
        cast(0 as decimal(18, 2)) as payable_amount,
        cast(0 as decimal(18, 6)) as revenue_amount,
        cast(0 as decimal(18, 6)) as attained_total,
        quotas.quota_units,
        cast(0 as bigint) as active_days
    from quotas
    inner join measuring
        on
            quotas.plan_code = measuring.plan_code
            and quotas.plan_version = measuring.plan_version
            and quotas.kpi_code = measuring.quota_kpi_code
    union all
    select
        assigned_months.employee_id as payee_id,
        assigned_months.plan_code,
        assigned_months.plan_version,
        assigned_months.currency_code,
        assigned_months.month,
        cast(0 as decimal(18, 2)) as pay_amount,
        cast(0 as decimal(18, 2)) as payable_amount,
        cast(0 as decimal(18, 6)) as revenue_amount,
        cast(0 as decimal(18, 6)) as attained_total,
        {{ whole_number('null') }} as quota_units,
        case when assigned_months.month_start <= run.as_of_date then assigned_months.active_days else 0 end as active_days
    from assigned_months
    cross join run

),

told_months as (

    select
        payee_id,
        plan_code,
        plan_version,
        currency_code,
        month,
        sum(active_days) as active_days,
        sum(pay_amount) as pay_amount,
        sum(payable_amount) as payable_amount,
        sum(revenue_amount) as revenue_amount,
        sum(attained_total) as attained_total,
        sum(quota_units) as quota_units
    from told
    group by payee_id, plan_code, plan_version, currency_code, month

),

period_types as (

    select 'month' as period_type
    union all
    select 'quarter' as period_type
    union all
    select 'year' as period_type

),

spread as (

    select
        told_months.*,
        period_types.period_type,
        {{ period_code('period_types.period_type', month_to_day('told_months.month')) }} as period,
        {{ period_start('period_types.period_type', month_to_day('told_months.month')) }} as period_start,
        {{ period_end('period_types.period_type', month_to_day('told_months.month')) }} as period_end
    from told_months
    cross join period_types

),

summed as (

    select
        payee_id,
        plan_code,
        plan_version,
        currency_code,
        period_type,
        period,
        period_start,
        period_end,
        min({{ month_to_day('month') }}) as first_month,
        cast(sum(active_days) as bigint) as active_days,
        cast(sum(pay_amount) as decimal(18, 2)) as pay_amount,
        cast(sum(payable_amount) as decimal(18, 2)) as payable_amount,
        cast(coalesce(sum(revenue_amount), 0) as decimal(24, 6)) as revenue_amount,
        cast(sum(attained_total) as decimal(24, 6)) as attained_total,
        sum(quota_units) as quota_units
    from spread
    group by payee_id, plan_code, plan_version, currency_code, period_type, period, period_start, period_end

),

measured as (

    select
        summed.payee_id,
        summed.plan_code,
        summed.plan_version,
        summed.currency_code,
        summed.period_type,
        summed.period,
        summed.period_start,
        summed.period_end,
        summed.period_end <= run.as_of_date as is_complete,
        measuring.component_code,
        measuring.basis as revenue_basis,
        measuring.measure,
        measuring.quota_kpi_code,
        summed.active_days,
        summed.pay_amount,
        summed.payable_amount,
        summed.revenue_amount,
        case when measuring.quota_kpi_code is not null then summed.attained_total end as attained_total,
        case when summed.quota_units is not null then {{ quota_amount('summed.quota_units') }} end as quota_total
    from summed
    cross join run
    left join measuring on summed.plan_code = measuring.plan_code and summed.plan_version = measuring.plan_version
    where summed.first_month <= run.as_of_date

),

final as (

    select
        *,
        cast({{ safe_ratio('attained_total', 'quota_total') }} as decimal(18, 6)) as attainment,
        case
            when quota_kpi_code is null then 'the plan has no quota'
            when quota_total is null then 'no target'
            when quota_total <= 0 then 'the quota is 0'
        end as attainment_reason
    from measured

)

select * from final
