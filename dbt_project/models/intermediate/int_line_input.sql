-- What the lines of a statement are worked out from, a row each (rules C1, T2, T5, T7, T8, T9, D3, K1, K2, K6): the
-- splits of a document, the index that picks a band, the points of a curve or card, the grades of a card, factors, what
-- counts of a credit, the original line of a takeback, the places and prizes of a contest, and what thresholds and caps
-- look at, to date. None of them is money of the month.
{% set columns = statement_columns() %}

with

lines as (

    select * from {{ ref('int_pay_line') }}

),

windows as (

    select distinct
        payee_id,
        origin_period as period,
        plan_code,
        plan_version,
        currency_code,
        component_code,
        window_code
    from lines

),

counted as (

    select * from {{ ref('int_credit_window') }}

),

placed as (

    select
        lines.*,
        {{ statement_line_sort('lines.event_date', 'counted.line_position', 'lines.earning_line_id') }} as line_sort
    from lines
    left join counted on lines.earning_line_id = counted.earning_line_id

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

points as (

    select * from {{ ref('stg_plan__curve_point') }}

),

card_kpis as (

    select * from {{ ref('int_card_kpi_term') }}

),

grades as (

    select * from {{ ref('stg_plan__grade_band') }}

),

results as (

    select * from {{ ref('int_appraisal_result') }}

),

splits as (

    select * from {{ ref('int_document_split') }}

),

shared_documents as (

    select
        source_system,
        document_id
    from splits
    where credit_role = 'revenue'
    group by source_system, document_id
    having count(*) > 1

),

credit_lines as (

    select * from {{ ref('int_credit_line') }}
    where reversal_profile = 'standard' and event_type in ('won', 'invoice', 'receipt')

),

factor_titles as (

    select * from {{ ref('stg_plan__factor') }}

),

titles as (

    select * from {{ ref('int_component_title') }}

),

card_points as (

    select * from {{ ref('stg_plan__scorecard_curve_point') }}

),

prizes as (

    select * from {{ ref('stg_plan__contest_prize') }}

),

indexes as (

    select * from {{ ref('int_window_index') }}

),

factors as (

    select * from {{ ref('int_line_factor') }}

),

credits as (

    select * from {{ ref('int_component_credit') }}
    where purpose = 'base'

),

original_rates as (

    select * from {{ ref('int_original_rate_line') }}

),

contests as (

    select * from {{ ref('int_contest_line') }}

),

thresholds as (

    select * from {{ ref('int_threshold_month') }}

),

caps as (

    select * from {{ ref('int_cap_month') }}

),

-- An index may move in a month in which the person is not on the plan; such a month has no statement of it.
payouts as (

    select * from {{ ref('int_payout_month') }}

),

final as (

    select
        windows.payee_id, windows.period, windows.plan_code, windows.plan_version, windows.currency_code,
        windows.component_code, windows.window_code,
        1 as part_no, 3 as place, 'band' as section, 'index' as step, '' as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'windows.window_code', 'cumulative_after': 'indexes.index_value',
            'effective_quota': 'indexes.effective_quota', 'factor': 'indexes.attainment',
            'method': 'indexes.band_method',
            'reason': "case when indexes.index_measure = 'attainment' then indexes.attainment_reason end",
            'rule_codes': "'T2 Q4'",
        }) }}
    from windows
    inner join indexes
        on
            windows.payee_id = indexes.payee_id
            and windows.plan_code = indexes.plan_code
            and windows.plan_version = indexes.plan_version
            and windows.component_code = indexes.component_code
            and windows.window_code = indexes.window_code
    where indexes.band_method = 'retroactive'
    union all
    select
        windows.payee_id, windows.period, windows.plan_code, windows.plan_version, windows.currency_code,
        windows.component_code, windows.window_code,
        1 as part_no, 3 as place, 'curve' as section, 'curve' as step, '' as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'windows.window_code', 'cumulative_after': 'indexes.index_value',
            'effective_quota': 'indexes.effective_quota', 'factor': 'indexes.attainment',
            'target': 'components.target_amount',
            'active_days': 'case when components.is_prorated then indexes.active_days end',
            'period_days': 'case when components.is_prorated then '
            ~ days_of_span('indexes.window_start', 'indexes.window_end') ~ ' end',
            'method': "case when components.is_extended then 'extended' else 'flat' end", 'rule_codes': "'T5 Q1 Q4'",
        }) }}
    from windows
    inner join indexes
        on
            windows.payee_id = indexes.payee_id
            and windows.plan_code = indexes.plan_code
            and windows.plan_version = indexes.plan_version
            and windows.component_code = indexes.component_code
            and windows.window_code = indexes.window_code
    inner join components
        on
            windows.plan_code = components.plan_code
            and windows.plan_version = components.version
            and windows.component_code = components.component_code
    where indexes.band_method = 'interpolated'
    union all
    select
        windows.payee_id, windows.period, windows.plan_code, windows.plan_version, windows.currency_code,
        windows.component_code, windows.window_code,
        1 as part_no, 3 as place, 'curve' as section, 'curve_point' as step, '' as sort_key, points.point_no as sub_place,
        {{ typed_columns(columns, {
            'subject': 'windows.window_code', 'band_no': 'points.point_no', 'lower_amount': 'points.at_attainment',
            'rate': 'points.pay_share', 'rule_codes': "'T5'",
        }) }}
    from windows
    inner join points
        on
            windows.plan_code = points.plan_code
            and windows.plan_version = points.version
            and windows.component_code = points.component_code
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 4 as place, 'bonus' as section, 'score_range' as step, card_kpis.kpi_code as sort_key, 2 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'card_kpis.kpi_code', 'subject_en': 'card_kpis.kpi_en', 'subject_zh': 'card_kpis.kpi_zh',
            'lower_amount': 'card_kpis.low', 'upper_amount': 'card_kpis.high', 'rule_codes': "'K1'",
        }) }}
    from placed as lines
    inner join card_kpis
        on
            lines.plan_code = card_kpis.plan_code
            and lines.plan_version = card_kpis.version
            and lines.component_code = card_kpis.scorecard_code
    where lines.line_type = 'bonus' and card_kpis.direction = 'range'
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 4 as place, 'bonus' as section, 'score_point' as step,
        card_points.kpi_code as sort_key, 2 + card_points.point_no as sub_place,
        {{ typed_columns(columns, {
            'subject': 'card_points.kpi_code', 'subject_en': 'card_kpis.kpi_en', 'subject_zh': 'card_kpis.kpi_zh',
            'band_no': 'card_points.point_no',
            'lower_amount': 'card_points.at_attainment', 'rate': 'card_points.score', 'rule_codes': "'K1'",
        }) }}
    from placed as lines
    inner join card_points
        on
            lines.plan_code = card_points.plan_code
            and lines.plan_version = card_points.version
            and lines.component_code = card_points.scorecard_code
    inner join card_kpis
        on
            card_points.plan_code = card_kpis.plan_code
            and card_points.version = card_kpis.version
            and card_points.scorecard_code = card_kpis.scorecard_code
            and card_points.kpi_code = card_kpis.kpi_code
    where lines.line_type = 'bonus'
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 5 as place, 'bonus' as section, 'grade' as step, '' as sort_key,
        row_number() over (partition by lines.earning_line_id order by grades.lower_score desc) - 1000 as sub_place,
        {{ typed_columns(columns, {
            'subject': 'grades.grade',
            'band_no': 'row_number() over (partition by lines.earning_line_id order by grades.lower_score desc)',
            'lower_amount': 'grades.lower_score', 'rate': 'grades.coefficient',
            'factor': 'case when results.ranked_people is not null then grades.share end',
            'method': "case when results.ranked_people is not null then 'forced' else 'bands' end", 'rule_codes': "'K2'",
        }) }}
    from placed as lines
    inner join results
        on
            lines.payee_id = results.employee_id
            and lines.plan_code = results.plan_code
            and lines.component_code = results.scorecard_code
            and lines.window_code = results.period
    inner join grades
        on
            lines.plan_code = grades.plan_code
            and lines.plan_version = grades.version
            and lines.component_code = grades.scorecard_code
    where lines.line_type = 'bonus'
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 6 as place, 'credit' as section, 'split' as step, lines.line_sort as sort_key,
        splits.split_no - 1000 as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'lines.line_type', 'earning_line_id': 'lines.earning_line_id',
            'subject': 'credit_lines.document_currency_code', 'band_no': 'splits.split_no', 'rate': 'splits.split_ratio',
            'method': 'splits.credit_role', 'rule_codes': "'C1 M3'", 'source_system': 'lines.source_system',
            'document_id': 'lines.document_id',
        }) }}
    from placed as lines
    inner join credit_lines on lines.credit_line_id = credit_lines.credit_line_id
    inner join splits
        on
            lines.source_system = splits.source_system
            and lines.document_id = splits.document_id
            and (
                (splits.credit_role = 'overlay' and lines.credit_role = 'overlay' and lines.split_no = splits.split_no)
                or (splits.credit_role = 'revenue' and lines.credit_role <> 'overlay')
            )
    left join shared_documents
        on splits.source_system = shared_documents.source_system and splits.document_id = shared_documents.document_id
    where splits.credit_role = 'overlay' or shared_documents.document_id is not null
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 6 as place, 'credit' as section, 'factor' as step,
        lines.line_sort as sort_key,
        factors.factor_no + case when factors.applies_to = 'credit' then 1 else 900000 end as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'lines.line_type', 'earning_line_id': 'lines.earning_line_id',
            'subject': "concat_ws(': ', factors.factor_code, "
            ~ "nullif(concat_ws(' x ', factors.row_value, factors.column_value), ''))",
            'subject_en': "concat_ws(': ', factor_titles.title_en, "
            ~ "nullif(concat_ws(' × ', factors.row_value, factors.column_value), ''))",
            'subject_zh': "concat_ws('：', factor_titles.title_zh, "
            ~ "nullif(concat_ws(' × ', factors.row_value, factors.column_value), ''))",
            'factor': 'factors.factor', 'method': 'factors.applies_to', 'reason': 'factors.hold_reason',
            'rule_codes': "'T7'",
        }) }}
    from placed as lines
    inner join factors on lines.earning_line_id = factors.component_line_id
    left join factor_titles
        on
            factors.plan_code = factor_titles.plan_code
            and factors.factor_version = factor_titles.version
            and factors.component_code = factor_titles.component_code
            and factors.factor_code = factor_titles.factor_code
    where lines.earning_line_id not in (select original_rates.earning_line_id from original_rates)
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 6 as place, 'credit' as section, 'counted' as step, lines.line_sort as sort_key, 50 as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'lines.line_type', 'earning_line_id': 'lines.earning_line_id',
            'subject': 'coalesce(lines.document_id, lines.window_code)', 'target': 'credits.measured_amount',
            'rate': 'credits.credit_share', 'active_days': 'counted.months_left',
            'period_days': 'case when counted.months_left is not null then counted.linear_months end',
            'slice_amount': 'counted.counted_amount',
            'factor': 'case when counted.credit_factor_parts is not null then counted.credit_factor end',
            'method': 'credits.measure', 'rule_codes': "'C2 T7 D3'",
        }) }}
    from placed as lines
    inner join counted on lines.earning_line_id = counted.earning_line_id
    inner join credits on lines.earning_line_id = credits.component_line_id
    where
        counted.counted_amount is not null
        and (
            credits.measure <> 'amount'
            or credits.credit_share <> 1
            or counted.credit_factor_parts is not null
            or counted.months_left is not null
        )
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 6 as place, 'line' as section, 'original_rate' as step,
        lines.line_sort as sort_key, 900100 as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'lines.line_type', 'earning_line_id': 'lines.earning_line_id',
            'subject': 'coalesce(lines.document_id, lines.window_code)', 'target': 'original_rates.original_pay',
            'slice_amount': 'original_rates.reversed_amount', 'credited_amount': 'original_rates.original_amount',
            'lower_amount': 'original_rates.left_amount', 'upper_amount': 'original_rates.whole_amount',
            'active_days': 'original_rates.months_left',
            'period_days': 'case when original_rates.months_left is not null then original_rates.linear_months end',
            'rule_codes': "'D3'",
        }) }}
    from placed as lines
    inner join original_rates on lines.earning_line_id = original_rates.earning_line_id
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 3 as place, 'line' as section, 'contest' as step, '' as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'lines.line_type', 'earning_line_id': 'lines.earning_line_id',
            'subject': 'lines.component_code', 'subject_en': 'titles.title_en', 'subject_zh': 'titles.title_zh',
            'cumulative_after': 'contests.measured_amount',
            'band_no': 'contests.first_place', 'active_days': 'contests.place_in_tie', 'period_days': 'contests.tied',
            'rule_codes': "'K6 M3'",
        }) }}
    from placed as lines
    inner join contests on lines.earning_line_id = contests.earning_line_id
    left join titles
        on
            lines.plan_code = titles.plan_code
            and lines.plan_version = titles.version
            and lines.component_code = titles.component_code
    union all
    select
        lines.payee_id, lines.origin_period as period, lines.plan_code, lines.plan_version, lines.currency_code,
        lines.component_code, lines.window_code,
        1 as part_no, 3 as place, 'line' as section, 'prize' as step, '' as sort_key, prizes.rank as sub_place,
        {{ typed_columns(columns, {
            'line_type': 'lines.line_type', 'earning_line_id': 'lines.earning_line_id',
            'subject': 'lines.component_code', 'band_no': 'prizes.rank', 'target': 'prizes.amount', 'rule_codes': "'K6'",
        }) }}
    from placed as lines
    inner join contests on lines.earning_line_id = contests.earning_line_id
    inner join prizes
        on
            contests.plan_code = prizes.plan_code
            and contests.plan_version = prizes.version
            and contests.component_code = prizes.contest_code
            and prizes.rank between contests.first_place and contests.first_place + contests.tied - 1
    union all
    select
        thresholds.payee_id, thresholds.month as period, thresholds.plan_code, thresholds.plan_version, thresholds.currency_code,
        thresholds.component_code, thresholds.window_code,
        1 as part_no, 7 as place, 'threshold' as section, 'threshold' as step,
        thresholds.earning_line_id as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'subject': "case when thresholds.is_same_measure and components.band_method <> 'interpolated' then 'own' else 'other' end",
            'rate': 'thresholds.bound_attainment', 'target': 'thresholds.threshold_amount',
            'effective_quota': 'thresholds.effective_quota',
            'cumulative_before': 'thresholds.index_amount_to_date - thresholds.index_amount',
            'cumulative_after': 'thresholds.index_amount_to_date', 'method': 'thresholds.threshold_pays',
            'opening_balance': 'thresholds.earned_amount_to_date - thresholds.earned_amount',
            'closing_balance': 'thresholds.earned_amount_to_date', 'rule_codes': "'T8'",
            'unrounded_before': "case when thresholds.threshold_pays = 'above' "
            ~ "then thresholds.pay_under_threshold_to_date - thresholds.pay_under_threshold end",
            'unrounded_after': "case when thresholds.threshold_pays = 'above' then thresholds.pay_under_threshold_to_date end",
        }) }}
    from thresholds
    inner join components
        on
            thresholds.plan_code = components.plan_code
            and thresholds.plan_version = components.version
            and thresholds.component_code = components.component_code
    inner join payouts
        on
            thresholds.payee_id = payouts.payee_id
            and thresholds.plan_code = payouts.plan_code
            and thresholds.month = payouts.period
            and thresholds.currency_code = payouts.currency_code
    where thresholds.index_amount <> 0 or thresholds.earned_amount <> 0 or thresholds.taken_amount <> 0
    union all
    select
        caps.payee_id, caps.month as period, caps.plan_code, caps.plan_version, caps.currency_code,
        caps.component_code, caps.window_code,
        1 as part_no, 8 as place, 'cap' as section, 'cap' as step, caps.cap_line_id as sort_key, 0 as sub_place,
        {{ typed_columns(columns, {
            'earning_line_id': 'caps.cap_line_id', 'subject': 'caps.cap_window', 'target': 'caps.cap_amount',
            'method': "case when caps.is_carried then 'carry' else 'lose' end",
            'opening_balance': 'caps.earned_to_date - caps.earned_amount', 'closing_balance': 'caps.earned_to_date',
            'upper_amount': 'case when caps.is_carried then caps.carried_in end',
            'lower_amount': 'case when caps.is_carried then caps.carry_to_date - caps.carried_amount end',
            'slice_amount': 'case when caps.is_carried '
            ~ 'then greatest(caps.carried_in + caps.earned_to_date - caps.cap_amount, 0) end',
            'line_type': 'caps.cap_per', 'rule_codes': "'T9'",
        }) }}
    from caps
    inner join payouts
        on
            caps.payee_id = payouts.payee_id
            and caps.plan_code = payouts.plan_code
            and caps.month = payouts.period
            and caps.currency_code = payouts.currency_code
    where caps.earned_amount <> 0 or caps.taken_amount <> 0 or caps.carried_amount <> 0 or caps.carried_in <> 0

)

select * from final
