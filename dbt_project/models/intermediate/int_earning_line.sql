-- What each credit line earns, and each window of an interpolated component (rules T3, T4, T5, T7, M2). A marginal line
-- earns round(F(total after)) - round(F(total before)), so that the lines of a window add up to round(F(total)) and a
-- negative line walks back down; with pay factors it earns round((F(total after) - F(total before)) x factors). A
-- retroactive line earns round(credit x rate x factors). A line whose factor is not known counts and earns nothing yet.

with

lines as (

    select * from {{ ref('int_credit_window') }}
    where band_method <> 'interpolated' and not is_at_original_rate

),

slices as (

    select * from {{ ref('int_band_slice') }}

),

pay_factors as (

    select * from {{ ref('int_pay_factor') }}

),

windows as (

    select * from {{ ref('int_window_index') }}

),

curves as (

    select * from {{ ref('int_curve_pay') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

priced as (

    select
        earning_line_id,
        sum(part_before * rate) as pay_before,
        sum(part_after * rate) as pay_after,
        sum(under_before * rate) as under_before,
        sum(under_after * rate) as under_after
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

paid_by_factors as (

    select distinct
        plan_code,
        version,
        component_code
    from {{ ref('stg_plan__factor') }}
    where applies_to = 'pay'

),

-- A line without a row of factors has none; a row without a factor waits for it.
factored as (

    select
        lines.*,
        windows.index_value,
        windows.effective_quota as index_quota,
        coalesce(parts.band_parts, '[]') as band_parts,
        coalesce(currencies.minor_unit_digits, 2) as minor_unit_digits,
        cast(priced.pay_before as decimal(38, 12)) as pay_before,
        cast(priced.pay_after as decimal(38, 12)) as pay_after,
        cast(priced.under_after - priced.under_before as decimal(38, 12)) as pay_under_threshold,
        paid_by_factors.component_code is not null or pay_factors.component_line_id is not null as has_factors,
        case when pay_factors.component_line_id is null then 1 else coalesce(pay_factors.factor, 0) end as pay_factor,
        pay_factors.factor_parts as pay_factor_parts,
        pay_factors.hold_reason as factor_hold_reason
    from lines
    inner join priced on lines.earning_line_id = priced.earning_line_id
    left join parts on lines.earning_line_id = parts.earning_line_id
    left join windows
        on
            lines.payee_id = windows.payee_id
            and lines.plan_code = windows.plan_code
            and lines.plan_version = windows.plan_version
            and lines.component_code = windows.component_code
            and lines.window_code = windows.window_code
    left join pay_factors on lines.earning_line_id = pay_factors.component_line_id
    left join paid_by_factors
        on
            lines.plan_code = paid_by_factors.plan_code
            and lines.plan_version = paid_by_factors.version
            and lines.component_code = paid_by_factors.component_code
    left join currencies on lines.currency_code = currencies.currency_code

),

credit_lines as (

    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        kind,
        measure,
        band_method,
        accumulate,
        rule_codes,
        window_code,
        credit_line_id,
        credit_role,
        source_system,
        document_id,
        event_id,
        split_no,
        event_date,
        known_at,
        origin_period,
        currency_code,
        minor_unit_digits,
        split_amount,
        is_reversal,
        is_excluded,
        credited_amount,
        counted_amount,
        cumulative_before,
        cumulative_after,
        index_value,
        index_quota as effective_quota,
        has_factors,
        {{ factor_parts('credit_factor_parts', 'pay_factor_parts') }} as factor_parts,
        case when factor_hold_reason is null then cast(credit_factor * pay_factor as decimal(18, 6)) end as factor,
        band_parts,
        case
            when counted_amount <> 0
                then cast({{ from_units(
                    divide_half_away(
                        to_units('(pay_after - pay_before)', 12) ~ ' * sign(counted_amount)',
                        to_units('abs(counted_amount)', 6)
                    ), 6
                ) }} * pay_factor as decimal(18, 6))
        end as effective_rate,
        cast(
            case
                when has_factors
                    then {{ rounded_product('(pay_after - pay_before)', 'pay_factor', 'minor_unit_digits') }}
                else
                    {{ round_to_minor_unit('pay_after', 'minor_unit_digits') }}
                    - {{ round_to_minor_unit('pay_before', 'minor_unit_digits') }}
            end as decimal(18, 2)
        ) as earned_amount,
        cast(pay_under_threshold * cast(pay_factor as decimal(14, 6)) as decimal(38, 12)) as pay_under_threshold,
        is_held or (factor_hold_reason is not null and not is_excluded) as is_held,
        case
            when is_excluded then hold_reason
            else nullif(concat_ws('; ', hold_reason, factor_hold_reason), '')
        end as hold_reason
    from factored

),

curve_lines as (

    select
        plan_code || '|' || plan_version || '|' || component_code || '|' || payee_id || '|' || window_code
            as earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        kind,
        'amount' as measure,
        'interpolated' as band_method,
        accumulate,
        rule_codes,
        window_code,
        cast(null as varchar) as credit_line_id,
        cast(null as varchar) as credit_role,
        cast(null as varchar) as source_system,
        cast(null as varchar) as document_id,
        cast(null as varchar) as event_id,
        cast(null as integer) as split_no,
        window_end as event_date,
        cast(null as timestamp) as known_at,
        {{ month_code('window_end') }} as origin_period,
        currency_code,
        minor_unit_digits,
        cast(null as decimal(18, 2)) as split_amount,
        false as is_reversal,
        false as is_excluded,
        cast(null as decimal(18, 6)) as credited_amount,
        cast(null as decimal(18, 6)) as counted_amount,
        cast(null as decimal(18, 6)) as cumulative_before,
        cast(null as decimal(18, 6)) as cumulative_after,
        index_value,
        effective_quota,
        false as has_factors,
        cast(null as varchar) as factor_parts,
        cast(null as decimal(18, 6)) as factor,
        cast(null as varchar) as band_parts,
        cast(null as decimal(18, 6)) as effective_rate,
        earned_amount,
        cast(0 as decimal(38, 12)) as pay_under_threshold,
        false as is_held,
        case when attainment is null then attainment_reason || ': paid at the first point of the curve (Q4)' end as hold_reason
    from curves

),

final as (

    select * from credit_lines
    union all
    select * from curve_lines

)

select * from final
