-- Which events take credit of a basis back (rule D3). What is left of a document depends on it, so credit is kept
-- once a profile. `standard` is the rules' own choice, and the one that KPIs count by; the others are those that
-- components ask for, and `none` is there for a component whose credit nothing takes back.

with

bases as (

    select * from {{ ref('event_bases') }}

),

components as (

    select * from {{ ref('int_component_reversal') }}

),

types as (

    select * from {{ ref('stg_plan__reversal_type') }}

),

final as (

    select
        'standard' as reversal_profile,
        basis,
        event_type,
        cast(null as integer) as unpaid_days
    from bases
    where is_reversal and event_type <> 'unpaid'
    union
    select
        components.reversal_profile,
        components.basis,
        coalesce(types.event_type, 'none') as event_type,
        case when types.event_type = 'unpaid' then cast(components.unpaid_days as integer) end as unpaid_days
    from components
    left join types
        on
            components.plan_code = types.plan_code
            and components.plan_version = types.version
            and components.component_code = types.component_code
            and (types.event_type <> 'unpaid' or components.unpaid_days is not null)
    where components.reversal_profile <> 'standard'
    union
    select
        components.index_profile as reversal_profile,
        components.index_basis as basis,
        bases.event_type,
        case when bases.event_type = 'unpaid' then cast(components.unpaid_days as integer) end as unpaid_days
    from components
    inner join bases on components.index_basis = bases.basis and bases.is_reversal
    where components.index_profile <> 'standard' and components.index_basis <> components.basis

)

select * from final
