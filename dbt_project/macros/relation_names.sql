{#-
What models are built from is named by schema and table, without the database, so that a view of the warehouse can also be
read where its file is attached under another name: the publisher and the gate do.
-#}
{% macro ref() -%}
    {%- do return(builtins.ref(*varargs, **kwargs).include(database=false)) -%}
{%- endmacro %}

{% macro source() -%}
    {%- do return(builtins.source(*varargs).include(database=false)) -%}
{%- endmacro %}
