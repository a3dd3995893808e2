-- What an interpolated component pays for each finished window (rule T5): target amount x the share of the curve at the
-- attainment. Below the first point it is 0, after the last it stays, or goes on where the curve says `extend`; without
-- attainment it is the first point's share (Q4). The target amount is prorated by active days (Q1) unless it says not.

with

windows as (

    select * from {{ ref('int_window_index') }}
    where band_method = 'interpolated' and active_days > 0

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

points as (

    select * from {{ ref('stg_plan__curve_point') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

segments as (

    select
        plan_code,
        version,
        component_code,
        point_no,
        at_attainment,
        pay_share,
        lead(at_attainment) over (partition by plan_code, version, component_code order by point_no) as next_attainment,
        lead(pay_share) over (partition by plan_code, version, component_code order by point_no) as next_share,
        lag(at_attainment) over (partition by plan_code, version, component_code order by point_no) as previous_attainment,
        lag(pay_share) over (partition by plan_code, version, component_code order by point_no) as previous_share
    from points

),

-- The point at or before the attainment, and the run and rise of the line that goes on from it.
located as (

    select
        windows.*,
        components.target_amount,
        components.is_prorated,
        segments.point_no,
        segments.at_attainment,
        segments.pay_share,
        case
            when windows.attainment is null then null
            when segments.next_attainment is not null then segments.next_attainment - segments.at_attainment
            when components.is_extended then segments.at_attainment - segments.previous_attainment
        end as run_attainment,
        case
            when segments.next_attainment is not null then segments.next_share - segments.pay_share
            else segments.pay_share - segments.previous_share
        end as rise_share,
        row_number() over (
            partition by
                windows.payee_id, windows.plan_code, windows.plan_version, windows.component_code, windows.window_code
            order by
                case when windows.attainment is null then segments.point_no end,
                segments.point_no desc
        ) as place
    from windows
    inner join components
        on
            windows.plan_code = components.plan_code
            and windows.plan_version = components.version
            and windows.component_code = components.component_code
    left join segments
        on
            windows.plan_code = segments.plan_code
            and windows.plan_version = segments.version
            and windows.component_code = segments.component_code
            and (windows.attainment is null or windows.attainment >= segments.at_attainment)

),

shared as (

    select
        located.*,
        {{ days_of_span('located.window_start', 'located.window_end') }} as window_days,
        coalesce(currencies.minor_unit_digits, 2) as minor_unit_digits,
        coalesce(located.pay_share, 0) as point_share,
        coalesce(located.run_attainment, 1) as run_attainment_or_one,
        case when located.run_attainment is null then 0 else located.rise_share end as rise,
        case when located.run_attainment is null then 0 else located.attainment - located.at_attainment end as beyond
    from located
    left join currencies on located.currency_code = currencies.currency_code
    where located.place = 1

),

-- Target x days / window days x (share + beyond x rise / run), over one denominator.
fractioned as (

    select
        *,
        {{ to_units('target_amount', 2) }}
        * {{ whole_number('case when is_prorated then active_days else 1 end') }}
        * (
            {{ to_units('point_share', 6) }} * {{ to_units('run_attainment_or_one', 6) }}
            + {{ to_units('beyond', 6) }} * {{ to_units('rise', 6) }}
        ) as pay_numerator,
        {{ whole_number('case when is_prorated then window_days else 1 end') }}
        * {{ to_units('run_attainment_or_one', 6) }}
        * {{ whole_number('1000000') }} as pay_denominator
    from shared

),

final as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        kind,
        accumulate,
        index_measure,
        rule_codes,
        currency_code,
        minor_unit_digits,
        window_end,
        active_days,
        index_value,
        effective_quota,
        quota_units,
        attainment,
        attainment_reason,
        target_amount,
        cast({{ from_units(
            divide_half_away(
                'pay_numerator * ' ~ whole_number('10000'), 'pay_denominator'
            ), 6
        ) }} as decimal(18, 6)) as curve_amount,
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
