-- What customers said of a person or team in a period: answers of 4 or 5 of all CSAT answers, and the company's beside them.

with

sums as (

    select * from {{ ref('int_kpi_sum') }}
    where kpi_code = 'csat'

),

company as (

    select
        period_type,
        period,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from sums
    group by period_type, period

),

subjects as (

    select
        'employee' as subject_type,
        employee_id as subject_id,
        period_type,
        period,
        numerator,
        denominator
    from sums
    union all
    select
        'team' as subject_type,
        team as subject_id,
        period_type,
        period,
        numerator,
        denominator
    from sums

),

final as (

    select
        subjects.subject_type,
        subjects.subject_id,
        subjects.period_type,
        subjects.period,
        cast(sum(subjects.numerator) as decimal(24, 6)) as csat_numerator,
        cast(sum(subjects.denominator) as decimal(24, 6)) as csat_denominator,
        cast(max(company.numerator) as decimal(24, 6)) as company_csat_numerator,
        cast(max(company.denominator) as decimal(24, 6)) as company_csat_denominator
    from subjects
    inner join company on subjects.period_type = company.period_type and subjects.period = company.period
    group by subjects.subject_type, subjects.subject_id, subjects.period_type, subjects.period

)

select * from final
