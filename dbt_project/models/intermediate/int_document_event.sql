-- What happened to the revenue of a document, by basis and reversal profile (rules C2, D3): a won document is
-- booked, an invoice invoiced, a receipt collected; the events of the profile take it back: by default a refund all
-- three, a credit note, a write-off, a cancellation and an unpaid invoice booked and invoiced. A reversal never
-- takes more than is left of the document: with signed amounts d, what is left after each event is
--     left = S - min(0, lowest S so far),  S being the running sum of d,
-- and the event counts for the difference. A receipt of an invoice that was taken back as unpaid credits it again,
-- as far as it was. Events after the as-of day have not happened yet.

with recursive

run as (

    select * from {{ ref('stg_control__run') }}

),

documents as (

    select * from {{ ref('int_document') }}

),

movements as (

    select * from {{ ref('int_money_movement') }}

),

unpaid_invoices as (

    select * from {{ ref('int_unpaid_invoice') }}

),

bases as (

    select * from {{ ref('event_bases') }}
    where not is_reversal

),

profiles as (

    select * from {{ ref('int_reversal_profile') }}

),

profiles_of_bases as (

    select distinct
        reversal_profile,
        basis
    from profiles

),

combined as (

    select
        'document' as feed,
        source_system as event_source_system,
        document_id as event_id,
        cast(null as varchar) as invoice_no,
        cast(null as varchar) as invoice_source_system,
        source_system,
        document_id,
        'matched' as document_match,
        document_date as event_date,
        'won' as event_type,
        document_amount as movement_amount,
        currency_code,
        cast(null as date) as settled_from,
        known_at,
        delivery_id,
        file_name,
        row_number
    from documents
    where stage_outcome = 'won' and document_date is not null
    union all
    select
        feed,
        event_source_system,
        event_id,
        invoice_no,
        invoice_source_system,
        source_system,
        document_id,
        document_match,
        event_date,
        event_type,
        movement_amount,
        currency_code,
        settled_from,
        known_at,
        delivery_id,
        file_name,
        row_number
    from movements

),

credited as (

    select
        profiles_of_bases.reversal_profile,
        bases.basis,
        combined.*,
        cast(null as varchar) as invoice_key,
        false as is_reversal
    from combined
    inner join bases on combined.event_type = bases.event_type
    inner join profiles_of_bases on bases.basis = profiles_of_bases.basis
    inner join run on combined.event_date <= run.as_of_date

),

reversed as (

    select
        profiles.reversal_profile,
        profiles.basis,
        combined.*,
        cast(null as varchar) as invoice_key,
        combined.movement_amount <= 0 as is_reversal
    from combined
    inner join profiles on combined.event_type = profiles.event_type
    inner join run on combined.event_date <= run.as_of_date

),

cancelled as (

    select
        source_system,
        document_id,
        greatest(cancelled_date, coalesce(document_date, cancelled_date)) as cancelled_date,
        known_at,
        delivery_id,
        file_name,
        row_number
    from documents
    where cancelled_date is not null

),

-- All that was ever credited of the document; the running total leaves of it what there is.
cancellations as (

    select
        credited.reversal_profile,
        credited.basis,
        'document' as feed,
        cancelled.source_system as event_source_system,
        cancelled.document_id as event_id,
        cast(null as varchar) as invoice_no,
        cast(null as varchar) as invoice_source_system,
        cancelled.source_system,
        cancelled.document_id,
        'matched' as document_match,
        cancelled.cancelled_date as event_date,
        'cancellation' as event_type,
        cast(-sum(credited.movement_amount) as decimal(18, 2)) as movement_amount,
        credited.currency_code,
        cast(null as date) as settled_from,
        max(cancelled.known_at) as known_at,
        max(cancelled.delivery_id) as delivery_id,
        max(cancelled.file_name) as file_name,
        max(cancelled.row_number) as row_number,
        cast(null as varchar) as invoice_key,
        true as is_reversal
    from cancelled
    inner join run on cancelled.cancelled_date <= run.as_of_date
    inner join credited
        on
            cancelled.source_system = credited.source_system
            and cancelled.document_id = credited.document_id
            and cancelled.cancelled_date >= credited.event_date
    inner join profiles
        on
            credited.reversal_profile = profiles.reversal_profile
            and credited.basis = profiles.basis
            and profiles.event_type = 'cancellation'
    where credited.movement_amount > 0
    group by
        credited.reversal_profile,
        credited.basis,
        cancelled.source_system,
        cancelled.document_id,
        cancelled.cancelled_date,
        credited.currency_code

),

