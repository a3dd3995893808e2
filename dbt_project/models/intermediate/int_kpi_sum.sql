-- The KPIs of every period by person, team and attributes, summed once: numerators and denominators of what happened in
-- the period, and its states. People, teams and segments are sums over these rows, so that they agree. A product that is
-- spelt in several ways (case, blanks) is one, under the name of the catalogue, else under the first of its names.

with

periods as (

    select * from {{ ref('int_kpi_period') }}

),

products as (

    select * from {{ ref('int_product') }}

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
        product_name,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('int_kpi_measure') }}
    group by
        kpi_code, employee_id, team, event_date, currency_code, segment, channel, region, product_family, product_name

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
        measures.product_name,
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
        product_name,
        numerator,
        denominator
    from {{ ref('int_kpi_state') }}

),

names as (

    select
        product_name,
        case when is_in_catalogue then 1 else 2 end as name_rank
    from products
    union
    select
        product_name,
        3 as name_rank
    from combined

),

spellings as (

    select
        {{ comparable('product_name') }} as product_name,
        trim(product_name) as spelling,
        row_number() over (
            partition by {{ comparable('product_name') }} order by name_rank, product_name
        ) as place
    from names
    where {{ comparable('product_name') }} is not null

),

final as (

    select
        combined.kpi_code,
        combined.employee_id,
        combined.team,
        combined.period_type,
        combined.period,
        combined.currency_code,
        coalesce(combined.segment, 'UNKNOWN') as segment,
        coalesce(combined.channel, 'UNKNOWN') as channel,
        coalesce(combined.region, 'UNKNOWN') as region,
        coalesce(combined.product_family, 'UNKNOWN') as product_family,
        coalesce(spellings.spelling, 'UNKNOWN') as product_name,
        cast(sum(combined.numerator) as decimal(24, 6)) as numerator,
        cast(sum(combined.denominator) as decimal(24, 6)) as denominator
    from combined
    left join spellings on {{ comparable('combined.product_name') }} = spellings.product_name and spellings.place = 1
    group by
        combined.kpi_code,
        combined.employee_id,
        combined.team,
        combined.period_type,
        combined.period,
        combined.currency_code,
        coalesce(combined.segment, 'UNKNOWN'),
        coalesce(combined.channel, 'UNKNOWN'),
        coalesce(combined.region, 'UNKNOWN'),
        coalesce(combined.product_family, 'UNKNOWN'),
        coalesce(spellings.spelling, 'UNKNOWN')

)

select * from final
