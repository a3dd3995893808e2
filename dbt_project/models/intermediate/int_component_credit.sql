-- Which credit lines a component looks at, how much of each it counts, and why not (rules C2, C6, K6, Q6, D3, T2). Its
-- base is what it multiplies; where another measure picks the band, that is listed too (`purpose` index). A reversal
-- follows the line that it takes back, and what is credited again what it gives back: its attributes, its days, and
-- for a SPIFF its plan version. A line whose money is not known can't be counted and is held (rule D5).

{{ config(materialized='view') }}

with

credit_lines as (

    select * from {{ ref('int_credit_line') }}
    where employee_id <> 'HOUSE'

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

filters as (

    select * from {{ ref('stg_plan__component_filter') }}

),

reversals as (

    select * from {{ ref('int_component_reversal') }}

),

employees as (

    select * from {{ ref('int_employee') }}

),

-- What of each component is listed: its base, by the events that take it back, and what picks its band where that is
-- another measure.
measures as (

    select
        components.plan_code,
        components.version as plan_version,
        components.component_code,
        'base' as purpose,
        components.basis,
        components.measure,
        0 as window_offset,
        reversals.reversal_profile
    from components
    inner join reversals
        on
            components.plan_code = reversals.plan_code
            and components.version = reversals.plan_version
            and components.component_code = reversals.component_code
    union all
    select
        components.plan_code,
        components.version as plan_version,
        components.component_code,
        'index' as purpose,
        components.index_basis as basis,
        components.index_measure_kind as measure,
        components.index_offset as window_offset,
        reversals.index_profile as reversal_profile
    from components
    inner join reversals
        on
            components.plan_code = reversals.plan_code
            and components.version = reversals.plan_version
            and components.component_code = reversals.component_code
    where not components.is_same_measure

),

-- Who is paid by which of them from when to when, with what is true of all lines of that time.
terms as (

    select
        assignments.employee_id,
        assignments.plan_code,
        assignments.plan_version as day_version,
        assignments.currency_code as plan_currency_code,
        assignments.assignment_start,
        assignments.assignment_end,
        assignments.hire_date,
        {{ month_start('assignments.hire_date') }} as hire_month,
        {{ add_days('assignments.leave_date', 'coalesce(versions.tail_days, 0)') }} as last_day,
        versions.after_confirmation,
        employees.confirmation_date,
        versions.min_tenure_months,
        measures.plan_version,
        measures.component_code,
        measures.purpose,
        measures.basis,
        measures.measure,
        measures.reversal_profile,
        components.kind,
        components.accumulate,
        components.index_measure,
        components.is_same_measure,
        components.band_method,
        case components.credit_source when 'own' then 'revenue' when 'team' then 'override' else 'overlay' end as credit_role,
        components.credit_share,
        components.quota_kpi_code,
        coalesce(components.credit_from, date '1900-01-01') as credit_from,
        coalesce(components.credit_to, date '9999-12-31') as credit_to,
        components.clawback_method,
        components.clawback_schedule,
        components.clawback_window_months,
        components.linear_months,
        components.rule_codes
    from measures
    inner join components
        on
            measures.plan_code = components.plan_code
            and measures.plan_version = components.version
            and measures.component_code = components.component_code
    inner join versions
        on measures.plan_code = versions.plan_code and measures.plan_version = versions.version
    inner join assignments
        on
            measures.plan_code = assignments.plan_code
            and (measures.plan_version = assignments.plan_version or measures.window_offset <> 0)
    left join employees on assignments.employee_id = employees.employee_id

),

-- The plan of the day of the line; for SPIFFs, that of the day of what a reversal takes back.
wanted as (

    select
        credit_lines.*,
        coalesce(credit_lines.original_event_date, credit_lines.event_date) as subject_date,
        terms.plan_code,
        terms.day_version,
        terms.plan_currency_code,
        terms.hire_date,
        terms.hire_month,
        terms.last_day,
        terms.after_confirmation,
        terms.confirmation_date,
        terms.min_tenure_months,
        terms.plan_version,
        terms.component_code,
        terms.purpose,
        terms.measure,
        terms.kind,
        terms.accumulate,
        terms.index_measure,
        terms.is_same_measure,
        terms.band_method,
        terms.credit_share,
        terms.quota_kpi_code,
        terms.clawback_method,
        terms.clawback_schedule,
        terms.clawback_window_months,
        terms.linear_months,
        terms.rule_codes
    from credit_lines
    inner join terms
        on
            credit_lines.employee_id = terms.employee_id
            and credit_lines.basis = terms.basis
            and credit_lines.credit_role = terms.credit_role
            and credit_lines.reversal_profile = terms.reversal_profile
            and case
                when terms.kind = 'spiff' then coalesce(credit_lines.original_event_date, credit_lines.event_date)
                else credit_lines.event_date
            end between terms.assignment_start and terms.assignment_end
            and coalesce(credit_lines.original_event_date, credit_lines.event_date)
            between terms.credit_from and terms.credit_to

),

filtered_attributes as (

    {{ filtered_attributes('filters') }}

),

chosen as (

    select wanted.*
    from wanted
    {{ filter_joins('filters', 'wanted.plan_code', 'wanted.plan_version', 'wanted.component_code', 'wanted.') }}
    where {{ filters_met() }}

),

judged as (

    select
        chosen.*,
        case chosen.measure
            when 'amount' then chosen.credited_amount
            when 'margin' then chosen.credited_margin
            when 'units' then chosen.credited_units
            else chosen.credited_count
        end as measured_amount,
        chosen.measure in ('amount', 'margin') and chosen.currency_code <> chosen.plan_currency_code as is_in_other_currency,
        case
            when chosen.original_event_date is not null
                then {{ whole_months('chosen.subject_date', 'chosen.reversed_date') }}
        end as kept_months,
        case
            when chosen.subject_date > chosen.last_day then 'dated after leaving (Q6)'
            when chosen.subject_date < chosen.hire_date then 'dated before joining (Q6)'
            when
                chosen.after_confirmation
                and (chosen.confirmation_date is null or chosen.subject_date < chosen.confirmation_date)
                then 'dated before confirmation (Q6)'
            when
                {{ months_between('chosen.hire_month', month_start('chosen.subject_date')) }} < chosen.min_tenure_months
                then 'dated before tenure month ' || cast(chosen.min_tenure_months as varchar) || ' (Q6)'
        end as subject_exclusion,
        case
            when
                chosen.original_event_date is not null
                and chosen.kind <> 'spiff'
                and chosen.reversed_date > {{ add_months('chosen.subject_date', 'chosen.clawback_window_months') }}
                then
                    'later than ' || cast(chosen.clawback_window_months as varchar)
                    || ' months after what it takes back: takes nothing back (D3)'
        end as reversal_exclusion
    from chosen

),

final as (

    select
        case when purpose = 'index' then 'index|' else '' end
        || plan_code || '|' || plan_version || '|' || component_code || '|' || employee_id || '|' || credit_line_id
            as component_line_id,
        purpose,
        employee_id as payee_id,
        plan_code,
        plan_version,
        day_version,
        component_code,
        kind,
        measure,
        index_measure,
        is_same_measure,
        band_method,
        accumulate,
        quota_kpi_code,
        rule_codes,
        case
            when accumulate = 'deal' then source_system || ':' || document_id
            else {{ period_code('accumulate', 'event_date') }}
        end as window_code,
        credit_line_id,
        original_credit_line_id,
        credit_role,
        source_system,
        document_id,
        event_id,
        line_no,
        document_line_no,
        split_no,
        event_type,
        event_date,
        subject_date,
        known_at,
        period,
        is_reversal,
        plan_currency_code as currency_code,
        split_amount,
        credited_amount,
        credit_share,
        case when not is_in_other_currency then measured_amount end as measured_amount,
        clawback_method,
        clawback_schedule,
        linear_months,
        kept_months,
        original_event_date is not null and clawback_method = 'original_rate' as is_at_original_rate,
        {{ tidy_texts() }},
        cast(collection_days as decimal(24, 6)) as collection_days,
        cast(margin_ratio as decimal(24, 6)) as margin,
        cast(discount_ratio as decimal(24, 6)) as discount,
        case
            when subject_exclusion is not null and original_event_date is not null and not is_reversal
                then 'gives back credit ' || replace(subject_exclusion, ' (', ', which earned nothing (')
            when subject_exclusion is not null and is_reversal
                then 'takes back credit ' || replace(subject_exclusion, ' (', ', which earned nothing (')
            when subject_exclusion = 'dated after leaving (Q6)' then 'dated after the day of leaving: earns nothing (Q6)'
            when subject_exclusion = 'dated before joining (Q6)' then 'dated before the day of joining: earns nothing (Q6)'
            when subject_exclusion is not null then replace(subject_exclusion, ' (', ': earns nothing (')
            else reversal_exclusion
        end as exclusion_reason,
        is_held,
        case
            when hold_reason is not null then hold_reason
            when is_in_other_currency
                then
                    'credited in ' || currency_code || ', but the plan of the day pays in ' || plan_currency_code || ' (C3)'
            when measured_amount is null then coalesce(measure_hold_reason, 'the ' || measure || ' is not known')
        end as hold_reason
    from judged

)

select * from final
