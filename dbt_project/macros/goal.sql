{#- Fewer past changes than this are no distribution to hold a goal against. -#}
{% macro least_past_improvements() -%} 20 {%- endmacro %}

{#- A figure in words with two decimals at most. -#}
{% macro number_text(value) -%} cast(cast(round({{ value }}, 2) as decimal(24, 2)) as varchar) {%- endmacro %}

{#- Whole months that make a level of one's own. -#}
{% macro least_own_months() -%} 6 {%- endmacro %}

{#- A product at scale 6, half away from zero. -#}
{% macro product_at_6(first, second) -%}
    cast(round(cast({{ first }} as decimal(20, 6)) * cast({{ second }} as decimal(18, 6)), 6) as decimal(24, 6))
{%- endmacro %}
