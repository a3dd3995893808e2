-- Documents that a plan's own conditions hold (rule D5): worth more than a bound, collected less than a share of it
-- by the as-of day, or discounted by more. The first condition of the plan that is met gives the reason.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

rules as (

    select * from {{ ref('stg_plan__hold_rule') }}

),

versions as (

    select * from {{ ref('stg_plan__plan_version') }}

),

documents as (

    select * from {{ ref('int_document') }}

),

movements as (

    select * from {{ ref('int_money_movement') }}

),

conversions as (

    select * from {{ ref('int_fx_conversion') }}

),

collected as (

    select
        movements.source_system,
        movements.document_id,
        movements.currency_code,
        sum(movements.movement_amount) as collected_amount
    from movements
    inner join run on movements.event_date <= run.as_of_date
    where movements.event_type in ('receipt', 'refund')
    group by movements.source_system, movements.document_id, movements.currency_code

),

judged as (

    select
        rules.plan_code,
        rules.version as plan_version,
        documents.source_system,
        documents.document_id,
        rules.hold_code,
        rules.condition,
        rules.bound,
        case
            when rules.condition = 'discount_above' then documents.discount_ratio > rules.bound
            when rules.condition = 'collected_share_below'
                then coalesce(collected.collected_amount, 0) < rules.bound * documents.document_amount
            when documents.currency_code = versions.currency_code then documents.document_amount > rules.bound
            when conversions.denominator > 0
                then {{ from_units(
                    divide_half_away(
                        to_units('documents.document_amount', 2) ~ ' * ' ~ to_units('conversions.numerator', 12),
                        to_units('conversions.denominator', 12)
                    ), 2
                ) }} > rules.bound
        end as is_met
    from rules
    inner join versions
        on rules.plan_code = versions.plan_code and rules.version = versions.version
    cross join documents
    left join collected
        on
            documents.source_system = collected.source_system
            and documents.document_id = collected.document_id
            and documents.currency_code = collected.currency_code
    left join conversions
        on
            documents.document_date = conversions.event_date
            and documents.currency_code = conversions.from_currency
            and versions.currency_code = conversions.to_currency

),

first_met as (

    select
        *,
        row_number() over (
            partition by plan_code, plan_version, source_system, document_id order by hold_code
        ) as place
    from judged
    where is_met

),

final as (

    select
        plan_code,
        plan_version,
        source_system,
        document_id,
        hold_code,
        hold_code || ': ' || condition || ' ' || cast(bound as varchar) || ' (D5)' as hold_reason
    from first_met
    where place = 1

)

select * from final
