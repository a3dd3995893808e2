{#-
Factors (rule T7) multiply a line, one after the other. Their product is exact as long as their decimals add up to at most 12; beyond
that it is rounded at the 12th, half away from zero.
-#}

{% macro most_factors() -%} 6 {%- endmacro %}

{#- Within a group: the product of `factor` over the rows numbered 1, 2, 3 ... by `number`, as DECIMAL(24, 12). -#}
{% macro product_of_factors(factor, number) -%}
    {%- set ns = namespace(product='cast(1 as decimal(24, 12))') -%}
    {%- for position in range(1, most_factors() | int + 1) -%}
        {%- set part = 'cast(coalesce(max(case when ' ~ number ~ ' = ' ~ position ~ ' then ' ~ factor ~ ' end), 1) as decimal(14, 6))' -%}
        {%- set ns.product = 'cast(round(' ~ ns.product ~ ' * ' ~ part ~ ', 12) as decimal(24, 12))' -%}
    {%- endfor -%}
    {{ ns.product }}
{%- endmacro %}

{#- One row a line: the product of its factors, what they are made of, and why there is none. -#}
{% macro factor_of_line(line_factors) %}
multiplied as (

    select
        component_line_id,
        {{ product_of_factors('factor', 'factor_no') }} as product,
        {{ json_array_of_objects([
            ['factor', json_text('factor_code')],
            ['value', json_text("concat_ws(' x ', row_value, column_value)")],
            ['times', json_number('factor')],
        ], 'factor_no') }} as factor_parts,
        case
            when count(factor) < count(*) then string_agg(hold_reason, ', ' order by factor_no)
            when count(*) > {{ most_factors() }} then 'more than {{ most_factors() }} factors apply to the line (T7)'
        end as hold_reason
    from {{ line_factors }}
    group by component_line_id

),

final as (

    select
        component_line_id,
        case when hold_reason is null then product end as factor,
        factor_parts,
        hold_reason
    from multiplied

)
{% endmacro %}

{#-
What counts of a credit: measure x share x factor x months left / linear months, once, at scale 6, half away from zero. Without share,
factor and schedule it is the measure itself.
-#}
{% macro counted_credit(measured, share, factor, months_left, linear_months) -%}
    case
        when {{ share }} = 1 and {{ factor }} = 1 and {{ months_left }} is null then cast({{ measured }} as decimal(18, 6))
        else cast({{ from_units(
            divide_half_away(
                to_units(measured, 6) ~ ' * ' ~ to_units(share, 6) ~ ' * ' ~ to_units(factor, 12)
                ~ ' * ' ~ whole_number('coalesce(' ~ months_left ~ ', 1)'),
                whole_number('1000000000000000000')
                ~ ' * ' ~ whole_number('case when ' ~ months_left ~ ' is null then 1 else ' ~ linear_months ~ ' end')
            ), 6
        ) }} as decimal(18, 6))
    end
{%- endmacro %}

{#- JSON of the factors on a line's credit and on its pay; NULL when it has neither. -#}
{% macro factor_parts(credit_parts, pay_parts) -%}
    case
        when {{ credit_parts }} is null then {{ pay_parts }}
        when {{ pay_parts }} is null then {{ credit_parts }}
        else substring({{ credit_parts }}, 1, length({{ credit_parts }}) - 1) || ', ' || substring({{ pay_parts }}, 2)
    end
{%- endmacro %}

{#- Unrounded pay x a factor, exact at scale 24, rounded once to the minor unit (rule M2). -#}
{% macro rounded_product(pay, factor, minor_unit_digits) -%}
    {{ round_to_minor_unit(
        'cast(' ~ pay ~ ' as decimal(22, 12)) * cast(' ~ factor ~ ' as decimal(16, 12))', minor_unit_digits
    ) }}
{%- endmacro %}

{#- What a cap looks at (rule T9): a deal over all months, the component's window, or the calendar year. -#}
{% macro cap_window(cap_per, deal, window_code, month) -%}
    case {{ cap_per }} when 'deal' then {{ deal }} when 'year' then substring({{ month }}, 1, 4) else {{ window_code }} end
{%- endmacro %}

{#- The rules of a component's lines and, behind them, those that apply to this one line. -#}
{% macro line_rules(rule_codes, more) -%}
    {{ rule_codes }}
    {%- for rule, condition in more %}
    || case when {{ condition }} and {{ rule_codes }} not like '%{{ rule }}%' then ' {{ rule }}' else '' end
    {%- endfor %}
{%- endmacro %}
