-- One row a comparison: the goal or its execution, the cause that weighs most, what stands beside it, and the next step.
-- Short of a target: `goal` when at least 60 % of the shortfall is what the goal asks for above the reference, `execution`
-- when at least 60 % is what was reached below it, else `both`; `too few` when fewer than 3 people make the reference.

with

gaps as (

    select * from {{ ref('int_gap') }}

),

causes as (

    select * from {{ ref('gap_causes') }}

),

goals as (

    select
        comparison_id,
        cause_amount as goal_amount
    from gaps
    where cause = 'goal'

),

-- Of a shortfall the cause that takes most, else the one that brings most.
weighed as (

    select
        *,
        row_number() over (
            partition by comparison_id
            order by case when gap_value < 0 then cause_amount else -cause_amount end, place
        ) as weight
    from gaps
    where cause <> 'goal'

),

joined as (

    select
        weighed.*,
        goals.goal_amount,
        weighed.gap_value - coalesce(goals.goal_amount, 0) as execution_amount,
        segments.segment,
        segments.won_value as segment_value,
        segments.reference_value as segment_reference_value,
        feedback.csat_numerator,
        feedback.csat_denominator,
        feedback.company_csat_numerator,
        feedback.company_csat_denominator
    from weighed
    left join goals on weighed.comparison_id = goals.comparison_id
    left join {{ ref('int_gap_segment') }} as segments
        on
            weighed.subject_type = segments.subject_type
            and weighed.subject_id = segments.subject_id
            and weighed.comparison = segments.comparison
            and weighed.period_type = segments.period_type
            and weighed.period = segments.period
            and weighed.currency_code = segments.currency_code
    left join {{ ref('int_gap_feedback') }} as feedback
        on
            weighed.subject_type = feedback.subject_type
            and weighed.subject_id = feedback.subject_id
            and weighed.period_type = feedback.period_type
            and weighed.period = feedback.period
    where weighed.weight = 1

),

judged as (

    select
        joined.*,
        case
            when joined.gap_value >= 0 then 'reached'
            when joined.comparison <> 'target' then 'behind'
            when joined.reference_people < 3 then 'too few'
            when joined.goal_amount * 10 <= joined.gap_value * 6 then 'goal'
            when joined.execution_amount * 10 <= joined.gap_value * 6 then 'execution'
            else 'both'
        end as verdict
    from joined

),

worded as (

    select
        judged.*,
        case judged.verdict when 'goal' then 'goal' else judged.cause end as step_cause
    from judged

),

final as (

    select
        worded.comparison_id,
        worded.subject_type,
        worded.subject_id,
        worded.employee_id,
        worded.team,
        worded.kpi_code,
        worded.comparison,
        worded.reference_kind,
        worded.reference_period,
        worded.reference_people,
        worded.period_type,
        worded.period,
        worded.currency_code,
        worded.actual_value,
        worded.compared_value,
        worded.reference_value,
        worded.gap_value,
        cast(worded.goal_amount as decimal(24, 6)) as goal_amount,
        cast(worded.execution_amount as decimal(24, 6)) as execution_amount,
        worded.verdict,
        worded.cause as main_cause,
        worded.cause_amount as main_cause_amount,
        worded.own_numerator,
        worded.own_denominator,
        worded.reference_numerator,
        worded.reference_denominator,
        worded.segment as weakest_segment,
        worded.segment_value as weakest_segment_value,
        worded.segment_reference_value as weakest_segment_reference_value,
        worded.csat_numerator,
        worded.csat_denominator,
        worded.company_csat_numerator,
        worded.company_csat_denominator,
        {{ number_text('worded.actual_value') }} || ' against ' || {{ number_text('worded.compared_value') }}
        || case when worded.comparison = 'target' then ' asked for' else ' of ' || worded.reference_kind end
        || case
            when worded.comparison = 'target'
                then '; ' || worded.reference_kind || ' reached ' || {{ number_text('worded.reference_value') }}
            else ''
        end
        || case worded.verdict
            when 'goal' then '. The goal is out of line with what was possible.'
            when 'execution' then '. The goal was in reach; the funnel is behind.'
            when 'both' then '. Both the goal and the funnel have a part in it.'
            when 'too few' then '. Too few people to tell the goal from its execution.'
            else '.'
        end
        || ' Largest cause: ' || causes.title_en || ', ' || {{ number_text('worded.cause_amount') }} || '.' as story_en,
        {{ number_text('worded.actual_value') }} || '，'
        || case when worded.comparison = 'target' then '目标 ' else '对照 ' end || {{ number_text('worded.compared_value') }}
        || case
            when worded.comparison = 'target' then '；参照实际 ' || {{ number_text('worded.reference_value') }}
            else ''
        end
        || case worded.verdict
            when 'goal' then '。目标脱离实际可能。'
            when 'execution' then '。目标可及，执行落后。'
            when 'both' then '。目标与执行均有原因。'
            when 'too few' then '。人数太少，无法区分目标与执行。'
            else '。'
        end
        || '主要原因：' || causes.title_zh || '，' || {{ number_text('worded.cause_amount') }} || '。' as story_zh,
        case when worded.verdict = 'reached' then '' else steps.next_step_en end as next_step_en,
        case when worded.verdict = 'reached' then '' else steps.next_step_zh end as next_step_zh
    from worded
    inner join causes on worded.cause = causes.cause
    inner join causes as steps on worded.step_cause = steps.cause

)

select * from final
