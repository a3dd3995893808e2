-- A reversal is spread over the document's earlier lines by what is left of each, by largest remainder, one
-- reversal after the other (rule D3); it goes to the payees who had the credit. A late receipt of an unpaid invoice
-- gives back to each line by what the invoice still takes of it. An overlay loses, and is given back, the share that
-- revenue is. Each step of the recursion takes the next reversal of every document at once, so there are as many
-- steps as the most reversed document has reversals. A document with late receipts is there once for each of their
-- invoices, because each remembers what it took.

with recursive

shares as (

    select * from {{ ref('int_credit_share') }}

),

reversals as (

    select
        *,
        row_number() over (
            partition by reversal_profile, basis, source_system, document_id, currency_code
            order by event_position
        ) as reversal_no,
        abs({{ to_units('event_amount', 2) }}) as reversal_hundredths
    from {{ ref('int_document_event') }}
    where (is_reversal and event_amount < 0) or event_type = 'recredit'

),

currencies as (

    select * from {{ ref('currencies') }}

),

steps as (

    select
        reversals.reversal_profile,
        reversals.basis,
        reversals.source_system,
        reversals.document_id,
        reversals.currency_code,
        reversals.reversal_no,
        reversals.event_position,
        reversals.invoice_key,
        reversals.event_type = 'recredit' as is_recredit,
        case
            when coalesce(currencies.minor_unit_digits, 2) = 0 and reversals.reversal_hundredths % 100 = 0 then 100
            else 1
        end as hundredths_of_unit,
        reversals.reversal_hundredths
    from reversals
    left join currencies on reversals.currency_code = currencies.currency_code

),

lines as (

    select
        shares.reversal_profile,
        shares.basis,
        shares.source_system,
        shares.document_id,
        shares.document_currency_code as currency_code,
        shares.event_type,
        shares.event_id,
        shares.line_no,
        shares.document_line_no,
        shares.split_no,
        -- revenue is spread as one, each overlay by itself
        case when shares.credit_role = 'overlay' then shares.split_no else 0 end as pool_no,
        shares.event_position,
        row_number() over (
            partition by
                shares.reversal_profile,
                shares.basis,
                shares.source_system,
                shares.document_id,
                shares.document_currency_code
            order by shares.event_position, shares.document_line_no, shares.split_no
        ) as line_position,
        {{ to_units('shares.split_amount', 2) }} as line_hundredths
    from shares
    where exists (
        select 1
        from reversals
        where
            shares.reversal_profile = reversals.reversal_profile
            and shares.basis = reversals.basis
            and shares.source_system = reversals.source_system
            and shares.document_id = reversals.document_id
            and shares.document_currency_code = reversals.currency_code
    )

),

late_invoices as (

    select distinct
        reversal_profile,
        basis,
        source_system,
        document_id,
        currency_code,
        invoice_key
    from steps
    where is_recredit

),

