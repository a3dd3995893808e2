-- What KPIs of satisfaction count: one line an answer. CSAT is the share of answers of 4 or 5 (of 1 to 5), NPS that of
-- promoters (9, 10) less that of detractors (0 to 6, of 0 to 10). The denominator is the number of answers, which says
-- how sure the figure is. An answer outside its scale counts for neither. It is about the person it names, else about
-- the customer's owner, else the house account.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

surveys as (

    select * from {{ ref('stg_hr__surveys') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

customers as (

    select * from {{ ref('int_customer') }}

),

customer_references as (

    select * from {{ ref('int_customer_reference') }}
    where tax_number_met = ''

),

answers as (

    select
        surveys.survey_kind,
        surveys.answered_date as event_date,
        coalesce(own.employee_id, other.employee_id, customers.owner_employee_id, 'HOUSE') as employee_id,
        customers.industry as segment,
        customers.region,
        case
            when surveys.survey_kind = 'csat' and surveys.score >= 4 then 1
            when surveys.survey_kind = 'nps' and surveys.score >= 9 then 1
            when surveys.survey_kind = 'nps' and surveys.score <= 6 then -1
            else 0
        end as point
    from surveys
    inner join run on surveys.answered_date <= run.as_of_date
    left join employees as own
        on surveys.source_system = own.source_system and surveys.employee_id = own.work_number
    left join employees as other on surveys.employee_id = other.employee_id
    left join customer_references
        on
            surveys.source_system = customer_references.source_system
            and coalesce(surveys.customer_no, '') = customer_references.customer_no
            and coalesce(surveys.customer_name, '') = customer_references.customer_name
    left join customers on customer_references.customer_id = customers.customer_id
    where
        (surveys.survey_kind = 'csat' and surveys.score between 1 and 5)
        or (surveys.survey_kind = 'nps' and surveys.score between 0 and 10)

),

measures as (

    select
        answers.survey_kind || '_responses' as kpi_code,
        answers.*,
        1 as numerator,
        null as denominator
    from answers
    union all
    select
        answers.survey_kind as kpi_code,
        answers.*,
        answers.point as numerator,
        1 as denominator
    from answers

),

final as (

    select
        kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
        segment,
        cast(null as varchar) as channel,
        region,
        cast(null as varchar) as product_family,
        cast(null as varchar) as product_name,
        cast(numerator as decimal(24, 6)) as numerator,
        cast(denominator as decimal(24, 6)) as denominator
    from measures

)

select * from final
