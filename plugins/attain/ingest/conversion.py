"""From text to types by explicit rules: the SQL that converts a batch, and the reasons for what it refused.

A cell is either read in exactly one way or refused; nothing is rounded and no reading is guessed. The conversion
is one DuckDB query a batch in which every cell first tries a cheap form (`2025-01-03`, `1234.50`) and only what
does not fit is normalised and tried again. The reasons are worked out afterwards, for refused cells only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from attain.ingest.contracts import Column, Feed
from attain.ingest.tables import NOT_COMPUTED

# Marks at the ends of a cell that nobody sees.
INVISIBLE = " \t\r\n\u00a0\u3000\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_WIDE = "０１２３４５６７８９．，－−＋（）％￥＄／：　"
_NARROW = "0123456789.,--+()%¥$/: "

FIRST_DAY, LAST_DAY = "1990-01-01", "2100-12-31"
# Serial numbers of spreadsheets for the same days; 25569 is 1970-01-01.
_FIRST_SERIAL, _LAST_SERIAL = 32874, 73415

DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%b %d, %Y", "%B %d, %Y")
_TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
MOMENT_FORMATS = (
    *DATE_FORMATS,
    *(f"{day}{gap}{time}" for time in _TIMES for day in DATE_FORMATS for gap in (" ", "T")),
)

# ISO 4217, the codes in use.
CURRENCIES = frozenset(
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "ANG",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BGN",
        "BHD",
        "BIF",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BTN",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CRC",
        "CUP",
        "CVE",
        "CZK",
        "DJF",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ERN",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GHS",
        "GIP",
        "GMD",
        "GNF",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "IQD",
        "IRR",
        "ISK",
        "JMD",
        "JOD",
        "JPY",
        "KES",
        "KGS",
        "KHR",
        "KMF",
        "KPW",
        "KRW",
        "KWD",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "LYD",
        "MAD",
        "MDL",
        "MGA",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MRU",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "OMR",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "PYG",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "RWF",
        "SAR",
        "SBD",
        "SCR",
        "SDG",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "SSP",
        "STN",
        "SVC",
        "SYP",
        "SZL",
        "THB",
        "TJS",
        "TMT",
        "TND",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "UGX",
        "USD",
        "UYU",
        "UZS",
        "VED",
        "VES",
        "VND",
        "VUV",
        "WST",
        "XAF",
        "XCD",
        "XOF",
        "XPF",
        "YER",
        "ZAR",
        "ZMW",
        "ZWG",
    ]
)
_CURRENCY_NAMES = {
    "rmb": "CNY", "人民币": "CNY", "人民币元": "CNY", "美元": "USD", "欧元": "EUR", "港币": "HKD", "港元": "HKD",
    "日元": "JPY", "英镑": "GBP", "新加坡元": "SGD", "澳元": "AUD", "加元": "CAD",
    "澳大利亚元": "AUD", "加拿大元": "CAD",
    "瑞士法郎": "CHF", "丹麦克朗": "DKK", "挪威克朗": "NOK", "瑞典克朗": "SEK", "新西兰元": "NZD", "澳门元": "MOP",
    "新台币": "TWD", "台币": "TWD", "韩国元": "KRW", "韩元": "KRW", "泰国铢": "THB", "泰铢": "THB", "菲律宾比索": "PHP",
    "林吉特": "MYR", "马来西亚林吉特": "MYR", "印尼卢比": "IDR", "印度卢比": "INR", "卢布": "RUB", "俄罗斯卢布": "RUB",
    "南非兰特": "ZAR", "阿联酋迪拉姆": "AED", "沙特里亚尔": "SAR", "土耳其里拉": "TRY",
    "巴西里亚尔": "BRL", "巴西雷亚尔": "BRL",
    "匈牙利福林": "HUF", "墨西哥比索": "MXN", "波兰兹罗提": "PLN", "以色列谢克尔": "ILS", "越南盾": "VND",
}  # fmt: skip
_YES = ("true", "yes", "y", "1", "是", "有效", "启用", "在售")
_NO = ("false", "no", "n", "0", "否", "无效", "停用", "停售")

# Cells of ids and days that systems and people write where there is none.
NO_VALUE = {
    "id": r"(?i)[-—–―－−/]+|无|暂无|n/a|null|none|nan|undefined",
    **dict.fromkeys(("date", "timestamp", "month"), r"[-—–―－−/]+"),
}
LONGEST_NO_VALUE = 9
# What spreadsheets put before a text that is to stay one: the formula `="0001"`, an apostrophe (or a backtick).
ESCAPES = "='`"
_FORMULA_OF_TEXT = '(?s)^="([^"]*)"$'
_APOSTROPHE = "^['`]"

# Signs and words of currencies beside an amount; those that one may stand for. 元 is the unit of many.
_DOLLARS = ("USD", "HKD", "SGD", "AUD", "CAD", "NZD", "TWD", "MXN", "BND", "FJD")
_SIGNS: dict[str, tuple[str, ...]] = {
    "US$": ("USD",),
    "HK$": ("HKD",),
    "人民币": ("CNY",),
    "RMB": ("CNY",),
    **{code: (code,) for code in ("CNY", "USD", "EUR", "HKD", "JPY", "GBP")},
    "¥": ("CNY", "JPY"),
    "$": _DOLLARS,
    "€": ("EUR",),
    "£": ("GBP", "EGP"),
}
# Those that can't be of an amount in yuan.
FOREIGN_SIGNS = tuple(sign for sign, meant in _SIGNS.items() if "CNY" not in meant)
_SIGN_WORDS = "|".join(sign.replace("$", "[$]") for sign in _SIGNS)
CURRENCY_SIGN = f"(?i)(?:{_SIGN_WORDS})"

DECIMALS = {"money": (16, 2), "decimal": (16, 8), "percent": (5, 4)}
SCIENTIFIC = r"[+-]?(\d+\.\d*|\.\d+)[eE][+-]?\d+|[+-]?\d+[eE][+-]\d+"


@dataclass(frozen=True)
class Formats:
    """How a file writes what can be written in several ways.

    Attributes:
        timezone: zone of moments that name none.
        date_formats: strptime formats tried before the unambiguous ones, e.g. `%d/%m/%Y`.
        decimal_separator: `.` or `,`; the other one separates thousands.
        is_set: whether somebody has set them, rather than nobody.
    """

    timezone: str
    date_formats: tuple[str, ...] = ()
    decimal_separator: str = "."
    is_set: bool = False


@dataclass(frozen=True)
class Reading:
    """Where a canonical column comes from, a column of the file or a constant, and what its values mean.

    Neither: the file lacks it, which only the mark of a deleted record may.
    """

    column: Column
    index: int | None
    constant: str | None = None
    values: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Selection:
    """Rows of a file that a mapping means: those whose cell is (or is not, when negated) among the values."""

    index: int
    values: tuple[str, ...]
    negated: bool


# The name that a faulty mark of deletion goes by.
DELETED = "_deleted"
# What stands before the name of an amount whose sign is of another currency than its row.
OTHER_CURRENCY = "_other_currency:"

# What became of a row, as the query says it.
LOADED, REFUSED, KEYLESS, NOT_FOR_FEED, HEADER_AGAIN, BLANK = range(6)


def conversion_sql(
    feed: Feed,
    readings: Sequence[Reading],
    header: Sequence[str],
    extras: Mapping[str, int],
    selections: Sequence[Selection],
    formats: Formats,
    deleted: int | None = None,
) -> str:
    """The query that converts the relation `batch` (text columns c0, c1, …, trimmed of `INVISIBLE`, and `_row_number`).

    It answers, in the order of the batch: the contract's columns in their types, `_row_number`, `_extra`, `_state`
    (what became of the row) and `_faults` (canonical names of the refused cells, NULL when there are none).
    A `KEYLESS` row has no cell of its key, or a totals label there; the caller decides what it is. Where the column
    `deleted` says yes the row is the mark of a deleted record (`_is_deleted`) and needs nothing but its key.
    """
    names = [column.name for column in feed.columns]
    by_name = {reading.column.name: reading for reading in readings}
    of_file = [name for name in names if name in by_name]
    cells = [f"{_cell(by_name[name])} as a_{name}" for name in of_file]
    quick = [f"{_quick(by_name[name].column, f'a_{name}', formats)} as f_{name}" for name in of_file]
    slow = {name: _slow(by_name[name].column, f"n_{name}", formats) for name in of_file}
    hard = [name for name in of_file if slow[name]]
    normal = [
        f"case when f_{name} is null and a_{name} is not null "
        f"then {_normalised(by_name[name].column, f'a_{name}', formats)} end as n_{name}"
        for name in hard
    ]
    values = [
        f"coalesce(f_{name}, {slow[name]}) as v_{name}" if name in hard else f"f_{name} as v_{name}" for name in of_file
    ]
    faults = {name: _fault(by_name[name].column, feed) for name in of_file}
    signs, of_signs = _signs(by_name, feed)
    normal += signs
    faults |= of_signs
    outputs = []
    for column in feed.columns:
        value = f"v_{column.name}" if column.name in by_name else "null"
        if column.default is not None:
            value = f"coalesce({value}, {default_sql(column)})"
        outputs.append(f'{value}::{column.sql_type} as "{column.name}"')
    if deleted is not None:
        mark = _trimmed(f"c{deleted}")
        values.append(
            f"case when {mark} is null or lower({mark}) in ({', '.join(map(_literal, _NO))}) then false "
            f"when lower({mark}) in ({', '.join(map(_literal, _YES))}) then true end as _mark"
        )
        faults = {
            name: fault if name in feed.key else f"(_mark is not true and {fault})" for name, fault in faults.items()
        }
        faults[DELETED] = "_mark is null"
    wrong = " or ".join(f"coalesce({fault}, false)" for fault in faults.values() if fault) or "false"
    named = ", ".join(f"case when {fault} then {_literal(name)} end" for name, fault in faults.items() if fault)
    return f"""
        with cells as (
            select *, {", ".join(cells)} from batch
        ), quick as (
            select *, {", ".join(quick)} from cells
        ), normal as (
            select *, {", ".join(normal) or "null as n_"} from quick
        ), converted as (
            select *, {", ".join(values)} from normal
        ), judged as (
            select *, {_state(feed, by_name, header, selections, wrong)} as _state from converted
        )
        select
            {", ".join(outputs)},
            _row_number,
            {extra_sql(extras)} as _extra,
            {"false" if deleted is None else "_mark"} as _is_deleted,
            _state,
            case when _state in ({REFUSED}, {KEYLESS})
                then list_filter([{named}]::VARCHAR[], name -> name is not null) end as _faults
        from judged
    """


def value_sql(reading: Reading, formats: Formats) -> str:
    """The query that converts one column of `batch` alone, by the same rules.

    It answers, in the order of the batch, the typed `value` and whether the cell `is_unread`: refused, not blank.
    """
    column = reading.column
    slow = _slow(column, "n", formats)
    read = f"coalesce(f, {slow})" if slow else "f"
    return f"""
        with cells as (
            select {_cell(reading)} as a from batch
        ), quick as (
            select a, {_quick(column, "a", formats)} as f from cells
        ), normal as (
            select *, case when f is null and a is not null then {_normalised(column, "a", formats)} end as n from quick
        ), converted as (
            select a, ({read})::{column.sql_type} as value from normal
        )
        select value, a is not null and value is null as is_unread from converted
    """


def currency_of(text: str) -> str | None:
    """The ISO 4217 code that a word means, as cells of a currency are read; None if it means none."""
    code = text.strip().upper()
    return code if code in CURRENCIES else _CURRENCY_NAMES.get(text.strip().casefold())


def default_sql(column: Column) -> str:
    """The value that stands for a blank or absent cell of a column with a default."""
    return f"{_literal(column.default or '')}::{column.sql_type}"


def _cell(reading: Reading) -> str:
    if reading.index is None:
        return "null::VARCHAR" if reading.constant is None else f"{_literal(reading.constant)}::VARCHAR"
    cell = f"nullif({_unescaped(f'c{reading.index}', reading.column.type)}, '')"
    if reading.values:
        cases = " ".join(
            f"when {_literal(said.casefold())} then {_literal(meant)}" for said, meant in reading.values.items()
        )
        return f"nullif(case lower({cell}) {cases} else {cell} end, '')"
    return cell


def _trimmed(cell: str) -> str:
    return f"nullif({cell}, '')"


def _unescaped(cell: str, type_name: str) -> str:
    """A cell without what made a spreadsheet keep it as text, and blank where it says that there is no value."""
    text = f"regexp_replace({cell}, {_literal(_FORMULA_OF_TEXT)}, '\\1')"
    marks = "="
    if type_name != "text":
        marks = ESCAPES
        text = f"regexp_replace({text}, {_literal(_APOSTROPHE)}, '')"
    said = f"when contains({_literal(marks)}, {cell}[1]) then trim({text}, {_literal(INVISIBLE)})"
    none = NO_VALUE.get(type_name)
    if none is not None:
        said += f" when length({cell}) <= {LONGEST_NO_VALUE} and regexp_full_match({cell}, {_literal(none)}) then ''"
    return f"case when {cell} = '' then '' {said} else {cell} end"


def _quick(column: Column, cell: str, formats: Formats) -> str:
    """The value of a cell in its commonest form, else NULL (which may yet be read by `_slow`)."""
    if column.type == "id":
        return (
            f"case when {_is_error(cell)} then null "
            f"when starts_with({cell}, 'zcrm_') then nullif(substr({cell}, 6), '') "
            f"when ends_with({cell}, '.0') and regexp_full_match({cell}, '\\d+\\.0') then {cell}[:-3] "
            f"when (contains({cell}, 'E') or contains({cell}, 'e')) "
            f"and regexp_full_match({cell}, '{SCIENTIFIC}') then null "
            f"else {cell} end"
        )
    if column.type == "text":
        return _one_of(column, cell) if column.values else f"case when {_is_error(cell)} then null else {cell} end"
    if column.type == "currency":
        names = " ".join(f"when {_literal(name)} then '{code}'" for name, code in _CURRENCY_NAMES.items())
        codes = ", ".join(f"'{code}'" for code in sorted(CURRENCIES))
        return (
            f"case when {cell} in ('CNY', 'USD', 'EUR', 'HKD', 'JPY', 'GBP') then {cell} "
            f"when list_contains([{codes}], upper({cell})) then upper({cell}) "
            f"else case lower({cell}) {names} end end"
        )
    if column.type == "date":
        day = f"case when length({cell}) = 10 and {cell} like '____-__-__' then try_cast({cell} as DATE) end"
        return _within(day, "DATE")
    if column.type == "timestamp":
        moment = (
            f"case when length({cell}) = 19 and {cell} like '____-__-__ __:__:__' "
            f"and not {cell} like '___________24:%' "
            f"then try_cast({cell} as TIMESTAMP) end"
        )
        return _utc(_within(moment, "TIMESTAMP"), formats)
    if column.type in DECIMALS:
        if formats.decimal_separator == ",":
            return f"null::{column.sql_type}"
        whole, decimals = DECIMALS[column.type]
        form = f"-?\\d{{1,{whole}}}(\\.\\d{{1,{decimals}}}0*)?"
        return f"case when regexp_full_match({cell}, '{form}') then try_cast({cell} as {column.sql_type}) end"
    if column.type == "integer":
        return f"case when regexp_full_match({cell}, '-?\\d{{1,18}}') then try_cast({cell} as BIGINT) end"
    if column.type == "boolean":
        return (
            f"case when lower({cell}) in ({', '.join(map(_literal, _YES))}) then true "
            f"when lower({cell}) in ({', '.join(map(_literal, _NO))}) then false end"
        )
    return f"case when regexp_full_match({cell}, '(19[9]\\d|20\\d\\d|2100)-(0[1-9]|1[0-2])') then {cell} end"


def _is_error(cell: str) -> str:
    return f"starts_with({cell}, '#') and regexp_full_match({cell}, {_literal(f'(?s){_ERRORS}')})"


def _one_of(column: Column, cell: str) -> str:
    meanings = {meant.casefold(): meant for meant in column.values.values()}
    meanings.update({said.casefold(): meant for said, meant in column.values.items()})
    cases = " ".join(f"when {_literal(said)} then {_literal(meant)}" for said, meant in meanings.items())
    return f"case lower({cell}) {cases} end"


def _normalised(column: Column, cell: str, formats: Formats) -> str:
    """The text that `_slow` reads: narrow characters, and for numbers without blanks and currency signs."""
    narrow = f"translate({cell}, '{_WIDE}', '{_NARROW}')"
    if column.type in ("date", "timestamp", "month"):
        day = f"trim({narrow}, {_literal(INVISIBLE)})"
        return day if column.type == "month" else _moment_rewritten(day)
    # Blanks between digits separate thousands; anywhere else between them they make two numbers.
    blank = "[\\s\\x{00a0}\\x{2009}\\x{202f}]"
    grouped = f"\\D*\\d{{1,3}}({blank}+\\d{{3}})+([.,]\\d*)?\\D*"
    bare = (
        f"case when regexp_matches({narrow}, '\\d{blank}+\\d') and not regexp_full_match({narrow}, '{grouped}') "
        f"then {narrow} else regexp_replace({narrow}, '{blank}+', '', 'g') end"
    )
    bare = f"regexp_replace({bare}, {_literal(f'(?i)^([(+-]*)(?:{_SIGN_WORDS})([(+-]*)')}, '\\1\\2')"
    bare = f"regexp_replace({bare}, {_literal(f'(?i)(?:{_SIGN_WORDS}|人民币元|元)([)]?)$')}, '\\1')"
    bare = f"regexp_replace({bare}, '^\\(([^()+-]+)\\)$', '-\\1')"
    bare = f"regexp_replace({bare}, '^([^()+-]+)-$', '-\\1')"
    if column.type == "percent":
        bare = f"regexp_replace({bare}, '%$', '')"
    return f"translate({bare}, '.,', ',.')" if formats.decimal_separator == "," else bare


def _slow(column: Column, text: str, formats: Formats) -> str:
    """The value of a normalised cell; empty for types that `_quick` reads in full."""
    if column.type in ("date", "timestamp"):
        local, absolute = _moments(text, formats)
        if column.type == "timestamp":
            return f"coalesce({_utc(local, formats)}, {absolute})"
        zoned = f"timezone({_literal(formats.timezone)}, timezone('UTC', {absolute}))"
        return f"coalesce({local}, {zoned})::DATE"
    if column.type in (*DECIMALS, "integer"):
        grouped = r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?"
        decimals = DECIMALS.get(column.type, (18, 0))[1]
        plain = f"regexp_replace(regexp_replace(replace({text}, ',', ''), '(\\.\\d*?)0+$', '\\1'), '\\.$', '')"
        return (
            f"case when regexp_full_match({text}, '{grouped}') "
            f"and regexp_full_match({plain}, '[+-]?\\d+(\\.\\d{{1,{max(decimals, 1)}}})?') "
            + ("" if decimals else f"and not contains({plain}, '.') ")
            + f"then try_cast({plain} as {column.sql_type}) end"
        )
    if column.type == "month":
        day = _within(
            f"coalesce(try_strptime({text}, ['%Y-%m', '%Y/%m', '%Y.%m', '%Y年%m月', '%b %Y', '%B %Y']), "
            f"case when regexp_full_match({text}, '\\d{{6}}') then try_strptime({text}, '%Y%m') end, "
            f"case when day({_moments(text, formats)[0]}) = 1 then {_moments(text, formats)[0]} end)",
            "TIMESTAMP",
        )
        return f"strftime({day}, '%Y-%m')"
    return ""


def _moments(text: str, formats: Formats) -> tuple[str, str]:
    """A normalised text as a local moment, and as a moment in UTC where it names its zone."""
    listed = ", ".join(_literal(form) for form in (*formats.date_formats, *MOMENT_FORMATS))
    serial = (
        f"case when regexp_full_match({text}, '\\d{{5}}(\\.0+)?') "
        f"and try_cast({text} as DOUBLE) between {_FIRST_SERIAL} and {_LAST_SERIAL} "
        f"then (DATE '1899-12-30' + try_cast({text} as DOUBLE)::INTEGER)::TIMESTAMP end"
    )
    compact = f"case when regexp_full_match({text}, '\\d{{8}}') then try_strptime({text}, '%Y%m%d') end"
    zone = r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):.*(Z|[+-]\d{2}:?\d{2})"
    # Seconds or milliseconds since 1970, of the years 2001 to 2033: no other number of a date has 10 or 13 digits.
    epoch = (
        f"when regexp_full_match({text}, '1\\d{{9}}(\\d{{3}})?') "
        f"then to_timestamp(rpad({text}, 13, '0')::BIGINT / 1000)"
    )
    absolute = f"case when regexp_full_match({text}, '{zone}') then try_cast({text} as TIMESTAMPTZ) {epoch} end"
    local = f"coalesce(try_strptime({text}, [{listed}]), {compact}, {serial})"
    return _within(local, "TIMESTAMP"), f"timezone('UTC', {_within(absolute, 'TIMESTAMPTZ')})"


def _within(moment: str, sql_type: str) -> str:
    """NULL for what lies outside the years that a business tells of."""
    end = LAST_DAY if sql_type == "DATE" else f"{LAST_DAY} 23:59:59.999999"
    return f"(list_filter([{moment}], m -> m between '{FIRST_DAY}'::{sql_type} and '{end}'::{sql_type}))[1]"


def _utc(local: str, formats: Formats) -> str:
    since, offset = steady_since(formats.timezone)
    exact = f"timezone('UTC', timezone({_literal(formats.timezone)}, {local}))"
    if since is None:
        return exact
    # Most zones that don't change their clocks any more: a subtraction is five times as fast.
    steady = f"({local}) - interval {offset} second"
    return f"case when ({local}) >= TIMESTAMP '{since}' then {steady} else {exact} end"


@cache
def steady_since(timezone: str) -> tuple[date | None, int]:
    """First day from which the zone keeps one offset (in seconds) for good; None while it still changes its clocks."""
    zone = ZoneInfo(timezone)

    def offset(year: int, month: int) -> timedelta:
        return datetime(year, month, 1, 12, tzinfo=zone).utcoffset() or timedelta()

    last = offset(2100, 12)
    for year in range(2100, 1989, -1):
        if any(offset(year, month) != last for month in range(1, 13)):
            return (date(year + 1, 1, 2) if year < 2020 else None), int(last.total_seconds())
    return date(1990, 1, 2), int(last.total_seconds())


# Days and moments in the forms that `_moments` reads as they are.
_USUAL_MOMENT = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( [AaPp][Mm])?)?|\d{5}|\d{8}|\d{10}|\d{13}"
    r"|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})|\d{4}年\d{1,2}月\d{1,2}日"
)
# Other forms that have one reading only, and what they become, one after the other.
_MOMENTS_REWRITTEN = (
    (r"^(?i:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?i:day)?,? (.*\d{4}.*)$", r"\1"),
    (r"^(\d{1,2})[-/ .]+([A-Za-z]{3,9})[-/ .,]+(\d{4})\b", r"\2 \1, \3"),
    (r"^([A-Za-z]{3,9})[-/ .]+(\d{1,2})[-/ .,]+(\d{4})\b", r"\1 \2, \3"),
    (r"日([\d上下])", r"日 \1"),
    (r"(\d{1,2})[时點点](\d{1,2})分(\d{1,2})秒$", r"\1:\2:\3"),
    (r"(\d{1,2})[时點点](\d{1,2})分$", r"\1:\2"),
    (r" ?上午 ?([\d:]+)$", r" \1 AM"),
    (r" ?下午 ?([\d:]+)$", r" \1 PM"),
    (r"(\d)([AaPp][Mm])$", r"\1 \2"),
    (r"^(\d{4})(\d{2})(\d{2})[T ]?(\d{2})(\d{2})(\d{2})(Z|[+-]\d{2}:?\d{2})?$", r"\1-\2-\3 \4:\5:\6\7"),
    (r"^(\d{4})(\d{2})(\d{2}) (\d{1,2}:)", r"\1-\2-\3 \4"),
    (r"^(\d{4})[/.](\d{2})[/.](\d{2})([T ]\d{2}:\d{2}.*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))$", r"\1-\2-\3\4"),
    (r"(:\d{2}(?:\.\d+)?) ?(?:UTC|GMT)$", r"\1Z"),
    (r"(:\d{2}(?:\.\d+)?) ?([+-]\d{2}):?(\d{2})(?: [A-Z]{3,5})?$", r"\1\2:\3"),
    (r"^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})$", r"\1:00\2"),
)


def _moment_rewritten(text: str) -> str:
    """A text of a day or a moment in a form that `_moments` reads, if it has only one reading."""
    written = f"regexp_replace({text}, '\\s+', ' ', 'g')"
    for form, becomes in _MOMENTS_REWRITTEN:
        written = f"regexp_replace({written}, {_literal(form)}, {_literal(becomes)})"
    return f"case when regexp_full_match({text}, {_literal(_USUAL_MOMENT)}) then {text} else {written} end"


def _signs(by_name: Mapping[str, Reading], feed: Feed) -> tuple[list[str], dict[str, str]]:
    """The signs of amounts as columns `s_<name>`, and by fault the amounts whose sign is of another currency than their
    row; none where two currencies may be meant."""
    currencies = [column for column in feed.columns if column.type == "currency"]
    if len(currencies) != 1:
        return [], {}
    (column,) = currencies
    said = f"v_{column.name}" if column.name in by_name else "null"
    if column.default is not None:
        said = f"coalesce({said}, {_literal(column.default)})"
    amounts = [name for name, read in by_name.items() if read.column.type == "money" and read.index is not None]
    signs = [
        f"case when f_{name} is null and a_{name} is not null "
        f"then upper(regexp_extract(translate(a_{name}, '￥＄', '¥$'), {_literal(CURRENCY_SIGN)})) end as s_{name}"
        for name in amounts
    ]
    faults = {}
    for name in amounts:
        cases = " ".join(
            f"when {_literal(written)} then {said} not in ({', '.join(map(_literal, meant))})"
            for written, meant in _SIGNS.items()
        )
        faults[f"{OTHER_CURRENCY}{name}"] = f"(v_{name} is not null and case s_{name} {cases} end)"
    return signs, faults


def _fault(column: Column, feed: Feed) -> str:
    name = column.name
    unread = f"(a_{name} is not null and v_{name} is null)"
    needed = (column.required or name in feed.key) and column.default is None
    return f"v_{name} is null" if needed else unread


def _state(
    feed: Feed, by_name: Mapping[str, Reading], header: Sequence[str], selections: Sequence[Selection], wrong: str
) -> str:
    keys = [
        by_name[name]
        for name in feed.key
        if name in by_name and by_name[name].index is not None and by_name[name].column.default is None
    ]
    keyless = " and ".join(f"(a_{key.column.name} is null or {_is_totals(f'a_{key.column.name}')})" for key in keys)
    blank = f"concat({', '.join(f'c{index}' for index in range(len(header)))}) = ''"
    again = " and ".join(
        f"{_trimmed(f'c{key.index}')} = {_literal(header[key.index].strip(INVISIBLE))}"
        for key in keys
        if key.index is not None
    )
    cases = []
    if keys:
        cases.append(f"when {keyless} then case when {blank} then {BLANK} else {KEYLESS} end")
        cases.append(f"when {again} then {HEADER_AGAIN}")
        cases.append(f"when {_is_footer(keys[0], by_name)} then {KEYLESS}")
    if selections:
        cases.append(f"when {not_chosen_sql(selections)} then {NOT_FOR_FEED}")
    return f"(case {' '.join(cases)} when {wrong} then {REFUSED} else {LOADED} end)::TINYINT"


def _is_totals(cell: str) -> str:
    """Whether a key's cell is the label of a totals row; asks for the one letter that all labels have first."""
    form = f"translate(lower({cell}), ' \u3000\u00a0', '')"
    return (
        f"(length({cell}) < {_LONGEST_LABEL} and (contains({cell}, '计') or contains({cell}, '汇总') "
        f"or contains(lower({cell}), 'total')) "
        f"and (regexp_full_match({form}, {_literal(_TOTALS)}) "
        f"or regexp_full_match(lower({cell}), {_literal(_TOTAL_OF)})))"
    )


