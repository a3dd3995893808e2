-- How much of each line's credit lies in which band (rule T3, marginal bands): the part of the running total
-- that is inside the band after the line, less the part before it. Below zero the first band goes on.

with

lines as (

    select * from {{ ref('int_credit_window') }}

),

bands as (

    select * from {{ ref('int_window_band') }}

),

parts as (

    select
        lines.earning_line_id,
        bands.band_no,
        bands.lower_amount,
        bands.upper_amount,
        bands.rate,
        case
            when bands.band_no = 1 then least(lines.cumulative_before, coalesce(bands.upper_amount, lines.cumulative_before))
            else greatest(
                least(lines.cumulative_before, coalesce(bands.upper_amount, lines.cumulative_before)) - bands.lower_amount, 0
            )
        end as part_before,
        case
            when bands.band_no = 1 then least(lines.cumulative_after, coalesce(bands.upper_amount, lines.cumulative_after))
            else greatest(
                least(lines.cumulative_after, coalesce(bands.upper_amount, lines.cumulative_after)) - bands.lower_amount, 0
            )
        end as part_after
    from lines
    inner join bands
        on
            lines.payee_id = bands.payee_id
            and lines.plan_code = bands.plan_code
            and lines.plan_version = bands.plan_version
            and lines.component_code = bands.component_code
            and lines.window_code = bands.window_code

),

final as (

    select
        earning_line_id,
        band_no,
        lower_amount,
        upper_amount,
        rate,
        cast(part_before as decimal(24, 6)) as part_before,
        cast(part_after as decimal(24, 6)) as part_after,
        cast(part_after - part_before as decimal(24, 6)) as slice_amount
    from parts

)

select * from final
