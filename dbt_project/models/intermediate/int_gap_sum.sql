-- The parts of sales by person, team and role, product family, segment and period.

with

lines as (

    select * from {{ ref('int_gap_line') }}

),

periods as (

    select * from {{ ref('int_kpi_period') }}
    where period_type in ('month', 'quarter', 'year')

),

dated as (

    select
        lines.*,
        periods.period_type,
        periods.period
    from lines
    inner join periods on lines.event_date between periods.period_start and periods.period_end

),

scoped as (

    select
        'employee' as scope_type,
        employee_id as scope_id,
        *
    from dated
    union all
    select
        'team' as scope_type,
        team as scope_id,
        *
    from dated
    where team is not null
    union all
    select
        'role' as scope_type,
        role as scope_id,
        *
    from dated
    where role is not null

),

final as (

    select
        scope_type,
        scope_id,
        period_type,
        period,
        currency_code,
        product_family,
        segment,
        cast(sum(closed_deals) as decimal(24, 6)) as closed_deals,
        cast(sum(won_deals) as decimal(24, 6)) as won_deals,
        cast(sum(list_value) as decimal(24, 6)) as list_value,
        cast(sum(new_value) as decimal(24, 6)) as new_value,
        cast(sum(existing_value) as decimal(24, 6)) as existing_value,
        cast(sum(reversed_value) as decimal(24, 6)) as reversed_value,
        cast(sum(collected_value) as decimal(24, 6)) as collected_value
    from scoped
    group by scope_type, scope_id, period_type, period, currency_code, product_family, segment

)

select * from final
