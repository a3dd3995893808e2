-- The market segment of customers in which a subject is furthest behind its reference, in won value.

with

pairs as (

    select * from {{ ref('int_gap_pair') }}

),

segments as (

    select
        scope_type,
        scope_id,
        period_type,
        period,
        currency_code,
        segment,
        sum(new_value + existing_value) as won_value
    from {{ ref('int_gap_sum') }}
    where segment <> 'UNKNOWN'
    group by scope_type, scope_id, period_type, period, currency_code, segment

),

compared as (

    select
        pairs.subject_type,
        pairs.subject_id,
        pairs.comparison,
        pairs.period_type,
        pairs.period,
        pairs.currency_code,
        other.segment,
        cast(coalesce(own.won_value, 0) as decimal(24, 6)) as won_value,
        cast({{ proportional('other.won_value', 'pairs.subject_days', 'pairs.reference_days') }} as decimal(24, 6))
            as reference_value
    from pairs
    inner join segments as other
        on
            pairs.reference_scope_type = other.scope_type
            and pairs.reference_scope_id = other.scope_id
            and pairs.period_type = other.period_type
            and pairs.reference_period = other.period
            and pairs.currency_code = other.currency_code
    left join segments as own
        on
            pairs.subject_type = own.scope_type
            and pairs.subject_id = own.scope_id
            and pairs.period_type = own.period_type
            and pairs.period = own.period
            and pairs.currency_code = own.currency_code
            and other.segment = own.segment

),

placed as (

    select
        *,
        row_number() over (
            partition by subject_type, subject_id, comparison, period_type, period, currency_code
            order by won_value - reference_value, segment
        ) as place
    from compared

),

final as (

    select
        subject_type,
        subject_id,
        comparison,
        period_type,
        period,
        currency_code,
        segment,
        won_value,
        reference_value
    from placed
    where place = 1 and won_value < reference_value

)

select * from final
