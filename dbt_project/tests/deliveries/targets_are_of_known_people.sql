-- Leans on: int_target. A target of somebody whom HR's register doesn't know is nobody's quota.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'human-resources',
    'reason': 'a target names a person that the register does not know, or a KPI that the catalogue does not',
    'remedy': 'correct the work number or the KPI code in the targets and deliver them again',
}) }}

with

targets as (

    select * from {{ ref('stg_hr__targets') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

final as (

    select
        targets.source_system,
        targets.employee_id,
        targets.kpi_code,
        targets.period,
        targets.delivery_id,
        targets.file_name,
        targets.row_number
    from targets
    left join kpis on targets.kpi_code = kpis.kpi_code
    left join employees
        on
            targets.employee_id = employees.employee_id
            or (targets.source_system = employees.source_system and targets.employee_id = employees.work_number)
    where employees.employee_id is null or kpis.kpi_code is null

)

select * from final
