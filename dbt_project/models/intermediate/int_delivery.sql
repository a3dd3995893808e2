-- What the control database tells of this run, as the audit tables show it.

with

final as (

    select * from {{ ref('stg_control__delivery') }}

)

select * from final
