{#- Typed columns in their order, for branches of a union: what a branch does not give is NULL. -#}
{% macro typed_columns(columns, given) -%}
    {%- for name, type in columns %}
        cast({{ given.get(name, 'null') }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
