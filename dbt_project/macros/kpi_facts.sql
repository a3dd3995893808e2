{#-
KPI facts at one grain (`subject` is employee_id or team): actual from numerator and denominator of the period, target, attainment.
`frames` names the rows that must be there even when nothing happened; `sums` and `targets` are by subject, KPI, period, currency.
-#}
{% macro kpi_facts(subject, frames, sums, targets) %}
keys as (

    select {{ subject }}, kpi_code, period_type, period, currency_code from {{ frames }}
    union
    select {{ subject }}, kpi_code, period_type, period, currency_code from {{ sums }}
    union
    select {{ subject }}, kpi_code, period_type, period, currency_code from {{ targets }}

),

valued as (

    select
        keys.{{ subject }},
        keys.kpi_code,
        keys.period_type,
        keys.period,
        keys.currency_code,
        periods.period_start,
        periods.period_end,
        kpis.is_additive,
        cast(coalesce({{ sums }}.numerator, 0) as decimal(24, 6)) as numerator,
        case when not kpis.is_additive then cast(coalesce({{ sums }}.denominator, 0) as decimal(24, 6)) end as denominator,
        {{ targets }}.target_value
    from keys
    inner join kpis on keys.kpi_code = kpis.kpi_code
    inner join periods on keys.period_type = periods.period_type and keys.period = periods.period
    left join {{ sums }}
        on
            keys.{{ subject }} = {{ sums }}.{{ subject }}
            and keys.kpi_code = {{ sums }}.kpi_code
            and keys.period_type = {{ sums }}.period_type
            and keys.period = {{ sums }}.period
            and keys.currency_code = {{ sums }}.currency_code
    left join {{ targets }}
        on
            keys.{{ subject }} = {{ targets }}.{{ subject }}
            and keys.kpi_code = {{ targets }}.kpi_code
            and keys.period_type = {{ targets }}.period_type
            and keys.period = {{ targets }}.period
            and keys.currency_code = {{ targets }}.currency_code

),

measured as (

    select
        *,
        cast(
            case when is_additive then numerator else {{ safe_ratio('numerator', 'denominator') }} end as decimal(24, 6)
        ) as actual_value
    from valued

),

final as (

    select
        {{ subject }},
        kpi_code,
        period_type,
        period,
        currency_code,
        period_start,
        period_end,
        numerator,
        denominator,
        actual_value,
        cast(target_value as decimal(24, 6)) as target_value,
        cast({{ safe_ratio('actual_value', 'target_value') }} as decimal(18, 6)) as attainment,
        case
            when target_value is null then 'no target'
            when target_value <= 0 then 'the target is not above 0'
            when actual_value is null then 'nothing to measure: the denominator is not above 0'
        end as attainment_reason
    from measured

)
{% endmacro %}
