-- Leans on: int_credit_line. A line without a rate of the day is held (rule C3), never converted at 1.

{{ config(meta={
    'severity': 'warning',
    'scope': 'rows',
    'owner': 'finance',
    'reason': 'credit is held because there is no exchange rate, or only an old one',
    'remedy': 'deliver the missing rates to finance/fx_rates',
}) }}

with

credit_lines as (

    select * from {{ ref('int_credit_line') }}
    where reversal_profile = 'standard'

),

final as (

    select
        employee_id as payee_id,
        document_id,
        event_id,
        split_amount as exposure_amount,
        document_currency_code as currency_code,
        hold_reason,
        delivery_id,
        file_name,
        row_number
    from credit_lines
    where credited_amount is null

)

select * from final
