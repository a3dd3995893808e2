-- Leans on: int_money_movement. Without it a refund written as a positive number would be credited as if the
-- customer had paid once more, and somebody would be paid commission on money that went out.

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'finance',
    'reason': 'a refund with a positive amount would be paid as if it were a receipt',
    'remedy': 'ask finance for a corrected export in which refunds are negative, drop it into inbox/ and run again',
}) }}

with

movements as (

    select * from {{ ref('int_money_movement') }}

),

splits as (

    select * from {{ ref('int_document_split') }}
    where credit_role = 'revenue'

),

final as (

    select
        movements.delivery_id,
        movements.file_name,
        movements.row_number,
        movements.event_id,
        movements.document_id,
        coalesce(splits.employee_id, 'HOUSE') as payee_id,
        movements.event_date,
        movements.movement_amount,
        movements.currency_code
    from movements
    left join splits
        on movements.source_system = splits.source_system and movements.document_id = splits.document_id
    where movements.event_type = 'refund' and movements.movement_amount > 0

)

select * from final
