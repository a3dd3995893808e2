-- What people were asked to reach, by KPI and period, months still to come included: the sum of the months' targets of
-- what adds up, the last month's of a ratio (rule Q3). Known since the latest of its months was first told.

with

targets as (

    select * from {{ ref('int_target') }}

),

tellings as (

    select * from {{ ref('int_target_telling') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

types as (

    select 'month' as period_type
    union all
    select 'quarter' as period_type
    union all
    select 'year' as period_type

),

dated as (

    select
        targets.employee_id,
        targets.kpi_code,
        types.period_type,
        {{ period_code('types.period_type', 'targets.month_start') }} as period,
        {{ period_start('types.period_type', 'targets.month_start') }} as period_start,
        {{ period_end('types.period_type', 'targets.month_start') }} as period_end,
        case when kpis.unit = 'money' then targets.currency_code else '' end as currency_code,
        kpis.kpi_code is not null as is_in_catalogue,
        coalesce(kpis.is_additive, true) as is_additive,
        targets.target_value,
        tellings.first_told_at,
        tellings.changed_at,
        row_number() over (
            partition by
                targets.employee_id, targets.kpi_code, types.period_type,
                {{ period_code('types.period_type', 'targets.month_start') }}
            order by targets.month desc
        ) as place
    from targets
    cross join types
    left join kpis on targets.kpi_code = kpis.kpi_code
    left join tellings
        on
            targets.employee_id = tellings.employee_id
            and targets.kpi_code = tellings.kpi_code
            and targets.month = tellings.month

),

final as (

    select
        employee_id,
        kpi_code,
        period_type,
        period,
        period_start,
        period_end,
        coalesce(currency_code, '') as currency_code,
        is_in_catalogue,
        cast(
            case when is_additive then sum(target_value) else max(case when place = 1 then target_value end) end as decimal(24, 6)
        ) as target_value,
        count(*) as months,
        max(first_told_at) as first_told_at,
        max(changed_at) as changed_at
    from dated
    group by
        employee_id, kpi_code, period_type, period, period_start, period_end, coalesce(currency_code, ''),
        is_in_catalogue, is_additive

)

select * from final
