with

periods as (

    select * from {{ ref('int_kpi_period') }}

),

calendar as (

    select * from {{ ref('working_calendar') }}

),

bounds as (

    select
        min(period_start) as first_day,
        max(period_end) as last_day
    from periods

),

days as (

    select cast({{ day_series('first_day', 'last_day') }} as date) as date_day from bounds

),

final as (

    select
        days.date_day,
        {{ month_code('days.date_day') }} as month,
        {{ month_start('days.date_day') }} as month_start,
        {{ month_end('days.date_day') }} as month_end,
        {{ quarter_code('days.date_day') }} as quarter,
        {{ quarter_start('days.date_day') }} as quarter_start,
        {{ quarter_end('days.date_day') }} as quarter_end,
        {{ year_code('days.date_day') }} as year,
        {{ year_start('days.date_day') }} as year_start,
        {{ year_end('days.date_day') }} as year_end,
        coalesce(calendar.is_working_day, {{ is_weekday('days.date_day') }}) as is_working_day,
        calendar.name_en as holiday_en,
        calendar.name_zh as holiday_zh
    from days
    left join calendar on days.date_day = calendar.date_day

)

select * from final
