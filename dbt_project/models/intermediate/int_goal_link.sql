-- What a goal is tied to: components and scorecards of the person's plan that read its KPI in the period, the manager's
-- own goal on the KPI, and, for a manager's goal, what the goals of those who report to them add up to.

with

goals as (

    select * from {{ ref('int_goal_target') }}

),

plan_months as (

    select * from {{ ref('int_plan_month') }}
    where active_days > 0

),

plan_kpis as (

    select
        plan_code,
        version as plan_version,
        quota_kpi_code as kpi_code,
        plan_code || '.' || component_code as reader
    from {{ ref('stg_plan__component') }}
    where quota_kpi_code is not null
    union
    select
        plan_code,
        version as plan_version,
        kpi_code,
        plan_code || '.' || scorecard_code as reader
    from {{ ref('stg_plan__scorecard_kpi') }}

),

read_by as (

    select distinct
        goals.employee_id,
        goals.kpi_code,
        goals.period_type,
        goals.period,
        goals.currency_code,
        plan_kpis.reader
    from goals
    inner join plan_months
        on
            goals.employee_id = plan_months.employee_id
            and plan_months.month_start between goals.period_start and goals.period_end
    inner join plan_kpis
        on
            plan_months.plan_code = plan_kpis.plan_code
            and plan_months.plan_version = plan_kpis.plan_version
            and goals.kpi_code = plan_kpis.kpi_code

),

readers as (

    select
        employee_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        string_agg(reader, ', ' order by reader) as plan_links
    from read_by
    group by employee_id, kpi_code, period_type, period, currency_code

),

-- The reporting line of the period's last day.
reports as (

    select
        goals.*,
        teams.manager_id,
        teams.team
    from goals
    left join {{ ref('int_employee_team') }} as teams
        on
            goals.employee_id = teams.employee_id
            and goals.period_end between teams.valid_from and teams.valid_to

),

children as (

    select
        manager_id,
        kpi_code,
        period_type,
        period,
        currency_code,
        count(*) as children,
        sum(target_value) as children_target_value
    from reports
    where manager_id is not null
    group by manager_id, kpi_code, period_type, period, currency_code

),

final as (

    select
        reports.employee_id,
        reports.kpi_code,
        reports.period_type,
        reports.period,
        reports.currency_code,
        reports.manager_id,
        reports.team,
        readers.plan_links,
        parents.target_value as parent_target_value,
        coalesce(children.children, 0) as children,
        cast(children.children_target_value as decimal(24, 6)) as children_target_value
    from reports
    left join readers
        on
            reports.employee_id = readers.employee_id
            and reports.kpi_code = readers.kpi_code
            and reports.period_type = readers.period_type
            and reports.period = readers.period
            and reports.currency_code = readers.currency_code
    left join goals as parents
        on
            reports.manager_id = parents.employee_id
            and reports.kpi_code = parents.kpi_code
            and reports.period_type = parents.period_type
            and reports.period = parents.period
            and reports.currency_code = parents.currency_code
    left join children
        on
            reports.employee_id = children.manager_id
            and reports.kpi_code = children.kpi_code
            and reports.period_type = children.period_type
            and reports.period = children.period
            and reports.currency_code = children.currency_code

)

select * from final