unpaid as (

    select
        profiles.reversal_profile,
        profiles.basis,
        'invoice' as feed,
        unpaid_invoices.event_source_system,
        unpaid_invoices.event_id,
        unpaid_invoices.invoice_no,
        cast(null as varchar) as invoice_source_system,
        unpaid_invoices.source_system,
        unpaid_invoices.document_id,
        'matched' as document_match,
        unpaid_invoices.event_date,
        unpaid_invoices.event_type,
        unpaid_invoices.movement_amount,
        unpaid_invoices.currency_code,
        unpaid_invoices.settled_from,
        unpaid_invoices.known_at,
        unpaid_invoices.delivery_id,
        unpaid_invoices.file_name,
        unpaid_invoices.row_number,
        unpaid_invoices.invoice_key,
        unpaid_invoices.event_type = 'unpaid' as is_reversal
    from unpaid_invoices
    inner join profiles
        on profiles.event_type = 'unpaid' and unpaid_invoices.unpaid_days = profiles.unpaid_days
    inner join run on unpaid_invoices.event_date <= run.as_of_date

),

by_basis as (

    select * from credited
    union all
    select * from reversed
    union all
    select * from cancellations
    union all
    select * from unpaid

),

numbered as (

    select
        *,
        row_number() over (
            partition by reversal_profile, basis, source_system, document_id, event_type, event_id
            order by event_source_system, feed, invoice_no, event_date, row_number
        ) as line_no
    from by_basis

),

ordered as (

    select
        *,
        row_number() over (
            partition by reversal_profile, basis, source_system, document_id, currency_code
            order by event_date, is_reversal, event_id, line_no, event_type
        ) as event_position
    from numbered

),

-- Documents with late payments, event by event: what is left, and what each invoice still has to be credited again.
late_invoices as (

    select distinct
        reversal_profile,
        basis,
        source_system,
        document_id,
        currency_code,
        invoice_key
    from ordered
    where event_type = 'recredit'

),

walked as (

    select
        reversal_profile,
        basis,
        source_system,
        document_id,
        currency_code,
        invoice_key,
        cast(0 as bigint) as event_position,
        cast(0 as decimal(24, 2)) as left_amount,
        cast(0 as decimal(24, 2)) as owed_amount,
        cast(0 as decimal(24, 2)) as counted_amount
    from late_invoices
    union all
    select
        reversal_profile,
        basis,
        source_system,
        document_id,
        currency_code,
        invoice_key,
        event_position,
        cast(greatest(left_amount + counted_amount, 0) as decimal(24, 2)) as left_amount,
        cast(case when is_own_event then owed_amount - counted_amount else owed_amount end as decimal(24, 2)) as owed_amount,
        counted_amount
    from (
        select
            *,
            cast(
                case
                    when event_type = 'recredit' then least(movement_amount, owed_of_invoice)
                    when is_reversal then -least(-movement_amount, left_amount)
                    else movement_amount
                end as decimal(24, 2)
            ) as counted_amount
        from (
            select
                walked.reversal_profile,
                walked.basis,
                walked.source_system,
                walked.document_id,
                walked.currency_code,
                walked.invoice_key,
                walked.left_amount,
                walked.owed_amount,
                ordered.event_position,
                ordered.event_type,
                ordered.is_reversal,
                ordered.movement_amount,
                coalesce(walked.invoice_key = ordered.invoice_key, false) as is_own_event,
                max(case when walked.invoice_key = ordered.invoice_key then walked.owed_amount else 0 end) over (
                    partition by
                        walked.reversal_profile,
                        walked.basis,
                        walked.source_system,
                        walked.document_id,
                        walked.currency_code
                ) as owed_of_invoice
            from walked
            inner join ordered
                on
                    walked.reversal_profile = ordered.reversal_profile
                    and walked.basis = ordered.basis
                    and walked.source_system = ordered.source_system
                    and walked.document_id = ordered.document_id
                    and walked.currency_code = ordered.currency_code
                    and walked.event_position + 1 = ordered.event_position
        ) as met
    ) as counted

),

