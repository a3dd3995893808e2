with

computed as (

    select * from {{ ref('int_appraisal_result') }}

),

final as (

    select
        employee_id,
        plan_code,
        scorecard_code,
        period,
        score,
        grade,
        coefficient,
        proration,
        bonus_base_amount,
        bonus_amount,
        currency_code
    from computed

)

select * from final
