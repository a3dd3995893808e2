{#-
The rows of a feed, one for each record that is not deleted: its latest revision. Revisions are ordered by the column that
says when the record was changed (a row that does not say counts from its extract), then by when the export was made (a file
that does not say, from its arrival), then changes before full snapshots, then by arrival, then by row; file times never
decide. What a later deletion covers is history only: the raw view says so in `_is_gone`.
-#}
{% macro latest_revision(relation, key, modified=none) -%}
    select *
    from (
        select
            feed.*,
            row_number() over (
                partition by feed._source_system, {% for column in key %}feed.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
                order by
                    {% if modified %}coalesce(feed.{{ modified }}, feed._extracted_at, feed._received_at) desc nulls last,{% endif %}
                    coalesce(feed._extracted_at, feed._received_at) desc nulls last,
                    feed._mode = 'snapshot' nulls first,
                    feed._sequence desc,
                    feed._row_number desc
            ) as _revision_rank
        from {{ relation }} as feed
        where feed._is_gone is not true
    ) as revisions
    where _revision_rank = 1
{%- endmacro %}
