-- Everything that is held, with who it touches and what to do (rules C1, C3, D5, K1): documents, lines without a
-- rate, scorecards, and payees that the gate holds.

with

documents as (

    select * from {{ ref('int_document') }}
    where hold_reason is not null and stage_outcome = 'won'

),

credit_lines as (

    select * from {{ ref('int_credit_line') }}
    where is_held and reversal_profile = 'standard'

),

earning_lines as (

    select * from {{ ref('int_credit_window') }}
    where is_held

),

pay_lines as (

    select * from {{ ref('int_pay_line') }}
    where is_held

),

plan_conditions as (

    select * from {{ ref('int_document_hold') }}

),

bonuses as (

    select * from {{ ref('int_bonus') }}
    where is_held

),

gate_holds as (

    select * from {{ ref('stg_control__hold') }}

),

plan_holds as (

    select
        'document' as scope,
        pay_lines.source_system || ':' || pay_lines.document_id as subject_id,
        pay_lines.payee_id,
        pay_lines.hold_reason as reason,
        'meet the condition, or approve an exception of type release for the document' as remedy,
        pay_lines.earned_amount as amount,
        pay_lines.currency_code,
        cast(null as varchar) as delivery_id,
        cast(null as varchar) as file_name,
        cast(null as bigint) as row_number,
        'plan|' || pay_lines.earning_line_id as line_id
    from pay_lines
    inner join plan_conditions
        on
            pay_lines.plan_code = plan_conditions.plan_code
            and pay_lines.plan_version = plan_conditions.plan_version
            and pay_lines.source_system = plan_conditions.source_system
            and pay_lines.document_id = plan_conditions.document_id
            and pay_lines.hold_reason = plan_conditions.hold_reason

),

document_holds as (

    select
        'document' as scope,
        source_system || ':' || document_id as subject_id,
        owner_employee_id as payee_id,
        hold_reason as reason,
        'mend the document in the CRM and export it again' as remedy,
        document_amount as amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from documents

),

rate_holds as (

    select
        'document' as scope,
        credit_lines.source_system || ':' || credit_lines.document_id as subject_id,
        credit_lines.employee_id as payee_id,
        credit_lines.hold_reason as reason,
        'deliver the missing exchange rates to finance/fx_rates' as remedy,
        credit_lines.split_amount as amount,
        credit_lines.document_currency_code as currency_code,
        credit_lines.delivery_id,
        credit_lines.file_name,
        credit_lines.row_number,
        credit_lines.credit_line_id as line_id
    from credit_lines
    left join documents
        on credit_lines.source_system = documents.source_system and credit_lines.document_id = documents.document_id
    where documents.document_id is null

),

currency_holds as (

    select
        'document' as scope,
        earning_lines.source_system || ':' || earning_lines.document_id as subject_id,
        earning_lines.payee_id,
        earning_lines.hold_reason as reason,
        case
            when earning_lines.hold_reason like '%(T7)%'
                then 'give the document in the CRM the value that the factor reads, or widen the table of the factor in the plan'
            when earning_lines.hold_reason like '%(C3)%'
                then 'decide in which currency the line is paid and correct the plan assignment'
            else 'give the document in the CRM what the plan reads of it, or change the plan'
        end as remedy,
        cast(earning_lines.credited_amount as decimal(18, 2)) as amount,
        earning_lines.currency_code,
        cast(null as varchar) as delivery_id,
        cast(null as varchar) as file_name,
        cast(null as bigint) as row_number,
        earning_lines.earning_line_id as line_id
    from earning_lines
    left join credit_lines on earning_lines.credit_line_id = credit_lines.credit_line_id
    where credit_lines.credit_line_id is null

),

combined as (

    select
        *,
        subject_id as line_id
    from document_holds
    union all
    select * from rate_holds
    union all
    select * from currency_holds
    union all
    select * from plan_holds
    union all
    select
        'payee' as scope,
        payee_id as subject_id,
        payee_id,
        hold_reason as reason,
        'set the missing target or measure, or change missing_data of the card' as remedy,
        earned_amount as amount,
        currency_code,
        cast(null as varchar) as delivery_id,
        cast(null as varchar) as file_name,
        cast(null as bigint) as row_number,
        earning_line_id as line_id
    from bonuses
    union all
    select
        'payee' as scope,
        payee_id as subject_id,
        payee_id,
        check_name || ': ' || reason as reason,
        'look at the failing rows of the check, mend the data and run again' as remedy,
        exposure_amount as amount,
        currency_code,
        cast(null as varchar) as delivery_id,
        cast(null as varchar) as file_name,
        cast(null as bigint) as row_number,
        hold_id as line_id
    from gate_holds

),

final as (

    select
        scope || '|' || line_id as hold_id,
        scope,
        subject_id,
        payee_id,
        reason,
        remedy,
        amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from combined

)

select * from final
