-- Leans on: fct_appraisal_year, fct_appraisal_result, fct_earning_line. A year is what HR tells people at its end: its
-- bonuses are those of the periods, and those that are paid, to the cent.

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'human-resources',
    'reason': 'the bonuses of a year are not those of its periods, or not those that are paid',
    'remedy': 'compare the periods and the bonus lines of the card and year; look at int_appraisal_year',
}) }}

with

years as (

    select * from {{ ref('fct_appraisal_year') }}

),

results as (

    select
        employee_id,
        plan_code,
        scorecard_code,
        substr(period, 1, 4) as year,
        currency_code,
        sum(bonus_amount) as bonus_amount
    from {{ ref('fct_appraisal_result') }}
    group by employee_id, plan_code, scorecard_code, substr(period, 1, 4), currency_code

),

lines as (

    select
        payee_id as employee_id,
        plan_code,
        component_code as scorecard_code,
        substr(origin_period, 1, 4) as year,
        currency_code,
        sum(earned_amount) as bonus_amount
    from {{ ref('fct_earning_line') }}
    where line_type = 'bonus'
    group by payee_id, plan_code, component_code, substr(origin_period, 1, 4), currency_code

),

final as (

    select
        coalesce(years.employee_id, results.employee_id, lines.employee_id) as employee_id,
        coalesce(years.plan_code, results.plan_code, lines.plan_code) as plan_code,
        coalesce(years.scorecard_code, results.scorecard_code, lines.scorecard_code) as scorecard_code,
        coalesce(years.year, results.year, lines.year) as year,
        coalesce(years.currency_code, results.currency_code, lines.currency_code) as currency_code,
        years.bonus_amount,
        results.bonus_amount as result_amount,
        lines.bonus_amount as line_amount
    from years
    full outer join results
        on
            years.employee_id = results.employee_id
            and years.plan_code = results.plan_code
            and years.scorecard_code = results.scorecard_code
            and years.year = results.year
            and years.currency_code = results.currency_code
    full outer join lines
        on
            coalesce(years.employee_id, results.employee_id) = lines.employee_id
            and coalesce(years.plan_code, results.plan_code) = lines.plan_code
            and coalesce(years.scorecard_code, results.scorecard_code) = lines.scorecard_code
            and coalesce(years.year, results.year) = lines.year
            and coalesce(years.currency_code, results.currency_code) = lines.currency_code
    where
        years.bonus_amount is null
        or years.bonus_amount <> coalesce(results.bonus_amount, 0)
        or years.bonus_amount <> coalesce(lines.bonus_amount, 0)

)

select * from final
