with

computed as (

    select * from {{ ref('int_leaderboard') }}

),

final as (

    select
        leaderboard_id,
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
        rank_in_role,
        people_in_role,
        rank_in_tenure_group,
        people_in_tenure_group,
        is_champion,
        previous_period,
        previous_attainment,
        attainment_change,
        change_reason,
        improvement_rank_in_role,
        changes_in_role,
        improvement_rank_in_tenure_group,
        changes_in_tenure_group
    from computed

)

select * from final
