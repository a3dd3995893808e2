-- How much people improved on a KPI from a period to the same one a year later, as a distribution: the 5th, 50th and 95th
-- percentile of actual ÷ the year before − 1 (turned round where lower is better), over everybody who was there all through
-- both periods and had more than 0 in the first. Percentiles are the lowest value that at least so many do not exceed.

with

whole as (

    select * from {{ ref('int_kpi_whole_period') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

pairs as (

    select
        later.kpi_code,
        later.period_type,
        later.employee_id,
        later.period,
        cast(
            ({{ safe_ratio('later.actual_value', 'before.actual_value') }} - 1)
            * case when kpis.direction = 'lower' then -1 else 1 end as decimal(18, 6)
        ) as improvement
    from whole as later
    inner join kpis on later.kpi_code = kpis.kpi_code
    inner join whole as before
        on
            later.employee_id = before.employee_id
            and later.kpi_code = before.kpi_code
            and later.period_type = before.period_type
            and later.currency_code = before.currency_code
            and before.period_start = {{ add_months('later.period_start', -12) }}
    where
        before.actual_value > 0
        and later.actual_value is not null

),

placed as (

    select
        *,
        row_number() over (partition by kpi_code, period_type order by improvement, employee_id, period) as place,
        count(*) over (partition by kpi_code, period_type) as pairs
    from pairs

),

final as (

    select
        kpi_code,
        period_type,
        max(pairs) as pairs,
        min(case when place * 100 >= pairs * 5 then improvement end) as improvement_p05,
        min(case when place * 100 >= pairs * 50 then improvement end) as improvement_p50,
        min(case when place * 100 >= pairs * 95 then improvement end) as improvement_p95
    from placed
    group by kpi_code, period_type

)

select * from final
