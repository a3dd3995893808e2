{#-
Why there is no cost per gained yuan against another period of the plan; NULL where there is one. `own` and `compared` are the
period's own totals and row, `{{ other }}` the totals of the other.
-#}
{% macro gain_reason(other) -%}
    case
        when not compared.is_complete then 'the period is not over'
        when {{ other }}.revenue_amount is null or {{ other }}.revenue_amount <= 0 then 'no revenue to compare with'
        when
            own.first_basis <> own.last_basis
            or {{ other }}.first_basis <> {{ other }}.last_basis
            or own.first_basis <> {{ other }}.first_basis
            then 'revenue is counted on another basis'
        when own.revenue_amount <= {{ other }}.revenue_amount then 'revenue did not rise'
    end
{%- endmacro %}

{#- How long somebody had been there on a day, as a group that people are compared within. -#}
{% macro tenure_group(hire_date, day) -%}
    case
        when {{ hire_date }} is null then 'unknown'
        when {{ whole_months(hire_date, day) }} < 6 then 'under 6 months'
        when {{ whole_months(hire_date, day) }} < 12 then '6 to 12 months'
        when {{ whole_months(hire_date, day) }} < 36 then '1 to 3 years'
        else '3 years and more'
    end
{%- endmacro %}

{#- A ratio at scale 6 as people read it, in percent with one decimal: 0.312500 is 31.3 %. -#}
{% macro percent_text(ratio) -%}
    (
        case when {{ ratio }} < 0 then '-' else '' end
        || cast({{ divide_half_away('abs(' ~ to_units(ratio, 6) ~ ')', '1000') }} // 10 as varchar)
        || '.' || cast({{ divide_half_away('abs(' ~ to_units(ratio, 6) ~ ')', '1000') }} % 10 as varchar) || ' %'
    )
{%- endmacro %}

{#- Days somebody must have been active in a period to be ranked in it, and people of a role that must be ranked for some to stand out. -#}
{% macro fewest_active_days() -%} 15 {%- endmacro %}
{% macro fewest_ranked() -%} 8 {%- endmacro %}
