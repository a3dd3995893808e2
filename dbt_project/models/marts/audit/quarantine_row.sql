with

computed as (

    select * from {{ ref('int_quarantine_row') }}

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
    from computed

)

select * from final
