-- The funnel by person, team, stage and period, in deals by share: how many came in, how many went and where to, how
-- long those that went had been there, and what is still open at the period's end, or on the as-of day, and for how
-- long. Everything adds up over people and stages; conversion is rolled up from its numerator and denominator. The team is
-- that of the reporting line on the day it came in, went, or is open. An open deal without a history stands in the
-- period that the as-of day ends, and has no age.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

periods as (

    select * from {{ ref('int_kpi_period') }}

),

days as (

    select distinct state_date from periods

),

steps as (

    select * from {{ ref('int_funnel_step') }}

),

splits as (

    select * from {{ ref('int_document_split') }}
    where credit_role = 'revenue'

),

opportunities as (

    select * from {{ ref('stg_jiandaoyun_crm__opportunities') }}

),

owners as (

    select * from {{ ref('int_owner_match') }}
    where valid_to = cast('9999-12-31' as date)

),

teams as (

    select * from {{ ref('int_employee_team') }}

),

owned as (

    select
        steps.*,
        coalesce(splits.employee_id, owners.employee_id, 'HOUSE') as employee_id,
        coalesce(splits.split_ratio, 1) as share
    from steps
    left join splits
        on steps.source_system = splits.source_system and steps.document_id = splits.document_id
    left join opportunities
        on
            splits.document_id is null
            and steps.source_system = opportunities.source_system
            and steps.document_id = opportunities.opportunity_no
    left join owners
        on
            opportunities.source_system = owners.source_system
            and coalesce(opportunities.owner_username, '') = owners.owner_id
            and coalesce(opportunities.owner_name, '') = owners.owner_name

),

moves as (

    select
        employee_id,
        stage,
        stage_outcome,
        stage_place,
        entered_date as event_date,
        share as entered,
        0 as moved_on,
        0 as moved_back,
        0 as won,
        0 as lost,
        0 as stage_days,
        0 as went
    from owned
    where entered_date is not null
    union all
    select
        employee_id,
        stage,
        stage_outcome,
        stage_place,
        left_date as event_date,
        0 as entered,
        case when left_to = 'moved_on' then share else 0 end as moved_on,
        case when left_to = 'moved_back' then share else 0 end as moved_back,
        case when left_to = 'won' then share else 0 end as won,
        case when left_to = 'lost' then share else 0 end as lost,
        case
            when entered_date is null then 0
            else ({{ days_of_span('entered_date', 'left_date') }} - 1) * share
        end as stage_days,
        case when entered_date is null then 0 else share end as went
    from owned
    where left_date is not null

),

daily as (

    select
        employee_id,
        stage,
        stage_outcome,
        stage_place,
        event_date,
        sum(entered) as entered,
        sum(moved_on) as moved_on,
        sum(moved_back) as moved_back,
        sum(won) as won,
        sum(lost) as lost,
        sum(stage_days) as stage_days,
        sum(went) as went
    from moves
    group by employee_id, stage, stage_outcome, stage_place, event_date

),

open_by_day as (

    select
        owned.employee_id,
        owned.stage,
        owned.stage_outcome,
        owned.stage_place,
        days.state_date,
        sum(owned.share) as open_share,
        sum(
            case
                when owned.entered_date is not null
                    then ({{ days_of_span('owned.entered_date', 'days.state_date') }} - 1) * owned.share
            end
        ) as open_days,
        sum(case when owned.entered_date is not null then owned.share end) as open_dated
    from owned
    cross join run
    inner join days
        on
            coalesce(owned.entered_date, run.as_of_date) <= days.state_date
            and coalesce(owned.left_date > days.state_date, true)
    where owned.stage_outcome = 'open'
    group by owned.employee_id, owned.stage, owned.stage_outcome, owned.stage_place, days.state_date

),

