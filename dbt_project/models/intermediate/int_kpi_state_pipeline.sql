-- The pipeline by period: what is open at its end, how the open pipeline of its first day covers the booked target, and
-- what became of the deals that were then forecast to close in it. A deal is open on a day when it had been created and
-- not yet been won or lost, an opportunity of 简道云 while its stage is open (its CRM keeps no day of closing), each at
-- the amount that it has now, in the currency of the person's zero rows at the day's rate; without a rate in its own.
-- A forecast is the amount and probability of the deal's last entry of the stage history before the period, when that
-- expected it to close in the period; a deal without such an entry was not forecast. Amounts that are not known count
-- for nothing.

with

run as (

    select * from {{ ref('stg_control__run') }}

),

periods as (

    select * from {{ ref('int_kpi_period') }}

),

documents as (

    select * from {{ ref('int_document') }}
    where document_kind = 'deal'

),

deals as (

    select * from {{ ref('stg_zoho_crm__deals') }}

),

opportunities as (

    select * from {{ ref('stg_jiandaoyun_crm__opportunities') }}

),

stages as (

    select * from {{ ref('stages') }}

),

stage_history as (

    select * from {{ ref('stg_zoho_crm__stage_history') }}

),

splits as (

    select * from {{ ref('int_document_split') }}
    where credit_role = 'revenue'

),

owners as (

    select * from {{ ref('int_owner_match') }}

),

customers as (

    select * from {{ ref('int_customer') }}

),

customer_references as (

    select * from {{ ref('int_customer_reference') }}
    where tax_number_met = ''

),

currencies as (

    select * from {{ ref('int_employee_currency') }}

),

rates as (

    select * from {{ ref('int_fx_rate') }}

),

targets as (

    select * from {{ ref('int_target') }}
    where kpi_code = 'booked_amount' and currency_code is not null

),

pipeline as (

    select
        splits.employee_id,
        cast(deals.created_at as date) as open_from,
        case
            when documents.stage_outcome = 'open' then cast('9999-12-31' as date)
            else {{ add_days('documents.document_date', -1) }}
        end as open_to,
        documents.currency_code,
        cast(deals.amount as decimal(24, 2)) * splits.split_ratio as open_amount,
        documents.segment,
        documents.channel,
        documents.customer_region as region,
        documents.product_family,
        documents.product_name
    from documents
    inner join deals
        on documents.source_system = deals.source_system and documents.document_id = deals.deal_id
    inner join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    where
        (documents.stage_outcome = 'open' or (documents.stage_outcome in ('won', 'lost') and documents.document_date is not null))
        and deals.amount is not null
        and deals.currency_code is not null
        and deals.created_at is not null
    union all
    select
        coalesce(owners.employee_id, 'HOUSE') as employee_id,
        cast(opportunities.created_at as date) as open_from,
        cast('9999-12-31' as date) as open_to,
        opportunities.currency_code,
        opportunities.amount as open_amount,
        customers.industry as segment,
        cast(null as varchar) as channel,
        customers.region,
        cast(null as varchar) as product_family,
        cast(null as varchar) as product_name
    from opportunities
    inner join stages on {{ comparable('opportunities.stage') }} = stages.stage and stages.stage_outcome = 'open'
    left join owners
        on
            opportunities.source_system = owners.source_system
            and coalesce(opportunities.owner_username, '') = owners.owner_id
            and coalesce(opportunities.owner_name, '') = owners.owner_name
            and owners.valid_to = cast('9999-12-31' as date)
    left join customer_references
        on
            opportunities.source_system = customer_references.source_system
            and coalesce(opportunities.customer_no, '') = customer_references.customer_no
            and coalesce(opportunities.customer_name, '') = customer_references.customer_name
    left join customers on customer_references.customer_id = customers.customer_id
    where opportunities.amount is not null and opportunities.created_at is not null

),

days as (

    select state_date as open_date from periods
    union
    select {{ add_days('period_start', -1) }} as open_date from periods

),

open_lines as (

    select
        days.open_date,
        pipeline.employee_id,
        pipeline.currency_code as document_currency_code,
        currencies.currency_code as person_currency_code,
        pipeline.segment,
        pipeline.channel,
        pipeline.region,
        pipeline.product_family,
        pipeline.product_name,
        cast(sum(pipeline.open_amount) as decimal(24, 6)) as open_amount
    from days
    inner join pipeline on days.open_date between pipeline.open_from and pipeline.open_to
    inner join currencies on pipeline.employee_id = currencies.employee_id
    group by
        days.open_date,
        pipeline.employee_id,
        pipeline.currency_code,
        currencies.currency_code,
        pipeline.segment,
        pipeline.channel,
        pipeline.region,
        pipeline.product_family,
        pipeline.product_name

),

needed as (

    select distinct
        open_date,
        document_currency_code,
        person_currency_code
    from open_lines
    where document_currency_code <> person_currency_code

),

conversions as (

    select
        needed.open_date,
        needed.document_currency_code,
        needed.person_currency_code,
        rates.numerator,
        rates.denominator,
        row_number() over (
            partition by needed.open_date, needed.document_currency_code, needed.person_currency_code
            order by rates.method_rank asc, rates.rate_date desc
        ) as place
    from needed
    cross join run
    inner join rates
        on
            needed.document_currency_code = rates.from_currency
            and needed.person_currency_code = rates.to_currency
            and needed.open_date >= rates.rate_date
            and needed.open_date <= rates.rate_date + run.fx_max_age_days

),

