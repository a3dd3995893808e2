-- Who leads and who has improved most, by plan and period, within a role and within the tenure group of the role. Ranked is
-- who has an attainment and enough active days; ties share a rank, and the next one is skipped. Champions are the top
-- quarter of a role, rounded up, ties included. A role in which nobody is ranked in a period has no row.

with

payees as (

    select * from {{ ref('int_plan_payee_period') }}

),

peers as (

    select * from {{ ref('int_payee_peer') }}

),

summed as (

    select
        payee_id as employee_id,
        plan_code,
        currency_code,
        period_type,
        period,
        period_start,
        period_end,
        is_complete,
        cast(sum(active_days) as bigint) as active_days,
        cast(sum(attained_total) as decimal(24, 6)) as attained_total,
        cast(sum(quota_total) as decimal(24, 6)) as quota_total,
        count(distinct quota_kpi_code) as measures
    from payees
    group by payee_id, plan_code, currency_code, period_type, period, period_start, period_end, is_complete

),

measured as (

    select
        summed.*,
        peers.role,
        peers.tenure_group,
        {{ period_code(
            'summed.period_type', add_months('summed.period_start', '-(' ~ window_months('summed.period_type') ~ ')')
        ) }} as previous_period,
        case
            when summed.measures = 1
                then cast({{ safe_ratio('summed.attained_total', 'summed.quota_total') }} as decimal(18, 6))
        end as attainment
    from summed
    inner join peers
        on
            summed.employee_id = peers.employee_id
            and summed.period_type = peers.period_type
            and summed.period = peers.period
    where summed.active_days > 0

),

judged as (

    select
        *,
        attainment is not null and active_days >= {{ fewest_active_days() }} as is_ranked,
        case
            when measures = 0 then 'the plan has no quota'
            when measures > 1 then 'the plan''s versions are measured by two KPIs'
            when quota_total is null then 'no target'
            when quota_total <= 0 then 'the quota is 0'
            when active_days < {{ fewest_active_days() }} then 'fewer than {{ fewest_active_days() }} active days'
        end as unranked_reason
    from measured

),

followed as (

    select
        judged.*,
        before_it.attainment as previous_attainment,
        case
            when judged.is_ranked and before_it.is_ranked
                then cast(judged.attainment - before_it.attainment as decimal(18, 6))
        end as attainment_change,
        case
            when not judged.is_ranked then judged.unranked_reason
            when before_it.employee_id is null then 'nothing to compare with'
            when not before_it.is_ranked then 'not ranked in the period before'
        end as change_reason
    from judged
    left join judged as before_it
        on
            judged.employee_id = before_it.employee_id
            and judged.plan_code = before_it.plan_code
            and judged.currency_code = before_it.currency_code
            and judged.period_type = before_it.period_type
            and judged.previous_period = before_it.period

),

ranked as (

    select
        *,
        rank() over (
            partition by plan_code, currency_code, period_type, period, role, is_ranked
            order by attainment desc
        ) as role_rank,
        count(case when is_ranked then 1 end) over (partition by plan_code, currency_code, period_type, period, role)
            as people_in_role,
        rank() over (
            partition by plan_code, currency_code, period_type, period, role, tenure_group, is_ranked
            order by attainment desc
        ) as tenure_group_rank,
        count(case when is_ranked then 1 end) over (
            partition by plan_code, currency_code, period_type, period, role, tenure_group
        ) as people_in_tenure_group,
        rank() over (
            partition by plan_code, currency_code, period_type, period, role, attainment_change is not null
            order by attainment_change desc
        ) as role_change_rank,
        count(attainment_change) over (partition by plan_code, currency_code, period_type, period, role)
            as changes_in_role,
        rank() over (
            partition by plan_code, currency_code, period_type, period, role, tenure_group, attainment_change is not null
            order by attainment_change desc
        ) as tenure_group_change_rank,
        count(attainment_change) over (partition by plan_code, currency_code, period_type, period, role, tenure_group)
            as changes_in_tenure_group
    from followed

),

final as (

    select
        plan_code || '|' || employee_id || '|' || period || '|' || currency_code as leaderboard_id,
        employee_id,
        plan_code,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        is_complete,
        role,
        tenure_group,
        active_days,
        attained_total,
        quota_total,
        attainment,
        is_ranked,
        unranked_reason,
        case when is_ranked then role_rank end as rank_in_role,
        people_in_role,
        case when is_ranked then tenure_group_rank end as rank_in_tenure_group,
        people_in_tenure_group,
        is_ranked and people_in_role >= {{ fewest_ranked() }} and role_rank <= (people_in_role + 3) // 4 as is_champion,
        previous_period,
        previous_attainment,
        attainment_change,
        change_reason,
        case when attainment_change is not null then role_change_rank end as improvement_rank_in_role,
        changes_in_role,
        case when attainment_change is not null then tenure_group_change_rank end as improvement_rank_in_tenure_group,
        changes_in_tenure_group
    from ranked
    where people_in_role > 0

)

select * from final
