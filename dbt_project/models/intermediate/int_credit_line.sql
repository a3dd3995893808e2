-- Credit lines: what each person is credited with, in the currency of their plan (rules C1 to C5, C7, M1).
-- Converted credit is formed at scale 6; a reversal carries the rate of the line that it takes back. A line
-- without a rate keeps its document amount, has no credited amount and is held (rule D5).

with

shares as (

    select * from {{ ref('int_credit_share') }}

),

conversions as (

    select * from {{ ref('int_fx_conversion') }}

),

reversal_shares as (

    select * from {{ ref('int_reversal_share') }}

),

originals as (

    select
        shares.*,
        cast(null as varchar) as original_event_type,
        cast(null as varchar) as original_event_id,
        cast(null as integer) as original_line_no,
        false as is_reversal,
        shares.document_currency_code <> shares.payee_currency_code as is_converted,
        case
            when shares.document_currency_code = shares.payee_currency_code then cast(1 as decimal(38, 12))
            else conversions.numerator
        end as fx_numerator,
        case
            when shares.document_currency_code = shares.payee_currency_code then cast(1 as decimal(38, 12))
            else conversions.denominator
        end as fx_denominator,
        case
            when shares.document_currency_code = shares.payee_currency_code then cast(1 as decimal(24, 8))
            else conversions.fx_rate
        end as fx_rate,
        case
            when shares.document_currency_code = shares.payee_currency_code then 'same currency'
            when conversions.method = 'direct' then conversions.rate_type
            else conversions.rate_type || ' (' || conversions.method || ')'
        end as fx_rate_type,
        case
            when shares.document_currency_code = shares.payee_currency_code then shares.event_date
            else conversions.rate_date
        end as fx_rate_date,
        conversions.hold_reason as fx_hold_reason
    from shares
    left join conversions
        on
            shares.event_date = conversions.event_date
            and shares.document_currency_code = conversions.from_currency
            and shares.payee_currency_code = conversions.to_currency

),

reversals as (

    select
        reversal_shares.basis,
        reversal_shares.source_system,
        reversal_shares.document_id,
        reversal_shares.event_type,
        reversal_shares.event_id,
        reversal_shares.line_no,
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
        originals.document_currency_code,
        reversal_shares.event_amount,
        originals.split_ratio,
        reversal_shares.split_amount,
        originals.payee_currency_code,
        originals.hold_reason,
        reversal_shares.delivery_id,
        reversal_shares.file_name,
        reversal_shares.row_number,
        reversal_shares.original_event_type,
        reversal_shares.original_event_id,
        cast(reversal_shares.original_line_no as integer) as original_line_no,
        true as is_reversal,
        originals.is_converted,
        originals.fx_numerator,
        originals.fx_denominator,
        originals.fx_rate,
        originals.fx_rate_type,
        originals.fx_rate_date,
        originals.fx_hold_reason
    from reversal_shares
    inner join originals
        on
            reversal_shares.basis = originals.basis
            and reversal_shares.source_system = originals.source_system
            and reversal_shares.document_id = originals.document_id
            and reversal_shares.original_event_type = originals.event_type
            and reversal_shares.original_event_id = originals.event_id
            and reversal_shares.original_line_no = originals.line_no
            and reversal_shares.split_no = originals.split_no

),

combined as (

    select * from originals
    union all
    select * from reversals

),

final as (

    select
        {{ credit_line_key('event_type', 'event_id', 'line_no') }} as credit_line_id,
        case
            when is_reversal
                then {{ credit_line_key('original_event_type', 'original_event_id', 'original_line_no') }}
        end as original_credit_line_id,
        basis,
        source_system,
        document_id,
        event_id,
        cast(line_no as integer) as line_no,
        cast(split_no as integer) as split_no,
        event_type,
        event_date,
        known_at,
        {{ month_code('event_date') }} as period,
        employee_id,
        owner_reference,
        owner_match,
        credit_role,
        customer_id,
        product_name,
        document_currency_code,
        event_amount,
        split_ratio,
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
        is_reversal,
        coalesce(hold_reason, fx_hold_reason) is not null as is_held,
        coalesce(hold_reason, fx_hold_reason) as hold_reason,
        delivery_id,
        file_name,
        row_number
    from combined

)

select * from final
