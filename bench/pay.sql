-- What `make bench` measures the engine's models against: one script, written by hand for the benchmark's plan, that does
-- the same arithmetic on the same credit lines. It knows what the models have to find out: one component with four
-- marginal bands of attainment, no factors, thresholds, caps, draws or holds. `home` is the benchmark's warehouse.

-- The bands of each payee's quarter side by side: bounds in money, rates, and what a quarter comes to up to each bound.
create table quarter as
with

bands as (

    select
        plan_code,
        version,
        component_code,
        max(lower_bound) filter (band_no = 2) as bound_2,
        max(lower_bound) filter (band_no = 3) as bound_3,
        max(lower_bound) filter (band_no = 4) as bound_4,
        max(rate) filter (band_no = 1) as rate_1,
        max(rate) filter (band_no = 2) as rate_2,
        max(rate) filter (band_no = 3) as rate_3,
        max(rate) filter (band_no = 4) as rate_4
    from home.plan.band
    group by all

)

select
    quotas.employee_id as payee_id,
    quotas.plan_code,
    quotas.plan_version,
    quotas.component_code,
    quotas.window_code,
    quotas.effective_quota,
    cast(round(quotas.effective_quota * bands.bound_2, 6) as decimal(18, 6)) as amount_2,
    cast(round(quotas.effective_quota * bands.bound_3, 6) as decimal(18, 6)) as amount_3,
    cast(round(quotas.effective_quota * bands.bound_4, 6) as decimal(18, 6)) as amount_4,
    cast(bands.rate_1 as decimal(9, 6)) as rate_1,
    cast(bands.rate_2 as decimal(9, 6)) as rate_2,
    cast(bands.rate_3 as decimal(9, 6)) as rate_3,
    cast(bands.rate_4 as decimal(9, 6)) as rate_4
from home.intermediate.int_window_quota as quotas
inner join bands
    on
        quotas.plan_code = bands.plan_code
        and quotas.plan_version = bands.version
        and quotas.component_code = bands.component_code;

-- T3: the running credit in the order of M4, the part of it in each band, and the line's pay.
create table earning_line as
with

credited as (

    select
        lines.*,
        assignments.plan_code,
        assignments.plan_version,
        year(lines.event_date) || '-Q' || quarter(lines.event_date) as window_code
    from home.intermediate.int_credit_line as lines
    inner join home.intermediate.int_plan_assignment as assignments
        on
            lines.employee_id = assignments.employee_id
            and lines.event_date between assignments.assignment_start and assignments.assignment_end
    where lines.basis = 'booked' and lines.credit_role = 'revenue' and lines.reversal_profile = 'standard'

),

accumulated as (

    select
        employee_id,
        plan_code,
        plan_version,
        window_code,
        period,
        event_date,
        known_at,
        credit_line_id,
        credit_role,
        source_system,
        document_id,
        event_id,
        split_no,
        currency_code,
        is_reversal,
        is_held,
        hold_reason,
        credited_amount,
        cast(sum(credited_amount) over (
            partition by employee_id, plan_code, plan_version, window_code
            order by
                event_date, source_system, document_id, is_reversal, event_id, line_no, split_no, event_type, credit_line_id
            rows between unbounded preceding and current row
        ) as decimal(18, 6)) as after_line
    from credited

),

totals as (

    select
        lines.employee_id,
        assignments.plan_code,
        assignments.plan_version,
        year(lines.event_date) || '-Q' || quarter(lines.event_date) as window_code,
        cast(sum(lines.credited_amount) as decimal(18, 6)) as index_value
    from home.intermediate.int_credit_line as lines
    inner join home.intermediate.int_plan_assignment as assignments
        on
            lines.employee_id = assignments.employee_id
            and lines.event_date between assignments.assignment_start and assignments.assignment_end
    where lines.basis = 'booked' and lines.credit_role = 'revenue' and lines.reversal_profile = 'standard'
    group by all

),

parts as (

    select
        lines.*,
        lines.after_line - lines.credited_amount as before_line,
        totals.index_value,
        quarter.* exclude (payee_id, plan_code, plan_version, window_code),
        least(before_line, amount_2) as before_1,
        greatest(least(before_line, amount_3) - amount_2, 0) as before_2,
        greatest(least(before_line, amount_4) - amount_3, 0) as before_3,
        greatest(before_line - amount_4, 0) as before_4,
        least(after_line, amount_2) as after_1,
        greatest(least(after_line, amount_3) - amount_2, 0) as after_2,
        greatest(least(after_line, amount_4) - amount_3, 0) as after_3,
        greatest(after_line - amount_4, 0) as after_4
    from accumulated as lines
    inner join quarter
        on
            lines.employee_id = quarter.payee_id
            and lines.plan_code = quarter.plan_code
            and lines.plan_version = quarter.plan_version
            and lines.window_code = quarter.window_code
    inner join totals
        on
            lines.employee_id = totals.employee_id
            and lines.plan_code = totals.plan_code
            and lines.plan_version = totals.plan_version
            and lines.window_code = totals.window_code

),

