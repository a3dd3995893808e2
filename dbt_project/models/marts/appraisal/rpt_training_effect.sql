with

computed as (

    select * from {{ ref('int_training_effect') }}

),

final as (

    select
        training_effect_id,
        course_code,
        course_name,
        skill,
        role,
        quarter,
        before_quarter,
        after_quarter,
        people_trained,
        attendees,
        attendee_before_total,
        attendee_after_total,
        attendee_change_total,
        attendee_change,
        others,
        other_before_total,
        other_after_total,
        other_change_total,
        other_change,
        effect,
        standard_error,
        effect_low,
        effect_high,
        effect_reason,
        verdict
    from computed

)

select * from final