def _is_footer(key: Reading, by_name: Mapping[str, Reading]) -> str:
    """Whether a key's cell is a line below the table, with no number and no day in the row; names may be beside it."""
    others = [
        f"a_{name}"
        for name, reading in by_name.items()
        if reading.column.type not in ("text", "id") and reading.index is not None and reading.column.default is None
    ]
    blank = f"coalesce({', '.join(f'{cell}::VARCHAR' for cell in others)}) is null and " if others else ""
    return f"{blank}regexp_full_match(lower(a_{key.column.name}), {_literal(_FOOTER)})"


def not_chosen_sql(selections: Sequence[Selection]) -> str:
    """Whether a row of `batch` is none of those that a mapping means."""
    return " or ".join(
        f"{'' if selection.negated else 'not '}coalesce(lower({_trimmed(f'c{selection.index}')}), '') in "
        f"({', '.join(_literal(value.casefold()) for value in selection.values)})"
        for selection in selections
    )


def extra_sql(extras: Mapping[str, int]) -> str:
    """The columns of `batch` that are kept as they are, as JSON."""
    if not extras:
        return "null::VARCHAR"
    packed = ", ".join(f"{_literal(name)}: {_trimmed(f'c{index}')}" for name, index in extras.items())
    return f"to_json({{{packed}}})::VARCHAR"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# Labels of totals rows, in lower case and without blanks; read by Python and by DuckDB alike.
