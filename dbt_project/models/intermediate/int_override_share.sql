-- The revenue credit that rolls up to managers (rule C6): every manager above the person on the day of the event has
-- exactly the person's share, once, in the currency of the manager's plan of that day. Overlays don't roll up.
-- Managers whom no plan pays by their teams are left out.

with

shares as (

    select * from {{ ref('int_credit_share') }}
    where credit_role = 'revenue' and employee_id <> 'HOUSE'

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

team_components as (

    select * from {{ ref('stg_plan__component') }}
    where credit_source = 'team'

),

paid_by_team as (

    select distinct assignments.employee_id
    from assignments
    inner join team_components
        on assignments.plan_code = team_components.plan_code and assignments.plan_version = team_components.version

),

manager_lines as (

    select * from {{ ref('int_manager_line') }}
    where manager_id in (select paid_by_team.employee_id from paid_by_team)

),

rolled_up as (

    select
        shares.*,
        manager_lines.manager_id
    from shares
    inner join manager_lines
        on
            shares.employee_id = manager_lines.employee_id
            and shares.event_date between manager_lines.valid_from and manager_lines.valid_to

),

currencies_of_managers as (

    select
        keys.manager_id,
        keys.event_date,
        min(assignments.currency_code) as currency_code
    from (select distinct
        manager_id,
        event_date
    from rolled_up) as keys
    inner join assignments
        on
            keys.manager_id = assignments.employee_id
            and keys.event_date between assignments.assignment_start and assignments.assignment_end
    group by keys.manager_id, keys.event_date

),

final as (

    select
        rolled_up.reversal_profile,
        rolled_up.basis,
        rolled_up.source_system,
        rolled_up.document_id,
        rolled_up.event_type,
        rolled_up.event_id,
        rolled_up.line_no,
        rolled_up.document_line_no,
        rolled_up.split_no,
        rolled_up.event_position,
        rolled_up.event_date,
        rolled_up.known_at,
        rolled_up.manager_id as employee_id,
        rolled_up.owner_reference,
        'reporting line' as owner_match,
        'override' as credit_role,
        rolled_up.customer_id,
        rolled_up.product_name,
        rolled_up.is_told_in_lines,
        rolled_up.line_product_family,
        rolled_up.line_quantity,
        rolled_up.has_line_quantities,
        rolled_up.line_part_amount,
        rolled_up.line_currency_code,
        rolled_up.document_currency_code,
        rolled_up.event_amount,
        rolled_up.line_amount,
        rolled_up.settled_from,
        rolled_up.split_ratio,
        rolled_up.deal_ratio,
        rolled_up.split_amount,
        coalesce(currencies_of_managers.currency_code, rolled_up.document_currency_code) as payee_currency_code,
        rolled_up.hold_reason,
        rolled_up.delivery_id,
        rolled_up.file_name,
        rolled_up.row_number,
        rolled_up.employee_id as subordinate_id
    from rolled_up
    left join currencies_of_managers
        on
            rolled_up.manager_id = currencies_of_managers.manager_id
            and rolled_up.event_date = currencies_of_managers.event_date

)

select * from final