credited_again as (

    select
        walked.reversal_profile,
        walked.basis,
        walked.source_system,
        walked.document_id,
        walked.currency_code,
        walked.event_position,
        max(walked.counted_amount) as counted_amount
    from walked
    inner join ordered
        on
            walked.reversal_profile = ordered.reversal_profile
            and walked.basis = ordered.basis
            and walked.source_system = ordered.source_system
            and walked.document_id = ordered.document_id
            and walked.currency_code = ordered.currency_code
            and walked.event_position = ordered.event_position
    where ordered.event_type = 'recredit'
    group by
        walked.reversal_profile,
        walked.basis,
        walked.source_system,
        walked.document_id,
        walked.currency_code,
        walked.event_position

),

limited as (

    select
        ordered.*,
        case
            when ordered.event_type = 'recredit' then credited_again.counted_amount
            else ordered.movement_amount
        end as signed_amount
    from ordered
    left join credited_again
        on
            ordered.reversal_profile = credited_again.reversal_profile
            and ordered.basis = credited_again.basis
            and ordered.source_system = credited_again.source_system
            and ordered.document_id = credited_again.document_id
            and ordered.currency_code = credited_again.currency_code
            and ordered.event_position = credited_again.event_position

),

summed as (

    select
        *,
        cast(sum(signed_amount) over (
            partition by reversal_profile, basis, source_system, document_id, currency_code
            order by event_position
            rows between unbounded preceding and current row
        ) as decimal(24, 2)) as sum_after
    from limited

),

lowest as (

    select
        *,
        least(0, min(sum_after) over (
            partition by reversal_profile, basis, source_system, document_id, currency_code
            order by event_position
            rows between unbounded preceding and current row
        )) as lowest_after,
        coalesce(least(0, min(sum_after) over (
            partition by reversal_profile, basis, source_system, document_id, currency_code
            order by event_position
            rows between unbounded preceding and 1 preceding
        )), 0) as lowest_before
    from summed

),

final as (

    select
        lowest.reversal_profile,
        lowest.basis,
        lowest.source_system,
        lowest.document_id,
        lowest.event_type,
        lowest.event_source_system,
        lowest.event_id,
        lowest.line_no,
        lowest.event_position,
        lowest.event_date,
        lowest.known_at,
        lowest.is_reversal,
        lowest.movement_amount as reported_amount,
        cast(
            case
                when lowest.is_reversal
                    then lowest.signed_amount - (lowest.lowest_after - lowest.lowest_before)
                else lowest.signed_amount
            end as decimal(18, 2)
        ) as event_amount,
        lowest.currency_code,
        lowest.invoice_no,
        lowest.invoice_source_system,
        lowest.invoice_key,
        lowest.settled_from,
        lowest.document_match,
        lowest.document_match <> 'matched' as is_unmatched,
        coalesce(documents.customer_id, 'UNKNOWN') as customer_id,
        documents.product_name,
        documents.hold_reason,
        lowest.delivery_id,
        lowest.file_name,
        lowest.row_number
    from lowest
    left join documents
        on lowest.source_system = documents.source_system and lowest.document_id = documents.document_id
    where lowest.event_type <> 'recredit' or lowest.signed_amount > 0

)

select * from final
