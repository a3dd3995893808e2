-- Leans on: fct_payout. A person who is missing from the register is not the same as a person who is paid 0:
-- without a row nobody notices that an assignment, a role or a target is missing.

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'somebody who was in a plan in the month has no row in the payout register',
    'remedy': 'look at what int_payout_month joins',
}) }}

with

run as (

    select * from {{ ref('int_run') }}

),

months as (

    select * from {{ ref('int_plan_month') }}

),

payouts as (

    select * from {{ ref('fct_payout') }}

),

final as (

    select
        months.employee_id as payee_id,
        months.plan_code,
        months.month as period
    from months
    inner join run on months.month_start <= run.as_of_date
    left join payouts
        on
            months.employee_id = payouts.payee_id
            and months.plan_code = payouts.plan_code
            and months.month = payouts.period
    where payouts.payout_id is null

)

select * from final
