{#- Calendar arithmetic, in one place because every engine spells it differently. All take and give DATE. -#}

{% macro month_start(day) -%} cast(date_trunc('month', {{ day }}) as date) {%- endmacro %}
{% macro month_end(day) -%} last_day({{ day }}) {%- endmacro %}
{% macro quarter_start(day) -%} cast(date_trunc('quarter', {{ day }}) as date) {%- endmacro %}
{% macro quarter_end(day) -%} last_day(cast(date_trunc('quarter', {{ day }}) + interval 2 month as date)) {%- endmacro %}
{% macro year_start(day) -%} cast(date_trunc('year', {{ day }}) as date) {%- endmacro %}
{% macro year_end(day) -%} make_date(year({{ day }}), 12, 31) {%- endmacro %}

{% macro month_code(day) -%} strftime({{ day }}, '%Y-%m') {%- endmacro %}
{% macro quarter_code(day) -%} (strftime({{ day }}, '%Y') || '-Q' || cast(quarter({{ day }}) as varchar)) {%- endmacro %}
{% macro year_code(day) -%} strftime({{ day }}, '%Y') {%- endmacro %}

{#- The period's code, first and last day by its type: month, quarter, year, or ytd: the year to the month's end. -#}
{% macro period_code(period_type, day) -%}
    case {{ period_type }}
        when 'month' then {{ month_code(day) }}
        when 'quarter' then {{ quarter_code(day) }}
        when 'year' then {{ year_code(day) }}
        when 'ytd' then {{ month_code(day) }} || '-YTD'
    end
{%- endmacro %}
{% macro period_start(period_type, day) -%}
    case {{ period_type }}
        when 'month' then {{ month_start(day) }}
        when 'quarter' then {{ quarter_start(day) }}
        when 'year' then {{ year_start(day) }}
        when 'ytd' then {{ year_start(day) }}
    end
{%- endmacro %}
{% macro period_end(period_type, day) -%}
    case {{ period_type }}
        when 'month' then {{ month_end(day) }}
        when 'quarter' then {{ quarter_end(day) }}
        when 'year' then {{ year_end(day) }}
        when 'ytd' then {{ month_end(day) }}
    end
{%- endmacro %}

{#- First day of a period given as text: 2026-03, 2026-Q1 or 2026. -#}
{% macro first_day_of_period(period) -%}
    case
        when substr({{ period }}, 6, 1) = 'Q'
            then make_date(cast(substr({{ period }}, 1, 4) as integer), cast(substr({{ period }}, 7, 1) as integer) * 3 - 2, 1)
        when length({{ period }}) = 7 then cast({{ period }} || '-01' as date)
        else make_date(cast({{ period }} as integer), 1, 1)
    end
{%- endmacro %}

{#- Day of a month given as text, 'YYYY-MM'. -#}
{% macro month_to_day(month) -%} cast({{ month }} || '-01' as date) {%- endmacro %}

{% macro add_days(day, days) -%} cast({{ day }} + cast({{ days }} as integer) as date) {%- endmacro %}

{#- Days of a span of which both ends count (rule Q1); never below zero. -#}
{% macro days_of_span(first_day, last_day) -%} greatest(cast({{ last_day }} - {{ first_day }} as bigint) + 1, 0) {%- endmacro %}

{#- Weekdays, Monday to Friday: whether a day is one, and how many a span has of which both ends count. 1900-01-01 was a Monday. -#}
{% macro is_weekday(day) -%} isodow({{ day }}) <= 5 {%- endmacro %}
{% macro weekdays_before(day) -%}
    (
        cast({{ day }} - cast('1900-01-01' as date) as bigint) // 7 * 5
        + least(cast({{ day }} - cast('1900-01-01' as date) as bigint) % 7, 5)
    )
{%- endmacro %}
{% macro weekdays_of_span(first_day, last_day) -%}
    greatest({{ weekdays_before(add_days(last_day, 1)) }} - {{ weekdays_before(first_day) }}, 0)
{%- endmacro %}

{#- What a day of the working calendar adds to the weekdays: 1 a worked weekend, -1 a holiday in the week. -#}
{% macro working_day_change(calendar) -%}
    case
        when {{ calendar }}.is_working_day and not {{ is_weekday(calendar ~ '.date_day') }} then 1
        when not {{ calendar }}.is_working_day and {{ is_weekday(calendar ~ '.date_day') }} then -1
        else 0
    end
{%- endmacro %}

{% macro months_between(first_day, last_day) -%} datediff('month', {{ first_day }}, {{ last_day }}) {%- endmacro %}

{#- One row a day, or a month, between two days, both ends included. -#}
{% macro day_series(first_day, last_day) -%}
    unnest(generate_series(cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval 1 day))
{%- endmacro %}
{% macro month_series(first_day, last_day) -%}
    unnest(generate_series(cast({{ month_start(first_day) }} as timestamp), cast({{ last_day }} as timestamp), interval 1 month))
{%- endmacro %}

{#- The same day of a month `months` later; a day that the month does not have is its last one. -#}
{% macro add_months(day, months) -%} cast({{ day }} + to_months(cast({{ months }} as integer)) as date) {%- endmacro %}

{#- Whole months from one day to a later one, by day of month, month ends clipped (rule D3). -#}
{% macro whole_months(first_day, last_day) -%}
    ({{ months_between(first_day, last_day) }}
    - case when {{ add_months(first_day, months_between(first_day, last_day)) }} > {{ last_day }} then 1 else 0 end)
{%- endmacro %}

{#- Months of a window by its type. -#}
{% macro window_months(period_type) -%} case {{ period_type }} when 'month' then 1 when 'quarter' then 3 when 'year' then 12 end {%- endmacro %}
