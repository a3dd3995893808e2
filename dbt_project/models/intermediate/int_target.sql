-- Targets by person, KPI and month, at scale 6 (rule Q3).

with

targets as (

    select * from {{ ref('stg_hr__targets') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

matched as (

    select
        coalesce(own.employee_id, other.employee_id) as employee_id,
        targets.kpi_code,
        targets.period as month,
        cast(targets.target_value as decimal(24, 6)) as target_value,
        targets.currency_code,
        targets.delivery_id,
        targets.file_name,
        targets.row_number,
        row_number() over (
            partition by coalesce(own.employee_id, other.employee_id), targets.kpi_code, targets.period
            order by case when own.employee_id is not null then 0 else 1 end, targets.source_system
        ) as claim_no
    from targets
    left join employees as own
        on targets.source_system = own.source_system and targets.employee_id = own.work_number
    left join employees as other on targets.employee_id = other.employee_id

),

final as (

    select
        employee_id,
        kpi_code,
        month,
        {{ month_to_day('month') }} as month_start,
        target_value,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from matched
    where employee_id is not null and claim_no = 1

)

select * from final
