-- What KPIs of a state count, by period: receivables, pipeline, customers. A state has no parts that add up over time:
-- each period's is measured on its own, at its end or over its whole. The team is that of the reporting line valid on
-- the period's last day, or on the as-of day of a period that still runs.

with

teams as (

    select * from {{ ref('int_employee_team') }}

),

measures as (

    select * from {{ ref('int_kpi_state_receivable') }}
    union all
    select * from {{ ref('int_kpi_state_pipeline') }}
    union all
    select * from {{ ref('int_kpi_state_customer') }}

),

final as (

    select
        measures.kpi_code,
        measures.employee_id,
        case when measures.employee_id = 'HOUSE' then 'HOUSE' else coalesce(teams.team, 'NO TEAM') end as team,
        measures.period_type,
        measures.period,
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
            and measures.state_date between teams.valid_from and teams.valid_to

)

select * from final
