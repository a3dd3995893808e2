-- Each event of a document, in the event's own currency: spread over the lines of the document by their amounts, then
-- each line split over the people, both by largest remainder (rules C1, C2, M3); an overlay has its own share of each
-- line, rounded half away from zero. An invoice, and a receipt that names it, go by the invoice's own lines where all of
-- them are known, else by those of its document; a document without lines is one. Reversals are not here: they
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

lines as (

    select * from {{ ref('int_document_line') }}

),

told as (

    select distinct
        line_of,
        source_system,
        document_no
    from lines

),

-- Events whose document, or invoice, is told in lines. Most are not, and are one line: themselves.
of_invoices as (

    select
        events.reversal_profile,
        events.basis,
        events.source_system,
        events.document_id,
        events.event_type,
        events.event_id,
        events.line_no,
        events.event_amount,
        events.currency_code,
        events.invoice_source_system,
        events.invoice_no,
        told.line_of,
        told.source_system as line_source_system,
        told.document_no
    from {{ ref('int_document_event') }} as events
    inner join told
        on
            told.line_of = 'invoice'
            and events.invoice_source_system = told.source_system
            and events.invoice_no = told.document_no
    where not events.is_reversal and events.event_type <> 'recredit'

),

of_documents as (

    select
        events.reversal_profile,
        events.basis,
        events.source_system,
        events.document_id,
        events.event_type,
        events.event_id,
        events.line_no,
        events.event_amount,
        events.currency_code,
        events.invoice_source_system,
        events.invoice_no,
        told.line_of,
        told.source_system as line_source_system,
        told.document_no
    from {{ ref('int_document_event') }} as events
    inner join told
        on
            told.line_of = 'document'
            and events.source_system = told.source_system
            and events.document_id = told.document_no
    where not events.is_reversal and events.event_type <> 'recredit'

),

placed as (

    select * from of_invoices
    union all
    select of_documents.*
    from of_documents
    left join told as invoices
        on
            invoices.line_of = 'invoice'
            and of_documents.invoice_source_system = invoices.source_system
            and of_documents.invoice_no = invoices.document_no
    where invoices.document_no is null

),

weighed as (

    select
        placed.reversal_profile,
        placed.basis,
        placed.source_system,
        placed.document_id,
        placed.event_type,
        placed.event_id,
        placed.line_no,
        placed.event_amount,
        lines.document_line_no,
        lines.product_name,
        lines.product_family,
        lines.quantity,
        lines.has_quantities,
        lines.part_amount,
        lines.currency_code,
        lines.weight,
        lines.weight_before,
        lines.weights,
        abs({{ to_units('placed.event_amount', 2) }}) as event_hundredths,
        case
            when
                coalesce(currencies.minor_unit_digits, 2) = 0
                and {{ to_units('placed.event_amount', 2) }} % 100 = 0
                then 100
            else 1
        end as hundredths_of_unit
    from placed
    inner join lines
        on
            placed.line_of = lines.line_of
            and placed.line_source_system = lines.source_system
            and placed.document_no = lines.document_no
    left join currencies on placed.currency_code = currencies.currency_code

),

floored_lines as (

    select
        *,
        event_hundredths // hundredths_of_unit as event_units,
        {{ share_floor('event_hundredths // hundredths_of_unit', 'weight', 'weights') }} as floor_units,
        {{ share_remainder('event_hundredths // hundredths_of_unit', 'weight', 'weights') }} as remainder_units
    from weighed

),

event_lines as (

    select
        *,
        cast({{ from_units(
            '(' ~ share_with_remainder(
                'event_units', 'floor_units', 'remainder_units',
                'reversal_profile, basis, source_system, document_id, event_type, event_id, line_no', 'document_line_no'
            ) ~ ') * hundredths_of_unit * sign(event_amount)', 2
        ) }} as decimal(18, 2)) as line_amount
    from floored_lines

),

credited as (

    select
        events.*,
        event_lines.document_line_no is not null as is_told_in_lines,
        coalesce(event_lines.document_line_no, 1) as document_line_no,
        coalesce(event_lines.line_amount, events.event_amount) as line_amount,
        case
            when event_lines.document_line_no is null then events.product_name
            else event_lines.product_name
        end as line_product_name,
        event_lines.product_family as line_product_family,
        event_lines.quantity as line_quantity,
        coalesce(event_lines.has_quantities, false) as has_line_quantities,
        event_lines.part_amount as line_part_amount,
        event_lines.currency_code as line_currency_code,
        event_lines.weight,
        event_lines.weight_before,
        event_lines.weights
    from events
    left join event_lines
        on
            events.reversal_profile = event_lines.reversal_profile
            and events.basis = event_lines.basis
            and events.source_system = event_lines.source_system
            and events.document_id = event_lines.document_id
            and events.event_type = event_lines.event_type
            and events.event_id = event_lines.event_id
            and events.line_no = event_lines.line_no

),

sized as (

    select
        credited.*,
        splits.split_no,
        splits.employee_id,
        splits.owner_reference,
        splits.owner_match,
        splits.credit_role,
        splits.split_percent,
        splits.split_ratio,
        -- what of a deal the line counts for: its part of the split; the lines' parts add up to it
        case
            when credited.weights is null then splits.split_ratio
            else cast({{ from_units(
                divide_half_away(
                    to_units('splits.split_percent', 4) ~ ' * (credited.weight_before + credited.weight)', 'credited.weights'
                ) ~ ' - ' ~ divide_half_away(
                    to_units('splits.split_percent', 4) ~ ' * credited.weight_before', 'credited.weights'
                ), 6
            ) }} as decimal(9, 6))
        end as deal_ratio,
        {{ to_units('splits.split_percent', 4) }} as split_weight,
        abs({{ to_units('credited.line_amount', 2) }}) as amount_in_hundredths,
        case
            when
                coalesce(currencies.minor_unit_digits, 2) = 0
                and {{ to_units('credited.line_amount', 2) }} % 100 = 0
                then 100
            else 1
        end as hundredths_of_unit
    from credited
    inner join splits
        on credited.source_system = splits.source_system and credited.document_id = splits.document_id
    left join currencies on credited.currency_code = currencies.currency_code

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
                    'reversal_profile, basis, source_system, document_id, event_type, event_id, line_no, document_line_no, credit_role',
                    'split_no'
                ) }}
            end
        ) * hundredths_of_unit * sign(line_amount) as split_hundredths
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
        shared.document_line_no,
        shared.split_no,
        shared.event_position,
        shared.event_date,
        shared.known_at,
        shared.employee_id,
        shared.owner_reference,
        shared.owner_match,
        shared.credit_role,
        shared.customer_id,
        shared.line_product_name as product_name,
        shared.is_told_in_lines,
        shared.line_product_family,
        shared.line_quantity,
        shared.has_line_quantities,
        shared.line_part_amount,
        shared.line_currency_code,
        shared.currency_code as document_currency_code,
        shared.event_amount,
        shared.line_amount,
        shared.settled_from,
        shared.split_ratio,
        shared.deal_ratio,
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
