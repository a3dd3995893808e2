with

source as (

    select * from {{ source('control', 'quarantine_row') }}

),

final as (

    select
        cast(delivery_id as varchar) as delivery_id,
        cast(source_system as varchar) as source_system,
        cast(feed as varchar) as feed,
        cast(file_name as varchar) as file_name,
        cast(row_number as bigint) as row_number,
        cast(column_name as varchar) as column_name,
        cast(value as varchar) as value,
        cast(reason as varchar) as reason,
        cast(remedy as varchar) as remedy,
        cast(raw_row as varchar) as raw_row,
        cast(state as varchar) as state
    from source

)

select * from final
