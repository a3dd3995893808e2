-- Leans on: int_document, seed stages. A deal in a stage that nobody has described is neither won nor lost; if
-- it was won, it is not paid.

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

final as (

    select
        source_system,
        stage,
        count(*) as document_count,
        sum(document_amount) as document_amount,
        min(file_name) as file_name,
        min(row_number) as row_number
    from documents
    where stage_outcome = 'unknown'
    group by source_system, stage

)

select * from final
