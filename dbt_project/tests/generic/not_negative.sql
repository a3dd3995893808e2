{#- Rows whose amount is below zero where the contract of the feed says it is given as a positive number. -#}
{% test not_negative(model, column_name) %}

select *
from {{ model }}
where {{ column_name }} < 0

{% endtest %}
