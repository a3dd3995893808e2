{#-
Statistics on whole numbers, so that nothing passes through DOUBLE into a column (rule M1): quartiles, ranks, roots. Each macro is
for a step of its own; what it takes are columns of the step before.
-#}

{#- Place of a row among the `count` of its partition from 0, by the column: what `quartile` takes. -#}
{% macro place_from_zero(column, partition_by) -%}
    row_number() over (partition by {{ partition_by }} order by {{ column }}) - 1
{%- endmacro %}

{#-
A quartile at scale 6 (`quarter` 1, 2 for the median, 3) as an aggregate: between two values in proportion, as spreadsheets do
(QUARTILE.INC). `place` counts from 0, `values_count` is the number of values and the same on every row of the group. Rows whose value
is NULL must be left out before.
-#}
{% macro quartile(value, place, values_count, quarter) -%}
    cast({{ from_units(
        divide_half_away(
            'sum(case'
            ~ ' when ' ~ place ~ ' = ((' ~ values_count ~ ' - 1) * ' ~ quarter ~ ') // 4'
            ~ ' then ' ~ to_units(value, 6) ~ ' * (4 - ((' ~ values_count ~ ' - 1) * ' ~ quarter ~ ') % 4)'
            ~ ' when ' ~ place ~ ' = ((' ~ values_count ~ ' - 1) * ' ~ quarter ~ ') // 4 + 1'
            ~ ' then ' ~ to_units(value, 6) ~ ' * (((' ~ values_count ~ ' - 1) * ' ~ quarter ~ ') % 4)'
            ~ ' else 0 end)',
            '4'
        ), 6
    ) }} as decimal(24, 6))
{%- endmacro %}

{#- Twice the rank of a row from the smallest value; equal values share the middle of their ranks, so that twice it is a whole number. -#}
{% macro doubled_rank(column, partition_by) -%}
    2 * rank() over (partition by {{ partition_by }} order by {{ column }})
    + count(*) over (partition by {{ partition_by }}, {{ column }}) - 1
{%- endmacro %}

{#- Root of a whole number that is not negative, rounded down. The engine's root is only a guess; whole numbers put it right. -#}
{% macro whole_root(value) -%}
    {%- set guess = whole_number('floor(sqrt(' ~ value ~ '))') -%}
    ({{ guess }} + case
        when {{ guess }} * {{ guess }} > {{ value }} then -1
        when ({{ guess }} + 1) * ({{ guess }} + 1) <= {{ value }} then 1
        else 0
    end)
{%- endmacro %}

{#-
How much two columns go together: n x the sum of products less the product of sums, as an aggregate of whole numbers. Of a column
with itself it is how much that column varies. `correlation` takes the three: the first of both, the others' roots of 10^12 times it.
-#}
{% macro co_variation(first_column, second_column) -%}
    (
        count(*) * sum({{ whole_number(first_column) }} * {{ whole_number(second_column) }})
        - sum({{ whole_number(first_column) }}) * sum({{ whole_number(second_column) }})
    )
{%- endmacro %}
{% macro variation_root(variation) -%} {{ whole_root(variation ~ ' * ' ~ whole_number('1000000000000')) }} {%- endmacro %}
{% macro correlation(co_variation, first_root, second_root) -%}
    case
        when {{ first_root }} > 0 and {{ second_root }} > 0
            then cast({{ from_units(
                divide_half_away(
                    co_variation ~ ' * ' ~ whole_number('10000000000000000'), '(' ~ first_root ~ ' * ' ~ second_root ~ ')'
                ), 4
            ) }} as decimal(9, 4))
    end
{%- endmacro %}

{#- Fewer people than this are not compared: one of them would decide. -#}
{% macro fewest_compared() -%} 5 {%- endmacro %}
