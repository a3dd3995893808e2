-- Credit lines: what each person is credited with, in the currency of their plan (rules C1 to C7, M1): revenue,
-- overlays, and what rolls up to managers. Converted credit is formed at scale 6; a reversal, and credit given again
-- for one, carries the rate and the attributes of its original (rule T7). A line without a rate keeps its document amount, has no
-- credited amount and is held (rule D5).
--
-- Besides money a line has its part of the document's margin (amount less cost), units and count, at scale 6: what its
-- amount is of the document's; of units that are told line by line, what its amount is of the line's. What the document
-- does not tell is NULL, with the reason in `measure_hold_reason`. Product and family are the line's.
--
-- Credit that is taken back by other events than the rules' own choice stands under a `reversal_profile` of its own,
-- whole; sums over people and KPIs are of role revenue and profile standard.

with

events as (

    select * from {{ ref('int_document_event') }}
    where event_type in ('recredit', 'unpaid')

),

shares as (

    select * from {{ ref('int_credit_share') }}

),

override_shares as (

    select * from {{ ref('int_override_share') }}

),

conversions as (

    select * from {{ ref('int_fx_conversion') }}

),

reversal_shares as (

    select * from {{ ref('int_reversal_share') }}

),

documents as (

    select * from {{ ref('int_document') }}

),

credited as (

    select
        *,
        cast(null as varchar) as subordinate_id
    from shares
    union all
    select * from override_shares

),

originals as (

    select
        credited.*,
        case when credited.credit_role = 'override' then '|' || credited.employee_id else '' end as override_key,
        cast(null as varchar) as original_event_type,
        cast(null as varchar) as original_event_id,
        cast(null as integer) as original_line_no,
        cast(null as date) as original_event_date,
        cast(null as date) as reversed_date,
        false as is_reversal,
        credited.document_currency_code <> credited.payee_currency_code as is_converted,
        case
            when credited.document_currency_code = credited.payee_currency_code then cast(1 as decimal(38, 12))
            else conversions.numerator
        end as fx_numerator,
        case
            when credited.document_currency_code = credited.payee_currency_code then cast(1 as decimal(38, 12))
            else conversions.denominator
        end as fx_denominator,
        case
            when credited.document_currency_code = credited.payee_currency_code then cast(1 as decimal(24, 8))
            else conversions.fx_rate
        end as fx_rate,
        case
            when credited.document_currency_code = credited.payee_currency_code then 'same currency'
            when conversions.method = 'direct' then conversions.rate_type
            else conversions.rate_type || ' (' || conversions.method || ')'
        end as fx_rate_type,
        case
            when credited.document_currency_code = credited.payee_currency_code then credited.event_date
            else conversions.rate_date
        end as fx_rate_date,
        conversions.hold_reason as fx_hold_reason,
        case
            when credited.event_type = 'receipt' and credited.settled_from is not null
                then cast(credited.event_date - credited.settled_from as integer)
        end as collection_days
    from credited
    left join conversions
        on
            credited.event_date = conversions.event_date
            and credited.document_currency_code = conversions.from_currency
            and credited.payee_currency_code = conversions.to_currency

),

-- The day on which the unpaid invoice was taken back that a late receipt credits again.
undone as (

    select
        recredits.reversal_profile,
        recredits.basis,
        recredits.source_system,
        recredits.document_id,
        recredits.event_id,
        min(unpaid.event_date) as event_date
    from events as recredits
    inner join events as unpaid
        on
            recredits.reversal_profile = unpaid.reversal_profile
            and recredits.basis = unpaid.basis
            and recredits.source_system = unpaid.source_system
            and recredits.document_id = unpaid.document_id
            and recredits.invoice_no = unpaid.invoice_no
    where recredits.event_type = 'recredit' and unpaid.event_type = 'unpaid'
    group by
        recredits.reversal_profile, recredits.basis, recredits.source_system, recredits.document_id, recredits.event_id

),