_COUNTED = "(笔|条|单|行|项|张|户|家|个|件|份|人|records?|rows?|items?)"
_TOTALS = (
    "(本页|本月|本季度?|本年|本期|本组|当页|当月|总|全部)?(合计|总计|小计|累计|共计|汇总)(金额|数量|数|额)?"
    f"([(（](元|人民币|rmb|cny)[)）])?[:：]?[(（]?(共?[0-9]+{_COUNTED}?)?[)）]?"
    f"|(grand|sub|sub-|page|report)?totals?:?([(]?[0-9]+{_COUNTED}?[)]?)?"
)
_TOTAL_OF = "total for .+"
_LONGEST_LABEL = 120
_SUBTOTAL = re.compile("小计|subtotal|sub-total|pagetotal|^本[页月季组]|^当[页月]")

# Lines that people and systems write below a table, in lower case.
_FOOTER = (
    "(制表|制单|审核|复核|核对|核准|批准|审批|经办|经手|打印|导出|记账|记帐|出纳|会计|主管|填表|填报|编制|统计|报表|签字"
    "|数据来源|备注|说明|注)[人员者日期时间单位部门签字章 ]{0,6}[:：].*"
    "|[-—]*第? ?[0-9]+ ?页.*|共 ?[0-9]+ ?(页|条|行|笔|项).*|page [0-9]+.*"
    "|(accrual|cash) basis.*|(printed|exported|generated|prepared|created|reviewed)( by| on| at)?[: ].*"
    "|[0-9]{4}[-/.年] ?[0-9]{1,2}[-/.月] ?[0-9]{1,2}日?( [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?"
)

