with

source as (

    select
        *,
        coalesce(valid_from, cast('1900-01-01' as date)) as first_day
    from {{ source('control', 'identity_person') }}

),

final as (

    select
        cast(source_system as varchar) as source_system,
        {{ person_reference('reference') }} as reference,
        cast(employee_id as varchar) as employee_id,
        cast(first_day as date) as valid_from,
        coalesce(
            {{ add_days(
                'lead(first_day) over (partition by source_system, ' ~ person_reference('reference') ~ ' order by first_day)', -1
            ) }},
            cast('9999-12-31' as date)
        ) as valid_to,
        cast(line_number as bigint) as line_number
    from source

)

select * from final
