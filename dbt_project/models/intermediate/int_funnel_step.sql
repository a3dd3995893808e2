-- Which stages a deal or opportunity went through: one row a stay in a stage, with the day it came in, the day it went
-- and where to. Zoho's stage history has an entry for each time a deal came into a stage; entries of one stage that
-- follow each other are one stay. Where the history ends in an open stage and the deal is closed, it was closed on its
-- closing day. Without a history only the present is known: a closed deal came into its stage on its closing day, an
-- open one is in it since a day that nobody knows, and so is an opportunity of 简道云, of which a closed one has no day
-- at all. A move to a stage that comes earlier in the pipeline (seed stages) is a move back. What happened after the
-- as-of day has not happened yet.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

stages as (

    select * from {{ ref('stages') }}

),

documents as (

    select
        documents.*,
        stages.stage_place
    from {{ ref('int_document') }} as documents
    left join stages on {{ comparable('documents.stage') }} = stages.stage
    where documents.document_kind = 'deal'

),

opportunities as (

    select
        opportunities.*,
        coalesce(stages.stage_outcome, 'unknown') as stage_outcome,
        stages.stage_place
    from {{ ref('stg_jiandaoyun_crm__opportunities') }} as opportunities
    left join stages on {{ comparable('opportunities.stage') }} = stages.stage

),

entries as (

    select
        history.source_system,
        history.deal_id as document_id,
        trim(history.stage) as stage,
        coalesce(stages.stage_outcome, 'unknown') as stage_outcome,
        stages.stage_place,
        cast(history.modified_at as date) as entered_date,
        history.modified_at,
        history.entry_id,
        lag({{ comparable('history.stage') }}) over (
            partition by history.source_system, history.deal_id
            order by history.modified_at, history.entry_id
        ) as stage_before
    from {{ ref('stg_zoho_crm__stage_history') }} as history
    inner join run on cast(history.modified_at as date) <= run.as_of_date
    left join stages on {{ comparable('history.stage') }} = stages.stage

),

told as (

    select
        source_system,
        document_id,
        stage,
        stage_outcome,
        stage_place,
        entered_date,
        row_number() over (
            partition by source_system, document_id order by modified_at, entry_id
        ) as step_no,
        row_number() over (
            partition by source_system, document_id order by modified_at desc, entry_id desc
        ) as step_no_from_last
    from entries
    where stage_before is null or stage_before <> {{ comparable('stage') }}

),

-- What the deals themselves say where the history does not.
closed as (

    select
        documents.source_system,
        documents.document_id,
        trim(documents.stage) as stage,
        documents.stage_outcome,
        documents.stage_place,
        greatest(documents.document_date, coalesce(told.entered_date, documents.document_date)) as entered_date,
        coalesce(told.step_no, 0) + 1 as step_no
    from documents
    inner join run on documents.document_date <= run.as_of_date
    left join told
        on
            documents.source_system = told.source_system
            and documents.document_id = told.document_id
            and told.step_no_from_last = 1
    where
        documents.stage_outcome in ('won', 'lost')
        and (told.document_id is null or told.stage_outcome not in ('won', 'lost'))

),

present as (

    select
        documents.source_system,
        documents.document_id,
        trim(documents.stage) as stage,
        documents.stage_outcome,
        documents.stage_place,
        cast(null as date) as entered_date,
        1 as step_no
    from documents
    left join told
        on documents.source_system = told.source_system and documents.document_id = told.document_id and told.step_no = 1
    where documents.stage_outcome = 'open' and told.document_id is null
    union all
    select
        source_system,
        opportunity_no as document_id,
        trim(stage) as stage,
        stage_outcome,
        stage_place,
        cast(null as date) as entered_date,
        1 as step_no
    from opportunities
    where stage_outcome = 'open'

),

steps as (

    select
        source_system,
        document_id,
        stage,
        stage_outcome,
        stage_place,
        entered_date,
        step_no
    from told
    union all
    select * from closed
    union all
    select * from present

),

followed as (

    select
        steps.*,
        min(steps.stage) over (partition by {{ comparable('steps.stage') }}) as stage_shown,
        lead(steps.entered_date) over (
            partition by steps.source_system, steps.document_id order by steps.step_no
        ) as left_date,
        lead(steps.stage_outcome) over (
            partition by steps.source_system, steps.document_id order by steps.step_no
        ) as next_outcome,
        lead(steps.stage_place) over (
            partition by steps.source_system, steps.document_id order by steps.step_no
        ) as next_place
    from steps

),

final as (

    select
        source_system,
        document_id,
        cast(step_no as integer) as step_no,
        stage_shown as stage,
        stage_outcome,
        stage_place,
        entered_date,
        left_date,
        case
            when left_date is null then null
            when next_outcome in ('won', 'lost') then next_outcome
            when next_outcome = 'unknown' then 'unknown'
            when next_place < stage_place then 'moved_back'
            else 'moved_on'
        end as left_to
    from followed

)

select * from final
