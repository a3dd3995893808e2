"""The payout workbook for finance: `payouts.xlsx`, made from the Parquet files of the release it lies in.

It holds values only, no formulas: what is added up here is added up exactly, before Excel sees it, and a text that
begins with `=`, `+`, `-` or `@` stays a text. The same release gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb
import xlsxwriter
from rich.cells import cell_len
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from attain.money import minor_unit
from attain.publish import tables

LINE_PERIODS = 3
"""How many of the latest periods the sheet of earning lines shows."""

MAX_LINE_ROWS = 100_000
"""Most earning lines shown: a sheet could hold 1,048,576, but nobody opens it then. All are in Parquet."""

_MAX_TEXT = 32_767  # what one cell of an xlsx file can hold
_EPOCH = datetime(
    1980, 1, 1, tzinfo=UTC
)  # written as the file's time of creation; the release's own date is on the last sheet

Kind = Literal["text", "money", "amount", "ratio", "count", "date"]

STATUS_WORDS = {
    "payable": "payable 应付",
    "held": "held 暂缓",
    "nothing_due": "nothing due 无应付",
    "negative": "negative 待追回",
}


_COUNTED = {"units": "unit", "count": "deal"}
"""What is counted where a rate is money for each, by the measure of a component."""


@dataclass(frozen=True)
class _Column:
    key: str
    title: str
    kind: Kind = "text"
    widest: int = 40


PAYOUT_COLUMNS = (
    _Column("period", "Period\n期间"),
    _Column("payee_id", "Payee\n工号"),
    _Column("full_name", "Name\n姓名"),
    _Column("team", "Team\n团队"),
    _Column("plan_code", "Plan\n方案"),
    _Column("currency_code", "Currency\n币种"),
    _Column("earned_amount", "Earned\n本期应计", "money"),
    _Column("draw_top_up_amount", "Draw, top-up\n预支补足", "money"),
    _Column("draw_recovered_amount", "Draw, recovered\n预支扣还", "money"),
    _Column("penalty_amount", "Penalty\n扣罚金额", "money"),
    _Column("held_amount", "Held\n暂缓", "money"),
    _Column("opening_clawback_balance", "Clawback, opening\n期初待追回", "money"),
    _Column("clawback_recovered", "Clawback, recovered\n本期追回", "money"),
    _Column("legal_limit_amount", "Left by legal limit\n法定限额递延", "money"),
    _Column("closing_clawback_balance", "Clawback, closing\n期末待追回", "money"),
    _Column("payable_amount", "Payable\n应付", "money"),
    _Column("status", "Status\n状态"),
    _Column("hold_reason", "Reason\n原因", widest=60),
)

TOTAL_COLUMNS = (
    _Column("period", "Period\n期间"),
    _Column("currency_code", "Currency\n币种"),
    _Column("payees", "Payees\n人数", "count"),
    _Column("payees_paid", "of them paid\n其中应付", "count"),
    _Column("payees_held", "of them held\n其中暂缓", "count"),
    _Column("earned_amount", "Earned\n本期应计", "money"),
    _Column("draw_top_up_amount", "Draw, top-up\n预支补足", "money"),
    _Column("draw_recovered_amount", "Draw, recovered\n预支扣还", "money"),
    _Column("penalty_amount", "Penalty\n扣罚", "money"),
    _Column("held_amount", "Held\n暂缓", "money"),
    _Column("opening_clawback_balance", "Clawback, opening\n期初待追回", "money"),
    _Column("clawback_recovered", "Clawback, recovered\n本期追回", "money"),
    _Column("closing_clawback_balance", "Clawback, closing\n期末待追回", "money"),
    _Column("payable_amount", "Payable\n应付", "money"),
)

LINE_COLUMNS = (
    _Column("origin_period", "Period\n期间"),
    _Column("payee_id", "Payee\n工号"),
    _Column("full_name", "Name\n姓名"),
    _Column("plan", "Plan, version\n方案版本"),
    _Column("component_code", "Component\n项目"),
    _Column("line_type", "Type\n类型"),
    _Column("event_date", "Event date\n业务日期", "date"),
    _Column("document_id", "Document\n单据", widest=28),
    _Column("event_id", "Event\n事件", widest=28),
    _Column("customer_name", "Customer\n客户", widest=32),
    _Column("product_name", "Product\n产品", widest=32),
    _Column("currency_code", "Currency\n币种"),
    _Column("credited_amount", "Credited\n计奖金额", "amount"),
    _Column("cumulative_before", "Total before\n累计前", "amount"),
    _Column("cumulative_after", "Total after\n累计后", "amount"),
    _Column("effective_quota", "Quota\n有效目标", "amount"),
    _Column("band_words", "How it was worked out\n分档计算", widest=70),
    _Column("effective_rate", "Rate\n综合费率", "ratio"),
    _Column("earned_amount", "Earned\n应计", "money"),
    _Column("held_words", "Held\n暂缓"),
    _Column("hold_reason", "Reason\n原因", widest=50),
    _Column("rule_codes", "Rules\n规则"),
    _Column("source_system", "From\n来源"),
    _Column("file_name", "File\n文件", widest=44),
    _Column("row_number", "Row\n行", "count"),
)

STATEMENT_COLUMNS = (
    _Column("period", "Period\n期间"),
    _Column("payee_id", "Payee\n工号"),
    _Column("full_name", "Name\n姓名"),
    _Column("line_no", "No.\n序号", "count"),
    _Column("plan", "Plan, version\n方案版本"),
    _Column("component_code", "Component\n项目"),
    _Column("section", "Part\n部分"),
    _Column("text_en", "What happens\n英文说明", widest=80),
    _Column("text_zh", "What happens, Chinese\n中文说明", widest=80),
    _Column("currency_code", "Currency\n币种"),
    _Column("amount", "Amount\n金额", "money"),
    _Column("running_total", "Running total\n累计", "money"),
    _Column("rule_codes", "Rules\n规则"),
    _Column("held_words", "Held\n暂缓"),
    _Column("reason", "Reason\n原因", widest=50),
    _Column("document_id", "Document\n单据", widest=28),
    _Column("file_name", "File\n文件", widest=44),
    _Column("row_number", "Row\n行", "count"),
)

HELD_COLUMNS = (
    _Column("scope", "What is held\n范围"),
    _Column("payee_id", "Payee\n工号"),
    _Column("full_name", "Name\n姓名"),
    _Column("subject_id", "Document or payee\n单据或人员", widest=36),
    _Column("currency_code", "Currency\n币种"),
    _Column("amount", "Amount\n金额", "money"),
    _Column("reason", "Why\n原因", widest=70),
    _Column("remedy", "What to do\n处理办法", widest=70),
    _Column("file_name", "File\n文件", widest=44),
    _Column("row_number", "Row\n行", "count"),
)

CHECK_COLUMNS = (
    _Column("outcome", "Outcome\n结果"),
    _Column("severity", "Severity\n级别"),
    _Column("scope", "Scope\n范围"),
    _Column("table_name", "Table\n表", widest=44),
    _Column("check_name", "Check\n检查", widest=60),
    _Column("failing_rows", "Rows that fail\n不合格行数", "count"),
    _Column("reason", "Why it matters\n原因", widest=80),
    _Column("remedy", "What to do\n处理办法", widest=60),
    _Column("owner", "Owner\n负责"),
    _Column("kind", "Checked by\n工具"),
)


def write(folder: Path) -> Path:
    """Write `payouts.xlsx` into the folder of a release from the Parquet files below it.

    Amounts are numbers, shown with the decimals of their currency. One that a spreadsheet's numbers can't hold to
    the cent (16 digits and more) is written as text rather than changed.

    Raises:
        duckdb.Error: a table or column that the workbook shows is not among the Parquet files.
    """
    target = folder / "payouts.xlsx"
    with tables.connect(folder) as engine:
        book = _Book(target)
        _payouts(book, engine)
        _totals(book, engine)
        _lines(book, engine)
        _statements(book, engine)
        _held(book, engine)
        _checks(book, engine)
        _about(book, engine)
        book.close()
    return target


def _payouts(book: _Book, engine: duckdb.DuckDBPyConnection) -> None:
    found = tables.rows(
        engine,
        """SELECT payout.*, person.team
           FROM incentive.fct_payout AS payout
           LEFT JOIN kpi.dim_employee AS person ON person.employee_id = payout.payee_id
           ORDER BY payout.period DESC, payout.currency_code, payout.payee_id, payout.plan_code, payout.payout_id""",
    )
    for row in found:
        row["status"] = STATUS_WORDS.get(row["status"], row["status"])
    book.table("Payouts 应付", PAYOUT_COLUMNS, found, "nobody is assigned to a plan", frozen_columns=3)


def _totals(book: _Book, engine: duckdb.DuckDBPyConnection) -> None:
    sums = """count(DISTINCT payee_id) AS payees,
              count(DISTINCT payee_id) FILTER (payable_amount > 0) AS payees_paid,
              count(DISTINCT payee_id) FILTER (held_amount <> 0) AS payees_held,
              sum(earned_amount) AS earned_amount, sum(draw_top_up_amount) AS draw_top_up_amount,
              sum(draw_recovered_amount) AS draw_recovered_amount, sum(penalty_amount) AS penalty_amount,
              sum(held_amount) AS held_amount,
              sum(clawback_recovered) AS clawback_recovered, sum(payable_amount) AS payable_amount"""
    months = tables.rows(
        engine,
        f"""SELECT period, currency_code, {sums}, sum(opening_clawback_balance) AS opening_clawback_balance,
                   sum(closing_clawback_balance) AS closing_clawback_balance
            FROM incentive.fct_payout GROUP BY ALL ORDER BY period DESC, currency_code""",
    )
    to_date = tables.rows(
        engine,
        f"SELECT currency_code, {sums} FROM incentive.fct_payout GROUP BY ALL ORDER BY currency_code",
    )
    for row in to_date:
        row["period"] = "all 合计"
    book.table("Totals 合计", TOTAL_COLUMNS, to_date + months, "no payouts", strong_rows=len(to_date))


def _lines(book: _Book, engine: duckdb.DuckDBPyConnection) -> None:
    sizes = engine.execute(
        f"""SELECT origin_period, count(*) FROM incentive.fct_earning_line
            GROUP BY ALL ORDER BY origin_period DESC LIMIT {LINE_PERIODS}"""
    ).fetchall()
    shown: list[str] = []
    total = 0
    for period, size in sizes:
        total += size
        if total > MAX_LINE_ROWS:
            break
        shown.append(period)
    if len(shown) == len(sizes):
        note = f"The latest {len(shown)} periods; all are in parquet/incentive/fct_earning_line.parquet"
    else:
        note = (
            f"Only {len(shown)} of the latest {len(sizes)} periods fit here ({MAX_LINE_ROWS:,} rows); "
            "all are in parquet/incentive/fct_earning_line.parquet and attain.duckdb 行数过多，完整明细见 Parquet"
        )
    found = tables.rows(
        engine,
        """SELECT line.*, person.full_name, customer.customer_name, credit.product_name, credit.file_name,
                  credit.row_number, line.plan_code || ' ' || line.plan_version AS plan
           FROM incentive.fct_earning_line AS line
           LEFT JOIN incentive.fct_credit_line AS credit USING (credit_line_id)
           LEFT JOIN kpi.dim_customer AS customer USING (customer_id)
           LEFT JOIN kpi.dim_employee AS person ON person.employee_id = line.payee_id
           WHERE list_contains(?, line.origin_period)
           ORDER BY line.origin_period DESC, line.payee_id, line.component_code, line.event_date,
                    line.earning_line_id""",
        shown,
    )
    for row in found:
        row["band_words"] = band_words(row["band_parts"], row.get("measure"))
        if row.get("measure") in _COUNTED:
            row["effective_rate"] = None  # money for each unit, which the words tell, is no percentage
        row["held_words"] = "held 暂缓" if row["is_held"] else ""
    empty = "no earning lines" if not sizes else "no period fits"
    book.table("Lines 明细", LINE_COLUMNS, found, empty, note=note, frozen_columns=3)


def _statements(book: _Book, engine: duckdb.DuckDBPyConnection) -> None:
    sizes = engine.execute(
        f"""SELECT period, count(*) FROM incentive.fct_statement_line
            GROUP BY ALL ORDER BY period DESC LIMIT {LINE_PERIODS}"""
    ).fetchall()
    shown, total = [], 0
    for period, size in sizes:
        total += size
        if total > MAX_LINE_ROWS:
            break
        shown.append(period)
    note = (
        f"{len(shown)} of the latest {len(sizes)} periods; all are in "
        "parquet/incentive/fct_statement_line.parquet; attain statement EMPLOYEE PERIOD --verify works one out again"
    )
    found = tables.rows(
        engine,
        """SELECT step.*, person.full_name, concat_ws(' ', step.plan_code, step.plan_version) AS plan
           FROM incentive.fct_statement_line AS step
           LEFT JOIN kpi.dim_employee AS person ON person.employee_id = step.payee_id
           WHERE list_contains(?, step.period)
           ORDER BY step.period DESC, step.payee_id, step.line_no""",
        shown,
    )
    for row in found:
        row["held_words"] = "held 暂缓" if row["is_held"] else ""
    empty = "no statements" if not sizes else "no period fits"
    book.table("Statement lines 对账单", STATEMENT_COLUMNS, found, empty, note=note, frozen_columns=4)


def _held(book: _Book, engine: duckdb.DuckDBPyConnection) -> None:
    found = tables.rows(
        engine,
        """SELECT hold.*, person.full_name
           FROM audit.hold AS hold LEFT JOIN kpi.dim_employee AS person ON person.employee_id = hold.payee_id
           ORDER BY hold.scope, hold.payee_id, hold.subject_id, hold.hold_id""",
    )
    book.table("Held 暂缓", HELD_COLUMNS, found, "nothing is held 无暂缓")


def _checks(book: _Book, engine: duckdb.DuckDBPyConnection) -> None:
    found = tables.rows(
        engine,
        """SELECT * FROM audit.gate_result
           ORDER BY outcome = 'passed', list_position(['critical', 'warning', 'info'], severity), table_name,
                    check_id""",
    )
    book.table("Checks 检查", CHECK_COLUMNS, found, "no check was run")


def _about(book: _Book, engine: duckdb.DuckDBPyConnection) -> None:
    release = tables.rows(engine, "SELECT * FROM audit.release")[0]
    inputs = tables.rows(
        engine, "SELECT * FROM audit.delivery WHERE status = 'committed' ORDER BY source_system, feed, delivery_id"
    )
    facts = [
        ("Release 发布编号", release["release_id"]),
        ("As of 截至日", release["as_of_date"]),
        ("Fingerprint of the inputs 输入指纹", release["fingerprint"]),
        ("Code version 程序版本", release["code_version"]),
        ("Business time zone 业务时区", release["business_timezone"]),
        ("Exchange rates 汇率", f"{release['fx_rate_type']}, at most {release['fx_max_age_days']} days old"),
        ("Checks 检查", f"{release['checks_passed']} of {release['checks_run']} passed"),
        ("Inputs 输入文件", f"{release['delivery_count']} deliveries, listed below"),
        (
            "How to verify 如何核验",
            f"attain verify {release['release_id']} compares every file with receipt.json beside this workbook; "
            "without attain: sha256sum of each file against receipt.json",
        ),
        (
            "What the sheets hold 内容",
            "Payouts: each person and month. Totals: their sums, exact. Lines: what the sums are made of. "
            "Statement lines: each step to the payable amount in words. "
            "Held: what waits for somebody. All tables in full: attain.duckdb and parquet/ beside this workbook.",
        ),
    ]
    columns = (
        _Column("source_system", "From\n来源"),
        _Column("feed", "Feed\n数据"),
        _Column("file_name", "File\n文件", widest=60),
        _Column("rows_in_file", "Rows in file\n行数", "count"),
        _Column("rows_loaded", "Loaded\n已载入", "count"),
        _Column("rows_quarantined", "Quarantined\n已隔离", "count"),
        _Column("content_sha256", "SHA-256 of the file\n文件指纹", widest=68),
    )
    book.table("About 说明", columns, inputs, "no inputs", facts=facts)


def band_words(band_parts: str | None, measure: str | None = None) -> str:
    """The parts of a marginal calculation in words: `0 – 80,000: 1,000.5 × 3 %; from 80,000: 2,000 × 5.5 %`.

    Args:
        band_parts: JSON of `incentive.fct_earning_line.band_parts`; None gives an empty text.
        measure: what is counted; of units and deals the rate is money for each.
    """
    if band_parts is None:
        return ""
    words = []
    for part in json.loads(band_parts):
        start, end = plain(part["from"]), part["to"]
        bounds = f"from {start}" if end is None else f"{start} – {plain(end)}"
        rate = f"{plain(Decimal(part['rate']) * 100)} %"
        if measure in _COUNTED:
            rate = f"{plain(part['rate'])} a {_COUNTED[measure]}"
        words.append(f"{bounds}: {plain(part['amount'])} × {rate}")
    return "; ".join(words)


def plain(value: Decimal | str) -> str:
    """A number as people write it: thousands set off, no trailing zeros."""
    whole, _, decimals = f"{Decimal(value):,f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


class _Book:
    """A workbook of tables with one look."""

    def __init__(self, target: Path) -> None:
        # Everything is written as what it is: no text is turned into a number, a link or a formula.
        self.book = xlsxwriter.Workbook(
            str(target),
            {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
        )
        self.book.set_properties({"title": "Payouts 应付", "author": "attain", "created": _EPOCH})
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def close(self) -> None:
        self.book.close()

    def table(
        self,
        name: str,
        columns: Sequence[_Column],
        rows: Sequence[dict[str, Any]],
        empty: str,
        *,
        note: str = "",
        facts: Sequence[tuple[str, Any]] = (),
        frozen_columns: int = 0,
        strong_rows: int = 0,
    ) -> None:
        """Add a sheet: facts or a note on top, a header of two languages, the rows, a filter over them.

        Args:
            empty: what stands in place of the rows when there are none.
            strong_rows: how many of the first rows are sums, set in bold.
        """
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        widths = [max(cell_len(line) for line in column.title.split("\n")) + 3 for column in columns]
        top = 0
        for label, value in facts:
            self._write(sheet, top, 0, label, "text", {"bold": True})
            self._write(sheet, top, 2, value, "date" if isinstance(value, date) else "text", {"align": "left"})
            top += 1
        if note:
            self._write(sheet, top, 0, note, "text", {"italic": True, "font_color": "#555555"})
            top += 1
        top += 1 if top else 0
        sheet.set_row(top, 32)
        for number, column in enumerate(columns):
            self._write(sheet, top, number, column.title, "text", _HEADER)
        for offset, row in enumerate(rows, start=1):
            look = {"bold": True, "bg_color": "#EEF3F8"} if offset <= strong_rows else {}
            for number, column in enumerate(columns):
                value = row.get(column.key)
                self._write(sheet, top + offset, number, value, column.kind, look, row.get("currency_code"))
                if value is not None and offset <= 2_000:
                    widths[number] = max(widths[number], min(cell_len(_shown(value)) + 2, column.widest))
        if rows:
            sheet.autofilter(top, 0, top + len(rows), len(columns) - 1)
        else:
            self._write(sheet, top + 1, 0, empty, "text", {"italic": True, "font_color": "#555555"})
        for number, width in enumerate(widths):
            sheet.set_column(number, number, width)
        if not facts:  # a frozen page of facts would leave no room for the rows
            sheet.freeze_panes(top + 1, frozen_columns)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(top)
        sheet.set_footer(f"&L{name}&RPage &P of &N")

    def _write(
        self,
        sheet: Worksheet,
        row: int,
        column: int,
        value: Any,
        kind: Kind,
        look: dict[str, Any] | None = None,
        currency_code: str | None = None,
    ) -> None:
        style = dict(look or {})
        if isinstance(value, str) or value is None:
            if value or look:
                text = value or ""
                text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
                sheet.write_string(row, column, text, self._format(style))
        elif isinstance(value, date):
            style["num_format"] = "yyyy-mm-dd"
            sheet.write_datetime(row, column, value, self._format({"align": "left", **style}))
        elif Decimal(repr(float(value))) != Decimal(value):
            sheet.write_string(row, column, plain(value), self._format({"align": "right", **style}))
        else:
            style["num_format"] = _number_format(kind, currency_code)
            sheet.write_number(row, column, float(value), self._format(style))

    def _format(self, style: dict[str, Any]) -> Format:
        key = tuple(sorted(style.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format({"font_name": "Calibri", "valign": "top", **style})
        return self._formats[key]


_HEADER: dict[str, Any] = {
    "bold": True,
    "text_wrap": True,
    "valign": "vcenter",
    "font_color": "#FFFFFF",
    "bg_color": "#1F4E79",
    "bottom": 1,
}


def _number_format(kind: Kind, currency_code: str | None) -> str:
    if kind == "money":
        decimals = minor_unit(currency_code) if currency_code else 2
        whole = "#,##0" + ("." + "0" * decimals if decimals else "")
        return f"{whole};[Red]-{whole}"
    return {"amount": "#,##0.00####", "ratio": "0.00##%", "count": "#,##0"}.get(kind, "General")


def _shown(value: Any) -> str:
    return f"{value:,.2f}" if isinstance(value, Decimal) else str(value)
