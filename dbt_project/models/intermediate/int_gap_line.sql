-- What sales are made of, line by line, in the money of the credit: deals closed and won by share, the won value and the
-- list value it was sold from, what was won from customers that had bought before, what came back, what was collected.
-- A customer of whom nothing is known counts as new. A value without a list price was sold at list.

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
    where credit_role = 'revenue' and reversal_profile = 'standard' and basis in ('booked', 'collected')

),

documents as (

    select * from {{ ref('int_document') }}

),

lost as (

    select
        splits.employee_id,
        documents.document_date as event_date,
        splits.split_ratio,
        documents.product_family,
        documents.segment
    from documents
    inner join {{ ref('int_document_split') }} as splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    where
        documents.stage_outcome = 'lost'
        and documents.document_date <= (select run.as_of_date from run)
        and splits.credit_role = 'revenue'
        and coalesce(documents.customer_type, 'new') = 'new'

),

won as (

    select
        credit_lines.employee_id,
        credit_lines.event_date,
        credit_lines.measured_currency as currency_code,
        credit_lines.deal_ratio as split_ratio,
        credit_lines.product_family,
        credit_lines.segment,
        coalesce(credit_lines.customer_type, 'new') = 'new' as is_new,
        credit_lines.measured_amount as won_value,
        case
            when documents.list_amount > 0 and documents.document_amount > 0
                then {{ proportional('credit_lines.measured_amount', 'documents.list_amount', 'documents.document_amount') }}
            else credit_lines.measured_amount
        end as list_value
    from credit_lines
    inner join documents
        on credit_lines.source_system = documents.source_system and credit_lines.document_id = documents.document_id
    where credit_lines.basis = 'booked' and credit_lines.event_type = 'won'

),

-- Lost deals have no money: they count in each currency in which their person has any.
currencies as (

    select distinct
        employee_id,
        measured_currency as currency_code
    from credit_lines

),

lines as (

    select
        lost.employee_id,
        lost.event_date,
        currencies.currency_code,
        lost.product_family,
        lost.segment,
        lost.split_ratio as closed_deals,
        0 as won_deals,
        0 as list_value,
        0 as new_value,
        0 as existing_value,
        0 as reversed_value,
        0 as collected_value
    from lost
    inner join currencies on lost.employee_id = currencies.employee_id
    union all
    select
        employee_id,
        event_date,
        currency_code,
        product_family,
        segment,
        case when is_new then split_ratio else 0 end as closed_deals,
        case when is_new then split_ratio else 0 end as won_deals,
        case when is_new then list_value else 0 end as list_value,
        case when is_new then won_value else 0 end as new_value,
        case when is_new then 0 else won_value end as existing_value,
        0 as reversed_value,
        0 as collected_value
    from won
    union all
    select
        employee_id,
        event_date,
        measured_currency as currency_code,
        product_family,
        segment,
        0 as closed_deals,
        0 as won_deals,
        0 as list_value,
        0 as new_value,
        0 as existing_value,
        case when basis = 'booked' then measured_amount else 0 end as reversed_value,
        case when basis = 'collected' then measured_amount else 0 end as collected_value
    from credit_lines
    where basis = 'collected' or event_type <> 'won'

),

final as (

    select
        lines.employee_id,
        teams.team,
        employees.role,
        lines.event_date,
        lines.currency_code,
        coalesce(lines.product_family, 'UNKNOWN') as product_family,
        coalesce(lines.segment, 'UNKNOWN') as segment,
        cast(lines.closed_deals as decimal(24, 6)) as closed_deals,
        cast(lines.won_deals as decimal(24, 6)) as won_deals,
        cast(lines.list_value as decimal(24, 6)) as list_value,
        cast(lines.new_value as decimal(24, 6)) as new_value,
        cast(lines.existing_value as decimal(24, 6)) as existing_value,
        cast(lines.reversed_value as decimal(24, 6)) as reversed_value,
        cast(lines.collected_value as decimal(24, 6)) as collected_value
    from lines
    inner join {{ ref('int_employee') }} as employees on lines.employee_id = employees.employee_id
    left join {{ ref('int_employee_team') }} as teams
        on
            lines.employee_id = teams.employee_id
            and lines.event_date between teams.valid_from and teams.valid_to
    where not employees.is_house_account

)

select * from final
