-- Leans on: int_plan_assignment. A person in two plans, or two versions, on one day would be paid twice for the
-- same deal, or have two draws. What only adds SPIFFs, contests and rewards may lie beside a plan.

{{ config(meta={
    'severity': 'critical',
    'scope': 'rows',
    'owner': 'sales-operations',
    'reason': 'the person is paid by two plans on the same days, and which draw or floor holds is not said',
    'remedy': 'make the assignments of the plans exclude each other, then run again',
}) }}

with

run as (

    select * from {{ ref('int_run') }}

),

paying as (

    select
        plan_code,
        version
    from {{ ref('stg_plan__component') }}
    where kind = 'commission'
    union
    select
        plan_code,
        version
    from {{ ref('stg_plan__scorecard') }}
    union
    select
        plan_code,
        version
    from {{ ref('stg_plan__draw') }}
    union
    select
        plan_code,
        version
    from {{ ref('stg_plan__penalty') }}
    union
    select
        plan_code,
        version
    from {{ ref('stg_plan__plan_version') }}
    where floor_amount is not null

),

assignments as (

    select assigned.*
    from {{ ref('int_plan_assignment') }} as assigned
    inner join paying
        on assigned.plan_code = paying.plan_code and assigned.plan_version = paying.version

),

payouts as (

    select
        payee_id,
        currency_code,
        sum(earned_amount) as earned_amount
    from {{ ref('fct_payout') }}
    group by payee_id, currency_code

),

shared_days as (

    select
        first_plan.employee_id as payee_id,
        first_plan.plan_code,
        first_plan.plan_version,
        other_plan.plan_code as other_plan_code,
        other_plan.plan_version as other_plan_version,
        greatest(first_plan.assignment_start, other_plan.assignment_start) as first_day,
        least(first_plan.assignment_end, other_plan.assignment_end) as last_day,
        first_plan.currency_code
    from assignments as first_plan
    inner join assignments as other_plan
        on
            first_plan.employee_id = other_plan.employee_id
            and first_plan.plan_code || '|' || first_plan.plan_version
            < other_plan.plan_code || '|' || other_plan.plan_version
            and first_plan.assignment_start <= other_plan.assignment_end
            and first_plan.assignment_end >= other_plan.assignment_start
    inner join run on greatest(first_plan.assignment_start, other_plan.assignment_start) <= run.as_of_date

),

final as (

    select
        shared_days.*,
        cast(coalesce(payouts.earned_amount, 0) as decimal(18, 2)) as exposure_amount
    from shared_days
    left join payouts on shared_days.payee_id = payouts.payee_id and shared_days.currency_code = payouts.currency_code

)

select * from final
