{#-
The effective quota is kept exact until it is shown (rule Q1: the factor is not rounded). A month's share is
    target x ramp x active days / days of the target's period,
and periods have 28 to 31, 90 to 92 or 365 or 366 days, so every share is a whole number of 1 / 1,508,183,274,780 (their least
common multiple) of the product of target and ramp at scale 6 each. `quota_units` counts those parts; they add up over months
without rounding.
-#}
{% macro period_days_multiple() -%} 1508183274780 {%- endmacro %}

{% macro quota_units(target, ramp, active_days, period_days) -%}
    {{ to_units(target, 6) }} * {{ to_units(ramp, 6) }} * {{ active_days }}
    * ({{ whole_number(period_days_multiple()) }} // {{ period_days }})
{%- endmacro %}

{#- The quota in money at scale 6. -#}
{% macro quota_amount(units) -%}
    cast({{ from_units(divide_half_away(units, whole_number(period_days_multiple() ~ '000000')), 6) }} as decimal(18, 6))
{%- endmacro %}

{#-
A bound of attainment as money at scale 6: bound x the unrounded quota (rule T2). The quota is in its lowest terms first, so that
the product has room.
-#}
{% macro quota_bound(bound, units) -%}
    {%- set whole = whole_number(period_days_multiple() ~ '000000000000') -%}
    {%- set divisor = common_divisor(units, whole) -%}
    cast({{ from_units(
        divide_half_away(
            to_units(bound, 6) ~ ' * ((' ~ units ~ ') // ' ~ divisor ~ ')', '(' ~ whole ~ ' // ' ~ divisor ~ ')'
        ), 6
    ) }} as decimal(24, 6))
{%- endmacro %}

{#- Whether targets of a KPI are amounts of a currency; units and counts are not. -#}
{% macro is_money_kpi(kpi_code) -%} ({{ kpi_code }} like '%!_amount' escape '!' or {{ kpi_code }} like '%!_margin' escape '!') {%- endmacro %}
