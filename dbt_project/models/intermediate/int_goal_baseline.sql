-- What a goal starts from: the person's own figure of the same period a year before, if they were there all through it;
-- else what their earlier whole months of the last twelve make on average (three at least), for as many months; else what
-- people of the role reached a head in the period a year before. `baseline_kind` says which.

with

goals as (

    select * from {{ ref('int_goal_target') }}

),

kpis as (

    select * from {{ ref('kpis') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

whole as (

    select * from {{ ref('int_kpi_whole_period') }}

),

own as (

    select
        goals.employee_id,
        goals.kpi_code,
        goals.period_type,
        goals.period,
        goals.currency_code,
        whole.period as baseline_period,
        whole.actual_value
    from goals
    inner join whole
        on
            goals.employee_id = whole.employee_id
            and goals.kpi_code = whole.kpi_code
            and goals.period_type = whole.period_type
            and goals.currency_code = whole.currency_code
            and whole.period_start = {{ add_months('goals.period_start', -12) }}
    where whole.actual_value is not null

),

earlier as (

    select
        goals.employee_id,
        goals.kpi_code,
        goals.period_type,
        goals.period,
        goals.currency_code,
        count(*) as months,
        sum(whole.numerator) as numerator,
        sum(whole.denominator) as denominator,
        max(kpis.is_additive) as is_additive
    from goals
    inner join kpis on goals.kpi_code = kpis.kpi_code
    inner join whole
        on
            goals.employee_id = whole.employee_id
            and goals.kpi_code = whole.kpi_code
            and goals.currency_code = whole.currency_code
            and whole.period_type = 'month'
            and whole.period_start >= {{ add_months('goals.period_start', -12) }}
            and goals.period_start > whole.period_start
    group by goals.employee_id, goals.kpi_code, goals.period_type, goals.period, goals.currency_code
    having count(*) >= 3

),

averaged as (

    select
        *,
        cast(
            case
                when is_additive
                    then {{ safe_ratio('numerator', 'months') }} * {{ window_months('period_type') }}
                else {{ safe_ratio('numerator', 'denominator') }}
            end as decimal(24, 6)
        ) as actual_value
    from earlier

),

peers as (

    select
        whole.role,
        whole.kpi_code,
        whole.period_type,
        whole.period,
        whole.period_start,
        whole.currency_code,
        count(*) as people,
        cast(
            case
                when max(kpis.is_additive) then {{ safe_ratio('sum(whole.numerator)', 'count(*)') }}
                else {{ safe_ratio('sum(whole.numerator)', 'sum(whole.denominator)') }}
            end as decimal(24, 6)
        ) as actual_value
    from whole
    inner join kpis on whole.kpi_code = kpis.kpi_code
    where whole.role is not null
    group by whole.role, whole.kpi_code, whole.period_type, whole.period, whole.period_start, whole.currency_code

),

final as (

    select
        goals.employee_id,
        goals.kpi_code,
        goals.period_type,
        goals.period,
        goals.currency_code,
        case
            when own.actual_value is not null then 'same period last year'
            when averaged.actual_value is not null then 'own earlier months'
            when peers.actual_value is not null then 'role last year'
        end as baseline_kind,
        case
            when own.actual_value is not null then own.baseline_period
            when averaged.actual_value is null then peers.period
        end as baseline_period,
        case
            when own.actual_value is not null then 1
            when averaged.actual_value is not null then averaged.months
            else peers.people
        end as baseline_count,
        coalesce(own.actual_value, averaged.actual_value, peers.actual_value) as baseline_value
    from goals
    inner join employees on goals.employee_id = employees.employee_id
    left join own
        on
            goals.employee_id = own.employee_id
            and goals.kpi_code = own.kpi_code
            and goals.period_type = own.period_type
            and goals.period = own.period
            and goals.currency_code = own.currency_code
    left join averaged
        on
            goals.employee_id = averaged.employee_id
            and goals.kpi_code = averaged.kpi_code
            and goals.period_type = averaged.period_type
            and goals.period = averaged.period
            and goals.currency_code = averaged.currency_code
    left join peers
        on
            employees.role = peers.role
            and goals.kpi_code = peers.kpi_code
            and goals.period_type = peers.period_type
            and goals.currency_code = peers.currency_code
            and peers.period_start = {{ add_months('goals.period_start', -12) }}

)

select * from final
