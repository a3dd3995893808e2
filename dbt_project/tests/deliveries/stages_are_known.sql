-- Leans on: int_document, opportunities of 简道云, seed stages. A deal in a stage that nobody has described is neither won
-- nor lost; if it was won, it is not paid. An opportunity in one is in no pipeline.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'a stage of the CRM is not described, so its deals count as neither won nor lost',
    'remedy': 'add the stage to dbt_project/seeds/stages.csv',
}) }}

with

documents as (

    select * from {{ ref('int_document') }}

),

stages as (

    select * from {{ ref('stages') }}

),

opportunities as (

    select * from {{ ref('stg_jiandaoyun_crm__opportunities') }}

),

unknown as (

    select
        source_system,
        stage,
        document_amount,
        file_name,
        row_number
    from documents
    where stage_outcome = 'unknown'
    union all
    select
        opportunities.source_system,
        opportunities.stage,
        coalesce(opportunities.amount, 0) as document_amount,
        opportunities.file_name,
        opportunities.row_number
    from opportunities
    left join stages on {{ comparable('opportunities.stage') }} = stages.stage
    where stages.stage is null

),

final as (

    select
        source_system,
        stage,
        count(*) as document_count,
        sum(document_amount) as document_amount,
        min(file_name) as file_name,
        min(row_number) as row_number
    from unknown
    group by source_system, stage

)

select * from final
