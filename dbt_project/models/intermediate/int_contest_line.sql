-- The prizes of finished contests (rule K6): everybody whom the version pays on the last day is ranked by what they are
-- credited in its days. A tie shares the prizes of all places that it fills by largest remainder, the lowest employee id
-- first (rule M3). A contest never feeds attainment.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

contests as (

    select contests.*
    from {{ ref('stg_plan__contest') }} as contests
    inner join run on contests.ends_on <= run.as_of_date

),

prizes as (

    select * from {{ ref('stg_plan__contest_prize') }}

),

filters as (

    select * from {{ ref('stg_plan__component_filter') }}

),

assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

credit_lines as (

    select * from {{ ref('int_credit_line') }}
    where credit_role = 'revenue' and reversal_profile = 'standard' and employee_id <> 'HOUSE'

),

currencies as (

    select * from {{ ref('currencies') }}

),

entrants as (

    select distinct
        contests.plan_code,
        contests.version,
        contests.contest_code,
        contests.basis,
        contests.measure,
        contests.starts_on,
        contests.ends_on,
        contests.minimum_amount,
        assignments.employee_id,
        assignments.currency_code
    from contests
    inner join assignments
        on
            contests.plan_code = assignments.plan_code
            and contests.version = assignments.plan_version
            and contests.ends_on between assignments.active_start and assignments.active_end

),

filtered_attributes as (

    {{ filtered_attributes('filters') }}

),

credited as (

    select
        entrants.plan_code,
        entrants.version,
        entrants.contest_code,
        entrants.employee_id,
        sum(
            case
                when entrants.measure in ('amount', 'margin') and credit_lines.currency_code <> entrants.currency_code then 0
                when entrants.measure = 'amount' then credit_lines.credited_amount
                when entrants.measure = 'margin' then credit_lines.credited_margin
                when entrants.measure = 'units' then credit_lines.credited_units
                else credit_lines.credited_count
            end
        ) as measured_amount
    from entrants
    inner join credit_lines
        on
            entrants.employee_id = credit_lines.employee_id
            and entrants.basis = credit_lines.basis
            and credit_lines.event_date between entrants.starts_on and entrants.ends_on
    {{ filter_joins('filters', 'entrants.plan_code', 'entrants.version', 'entrants.contest_code', 'credit_lines.') }}
    where {{ filters_met() }}
    group by entrants.plan_code, entrants.version, entrants.contest_code, entrants.employee_id

),

measured as (

    select
        entrants.*,
        cast(coalesce(credited.measured_amount, 0) as decimal(18, 6)) as measured_amount
    from entrants
    left join credited
        on
            entrants.plan_code = credited.plan_code
            and entrants.version = credited.version
            and entrants.contest_code = credited.contest_code
            and entrants.employee_id = credited.employee_id
    where coalesce(credited.measured_amount, 0) >= coalesce(entrants.minimum_amount, 0)

),

ranked as (

    select
        *,
        rank() over (partition by plan_code, version, contest_code order by measured_amount desc) as first_place,
        count(*) over (partition by plan_code, version, contest_code, measured_amount) as tied,
        row_number() over (
            partition by plan_code, version, contest_code, measured_amount
            order by employee_id
        ) as place_in_tie
    from measured

),

-- The prizes of the places from the first to the last that a tie fills, in minor units.
shared as (

    select
        ranked.plan_code,
        ranked.version,
        ranked.contest_code,
        ranked.employee_id,
        ranked.currency_code,
        ranked.basis,
        ranked.ends_on,
        ranked.measured_amount,
        ranked.first_place,
        ranked.tied,
        ranked.place_in_tie,
        case when coalesce(max(currencies.minor_unit_digits), 2) = 0 then 100 else 1 end as hundredths_of_unit,
        {{ to_units('sum(prizes.amount)', 2) }} as prize_hundredths
    from ranked
    inner join prizes
        on
            ranked.plan_code = prizes.plan_code
            and ranked.version = prizes.version
            and ranked.contest_code = prizes.contest_code
            and prizes.rank between ranked.first_place and ranked.first_place + ranked.tied - 1
    left join currencies on ranked.currency_code = currencies.currency_code
    group by
        ranked.plan_code,
        ranked.version,
        ranked.contest_code,
        ranked.employee_id,
        ranked.currency_code,
        ranked.basis,
        ranked.ends_on,
        ranked.measured_amount,
        ranked.first_place,
        ranked.tied,
        ranked.place_in_tie

),

final as (

    select
        plan_code || '|' || version || '|' || contest_code || '|' || employee_id || '|contest' as earning_line_id,
        employee_id as payee_id,
        plan_code,
        version as plan_version,
        contest_code as component_code,
        {{ month_code('ends_on') }} as origin_period,
        ends_on as event_date,
        currency_code,
        measured_amount,
        first_place,
        tied,
        place_in_tie,
        cast({{ from_units(
            "(prize_hundredths // hundredths_of_unit // tied"
            ~ " + case when place_in_tie <= (prize_hundredths // hundredths_of_unit) % tied then 1 else 0 end)"
            ~ " * hundredths_of_unit", 2
        ) }} as decimal(18, 2)) as earned_amount
    from shared

)

select * from final
