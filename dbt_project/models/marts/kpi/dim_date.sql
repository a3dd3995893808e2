with

periods as (

    select * from {{ ref('int_kpi_period') }}

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
        date_day,
        {{ month_code('date_day') }} as month,
        {{ month_start('date_day') }} as month_start,
        {{ month_end('date_day') }} as month_end,
        {{ quarter_code('date_day') }} as quarter,
        {{ quarter_start('date_day') }} as quarter_start,
        {{ quarter_end('date_day') }} as quarter_end,
        {{ year_code('date_day') }} as year,
        {{ year_start('date_day') }} as year_start,
        {{ year_end('date_day') }} as year_end,
        {{ is_working_day('date_day') }} as is_working_day
    from days

)

select * from final
