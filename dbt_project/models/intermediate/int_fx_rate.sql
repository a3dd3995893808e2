-- Every way to convert between currencies that meet, by day (rule C3): the pair's own rate, its inverse, the
-- cross through the table's base currency with both legs of one day. `numerator / denominator` is the exact
-- factor, `fx_rate` what is shown.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

rates as (

    select * from {{ ref('stg_finance__fx_rates') }}

),

quotes as (

    select
        rates.rate_type,
        rates.rate_date,
        rates.from_currency,
        rates.to_currency,
        max({{ from_units(
            divide_half_away(
                to_units('rates.rate', 8) ~ ' * ' ~ whole_number(1000000000000), to_units('rates.unit', 8)
            ), 12
        ) }}) as unit_rate
    from rates
    inner join run on rates.rate_type = run.fx_rate_type and rates.rate_date <= run.as_of_date
    where rates.rate > 0 and rates.unit > 0 and rates.from_currency <> rates.to_currency
    group by rates.rate_type, rates.rate_date, rates.from_currency, rates.to_currency

),

sides as (

    select
        rate_type,
        from_currency as currency_code,
        to_currency as other_currency
    from quotes
    union
    select
        rate_type,
        to_currency as currency_code,
        from_currency as other_currency
    from quotes

),

-- The base currency is the one that is quoted against most others.
bases as (

    select
        rate_type,
        currency_code as base_currency
    from (
        select
            rate_type,
            currency_code,
            row_number() over (partition by rate_type order by count(*) desc, currency_code) as place
        from sides
        group by rate_type, currency_code
    ) as counted
    where place = 1

),

both_ways as (

    select
        rate_type,
        rate_date,
        from_currency,
        to_currency,
        unit_rate as numerator,
        cast(1 as decimal(38, 12)) as denominator,
        'direct' as method,
        1 as method_rank
    from quotes
    union all
    select
        rate_type,
        rate_date,
        to_currency as from_currency,
        from_currency as to_currency,
        cast(1 as decimal(38, 12)) as numerator,
        unit_rate as denominator,
        'inverse' as method,
        2 as method_rank
    from quotes

),

legs as (

    select *
    from (
        select
            both_ways.*,
            row_number() over (
                partition by both_ways.rate_type, both_ways.rate_date, both_ways.from_currency, both_ways.to_currency
                order by both_ways.method_rank
            ) as place
        from both_ways
    ) as ranked
    where place = 1

),

crosses as (

    select
        first_leg.rate_type,
        first_leg.rate_date,
        first_leg.from_currency,
        second_leg.to_currency,
        {{ from_units(
            divide_half_away(
                to_units('first_leg.numerator', 12) ~ ' * ' ~ to_units('second_leg.numerator', 12),
                whole_number(1000000000000)
            ), 12
        ) }} as numerator,
        {{ from_units(
            divide_half_away(
                to_units('first_leg.denominator', 12) ~ ' * ' ~ to_units('second_leg.denominator', 12),
                whole_number(1000000000000)
            ), 12
        ) }} as denominator,
        'cross' as method,
        3 as method_rank
    from legs as first_leg
    inner join bases
        on first_leg.rate_type = bases.rate_type and first_leg.to_currency = bases.base_currency
    inner join legs as second_leg
        on
            first_leg.rate_type = second_leg.rate_type
            and first_leg.rate_date = second_leg.rate_date
            and first_leg.to_currency = second_leg.from_currency
            and first_leg.from_currency <> second_leg.to_currency

),

combined as (

    select * from both_ways
    union all
    select * from crosses

),

final as (

    select
        rate_type,
        rate_date,
        from_currency,
        to_currency,
        numerator,
        denominator,
        method,
        method_rank,
        cast({{ from_units(
            divide_half_away(
                to_units('numerator', 12) ~ ' * ' ~ whole_number(100000000), to_units('denominator', 12)
            ), 8
        ) }} as decimal(24, 8)) as fx_rate
    from combined
    where denominator > 0 and numerator > 0

)

select * from final