combined as (

    select
        daily.employee_id,
        daily.event_date as team_date,
        daily.stage,
        daily.stage_outcome,
        daily.stage_place,
        periods.period_type,
        periods.period,
        daily.entered,
        daily.moved_on,
        daily.moved_back,
        daily.won,
        daily.lost,
        daily.stage_days,
        daily.went,
        0 as open_share,
        0 as open_days,
        0 as open_dated
    from daily
    inner join periods on daily.event_date between periods.period_start and periods.period_end
    union all
    select
        open_by_day.employee_id,
        open_by_day.state_date as team_date,
        open_by_day.stage,
        open_by_day.stage_outcome,
        open_by_day.stage_place,
        periods.period_type,
        periods.period,
        0 as entered,
        0 as moved_on,
        0 as moved_back,
        0 as won,
        0 as lost,
        0 as stage_days,
        0 as went,
        open_by_day.open_share,
        coalesce(open_by_day.open_days, 0) as open_days,
        coalesce(open_by_day.open_dated, 0) as open_dated
    from open_by_day
    inner join periods on open_by_day.state_date = periods.state_date

),

grouped as (

    select
        combined.employee_id,
        case when combined.employee_id = 'HOUSE' then 'HOUSE' else coalesce(teams.team, 'NO TEAM') end as team,
        combined.stage,
        combined.stage_outcome,
        combined.stage_place,
        combined.period_type,
        combined.period,
        cast(sum(combined.entered) as decimal(24, 6)) as entered,
        cast(sum(combined.moved_on) as decimal(24, 6)) as moved_on,
        cast(sum(combined.moved_back) as decimal(24, 6)) as moved_back,
        cast(sum(combined.won) as decimal(24, 6)) as won,
        cast(sum(combined.lost) as decimal(24, 6)) as lost,
        cast(sum(combined.stage_days) as decimal(24, 6)) as stage_days,
        cast(sum(combined.went) as decimal(24, 6)) as went,
        cast(sum(combined.open_share) as decimal(24, 6)) as open_share,
        cast(sum(combined.open_days) as decimal(24, 6)) as open_days,
        cast(sum(combined.open_dated) as decimal(24, 6)) as open_dated
    from combined
    left join teams
        on
            combined.employee_id = teams.employee_id
            and combined.team_date between teams.valid_from and teams.valid_to
    group by
        combined.employee_id,
        case when combined.employee_id = 'HOUSE' then 'HOUSE' else coalesce(teams.team, 'NO TEAM') end,
        combined.stage,
        combined.stage_outcome,
        combined.stage_place,
        combined.period_type,
        combined.period

),

final as (

    select
        grouped.employee_id,
        grouped.team,
        grouped.stage,
        grouped.stage_outcome,
        grouped.stage_place,
        grouped.period_type,
        grouped.period,
        periods.period_start,
        periods.period_end,
        grouped.entered as entered_count,
        grouped.moved_on as moved_on_count,
        grouped.moved_back as moved_back_count,
        grouped.won as won_count,
        grouped.lost as lost_count,
        cast(grouped.moved_on + grouped.won as decimal(24, 6)) as conversion_numerator,
        cast(grouped.moved_on + grouped.won + grouped.lost as decimal(24, 6)) as conversion_denominator,
        cast(
            {{ safe_ratio('(grouped.moved_on + grouped.won)', '(grouped.moved_on + grouped.won + grouped.lost)') }}
            as decimal(24, 6)
        ) as conversion,
        grouped.stage_days as stage_days_numerator,
        grouped.went as stage_days_denominator,
        cast({{ safe_ratio('grouped.stage_days', 'grouped.went') }} as decimal(24, 6)) as stage_days,
        grouped.open_share as open_count,
        grouped.open_days as open_days_numerator,
        grouped.open_dated as open_days_denominator,
        cast({{ safe_ratio('grouped.open_days', 'grouped.open_dated') }} as decimal(24, 6)) as open_days
    from grouped
    inner join periods on grouped.period_type = periods.period_type and grouped.period = periods.period

)

select * from final
