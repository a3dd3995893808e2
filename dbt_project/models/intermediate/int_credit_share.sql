-- Each event of a document, split over its people in the event's own currency: revenue splits by largest
-- remainder (rules C1, M3), an overlay by its own share, rounded half away from zero. Reversals are not here: they
-- are taken back from these lines, and what is credited again is given back to them. `payee_currency_code` is the
-- currency of the plan that pays the person on the day; without a plan the credit stays in the currency of the event.

with

events as (

    select * from {{ ref('int_document_event') }}
    where not is_reversal and event_type <> 'recredit'

),

splits as (

    select * from {{ ref('int_document_split') }}

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

sized as (

    select
        events.*,
        splits.split_no,
        splits.employee_id,
        splits.owner_reference,
        splits.owner_match,
        splits.credit_role,
        splits.split_percent,
        splits.split_ratio,
        {{ to_units('splits.split_percent', 4) }} as split_weight,
        abs({{ to_units('events.event_amount', 2) }}) as amount_in_hundredths,
        case
            when
                coalesce(currencies.minor_unit_digits, 2) = 0
                and {{ to_units('events.event_amount', 2) }} % 100 = 0
                then 100
            else 1
        end as hundredths_of_unit
    from events
    inner join splits
        on events.source_system = splits.source_system and events.document_id = splits.document_id
    left join currencies on events.currency_code = currencies.currency_code

),

floored as (

    select
        *,
        amount_in_hundredths // hundredths_of_unit as amount_units,
        case
            when credit_role = 'overlay'
                then {{ divide_half_away('(amount_in_hundredths // hundredths_of_unit) * split_weight', whole_number(1000000)) }}
            else {{ share_floor('amount_in_hundredths // hundredths_of_unit', 'split_weight', '1000000') }}
        end as floor_units,
        {{ share_remainder('amount_in_hundredths // hundredths_of_unit', 'split_weight', '1000000') }} as remainder_units
    from sized

),

shared as (

    select
        *,
        (
            case
                when credit_role = 'overlay' then floor_units
                else {{ share_with_remainder(
                    'amount_units', 'floor_units', 'remainder_units',
                    'reversal_profile, basis, source_system, document_id, event_type, event_id, line_no, credit_role',
                    'split_no'
                ) }}
            end
        ) * hundredths_of_unit * sign(event_amount) as split_hundredths
    from floored

),

currencies_of_payees as (

    select
        keys.employee_id,
        keys.event_date,
        min(assignments.currency_code) as currency_code
    from (select distinct
        employee_id,
        event_date
    from shared) as keys
    inner join assignments
        on
            keys.employee_id = assignments.employee_id
            and keys.event_date between assignments.assignment_start and assignments.assignment_end
    group by keys.employee_id, keys.event_date

),

final as (

    select
        shared.reversal_profile,
        shared.basis,
        shared.source_system,
        shared.document_id,
        shared.event_type,
        shared.event_id,
        shared.line_no,
        shared.split_no,
        shared.event_position,
        shared.event_date,
        shared.known_at,
        shared.employee_id,
        shared.owner_reference,
        shared.owner_match,
        shared.credit_role,
        shared.customer_id,
        shared.product_name,
        shared.currency_code as document_currency_code,
        shared.event_amount,
        shared.settled_from,
        shared.split_ratio,
        cast({{ from_units('shared.split_hundredths', 2) }} as decimal(18, 2)) as split_amount,
        coalesce(currencies_of_payees.currency_code, shared.currency_code) as payee_currency_code,
        shared.hold_reason,
        shared.delivery_id,
        shared.file_name,
        shared.row_number
    from shared
    left join currencies_of_payees
        on
            shared.employee_id = currencies_of_payees.employee_id
            and shared.event_date = currencies_of_payees.event_date

)

select * from final
