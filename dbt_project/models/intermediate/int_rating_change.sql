-- The trail of managers' ratings: every telling of a rating with the one before it, so that it shows how a rating was
-- moved before it was graded, by whom and when the warehouse heard of it. HR names people by their work number, of HR's
-- own register first; where two systems rate the same, only the one that the card reads is current (rule K1).

with

revisions as (

    select * from {{ ref('stg_hr__rating_revisions') }}

),

employees as (

    select * from {{ ref('int_employee') }}
    where not is_house_account

),

matched as (

    select
        revisions.*,
        coalesce(own.employee_id, other.employee_id) as matched_employee_id,
        own.employee_id is not null as is_own_number,
        revisions.is_latest and revisions.rating is not null as is_claim,
        lag(revisions.rating) over (
            partition by
                revisions.source_system, revisions.employee_id, revisions.period, revisions.objective_code
            order by revisions.revision_no
        ) as rating_before
    from revisions
    left join employees as own
        on revisions.source_system = own.source_system and revisions.employee_id = own.work_number
    left join employees as other on revisions.employee_id = other.employee_id

),

claimed as (

    select
        *,
        row_number() over (
            partition by matched_employee_id, period, objective_code, is_claim
            order by case when is_own_number then 0 else 1 end, source_system
        ) as claim_no
    from matched
    where matched_employee_id is not null

),

final as (

    select
        source_system || '|' || employee_id || '|' || period || '|' || objective_code || '|' || cast(revision_no as varchar)
            as rating_change_id,
        matched_employee_id as employee_id,
        source_system,
        period,
        objective_code,
        cast(revision_no as bigint) as revision_no,
        cast(rating as decimal(18, 6)) as rating,
        cast(rating_before as decimal(18, 6)) as rating_before,
        cast(rating - rating_before as decimal(18, 6)) as rating_change,
        rated_by,
        rated_date,
        known_at,
        is_deleted,
        is_claim and claim_no = 1 as is_current,
        delivery_id,
        file_name,
        row_number
    from claimed

)

select * from final
