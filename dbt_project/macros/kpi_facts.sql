{#-
KPI facts at one grain (`subject` is employee_id or team): actual from numerator and denominator of the period, target, attainment, gap,
what is expected to date, pace, the actuals of the period before and of a year ago, and how sure a share of counted things is.
`frames` names the rows that must be there even when nothing happened; `sums` and `targets` are by subject, KPI, period, currency.
A KPI of which no line was ever met is not measured: it has no rows of its own, and no value where it has a target.
-#}
{% macro kpi_facts(subject, frames, sums, targets) %}
measured_kpis as (

    select distinct kpi_code from {{ sums }}

),

keys as (

    select
        {{ frames }}.{{ subject }},
        {{ frames }}.kpi_code,
        {{ frames }}.period_type,
        {{ frames }}.period,
        {{ frames }}.currency_code
    from {{ frames }}
    inner join measured_kpis on {{ frames }}.kpi_code = measured_kpis.kpi_code
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
        periods.previous_period,
        periods.last_year_period,
        periods.working_days,
        periods.elapsed_working_days,
        kpis.is_additive,
        kpis.is_state,
        kpis.unit = 'ratio' and not kpis.is_in_currency as is_share,
        measured_kpis.kpi_code is not null as is_measured,
        case
            when measured_kpis.kpi_code is null then null
            when {{ sums }}.kpi_code is not null then {{ sums }}.numerator
            else cast(0 as decimal(24, 6))
        end as numerator,
        case
            when kpis.is_additive or measured_kpis.kpi_code is null then null
            else cast(coalesce({{ sums }}.denominator, 0) as decimal(24, 6))
        end as denominator,
        {{ targets }}.target_value
    from keys
    inner join kpis on keys.kpi_code = kpis.kpi_code
    inner join periods on keys.period_type = periods.period_type and keys.period = periods.period
    left join measured_kpis on keys.kpi_code = measured_kpis.kpi_code
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
        ) as actual_value,
        cast(
            case
                when is_additive and not is_state
                    then {{ safe_ratio('target_value * elapsed_working_days', 'working_days') }}
                else target_value
            end as decimal(24, 6)
        ) as expected_value,
        {{ share_count('is_share', 'kpi_code', 'numerator', 'denominator') }} as share_count
    from valued

),

spread as (

    select
        *,
        {{ share_spread('share_count', 'denominator') }} as share_spread
    from measured

),

final as (

    select
        measured.{{ subject }},
        measured.kpi_code,
        measured.period_type,
        measured.period,
        measured.currency_code,
        measured.period_start,
        measured.period_end,
        measured.numerator,
        measured.denominator,
        measured.actual_value,
        cast(measured.target_value as decimal(24, 6)) as target_value,
        cast({{ safe_ratio('measured.actual_value', 'measured.target_value') }} as decimal(18, 6)) as attainment,
        case
            when measured.target_value is null then 'no target'
            when measured.target_value <= 0 then 'the target is not above 0'
            when not measured.is_measured then 'not measured: no record that it is computed from was ever met'
            when measured.actual_value is null and measured.is_additive then 'not known: what it is computed from is not filled in'
            when measured.actual_value is null then 'nothing to measure: the denominator is not above 0'
        end as attainment_reason,
        cast(measured.actual_value - measured.target_value as decimal(24, 6)) as gap_value,
        measured.expected_value,
        cast({{ safe_ratio('measured.actual_value', 'measured.expected_value') }} as decimal(18, 6)) as pace,
        previous.actual_value as previous_actual_value,
        last_year.actual_value as last_year_actual_value,
        {{ confidence_bound('measured.kpi_code', 'measured.share_count', 'measured.share_spread', 'measured.denominator', -1) }}
            as confidence_low,
        {{ confidence_bound('measured.kpi_code', 'measured.share_count', 'measured.share_spread', 'measured.denominator', 1) }}
            as confidence_high
    from spread as measured
    left join measured as previous
        on
            measured.{{ subject }} = previous.{{ subject }}
            and measured.kpi_code = previous.kpi_code
            and measured.period_type = previous.period_type
            and measured.previous_period = previous.period
            and measured.currency_code = previous.currency_code
    left join measured as last_year
        on
            measured.{{ subject }} = last_year.{{ subject }}
            and measured.kpi_code = last_year.kpi_code
            and measured.period_type = last_year.period_type
            and measured.last_year_period = last_year.period
            and measured.currency_code = last_year.currency_code

)
{% endmacro %}

{#-
The 95 % confidence interval (Wilson) of a share of counted things, x of n, with z = 1.96:
    (x + z²/2 ± z √(x (1 - x/n) + z²/4)) / (n + z²)
in three steps: `share_count` is x, NULL for what is no such share; `share_spread` is the root; `confidence_bound` is the interval's lower
(`side` -1) or upper (1) end. Of NPS, which lies between -1 and 1, it is the one as if every answer was a promoter's or a detractor's: the
widest there can be.
-#}
{% macro share_count(is_share, kpi_code, numerator, denominator) -%}
    cast(
        case
            when not {{ is_share }} or {{ denominator }} <= 0 then null
            when {{ kpi_code }} = 'nps' then ({{ numerator }} + {{ denominator }}) * 0.5
            else {{ numerator }}
        end as decimal(18, 6)
    )
{%- endmacro %}
{% macro share_spread(share_count, denominator) -%}
    cast(
        sqrt(greatest({{ proportional(share_count, '(' ~ denominator ~ ' - ' ~ share_count ~ ')', denominator) }}, 0) + 0.9604)
        as decimal(18, 6)
    )
{%- endmacro %}
{% macro confidence_bound(kpi_code, share_count, share_spread, denominator, side) -%}
    cast(
        {{ safe_ratio(
            '(' ~ share_count ~ ' + 1.9208 ' ~ ('+' if side > 0 else '-') ~ ' 1.96 * ' ~ share_spread ~ ')',
            '(' ~ denominator ~ ' + 3.8416)'
        ) }}
        * case {{ kpi_code }} when 'nps' then 2 else 1 end - case {{ kpi_code }} when 'nps' then 1 else 0 end
        as decimal(18, 6)
    )
{%- endmacro %}
