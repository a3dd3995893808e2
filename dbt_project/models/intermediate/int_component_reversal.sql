-- By which reversal profile each component counts its credit (rule D3): `standard` when what takes its credit back is
-- the rules' own choice for its basis, else the events by name, in order. An unpaid invoice takes nothing back where
-- the component names no number of days. What picks the band on another basis is counted by the rules' own choice for
-- that one, unpaid invoices of the component's number of days included.

with

components as (

    select * from {{ ref('stg_plan__component') }}

),

types as (

    select * from {{ ref('stg_plan__reversal_type') }}

),

bases as (

    select * from {{ ref('event_bases') }}
    where is_reversal and event_type <> 'unpaid'

),

own_choice as (

    select
        basis,
        string_agg(event_type, '+' order by event_type) as event_types
    from bases
    group by basis

),

with_unpaid as (

    select
        components.plan_code,
        components.version,
        components.component_code,
        string_agg(
            all_bases.event_type
            || case when all_bases.event_type = 'unpaid' then cast(components.unpaid_days as varchar) else '' end,
            '+' order by all_bases.event_type
        ) as event_types
    from components
    inner join {{ ref('event_bases') }} as all_bases
        on components.index_basis = all_bases.basis and all_bases.is_reversal
    where components.unpaid_days is not null
    group by components.plan_code, components.version, components.component_code
    having sum(case when all_bases.event_type = 'unpaid' then 1 else 0 end) > 0

),

listed as (

    select
        components.plan_code,
        components.version,
        components.component_code,
        string_agg(
            types.event_type
            || case when types.event_type = 'unpaid' then cast(components.unpaid_days as varchar) else '' end,
            '+' order by types.event_type
        ) as event_types
    from components
    inner join types
        on
            components.plan_code = types.plan_code
            and components.version = types.version
            and components.component_code = types.component_code
    where types.event_type <> 'unpaid' or components.unpaid_days is not null
    group by components.plan_code, components.version, components.component_code

),

final as (

    select
        components.plan_code,
        components.version as plan_version,
        components.component_code,
        components.basis,
        case
            when listed.event_types = own_choice.event_types then 'standard'
            else coalesce(listed.event_types, 'none')
        end as reversal_profile,
        components.index_basis,
        case
            when components.index_basis <> components.basis then coalesce(with_unpaid.event_types, 'standard')
            when listed.event_types = own_choice.event_types then 'standard'
            else coalesce(listed.event_types, 'none')
        end as index_profile,
        components.unpaid_days
    from components
    left join listed
        on
            components.plan_code = listed.plan_code
            and components.version = listed.version
            and components.component_code = listed.component_code
    left join with_unpaid
        on
            components.plan_code = with_unpaid.plan_code
            and components.version = with_unpaid.version
            and components.component_code = with_unpaid.component_code
    left join own_choice on components.basis = own_choice.basis

)

select * from final
