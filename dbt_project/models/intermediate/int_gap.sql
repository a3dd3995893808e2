-- The gap between what was reached and what it is held against, by cause; the causes of a comparison add up to it. Beside a
-- target the first cause is the goal itself: what it asks for above (or below) what the reference reached. Of a period that
-- is not over, the target is what is expected by now.

with

levels as (

    select * from {{ ref('int_gap_level') }}

),

targets as (

    select
        'employee' as subject_type,
        employee_id as subject_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        expected_value
    from {{ ref('int_kpi_employee_period') }}
    where target_value is not null
    union all
    select
        'team' as subject_type,
        team as subject_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        expected_value
    from {{ ref('int_kpi_team_period') }}
    where target_value is not null

),

kpis as (

    select 'booked_amount' as kpi_code
    union all
    select 'collected_amount' as kpi_code

),

compared as (

    select
        levels.*,
        kpis.kpi_code,
        targets.expected_value,
        levels.new_value + levels.existing_value + levels.reversed_value as booked_value,
        levels.head_new_value + levels.head_existing_value + levels.head_reversed_value as head_booked_value
    from levels
    cross join kpis
    left join targets
        on
            levels.subject_type = targets.subject_type
            and levels.subject_id = targets.subject_id
            and kpis.kpi_code = targets.kpi_code
            and levels.period_type = targets.period_type
            and levels.period = targets.period
            and levels.currency_code = targets.currency_code
    where levels.comparison <> 'target' or targets.expected_value is not null

),

valued as (

    select
        *,
        case kpi_code when 'booked_amount' then booked_value else collected_value end as actual_value,
        case kpi_code when 'booked_amount' then head_booked_value else head_collected_value end as reference_value
    from compared

),

causes as (

    select
        *,
        0 as place,
        'goal' as cause,
        reference_value - expected_value as cause_amount,
        reference_value as own_numerator,
        cast(null as decimal(24, 6)) as own_denominator,
        expected_value as reference_numerator,
        cast(null as decimal(24, 6)) as reference_denominator
    from valued
    where comparison = 'target'
    union all
    select
        *,
        1 as place,
        'leads' as cause,
        closed_level - head_new_value as cause_amount,
        closed_deals as own_numerator,
        cast(subject_days as decimal(24, 6)) as own_denominator,
        reference_closed_deals as reference_numerator,
        cast(reference_days as decimal(24, 6)) as reference_denominator
    from valued
    union all
    select
        *,
        2 as place,
        'conversion' as cause,
        won_level - closed_level as cause_amount,
        won_deals as own_numerator,
        closed_deals as own_denominator,
        reference_won_deals as reference_numerator,
        reference_closed_deals as reference_denominator
    from valued
    union all
    select
        *,
        3 as place,
        'mix' as cause,
        mix_level - won_level as cause_amount,
        cast(null as decimal(24, 6)) as own_numerator,
        cast(null as decimal(24, 6)) as own_denominator,
        cast(null as decimal(24, 6)) as reference_numerator,
        cast(null as decimal(24, 6)) as reference_denominator
    from valued
    union all
    select
        *,
        4 as place,
        'order size' as cause,
        size_level - mix_level as cause_amount,
        list_value as own_numerator,
        won_deals as own_denominator,
        reference_list_value as reference_numerator,
        reference_won_deals as reference_denominator
    from valued
    union all
    select
        *,
        5 as place,
        'price' as cause,
        new_value - size_level as cause_amount,
        new_value as own_numerator,
        list_value as own_denominator,
        reference_new_value as reference_numerator,
        reference_list_value as reference_denominator
    from valued
    union all
    select
        *,
        6 as place,
        'retention' as cause,
        existing_value - head_existing_value as cause_amount,
        existing_value as own_numerator,
        cast(null as decimal(24, 6)) as own_denominator,
        head_existing_value as reference_numerator,
        cast(null as decimal(24, 6)) as reference_denominator
    from valued
    union all
    select
        *,
        7 as place,
        'reversals' as cause,
        reversed_value - head_reversed_value as cause_amount,
        reversed_value as own_numerator,
        cast(null as decimal(24, 6)) as own_denominator,
        head_reversed_value as reference_numerator,
        cast(null as decimal(24, 6)) as reference_denominator
    from valued
    union all
    select
        *,
        8 as place,
        'collection' as cause,
        (collected_value - booked_value) - (head_collected_value - head_booked_value) as cause_amount,
        collected_value as own_numerator,
        booked_value as own_denominator,
        head_collected_value as reference_numerator,
        head_booked_value as reference_denominator
    from valued
    where kpi_code = 'collected_amount'

),

final as (

    select
        subject_type || '|' || subject_id || '|' || kpi_code || '|' || comparison || '|' || period || '|' || currency_code || '|'
        || cause as gap_id,
        subject_type || '|' || subject_id || '|' || kpi_code || '|' || comparison || '|' || period || '|' || currency_code
            as comparison_id,
        subject_type,
        subject_id,
        case subject_type when 'employee' then subject_id end as employee_id,
        team,
        kpi_code,
        comparison,
        reference_kind,
        reference_period,
        reference_people,
        period_type,
        period,
        currency_code,
        cast(actual_value as decimal(24, 6)) as actual_value,
        cast(case comparison when 'target' then expected_value else reference_value end as decimal(24, 6)) as compared_value,
        cast(reference_value as decimal(24, 6)) as reference_value,
        cast(actual_value - case comparison when 'target' then expected_value else reference_value end as decimal(24, 6))
            as gap_value,
        place,
        cause,
        cast(cause_amount as decimal(24, 6)) as cause_amount,
        cast(own_numerator as decimal(24, 6)) as own_numerator,
        cast(own_denominator as decimal(24, 6)) as own_denominator,
        cast(reference_numerator as decimal(24, 6)) as reference_numerator,
        cast(reference_denominator as decimal(24, 6)) as reference_denominator
    from causes

)

select * from final
