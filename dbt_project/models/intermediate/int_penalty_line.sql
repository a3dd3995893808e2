-- Penalties of a month, each up to its limit (rule K4): an amount, or a rate of what the month earned, when a KPI of
-- the month lies below or above its bound. A KPI that was not measured penalises nobody. What the floor keeps is decided
-- in int_payout_month.

with

months as (

    select * from {{ ref('int_pay_month') }}
    where is_assigned

),

penalties as (

    select * from {{ ref('stg_plan__penalty') }}

),

facts as (

    select * from {{ ref('int_kpi_employee_period') }}
    where period_type = 'month'

),

currencies as (

    select * from {{ ref('currencies') }}

),

final as (

    select
        months.payee_id,
        months.plan_code,
        months.plan_version,
        months.currency_code,
        months.period,
        penalties.penalty_code,
        penalties.kpi_code,
        facts.actual_value,
        penalties.comparison,
        penalties.bound,
        cast(least(
            penalties.limit_amount,
            coalesce(
                penalties.amount,
                {{ round_to_minor_unit(
                    'penalties.rate * months.earnings_amount', 'coalesce(currencies.minor_unit_digits, 2)'
                ) }}
            )
        ) as decimal(18, 2)) as penalty_amount
    from months
    inner join penalties
        on months.plan_code = penalties.plan_code and months.plan_version = penalties.version
    inner join facts
        on
            months.payee_id = facts.employee_id
            and months.period = facts.period
            and penalties.kpi_code = facts.kpi_code
            and facts.currency_code in ('', months.currency_code)
    left join currencies on months.currency_code = currencies.currency_code
    where
        (penalties.comparison = 'below' and facts.actual_value < penalties.bound)
        or (penalties.comparison = 'above' and facts.actual_value > penalties.bound)

)

select * from final
