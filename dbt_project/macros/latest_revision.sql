{#-
The rows of a feed, one for each record: its latest revision. Revisions are ordered by the column that says when the record
was changed, then by when the export was made, then by arrival, then by row; file times never decide.
-#}
{% macro latest_revision(relation, key, modified=none) -%}
    select *
    from (
        select
            feed.*,
            row_number() over (
                partition by feed._source_system, {% for column in key %}feed.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
                order by
                    {% if modified %}feed.{{ modified }} desc nulls last,{% endif %}
                    feed._extracted_at desc nulls last,
                    feed._sequence desc,
                    feed._row_number desc
            ) as _revision_rank
        from {{ relation }} as feed
    ) as revisions
    where _revision_rank = 1
{%- endmacro %}
