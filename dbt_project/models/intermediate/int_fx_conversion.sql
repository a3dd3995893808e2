-- The rate that holds for each day and pair of currencies that credit needs (rule C3): the newest on or before
-- the day that is not older than the setting; the pair's own before its inverse before a cross. Without one the
-- line is held, never taken at 1.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

shares as (

    select
        event_date,
        document_currency_code,
        payee_currency_code
    from {{ ref('int_credit_share') }}
    union
    select
        event_date,
        document_currency_code,
        payee_currency_code
    from {{ ref('int_override_share') }}

),

rates as (

    select * from {{ ref('int_fx_rate') }}

),

documents as (

    select * from {{ ref('int_document') }}

),

hold_rules as (

    select * from {{ ref('stg_plan__hold_rule') }}

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

-- Credit, and documents whose amount a plan's own hold compares with a bound in its currency (rule D5).
needed as (

    select
        event_date,
        document_currency_code as from_currency,
        payee_currency_code as to_currency
    from shares
    where document_currency_code <> payee_currency_code
    union
    select
        documents.document_date as event_date,
        documents.currency_code as from_currency,
        versions.currency_code as to_currency
    from hold_rules
    inner join versions
        on hold_rules.plan_code = versions.plan_code and hold_rules.version = versions.version
    inner join documents on versions.currency_code <> documents.currency_code
    where hold_rules.condition = 'document_amount_above' and documents.document_date is not null

),

candidates as (

    select
        needed.event_date,
        needed.from_currency,
        needed.to_currency,
        rates.rate_type,
        rates.rate_date,
        rates.numerator,
        rates.denominator,
        rates.fx_rate,
        rates.method,
        {{ days_of_span('rates.rate_date', 'needed.event_date') }} - 1 <= run.fx_max_age_days as is_fresh,
        row_number() over (
            partition by needed.event_date, needed.from_currency, needed.to_currency
            order by
                case when {{ days_of_span('rates.rate_date', 'needed.event_date') }} - 1 <= run.fx_max_age_days then 0 else 1 end,
                rates.method_rank,
                rates.rate_date desc
        ) as place
    from needed
    cross join run
    inner join rates
        on
            needed.from_currency = rates.from_currency
            and needed.to_currency = rates.to_currency
            and needed.event_date >= rates.rate_date

),

final as (

    select
        needed.event_date,
        needed.from_currency,
        needed.to_currency,
        case when candidates.is_fresh then candidates.rate_type end as rate_type,
        case when candidates.is_fresh then candidates.rate_date end as rate_date,
        case when candidates.is_fresh then candidates.numerator end as numerator,
        case when candidates.is_fresh then candidates.denominator end as denominator,
        case when candidates.is_fresh then candidates.fx_rate end as fx_rate,
        case when candidates.is_fresh then candidates.method end as method,
        case
            when candidates.is_fresh then null
            when candidates.rate_date is not null
                then
                    'the newest rate ' || needed.from_currency || ' to ' || needed.to_currency || ' is of '
                    || cast(candidates.rate_date as varchar) || ', too old for '
                    || cast(needed.event_date as varchar) || ' (C3)'
            else
                'no rate ' || needed.from_currency || ' to ' || needed.to_currency || ' on or before '
                || cast(needed.event_date as varchar) || ' (C3)'
        end as hold_reason
    from needed
    left join candidates
        on
            needed.event_date = candidates.event_date
            and needed.from_currency = candidates.from_currency
            and needed.to_currency = candidates.to_currency
            and candidates.place = 1

)

select * from final