# What cells of a spreadsheet say that have no value.
_ERRORS = (
    r"#(REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA|ERROR!)"
    f"|{NOT_COMPUTED}( =.*)?"
)


def totals_label(text: str) -> str | None:
    """`total`, `subtotal` or `running` when the cell is a label of a totals row, in any of the forms met; else None.

    A running total (累计) goes over rows of earlier files as well, so it can't be checked.
    """
    if len(text) >= _LONGEST_LABEL:
        return None
    plain = text.casefold()
    if re.fullmatch(_TOTAL_OF, plain):
        return "subtotal"
    form = re.sub(r"[\s\u3000\u00a0]+", "", plain)
    if not re.fullmatch(_TOTALS, form):
        return None
    if "累计" in form:
        return "running"
    return "subtotal" if _SUBTOTAL.search(form) else "total"


def names_a_group(text: str) -> bool:
    """Whether a cell reads as a spreadsheet labels the subtotal of a group: `Acme 汇总`, `Acme Total`."""
    return (
        len(text) < _LONGEST_LABEL and re.fullmatch(r"(?i).+(?:[ \u3000]?(?:汇总|小计|合计)| total)", text) is not None
    )


def is_footer(cells: Sequence[str]) -> bool:
    """Whether cells (none of them blank) are a line around the table: who made it, when, which page.

    Each must say so itself or follow one that ends with a colon. A day says so only alone: two of them are of a record.
    """
    if len(cells) > 1 and all(cell[:1].isdigit() for cell in cells):
        return False
    before = ""
    for cell in cells:
        if not before.endswith((":", "：")) and not re.fullmatch(f"(?s){_FOOTER}", cell.casefold()):
            return False
        before = cell
    return bool(cells)


