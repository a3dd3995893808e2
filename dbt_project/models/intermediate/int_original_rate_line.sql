-- What a reversal takes back where the component says `original_rate` (rule D3): the pay of the line that it reverses x
-- the share reversed x what threshold and cap left of that line's window, and on a linear schedule x the part not yet
-- kept. It takes back money, not credit: no band moves.

with

reversals as (

    select * from {{ ref('int_credit_window') }}
    where is_at_original_rate

),

lines as (

    select * from {{ ref('int_earning_line') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

thresholds as (

    select * from {{ ref('int_threshold_line') }}

),

caps as (

    select * from {{ ref('int_cap_line') }}
    where line_type = 'cap'

),

quotas as (

    select * from {{ ref('int_window_quota') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

-- What each window earned in each month after its threshold, beside what all windows of the component did. A cap of the
-- year takes away from them by what they earned.
months as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        origin_period,
        greatest(sum(earned_amount), 0) as earned_amount,
        sum(greatest(sum(earned_amount), 0)) over (
            partition by payee_id, plan_code, plan_version, component_code, origin_period
        ) as earned_by_all_amount
    from (
        select
            payee_id,
            plan_code,
            plan_version,
            component_code,
            window_code,
            origin_period,
            earned_amount
        from lines
        union all
        select
            payee_id,
            plan_code,
            plan_version,
            component_code,
            window_code,
            origin_period,
            earned_amount
        from thresholds
    ) as earned
    group by payee_id, plan_code, plan_version, component_code, window_code, origin_period

),

-- Before and after threshold and cap, by window.
cut as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        earned_amount as amount_before,
        earned_amount as amount_after
    from lines
    union all
    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        cast(0 as decimal(18, 2)) as amount_before,
        earned_amount as amount_after
    from thresholds
    union all
    select
        caps.payee_id,
        caps.plan_code,
        caps.plan_version,
        caps.component_code,
        coalesce(months.window_code, caps.window_code) as window_code,
        cast(0 as decimal(18, 2)) as amount_before,
        case
            when months.window_code is null then caps.earned_amount
            else cast({{ from_units(
                divide_half_away(
                    to_units('caps.earned_amount', 2) ~ ' * ' ~ to_units('months.earned_amount', 2),
                    to_units('months.earned_by_all_amount', 2)
                ), 2
            ) }} as decimal(18, 2))
        end as amount_after
    from caps
    inner join components
        on
            caps.plan_code = components.plan_code
            and caps.plan_version = components.version
            and caps.component_code = components.component_code
    left join months
        on
            components.cap_per = 'year'
            and components.accumulate <> 'year'
            and caps.payee_id = months.payee_id
            and caps.plan_code = months.plan_code
            and caps.plan_version = months.plan_version
            and caps.component_code = months.component_code
            and caps.origin_period = months.origin_period
            and months.earned_by_all_amount > 0

),

windows as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        sum(amount_before) as amount_before,
        sum(amount_after) as amount_after
    from cut
    group by payee_id, plan_code, plan_version, component_code, window_code

),

matched as (

    select
        reversals.*,
        originals.split_amount as original_split_amount,
        coalesce(currencies.minor_unit_digits, 2) as minor_unit_digits,
        case when reversals.is_excluded then 0 else coalesce(originals.earned_amount, 0) end as original_pay,
        case when windows.amount_before > 0 then greatest(windows.amount_after, 0) else 1 end as left_amount,
        case when windows.amount_before > 0 then windows.amount_before else 1 end as whole_amount,
        originals.factor,
        originals.factor_parts,
        quotas.effective_quota
    from reversals
    left join lines as originals
        on
            reversals.payee_id = originals.payee_id
            and reversals.plan_code = originals.plan_code
            and reversals.component_code = originals.component_code
            and reversals.original_credit_line_id = originals.credit_line_id
    left join windows
        on
            originals.payee_id = windows.payee_id
            and originals.plan_code = windows.plan_code
            and originals.plan_version = windows.plan_version
            and originals.component_code = windows.component_code
            and originals.window_code = windows.window_code
    left join quotas
        on
            reversals.payee_id = quotas.employee_id
            and reversals.plan_code = quotas.plan_code
            and reversals.plan_version = quotas.plan_version
            and reversals.component_code = quotas.component_code
            and reversals.window_code = quotas.window_code
    left join currencies on reversals.currency_code = currencies.currency_code

),

-- pay x share reversed (positive where it is credited again) x left / whole x months left / linear months, over one
-- denominator.
fractioned as (

    select
        *,
        {{ to_units('original_pay', 2) }}
        * {{ to_units('split_amount', 2) }} * sign(coalesce(original_split_amount, 0))
        * {{ to_units('left_amount', 2) }}
        * {{ whole_number('coalesce(months_left, 1)') }} as pay_numerator,
        case
            when coalesce(original_split_amount, 0) = 0 then {{ whole_number('1') }}
            else abs({{ to_units('original_split_amount', 2) }})
        end
        * {{ to_units('whole_amount', 2) }}
        * {{ whole_number('case when months_left is null then 1 else linear_months end') }} as pay_denominator
    from matched

),

final as (

    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        kind,
        measure,
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
        credited_amount,
        counted_amount,
        cumulative_before,
        cumulative_after,
        effective_quota,
        factor,
        factor_parts,
        is_held,
        hold_reason,
        cast(original_pay as decimal(18, 2)) as original_pay,
        cast(split_amount as decimal(18, 2)) as reversed_amount,
        cast(coalesce(original_split_amount, 0) as decimal(18, 2)) as original_amount,
        cast(left_amount as decimal(18, 2)) as left_amount,
        cast(whole_amount as decimal(18, 2)) as whole_amount,
        months_left,
        linear_months,
        cast(case
            when minor_unit_digits = 0
                then {{ from_units(
                    divide_half_away('pay_numerator', '(pay_denominator * ' ~ whole_number('100') ~ ')')
                    ~ ' * ' ~ whole_number('100'), 2
                ) }}
            else {{ from_units(divide_half_away('pay_numerator', 'pay_denominator'), 2) }}
        end as decimal(18, 2)) as earned_amount
    from fractioned

)

select * from final
