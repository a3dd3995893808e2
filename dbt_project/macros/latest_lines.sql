{#-
The lines of documents: all rows that the newest delivery of a document brought, none of an older one. Lines have no name of
their own that holds over time, so a document's lines are replaced together. `key` names the document; `_line_no` numbers its
lines in the order of the file, and where they stand in one record of it (JSON) in the order of their `cells`.
-#}
{% macro latest_lines(relation, key, cells, modified=none) -%}
    select
        ranked.*,
        row_number() over (
            partition by ranked._source_system, {% for column in key %}ranked.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by ranked._row_number, {% for cell in cells %}ranked.{{ cell }} nulls last{{ ', ' if not loop.last }}{% endfor %}
        ) as _line_no
    from (
        select
            feed.*,
            first_value(feed._delivery_id) over (
                partition by feed._source_system, {% for column in key %}feed.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
                order by
                    {% if modified %}coalesce(feed.{{ modified }}, feed._extracted_at, feed._received_at) desc nulls last,{% endif %}
                    coalesce(feed._extracted_at, feed._received_at) desc nulls last,
                    feed._mode = 'snapshot' nulls first,
                    feed._sequence desc
            ) as _newest_delivery_id
        from {{ relation }} as feed
        where feed._is_gone is not true
    ) as ranked
    where ranked._delivery_id = ranked._newest_delivery_id
{%- endmacro %}
