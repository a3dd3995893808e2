-- What each payee mainly sells to in a period: the customer segment (industry) with the largest amount credited to them, in
-- whatever role, on one basis and in one currency; of equal ones the first by name. Credit that is taken back counts
-- against its segment, credit whose customer has no segment counts for none, and a payee without an amount above 0 in any
-- has no row.

with

credit_lines as (

    select
        *,
        {{ month_start('event_date') }} as month_start
    from {{ ref('int_credit_line') }}
    where reversal_profile = 'standard' and segment is not null and credited_amount is not null

),

monthly as (

    select
        employee_id,
        basis,
        currency_code,
        month_start,
        segment,
        sum(credited_amount) as credited_amount
    from credit_lines
    group by employee_id, basis, currency_code, month_start, segment

),

period_types as (

    select 'month' as period_type
    union all
    select 'quarter' as period_type
    union all
    select 'year' as period_type

),

spread as (

    select
        monthly.*,
        period_types.period_type,
        {{ period_code('period_types.period_type', 'monthly.month_start') }} as period
    from monthly
    cross join period_types

),

summed as (

    select
        employee_id,
        basis,
        currency_code,
        period_type,
        period,
        segment,
        sum(credited_amount) as credited_amount
    from spread
    group by employee_id, basis, currency_code, period_type, period, segment

),

ranked as (

    select
        *,
        row_number() over (
            partition by employee_id, basis, currency_code, period_type, period
            order by credited_amount desc, segment asc
        ) as place
    from summed
    where credited_amount > 0

),

final as (

    select
        employee_id,
        basis,
        currency_code,
        period_type,
        period,
        segment,
        cast(credited_amount as decimal(24, 6)) as credited_amount
    from ranked
    where place = 1

)

select * from final
