{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'a gap would explain another figure than the KPI that everybody reads',
    'remedy': 'look at what int_gap_line counts and int_kpi_measure does not'
}) }}

with

gaps as (

    select distinct
        subject_type,
        subject_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        actual_value
    from {{ ref('fct_gap') }}

),

facts as (

    select
        'employee' as subject_type,
        employee_id as subject_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        actual_value
    from {{ ref('fct_kpi_employee_period') }}
    union all
    select
        'team' as subject_type,
        team as subject_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        actual_value
    from {{ ref('fct_kpi_team_period') }}

)

select
    gaps.*,
    facts.actual_value as kpi_value
from gaps
left join facts
    on
        gaps.subject_type = facts.subject_type
        and gaps.subject_id = facts.subject_id
        and gaps.kpi_code = facts.kpi_code
        and gaps.period_type = facts.period_type
        and gaps.period = facts.period
        and gaps.currency_code = facts.currency_code
where gaps.actual_value <> coalesce(facts.actual_value, 0)
