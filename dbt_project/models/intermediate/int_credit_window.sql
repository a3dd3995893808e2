-- Credit lines that a component pays, in the order in which they accumulate (rules M4, C2, T6, T7, D3). What
-- counts of a line is its measure x the component's share x its credit factor, and for a reversal on a linear schedule
-- x the part not yet kept, formed once at scale 6. Lines that are not counted say why. A held line counts for bands and
-- attainment (rule D5), unless its money is not known. Credit that is taken back at its original rate moves no band.

with

component_lines as (

    select * from {{ ref('int_component_credit') }}
    where purpose = 'base'

),

credit_factors as (

    select * from {{ ref('int_credit_factor') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

factored as (

    select
        component_lines.*,
        case when credit_factors.component_line_id is null then 1 else credit_factors.factor end as credit_factor,
        credit_factors.factor_parts as credit_factor_parts,
        credit_factors.hold_reason as factor_hold_reason,
        case
            when component_lines.kept_months is not null and component_lines.clawback_schedule = 'linear'
                then greatest(component_lines.linear_months - component_lines.kept_months, 0)
        end as months_left
    from component_lines
    left join credit_factors on component_lines.component_line_id = credit_factors.component_line_id

),

counted as (

    select
        *,
        case
            when exclusion_reason is not null or is_at_original_rate then null
            else {{ counted_credit('measured_amount', 'credit_share', 'credit_factor', 'months_left', 'linear_months') }}
        end as counted_amount
    from factored

),

-- No more is carried through the ordering than the lines' own columns; what is the component's comes after it.
accumulated as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        credit_line_id,
        original_credit_line_id,
        credit_role,
        source_system,
        document_id,
        event_id,
        line_no,
        document_line_no,
        split_no,
        event_date,
        known_at,
        period,
        currency_code,
        split_amount,
        credited_amount,
        is_reversal,
        is_at_original_rate,
        months_left,
        linear_months,
        credit_factor,
        credit_factor_parts,
        counted_amount,
        exclusion_reason,
        is_held,
        nullif(concat_ws('; ', hold_reason, factor_hold_reason), '') as hold_reason,
        cast(coalesce(sum(counted_amount) over (
            partition by payee_id, plan_code, plan_version, component_code, window_code
            order by
                event_date, source_system, document_id, is_reversal, event_id, line_no, document_line_no, split_no, event_type,
                credit_line_id
            rows between unbounded preceding and current row
        ), 0) as decimal(18, 6)) as cumulative_after,
        row_number() over (
            partition by payee_id, plan_code, plan_version, component_code, window_code
            order by
                event_date, source_system, document_id, is_reversal, event_id, line_no, document_line_no, split_no, event_type,
                credit_line_id
        ) as line_position
    from counted

),

final as (

    select
        {{ earning_line_key('accumulated') }} as earning_line_id,
        accumulated.payee_id,
        accumulated.plan_code,
        accumulated.plan_version,
        accumulated.component_code,
        components.kind,
        components.measure,
        components.index_measure,
        components.is_same_measure,
        components.band_method,
        components.accumulate,
        components.rule_codes,
        accumulated.window_code,
        accumulated.line_position,
        accumulated.credit_line_id,
        accumulated.original_credit_line_id,
        accumulated.credit_role,
        accumulated.source_system,
        accumulated.document_id,
        accumulated.event_id,
        accumulated.line_no,
        accumulated.document_line_no,
        accumulated.split_no,
        accumulated.event_date,
        accumulated.known_at,
        accumulated.period as origin_period,
        accumulated.currency_code,
        accumulated.split_amount,
        accumulated.credited_amount,
        accumulated.is_reversal,
        accumulated.is_at_original_rate,
        accumulated.exclusion_reason is not null as is_excluded,
        accumulated.months_left,
        accumulated.linear_months,
        accumulated.credit_factor,
        accumulated.credit_factor_parts,
        accumulated.counted_amount,
        cast(accumulated.cumulative_after - coalesce(accumulated.counted_amount, 0) as decimal(18, 6)) as cumulative_before,
        accumulated.cumulative_after,
        accumulated.is_held
        or (
            accumulated.exclusion_reason is null
            and not accumulated.is_at_original_rate
            and accumulated.counted_amount is null
        ) as is_held,
        coalesce(accumulated.exclusion_reason, accumulated.hold_reason) as hold_reason
    from accumulated
    left join components
        on
            accumulated.plan_code = components.plan_code
            and accumulated.plan_version = components.version
            and accumulated.component_code = components.component_code

)

select * from final
