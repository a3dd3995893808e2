-- What each plan version costs and brings, by period: cost of compensation, attainment, pay against performance, bunching,
-- cost of what was gained, and the version before. A ratio is NULL, with a reason, where there is nothing to divide by.

with

payees as (

    select * from {{ ref('int_plan_payee_period') }}

),

bunching as (

    select * from {{ ref('int_plan_bunching') }}

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

-- Who was active, or is paid or has it taken back, counts; ranks are among those who have an attainment.
ranked as (

    select
        *,
        case when attainment is not null and active_days > 0 then attainment end as ranked_attainment,
        case
            when attainment is not null and active_days > 0
                then {{ doubled_rank(
                    'pay_amount',
                    'plan_code, plan_version, currency_code, period_type, period, attainment is not null and active_days > 0'
                ) }}
        end as pay_rank,
        case
            when attainment is not null and active_days > 0
                then {{ doubled_rank(
                    'attainment',
                    'plan_code, plan_version, currency_code, period_type, period, attainment is not null and active_days > 0'
                ) }}
        end as attainment_rank
    from payees
    where active_days > 0 or pay_amount <> 0 or revenue_amount <> 0

),

summed as (

    select
        plan_code,
        plan_version,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        is_complete,
        revenue_basis,
        count(*) as payees,
        count(case when payable_amount > 0 then 1 end) as payees_paid,
        cast(sum(pay_amount) as decimal(18, 2)) as pay_amount,
        cast(sum(revenue_amount) as decimal(24, 6)) as revenue_amount,
        count(ranked_attainment) as payees_with_attainment,
        count(*) - count(ranked_attainment) as payees_without_attainment,
        count(case when ranked_attainment < 0.5 then 1 end) as payees_below_50,
        count(case when ranked_attainment >= 0.5 and ranked_attainment < 0.8 then 1 end) as payees_50_to_80,
        count(case when ranked_attainment >= 0.8 and ranked_attainment < 1 then 1 end) as payees_80_to_100,
        count(case when ranked_attainment >= 1 and ranked_attainment < 1.2 then 1 end) as payees_100_to_120,
        count(case when ranked_attainment >= 1.2 then 1 end) as payees_above_120,
        count(case when ranked_attainment >= 1 then 1 end) as payees_at_target,
        cast(sum(case when ranked_attainment is not null then attained_total end) as decimal(24, 6)) as attained_total,
        cast(sum(case when ranked_attainment is not null then quota_total end) as decimal(24, 6)) as quota_total,
        cast(sum(case when ranked_attainment >= 0.8 and ranked_attainment < 1 then pay_amount else 0 end) as decimal(18, 2))
            as threshold_pay_amount,
        cast(sum(case when ranked_attainment >= 1 and ranked_attainment < 1.2 then pay_amount else 0 end) as decimal(18, 2))
            as target_pay_amount,
        cast(sum(case when ranked_attainment >= 1.2 then pay_amount else 0 end) as decimal(18, 2)) as excellence_pay_amount
    from ranked
    group by
        plan_code,
        plan_version,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        is_complete,
        revenue_basis

),

varied as (

    select
        plan_code,
        plan_version,
        period_type,
        period,
        currency_code,
        {{ co_variation('pay_rank', 'attainment_rank') }} as joint_variation,
        {{ co_variation('pay_rank', 'pay_rank') }} as pay_variation,
        {{ co_variation('attainment_rank', 'attainment_rank') }} as attainment_variation
    from ranked
    where pay_rank is not null
    group by plan_code, plan_version, period_type, period, currency_code

),

rooted as (

    select
        *,
        {{ variation_root('pay_variation') }} as pay_root,
        {{ variation_root('attainment_variation') }} as attainment_root
    from varied

),

correlated as (

    select
        *,
        {{ correlation('joint_variation', 'pay_root', 'attainment_root') }} as pay_rank_correlation
    from rooted

),

-- A period of the whole plan, over its versions: what gains are measured by.
totals as (

    select
        plan_code,
        period_type,
        period,
        currency_code,
        min(period_start) as period_start,
        min(revenue_basis) as first_basis,
        max(revenue_basis) as last_basis,
        cast(sum(pay_amount) as decimal(18, 2)) as pay_amount,
        cast(sum(revenue_amount) as decimal(24, 6)) as revenue_amount
    from summed
    group by plan_code, period_type, period, currency_code

),

-- What a version paid and brought in all its time so far: its years.
version_totals as (

    select
        plan_code,
        plan_version,
        currency_code,
        min(revenue_basis) as revenue_basis,
        cast(sum(pay_amount) as decimal(18, 2)) as pay_amount,
        cast(sum(revenue_amount) as decimal(24, 6)) as revenue_amount
    from summed
    where period_type = 'year'
    group by plan_code, plan_version, currency_code

),

-- Its attainment is that of its finished months: the quota of a year that is not over would count what is still to come.
version_attainments as (

    select
        plan_code,
        plan_version,
        currency_code,
        cast(sum(attained_total) as decimal(24, 6)) as attained_total,
        cast(sum(quota_total) as decimal(24, 6)) as quota_total
    from summed
    where period_type = 'month' and is_complete
    group by plan_code, plan_version, currency_code

),

followed as (

    select
        plan_code,
        version as plan_version,
        lag(version) over (partition by plan_code order by valid_from) as previous_version
    from versions

),

compared as (

    select
        summed.*,
        {{ period_code(
            'summed.period_type',
            add_months('summed.period_start', '-(' ~ window_months('summed.period_type') ~ ')')
        ) }} as previous_period,
        {{ period_code('summed.period_type', add_months('summed.period_start', '-12')) }} as last_year_period
    from summed

),

gained as (

    select
        compared.*,
        before_it.pay_amount as previous_pay_amount,
        before_it.revenue_amount as previous_revenue_amount,
        cast(own.pay_amount - before_it.pay_amount as decimal(18, 2)) as incremental_pay_amount,
        cast(own.revenue_amount - before_it.revenue_amount as decimal(24, 6)) as incremental_revenue_amount,
        {{ gain_reason('before_it') }} as incremental_reason,
        year_ago.pay_amount as last_year_pay_amount,
        year_ago.revenue_amount as last_year_revenue_amount,
        cast(own.pay_amount - year_ago.pay_amount as decimal(18, 2)) as last_year_incremental_pay_amount,
        cast(own.revenue_amount - year_ago.revenue_amount as decimal(24, 6)) as last_year_incremental_revenue_amount,
        {{ gain_reason('year_ago') }} as last_year_incremental_reason
    from compared
    inner join totals as own
        on
            compared.plan_code = own.plan_code
            and compared.period_type = own.period_type
            and compared.period = own.period
            and compared.currency_code = own.currency_code
    left join totals as before_it
        on
            compared.plan_code = before_it.plan_code
            and compared.period_type = before_it.period_type
            and compared.previous_period = before_it.period
            and compared.currency_code = before_it.currency_code
    left join totals as year_ago
        on
            compared.plan_code = year_ago.plan_code
            and compared.period_type = year_ago.period_type
            and compared.last_year_period = year_ago.period
            and compared.currency_code = year_ago.currency_code

),

final as (

    select
        gained.plan_code || '|' || gained.plan_version || '|' || gained.period || '|' || gained.currency_code
            as plan_effectiveness_id,
        gained.plan_code,
        gained.plan_version,
        gained.period_type,
        gained.period,
        gained.currency_code,
        gained.period_start,
        gained.period_end,
        gained.is_complete,
        gained.revenue_basis,
        gained.payees,
        gained.payees_paid,
        gained.pay_amount,
        gained.revenue_amount,
        cast({{ safe_ratio('gained.pay_amount', 'gained.revenue_amount') }} as decimal(24, 6)) as cost_ratio,
        case when gained.revenue_amount <= 0 then 'no revenue was credited' end as cost_ratio_reason,
        gained.payees_without_attainment,
        gained.payees_below_50,
        gained.payees_50_to_80,
        gained.payees_80_to_100,
        gained.payees_100_to_120,
        gained.payees_above_120,
        gained.payees_with_attainment,
        gained.payees_at_target,
        cast({{ safe_ratio('gained.payees_at_target', 'gained.payees_with_attainment') }} as decimal(9, 6)) as at_target_ratio,
        gained.attained_total,
        gained.quota_total,
        cast({{ safe_ratio('gained.attained_total', 'gained.quota_total') }} as decimal(18, 6)) as attainment,
        gained.threshold_pay_amount,
        cast({{ safe_ratio('gained.threshold_pay_amount', 'gained.payees_80_to_100') }} as decimal(18, 6))
            as threshold_average_amount,
        gained.target_pay_amount,
        cast({{ safe_ratio('gained.target_pay_amount', 'gained.payees_100_to_120') }} as decimal(18, 6))
            as target_average_amount,
        gained.excellence_pay_amount,
        cast({{ safe_ratio('gained.excellence_pay_amount', 'gained.payees_above_120') }} as decimal(18, 6))
            as excellence_average_amount,
        case
            when gained.payees_with_attainment >= {{ fewest_compared() }} then correlated.pay_rank_correlation
        end as pay_rank_correlation,
        case
            when gained.payees_with_attainment < {{ fewest_compared() }}
                then 'fewer than {{ fewest_compared() }} payees with an attainment'
            when correlated.pay_root = 0 then 'all are paid the same'
            when correlated.attainment_root = 0 then 'all attain the same'
        end as pay_rank_reason,
        coalesce(bunching.bound_windows, 0) as bound_windows,
        coalesce(bunching.bound_windows_above, 0) as bound_windows_above,
        coalesce(bunching.bound_windows_below, 0) as bound_windows_below,
        cast({{ safe_ratio('bunching.bound_windows_above', 'bunching.bound_windows') }} as decimal(9, 6)) as bound_above_ratio,
        cast({{ safe_ratio('bunching.bound_windows_below', 'bunching.bound_windows') }} as decimal(9, 6)) as bound_below_ratio,
        coalesce(bunching.booked_deals, 0) as booked_deals,
        coalesce(bunching.month_end_deals, 0) as month_end_deals,
        cast({{ safe_ratio('bunching.month_end_deals', 'bunching.booked_deals') }} as decimal(9, 6)) as month_end_ratio,
        bunching.month_end_days,
        bunching.counted_days,
        cast({{ safe_ratio('bunching.month_end_days', 'bunching.counted_days') }} as decimal(9, 6)) as month_end_expected_ratio,
        gained.previous_period,
        gained.previous_pay_amount,
        gained.previous_revenue_amount,
        gained.incremental_pay_amount,
        gained.incremental_revenue_amount,
        case
            when gained.incremental_reason is null
                then cast({{ safe_ratio(
                    'gained.incremental_pay_amount', 'gained.incremental_revenue_amount'
                ) }} as decimal(24, 6))
        end as incremental_cost_ratio,
        gained.incremental_reason,
        gained.last_year_period,
        gained.last_year_pay_amount,
        gained.last_year_revenue_amount,
        gained.last_year_incremental_pay_amount,
        gained.last_year_incremental_revenue_amount,
        case
            when gained.last_year_incremental_reason is null
                then cast({{ safe_ratio(
                    'gained.last_year_incremental_pay_amount', 'gained.last_year_incremental_revenue_amount'
                ) }} as decimal(24, 6))
        end as last_year_incremental_cost_ratio,
        gained.last_year_incremental_reason,
        followed.previous_version,
        version_totals.revenue_basis as previous_version_revenue_basis,
        version_totals.pay_amount as previous_version_pay_amount,
        version_totals.revenue_amount as previous_version_revenue_amount,
        cast({{ safe_ratio('version_totals.pay_amount', 'version_totals.revenue_amount') }} as decimal(24, 6))
            as previous_version_cost_ratio,
        version_attainments.attained_total as previous_version_attained_total,
        version_attainments.quota_total as previous_version_quota_total,
        cast({{ safe_ratio('version_attainments.attained_total', 'version_attainments.quota_total') }} as decimal(18, 6))
            as previous_version_attainment
    from gained
    left join correlated
        on
            gained.plan_code = correlated.plan_code
            and gained.plan_version = correlated.plan_version
            and gained.period_type = correlated.period_type
            and gained.period = correlated.period
            and gained.currency_code = correlated.currency_code
    left join bunching
        on
            gained.plan_code = bunching.plan_code
            and gained.plan_version = bunching.plan_version
            and gained.period_type = bunching.period_type
            and gained.period = bunching.period
            and gained.currency_code = bunching.currency_code
    left join followed on gained.plan_code = followed.plan_code and gained.plan_version = followed.plan_version
    left join version_totals
        on
            gained.plan_code = version_totals.plan_code
            and followed.previous_version = version_totals.plan_version
            and gained.currency_code = version_totals.currency_code
    left join version_attainments
        on
            gained.plan_code = version_attainments.plan_code
            and followed.previous_version = version_attainments.plan_version
            and gained.currency_code = version_attainments.currency_code

)

select * from final
