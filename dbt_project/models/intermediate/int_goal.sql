-- Each goal checked: specific, measurable, achievable, relevant, time-bound; NULL where the data can't tell. What is wrong
-- or unknown is said in words by `reason_en` and `reason_zh`, one sentence a point.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

goals as (

    select * from {{ ref('int_goal_target') }}

),

baselines as (

    select * from {{ ref('int_goal_baseline') }}

),

improvements as (

    select * from {{ ref('int_past_improvement') }}

),

links as (

    select * from {{ ref('int_goal_link') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

facts as (

    select * from {{ ref('int_kpi_employee_period') }}

),

joined as (

    select
        goals.*,
        kpis.unit,
        kpis.direction,
        baselines.baseline_kind,
        baselines.baseline_period,
        baselines.baseline_count,
        baselines.baseline_value,
        case
            when baselines.baseline_value > 0
                then cast(
                    ({{ safe_ratio('goals.target_value', 'baselines.baseline_value') }} - 1)
                    * case when kpis.direction = 'lower' then -1 else 1 end as decimal(18, 6)
                )
        end as improvement_asked,
        improvements.pairs,
        improvements.improvement_p05,
        improvements.improvement_p50,
        improvements.improvement_p95,
        links.manager_id,
        links.team,
        links.plan_links,
        links.parent_target_value,
        links.children,
        links.children_target_value,
        facts.actual_value,
        facts.attainment
    from goals
    left join kpis on goals.kpi_code = kpis.kpi_code
    left join baselines
        on
            goals.employee_id = baselines.employee_id
            and goals.kpi_code = baselines.kpi_code
            and goals.period_type = baselines.period_type
            and goals.period = baselines.period
            and goals.currency_code = baselines.currency_code
    left join improvements
        on goals.kpi_code = improvements.kpi_code and goals.period_type = improvements.period_type
    left join links
        on
            goals.employee_id = links.employee_id
            and goals.kpi_code = links.kpi_code
            and goals.period_type = links.period_type
            and goals.period = links.period
            and goals.currency_code = links.currency_code
    left join facts
        on
            goals.employee_id = facts.employee_id
            and goals.kpi_code = facts.kpi_code
            and goals.period_type = facts.period_type
            and goals.period = facts.period
            and goals.currency_code = facts.currency_code

),

checked as (

    select
        joined.*,
        joined.is_in_catalogue as is_specific,
        coalesce(
            joined.target_value > 0
            and joined.unit is not null
            and (joined.unit <> 'money' or joined.currency_code <> '')
            and joined.baseline_value is not null, false
        ) as is_measurable,
        case
            when joined.pairs >= {{ least_past_improvements() }} then joined.improvement_asked <= joined.improvement_p95
        end as is_achievable,
        (joined.plan_links is not null or joined.parent_target_value is not null)
        and (
            joined.children = 0
            or not coalesce(kpis.is_additive, true)
            or joined.children_target_value >= joined.target_value
        ) as is_relevant,
        case
            when
                joined.changed_at is not null and cast(joined.changed_at as date) > joined.period_end
                and cast(joined.first_told_at as date) <= joined.period_end then false
            when cast(joined.first_told_at as date) <= joined.period_end then true
        end as is_time_bound
    from joined
    left join kpis on joined.kpi_code = kpis.kpi_code

),

told as (

    select
        *,
        case when not is_specific then 'Specific: ' || kpi_code || ' is not in the KPI catalogue. ' else '' end
        || case
            when is_measurable then ''
            when coalesce(target_value, 0) <= 0 then 'Measurable: the target is not above 0. '
            when unit is null then 'Measurable: the KPI has no unit. '
            when unit = 'money' and currency_code = '' then 'Measurable: the target in money has no currency. '
            else 'Measurable: nothing is known to start from, neither of the person nor of the role. '
        end
        || case
            when is_achievable then ''
            when is_achievable is false
                then
                    'Achievable: it asks for ' || {{ percent_text('improvement_asked') }} || ' above '
                    || {{ number_text('baseline_value') }} || ' (' || baseline_kind || '); of ' || cast(pairs as varchar)
                    || ' past changes 95 % were at most ' || {{ percent_text('improvement_p95') }} || '. '
            when coalesce(pairs, 0) < {{ least_past_improvements() }}
                then
                    'Achievable: can''t be told, only ' || cast(coalesce(pairs, 0) as varchar)
                    || ' past changes from a year to the next are known. '
            else 'Achievable: can''t be told, there is nothing above 0 to start from. '
        end
        || case
            when is_relevant then ''
            when plan_links is null and parent_target_value is null
                then
                    'Relevant: no component or scorecard of the person''s plan reads the KPI, and the manager has no goal on it. '
            else
                'Relevant: the goals of the ' || cast(children as varchar) || ' people below add up to '
                || {{ number_text('children_target_value') }} || ', less than the goal above them. '
        end
        || case
            when is_time_bound then ''
            when is_time_bound is false then 'Time-bound: it was changed after its period was over. '
            else 'Time-bound: can''t be told, the warehouse heard of it after its period was over. '
        end as reason_en,
        case when not is_specific then '明确性：指标目录中没有 ' || kpi_code || '。' else '' end
        || case
            when is_measurable then ''
            when coalesce(target_value, 0) <= 0 then '可衡量：目标值不大于 0。'
            when unit is null then '可衡量：指标没有单位。'
            when unit = 'money' and currency_code = '' then '可衡量：金额目标没有币种。'
            else '可衡量：没有可比基数，本人与同岗位均无历史数据。'
        end
        || case
            when is_achievable then ''
            when is_achievable is false
                then
                    '可实现：要求比基数 ' || {{ number_text('baseline_value') }} || ' 提高 ' || {{ percent_text('improvement_asked') }}
                    || '；过去 ' || cast(pairs as varchar) || ' 次同比变化中 95 % 不超过 ' || {{ percent_text('improvement_p95') }} || '。'
            when coalesce(pairs, 0) < {{ least_past_improvements() }}
                then '可实现：无法判断，同比变化只有 ' || cast(coalesce(pairs, 0) as varchar) || ' 次。'
            else '可实现：无法判断，没有大于 0 的基数。'
        end
        || case
            when is_relevant then ''
            when plan_links is null and parent_target_value is null then '相关性：本人方案的提成与计分卡均不使用该指标，上级也没有该目标。'
            else '相关性：下属 ' || cast(children as varchar) || ' 人的目标合计 ' || {{ number_text('children_target_value') }} || '，低于上级目标。'
        end
        || case
            when is_time_bound then ''
            when is_time_bound is false then '时限性：期间结束后目标被改动。'
            else '时限性：无法判断，期间结束后才收到目标。'
        end as reason_zh
    from checked

),

final as (

    select
        employee_id || '|' || kpi_code || '|' || period || '|' || currency_code as goal_id,
        employee_id,
        team,
        manager_id,
        kpi_code,
        period_type,
        period,
        period_start,
        period_end,
        currency_code,
        target_value,
        baseline_kind,
        baseline_period,
        baseline_count,
        baseline_value,
        improvement_asked,
        pairs as past_changes,
        improvement_p05,
        improvement_p50,
        improvement_p95,
        plan_links,
        parent_target_value,
        children,
        children_target_value,
        is_specific,
        is_measurable,
        is_achievable,
        is_relevant,
        is_time_bound,
        coalesce(is_specific and is_measurable and is_achievable and is_relevant and is_time_bound, false) as is_smart,
        (case when not is_specific then 1 else 0 end)
        + (case when not is_measurable then 1 else 0 end)
        + (case when is_achievable is false then 1 else 0 end)
        + (case when not is_relevant then 1 else 0 end)
        + (case when is_time_bound is false then 1 else 0 end) as faults,
        trim(reason_en) as reason_en,
        reason_zh,
        first_told_at,
        changed_at,
        case when period_start <= (select run.as_of_date from run) then actual_value end as actual_value,
        case when period_start <= (select run.as_of_date from run) then attainment end as attainment,
        case
            when period_start > (select run.as_of_date from run) then 'not begun'
            when period_end > (select run.as_of_date from run) then 'running'
            when actual_value is null then 'not measured'
            when direction = 'lower' and actual_value <= target_value then 'reached'
            when coalesce(direction, 'higher') <> 'lower' and actual_value >= target_value then 'reached'
            else 'missed'
        end as status
    from told

)

select * from final