reversals as (

    select
        reversal_shares.reversal_profile,
        reversal_shares.basis,
        reversal_shares.source_system,
        reversal_shares.document_id,
        reversal_shares.event_type,
        reversal_shares.event_id,
        reversal_shares.line_no,
        reversal_shares.document_line_no,
        reversal_shares.split_no,
        reversal_shares.event_position,
        reversal_shares.event_date,
        reversal_shares.known_at,
        originals.employee_id,
        originals.owner_reference,
        originals.owner_match,
        originals.credit_role,
        originals.customer_id,
        originals.product_name,
        originals.is_told_in_lines,
        originals.line_product_family,
        originals.line_quantity,
        originals.has_line_quantities,
        originals.line_part_amount,
        originals.line_currency_code,
        originals.document_currency_code,
        reversal_shares.event_amount,
        reversal_shares.event_amount as line_amount,
        originals.settled_from,
        originals.split_ratio,
        originals.deal_ratio,
        reversal_shares.split_amount,
        originals.payee_currency_code,
        originals.hold_reason,
        reversal_shares.delivery_id,
        reversal_shares.file_name,
        reversal_shares.row_number,
        originals.subordinate_id,
        originals.override_key,
        reversal_shares.original_event_type,
        reversal_shares.original_event_id,
        cast(reversal_shares.original_line_no as integer) as original_line_no,
        originals.event_date as original_event_date,
        case when reversal_shares.event_type = 'recredit' then undone.event_date else reversal_shares.event_date end
            as reversed_date,
        reversal_shares.event_type <> 'recredit' as is_reversal,
        originals.is_converted,
        originals.fx_numerator,
        originals.fx_denominator,
        originals.fx_rate,
        originals.fx_rate_type,
        originals.fx_rate_date,
        originals.fx_hold_reason,
        originals.collection_days
    from reversal_shares
    inner join originals
        on
            reversal_shares.reversal_profile = originals.reversal_profile
            and reversal_shares.basis = originals.basis
            and reversal_shares.source_system = originals.source_system
            and reversal_shares.document_id = originals.document_id
            and reversal_shares.original_event_type = originals.event_type
            and reversal_shares.original_event_id = originals.event_id
            and reversal_shares.original_line_no = originals.line_no
            and reversal_shares.document_line_no = originals.document_line_no
            and reversal_shares.split_no = originals.split_no
    left join undone
        on
            reversal_shares.event_type = 'recredit'
            and reversal_shares.reversal_profile = undone.reversal_profile
            and reversal_shares.basis = undone.basis
            and reversal_shares.source_system = undone.source_system
            and reversal_shares.document_id = undone.document_id
            and reversal_shares.event_id = undone.event_id

),

combined as (

    select * from originals
    union all
    select * from reversals

),

described as (

    select
        combined.*,
        case when combined.is_told_in_lines then combined.line_product_family else documents.product_family end
            as product_family,
        documents.customer_type,
        documents.segment,
        documents.channel,
        documents.customer_region as region,
        documents.margin_ratio,
        documents.discount_ratio,
        documents.document_amount,
        case when combined.has_line_quantities then combined.line_quantity else documents.quantity end as quantity,
        case when documents.document_amount > 0 then {{ to_units('documents.document_amount', 2) }} end
            as document_hundredths,
        case
            when combined.has_line_quantities and combined.line_part_amount <> 0
                then abs({{ to_units('combined.line_part_amount', 2) }})
            when not coalesce(combined.has_line_quantities, false) and documents.document_amount > 0
                then {{ to_units('documents.document_amount', 2) }}
        end as quantity_hundredths,
        coalesce(documents.currency_code = combined.document_currency_code, false) as is_in_document_currency,
        case
            when combined.has_line_quantities then combined.line_currency_code = combined.document_currency_code
            else coalesce(documents.currency_code = combined.document_currency_code, false)
        end as is_in_quantity_currency,
        {{ to_units('documents.document_amount - documents.cost_amount', 2) }} as margin_hundredths,
        {{ to_units('combined.fx_numerator', 12) }} as fx_numerator_units,
        {{ to_units('combined.fx_denominator', 12) }} as fx_denominator_units
    from combined
    left join documents
        on combined.source_system = documents.source_system and combined.document_id = documents.document_id

),

-- Fractions in their lowest terms, so that their product has room.
reduced as (

    select
        *,
        margin_hundredths // {{ common_divisor('margin_hundredths', 'document_hundredths') }} as margin_numerator,
        document_hundredths // {{ common_divisor('margin_hundredths', 'document_hundredths') }} as margin_denominator,
        fx_numerator_units // {{ common_divisor('fx_numerator_units', 'fx_denominator_units') }} as fx_numerator_reduced,
        fx_denominator_units // {{ common_divisor('fx_numerator_units', 'fx_denominator_units') }} as fx_denominator_reduced
    from described

),

