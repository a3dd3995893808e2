-- The KPIs of every period by person, team and attributes, summed once: numerators and denominators of what happened in
-- the period, and its states. People, teams and segments are sums over these rows, so that they agree.

with

periods as (

    select * from {{ ref('int_kpi_period') }}

),

measures as (

    select
        kpi_code,
        employee_id,
        team,
        event_date,
        currency_code,
        segment,
        channel,
        region,
        product_family,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('int_kpi_measure') }}
    group by
        kpi_code, employee_id, team, event_date, currency_code, segment, channel, region, product_family

),

combined as (

    select
        measures.kpi_code,
        measures.employee_id,
        measures.team,
        periods.period_type,
        periods.period,
        measures.currency_code,
        measures.segment,
        measures.channel,
        measures.region,
        measures.product_family,
        measures.numerator,
        measures.denominator
    from measures
    inner join periods on measures.event_date between periods.period_start and periods.period_end
    union all
    select
        kpi_code,
        employee_id,
        team,
        period_type,
        period,
        currency_code,
        segment,
        channel,
        region,
        product_family,
        numerator,
        denominator
    from {{ ref('int_kpi_state') }}

),

final as (

    select
        kpi_code,
        employee_id,
        team,
        period_type,
        period,
        currency_code,
        coalesce(segment, 'UNKNOWN') as segment,
        coalesce(channel, 'UNKNOWN') as channel,
        coalesce(region, 'UNKNOWN') as region,
        coalesce(product_family, 'UNKNOWN') as product_family,
        cast(sum(numerator) as decimal(24, 6)) as numerator,
        cast(sum(denominator) as decimal(24, 6)) as denominator
    from combined
    group by
        kpi_code,
        employee_id,
        team,
        period_type,
        period,
        currency_code,
        coalesce(segment, 'UNKNOWN'),
        coalesce(channel, 'UNKNOWN'),
        coalesce(region, 'UNKNOWN'),
        coalesce(product_family, 'UNKNOWN')

)

select * from final
