{#- A number as people write it, exact: thousands set off, zeros at the end left out. NULL stays NULL. -#}
{% macro spoken_number(value) -%}
    (
        case when {{ value }} < 0 then '-' else '' end
        || format('{:,}', cast(trunc(abs({{ value }})) as hugeint))
        || rtrim(rtrim('.' || split_part(cast(abs({{ value }}) as varchar), '.', 2), '0'), '.')
    )
{%- endmacro %}

{#- A share as a percentage, exact: 0.055000 is 5.5 %. -#}
{% macro spoken_share(value) -%} {{ spoken_number('cast(' ~ value ~ ' * 100 as decimal(24, 6))') }} || ' %' {%- endmacro %}

{#- The parts of a line's credit by band, from the JSON that `fct_earning_line.band_parts` holds: one row a part. -#}
{% macro band_parts_as_rows(band_parts) -%}
    unnest(from_json(
        {{ band_parts }},
        '[{"band": "INTEGER", "from": "DECIMAL(24,6)", "to": "DECIMAL(24,6)", "rate": "DECIMAL(18,6)", "amount": "DECIMAL(24,6)"}]'
    ))
{%- endmacro %}

{#- What a step says, in plain words; `language` is en or zh. A step without words of its own shows its amount. -#}
{% macro statement_text(language) -%}
{%- set words = {
    'quota_month': (
        ["subject", "': target '", "#target", "' × ramp '", "%ramp", "' × '", "active_days", "' of '", "period_days", "' days active = quota '", "#effective_quota"],
        ["subject", "'：目标 '", "#target", "' × 爬坡比例 '", "%ramp", "' × 在岗 '", "active_days", "' 天 ÷ 共 '", "period_days", "' 天 = 有效目标 '", "#effective_quota"]),
    'quota': (
        ["'Quota of '", "subject", "': '", "#effective_quota"],
        ["subject", "' 有效目标合计：'", "#effective_quota"]),
    'scale': (
        ["'Band '", "band_no", "': from '", "#lower_amount", "coalesce(' to ' || @upper_amount, ' on')", "' at '", "%rate"],
        ["'第 '", "band_no", "' 档：'", "#lower_amount", "coalesce(' 至 ' || @upper_amount, ' 以上')", "'，费率 '", "%rate"]),
    'credit': (
        ["event_date", "' '", "subject", "' of '", "document_id", "': '", "#slice_amount", "', share '", "%rate", "' = '", "#target", "' × exchange rate '", "#factor", "' = credit '", "#credited_amount"],
        ["event_date", "' '", "subject", "' '", "document_id", "'：'", "#slice_amount", "'，分成 '", "%rate", "' = '", "#target", "' × 汇率 '", "#factor", "' = 业绩 '", "#credited_amount"]),
    'slice': (
        ["#slice_amount", "' in the band from '", "#lower_amount", "coalesce(' to ' || @upper_amount, ' on')", "' × '", "%rate"],
        ["'落在 '", "#lower_amount", "coalesce(' 至 ' || @upper_amount, ' 以上')", "' 档的部分 '", "#slice_amount", "' × '", "%rate"]),
    'score_kpi': (
        ["subject", "': '", "#slice_amount", "' of '", "#target", "' counts as '", "%factor", "', weight '", "%rate"],
        ["subject", "'：实际 '", "#slice_amount", "' / 目标 '", "#target", "'，计分 '", "%factor", "'，权重 '", "%rate"]),
    'score': (
        ["'Score '", "#factor", "coalesce(', grade ' || subject, '')", "coalesce(': base ' || @target || ' × coefficient ' || @rate || ' × ' || active_days || ' of ' || period_days || ' days', '')"],
        ["'得分 '", "#factor", "coalesce('，等级 ' || subject, '')", "coalesce('：基数 ' || @target || ' × 系数 ' || @rate || ' × 在岗 ' || active_days || ' 天 ÷ 共 ' || period_days || ' 天', '')"]),
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
            {%- if piece.startswith('#') -%} coalesce({{ spoken_number(piece[1:]) }}, '–')
            {%- elif piece.startswith('%') -%} coalesce({{ spoken_share(piece[1:]) }}, '–')
            {%- else -%} {{ piece
                .replace('@upper_amount', spoken_number('upper_amount'))
                .replace('@target', spoken_number('target'))
                .replace('@rate', spoken_number('rate')) }}
            {%- endif -%}{{ ', ' if not loop.last }}
        {%- endfor %})
    {%- endfor %}
        else concat(
            {% if language == 'en' %}
            case line_type
                when 'earning' then 'Commission' when 'bonus' then 'Bonus' when 'spiff' then 'SPIFF'
                when 'threshold' then 'Threshold' when 'cap' then 'Cap' when 'cap_carry' then 'Carried over the cap'
                else line_type
            end, ' of ', subject, ': ', {{ spoken_number('amount') }},
            case when is_held then ' (held)' when reason is not null then ' (not paid)' else '' end
            {% else %}
            case line_type
                when 'earning' then '提成' when 'bonus' then '奖金' when 'spiff' then '专项激励'
                when 'threshold' then '门槛' when 'cap' then '封顶' when 'cap_carry' then '封顶结转' else line_type
            end, ' ', subject, '：', {{ spoken_number('amount') }},
            case when is_held then '（暂缓）' when reason is not null then '（不计奖）' else '' end
            {% endif %}
        )
    end
{%- endmacro %}
