-- What the control database tells of this run, as the audit tables show it.

with

quarantine_row as (

    select * from {{ ref('stg_control__quarantine_row') }}

),

final as (

    select
        delivery_id,
        source_system,
        feed,
        file_name,
        row_number,
        column_name,
        value,
        reason,
        remedy,
        raw_row,
        state
    from quarantine_row

)

select * from final