measured as (

    select
        *,
        {{ from_units(
            divide_half_away(
                to_units('split_amount', 2) ~ ' * margin_numerator * fx_numerator_reduced * ' ~ whole_number(10000),
                'margin_denominator * fx_denominator_reduced'
            ), 6
        ) }} as credited_margin,
        case
            when is_in_quantity_currency
                then {{ from_units(
                    divide_half_away(to_units('quantity', 8) ~ ' * ' ~ to_units('split_amount', 2), 'quantity_hundredths * 100'), 6
                ) }}
        end as credited_units,
        case
            when is_in_document_currency
                then {{ from_units(
                    divide_half_away(to_units('split_amount', 2) ~ ' * ' ~ whole_number(1000000), 'document_hundredths'), 6
                ) }}
        end as credited_count,
        case
            when reversal_profile <> 'standard' and event_type not in ('won', 'invoice', 'receipt')
                then '|' || reversal_profile
            else ''
        end as profile_key,
        case
            when reversal_profile <> 'standard' and original_event_type not in ('won', 'invoice', 'receipt')
                then '|' || reversal_profile
            else ''
        end as original_profile_key
    from reduced

),

final as (

    select
        {{ credit_line_key('event_type', 'event_id', 'line_no', 'document_line_no') }} || profile_key || override_key
            as credit_line_id,
        case
            when original_event_type is not null
                then
                    {{ credit_line_key('original_event_type', 'original_event_id', 'original_line_no', 'document_line_no') }}
                    || original_profile_key || override_key
        end as original_credit_line_id,
        reversal_profile,
        basis,
        source_system,
        document_id,
        event_id,
        cast(line_no as integer) as line_no,
        cast(document_line_no as integer) as document_line_no,
        cast(split_no as integer) as split_no,
        event_type,
        event_date,
        known_at,
        {{ month_code('event_date') }} as period,
        original_event_date,
        reversed_date,
        employee_id,
        owner_reference,
        owner_match,
        credit_role,
        subordinate_id,
        customer_id,
        product_name,
        product_family,
        customer_type,
        segment,
        channel,
        region,
        collection_days,
        margin_ratio,
        discount_ratio,
        document_amount,
        document_currency_code,
        event_amount,
        line_amount,
        split_ratio,
        deal_ratio,
        split_amount,
        fx_numerator,
        fx_denominator,
        fx_rate,
        fx_rate_type,
        fx_rate_date,
        payee_currency_code as currency_code,
        cast(
            case
                when not is_converted then split_amount
                else {{ from_units(
                    divide_half_away(
                        to_units('split_amount', 2) ~ ' * ' ~ to_units('fx_numerator', 12) ~ ' * ' ~ whole_number(10000),
                        to_units('fx_denominator', 12)
                    ), 6
                ) }}
            end as decimal(18, 6)
        ) as credited_amount,
        cast(credited_margin as decimal(18, 6)) as credited_margin,
        cast(credited_units as decimal(18, 6)) as credited_units,
        cast(credited_count as decimal(18, 6)) as credited_count,
        case
            when document_amount is null then 'nobody knows the document: its margin, units and count can''t be told'
            when document_hundredths is null
                then 'the document has no amount above 0: the part of its margin, units and count can''t be told'
            when not is_in_document_currency
                then 'the document is of another currency than the event: the part of its units and count can''t be told'
            when not is_in_quantity_currency
                then 'the invoice is of another currency than the receipt: the part of its units can''t be told'
            when margin_hundredths is null and quantity is null then 'the document names neither its cost nor a quantity'
            when margin_hundredths is null then 'the document does not name its cost'
            when quantity is null and has_line_quantities then 'the line of the document names no quantity'
            when quantity is null then 'the document names no quantity'
            when quantity_hundredths is null
                then 'the line has no part of the document''s amount: the part of its units can''t be told'
        end as measure_hold_reason,
        is_reversal,
        coalesce(hold_reason, fx_hold_reason) is not null as is_held,
        coalesce(hold_reason, fx_hold_reason) as hold_reason,
        delivery_id,
        file_name,
        row_number
    from measured

)

select * from final
