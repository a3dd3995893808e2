-- KPIs by segment, channel, region or product family and period. Each dimension is a cut of its own of the same
-- numerators and denominators, so that its values add up to the whole; what has no value, or can't have one, is under
-- UNKNOWN.

{% set dimensions = ['segment', 'channel', 'region', 'product_family'] %}

with

kpis as (

    select * from {{ ref('kpis') }}

),

periods as (

    select * from {{ ref('int_kpi_period') }}

),

kpi_sums as (

    select * from {{ ref('int_kpi_sum') }}

),

cut as (

    {% for dimension in dimensions %}
    select
        '{{ dimension }}' as dimension_type,
        {{ dimension }} as dimension_value,
        kpi_code,
        period_type,
        period,
        currency_code,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from kpi_sums
    group by {{ dimension }}, kpi_code, period_type, period, currency_code
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        cut.dimension_type,
        cut.dimension_value,
        cut.kpi_code,
        cut.period_type,
        cut.period,
        cut.currency_code,
        periods.period_start,
        periods.period_end,
        cast(cut.numerator as decimal(24, 6)) as numerator,
        case when not kpis.is_additive then cast(coalesce(cut.denominator, 0) as decimal(24, 6)) end as denominator,
        cast(
            case
                when kpis.is_additive then cut.numerator
                else {{ safe_ratio('cut.numerator', 'cut.denominator') }}
            end as decimal(24, 6)
        ) as actual_value
    from cut
    inner join kpis on cut.kpi_code = kpis.kpi_code
    inner join periods on cut.period_type = periods.period_type and cut.period = periods.period

)

select * from final
