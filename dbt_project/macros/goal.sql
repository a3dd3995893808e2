{#- Fewer past changes than this are no distribution to hold a goal against. -#}
{% macro least_past_improvements() -%} 20 {%- endmacro %}

{#- A figure in words: two decimals, thousands apart. -#}
{% macro number_text(value) -%}
    {%- set rounded = 'cast(round(' ~ value ~ ', 2) as decimal(24, 2))' -%}
    case when {{ rounded }} < 0 then '-' else '' end
    || format('{:,}', cast(trunc(abs({{ rounded }})) as hugeint)) || right(cast(abs({{ rounded }}) as varchar), 3)
{%- endmacro %}

{#- Whole months that make a level of one's own. -#}
{% macro least_own_months() -%} 6 {%- endmacro %}

{#- A product at scale 6, half away from zero. -#}
{% macro product_at_6(first, second) -%}
    cast(round(cast({{ first }} as decimal(20, 6)) * cast({{ second }} as decimal(18, 6)), 6) as decimal(24, 6))
{%- endmacro %}
