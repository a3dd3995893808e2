-- Which events take credit of a basis back (rule D3). What is left of a document depends on it, so credit is kept
-- once a profile. `standard` is the rules' own choice, and the one that KPIs count by.

with

bases as (

    select * from {{ ref('event_bases') }}

),

final as (

    select
        'standard' as reversal_profile,
        basis,
        event_type,
        cast(null as integer) as unpaid_days
    from bases
    where is_reversal and event_type <> 'unpaid'

)

select * from final
