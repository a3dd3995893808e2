{#-
The effective quota is kept exact until it is shown (rule Q1: the factor is not rounded). A month's share is
    target x ramp x active days / days of the month,
and months have 28, 29, 30 or 31 days, so every month's share is a whole number of 1 / 377,580 (their least common multiple)
of the product of target and ramp at scale 6 each. `quota_units` counts those parts; they add up over months without rounding.
-#}
{% macro month_days_multiple() -%} 377580 {%- endmacro %}

{% macro quota_units(target, ramp, active_days, month_days) -%}
    {{ to_units(target, 6) }} * {{ to_units(ramp, 6) }} * {{ active_days }} * ({{ month_days_multiple() }} // {{ month_days }})
{%- endmacro %}

{#- The quota in money at scale 6. -#}
{% macro quota_amount(units) -%}
    cast({{ from_units(divide_half_away(units, whole_number(month_days_multiple() ~ '000000')), 6) }} as decimal(18, 6))
{%- endmacro %}

{#- A bound of attainment as money at scale 6: bound x the unrounded quota (rule T2). -#}
{% macro quota_bound(bound, units) -%}
    cast({{ from_units(
        divide_half_away(
            to_units(bound, 6) ~ ' * ' ~ units, whole_number(month_days_multiple() ~ '000000000000')
        ), 6
    ) }} as decimal(24, 6))
{%- endmacro %}
