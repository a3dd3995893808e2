-- Leans on: fct_rating_change, int_rating. The trail is there to explain the ratings that scorecards are scored by: what
-- it calls current must be exactly those.

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'human-resources',
    'reason': 'the trail of ratings ends in others than those that scorecards read',
    'remedy': 'compare int_rating and int_rating_change: the order of revisions, and whose number speaks first',
}) }}

with

told as (

    select * from {{ ref('fct_rating_change') }}
    where is_current

),

ratings as (

    select * from {{ ref('int_rating') }}

),

final as (

    select
        coalesce(told.employee_id, ratings.employee_id) as employee_id,
        coalesce(told.period, ratings.period) as period,
        coalesce(told.objective_code, ratings.objective_code) as objective_code,
        told.rating as told_rating,
        ratings.rating
    from told
    full outer join ratings
        on
            told.employee_id = ratings.employee_id
            and told.period = ratings.period
            and told.objective_code = ratings.objective_code
    where told.rating is null or ratings.rating is null or told.rating <> ratings.rating

)

select * from final
