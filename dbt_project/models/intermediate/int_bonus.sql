-- The bonus of a scorecard as an earning line, paid in the last month of its period (rule K3). A card of which
-- nothing could be measured earns nothing and says so; a card that waits for a KPI is a held line of 0.

with

results as (

    select * from {{ ref('int_appraisal_result') }}

),

final as (

    select
        plan_code || '|' || plan_version || '|' || scorecard_code || '|' || employee_id || '|' || period as earning_line_id,
        employee_id as payee_id,
        plan_code,
        plan_version,
        scorecard_code as component_code,
        {{ month_code('period_end') }} as origin_period,
        period as window_code,
        period_end as event_date,
        currency_code,
        coefficient,
        bonus_amount as earned_amount,
        is_held,
        hold_reason,
        'K1 K2 K3 Q1 M2' as rule_codes
    from results

)

select * from final