spread as (

    select
        lines.reversal_profile,
        lines.basis,
        lines.source_system,
        lines.document_id,
        lines.currency_code,
        coalesce(late_invoices.invoice_key, '') as invoice_key,
        lines.pool_no,
        lines.event_position,
        lines.line_position,
        cast(0 as bigint) as reversal_no,
        lines.line_hundredths as left_hundredths,
        cast(0 as {{ whole_number_type() }}) as owed_hundredths,
        cast(0 as {{ whole_number_type() }}) as taken_hundredths
    from lines
    left join late_invoices
        on
            lines.reversal_profile = late_invoices.reversal_profile
            and lines.basis = late_invoices.basis
            and lines.source_system = late_invoices.source_system
            and lines.document_id = late_invoices.document_id
            and lines.currency_code = late_invoices.currency_code
    union all
    select
        reversal_profile,
        basis,
        source_system,
        document_id,
        currency_code,
        invoice_key,
        pool_no,
        event_position,
        line_position,
        reversal_no,
        left_hundredths - taken_hundredths as left_hundredths,
        case when is_own then owed_hundredths + taken_hundredths else owed_hundredths end as owed_hundredths,
        taken_hundredths
    from (
        select
            *,
            -- what one invoice gives back is known to its own rows only
            case when is_recredit then -1 else 1 end * max(moved_hundredths) over (
                partition by reversal_profile, basis, source_system, document_id, currency_code, line_position
            ) as taken_hundredths
        from (
            select
                *,
                case
                    when weights > 0
                        then cast((
                            {{ share_with_remainder(
                                'reversal_units', 'floor_units', 'remainder_units',
                                'reversal_profile, basis, source_system, document_id, currency_code, invoice_key, pool_no',
                                'line_position'
                            ) }}
                        ) * hundredths_of_unit as {{ whole_number_type() }})
                    else 0
                end as moved_hundredths
            from (
                select
                    *,
                    case when weights > 0 then {{ share_floor('reversal_units', 'weight', 'weights') }} else 0 end
                        as floor_units,
                    case when weights > 0 then {{ share_remainder('reversal_units', 'weight', 'weights') }} else 0 end
                        as remainder_units
                from (
                    select
                        *,
                        case
                            when pool_no = 0 then document_units
                            when revenue_weights > 0
                                then {{ divide_half_away('document_units * weights', 'revenue_weights') }}
                            else 0
                        end as reversal_units
                    from (
                        select
                            *,
                            sum(weight) over (
                                partition by
                                    reversal_profile, basis, source_system, document_id, currency_code, invoice_key, pool_no
                            ) as weights,
                            sum(case when pool_no = 0 then weight else 0 end) over (
                                partition by
                                    reversal_profile, basis, source_system, document_id, currency_code, invoice_key
                            ) as revenue_weights
                        from (
                            select
                                spread.reversal_profile,
                                spread.basis,
                                spread.source_system,
                                spread.document_id,
                                spread.currency_code,
                                spread.invoice_key,
                                spread.pool_no,
                                spread.event_position,
                                spread.line_position,
                                spread.left_hundredths,
                                spread.owed_hundredths,
                                steps.reversal_no,
                                steps.hundredths_of_unit,
                                steps.is_recredit,
                                coalesce(spread.invoice_key = steps.invoice_key, false) as is_own,
                                steps.reversal_hundredths // steps.hundredths_of_unit as document_units,
                                case
                                    when steps.is_recredit and spread.invoice_key = steps.invoice_key
                                        then spread.owed_hundredths
                                    when not steps.is_recredit and spread.event_position < steps.event_position
                                        then greatest(spread.left_hundredths, 0)
                                    else 0
                                end as weight
                            from spread
                            inner join steps
                                on
                                    spread.reversal_profile = steps.reversal_profile
                                    and spread.basis = steps.basis
                                    and spread.source_system = steps.source_system
                                    and spread.document_id = steps.document_id
                                    and spread.currency_code = steps.currency_code
                                    and spread.reversal_no + 1 = steps.reversal_no
                        ) as aimed
                    ) as summed
                ) as weighed
            ) as floored
        ) as moved
    ) as taken

),

first_invoices as (

    select
        reversal_profile,
        basis,
        source_system,
        document_id,
        currency_code,
        min(invoice_key) as invoice_key
    from late_invoices
    group by reversal_profile, basis, source_system, document_id, currency_code

),

final as (

    select
        reversals.reversal_profile,
        reversals.basis,
        reversals.source_system,
        reversals.document_id,
        reversals.event_type,
        reversals.event_id,
        row_number() over (
            partition by
                reversals.reversal_profile,
                reversals.basis,
                reversals.source_system,
                reversals.document_id,
                reversals.event_type,
                reversals.event_id,
                lines.document_line_no,
                lines.split_no
            order by reversals.line_no, lines.line_position
        ) as line_no,
        lines.document_line_no,
        lines.split_no,
        reversals.event_position,
        reversals.event_date,
        reversals.known_at,
        reversals.event_amount,
        lines.event_type as original_event_type,
        lines.event_id as original_event_id,
        lines.line_no as original_line_no,
        cast({{ from_units('-spread.taken_hundredths', 2) }} as decimal(18, 2)) as split_amount,
        reversals.delivery_id,
        reversals.file_name,
        reversals.row_number
    from spread
    inner join reversals
        on
            spread.reversal_profile = reversals.reversal_profile
            and spread.basis = reversals.basis
            and spread.source_system = reversals.source_system
            and spread.document_id = reversals.document_id
            and spread.currency_code = reversals.currency_code
            and spread.reversal_no = reversals.reversal_no
    inner join lines
        on
            spread.reversal_profile = lines.reversal_profile
            and spread.basis = lines.basis
            and spread.source_system = lines.source_system
            and spread.document_id = lines.document_id
            and spread.currency_code = lines.currency_code
            and spread.line_position = lines.line_position
    left join first_invoices
        on
            spread.reversal_profile = first_invoices.reversal_profile
            and spread.basis = first_invoices.basis
            and spread.source_system = first_invoices.source_system
            and spread.document_id = first_invoices.document_id
            and spread.currency_code = first_invoices.currency_code
    where spread.taken_hundredths <> 0 and spread.invoice_key = coalesce(first_invoices.invoice_key, '')

)

select * from final
