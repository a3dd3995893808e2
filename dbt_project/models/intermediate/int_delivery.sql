-- What the control database tells of this run, as the audit tables show it.

with

delivery as (

    select * from {{ ref('stg_control__delivery') }}

),

final as (

    select
        delivery_id,
        sequence,
        source_system,
        source,
        feed,
        file_name,
        content_sha256,
        file_format,
        encoding,
        layout,
        mapping_name,
        status,
        received_at,
        extracted_at,
        horizon_date,
        rows_in_file,
        rows_loaded,
        rows_quarantined,
        rows_declared_totals,
        rows_not_for_feed,
        extra_columns,
        reason,
        delivery_mode,
        records_vanished,
        vanish_state
    from delivery

)

select * from final
