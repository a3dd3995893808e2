-- What each KPI counts, line by line, with numerator and denominator, so that any roll-up is a sum (a ratio is
-- never averaged). Money is in the currency of the credit; credit that is held for want of a rate is counted in
-- its document's currency. A document split between people counts by share. The team is that of the reporting
-- line valid on the event date.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

credit_lines as (

    select
        *,
        coalesce(credited_amount, split_amount) as measured_amount,
        case when credited_amount is null then document_currency_code else currency_code end as measured_currency
    from {{ ref('int_credit_line') }}
    where credit_role = 'revenue' and reversal_profile = 'standard'

),

documents as (

    select * from {{ ref('int_document') }}

),

splits as (

    select * from {{ ref('int_document_split') }}
    where credit_role = 'revenue'

),

teams as (

    select * from {{ ref('int_employee_team') }}

),

first_wins as (

    select
        source_system,
        document_id,
        row_number() over (
            partition by customer_id
            order by document_date, source_system, document_id
        ) as win_no
    from documents
    where
        stage_outcome = 'won'
        and document_date <= (select run.as_of_date from run)
        and customer_id <> 'UNKNOWN'

),

closed as (

    select
        documents.document_date as event_date,
        splits.employee_id,
        splits.split_ratio,
        documents.stage_outcome,
        documents.document_kind,
        coalesce(first_wins.win_no = 1, false) as is_first_win
    from documents
    inner join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    left join first_wins
        on documents.source_system = first_wins.source_system and documents.document_id = first_wins.document_id
    where
        documents.stage_outcome in ('won', 'lost')
        and documents.document_date <= (select run.as_of_date from run)

),

measures as (

    select
        case basis
            when 'booked' then 'booked_amount'
            when 'invoiced' then 'invoiced_amount'
            when 'collected' then 'collected_amount'
        end as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        measured_amount as numerator,
        cast(null as decimal(24, 6)) as denominator
    from credit_lines
    union all
    select
        'average_deal_amount' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        measured_amount as numerator,
        split_ratio as denominator
    from credit_lines
    where basis = 'booked' and event_type = 'won'
    union all
    select
        'collection_ratio' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        measured_amount as numerator,
        0 as denominator
    from credit_lines
    where basis = 'collected'
    union all
    select
        'collection_ratio' as kpi_code,
        employee_id,
        event_date,
        measured_currency as currency_code,
        0 as numerator,
        measured_amount as denominator
    from credit_lines
    where basis = 'invoiced'
    union all
    select
        'won_deals' as kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
        split_ratio as numerator,
        null as denominator
    from closed
    where stage_outcome = 'won'
    union all
    select
        'win_rate' as kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
        case when stage_outcome = 'won' then split_ratio else 0 end as numerator,
        split_ratio as denominator
    from closed
    where document_kind = 'deal'
    union all
    select
        'new_customers' as kpi_code,
        employee_id,
        event_date,
        '' as currency_code,
        split_ratio as numerator,
        null as denominator
    from closed
    where is_first_win

),

final as (

    select
        measures.kpi_code,
        measures.employee_id,
        case when measures.employee_id = 'HOUSE' then 'HOUSE' else coalesce(teams.team, 'NO TEAM') end as team,
        measures.event_date,
        measures.currency_code,
        cast(measures.numerator as decimal(24, 6)) as numerator,
        cast(measures.denominator as decimal(24, 6)) as denominator
    from measures
    left join teams
        on
            measures.employee_id = teams.employee_id
            and measures.event_date between teams.valid_from and teams.valid_to

)

select * from final
