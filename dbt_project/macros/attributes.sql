{#-
What of a line a plan can filter by and look factors up by. Texts are compared after tidying; a value that is not there matches nothing.
A reversal has the values of the line that it takes back.
-#}

{% macro text_attributes() -%} product_family,customer_type,segment,channel,region {%- endmacro %}
{% macro number_attributes() -%} collection_days,margin,discount {%- endmacro %}

{#- A line's texts as they are compared. -#}
{% macro tidy_texts() -%}
    {%- for attribute in (text_attributes() | trim).split(',') -%}
    {{ comparable(attribute) }} as {{ attribute }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- One row a component that has filters: by which attributes, as `by_<attribute>`. -#}
{% macro filtered_attributes(filters) %}
    select
        plan_code,
        version,
        component_code,
        {%- for attribute in (text_attributes() | trim).split(',') %}
        max(case when attribute = '{{ attribute }}' then 1 else 0 end) as by_{{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ filters }}
    group by plan_code, version, component_code
{% endmacro %}

{#- Joins a line to the filters that it matches, one attribute at a time; `values` is where the line's attributes are found. -#}
{% macro filter_joins(filters, plan_code, version, component_code, values) -%}
    left join filtered_attributes
        on
            {{ plan_code }} = filtered_attributes.plan_code
            and {{ version }} = filtered_attributes.version
            and {{ component_code }} = filtered_attributes.component_code
    {%- for attribute in (text_attributes() | trim).split(',') %}
    left join {{ filters }} as {{ attribute }}_filters
        on
            {{ plan_code }} = {{ attribute }}_filters.plan_code
            and {{ version }} = {{ attribute }}_filters.version
            and {{ component_code }} = {{ attribute }}_filters.component_code
            and {{ attribute }}_filters.attribute = '{{ attribute }}'
            and {{ comparable(values ~ attribute) }} = {{ attribute }}_filters.value
    {%- endfor %}
{%- endmacro %}

{#- Whether a line joined so has a value of every attribute that its component filters by. -#}
{% macro filters_met() -%}
    (
        filtered_attributes.component_code is null
        or (
            {%- for attribute in (text_attributes() | trim).split(',') %}
            (filtered_attributes.by_{{ attribute }} = 0 or {{ attribute }}_filters.value is not null)
            {{- ' and' if not loop.last }}
            {%- endfor %}
        )
    )
{%- endmacro %}

{#- The text, or the number, of the attribute that `by` names; NULL when it is of the other kind. -#}
{% macro text_of_line(by, lines) -%}
    case {{ by }}
        {%- for attribute in (text_attributes() | trim).split(',') %}
        when '{{ attribute }}' then {{ lines }}.{{ attribute }}
        {%- endfor %}
    end
{%- endmacro %}
{% macro number_of_line(by, lines) -%}
    case {{ by }}
        {%- for attribute in (number_attributes() | trim).split(',') %}
        when '{{ attribute }}' then {{ lines }}.{{ attribute }}
        {%- endfor %}
    end
{%- endmacro %}

{#- The looked-up value as people read it: days whole. -#}
{% macro value_in_words(by, text, number) -%}
    coalesce(
        {{ text }},
        case when {{ by }} = 'collection_days' then cast(cast({{ number }} as bigint) as varchar) else cast({{ number }} as varchar) end
    )
{%- endmacro %}

{#- Joins a line to the row or column of a factor table that its value picks; bands are half-open. -#}
{% macro factor_band_join(axis) -%}
    left join factor_bands as {{ axis }}_bands
        on
            looked_up.plan_code = {{ axis }}_bands.plan_code
            and looked_up.version = {{ axis }}_bands.version
            and looked_up.component_code = {{ axis }}_bands.component_code
            and looked_up.factor_code = {{ axis }}_bands.factor_code
            and {{ axis }}_bands.axis = '{{ axis }}'
            and (
                looked_up.{{ axis }}_text = {{ comparable(axis ~ '_bands.value') }}
                or (
                    {{ axis }}_bands.value is null
                    and looked_up.{{ axis }}_number >= coalesce({{ axis }}_bands.lower_bound, looked_up.{{ axis }}_number)
                    and ({{ axis }}_bands.upper_bound is null or looked_up.{{ axis }}_number < {{ axis }}_bands.upper_bound)
                )
            )
{%- endmacro %}
