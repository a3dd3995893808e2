-- Proposals for the goals of the month after the as-of day's and the two that follow: level × season × growth × ramp, or
-- what the open pipeline is worth if that is more, but not above what experience allows (rule numbers: Q2 for the ramp).
-- Of KPIs that add up, for people who are there. Each factor stands beside the proposal.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

calendar as (

    select
        as_of_date,
        -- the last month that is over
        case
            when {{ month_end('as_of_date') }} = as_of_date then {{ month_start('as_of_date') }}
            else {{ add_months(month_start('as_of_date'), -1) }}
        end as last_month
    from run

),

months_ahead as (

    select 1 as ahead
    union all
    select 2 as ahead
    union all
    select 3 as ahead

),

coming as (

    select
        calendar.last_month,
        {{ add_months('calendar.last_month', 'months_ahead.ahead') }} as period_start
    from calendar
    cross join months_ahead

),

kpis as (

    select * from {{ ref('kpis') }}
    where is_additive

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

currencies as (

    select * from {{ ref('int_employee_currency') }}

),

history as (

    select
        whole.*,
        whole.period_start > {{ add_months('calendar.last_month', -12) }} as is_recent
    from {{ ref('int_kpi_whole_period') }} as whole
    inner join kpis on whole.kpi_code = kpis.kpi_code
    cross join calendar
    where
        whole.period_type = 'month'
        and whole.period_start <= calendar.last_month
        and whole.period_start > {{ add_months('calendar.last_month', -24) }}

),

own_levels as (

    select
        employee_id,
        kpi_code,
        currency_code,
        count(*) as months,
        {{ safe_ratio('sum(actual_value)', 'count(*)') }} as level_value
    from history
    where is_recent
    group by employee_id, kpi_code, currency_code
    having count(*) >= {{ least_own_months() }}

),

role_levels as (

    select
        role,
        kpi_code,
        currency_code,
        count(*) as months,
        {{ safe_ratio('sum(actual_value)', 'count(*)') }} as level_value
    from history
    where is_recent and role is not null
    group by role, kpi_code, currency_code

),

-- All people together by calendar month, per head: how a month of the year stands out, and how the last year did.
company_months as (

    select
        kpi_code,
        currency_code,
        period_start,
        sum(actual_value) as actual_value,
        count(*) as people
    from history
    group by kpi_code, currency_code, period_start

),

heads as (

    select
        kpi_code,
        currency_code,
        period_start,
        {{ safe_ratio('actual_value', 'people') }} as value_a_head
    from company_months

),

years as (

    select
        heads.kpi_code,
        heads.currency_code,
        count(*) as months,
        sum(heads.value_a_head) as value_a_head,
        sum(
            case when heads.period_start > {{ add_months('calendar.last_month', -12) }} then heads.value_a_head else 0 end
        ) as latest,
        sum(
            case when heads.period_start > {{ add_months('calendar.last_month', -12) }} then 0 else heads.value_a_head end
        ) as before
    from heads
    cross join calendar
    group by heads.kpi_code, heads.currency_code

),

seasons as (

    select
        coming.period_start,
        heads.kpi_code,
        heads.currency_code,
        sum(heads.value_a_head) as value_a_head,
        count(*) as times
    from coming
    inner join heads
        on heads.period_start in ({{ add_months('coming.period_start', -12) }}, {{ add_months('coming.period_start', -24) }})
    group by coming.period_start, heads.kpi_code, heads.currency_code

),

indexes as (

    select
        coming.period_start,
        years.kpi_code,
        years.currency_code,
        -- month ÷ average month = (sum of the month's times ÷ times) ÷ (sum of all ÷ 24)
        case
            when years.months = 24
                then coalesce({{ safe_ratio('seasons.value_a_head * 24', 'years.value_a_head * seasons.times') }}, 1)
            else 1
        end as season_index,
        case when years.months = 24 then coalesce({{ safe_ratio('years.latest', 'years.before') }}, 1) else 1 end as growth_index
    from coming
    cross join years
    left join seasons
        on
            coming.period_start = seasons.period_start
            and years.kpi_code = seasons.kpi_code
            and years.currency_code = seasons.currency_code

),

win_rates as (

    select
        measures.employee_id,
        {{ safe_ratio('sum(measures.numerator)', 'sum(measures.denominator)') }} as win_rate
    from {{ ref('int_kpi_measure') }} as measures
    cross join calendar
    where measures.kpi_code = 'win_rate' and measures.event_date > {{ add_months('calendar.as_of_date', -12) }}
    group by measures.employee_id

),

open_deals as (

    select
        splits.employee_id,
        documents.currency_code,
        {{ month_start('documents.document_date') }} as period_start,
        sum(cast(documents.document_amount as decimal(24, 2)) * splits.split_ratio) as amount
    from {{ ref('int_document') }} as documents
    inner join {{ ref('int_document_split') }} as splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    cross join calendar
    where documents.stage_outcome = 'open' and documents.document_date > calendar.as_of_date and splits.credit_role = 'revenue'
    group by splits.employee_id, documents.currency_code, {{ month_start('documents.document_date') }}

),

pipelines as (

    select
        open_deals.employee_id,
        open_deals.currency_code,
        open_deals.period_start,
        cast(round(cast(open_deals.amount as decimal(24, 6)) * cast(win_rates.win_rate as decimal(9, 6)), 6) as decimal(24, 6))
            as pipeline_value
    from open_deals
    inner join win_rates on open_deals.employee_id = win_rates.employee_id

),

ramps as (

    select
        employee_id,
        month_start,
        min(ramp) as ramp
    from {{ ref('int_plan_month') }}
    where active_days > 0
    group by employee_id, month_start

),

joined as (

    select
        employees.employee_id,
        kpis.kpi_code,
        coming.period_start,
        case when kpis.is_in_currency then currencies.currency_code else '' end as currency_code,
        case when own_levels.employee_id is not null then 'own' else 'role' end as level_kind,
        coalesce(own_levels.months, role_levels.months) as level_months,
        cast(coalesce(own_levels.level_value, role_levels.level_value) as decimal(24, 6)) as level_value,
        cast(coalesce(indexes.season_index, 1) as decimal(18, 6)) as season_index,
        cast(coalesce(indexes.growth_index, 1) as decimal(18, 6)) as growth_index,
        coalesce(ramps.ramp, 1) as ramp,
        improvements.improvement_p95,
        improvements.pairs
    from coming
    cross join kpis
    inner join employees
        on
            coming.period_start >= employees.hire_date
            and coalesce(employees.leave_date, coming.period_start) >= coming.period_start
    inner join currencies on employees.employee_id = currencies.employee_id
    left join own_levels
        on
            employees.employee_id = own_levels.employee_id
            and kpis.kpi_code = own_levels.kpi_code
            and case when kpis.is_in_currency then currencies.currency_code else '' end = own_levels.currency_code
    left join role_levels
        on
            employees.role = role_levels.role
            and kpis.kpi_code = role_levels.kpi_code
            and case when kpis.is_in_currency then currencies.currency_code else '' end = role_levels.currency_code
    left join indexes
        on
            coming.period_start = indexes.period_start
            and kpis.kpi_code = indexes.kpi_code
            and case when kpis.is_in_currency then currencies.currency_code else '' end = indexes.currency_code
    left join ramps on employees.employee_id = ramps.employee_id and coming.period_start = ramps.month_start
    left join {{ ref('int_past_improvement') }} as improvements
        on kpis.kpi_code = improvements.kpi_code and improvements.period_type = 'month'
    where coalesce(own_levels.level_value, role_levels.level_value) > 0

),

seasoned as (

    select
        *,
        {{ product_at_6(product_at_6('level_value', 'season_index'), 'ramp') }} as seasoned_value
    from joined

),

valued as (

    select
        seasoned.*,
        {{ product_at_6('seasoned.seasoned_value', 'seasoned.growth_index') }} as history_value,
        pipelines.pipeline_value,
        case
            when seasoned.pairs >= {{ least_past_improvements() }}
                then {{ product_at_6('seasoned.seasoned_value', '(1 + seasoned.improvement_p95)') }}
        end as ceiling_value
    from seasoned
    left join pipelines
        on
            seasoned.kpi_code = 'booked_amount'
            and seasoned.employee_id = pipelines.employee_id
            and seasoned.currency_code = pipelines.currency_code
            and seasoned.period_start = pipelines.period_start

),

proposed as (

    select
        *,
        cast(
            least(
                greatest(history_value, coalesce(pipeline_value, history_value)),
                coalesce(ceiling_value, greatest(history_value, coalesce(pipeline_value, history_value)))
            ) as decimal(24, 6)
        ) as suggested_value
    from valued

),

final as (

    select
        proposed.employee_id || '|' || proposed.kpi_code || '|' || {{ month_code('proposed.period_start') }} || '|'
        || proposed.currency_code as suggestion_id,
        proposed.employee_id,
        proposed.kpi_code,
        {{ month_code('proposed.period_start') }} as period,
        proposed.period_start,
        proposed.currency_code,
        proposed.level_kind,
        proposed.level_months,
        proposed.level_value,
        proposed.season_index,
        proposed.growth_index,
        cast(proposed.ramp as decimal(9, 6)) as ramp,
        proposed.history_value,
        proposed.pipeline_value,
        proposed.suggested_value,
        proposed.ceiling_value,
        goals.target_value,
        case
            when proposed.level_kind = 'own'
                then 'The average of ' || cast(proposed.level_months as varchar) || ' own months'
            else 'The average of ' || cast(proposed.level_months as varchar) || ' months of the role'
        end
        || ', ' || {{ number_text('proposed.level_value') }} || ', × season ' || {{ number_text('proposed.season_index') }}
        || ' × growth ' || {{ number_text('proposed.growth_index') }}
        || case when proposed.ramp < 1 then ' × ramp ' || {{ number_text('proposed.ramp') }} else '' end
        || case
            when proposed.suggested_value = proposed.ceiling_value and proposed.ceiling_value < proposed.history_value
                then '; cut to what 95 % of past changes allow'
            when proposed.pipeline_value > proposed.history_value and proposed.suggested_value < proposed.pipeline_value
                then '; the pipeline is worth more, cut to what 95 % of past changes allow'
            when
                proposed.pipeline_value > proposed.history_value
                then '; raised to what the open pipeline is worth at the person''s win rate'
            else ''
        end || '.' as method_en,
        case
            when proposed.level_kind = 'own' then '本人 ' || cast(proposed.level_months as varchar) || ' 个月平均 '
            else '同岗位 ' || cast(proposed.level_months as varchar) || ' 个人月平均 '
        end
        || {{ number_text('proposed.level_value') }} || ' × 季节 ' || {{ number_text('proposed.season_index') }}
        || ' × 增长 ' || {{ number_text('proposed.growth_index') }}
        || case when proposed.ramp < 1 then ' × 爬坡 ' || {{ number_text('proposed.ramp') }} else '' end
        || case
            when proposed.suggested_value = proposed.ceiling_value and proposed.ceiling_value < proposed.history_value
                then '；按历史同比 95 分位封顶'
            when proposed.pipeline_value > proposed.history_value and proposed.suggested_value < proposed.pipeline_value
                then '；商机价值更高，按历史同比 95 分位封顶'
            when proposed.pipeline_value > proposed.history_value then '；按本人赢单率折算的商机价值上调'
            else ''
        end || '。' as method_zh
    from proposed
    left join {{ ref('int_goal_target') }} as goals
        on
            proposed.employee_id = goals.employee_id
            and proposed.kpi_code = goals.kpi_code
            and goals.period_type = 'month'
            and goals.period = {{ month_code('proposed.period_start') }}
            and proposed.currency_code = goals.currency_code

)

select * from final