converted as (

    select
        open_lines.open_date,
        open_lines.employee_id,
        case
            when conversions.place is null then open_lines.document_currency_code
            else open_lines.person_currency_code
        end as currency_code,
        open_lines.segment,
        open_lines.channel,
        open_lines.region,
        open_lines.product_family,
        open_lines.product_name,
        case
            when conversions.place is null then open_lines.open_amount
            else cast({{ from_units(
                divide_half_away(
                    to_units('open_lines.open_amount', 6) ~ ' * ' ~ to_units('conversions.numerator', 12),
                    to_units('conversions.denominator', 12)
                ), 6
            ) }} as decimal(24, 6))
        end as open_amount
    from open_lines
    left join conversions
        on
            open_lines.open_date = conversions.open_date
            and open_lines.document_currency_code = conversions.document_currency_code
            and open_lines.person_currency_code = conversions.person_currency_code
            and conversions.place = 1

),

period_targets as (

    select
        periods.period_type,
        periods.period,
        periods.state_date,
        {{ add_days('periods.period_start', -1) }} as open_date,
        targets.employee_id,
        targets.currency_code,
        sum(targets.target_value) as target_value
    from targets
    inner join periods on targets.month_start between periods.period_start and periods.period_end
    where targets.target_value > 0
    group by
        periods.period_type, periods.period, periods.state_date, periods.period_start, targets.employee_id, targets.currency_code

),

-- The last entry of each deal's stage history before each period that is over.
forecast_entries as (

    select
        periods.period_type,
        periods.period,
        periods.period_start,
        periods.period_end,
        periods.state_date,
        stage_history.source_system,
        stage_history.deal_id,
        stage_history.amount,
        stage_history.probability,
        stage_history.closing_date,
        stages.stage_outcome,
        row_number() over (
            partition by periods.period_type, periods.period, stage_history.source_system, stage_history.deal_id
            order by stage_history.modified_at desc, stage_history.entry_id desc
        ) as place
    from periods
    inner join stage_history on cast(stage_history.modified_at as date) < periods.period_start
    left join stages on {{ comparable('stage_history.stage') }} = stages.stage
    where periods.period_end = periods.state_date

),

forecasts as (

    select
        forecast_entries.period_type,
        forecast_entries.period,
        forecast_entries.state_date,
        splits.employee_id,
        documents.currency_code,
        documents.segment,
        documents.channel,
        documents.customer_region as region,
        documents.product_family,
        documents.product_name,
        case
            when
                documents.stage_outcome = 'won'
                and documents.document_date between forecast_entries.period_start and forecast_entries.period_end
                then cast(documents.document_amount as decimal(24, 2)) * splits.split_ratio
            else 0
        end as won_amount,
        cast(cast(forecast_entries.amount as decimal(24, 2)) * forecast_entries.probability as decimal(24, 6))
        * cast(splits.split_ratio * 0.01 as decimal(9, 8)) as forecast_amount
    from forecast_entries
    inner join documents
        on
            forecast_entries.source_system = documents.source_system
            and forecast_entries.deal_id = documents.document_id
    inner join splits
        on documents.source_system = splits.source_system and documents.document_id = splits.document_id
    where
        forecast_entries.place = 1
        and forecast_entries.stage_outcome = 'open'
        and forecast_entries.closing_date between forecast_entries.period_start and forecast_entries.period_end
        and forecast_entries.amount is not null
        and forecast_entries.probability is not null

),

measures as (

    select
        'pipeline_amount' as kpi_code,
        converted.employee_id,
        periods.period_type,
        periods.period,
        periods.state_date,
        converted.currency_code,
        converted.segment,
        converted.channel,
        converted.region,
        converted.product_family,
        converted.product_name,
        converted.open_amount as numerator,
        cast(null as decimal(24, 6)) as denominator
    from converted
    inner join periods on converted.open_date = periods.state_date
    union all
    select
        'pipeline_coverage' as kpi_code,
        period_targets.employee_id,
        period_targets.period_type,
        period_targets.period,
        period_targets.state_date,
        period_targets.currency_code,
        converted.segment,
        converted.channel,
        converted.region,
        converted.product_family,
        converted.product_name,
        converted.open_amount as numerator,
        0 as denominator
    from period_targets
    inner join converted
        on
            period_targets.employee_id = converted.employee_id
            and period_targets.currency_code = converted.currency_code
            and period_targets.open_date = converted.open_date
    union all
    select
        'pipeline_coverage' as kpi_code,
        employee_id,
        period_type,
        period,
        state_date,
        currency_code,
        null as segment,
        null as channel,
        null as region,
        null as product_family,
        null as product_name,
        0 as numerator,
        target_value as denominator
    from period_targets
    union all
    select
        'forecast_accuracy' as kpi_code,
        employee_id,
        period_type,
        period,
        state_date,
        currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        cast(won_amount as decimal(24, 6)) as numerator,
        cast(forecast_amount as decimal(24, 6)) as denominator
    from forecasts

),

final as (

    select
        kpi_code,
        employee_id,
        period_type,
        period,
        state_date,
        currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name,
        cast(sum(numerator) as decimal(24, 6)) as numerator,
        cast(sum(denominator) as decimal(24, 6)) as denominator
    from measures
    group by
        kpi_code,
        employee_id,
        period_type,
        period,
        state_date,
        currency_code,
        segment,
        channel,
        region,
        product_family,
        product_name

)

select * from final
