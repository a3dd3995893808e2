{#-
How names, numbers and tax numbers of customers are compared between systems. Everything here is equality after tidying; how alike
two names are (`likeness`) only ever suggests.
-#}

{#- Letters, digits, marks and blanks of full width as those of half width, without case, blanks in a row as one; NULL when nothing is left. -#}
{% macro tidy_name(value) -%}
    nullif(trim(regexp_replace(lower(translate({{ value }}, '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～　 ', '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~  ')), '\s+', ' ', 'g')), '')
{%- endmacro %}

{#- A number or name of a customer as it is looked up: tidy, without Zoho's prefix of ids and without the .0 of a number read as one. -#}
{% macro customer_reference(value) -%}
    regexp_replace(regexp_replace({{ tidy_name(value) }}, '^zcrm_', ''), '^(\d+)\.0$', '\1')
{%- endmacro %}

{#- What of a name tells the company: `tidy_name` with every mark but brackets as a blank. What stands in brackets (a region) stays. -#}
{% macro words_of_name(tidy) -%}
    trim(regexp_replace(regexp_replace(replace({{ tidy }}, '&', ' and '), '[.''’]', '', 'g'), '[^\p{L}\p{M}\p{N}()]+', ' ', 'g'))
{%- endmacro %}

{#- Forms of companies, as the ends of `words_of_name`. Names of one form are compared without it; a name without a form goes with any. -#}
{% macro legal_forms() -%}
    {{ return([
        ('limited', '(股份有限公司|有限责任公司|有限公司|股份公司)|( (private limited|pvt ltd|pte ltd|pty ltd|co ltd|co limited|company limited|coltd|ltd|limited|co|company))'),
        ('incorporated', ' (co inc|inc|incorporated|corp|corporation)'),
        ('llc', ' (co llc|llc)'),
        ('gmbh', ' (gmbh and co kg|gmbh|mbh)'),
        ('ag', ' (ag)'),
        ('sa', ' (sa|sas|sarl|srl|spa|sl)'),
        ('bv', ' (bv|nv)'),
        ('plc', ' (plc)'),
        ('nordic', ' (ab|as|aps|oy|oyj)'),
        ('kk', '(株式会社)| (kk)'),
    ]) }}
{%- endmacro %}

{#- The form of a company by its name, NULL when it tells none. -#}
{% macro legal_form(words) -%}
    case
        {% for form, ends in legal_forms() %}
        when regexp_matches({{ words }}, '.({{ ends }})$') then '{{ form }}'
        {% endfor %}
    end
{%- endmacro %}

{#- The name without its form and blanks; NULL for names that stand for nobody in particular. -#}
{% macro name_stem(words) -%}
    case
        when {{ words }} not in ({{ "'" ~ names_of_nobody() | join("', '") ~ "'" }})
            then nullif(
                replace(
                    regexp_replace({{ words }}, '(.)({% for form, ends in legal_forms() %}{{ ends }}{{ '|' if not loop.last }}{% endfor %})$', '\1'),
                    ' ', ''
                ),
                ''
            )
    end
{%- endmacro %}

{% macro names_of_nobody() -%}
    {{ return([
        '', '个人', '个人客户', '散客', '零售', '零售客户', '现金客户', '无', '暂无', '未知', '其他', '测试', '待定',
        'na', 'n a', 'none', 'null', 'unknown', 'other', 'test', 'cash', 'cash customer', 'customer', 'tbd', 'individual'
    ]) }}
{%- endmacro %}

{#- A tax number as it is compared: capitals and digits only. -#}
{% macro tidy_tax_number(value) -%}
    regexp_replace(upper(translate({{ value }}, '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ')), '[^0-9A-Z]', '', 'g')
{%- endmacro %}

{#- NULL when a tidy tax number can't be one: too short or too long, without a digit, or one sign repeated. -#}
{% macro usable_tax_number(tidy) -%}
    case
        when
            length({{ tidy }}) between 8 and 20
            and regexp_matches({{ tidy }}, '[0-9]')
            and replace({{ tidy }}, substr({{ tidy }}, 1, 1), '') <> ''
            then {{ tidy }}
    end
{%- endmacro %}

{#-
Whether a tax number is a Chinese unified social credit code whose check sign is right (GB 32100): the signs' places in the
alphabet, weighted by 3^i mod 31, and the place of the last sign add up to a multiple of 31.
-#}
{% macro is_credit_code(number) -%}
    {%- set alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY' -%}
    coalesce(
        regexp_full_match({{ number }}, '[{{ alphabet }}]{18}')
        and (
            {%- for weight in [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1] %}
            {{ weight }} * (strpos('{{ alphabet }}', substr({{ number }}, {{ loop.index }}, 1)) - 1){{ ' +' if not loop.last }}
            {%- endfor %}
        ) % 31 = 0,
        false
    )
{%- endmacro %}
