-- Sales step by step from the reference's to the subject's own. New business is taken apart in this order, each step with
-- the reference's figures for what comes after it: as many deals closed as the subject closed, as many of them won, of the
-- same product families, at the same list value, at the same price. Each level is kept at scale 6, so that the steps
-- between them add up to the whole. Where the reference sold nothing new, the first step that can't be priced takes all.

with

pairs as (

    select * from {{ ref('int_gap_pair') }}

),

sums as (

    select * from {{ ref('int_gap_sum') }}

),

families as (

    select
        scope_type,
        scope_id,
        period_type,
        period,
        currency_code,
        product_family,
        sum(won_deals) as won_deals,
        sum(list_value) as list_value
    from sums
    group by scope_type, scope_id, period_type, period, currency_code, product_family

),

totals as (

    select
        scope_type,
        scope_id,
        period_type,
        period,
        currency_code,
        sum(closed_deals) as closed_deals,
        sum(won_deals) as won_deals,
        sum(list_value) as list_value,
        sum(new_value) as new_value,
        sum(existing_value) as existing_value,
        sum(reversed_value) as reversed_value,
        sum(collected_value) as collected_value
    from sums
    group by scope_type, scope_id, period_type, period, currency_code

),

joined as (

    select
        pairs.*,
        coalesce(own.closed_deals, 0) as closed_deals,
        coalesce(own.won_deals, 0) as won_deals,
        coalesce(own.list_value, 0) as list_value,
        coalesce(own.new_value, 0) as new_value,
        coalesce(own.existing_value, 0) as existing_value,
        coalesce(own.reversed_value, 0) as reversed_value,
        coalesce(own.collected_value, 0) as collected_value,
        coalesce(other.closed_deals, 0) as reference_closed_deals,
        coalesce(other.won_deals, 0) as reference_won_deals,
        coalesce(other.list_value, 0) as reference_list_value,
        coalesce(other.new_value, 0) as reference_new_value,
        coalesce({{ proportional('other.new_value', 'pairs.subject_days', 'pairs.reference_days') }}, 0) as head_new_value,
        coalesce({{ proportional('other.existing_value', 'pairs.subject_days', 'pairs.reference_days') }}, 0)
            as head_existing_value,
        coalesce({{ proportional('other.reversed_value', 'pairs.subject_days', 'pairs.reference_days') }}, 0)
            as head_reversed_value,
        coalesce({{ proportional('other.collected_value', 'pairs.subject_days', 'pairs.reference_days') }}, 0)
            as head_collected_value
    from pairs
    left join totals as own
        on
            pairs.subject_type = own.scope_type
            and pairs.subject_id = own.scope_id
            and pairs.period_type = own.period_type
            and pairs.period = own.period
            and pairs.currency_code = own.currency_code
    left join totals as other
        on
            pairs.reference_scope_type = other.scope_type
            and pairs.reference_scope_id = other.scope_id
            and pairs.period_type = other.period_type
            and pairs.reference_period = other.period
            and pairs.currency_code = other.currency_code

),

-- What the subject's won deals would be worth at the reference's list value of each family; of a family that the reference
-- did not sell, at its list value of all.
mixes as (

    select
        joined.subject_type,
        joined.subject_id,
        joined.comparison,
        joined.period_type,
        joined.period,
        joined.currency_code,
        sum(
            coalesce(
                {{ proportional('own.won_deals', 'other.list_value', 'other.won_deals') }},
                {{ proportional('own.won_deals', 'joined.reference_list_value', 'joined.reference_won_deals') }}
            )
        ) as mixed_list_value
    from joined
    inner join families as own
        on
            joined.subject_type = own.scope_type
            and joined.subject_id = own.scope_id
            and joined.period_type = own.period_type
            and joined.period = own.period
            and joined.currency_code = own.currency_code
    left join families as other
        on
            joined.reference_scope_type = other.scope_type
            and joined.reference_scope_id = other.scope_id
            and joined.period_type = other.period_type
            and joined.reference_period = other.period
            and joined.currency_code = other.currency_code
            and own.product_family = other.product_family
    where own.won_deals > 0
    group by
        joined.subject_type, joined.subject_id, joined.comparison, joined.period_type, joined.period, joined.currency_code

),

priced as (

    select
        joined.*,
        {{ proportional('joined.closed_deals', 'joined.reference_new_value', 'joined.reference_closed_deals') }} as priced_closed,
        {{ proportional('joined.won_deals', 'joined.reference_new_value', 'joined.reference_won_deals') }} as priced_won,
        {{ proportional('coalesce(mixes.mixed_list_value, 0)', 'joined.reference_new_value', 'joined.reference_list_value') }}
            as priced_mix,
        {{ proportional('joined.list_value', 'joined.reference_new_value', 'joined.reference_list_value') }} as priced_size
    from joined
    left join mixes
        on
            joined.subject_type = mixes.subject_type
            and joined.subject_id = mixes.subject_id
            and joined.comparison = mixes.comparison
            and joined.period_type = mixes.period_type
            and joined.period = mixes.period
            and joined.currency_code = mixes.currency_code

),

final as (

    select
        subject_type,
        subject_id,
        team,
        comparison,
        reference_kind,
        reference_period,
        reference_people,
        period_type,
        period,
        currency_code,
        subject_days,
        reference_days,
        closed_deals,
        won_deals,
        list_value,
        new_value,
        existing_value,
        reversed_value,
        collected_value,
        reference_closed_deals,
        reference_won_deals,
        reference_list_value,
        reference_new_value,
        cast(head_new_value as decimal(24, 6)) as head_new_value,
        cast(head_existing_value as decimal(24, 6)) as head_existing_value,
        cast(head_reversed_value as decimal(24, 6)) as head_reversed_value,
        cast(head_collected_value as decimal(24, 6)) as head_collected_value,
        cast(coalesce(priced_closed, new_value) as decimal(24, 6)) as closed_level,
        cast(coalesce(priced_won, new_value) as decimal(24, 6)) as won_level,
        cast(coalesce(priced_mix, new_value) as decimal(24, 6)) as mix_level,
        cast(coalesce(priced_size, new_value) as decimal(24, 6)) as size_level
    from priced

)

select * from final
