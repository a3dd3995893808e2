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

bands as (

    select * from {{ ref('int_window_band') }}

),

curves as (

    select * from {{ ref('int_curve_pay') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

paid_by_factors as (

    select distinct
        plan_code,
        version,
        component_code
    from {{ ref('stg_plan__factor') }}
    where applies_to = 'pay'

),

-- By what a total of a window is priced: each of its bands, or the one that the index reached, which prices every total.
prices as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.index_value,
        windows.effective_quota as index_quota,
        windows.threshold_amount,
        coalesce(currencies.minor_unit_digits, 2) as minor_unit_digits,
        paid_by_factors.component_code is not null as is_paid_by_factors,
        bands.rate,
        {{ band_part_before_amount('bands') }} as band_part,
        case when windows.band_method = 'marginal' and bands.band_no > 1 then bands.lower_amount end as prices_from,
        case when windows.band_method = 'marginal' then bands.upper_amount end as prices_to,
        case when windows.band_method = 'marginal' and bands.band_no > 1 then bands.lower_amount else 0 end as counts_from,
        case when windows.band_method = 'marginal' then bands.pay_below else 0 end as pay_from
    from windows
    inner join bands
        on
            windows.payee_id = bands.payee_id
            and windows.plan_code = bands.plan_code
            and windows.plan_version = bands.plan_version
            and windows.component_code = bands.component_code
            and windows.window_code = bands.window_code
    left join paid_by_factors
        on
            windows.plan_code = paid_by_factors.plan_code
            and windows.plan_version = paid_by_factors.version
            and windows.component_code = paid_by_factors.component_code
    left join currencies on windows.currency_code = currencies.currency_code
    where windows.band_method = 'marginal' or bands.is_reached

),

-- What a total of the threshold earns: more than that is never below it (rule T8).
thresholds as (

    select
        prices.payee_id,
        prices.plan_code,
        prices.plan_version,
        prices.component_code,
        prices.window_code,
        {{ pay_of_total('prices.threshold_amount', 'prices') }} as threshold_pay
    from prices
    where {{ is_priced_by('prices.threshold_amount', 'prices') }}

),

parts as (

    select
        slices.earning_line_id,
        sum(cast(slices.slice_amount as decimal(20, 6)) * slices.rate) as pay,
        {{ json_array(band_part('slices', 'slices.slice_amount'), 'slices.band_no') }} as band_parts
    from slices
    group by slices.earning_line_id

),

-- Most lines begin and end in one band; of the others the slices tell what they earn.
priced as (

    select
        lines.*,
        prices.index_value,
        prices.index_quota,
        prices.minor_unit_digits,
        prices.threshold_amount,
        prices.is_paid_by_factors,
        prices.rate,
        {{ is_priced_by('lines.cumulative_before', 'prices') }} as is_in_one_band,
        {{ pay_of_total('lines.cumulative_after', 'prices') }} as pay_after,
        {{ pay_of_total('lines.cumulative_before', 'prices') }} as pay_before_in_band,
        coalesce(parts.pay, 0) as pay_of_parts,
        case
            when lines.counted_amount is null or lines.counted_amount = 0 then '[]'
            when {{ is_priced_by('lines.cumulative_before', 'prices') }}
                then '[' || prices.band_part || {{ band_part_amount('lines.counted_amount') }} || ']'
            else coalesce(parts.band_parts, '[]')
        end as band_parts
    from lines
    inner join prices
        on {{ of_window('lines', 'prices') }} and {{ is_priced_by('lines.cumulative_after', 'prices') }}
    left join parts on lines.earning_line_id = parts.earning_line_id

),

-- A line without a row of factors has none; a row without a factor waits for it.
factored as (

    select
        priced.*,
        case when priced.is_in_one_band then priced.pay_before_in_band else priced.pay_after - priced.pay_of_parts end
            as pay_before,
        thresholds.threshold_pay,
        priced.is_paid_by_factors or pay_factors.component_line_id is not null as has_factors,
        case when pay_factors.component_line_id is null then 1 else coalesce(pay_factors.factor, 0) end as pay_factor,
        pay_factors.factor_parts as pay_factor_parts,
        pay_factors.hold_reason as factor_hold_reason
    from priced
    left join thresholds on {{ of_window('priced', 'thresholds') }}
    left join pay_factors on priced.earning_line_id = pay_factors.component_line_id

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
        case
            when factor_hold_reason is not null then null
            when credit_factor = 1 and pay_factor = 1 then cast(1 as decimal(18, 6))
            else cast(credit_factor * pay_factor as decimal(18, 6))
        end as factor,
        band_parts,
        case
            when counted_amount = 0 then null
            when is_in_one_band and pay_factor = 1 then cast(rate as decimal(18, 6))
            when is_in_one_band then cast(rate * pay_factor as decimal(18, 6))
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
                when band_method = 'retroactive'
                    then {{ round_to_minor_unit('(pay_after - pay_before)', 'minor_unit_digits') }}
                else
                    {{ round_to_minor_unit('pay_after', 'minor_unit_digits') }}
                    - {{ round_to_minor_unit('pay_before', 'minor_unit_digits') }}
            end as decimal(18, 2)
        ) as earned_amount,
        case
            when threshold_amount is not null
                then cast(
                    cast(
                        case when cumulative_after > threshold_amount then threshold_pay else pay_after end
                        - case when cumulative_before > threshold_amount then threshold_pay else pay_before end
                        as decimal(38, 12)
                    ) * cast(pay_factor as decimal(14, 6)) as decimal(38, 12)
                )
        end as pay_under_threshold,
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
