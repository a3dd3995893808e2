-- How much of a line's credit is in which band, of the marginal lines that don't begin and end in the same one (rule
-- T3): the part of the running total that is inside the band after the line, less the part before it; below zero the
-- first band goes on. All other lines are whole in one band.

with

lines as (

    select * from {{ ref('int_credit_window') }}
    where band_method = 'marginal' and not is_at_original_rate

),

bands as (

    select * from {{ ref('int_window_band') }}

),

crossing as (

    select
        lines.earning_line_id,
        bands.band_no,
        bands.lower_amount,
        bands.upper_amount,
        bands.rate,
        cast(
            {{ part_in_band('lines.cumulative_after', 'bands') }}
            - {{ part_in_band('lines.cumulative_before', 'bands') }}
            as decimal(24, 6)
        ) as slice_amount
    from lines
    inner join bands
        on
            lines.payee_id = bands.payee_id
            and lines.plan_code = bands.plan_code
            and lines.plan_version = bands.plan_version
            and lines.component_code = bands.component_code
            and lines.window_code = bands.window_code
            and (
                bands.band_no = 1
                or lines.cumulative_before > bands.lower_amount
                or lines.cumulative_after > bands.lower_amount
            )
            and (
                bands.upper_amount is null
                or lines.cumulative_before < bands.upper_amount
                or lines.cumulative_after < bands.upper_amount
            )
            and not (
                {{ is_in_band('lines.cumulative_before', 'bands') }}
                and {{ is_in_band('lines.cumulative_after', 'bands') }}
            )

),

final as (

    select * from crossing
    where slice_amount <> 0

)

select * from final
