-- The parameters of the run, one row.

with

final as (

    select * from {{ ref('stg_control__run') }}

)

select * from final
