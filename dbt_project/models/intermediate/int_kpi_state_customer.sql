-- Customers kept, and key customers looked after, by period. Retention compares what customers booked in the period
-- with what the same customers had booked in the same period of the year before; of a period that still runs, with the
-- same days of it. A period whose year before lies, in part, before the first booking is not measured. Key customers
-- (seed customer_levels) are covered when something was done with them in the period (int_activity); without any
-- activity in all history that can't be told. A customer counts for the owner that it has now.

with

periods as (

    select * from {{ ref('int_kpi_period') }}

),

customers as (

    select * from {{ ref('int_customer') }}
    where not is_unknown

),

bookings as (

    select
        customer_id,
        event_date,
        case when credited_amount is null then document_currency_code else currency_code end as currency_code,
        sum(coalesce(credited_amount, split_amount)) as booked_amount
    from {{ ref('int_credit_line') }}
    where
        credit_role = 'revenue'
        and reversal_profile = 'standard'
        and basis = 'booked'
        and customer_id <> 'UNKNOWN'
    group by
        customer_id, event_date, case when credited_amount is null then document_currency_code else currency_code end

),

bounds as (

    select {{ month_start('min(event_date)') }} as first_day from bookings

),

windows as (

    select
        periods.period_type,
        periods.period,
        periods.state_date,
        periods.period_start as now_start,
        {{ add_months('periods.period_start', -12) }} as base_start,
        case
            when periods.state_date = periods.period_end
                then {{ month_end(add_months(month_start('periods.period_end'), -12)) }}
            else {{ add_months('periods.state_date', -12) }}
        end as base_end
    from periods
    inner join bounds on {{ add_months('periods.period_start', -12) }} >= bounds.first_day

),

booked_now as (

    select
        windows.period_type,
        windows.period,
        bookings.customer_id,
        bookings.currency_code,
        sum(bookings.booked_amount) as booked_amount
    from windows
    inner join bookings on bookings.event_date between windows.now_start and windows.state_date
    group by windows.period_type, windows.period, bookings.customer_id, bookings.currency_code

),

booked_before as (

    select
        windows.period_type,
        windows.period,
        windows.state_date,
        bookings.customer_id,
        bookings.currency_code,
        sum(bookings.booked_amount) as booked_amount
    from windows
    inner join bookings on bookings.event_date between windows.base_start and windows.base_end
    group by windows.period_type, windows.period, windows.state_date, bookings.customer_id, bookings.currency_code

),

compared as (

    select
        booked_before.period_type,
        booked_before.period,
        booked_before.state_date,
        booked_before.customer_id,
        booked_before.currency_code,
        booked_before.booked_amount as before_amount,
        coalesce(booked_now.booked_amount, 0) as now_amount
    from booked_before
    left join booked_now
        on
            booked_before.period_type = booked_now.period_type
            and booked_before.period = booked_now.period
            and booked_before.customer_id = booked_now.customer_id
            and booked_before.currency_code = booked_now.currency_code
    where booked_before.booked_amount > 0

),

-- A customer is kept if it booked again in any currency.
kept as (

    select
        compared.period_type,
        compared.period,
        compared.state_date,
        compared.customer_id,
        max(case when booked_now.booked_amount > 0 then 1 else 0 end) as is_kept
    from compared
    left join booked_now
        on
            compared.period_type = booked_now.period_type
            and compared.period = booked_now.period
            and compared.customer_id = booked_now.customer_id
    group by compared.period_type, compared.period, compared.state_date, compared.customer_id

),

levels as (

    select * from {{ ref('customer_levels') }}
    where is_key

),

matches as (

    select * from {{ ref('int_customer_match') }}

),

records as (

    select
        source_system || ':' || account_id as record_id,
        account_type as customer_level,
        cast(created_at as date) as created_date
    from {{ ref('stg_zoho_crm__accounts') }}
    union all
    select
        source_system || ':' || customer_no as record_id,
        customer_level,
        cast(created_at as date) as created_date
    from {{ ref('stg_jiandaoyun_crm__customers') }}

),

key_customers as (

    select
        matches.customer_id,
        min(coalesce(records.created_date, cast('1900-01-01' as date))) as key_from
    from records
    inner join levels on {{ comparable('records.customer_level') }} = levels.customer_level
    inner join matches on records.record_id = matches.record_id
    where matches.customer_id <> 'UNKNOWN'
    group by matches.customer_id

),

activities as (

    select * from {{ ref('int_activity') }}

),

reached as (

    select distinct
        periods.period_type,
        periods.period,
        activities.customer_id
    from activities
    inner join periods on activities.activity_date between periods.period_start and periods.period_end
    where activities.customer_id is not null

),

covered as (

    select
        periods.period_type,
        periods.period,
        periods.state_date,
        key_customers.customer_id,
        case when reached.customer_id is null then 0 else 1 end as is_covered
    from key_customers
    inner join periods on key_customers.key_from <= periods.state_date
    left join reached
        on
            periods.period_type = reached.period_type
            and periods.period = reached.period
            and key_customers.customer_id = reached.customer_id
    where exists (select 1 from activities)

),

measures as (

    select
        'customer_retention' as kpi_code,
        period_type,
        period,
        state_date,
        customer_id,
        '' as currency_code,
        is_kept as numerator,
        1 as denominator
    from kept
    union all
    select
        'net_revenue_retention' as kpi_code,
        period_type,
        period,
        state_date,
        customer_id,
        currency_code,
        now_amount as numerator,
        before_amount as denominator
    from compared
    union all
    select
        'gross_revenue_retention' as kpi_code,
        period_type,
        period,
        state_date,
        customer_id,
        currency_code,
        least(greatest(now_amount, 0), before_amount) as numerator,
        before_amount as denominator
    from compared
    union all
    select
        'key_customer_coverage' as kpi_code,
        period_type,
        period,
        state_date,
        customer_id,
        '' as currency_code,
        is_covered as numerator,
        1 as denominator
    from covered

),

final as (

    select
        measures.kpi_code,
        coalesce(customers.owner_employee_id, 'HOUSE') as employee_id,
        measures.period_type,
        measures.period,
        measures.state_date,
        measures.currency_code,
        customers.industry as segment,
        cast(null as varchar) as channel,
        customers.region,
        cast(null as varchar) as product_family,
        cast(null as varchar) as product_name,
        cast(sum(measures.numerator) as decimal(24, 6)) as numerator,
        cast(sum(measures.denominator) as decimal(24, 6)) as denominator
    from measures
    left join customers on measures.customer_id = customers.customer_id
    group by
        measures.kpi_code,
        coalesce(customers.owner_employee_id, 'HOUSE'),
        measures.period_type,
        measures.period,
        measures.state_date,
        measures.currency_code,
        customers.industry,
        customers.region

)

select * from final
