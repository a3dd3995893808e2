-- Managers' ratings of objectives by person and period, for MBO lines of scorecards (rule K1). HR names people by their
-- work number, of HR's own register first.

with

ratings as (

    select * from {{ ref('stg_hr__ratings') }}
    where rating is not null

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

matched as (

    select
        coalesce(own.employee_id, other.employee_id) as employee_id,
        ratings.period,
        ratings.objective_code,
        ratings.rating,
        ratings.rated_by,
        ratings.rated_date,
        row_number() over (
            partition by coalesce(own.employee_id, other.employee_id), ratings.period, ratings.objective_code
            order by case when own.employee_id is not null then 0 else 1 end, ratings.source_system
        ) as claim_no
    from ratings
    left join employees as own
        on ratings.source_system = own.source_system and ratings.employee_id = own.work_number
    left join employees as other on ratings.employee_id = other.employee_id

),

final as (

    select
        employee_id,
        period,
        objective_code,
        rating,
        rated_by,
        rated_date
    from matched
    where employee_id is not null and claim_no = 1

)

select * from final
