-- Credit lines that a component pays, in the order in which they accumulate (rules M4, C2, T6, Q4, Q6). Credit
-- dated after the day of leaving, or before joining, is not counted and says so; a reversal follows the line
-- that it takes back. A held line counts for bands and attainment (rule D5), one without a rate can't, because
-- its money is not known.

with

credit_lines as (

    select * from {{ ref('int_credit_line') }}
    where employee_id <> 'HOUSE' and credit_role = 'revenue' and reversal_profile = 'standard'

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

quotas as (

    select * from {{ ref('int_window_quota') }}

),

assigned as (

    select
        credit_lines.*,
        assignments.plan_code,
        assignments.plan_version,
        assignments.currency_code as plan_currency_code,
        assignments.hire_date,
        assignments.leave_date
    from credit_lines
    inner join assignments
        on
            credit_lines.employee_id = assignments.employee_id
            and credit_lines.event_date between assignments.assignment_start and assignments.assignment_end

),

excluded as (

    select
        assigned.*,
        case
            when assigned.is_reversal and originals.event_date > assigned.leave_date
                then 'takes back credit dated after leaving, which earned nothing (Q6)'
            when assigned.is_reversal and originals.event_date < assigned.hire_date
                then 'takes back credit dated before joining, which earned nothing (Q6)'
            when not assigned.is_reversal and assigned.event_date > assigned.leave_date
                then 'dated after the day of leaving: earns nothing (Q6)'
            when not assigned.is_reversal and assigned.event_date < assigned.hire_date
                then 'dated before the day of joining: earns nothing (Q6)'
        end as exclusion_reason
    from assigned
    left join credit_lines as originals on assigned.original_credit_line_id = originals.credit_line_id

),

paid as (

    select
        excluded.*,
        components.component_code,
        components.index_measure,
        components.accumulate,
        components.quota_kpi_code,
        components.rule_codes,
        case
            when components.accumulate = 'deal' then excluded.source_system || ':' || excluded.document_id
            else {{ period_code('components.accumulate', 'excluded.event_date') }}
        end as window_code,
        case
            when excluded.exclusion_reason is not null then null
            when excluded.currency_code <> excluded.plan_currency_code then null
            else excluded.credited_amount
        end as counted_amount
    from excluded
    inner join components
        on
            excluded.plan_code = components.plan_code
            and excluded.plan_version = components.version
            and excluded.basis = components.basis

),

accumulated as (

    select
        *,
        cast(coalesce(sum(counted_amount) over (
            partition by employee_id, plan_code, plan_version, component_code, window_code
            order by event_date, source_system, document_id, is_reversal, event_id, line_no, split_no, event_type
            rows between unbounded preceding and current row
        ), 0) as decimal(18, 6)) as cumulative_after,
        row_number() over (
            partition by employee_id, plan_code, plan_version, component_code, window_code
            order by event_date, source_system, document_id, is_reversal, event_id, line_no, split_no, event_type
        ) as line_position
    from paid

),

final as (

    select
        accumulated.plan_code
        || '|' || accumulated.plan_version
        || '|' || accumulated.component_code
        || '|' || accumulated.employee_id
        || '|' || accumulated.credit_line_id as earning_line_id,
        accumulated.employee_id as payee_id,
        accumulated.plan_code,
        accumulated.plan_version,
        accumulated.component_code,
        accumulated.index_measure,
        accumulated.accumulate,
        accumulated.rule_codes,
        accumulated.window_code,
        accumulated.line_position,
        accumulated.credit_line_id,
        accumulated.source_system,
        accumulated.document_id,
        accumulated.event_id,
        accumulated.line_no,
        accumulated.split_no,
        accumulated.event_date,
        accumulated.known_at,
        accumulated.period as origin_period,
        accumulated.plan_currency_code as currency_code,
        accumulated.credited_amount,
        accumulated.counted_amount,
        cast(accumulated.cumulative_after - coalesce(accumulated.counted_amount, 0) as decimal(18, 6)) as cumulative_before,
        accumulated.cumulative_after,
        quotas.effective_quota,
        quotas.quota_units,
        cast({{ safe_ratio('accumulated.cumulative_after', 'quotas.effective_quota') }} as decimal(18, 6)) as attainment,
        case
            when accumulated.quota_kpi_code is null or accumulated.accumulate = 'deal' then 'the component has no quota'
            when quotas.effective_quota is null then 'no target'
            when quotas.effective_quota <= 0 then 'the quota is 0'
        end as attainment_reason,
        accumulated.is_held
        or (accumulated.exclusion_reason is null and accumulated.counted_amount is null) as is_held,
        case
            when accumulated.exclusion_reason is not null then accumulated.exclusion_reason
            when accumulated.hold_reason is not null then accumulated.hold_reason
            when accumulated.currency_code <> accumulated.plan_currency_code
                then
                    'credited in ' || accumulated.currency_code || ', but the plan of the day pays in '
                    || accumulated.plan_currency_code || ' (C3)'
        end as hold_reason
    from accumulated
    left join quotas
        on
            accumulated.employee_id = quotas.employee_id
            and accumulated.plan_code = quotas.plan_code
            and accumulated.plan_version = quotas.plan_version
            and accumulated.component_code = quotas.component_code
            and accumulated.window_code = quotas.window_code

)

select * from final