priced as (

    select
        *,
        before_1 * rate_1 + before_2 * rate_2 + before_3 * rate_3 + before_4 * rate_4 as pay_before,
        after_1 * rate_1 + after_2 * rate_2 + after_3 * rate_3 + after_4 * rate_4 as pay_after
    from parts

)

select
    plan_code || '|' || plan_version || '|' || component_code || '|' || employee_id || '|' || credit_line_id
        as earning_line_id,
    employee_id as payee_id,
    plan_code,
    plan_version,
    component_code,
    'earning' as line_type,
    period as origin_period,
    window_code,
    event_date,
    known_at,
    credit_line_id,
    credit_role,
    source_system,
    document_id,
    event_id,
    split_no,
    currency_code,
    'amount' as measure,
    credited_amount,
    credited_amount as counted_amount,
    cast(before_line as decimal(18, 6)) as cumulative_before,
    after_line as cumulative_after,
    effective_quota,
    index_value,
    '[' || concat_ws(
        ', ',
        case
            when after_1 <> before_1
                then
                    '{"band": 1, "from": "0.000000", "to": "' || amount_2 || '", "rate": "' || rate_1
                    || '", "amount": "' || (after_1 - before_1) || '"}'
        end,
        case
            when after_2 <> before_2
                then
                    '{"band": 2, "from": "' || amount_2 || '", "to": "' || amount_3 || '", "rate": "' || rate_2
                    || '", "amount": "' || (after_2 - before_2) || '"}'
        end,
        case
            when after_3 <> before_3
                then
                    '{"band": 3, "from": "' || amount_3 || '", "to": "' || amount_4 || '", "rate": "' || rate_3
                    || '", "amount": "' || (after_3 - before_3) || '"}'
        end,
        case
            when after_4 <> before_4
                then
                    '{"band": 4, "from": "' || amount_4 || '", "to": null, "rate": "' || rate_4
                    || '", "amount": "' || (after_4 - before_4) || '"}'
        end
    ) || ']' as band_parts,
    -- Half away from zero and without DOUBLE: whole numbers of 10^-12 by whole numbers of 10^-6.
    case
        when credited_amount <> 0
            then cast(
                cast(
                    sign(pay_after - pay_before) * sign(credited_amount) * (
                        (
                            2 * cast(abs(pay_after - pay_before) * 1000000000000 as hugeint)
                            + cast(abs(credited_amount) * 1000000 as hugeint)
                        ) // (2 * cast(abs(credited_amount) * 1000000 as hugeint))
                    ) as decimal(18, 0)
                ) * 0.000001 as decimal(18, 6)
            )
    end as effective_rate,
    cast(1 as decimal(18, 6)) as factor,
    cast(null as decimal(18, 12)) as credit_factor,
    cast(null as decimal(18, 12)) as pay_factor,
    cast(null as varchar) as factor_parts,
    cast(round(pay_after, 2) - round(pay_before, 2) as decimal(18, 2)) as earned_amount,
    is_held,
    hold_reason,
    case when is_reversal then rule_codes || ' D3' else rule_codes end as rule_codes
from priced
inner join (select component_code, rule_codes from home.plan.component) using (component_code);

-- D3: what a month is below zero is paid back by the months after it.
create table payout as
with

months as (

    select
        months.employee_id as payee_id,
        months.plan_code,
        months.currency_code,
        months.month as period,
        coalesce(sum(lines.earned_amount), 0) as earned_amount
    from home.intermediate.int_plan_month as months
    left join earning_line as lines
        on
            months.employee_id = lines.payee_id
            and months.plan_code = lines.plan_code
            and months.month = lines.origin_period
    group by all

),

running as (

    select
        *,
        sum(-earned_amount) over (partition by payee_id order by period) as sum_after
    from months

),

balances as (

    select
        *,
        sum_after - least(0, min(sum_after) over (partition by payee_id order by period)) as closing_clawback_balance
    from running

)

select
    payee_id,
    plan_code,
    period,
    currency_code,
    cast(earned_amount as decimal(18, 2)) as earned_amount,
    cast(coalesce(lag(closing_clawback_balance) over (partition by payee_id order by period), 0) as decimal(18, 2))
        as opening_clawback_balance,
    cast(closing_clawback_balance as decimal(18, 2)) as closing_clawback_balance,
    cast(greatest(
        earned_amount - coalesce(lag(closing_clawback_balance) over (partition by payee_id order by period), 0), 0
    ) as decimal(18, 2)) as payable_amount
from balances;
