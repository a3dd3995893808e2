with

computed as (

    select * from {{ ref('int_quota_fairness') }}

),

final as (

    select
        quota_fairness_id,
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
        at_target_ratio,
        attained_total,
        quota_total,
        attainment,
        other_payees,
        other_payees_at_target,
        other_at_target_ratio,
        other_attained_total,
        other_quota_total,
        other_attainment,
        attainment_gap,
        ahead_ratio,
        ahead_margin,
        verdict,
        reason_en,
        reason_zh
    from computed

)

select * from final
