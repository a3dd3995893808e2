{#-
The readable key of a credit line: document, event, line, split. Blanks inside ids stay; '|' never occurs in an id. The line is
that of the event; from the second line of the document on, its number is set after it (1.2), so that no key changes when a
document gets another line.
-#}
{% macro credit_line_key(event_type, event_id, line_no, document_line_no) -%}
    basis || '|' || source_system || '|' || document_id || '|' || {{ event_type }} || '|' || {{ event_id }}
        || '|' || cast({{ line_no }} as varchar)
        || case when {{ document_line_no }} > 1 then '.' || cast({{ document_line_no }} as varchar) else '' end || '|' || cast(split_no as varchar)
{%- endmacro %}

{#- The key of what a component pays for a credit line. -#}
{% macro earning_line_key(lines) -%}
    {{ lines }}.plan_code || '|' || {{ lines }}.plan_version || '|' || {{ lines }}.component_code || '|' || {{ lines }}.payee_id || '|'
        || {{ lines }}.credit_line_id
{%- endmacro %}
