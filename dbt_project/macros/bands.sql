{#- Whether a total lies in a band (rule T1): half-open, and below zero in the first. -#}
{% macro is_in_band(total, bands) -%}
    ({{ bands }}.band_no = 1 or {{ total }} >= {{ bands }}.lower_amount)
    and ({{ bands }}.upper_amount is null or {{ total }} < {{ bands }}.upper_amount)
{%- endmacro %}

{#- The part of a total that is inside a band (rule T3). -#}
{% macro part_in_band(total, bands) -%}
    case
        when {{ bands }}.band_no = 1 then least({{ total }}, coalesce({{ bands }}.upper_amount, {{ total }}))
        else greatest(least({{ total }}, coalesce({{ bands }}.upper_amount, {{ total }})) - {{ bands }}.lower_amount, 0)
    end
{%- endmacro %}

{#- What a total earns by the price that it lies in, unrounded (rules T3, T4): F of the place where the price begins, and the rest. -#}
{% macro pay_of_total(total, prices) -%}
    {{ prices }}.pay_from + cast({{ total }} - {{ prices }}.counts_from as decimal(20, 6)) * {{ prices }}.rate
{%- endmacro %}

{#- Whether a price is the one of a total. -#}
{% macro is_priced_by(total, prices) -%}
    ({{ prices }}.prices_from is null or {{ total }} >= {{ prices }}.prices_from)
    and ({{ prices }}.prices_to is null or {{ total }} < {{ prices }}.prices_to)
{%- endmacro %}

{#- Joins by the window in which a component accumulates. -#}
{% macro of_window(lines, others) -%}
    {%- for key in ('payee_id', 'plan_code', 'plan_version', 'component_code', 'window_code') -%}
    {{ lines }}.{{ key }} = {{ others }}.{{ key }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#-
The part of a line's credit in a band, as `fct_earning_line.band_parts` holds it: what is the same for all lines of the band, and the
amount.
-#}
{% macro band_part_before_amount(bands) -%}
    '{"band": ' || cast({{ bands }}.band_no as varchar)
    || ', "from": ' || {{ json_number(bands ~ '.lower_amount') }}
    || ', "to": ' || {{ json_number(bands ~ '.upper_amount') }}
    || ', "rate": ' || {{ json_number(bands ~ '.rate') }}
    || ', "amount": '
{%- endmacro %}
{% macro band_part_amount(amount) -%} {{ json_number(amount) }} || '}' {%- endmacro %}
{% macro band_part(bands, amount) -%} {{ band_part_before_amount(bands) }} || {{ band_part_amount(amount) }} {%- endmacro %}
