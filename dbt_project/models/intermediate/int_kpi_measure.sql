-- What each KPI of events counts, line by line, with numerator and denominator, so that any roll-up is a sum (a ratio
-- is never averaged). The team is that of the reporting line valid on the event date; segment, channel, region,
-- product family and product are those of the document or customer, where the event has one. What is measured at the
-- end of a period is in int_kpi_state.

with

teams as (

    select * from {{ ref('int_employee_team') }}

),

measures as (

    select * from {{ ref('int_kpi_measure_sales') }}
    union all
    select * from {{ ref('int_kpi_measure_funnel') }}
    union all
    select * from {{ ref('int_kpi_measure_activity') }}
    union all
    select * from {{ ref('int_kpi_measure_satisfaction') }}

),

final as (

    select
        measures.kpi_code,
        measures.employee_id,
        case when measures.employee_id = 'HOUSE' then 'HOUSE' else coalesce(teams.team, 'NO TEAM') end as team,
        measures.event_date,
        measures.currency_code,
        measures.segment,
        measures.channel,
        measures.region,
        measures.product_family,
        measures.product_name,
        measures.numerator,
        measures.denominator
    from measures
    left join teams
        on
            measures.employee_id = teams.employee_id
            and measures.event_date between teams.valid_from and teams.valid_to

)

select * from final
