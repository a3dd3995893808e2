{#-
Exact arithmetic on money (rule M1). DECIMAL / DECIMAL is DOUBLE on DuckDB and truncated or widened elsewhere, so no model
divides with `/`. A quotient is formed on whole numbers instead:

    1. `to_units(x, s)` is x as a whole number of 10^-s (HUGEINT, 38 digits), exact as long as x has at most s decimals;
    2. `divide_half_away(n, d)` is n / d rounded half away from zero, by integer division: sign(n) * ((2|n| + d) // 2d);
    3. `from_units(q, s)` is the whole number q times 10^-s as DECIMAL(38, s): a product of decimals, which is exact.

Nothing passes through DOUBLE on the way. A result beyond 38 digits is an error of the engine, never a wrapped number.
-#}

{% macro whole_number_type() -%} hugeint {%- endmacro %}

{% macro whole_number(value) -%} cast({{ value }} as {{ whole_number_type() }}) {%- endmacro %}

{% macro to_units(value, scale) -%}
    cast(cast({{ value }} as decimal(38, {{ scale }})) * cast(1{{ '0' * scale }} as decimal({{ scale + 1 }}, 0)) as {{ whole_number_type() }})
{%- endmacro %}

{% macro from_units(units, scale) -%}
    {%- if scale == 0 -%}
        cast({{ units }} as decimal(38, 0))
    {%- else -%}
        cast(cast({{ units }} as decimal({{ 38 - scale }}, 0)) * cast('0.{{ '0' * (scale - 1) }}1' as decimal({{ scale }}, {{ scale }})) as decimal(38, {{ scale }}))
    {%- endif -%}
{%- endmacro %}

{% macro divide_half_away(numerator, denominator) -%}
    (sign({{ numerator }}) * ((2 * abs({{ numerator }}) + ({{ denominator }})) // (2 * ({{ denominator }}))))
{%- endmacro %}

{#- The largest whole number that divides both. -#}
{% macro common_divisor(first, second) -%} gcd({{ first }}, {{ second }}) {%- endmacro %}

{#-
The quotient at `scale`; NULL when the denominator is NULL, zero or negative. The denominator has at most 6 decimals, the numerator
at most `numerator_scale`, which is at most scale + 6.
-#}
{% macro safe_ratio(numerator, denominator, scale=6, numerator_scale=6) -%}
    case
        when {{ denominator }} > 0
            then {{ from_units(
                divide_half_away(
                    to_units(numerator, numerator_scale)
                    ~ ' * ' ~ whole_number('1' ~ '0' * (scale + 6 - numerator_scale)),
                    to_units(denominator, 6)
                ), scale
            ) }}
    end
{%- endmacro %}

{#- `value` × `numerator` ÷ `denominator` at scale 6, all with at most 6 decimals; NULL when the denominator is not above 0. -#}
{% macro proportional(value, numerator, denominator) -%}
    case
        when {{ denominator }} > 0
            then {{ from_units(
                divide_half_away(to_units(value, 6) ~ ' * ' ~ to_units(numerator, 6), to_units(denominator, 6)), 6
            ) }}
    end
{%- endmacro %}

{#- Rule M2: half away from zero to a currency's minor unit (JPY and KRW have none). -#}
{% macro round_to_minor_unit(value, minor_unit_digits) -%}
    case
        when {{ minor_unit_digits }} = 0 then cast(round({{ value }}, 0) as decimal(18, 2))
        else cast(round({{ value }}, 2) as decimal(18, 2))
    end
{%- endmacro %}

{#- Rule D4: down to a currency's minor unit. -#}
{% macro round_down_to_minor_unit(value, minor_unit_digits) -%}
    case
        when {{ minor_unit_digits }} = 0 then cast(floor({{ value }}) as decimal(18, 2))
        else {{ from_units('(' ~ to_units(value, 12) ~ ' // ' ~ whole_number('10000000000') ~ ')', 2) }}
    end
{%- endmacro %}

{#-
What each row gives of a whole that is taken from the rows of a partition in order, each up to its capacity. `whole` and
`capacity` are not negative; the whole is the same on every row.
-#}
{% macro taken_in_order(whole, capacity, partition, order_by) -%}
    greatest(least({{ capacity }}, {{ whole }} - (
        sum({{ capacity }}) over (
            {{ partition }} order by {{ order_by }} rows between unbounded preceding and current row
        ) - {{ capacity }}
    )), 0)
{%- endmacro %}

{#-
Rule M3, largest remainder, in whole units. First the floor and the remainder of each part, in a step of their own:
    share_floor(total, weight, weights) and share_remainder(total, weight, weights),
then the part itself, where the units left over go to the largest remainders, ties to the lowest key:
    share_with_remainder(total, floor, remainder, partition_by, order_by).
`total` is not negative and the same on every row of a partition; the parts always add up to it.
-#}
{% macro share_floor(total, weight, weights) -%} (({{ total }}) * ({{ weight }})) // ({{ weights }}) {%- endmacro %}

{% macro share_remainder(total, weight, weights) -%} (({{ total }}) * ({{ weight }})) % ({{ weights }}) {%- endmacro %}

{% macro share_with_remainder(total, floor, remainder, partition_by, order_by) -%}
    {{ floor }} + case
        when row_number() over (partition by {{ partition_by }} order by {{ remainder }} desc, {{ order_by }})
            <= {{ total }} - sum({{ floor }}) over (partition by {{ partition_by }})
            then 1
        else 0
    end
{%- endmacro %}

{#- The running total of an amount, and what an amount to date gained since the row before. -#}
{% macro running_total(amount, partition_by, order_by) -%}
    sum({{ amount }}) over (
        partition by {{ partition_by }}
        order by {{ order_by }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}
{% macro gained(amount_to_date, partition_by, order_by) -%}
    {{ amount_to_date }} - coalesce(lag({{ amount_to_date }}) over (
        partition by {{ partition_by }}
        order by {{ order_by }}
    ), 0)
{%- endmacro %}
