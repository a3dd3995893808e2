{#- The columns of a step of a statement beside its key, in their order: what a step does not give is NULL. -#}
{% macro statement_columns() -%}
    {{ return([
    ('line_type', 'varchar'), ('earning_line_id', 'varchar'), ('subject', 'varchar'), ('subject_en', 'varchar'),
    ('subject_zh', 'varchar'), ('subordinate_id', 'varchar'), ('subordinate_name', 'varchar'), ('event_date', 'date'),
    ('credited_amount', 'decimal(18, 6)'), ('cumulative_before', 'decimal(18, 6)'), ('cumulative_after', 'decimal(18, 6)'),
    ('effective_quota', 'decimal(18, 6)'), ('target', 'decimal(24, 6)'), ('ramp', 'decimal(9, 6)'),
    ('active_days', 'bigint'), ('period_days', 'bigint'), ('band_no', 'integer'), ('lower_amount', 'decimal(24, 6)'),
    ('upper_amount', 'decimal(24, 6)'), ('rate', 'decimal(18, 6)'), ('slice_amount', 'decimal(24, 6)'),
    ('factor', 'decimal(24, 12)'), ('unrounded_before', 'decimal(38, 12)'), ('unrounded_after', 'decimal(38, 12)'),
    ('method', 'varchar'), ('amount', 'decimal(18, 2)'), ('moved', 'decimal(18, 2)'), ('opening_balance', 'decimal(18, 2)'),
    ('closing_balance', 'decimal(18, 2)'),
    ('rule_codes', 'varchar'), ('source_system', 'varchar'),
    ('document_id', 'varchar'), ('product_name', 'varchar'), ('event_id', 'varchar'), ('delivery_id', 'varchar'),
    ('file_name', 'varchar'),
    ('row_number', 'bigint'), ('is_held', 'boolean'), ('reason', 'varchar'),
    ]) }}
{%- endmacro %}

{#- Where a line stands among the lines of its window: by day, and within a day in the order of rule M4. -#}
{% macro statement_line_sort(event_date, line_position, earning_line_id) -%}
    coalesce(cast({{ event_date }} as varchar), '9999') || '|'
    || lpad(cast(coalesce({{ line_position }}, 999999999) as varchar), 9, '0') || '|' || {{ earning_line_id }}
{%- endmacro %}

{#- A number as people write it, exact: thousands set off, zeros at the end left out. NULL stays NULL. -#}
{% macro spoken_number(value) -%}
    (
        case when {{ value }} < 0 then '-' else '' end
        || format('{:,}', cast(trunc(abs({{ value }})) as hugeint))
        || rtrim(rtrim('.' || split_part(cast(abs({{ value }}) as varchar), '.', 2), '0'), '.')
    )
{%- endmacro %}

{#- A share as a percentage, exact: 0.055000 is 5.5 %. Wide, since it is formed of every row, of amounts, too. -#}
{% macro spoken_share(value) -%}
    {{ spoken_number('cast(cast(' ~ value ~ ' as decimal(32, 12)) * 100 as decimal(38, 6))') }} || ' %'
{%- endmacro %}

{#- The figures of a step as people write them, for `statement_text`: `<column>_said`, and `<column>_share` in percent. -#}
{% macro spoken_columns() -%}
    {%- for column in [
        'amount', 'closing_balance', 'credited_amount', 'cumulative_after', 'effective_quota', 'factor', 'lower_amount',
        'opening_balance', 'rate', 'slice_amount', 'target', 'unrounded_after', 'upper_amount',
    ] %}
        {{ spoken_number(column) }} as {{ column }}_said,
    {%- endfor %}
    {%- for column in ['cumulative_after', 'factor', 'lower_amount', 'ramp', 'rate', 'upper_amount'] %}
        {{ spoken_share(column) }} as {{ column }}_share{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- What a band pays: a share of money, or money for each unit or deal where it is those that are counted. -#}
{% macro spoken_rate(language) -%}
    case method
        when 'units' then rate_said || ' ' || currency_code || {{ "' a unit'" if language == 'en' else "'/件'" }}
        when 'count' then rate_said || ' ' || currency_code || {{ "' a deal'" if language == 'en' else "'/单'" }}
        else rate_share
    end
{%- endmacro %}

{#- The title of a KPI of a card: of the catalogue, of the teams that the person manages, or an objective that HR rates. -#}
{% macro kpi_title(kpi_code, titles, language) -%}
    case
        when {{ kpi_code }} like 'team:%' then {{ titles }}.name_{{ language }} || {{ "' of the teams'" if language == 'en' else "'（所辖团队）'" }}
        when {{ kpi_code }} like 'mbo:%' then {{ "'Objective '" if language == 'en' else "'考核目标 '" }} || substr({{ kpi_code }}, 5)
        else {{ titles }}.name_{{ language }}
    end
{%- endmacro %}

{#- What happened to a document, in words. -#}
{% macro event_title(event_type, language) -%}
    case {{ event_type }}
    {%- for code, both in {
        'won': ('won', '赢单'), 'invoice': ('invoice', '开票'), 'receipt': ('receipt', '到账'), 'refund': ('refund', '退款'),
        'credit_note': ('credit note', '红字发票'), 'write_off': ('write-off', '坏账'), 'cancellation': ('cancellation', '取消'),
        'unpaid': ('unpaid invoice', '逾期未收'), 'recredit': ('late receipt', '恢复计入'),
    }.items() %}
        when '{{ code }}' then '{{ both[0 if language == 'en' else 1] }}'
    {%- endfor %}
    end
{%- endmacro %}

{#- The parts of a line's credit by band, from the JSON that `fct_earning_line.band_parts` holds: one row a part. -#}
{% macro band_parts_as_rows(band_parts) -%}
    unnest(from_json(
        {{ band_parts }},
        '[{"band": "INTEGER", "from": "DECIMAL(24,6)", "to": "DECIMAL(24,6)", "rate": "DECIMAL(18,6)", "amount": "DECIMAL(24,6)"}]'
    ))
{%- endmacro %}

{#-
What a step says, in plain words, from `spoken_columns`; `language` is en or zh. A step without words of its own shows its amount.
Of a piece `#column` is a number, `%column` a percentage, `@pay_rate` what a band pays.
-#}
{% macro statement_text(language) -%}
{%- set words = {
    'quota_month': (
        ["case method when 'other' then 'Other period, ' else '' end", "subject", "': target '", "#target", "' × ramp '", "%ramp", "' × '", "active_days", "' of '", "period_days", "' days active = quota '", "#effective_quota"],
        ["case method when 'other' then '其他期间 ' else '' end", "subject", "'：目标 '", "#target", "' × 爬坡比例 '", "%ramp", "' × 在岗 '", "active_days", "' 天 ÷ 共 '", "period_days", "' 天 = 有效目标 '", "#effective_quota"]),
    'quota': (
        ["case method when 'other' then 'Quota of the other period that picks the band of ' else 'Quota of ' end", "subject", "': '", "#effective_quota"],
        ["subject", "case method when 'other' then ' 选档所用其他期间的有效目标：' else ' 有效目标合计：' end", "#effective_quota"]),
    'scale': (
        ["'Band '", "band_no", "': from '", "#lower_amount", "coalesce(' to ' || upper_amount_said, ' on')", "' at '", "@pay_rate"],
        ["'第 '", "band_no", "' 档：'", "#lower_amount", "coalesce(' 至 ' || upper_amount_said, ' 以上')", "case when method in ('units', 'count') then '，单价 ' else '，费率 ' end", "@pay_rate"]),
    'credit': (
        ["event_date", "' '", "subject", "' of '", "document_id", "coalesce(' (' || product_name || ')', '')", "': '", "#slice_amount", "', share '", "%rate", "' = '", "#target", "' × exchange rate '", "#factor", "' = credit '", "#credited_amount"],
        ["event_date", "' '", "subject", "' '", "document_id", "coalesce('（' || product_name || '）', '')", "'：'", "#slice_amount", "'，分成 '", "%rate", "' = '", "#target", "' × 汇率 '", "#factor", "' = 业绩 '", "#credited_amount"]),
    'slice': (
        ["#slice_amount", "' in the band from '", "#lower_amount", "coalesce(' to ' || upper_amount_said, ' on')", "' × '", "@pay_rate"],
        ["'落在 '", "#lower_amount", "coalesce(' 至 ' || upper_amount_said, ' 以上')", "' 档的部分 '", "#slice_amount", "' × '", "@pay_rate"]),
    'split': (
        ["case method when 'overlay' then 'Overlay ' || (band_no - 100) else 'Split ' || band_no end", "' of '", "document_id", "': '", "%rate", "' of the amount in '", "subject", "case method when 'overlay' then ', rounded by itself' else ', cents by largest remainder' end"],
        ["document_id", "case method when 'overlay' then ' 第 ' || (band_no - 100) || ' 份重复计分：' else ' 第 ' || band_no || ' 份分成：' end", "subject", "' 金额的 '", "%rate", "case method when 'overlay' then '，单独舍入' else '，尾差按最大余额分配' end"]),
    'grade': (
        ["'Grade '", "subject", "case method when 'forced' then ': the best places of ' || factor_share || ' of the group (by bands from ' || lower_amount_said || ')' else ': a score from ' || lower_amount_said || ' on' end", "', coefficient '", "#rate"],
        ["'等级 '", "subject", "case method when 'forced' then '：占本组人数 ' || factor_share || ' 的名次（按分数为 ' || lower_amount_said || ' 起）' else '：得分 ' || lower_amount_said || ' 起' end", "'，系数 '", "#rate"]),
    'score_kpi': (
        ["subject", "': '", "#slice_amount", "case method when 'range' then '' else ' of ' end", "case method when 'range' then '' else coalesce(target_said, '–') end", "', attainment '", "%cumulative_after", "', counts as '", "%factor", "', at most '", "%upper_amount", "', weight '", "%rate"],
        ["subject", "'：实际 '", "#slice_amount", "case method when 'range' then '' else ' / 目标 ' end", "case method when 'range' then '' else coalesce(target_said, '–') end", "'，达成率 '", "%cumulative_after", "'，计分 '", "%factor", "'，上限 '", "%upper_amount", "'，权重 '", "%rate"]),
    'score_range': (
        ["subject", "' counts in full from '", "#lower_amount", "' to '", "#upper_amount"],
        ["subject", "' 在 '", "#lower_amount", "' 至 '", "#upper_amount", "' 之间计满分'"]),
    'score_point': (
        ["subject", "': at '", "%lower_amount", "' attainment it scores '", "%rate"],
        ["subject", "'：达成率 '", "%lower_amount", "' 计 '", "%rate"]),
    'score': (
        ["'Score '", "#factor", "coalesce(', grade ' || subject, '')", "coalesce(' by rank, place ' || band_no || ' of ' || slice_amount_said, '')", "case method when 'forfeited' then ', forfeited' else '' end", "coalesce(': base ' || target_said || ' × coefficient ' || rate_said || ' × ' || active_days || ' of ' || period_days || ' days', '')"],
        ["'得分 '", "#factor", "coalesce('，等级 ' || subject, '')", "coalesce('（强制分布：第 ' || band_no || ' 名，共 ' || slice_amount_said || ' 人）', '')", "case method when 'forfeited' then '，不予发放' else '' end", "coalesce('：基数 ' || target_said || ' × 系数 ' || rate_said || ' × 在岗 ' || active_days || ' 天 ÷ 共 ' || period_days || ' 天', '')"]),
    'index': (
        ["'What picks the band of '", "subject", "': '", "#cumulative_after", "coalesce(', attainment ' || factor_share || ' of ' || effective_quota_said, '')", "': its band prices the whole'"],
        ["subject", "' 分档指标：'", "#cumulative_after", "coalesce('，达成率 ' || factor_share || '（目标 ' || effective_quota_said || '）', '')", "'，按所在档对全部业绩计提'"]),
    'curve': (
        ["'Curve of '", "subject", "': '", "#cumulative_after", "coalesce(' of quota ' || effective_quota_said || ', attainment ' || factor_share, ', without attainment')", "'; target amount '", "#target", "coalesce(' × ' || active_days || ' of ' || period_days || ' days', '')", "case method when 'extended' then '; goes on after the last point' else '; flat after the last point' end"],
        ["subject", "' 插值曲线：实际 '", "#cumulative_after", "coalesce(' / 目标 ' || effective_quota_said || '，达成率 ' || factor_share, '，无达成率')", "'；目标奖金 '", "#target", "coalesce(' × 在岗 ' || active_days || ' 天 ÷ 共 ' || period_days || ' 天', '')", "case method when 'extended' then '；末点之后顺延' else '；末点之后持平' end"]),
    'curve_point': (
        ["'Point '", "band_no", "' of the curve: at '", "%lower_amount", "' attainment it pays '", "%rate", "' of the target amount'"],
        ["'曲线第 '", "band_no", "' 点：达成率 '", "%lower_amount", "' 发放目标奖金的 '", "%rate"]),
    'factor': (
        ["case method when 'credit' then 'Factor on the credit × ' else 'Factor on the pay × ' end", "#factor", "' ('", "subject", "')'"],
        ["case method when 'credit' then '业绩系数 × ' else '提成系数 × ' end", "#factor", "'（'", "subject", "'）'"]),
    'counted': (
        ["case method when 'amount' then 'Counts of the credit: ' when 'margin' then 'Counts of the margin: ' when 'units' then 'Counts of the units: ' else 'Counts of the deals: ' end", "#target", "case when rate <> 1 then ' × share ' || rate_share else '' end", "coalesce(' × ' || active_days || ' of ' || period_days || ' months left', '')", "coalesce(' × factors on the credit ' || factor_said, '')", "' = '", "#slice_amount"],
        ["case method when 'amount' then '计入业绩：' when 'margin' then '计入毛利：' when 'units' then '计入数量：' else '计入单数：' end", "#target", "case when rate <> 1 then ' × 比例 ' || rate_share else '' end", "coalesce(' × 剩余 ' || active_days || ' 个月 ÷ 共 ' || period_days || ' 个月', '')", "coalesce(' × 业绩系数 ' || factor_said, '')", "' = '", "#slice_amount"]),
    'original_rate': (
        ["'Taken back at the original rate: the line earned '", "#target", "'; of its '", "#credited_amount", "' come back '", "#slice_amount", "case when lower_amount <> upper_amount then '; threshold and cap left ' || lower_amount_said || ' of ' || upper_amount_said else '' end", "coalesce('; ' || active_days || ' of ' || period_days || ' months left', '')"],
        ["'按原费率追回：原明细计奖 '", "#target", "'，原金额 '", "#credited_amount", "' 冲回 '", "#slice_amount", "case when lower_amount <> upper_amount then '；门槛与封顶后余 ' || lower_amount_said || '（原 ' || upper_amount_said || '）' else '' end", "coalesce('；剩余 ' || active_days || ' 个月 ÷ 共 ' || period_days || ' 个月', '')"]),
    'contest': (
        ["'Place '", "band_no", "' in contest '", "subject", "' with '", "#cumulative_after", "case when period_days > 1 then ', tied with ' || (period_days - 1) || ' more' else '' end"],
        ["'竞赛 '", "subject", "' 第 '", "band_no", "' 名，成绩 '", "#cumulative_after", "case when period_days > 1 then '，与另外 ' || (period_days - 1) || ' 人并列' else '' end"]),
    'prize': (
        ["'Prize of place '", "band_no", "': '", "#target"],
        ["'第 '", "band_no", "' 名奖金：'", "#target"]),
    'threshold': (
        ["'Threshold '", "#target", "coalesce(' (' || rate_share || ' of the quota)', '')", "': reached to date '", "#cumulative_after", "case when target is null then ', without attainment it does not bite' when cumulative_after < target then ', not met: nothing is paid yet' when method = 'above' then ', met: only what lies above it is paid' else ', met: paid from the first on' end", "'; pay of the lines to date '", "#closing_balance", "coalesce(', of it below the threshold ' || unrounded_after_said, '')"],
        ["'起付线 '", "#target", "coalesce('（目标的 ' || rate_share || '）', '')", "'：累计达到 '", "#cumulative_after", "case when target is null then '，无达成率，不适用' when cumulative_after < target then '，未达到，暂不发放' when method = 'above' then '，已达到，只发超出部分' else '，已达到，从首元起发放' end", "'；明细累计 '", "#closing_balance", "coalesce('，其中起付线以下 ' || unrounded_after_said, '')"]),
    'cap': (
        ["'Cap '", "#target", "case line_type when 'deal' then ' of deal ' when 'year' then ' of the year ' else ' of ' end", "subject", "': pay to date '", "#closing_balance", "case when method = 'carry' then coalesce('; carried in ' || upper_amount_said || ', of it paid before ' || lower_amount_said || '; still waits ' || slice_amount_said, '') when closing_balance > target then ', what is above is lost' else '' end"],
        ["'封顶 '", "#target", "case line_type when 'deal' then '（单据 ' when 'year' then '（年度 ' else '（' end", "subject", "'）：累计 '", "#closing_balance", "case when method = 'carry' then coalesce('；上期结转 ' || upper_amount_said || '，此前已发 ' || lower_amount_said || '；待结转 ' || slice_amount_said, '') when closing_balance > target then '，超出部分作废' else '' end"]),
    'draw': (
        ["case method when 'guarantee' then 'Guarantee: pay is at least ' when 'non_recoverable' then 'Draw on top of what is earned, not paid back: ' else 'Draw: pay is lifted to it, to be paid back: ' end", "coalesce(target_said, 'none in this month')", "coalesce(', tenure month ' || active_days, '')", "case when lower_amount > 0 then ', from month ' || cast(lower_amount as integer) else '' end", "coalesce(', to month ' || cast(upper_amount as integer), '')", "'; earned '", "#slice_amount"],
        ["case method when 'guarantee' then '保底：至少发放 ' when 'non_recoverable' then '固定补贴（不扣还）：' else '预支（须扣还）：补足至 ' end", "coalesce(target_said, '本月无')", "coalesce('，司龄第 ' || active_days || ' 月', '')", "case when lower_amount > 0 then '，自第 ' || cast(lower_amount as integer) || ' 月' else '' end", "coalesce('，至第 ' || cast(upper_amount as integer) || ' 月', '')", "'；应计 '", "#slice_amount"]),
    'draw_recovery': (
        ["'The draw is paid back: '", "%rate", "' of what is earned above '", "#lower_amount", "case when subject is null and period_days is null then ', but the plan starts no recovery' else coalesce(', from ' || subject, '') || coalesce(', from tenure month ' || period_days, '') end", "'; owed '", "#opening_balance", "' → '", "#closing_balance"],
        ["'预支扣还：应计超过 '", "#lower_amount", "' 部分的 '", "%rate", "case when subject is null and period_days is null then '，方案未设开始扣还' else coalesce('，自 ' || subject, '') || coalesce('，自司龄第 ' || period_days || ' 月', '') end", "'；余额 '", "#opening_balance", "' → '", "#closing_balance"]),
    'penalty_kpi': (
        ["'Penalty '", "subject", "' '", "coalesce(slice_amount_said, 'was not measured')", "case when slice_amount is null then ', no penalty' when (method = 'below' and slice_amount < target) or (method = 'above' and slice_amount > target) then ' is ' || method || ' ' || target_said || ': ' || coalesce(lower_amount_said, rate_share || ' of what is earned') || ', at most ' || upper_amount_said else ' is not ' || method || ' ' || target_said || ', no penalty' end"],
        ["'扣罚 '", "subject", "' '", "coalesce(slice_amount_said, '无数据')", "case when slice_amount is null then '，不扣' when (method = 'below' and slice_amount < target) or (method = 'above' and slice_amount > target) then case method when 'below' then ' 低于 ' else ' 高于 ' end || target_said || '：扣 ' || coalesce(lower_amount_said, '应计的 ' || rate_share) || '，最多 ' || upper_amount_said else case method when 'below' then ' 不低于 ' else ' 不高于 ' end || target_said || '，不扣' end"]),
    'floor': (
        ["'A penalty leaves at least the floor of '", "#target", "', or the guarantee where it is higher'"],
        ["'扣罚后不低于保底 '", "#target", "'（保底补足更高时以其为准）'"]),
    'limit': (
        ["'Legal limit of what is recovered from a month', coalesce(' in ' || subject, '')", "': at most '", "%rate", "' of salary '", "#target", "' and incentive, and at least '", "#lower_amount", "' must remain'"],
        ["'法定追回上限', coalesce('（' || subject || '）', '')", "'：不超过工资 '", "#target", "' 与奖励合计的 '", "%rate", "'，且至少保留 '", "#lower_amount"]),
    'out_of_held': (
        ["'More is taken off by draw or penalty than is not held; so much comes out of the held lines: '", "#amount"],
        ["'扣还或扣罚超过未暂缓部分，从暂缓明细中扣：'", "#amount"]),
    'earned': (["'Earned, all lines: '", "#amount"], ["'本月应计合计：'", "#amount"]),
    'draw_top_up': (["'Added by the draw or guarantee: '", "#amount"], ["'预支或保底补足：'", "#amount"]),
    'draw_recovered': (["'Paid back of the draw: '", "#amount", "' (owed '", "#opening_balance", "' → '", "#closing_balance", "')'"], ["'扣还预支：'", "#amount", "'（余额 '", "#opening_balance", "' → '", "#closing_balance", "'）'"]),
    'penalty': (["'Penalty, never below the floor: '", "#amount"], ["'扣罚（不低于保底）：'", "#amount"]),
    'legal_limit': (["'The law lets so much less be recovered this month; it stays on the balance: '", "#amount"], ["'受法定扣回上限，本月少扣、留待以后：'", "#amount"]),
    'held_lines': (["'Lines held until somebody has looked: '", "#amount"], ["'暂缓的明细：'", "#amount"]),
    'negative': (["'What is below zero goes on the clawback balance: '", "#amount", "' (balance '", "#opening_balance", "' → '", "#closing_balance", "')'"], ["'不足部分转入待追回余额：'", "#amount", "'（余额 '", "#opening_balance", "' → '", "#closing_balance", "'）'"]),
    'recovered': (["'Paid back from the clawback balance: '", "#amount", "' (balance '", "#opening_balance", "' → '", "#closing_balance", "')'"], ["'追回以前月份：'", "#amount", "'（余额 '", "#opening_balance", "' → '", "#closing_balance", "'）'"]),
    'held_payee': (["'The person is held: '", "#amount"], ["'此人整体暂缓：'", "#amount"]),
    'payable': (["'Payable: '", "#amount"], ["'应付：'", "#amount"]),
} -%}
{%- set place = 0 if language == 'en' else 1 -%}
    case step
    {%- for name, both in words.items() %}
        when '{{ name }}' then concat({% for piece in both[place] -%}
            {%- if piece.startswith('#') -%} coalesce({{ piece[1:] }}_said, '–')
            {%- elif piece.startswith('%') -%} coalesce({{ piece[1:] }}_share, '–')
            {%- elif piece == '@pay_rate' -%} coalesce({{ spoken_rate(language) }}, '–')
            {%- elif piece == 'subject' -%} coalesce(subject_{{ language }}, subject)
            {%- else -%} {{ piece }}
            {%- endif -%}{{ ', ' if not loop.last }}
        {%- endfor %})
    {%- endfor %}
        else concat(
            {% if language == 'en' %}
            case
                when line_type = 'bonus' then 'Bonus of the scorecard ' || coalesce(component_en || ', ', '') || subject
                when line_type = 'threshold' and amount < 0 then 'Not paid because of the threshold'
                when line_type = 'threshold' then 'Paid now that the threshold is met'
                when line_type = 'cap' and amount < 0 then 'Taken away by the cap'
                when line_type = 'cap' then 'Given back by the cap'
                when line_type = 'cap_carry' and amount < 0 then 'Carried money that waits again'
                when line_type = 'cap_carry' then 'Paid of what was carried in'
                when method = 'original_rate' and amount > 0 then 'Given back at the original rate, ' || subject
                when method = 'original_rate' then 'Taken back at the original rate, ' || subject
                when method = 'prize' then 'Contest prize'
                when method = 'interpolated' then 'Commission by the curve, ' || subject
                when line_type = 'spiff' then 'SPIFF of ' || subject
                when line_type = 'earning' and subordinate_id is not null then 'Override on ' || subject
                when line_type = 'earning' then 'Commission of ' || subject
                else line_type || ' of ' || subject
            end, coalesce(', credit of ' || subordinate_name || ' (' || subordinate_id || ')', ''), case when factor <> 1 then ' × factor ' || factor_said else '' end, ': ', amount_said,
            case
                when is_held then ' (held)'
                when method = 'interpolated' then ''
                when reason is not null then ' (not paid)'
                else ''
            end
            {% else %}
            case
                when line_type = 'bonus' then '绩效奖金 ' || coalesce(component_zh || ' ', '') || subject
                when line_type = 'threshold' and amount < 0 then '起付线扣减'
                when line_type = 'threshold' then '达到起付线后补发'
                when line_type = 'cap' and amount < 0 then '封顶扣减'
                when line_type = 'cap' then '封顶返还'
                when line_type = 'cap_carry' and amount < 0 then '结转金额重新等待'
                when line_type = 'cap_carry' then '发放上期结转'
                when method = 'original_rate' and amount > 0 then '按原费率返还 ' || subject
                when method = 'original_rate' then '按原费率追回 ' || subject
                when method = 'prize' then '竞赛奖金'
                when method = 'interpolated' then '插值提成 ' || subject
                when line_type = 'spiff' then '专项激励 ' || subject
                when line_type = 'earning' and subordinate_id is not null then '团队提成 ' || subject
                when line_type = 'earning' then '提成 ' || subject
                else line_type || ' ' || subject
            end, coalesce('（' || subordinate_name || ' ' || subordinate_id || ' 的业绩）', ''), case when factor <> 1 then ' × 系数 ' || factor_said else '' end, '：', amount_said,
            case
                when is_held then '（暂缓）'
                when method = 'interpolated' then ''
                when reason is not null then '（不计奖）'
                else ''
            end
            {% endif %}
        )
    end
{%- endmacro %}
