-- Whether a group of people finds its quotas harder to reach than all the others of the same plan version and period.
--
-- Compared is how often somebody of the group attains more than somebody of the others, over all pairs, equal ones as half
-- (Mann and Whitney's U ÷ pairs): 0.5 is no difference, and no outlier moves it. Where nothing but chance is at work it stays
-- within 0.5 ± the margin in 19 of 20 groups:
--     margin = 1.96 x root((N^3 - N - ties) ÷ (12 x n x m x N x (N - 1))),    N = n + m, ties = the sum of t^3 - t,
-- so of 20 fair groups one is said to be unfair. Below 5 people on either side nothing is said.
--
-- The segment of a payee is what they mainly sell to in the period, on the basis that the version is measured by.

with

payees as (

    select * from {{ ref('int_plan_payee_period') }}
    where attainment is not null and active_days > 0

),

peers as (

    select * from {{ ref('int_payee_peer') }}

),

segments as (

    select * from {{ ref('int_payee_segment') }}

),

joined as (

    select
        payees.*,
        peers.region,
        peers.tenure_group,
        peers.team,
        coalesce(segments.segment, 'unknown') as segment
    from payees
    inner join peers
        on
            payees.payee_id = peers.employee_id
            and payees.period_type = peers.period_type
            and payees.period = peers.period
    left join segments
        on
            payees.payee_id = segments.employee_id
            and payees.revenue_basis = segments.basis
            and payees.currency_code = segments.currency_code
            and payees.period_type = segments.period_type
            and payees.period = segments.period

),

members as (
    {% for dimension in ['region', 'tenure_group', 'team', 'segment'] %}
    select
        plan_code,
        plan_version,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        is_complete,
        '{{ dimension }}' as dimension,
        {{ dimension }} as group_name,
        attained_total,
        quota_total,
        attainment
    from joined
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

ranked as (

    select
        *,
        {{ doubled_rank('attainment', 'plan_code, plan_version, period_type, period, currency_code, dimension') }}
            as attainment_rank,
        count(*) over (
            partition by plan_code, plan_version, period_type, period, currency_code, dimension, attainment
        ) as equal_values,
        {{ place_from_zero(
            'attainment', 'plan_code, plan_version, period_type, period, currency_code, dimension, group_name'
        ) }} as place,
        count(*) over (
            partition by plan_code, plan_version, period_type, period, currency_code, dimension, group_name
        ) as group_size
    from members

),

totals as (

    select
        plan_code,
        plan_version,
        period_type,
        period,
        currency_code,
        dimension,
        count(*) as payees,
        count(case when attainment >= 1 then 1 end) as payees_at_target,
        sum(attained_total) as attained_total,
        sum(quota_total) as quota_total,
        sum(equal_values * equal_values - 1) as ties
    from ranked
    group by plan_code, plan_version, period_type, period, currency_code, dimension

),

grouped as (

    select
        plan_code,
        plan_version,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        is_complete,
        dimension,
        group_name,
        count(*) as payees,
        count(case when attainment >= 1 then 1 end) as payees_at_target,
        cast({{ quartile('attainment', 'place', 'group_size', 1) }} as decimal(18, 6)) as lower_quartile_attainment,
        cast({{ quartile('attainment', 'place', 'group_size', 2) }} as decimal(18, 6)) as median_attainment,
        cast({{ quartile('attainment', 'place', 'group_size', 3) }} as decimal(18, 6)) as upper_quartile_attainment,
        cast(sum(attained_total) as decimal(24, 6)) as attained_total,
        cast(sum(quota_total) as decimal(24, 6)) as quota_total,
        sum(attainment_rank) as rank_sum
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
        dimension,
        group_name

),

compared as (

    select
        grouped.*,
        totals.payees - grouped.payees as other_payees,
        totals.payees_at_target - grouped.payees_at_target as other_payees_at_target,
        cast(totals.attained_total - grouped.attained_total as decimal(24, 6)) as other_attained_total,
        cast(totals.quota_total - grouped.quota_total as decimal(24, 6)) as other_quota_total,
        grouped.rank_sum - grouped.payees * (grouped.payees + 1) as doubled_pairs_ahead,
        2 * grouped.payees * (totals.payees - grouped.payees) as doubled_pairs,
        {{ whole_number('totals.payees') }} * totals.payees * totals.payees - totals.payees - totals.ties as untied,
        {{ whole_number('grouped.payees') }} * (totals.payees - grouped.payees) * totals.payees * (totals.payees - 1)
            as spread
    from grouped
    inner join totals
        on
            grouped.plan_code = totals.plan_code
            and grouped.plan_version = totals.plan_version
            and grouped.period_type = totals.period_type
            and grouped.period = totals.period
            and grouped.currency_code = totals.currency_code
            and grouped.dimension = totals.dimension

),

-- 1.96^2 ÷ 12 is 38,416 ÷ 120,000; the root is of millionths.
chanced as (

    select
        *,
        payees >= {{ fewest_compared() }} and other_payees >= {{ fewest_compared() }} as is_judged,
        case
            when spread > 0
                then ({{ whole_number('38416000000000000') }} * untied) // (120000 * spread)
        end as squared_margin
    from compared

),

measured as (

    select
        *,
        cast({{ safe_ratio('attained_total', 'quota_total') }} as decimal(18, 6)) as attainment,
        cast({{ safe_ratio('other_attained_total', 'other_quota_total') }} as decimal(18, 6)) as other_attainment,
        case when is_judged then cast({{ safe_ratio('doubled_pairs_ahead', 'doubled_pairs') }} as decimal(9, 6)) end
            as ahead_ratio,
        case when is_judged then cast({{ from_units(whole_root('squared_margin'), 6) }} as decimal(9, 6)) end as ahead_margin
    from chanced

),

judged as (

    select
        *,
        case
            when not is_judged then 'too few'
            when ahead_ratio > 0.5 + ahead_margin then 'easier'
            when ahead_ratio < 0.5 - ahead_margin then 'harder'
            else 'in line'
        end as verdict
    from measured

),

final as (

    select
        plan_code || '|' || plan_version || '|' || period || '|' || currency_code || '|' || dimension || '|' || group_name
            as quota_fairness_id,
        plan_code,
        plan_version,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        is_complete,
        dimension,
        group_name,
        payees,
        lower_quartile_attainment,
        median_attainment,
        upper_quartile_attainment,
        payees_at_target,
        cast({{ safe_ratio('payees_at_target', 'payees') }} as decimal(9, 6)) as at_target_ratio,
        attained_total,
        quota_total,
        attainment,
        other_payees,
        other_payees_at_target,
        cast({{ safe_ratio('other_payees_at_target', 'other_payees') }} as decimal(9, 6)) as other_at_target_ratio,
        other_attained_total,
        other_quota_total,
        other_attainment,
        cast(attainment - other_attainment as decimal(18, 6)) as attainment_gap,
        ahead_ratio,
        ahead_margin,
        verdict,
        case verdict
            when 'too few'
                then
                    cast(payees as varchar) || ' in the group and ' || cast(other_payees as varchar)
                    || ' others: fewer than {{ fewest_compared() }} are not compared'
            else
                cast(payees as varchar) || ' people attain more than the ' || cast(other_payees as varchar) || ' others in '
                || {{ percent_text('ahead_ratio') }} || ' of pairs; chance alone gives '
                || {{ percent_text('greatest(0.5 - ahead_margin, 0)') }} || ' to '
                || {{ percent_text('least(0.5 + ahead_margin, 1)') }}
        end as reason_en,
        case verdict
            when 'too few'
                then
                    '本组' || cast(payees as varchar) || '人，其他' || cast(other_payees as varchar)
                    || '人：少于{{ fewest_compared() }}人不作比较'
            else
                '本组' || cast(payees as varchar) || '人与其他' || cast(other_payees as varchar) || '人两两相比，达成更高的占'
                || {{ percent_text('ahead_ratio') }} || '；仅凭偶然为'
                || {{ percent_text('greatest(0.5 - ahead_margin, 0)') }} || '至'
                || {{ percent_text('least(0.5 + ahead_margin, 1)') }}
        end as reason_zh
    from judged

)

select * from final
