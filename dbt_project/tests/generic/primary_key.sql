{#- Rows of which a key column is NULL, or whose key occurs more than once. -#}
{% test primary_key(model, columns) %}

with

keys as (

    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}

),

final as (

    select *
    from keys
    where
        row_count > 1
        {% for column in columns %}or {{ column }} is null
        {% endfor %}

)

select * from final

{% endtest %}
