-- Leans on: int_credit_line. What nobody owns is credited to the house account (rule C5): a salesperson who is
-- not matched earns nothing, and would only find out on payday.

{{ config(meta={
    'severity': 'warning',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'revenue was credited to the house account because its owner is unknown, ambiguous or blank',
    'remedy': 'give HR\'s register the CRM user id or e-mail of the person, or correct the owner in the CRM',
}) }}

with

credit_lines as (

    select * from {{ ref('int_credit_line') }}
    where reversal_profile = 'standard'

),

final as (

    select
        source_system,
        document_id,
        basis,
        event_id,
        owner_reference,
        owner_match,
        split_amount,
        document_currency_code as currency_code,
        delivery_id,
        file_name,
        row_number
    from credit_lines
    where employee_id = 'HOUSE' and owner_match in ('unknown', 'ambiguous', 'blank') and not is_reversal

)

select * from final
