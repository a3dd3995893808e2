-- Leans on: the KPI facts and fct_credit_line. Totals over people, over teams, over each cut into segments and over
-- the credit itself are one number; without it a manager and a salesperson would argue over two.

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'the sums over people, teams, segments and the credit lines differ',
    'remedy': 'look at int_kpi_measure: an event without a team, or a person without a row',
}) }}

with

people as (

    select
        kpi_code,
        period_type,
        period,
        currency_code,
        sum(numerator) as numerator,
        sum(coalesce(denominator, 0)) as denominator
    from {{ ref('fct_kpi_employee_period') }}
    group by kpi_code, period_type, period, currency_code

),

teams as (

    select
        kpi_code,
        period_type,
        period,
        currency_code,
        sum(numerator) as numerator,
        sum(coalesce(denominator, 0)) as denominator
    from {{ ref('fct_kpi_team_period') }}
    group by kpi_code, period_type, period, currency_code

),

cuts as (

    select
        dimension_type,
        kpi_code,
        period_type,
        period,
        currency_code,
        sum(numerator) as numerator,
        sum(coalesce(denominator, 0)) as denominator
    from {{ ref('fct_kpi_segment_period') }}
    group by dimension_type, kpi_code, period_type, period, currency_code

),

dimensions as (

    select distinct dimension_type from cuts

),

cut_people as (

    select
        dimensions.dimension_type,
        people.*
    from people
    cross join dimensions

),

credit as (

    select
        basis || '_amount' as kpi_code,
        'month' as period_type,
        period,
        case when credited_amount is null then document_currency_code else currency_code end as currency_code,
        sum(coalesce(credited_amount, split_amount)) as numerator
    from {{ ref('fct_credit_line') }}
    where credit_role = 'revenue' and reversal_profile = 'standard'
    group by
        basis, period, case when credited_amount is null then document_currency_code else currency_code end

),

by_team as (

    select
        coalesce(people.kpi_code, teams.kpi_code) as kpi_code,
        coalesce(people.period, teams.period) as period,
        coalesce(people.currency_code, teams.currency_code) as currency_code,
        'people and teams' as compared,
        people.numerator,
        teams.numerator as other_numerator
    from people
    full outer join teams
        on
            people.kpi_code = teams.kpi_code
            and people.period_type = teams.period_type
            and people.period = teams.period
            and people.currency_code = teams.currency_code
    where
        coalesce(people.numerator, 0) <> coalesce(teams.numerator, 0)
        or coalesce(people.denominator, 0) <> coalesce(teams.denominator, 0)

),

by_segment as (

    select
        coalesce(people.kpi_code, cuts.kpi_code) as kpi_code,
        coalesce(people.period, cuts.period) as period,
        coalesce(people.currency_code, cuts.currency_code) as currency_code,
        'people and ' || coalesce(people.dimension_type, cuts.dimension_type) as compared,
        people.numerator,
        cuts.numerator as other_numerator
    from cut_people as people
    full outer join cuts
        on
            people.dimension_type = cuts.dimension_type
            and people.kpi_code = cuts.kpi_code
            and people.period_type = cuts.period_type
            and people.period = cuts.period
            and people.currency_code = cuts.currency_code
    where
        coalesce(people.numerator, 0) <> coalesce(cuts.numerator, 0)
        or coalesce(people.denominator, 0) <> coalesce(cuts.denominator, 0)

),

by_credit as (

    select
        credit.kpi_code,
        credit.period,
        credit.currency_code,
        'people and credit' as compared,
        people.numerator,
        credit.numerator as other_numerator
    from credit
    left join people
        on
            credit.kpi_code = people.kpi_code
            and credit.period_type = people.period_type
            and credit.period = people.period
            and credit.currency_code = people.currency_code
    where coalesce(people.numerator, 0) <> credit.numerator

),

final as (

    select * from by_team
    union all
    select * from by_segment
    union all
    select * from by_credit

)

select * from final
