-- What KPIs of activity count: calls, visits and follow-ups that took place, one each. A follow-up record of 简道云 that
-- was a call or a visit counts as that too, because each KPI answers a question of its own.

with

activities as (

    select * from {{ ref('int_activity') }}

),

customers as (

    select * from {{ ref('int_customer') }}

),

counted as (

    select
        'calls' as kpi_code,
        activities.*
    from activities
    where activities.activity_kind = 'call'
    union all
    select
        'visits' as kpi_code,
        activities.*
    from activities
    where activities.activity_kind = 'visit'
    union all
    select
        'follow_ups' as kpi_code,
        activities.*
    from activities
    where activities.feed in ('follow_up', 'task')

),

final as (

    select
        counted.kpi_code,
        counted.employee_id,
        counted.activity_date as event_date,
        '' as currency_code,
        customers.industry as segment,
        cast(null as varchar) as channel,
        customers.region,
        cast(null as varchar) as product_family,
        cast(null as varchar) as product_name,
        cast(1 as decimal(24, 6)) as numerator,
        cast(null as decimal(24, 6)) as denominator
    from counted
    left join customers on counted.customer_id = customers.customer_id

)

select * from final
