-- KPIs by segment, channel, region, product family or product and period. Each dimension is a cut of its own of the same
-- numerators and denominators, so that its values add up to the whole; what has no value, or can't have one, is under
-- UNKNOWN.

{% set dimensions = {
    'segment': 'segment',
    'channel': 'channel',
    'region': 'region',
    'product_family': 'product_family',
    'product': 'product_name',
} %}

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

    {% for dimension, attribute in dimensions.items() %}
    select
        '{{ dimension }}' as dimension_type,
        {{ attribute }} as dimension_value,
        kpi_code,
        period_type,
        period,
        currency_code,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from kpi_sums
    group by {{ attribute }}, kpi_code, period_type, period, currency_code
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

valued as (

    select
        cut.dimension_type,
        cut.dimension_value,
        cut.kpi_code,
        cut.period_type,
        cut.period,
        cut.currency_code,
        periods.period_start,
        periods.period_end,
        periods.previous_period,
        periods.last_year_period,
        kpis.is_additive,
        kpis.unit = 'ratio' and not kpis.is_in_currency as is_share,
        cast(cut.numerator as decimal(24, 6)) as numerator,
        case when not kpis.is_additive then cast(coalesce(cut.denominator, 0) as decimal(24, 6)) end as denominator
    from cut
    inner join kpis on cut.kpi_code = kpis.kpi_code
    inner join periods on cut.period_type = periods.period_type and cut.period = periods.period

),

measured as (

    select
        *,
        cast(
            case when is_additive then numerator else {{ safe_ratio('numerator', 'denominator') }} end as decimal(24, 6)
        ) as actual_value
    from valued

),

counted as (

    select
        *,
        {{ share_count('is_share', 'kpi_code', 'numerator', 'denominator') }} as share_count
    from measured

),

spread as (

    select
        *,
        {{ share_spread('share_count', 'denominator') }} as share_spread
    from counted

),

final as (

    select
        spread.dimension_type,
        spread.dimension_value,
        spread.kpi_code,
        spread.period_type,
        spread.period,
        spread.currency_code,
        spread.period_start,
        spread.period_end,
        spread.numerator,
        spread.denominator,
        spread.actual_value,
        previous.actual_value as previous_actual_value,
        last_year.actual_value as last_year_actual_value,
        {{ confidence_bound('spread.kpi_code', 'spread.share_count', 'spread.share_spread', 'spread.denominator', -1) }}
            as confidence_low,
        {{ confidence_bound('spread.kpi_code', 'spread.share_count', 'spread.share_spread', 'spread.denominator', 1) }}
            as confidence_high
    from spread
    left join measured as previous
        on
            spread.dimension_type = previous.dimension_type
            and spread.dimension_value = previous.dimension_value
            and spread.kpi_code = previous.kpi_code
            and spread.period_type = previous.period_type
            and spread.previous_period = previous.period
            and spread.currency_code = previous.currency_code
    left join measured as last_year
        on
            spread.dimension_type = last_year.dimension_type
            and spread.dimension_value = last_year.dimension_value
            and spread.kpi_code = last_year.kpi_code
            and spread.period_type = last_year.period_type
            and spread.last_year_period = last_year.period
            and spread.currency_code = last_year.currency_code

)

select * from final
