with

source as (

    select * from {{ source('control', 'delivery') }}

),

final as (

    select
        cast(delivery_id as varchar) as delivery_id,
        cast(sequence as bigint) as sequence,
        cast(source_system as varchar) as source_system,
        cast(source as varchar) as source,
        cast(feed as varchar) as feed,
        cast(file_name as varchar) as file_name,
        cast(content_sha256 as varchar) as content_sha256,
        cast(file_format as varchar) as file_format,
        cast(encoding as varchar) as encoding,
        cast(layout as varchar) as layout,
        cast(mapping_name as varchar) as mapping_name,
        cast(status as varchar) as status,
        cast(received_at as timestamp) as received_at,
        cast(extracted_at as timestamp) as extracted_at,
        cast(horizon_date as date) as horizon_date,
        cast(rows_in_file as bigint) as rows_in_file,
        cast(rows_loaded as bigint) as rows_loaded,
        cast(rows_quarantined as bigint) as rows_quarantined,
        cast(rows_declared_totals as bigint) as rows_declared_totals,
        cast(rows_not_for_feed as bigint) as rows_not_for_feed,
        cast(extra_columns as varchar) as extra_columns,
        cast(reason as varchar) as reason,
        cast(delivery_mode as varchar) as delivery_mode,
        cast(records_vanished as bigint) as records_vanished,
        cast(vanish_state as varchar) as vanish_state
    from source

)

select * from final
