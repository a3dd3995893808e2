{#- Comments of tables and columns carry both languages: the description, behind it the Chinese label and description. -#}

{% macro bilingual_comment(description, meta) -%}
    {{ description | trim }}{% if meta.get('label_zh') %} · {{ meta['label_zh'] }}{% endif -%}
    {% if meta.get('description_zh') %}：{{ meta['description_zh'] }}{% endif %}
{%- endmacro %}

{% macro duckdb__alter_relation_comment(relation, comment) %}
    comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(bilingual_comment(comment, model.config.meta)) }};
{% endmacro %}

{% macro duckdb__alter_column_comment(relation, column_dict) %}
    {% for name, column in column_dict.items() %}
    comment on column {{ relation }}.{{ name }} is {{ duckdb_escape_comment(bilingual_comment(column['description'], column['meta'])) }};
    {% endfor %}
{% endmacro %}
