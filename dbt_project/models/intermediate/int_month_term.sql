-- What leads from the lines of a month to what is payable, a row a term (rules D1, D2, K4, D4): the draw and how it is
-- recovered, each penalty with its KPI, the floor, and the legal limit. None of them is money of the month.
{% set columns = statement_columns() %}

with

months as (

    select * from {{ ref('int_pay_month') }}

),

draws as (

    select * from {{ ref('stg_plan__draw') }}

),

draw_months as (

    select * from {{ ref('int_draw_month') }}

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

penalties as (

    select * from {{ ref('stg_plan__penalty') }}

),

kpis as (

    select
        kpi_code,
        name_en,
        name_zh
    from {{ ref('kpis') }}

),

facts as (

    select * from {{ ref('int_kpi_employee_period') }}
    where period_type = 'month'

),

limits as (

    select * from {{ ref('stg_plan__legal_limit') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

payouts as (

    select * from {{ ref('int_payout_month') }}

),

earnings as (

    select
        payee_id,
        currency_code,
        period,
        max(tenure_month) as tenure_month,
        max(earnings_amount) as earnings_amount
    from months
    group by payee_id, currency_code, period

),

drawn as (

    select
        draw_months.payee_id,
        draw_months.period,
        draw_months.currency_code,
        draw_months.draw_plan_code as plan_code,
        draws.draw_type,
        draws.amount,
        draws.from_month,
        draws.to_month,
        months.tenure_month,
        months.earnings_amount
    from draw_months
    inner join draws on draw_months.draw_plan_code = draws.plan_code and draw_months.draw_version = draws.version
    inner join months
        on
            draw_months.payee_id = months.payee_id
            and draw_months.draw_plan_code = months.plan_code
            and draw_months.currency_code = months.currency_code
            and draw_months.period = months.period

),

owed as (

    select
        draw_months.payee_id,
        draw_months.period,
        draw_months.currency_code,
        draw_months.owed_plan_code as plan_code,
        draws.draw_type,
        draws.minimum_amount,
        draws.recovery_rate,
        draws.recovery_from,
        draws.recovery_from_month,
        draw_months.opening_draw_balance,
        draw_months.closing_draw_balance,
        earnings.tenure_month,
        earnings.earnings_amount
    from draw_months
    inner join draws on draw_months.owed_plan_code = draws.plan_code and draw_months.owed_version = draws.version
    inner join payouts
        on
            draw_months.payee_id = payouts.payee_id
            and draw_months.owed_plan_code = payouts.plan_code
            and draw_months.currency_code = payouts.currency_code
            and draw_months.period = payouts.period
    inner join earnings
        on
            draw_months.payee_id = earnings.payee_id
            and draw_months.currency_code = earnings.currency_code
            and draw_months.period = earnings.period

),

penalised as (

    select
        months.payee_id,
        months.period,
        months.plan_code,
        months.currency_code,
        months.earnings_amount,
        penalties.penalty_code,
        penalties.kpi_code,
        penalties.title_en || ': ' || kpis.name_en as title_en,
        penalties.title_zh || '：' || kpis.name_zh as title_zh,
        penalties.comparison,
        penalties.bound,
        penalties.amount,
        penalties.rate,
        penalties.limit_amount,
        facts.actual_value
    from months
    inner join penalties on months.plan_code = penalties.plan_code and months.plan_version = penalties.version
    left join kpis on penalties.kpi_code = kpis.kpi_code
    left join facts
        on
            months.payee_id = facts.employee_id
            and months.period = facts.period
            and penalties.kpi_code = facts.kpi_code
            and facts.currency_code in ('', months.currency_code)
    where months.is_assigned

),

-- The highest floor of the month holds, so every plan of a month with penalties shows its own.
floored as (

    select distinct
        months.payee_id,
        months.period,
        months.plan_code,
        months.currency_code,
        coalesce(versions.floor_amount, 0) as floor_amount
    from penalised
    inner join months
        on
            penalised.payee_id = months.payee_id
            and penalised.period = months.period
            and penalised.currency_code = months.currency_code
    left join versions on months.plan_code = versions.plan_code and months.plan_version = versions.version
    where months.is_assigned

),

limited as (

    select
        payouts.payee_id,
        payouts.period,
        payouts.plan_code,
        payouts.currency_code,
        limits.region,
        limits.share,
        limits.keep_amount,
        case when employees.salary_currency_code = payouts.currency_code then coalesce(employees.base_salary_amount, 0) else 0 end
            as salary_amount,
        row_number() over (
            partition by payouts.payee_id, payouts.plan_code, payouts.currency_code, payouts.period order by limits.place
        ) as limit_no
    from payouts
    inner join employees on payouts.payee_id = employees.employee_id
    inner join limits
        on
            payouts.plan_code = limits.plan_code
            and payouts.plan_version = limits.version
            and (limits.region is null or employees.region = limits.region)
    where payouts.opening_clawback_balance <> 0

),

final as (

    select
        drawn.payee_id, drawn.period, drawn.plan_code, '' as plan_version, drawn.currency_code,
        '' as component_code, '' as window_code,
        2 as part_no, 2 as place, 'draw' as section, 'draw' as step, '' as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'drawn.draw_type',
            'method': 'drawn.draw_type',
            'target': 'drawn.amount',
            'slice_amount': 'drawn.earnings_amount',
            'active_days': 'drawn.tenure_month',
            'lower_amount': 'drawn.from_month',
            'upper_amount': 'drawn.to_month',
            'rule_codes': "'D1 D2'",
        }) }}
    from drawn
    union all
    select
        owed.payee_id, owed.period, owed.plan_code, '' as plan_version, owed.currency_code,
        '' as component_code, '' as window_code,
        2 as part_no, 3 as place, 'draw' as section, 'draw_recovery' as step, '' as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'owed.recovery_from',
            'method': 'owed.draw_type',
            'rate': 'owed.recovery_rate',
            'lower_amount': 'owed.minimum_amount',
            'slice_amount': 'owed.earnings_amount',
            'active_days': 'owed.tenure_month',
            'period_days': 'owed.recovery_from_month',
            'opening_balance': 'owed.opening_draw_balance',
            'closing_balance': 'owed.closing_draw_balance',
            'rule_codes': "'D2'",
        }) }}
    from owed
    union all
    select
        penalised.payee_id, penalised.period, penalised.plan_code, '' as plan_version, penalised.currency_code,
        '' as component_code, '' as window_code,
        2 as part_no, 4 as place, 'penalty' as section, 'penalty_kpi' as step, penalised.penalty_code as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'subject': "penalised.penalty_code || ': ' || penalised.kpi_code",
            'subject_en': 'penalised.title_en',
            'subject_zh': 'penalised.title_zh',
            'method': 'penalised.comparison',
            'target': 'penalised.bound',
            'slice_amount': 'penalised.actual_value',
            'lower_amount': 'penalised.amount',
            'rate': 'penalised.rate',
            'upper_amount': 'penalised.limit_amount',
            'rule_codes': "'K4'",
        }) }}
    from penalised
    union all
    select
        floored.payee_id, floored.period, floored.plan_code, '' as plan_version, floored.currency_code,
        '' as component_code, '' as window_code,
        2 as part_no, 4 as place, 'penalty' as section, 'floor' as step, '~' as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'target': 'floored.floor_amount', 'rule_codes': "'K4'",
        }) }}
    from floored
    union all
    select
        limited.payee_id, limited.period, limited.plan_code, '' as plan_version, limited.currency_code,
        '' as component_code, '' as window_code,
        2 as part_no, 8 as place, 'clawback' as section, 'limit' as step, '' as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'limited.region',
            'rate': 'limited.share',
            'lower_amount': 'limited.keep_amount',
            'target': 'limited.salary_amount',
            'rule_codes': "'D4'",
        }) }}
    from limited
    where limited.limit_no = 1

)

select * from final
