-- Leans on: int_earning_line, int_window_band. What the lines of a window add up to is computed here once more, from
-- the total of each window alone: marginal lines to round(F(total)) (rule T3), retroactive ones to total x the rate of
-- the index's band, within half a unit a line (rule T4). Windows with pay factors or a curve have no such total.

{{ config(meta={
    'severity': 'critical',
    'scope': 'table',
    'owner': 'sales-operations',
    'reason': 'the lines of a window don\'t add up to what its total earns',
    'remedy': 'look at int_credit_window for these windows: the order of lines and the running total',
}) }}

with

lines as (

    select * from {{ ref('int_earning_line') }}
    where band_method <> 'interpolated'

),

bands as (

    select * from {{ ref('int_window_band') }}

),

windows as (

    select
        payee_id,
        plan_code,
        plan_version,
        component_code,
        window_code,
        band_method,
        max(minor_unit_digits) as minor_unit_digits,
        count(*) as line_count,
        coalesce(sum(counted_amount), 0) as total_amount,
        sum(earned_amount) as earned_amount
    from lines
    group by payee_id, plan_code, plan_version, component_code, window_code, band_method
    having sum(case when has_factors then 1 else 0 end) = 0

),

priced as (

    select
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.band_method,
        windows.minor_unit_digits,
        windows.line_count,
        windows.total_amount,
        windows.earned_amount,
        sum(
            case
                when windows.band_method = 'retroactive'
                    then case when bands.is_reached then cast(windows.total_amount as decimal(20, 6)) else 0 end * bands.rate
                when windows.total_amount >= bands.lower_amount or bands.band_no = 1
                    then
                        cast(
                            least(windows.total_amount, coalesce(bands.upper_amount, windows.total_amount))
                            - case when bands.band_no = 1 then 0 else bands.lower_amount end
                            as decimal(20, 6)
                        ) * bands.rate
                else 0
            end
        ) as pay
    from windows
    inner join bands
        on
            windows.payee_id = bands.payee_id
            and windows.plan_code = bands.plan_code
            and windows.plan_version = bands.plan_version
            and windows.component_code = bands.component_code
            and windows.window_code = bands.window_code
    group by
        windows.payee_id,
        windows.plan_code,
        windows.plan_version,
        windows.component_code,
        windows.window_code,
        windows.band_method,
        windows.minor_unit_digits,
        windows.line_count,
        windows.total_amount,
        windows.earned_amount

),

final as (

    select *
    from priced
    where
        case
            when band_method = 'retroactive'
                then
                    abs(earned_amount - pay)
                    > line_count
                    * case when minor_unit_digits = 0 then cast(0.5 as decimal(4, 3)) else cast(0.005 as decimal(4, 3)) end
            else earned_amount <> {{ round_to_minor_unit('pay', 'minor_unit_digits') }}
        end

)

select * from final
