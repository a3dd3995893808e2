with

computed as (

    select * from {{ ref('int_rating_change') }}

),

final as (

    select
        rating_change_id,
        employee_id,
        source_system,
        period,
        objective_code,
        revision_no,
        rating,
        rating_before,
        rating_change,
        rated_by,
        rated_date,
        known_at,
        is_deleted,
        is_current,
        delivery_id,
        file_name,
        row_number
    from computed

)

select * from final
