{#- A reference as it is compared: without case and without blanks at the ends; NULL when nothing is left. -#}
{% macro comparable(value) -%} nullif(lower(trim({{ value }})), '') {%- endmacro %}

{#- A reference to a person as it is compared: like any other, and without the prefix that Zoho's exports put before ids. -#}
{% macro person_reference(value) -%} nullif(regexp_replace(lower(trim({{ value }})), '^zcrm_', ''), '') {%- endmacro %}

{#- The name of a user as Zoho shows it: as a whole, or made of its parts. -#}
{% macro shown_name(full_name, first_name, last_name) -%}
    coalesce({{ full_name }}, nullif(trim(coalesce({{ first_name }}, '') || ' ' || coalesce({{ last_name }}, '')), ''))
{%- endmacro %}

{#- How alike two names are, 0 to 1; only ever used to suggest a name to a person. -#}
{% macro likeness(first_name, second_name) -%}
    jaro_winkler_similarity(lower({{ first_name }}), lower({{ second_name }}))
{%- endmacro %}

{#- The same of two of `name_stem`, which are lower case: asked of hundreds of millions of pairs in a large company. -#}
{% macro likeness_of_stems(first_stem, second_stem) -%}
    jaro_winkler_similarity({{ first_stem }}, {{ second_stem }})
{%- endmacro %}

{#- Of a group the value of the highest likeness, of several the lowest; unlike a window's, its memory doesn't grow with the group. -#}
{% macro most_alike(likeness, value) -%}
    struct_extract(min(struct_pack(unlike := -({{ likeness }}), said := {{ value }})), 'said')
{%- endmacro %}

{#- A JSON object; `pairs` is a list of [name, expression of text]. -#}
{% macro json_object(pairs) -%}
    '{' || {% for name, expression in pairs %}'"{{ name }}": ' || {{ expression }}{% if not loop.last %} || ', ' || {% endif %}{% endfor %} || '}'
{%- endmacro %}

{#- A JSON array of the group's objects, in order. -#}
{% macro json_array_of_objects(pairs, order_by) -%} {{ json_array(json_object(pairs), order_by) }} {%- endmacro %}
{% macro json_array(object, order_by) -%} '[' || string_agg({{ object }}, ', ' order by {{ order_by }}) || ']' {%- endmacro %}
{% macro json_text(value) -%} coalesce('"' || replace(replace({{ value }}, '\', '\\'), '"', '\"') || '"', 'null') {%- endmacro %}
{% macro json_number(value) -%} coalesce('"' || cast({{ value }} as varchar) || '"', 'null') {%- endmacro %}
