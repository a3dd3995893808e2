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
