-- What each credit line earns (rules T3, M2): round(F(total after)) - round(F(total before)), so that the lines
-- of a window add up to round(F(total)) and a negative line walks back down.

with

lines as (

    select * from {{ ref('int_credit_window') }}

),

slices as (

    select * from {{ ref('int_band_slice') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

priced as (

    select
        earning_line_id,
        sum(cast(part_before as decimal(24, 6)) * rate) as pay_before,
        sum(cast(part_after as decimal(24, 6)) * rate) as pay_after
    from slices
    group by earning_line_id

),

parts as (

    select
        earning_line_id,
        {{ json_array_of_objects([
            ['band', 'cast(band_no as varchar)'],
            ['from', json_number('lower_amount')],
            ['to', json_number('upper_amount')],
            ['rate', json_number('rate')],
            ['amount', json_number('slice_amount')],
        ], 'band_no') }} as band_parts
    from slices
    where slice_amount <> 0
    group by earning_line_id

),

final as (

    select
        lines.earning_line_id,
        lines.payee_id,
        lines.plan_code,
        lines.plan_version,
        lines.component_code,
        lines.index_measure,
        lines.accumulate,
        lines.rule_codes,
        lines.window_code,
        lines.line_position,
        lines.credit_line_id,
        lines.source_system,
        lines.document_id,
        lines.event_id,
        lines.line_no,
        lines.split_no,
        lines.event_date,
        lines.known_at,
        lines.origin_period,
        lines.currency_code,
        lines.credited_amount,
        lines.counted_amount,
        lines.cumulative_before,
        lines.cumulative_after,
        lines.effective_quota,
        lines.quota_units,
        lines.attainment,
        lines.attainment_reason,
        lines.is_held,
        lines.hold_reason,
        coalesce(parts.band_parts, '[]') as band_parts,
        coalesce(currencies.minor_unit_digits, 2) as minor_unit_digits,
        priced.pay_before,
        priced.pay_after,
        case
            when lines.counted_amount <> 0
                then {{ from_units(
                    divide_half_away(
                        to_units('(priced.pay_after - priced.pay_before)', 12) ~ ' * sign(lines.counted_amount)',
                        to_units('abs(lines.counted_amount)', 6)
                    ), 6
                ) }}
        end as effective_rate,
        cast(
            {{ round_to_minor_unit('priced.pay_after', 'coalesce(currencies.minor_unit_digits, 2)') }}
            - {{ round_to_minor_unit('priced.pay_before', 'coalesce(currencies.minor_unit_digits, 2)') }}
            as decimal(18, 2)
        ) as earned_amount
    from lines
    inner join priced on lines.earning_line_id = priced.earning_line_id
    left join parts on lines.earning_line_id = parts.earning_line_id
    left join currencies on lines.currency_code = currencies.currency_code

)

select * from final
