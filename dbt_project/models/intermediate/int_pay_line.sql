-- Everything that is money before draws, one line each (order of operations up to the cap): what credit lines and
-- windows earn, what is taken back at its original rate, what thresholds and caps take away, SPIFFs, contests, bonuses.
-- Threshold and cap lines are lines of their own and are never held (rules T8, T9, D5); a line of a document that the
-- plan's own conditions hold is, until an exception releases it.

{{ config(materialized='view') }}

{% set columns = [
    ('earning_line_id', 'varchar'), ('payee_id', 'varchar'), ('plan_code', 'varchar'), ('plan_version', 'varchar'),
    ('component_code', 'varchar'), ('line_type', 'varchar'), ('origin_period', 'varchar'), ('window_code', 'varchar'),
    ('event_date', 'date'), ('known_at', 'timestamp'), ('credit_line_id', 'varchar'), ('credit_role', 'varchar'),
    ('source_system', 'varchar'), ('document_id', 'varchar'), ('event_id', 'varchar'), ('split_no', 'integer'),
    ('currency_code', 'varchar'), ('measure', 'varchar'), ('credited_amount', 'decimal(18, 6)'),
    ('counted_amount', 'decimal(18, 6)'), ('cumulative_before', 'decimal(18, 6)'), ('cumulative_after', 'decimal(18, 6)'),
    ('effective_quota', 'decimal(18, 6)'), ('index_value', 'decimal(18, 6)'), ('band_parts', 'varchar'),
    ('effective_rate', 'decimal(18, 6)'), ('factor', 'decimal(18, 6)'), ('factor_parts', 'varchar'),
    ('earned_amount', 'decimal(18, 2)'), ('is_held', 'boolean'), ('hold_reason', 'varchar'), ('rule_codes', 'varchar'),
] %}
{% set of_every_line = {
    'earning_line_id': 'earning_line_id', 'payee_id': 'payee_id', 'plan_code': 'plan_code', 'plan_version': 'plan_version',
    'component_code': 'component_code', 'origin_period': 'origin_period', 'event_date': 'event_date',
    'currency_code': 'currency_code', 'earned_amount': 'earned_amount',
} %}
{% set of_credit = dict(of_every_line, **{
    'line_type': "case when kind = 'spiff' then 'spiff' else 'earning' end", 'window_code': 'window_code',
    'known_at': 'known_at', 'credit_line_id': 'credit_line_id', 'credit_role': 'credit_role',
    'source_system': 'source_system', 'document_id': 'document_id', 'event_id': 'event_id', 'split_no': 'split_no',
    'measure': 'measure', 'credited_amount': 'credited_amount', 'counted_amount': 'counted_amount',
    'cumulative_before': 'cumulative_before', 'cumulative_after': 'cumulative_after', 'effective_quota': 'effective_quota',
    'factor': 'factor', 'factor_parts': 'factor_parts', 'is_held': 'is_held', 'hold_reason': 'hold_reason',
}) %}

with

earning_lines as (

    select * from {{ ref('int_earning_line') }}

),

original_rate_lines as (

    select * from {{ ref('int_original_rate_line') }}

),

thresholds as (

    select * from {{ ref('int_threshold_line') }}

),

caps as (

    select * from {{ ref('int_cap_line') }}

),

contests as (

    select * from {{ ref('int_contest_line') }}

),

bonuses as (

    select * from {{ ref('int_bonus') }}

),

run as (

    select * from {{ ref('stg_control__run') }}

),

document_holds as (

    select * from {{ ref('int_document_hold') }}

),

releases as (

    select * from {{ ref('int_hold_release') }}

),

adjustments as (

    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        'threshold' as line_type,
        window_code,
        origin_period,
        currency_code,
        effective_quota,
        index_value,
        earned_amount,
        'T8 M2' as rule_codes
    from thresholds
    union all
    select
        earning_line_id,
        payee_id,
        plan_code,
        plan_version,
        component_code,
        line_type,
        window_code,
        origin_period,
        currency_code,
        cast(null as decimal(18, 6)) as effective_quota,
        cast(null as decimal(18, 6)) as index_value,
        earned_amount,
        'T9 M2' as rule_codes
    from caps

),

united as (

    select
        {{ typed_columns(columns, dict(of_credit, **{
            'index_value': 'index_value', 'band_parts': 'band_parts', 'effective_rate': 'effective_rate',
            'rule_codes': line_rules('rule_codes', [
                ('C6', "credit_role = 'override'"),
                ('K6', "kind = 'spiff'"),
                ('T7', 'factor_parts is not null'),
                ('D3', 'is_reversal'),
                ('Q6', 'is_excluded and not is_reversal'),
            ]),
        })) }}
    from earning_lines
    union all
    select
        {{ typed_columns(columns, dict(of_credit, **{
            'rule_codes': line_rules('rule_codes', [('C6', "credit_role = 'override'"), ('K6', "kind = 'spiff'"), ('D3', 'true')]),
        })) }}
    from original_rate_lines
    union all
    select
        {{ typed_columns(columns, dict(of_every_line, **{
            'line_type': 'line_type', 'window_code': 'window_code', 'effective_quota': 'effective_quota',
            'event_date': 'least(' ~ month_end(month_to_day('origin_period')) ~ ', run.as_of_date)',
            'index_value': 'index_value', 'is_held': 'false', 'rule_codes': 'rule_codes',
        })) }}
    from adjustments
    cross join run
    union all
    select
        {{ typed_columns(columns, dict(of_every_line, **{
            'line_type': "'spiff'", 'window_code': "'contest'", 'index_value': 'measured_amount', 'is_held': 'false',
            'rule_codes': "'K6 M3 M2'",
        })) }}
    from contests
    union all
    select
        {{ typed_columns(columns, dict(of_every_line, **{
            'line_type': "'bonus'", 'window_code': 'window_code', 'is_held': 'is_held', 'hold_reason': 'hold_reason',
            'rule_codes': 'rule_codes',
        })) }}
    from bonuses

),

-- What a plan's own conditions may hold: lines of documents that nothing else holds.
documented as (

    select
        *,
        case when line_type in ('earning', 'spiff') and hold_reason is null then document_id end as holdable_document_id
    from united

),

final as (

    select
        documented.earning_line_id,
        documented.payee_id,
        documented.plan_code,
        documented.plan_version,
        documented.component_code,
        documented.line_type,
        documented.origin_period,
        documented.window_code,
        documented.event_date,
        documented.known_at,
        documented.credit_line_id,
        documented.credit_role,
        documented.source_system,
        documented.document_id,
        documented.event_id,
        documented.split_no,
        documented.currency_code,
        documented.measure,
        documented.credited_amount,
        documented.counted_amount,
        documented.cumulative_before,
        documented.cumulative_after,
        documented.effective_quota,
        documented.index_value,
        documented.band_parts,
        documented.effective_rate,
        documented.factor,
        documented.factor_parts,
        documented.earned_amount,
        documented.is_held or (document_holds.document_id is not null and releases.document_id is null) as is_held,
        case
            when releases.document_id is null then coalesce(documented.hold_reason, document_holds.hold_reason) else
                documented.hold_reason
        end
            as hold_reason,
        documented.rule_codes
    from documented
    left join document_holds
        on
            documented.plan_code = document_holds.plan_code
            and documented.plan_version = document_holds.plan_version
            and documented.source_system = document_holds.source_system
            and documented.holdable_document_id = document_holds.document_id
    left join releases
        on documented.payee_id = releases.employee_id and documented.document_id = releases.document_id

)

select * from final
