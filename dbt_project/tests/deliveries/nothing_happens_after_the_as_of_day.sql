-- Leans on: int_money_movement, int_document. What is dated after the day that the run is computed for does not
-- count yet; this lists what waits.

{{ config(meta={
    'severity': 'info',
    'scope': 'table',
    'owner': 'data-platform',
    'reason': 'an event is dated after the as-of day and does not count yet',
    'remedy': 'none, if the date is right; it counts as soon as the data reach that day',
}) }}

with

run as (

    select * from {{ ref('int_run') }}

),

dated as (

    select
        'won' as event_type,
        document_id as event_id,
        document_id,
        document_date as event_date,
        document_amount as amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from {{ ref('int_document') }}
    where stage_outcome = 'won'
    union all
    select
        event_type,
        event_id,
        document_id,
        event_date,
        movement_amount as amount,
        currency_code,
        delivery_id,
        file_name,
        row_number
    from {{ ref('int_money_movement') }}

),

final as (

    select dated.*
    from dated
    inner join run on dated.event_date > run.as_of_date

)

select * from final
