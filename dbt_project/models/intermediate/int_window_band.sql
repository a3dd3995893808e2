-- The bands of each window in money (rules T1, T2, Q4). Bounds of attainment become money by multiplying with
-- the unrounded quota, at scale 6; without a quota every line is paid at the first band's rate. `is_reached` marks the
-- band that the whole index lies in; below 0 that is the first. `pay_below` is what a total of the band's lower bound
-- earns (rule T3), so that one band tells the pay of every total inside it.

with

windows as (

    select * from {{ ref('int_window_index') }}

),

bands as (

    select * from {{ ref('stg_plan__band') }}

),

bounded as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.index_value,
        bands.band_no,
        case
            when windows.index_measure = 'attainment' and bands.band_no > 1
                then {{ quota_bound('bands.lower_bound', 'windows.quota_units') }}
            else bands.lower_bound
        end as lower_amount,
        case
            when windows.index_measure = 'amount' then bands.upper_bound
            when windows.effective_quota > 0 and bands.upper_bound is not null
                then {{ quota_bound('bands.upper_bound', 'windows.quota_units') }}
        end as upper_amount,
        bands.rate
    from windows
    inner join bands
        on
            windows.plan_code = bands.plan_code
            and windows.plan_version = bands.version
            and windows.component_code = bands.component_code
    where windows.index_measure = 'amount' or windows.effective_quota > 0 or bands.band_no = 1

),

final as (

    select
        bounded.payee_id,
        bounded.plan_code,
        bounded.plan_version,
        bounded.component_code,
        bounded.window_code,
        bounded.band_no,
        bounded.lower_amount,
        bounded.upper_amount,
        bounded.rate,
        {{ is_in_band('bounded.index_value', 'bounded') }} as is_reached,
        cast(coalesce(sum(cast(bounded.upper_amount - bounded.lower_amount as decimal(20, 6)) * bounded.rate) over (
            partition by bounded.payee_id, bounded.plan_code, bounded.plan_version, bounded.component_code, bounded.window_code
            order by bounded.band_no
            rows between unbounded preceding and 1 preceding
        ), 0) as decimal(38, 12)) as pay_below
    from bounded

)

select * from final