def why_refused(column: Column, text: str | None, formats: Formats) -> tuple[str, str]:
    """Reason and remedy for a refused cell; `text` None: the cell is blank but must not be."""
    none = NO_VALUE.get(column.type)
    if text is None or (none is not None and re.fullmatch(none, text)):
        return "blank, but it must be given", f"fill in {column.name} at the source and send the file again"
    if text.startswith(NOT_COMPUTED):
        return (
            "a formula whose value the file does not hold",
            "open the workbook in a spreadsheet program and save it again, so that its formulas are computed",
        )
    if re.fullmatch(_ERRORS, text):
        return (
            "the error of a formula of the spreadsheet, not a number, day or text",
            "correct the formula at the source; leave the cell empty where there is no value",
        )
    if column.type == "text":
        allowed = ", ".join(dict.fromkeys([*column.values, *column.values.values()]))
        return (
            "not one of the values that the contract knows",
            f"use one of {allowed}, or add it to the contract's values",
        )
    return _REASONS[column.type](text, formats)


def _why_id(text: str, _formats: Formats) -> tuple[str, str]:
    return (
        "an id that a spreadsheet turned into a number; its last digits are lost",
        "export again with the column as text; don't save the file from a spreadsheet program",
    )


def _why_number(text: str, formats: Formats, decimals: int) -> tuple[str, str]:
    narrow = text.translate(str.maketrans(_WIDE, _NARROW))
    if re.search(r"(?i)nan|inf|#|^-+$", narrow):
        return "not a number", "correct it at the source; leave the cell empty where there is no amount"
    if re.fullmatch(SCIENTIFIC, narrow):
        return "written as a power of ten, so its digits may have been rounded", "export it with all its digits"
    if "万" in narrow or "亿" in narrow:
        return "written in 万 or 亿", "write the number in full"
    digits = re.sub(r"[^\d.,]", "", narrow)
    if formats.decimal_separator == ",":
        digits = digits.translate(str.maketrans(".,", ",."))
    if "," in digits and not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", digits):
        return (
            "its separators can be read in two ways",
            f"write it with {formats.decimal_separator!r} before the decimals, or set `decimal` in a mapping",
        )
    if re.search(r"\.\d*[1-9]\d*$", digits) and len(digits.rstrip("0").partition(".")[2]) > decimals:
        return f"more than {decimals} decimals; it is not rounded for you", f"give it with at most {decimals} decimals"
    if len(digits.partition(".")[0].replace(",", "")) > 16 or (decimals == 4 and len(digits.partition(".")[0]) > 5):
        return "larger than any amount that can be stored exactly", "correct it at the source"
    return "not a number in a form that is known", "write it like 1234.50, with nothing else in the cell"


