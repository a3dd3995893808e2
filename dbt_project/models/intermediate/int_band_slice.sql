-- How much of each line's credit is priced at which rate. `marginal` (rule T3): the part of the running total that is
-- inside the band after the line, less the part before it; below zero the first band goes on. `retroactive` (rule T4):
-- the whole line in the band that the window's index reached. `under_before` and `under_after` are the same parts up to
-- the threshold of the window (rule T8).

with

lines as (

    select * from {{ ref('int_credit_window') }}
    where band_method <> 'interpolated' and not is_at_original_rate

),

windows as (

    select * from {{ ref('int_window_index') }}

),

bands as (

    select * from {{ ref('int_window_band') }}

),

banded as (

    select
        lines.earning_line_id,
        lines.band_method,
        lines.cumulative_before,
        lines.cumulative_after,
        least(lines.cumulative_before, coalesce(windows.threshold_amount, lines.cumulative_before)) as under_cumulative_before,
        least(lines.cumulative_after, coalesce(windows.threshold_amount, lines.cumulative_after)) as under_cumulative_after,
        bands.band_no,
        bands.lower_amount,
        bands.upper_amount,
        bands.rate
    from lines
    inner join windows
        on
            lines.payee_id = windows.payee_id
            and lines.plan_code = windows.plan_code
            and lines.plan_version = windows.plan_version
            and lines.component_code = windows.component_code
            and lines.window_code = windows.window_code
    inner join bands
        on
            lines.payee_id = bands.payee_id
            and lines.plan_code = bands.plan_code
            and lines.plan_version = bands.plan_version
            and lines.component_code = bands.component_code
            and lines.window_code = bands.window_code
    where lines.band_method = 'marginal' or bands.is_reached

),

parts as (

    select
        earning_line_id,
        band_no,
        lower_amount,
        upper_amount,
        rate,
        {{ part_in_band('cumulative_before') }} as part_before,
        {{ part_in_band('cumulative_after') }} as part_after,
        {{ part_in_band('under_cumulative_before') }} as under_before,
        {{ part_in_band('under_cumulative_after') }} as under_after,
        band_method
    from banded

),

final as (

    select
        earning_line_id,
        band_no,
        lower_amount,
        upper_amount,
        rate,
        cast(case when band_method = 'retroactive' then 0 else part_before end as decimal(20, 6)) as part_before,
        cast(case when band_method = 'retroactive' then part_after - part_before else part_after end as decimal(20, 6))
            as part_after,
        cast(under_before as decimal(20, 6)) as under_before,
        cast(under_after as decimal(20, 6)) as under_after,
        cast(part_after - part_before as decimal(24, 6)) as slice_amount
    from parts

)

select * from final