def _why_moment(text: str, _formats: Formats) -> tuple[str, str]:
    if re.fullmatch(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}.*", text):
        return (
            "day and month can't be told apart",
            "export dates as YYYY-MM-DD, or set `date_format` in a mapping for this source",
        )
    if re.fullmatch(r"\d{5}\.\d+", text):
        return "a spreadsheet's number of a moment, not a date", "give the cells a date format, or write YYYY-MM-DD"
    years = re.findall(r"(?<!\d)\d{4,}(?!\d)", text)
    if years and len(years[0]) in (4, 5) and not 1990 <= int(years[0]) <= 2100:
        return "its year is outside 1990–2100", "correct it at the source; leave the cell empty where there is no date"
    if re.fullmatch(r"\d{4}年\d{1,2}月", text):
        return "a month, but a day is needed", "give the day"
    return "not a date that exists, in a form that is known", "write it as YYYY-MM-DD (with HH:MM:SS for a moment)"


_REASONS: dict[str, Callable[[str, Formats], tuple[str, str]]] = {
    "id": _why_id,
    "money": lambda text, formats: _why_number(text, formats, 2),
    "decimal": lambda text, formats: _why_number(text, formats, 8),
    "percent": lambda text, formats: _why_number(text, formats, 4),
    "integer": lambda text, formats: _why_number(text, formats, 0),
    "date": _why_moment,
    "timestamp": _why_moment,
    "month": lambda _text, _formats: ("not a month", "write it as YYYY-MM"),
    "boolean": lambda _text, _formats: ("neither yes nor no", "write true or false, or 是 or 否"),
    "currency": lambda _text, _formats: ("not a currency code", "use the ISO 4217 code, e.g. CNY"),
}
