"""Workbooks as people and systems write them."""

from __future__ import annotations

import os
import random
import re
import time
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from attain.ingest import deliveries, sheet_marks, tables
from attain.ingest.deliveries import FileResult
from attain.ingest.sheet_marks import shown_as
from attain.settings import Settings
from tests.ingest.exports import day, drop_sheet, ingest, moment, quarantined, rows

HEADER = ["回款编号", "合同编号", "客户名称", "回款日期", "回款金额", "回款类型", "提交时间", "备注"]
FIRST = ["HK-1", "HT-1", "合计贸易", datetime(2025, 1, 3), 1234.1, "回款", datetime(2025, 1, 3, 10, 0, 0), None]
SECOND = ["HK-2", "HT-1", "晨光", "2025年1月4日", "￥1,000.00", "退款", "2025-01-04 09:30:00", "加急"]
NAME = "jiandaoyun_crm/collections/回款_20260126.xlsx"


def test_title_row_totals_row_and_real_dates(settings: Settings) -> None:
    drop_sheet(
        settings,
        NAME,
        [["回款明细表"], [], HEADER, FIRST, SECOND, [], ["合 计", None, None, None, 2234.1], [None, None]],
        sheet="回款",
    )
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert result.outcome == "committed", result.reason
    (landed,) = result.deliveries
    assert (landed.rows_in_file, landed.rows_loaded, landed.rows_declared_totals) == (3, 2, 1)
    assert landed.extra_columns == ["备注"]
    columns = "_row_number, collection_no, customer_name, collected_date, amount::varchar, collection_type, created_at"
    assert rows(settings, "jiandaoyun_crm__collections", columns) == [
        (4, "HK-1", "合计贸易", day("2025-01-03"), "1234.10", "receipt", moment("2025-01-03 02:00:00")),
        (5, "HK-2", "晨光", day("2025-01-04"), "1000.00", "refund", moment("2025-01-04 01:30:00")),
    ]


def test_wrong_totals_row_rejects_the_workbook_with_both_numbers(settings: Settings) -> None:
    drop_sheet(settings, NAME, [HEADER, FIRST, SECOND, ["合计", None, None, None, 2234.2]])
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert result.outcome == "rejected"
    assert "2234.20" in (result.reason or "") and "2234.10" in (result.reason or "")


@pytest.mark.parametrize(
    ("sheet", "above", "says"),
    [
        ("回款", ["回款明细表", None, None, None, "金额单位：人民币万元"], "人民币万元"),
        ("回款(万元)", [], "万元"),
        ("回款", ["币种：美元"], "without one amounts are in CNY"),
    ],
)
def test_a_title_about_the_amounts_refuses_the_workbook(
    settings: Settings, sheet: str, above: list[str | None], says: str
) -> None:
    drop_sheet(settings, NAME, [above, HEADER, FIRST], sheet=sheet)
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert (result.outcome, says in (result.reason or "")) == ("rejected", True), result


def test_a_title_that_says_what_is_taken_for_granted_does_no_harm(settings: Settings) -> None:
    drop_sheet(settings, NAME, [["单位：元", "币种：人民币"], HEADER, FIRST])
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert (result.outcome, result.rows_loaded) == ("committed", 1), result


def test_the_sheet_that_fits_is_read_and_hidden_ones_are_not(settings: Settings) -> None:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.create_sheet("说明").append(["本表由系统导出"])
    hidden = workbook.create_sheet("旧")
    hidden.sheet_state = "hidden"
    data = workbook.create_sheet("数据")
    for sheet, row in ((hidden, ["HK-9", *FIRST[1:]]), (data, FIRST)):
        sheet.append(HEADER)
        sheet.append(row)
    path = settings.inbox / NAME
    path.parent.mkdir(parents=True)
    workbook.save(path)
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert result.outcome == "committed", result.reason
    assert rows(settings, "jiandaoyun_crm__collections", "collection_no") == [("HK-1",)]


def test_ids_that_are_numbers(settings: Settings) -> None:
    drop_sheet(
        settings,
        NAME,
        [HEADER, [10001, *FIRST[1:]], [123456789012345678, *FIRST[1:]], ["0010", *FIRST[1:]]],
    )
    ingest(settings, "jiandaoyun_crm")
    assert rows(settings, "jiandaoyun_crm__collections", "collection_no") == [("10001",), ("0010",)]
    ((row, column, _value, reason),) = quarantined(settings)
    assert (row, column) == (3, "collection_no")
    assert "last digits are lost" in reason


def test_formulas_are_not_run(settings: Settings) -> None:
    drop_sheet(settings, NAME, [HEADER, [*FIRST[:2], '=HYPERLINK("http://x")', *FIRST[3:]]])
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert result.outcome == "committed"
    # openpyxl stores no value beside the formula: what was never computed is neither guessed nor blank
    assert rows(settings, "jiandaoyun_crm__collections", "customer_name") == []
    ((row, column, value, reason),) = quarantined(settings)
    assert (row, column, value) == (2, "customer_name", '#NOT COMPUTED =HYPERLINK("http://x")')
    assert "a formula whose value the file does not hold" in reason


def test_workbook_that_unpacks_to_too_much_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    drop_sheet(settings, NAME, [HEADER, FIRST])
    monkeypatch.setattr(tables, "MAX_UNPACKED_BYTES", 100)
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert result.outcome == "rejected"
    assert "unpack" in (result.reason or "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (3, "3"),
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (1234.1, "1234.1"),
        (0.00001, "0.00001"),
        (-2.5, "-2.5"),
        (1.23e17, "1.230000000000000E+17"),
        (float("nan"), "nan"),
        (date(2025, 1, 3), "2025-01-03"),
        (datetime(2025, 1, 3), "2025-01-03"),
        (datetime(2025, 1, 3, 9, 59, 59, 999_999), "2025-01-03 10:00:00"),
        ("合计", "合计"),
    ],
)
def test_cells_as_a_person_sees_them(value: object, text: str) -> None:
    assert tables.cell_text(value) == text


def book(settings: Settings, name: str = NAME) -> Any:
    """A workbook below the inbox, to be filled and closed."""
    path = settings.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return xlsxwriter.Workbook(str(path))


def ingest_book(settings: Settings, workbook: Any) -> FileResult:
    workbook.close()
    os.utime(workbook.filename, (time.time() - 60,) * 2)
    (result,) = ingest(settings, "jiandaoyun_crm").files
    return result


CONTRACTS = "jiandaoyun_crm/contracts/合同_20260126.xlsx"
CONTRACT_COLUMNS = ["合同编号", "合同名称", "客户名称", "负责人", "合同金额", "签订日期", "业绩比例1"]


def with_sub_form(sheet: Any, *, merged: bool) -> None:
    """An export of 简道云 with a sub-form: two header rows, one contract over three rows and one over one."""
    for column, label in enumerate(CONTRACT_COLUMNS):
        sheet.merge_range(0, column, 1, column, label) if merged else sheet.write(0, column, label)
    sheet.merge_range(0, 7, 0, 9, "产品明细") if merged else sheet.write(0, 7, "产品明细")
    sheet.write_row(1, 7, ["产品名称", "数量", "合同金额"])
    record = ["HT-1", "年度合同", "晨光", "林", 300, "2025-01-03", 100]
    for column, value in enumerate(record):
        sheet.merge_range(2, column, 4, column, value) if merged else sheet.write(2, column, value)
    for row, line in enumerate((["甲", 1, 100], ["乙", 2, 200], ["丙", 3, 0])):
        sheet.write_row(2 + row, 7, line)
    sheet.write_row(5, 0, ["HT-2", "补充", "远山", "王", 50, "2025-01-04", 100, "甲", 1, 50])


def test_a_sub_form_over_two_header_rows(settings: Settings) -> None:
    workbook = book(settings, CONTRACTS)
    sheet = workbook.add_worksheet("合同")
    with_sub_form(sheet, merged=True)
    sheet.write_row(6, 0, ["合计", "", "", "", 350])  # the contract's amount stands on three rows and counts once
    result = ingest_book(settings, workbook)
    assert result.outcome == "committed", result.reason
    contracts, lines = result.deliveries
    assert (contracts.rows_in_file, contracts.rows_loaded, contracts.rows_declared_totals) == (5, 2, 1)
    assert (lines.rows_in_file, lines.rows_loaded, lines.rows_declared_totals) == (5, 4, 1)
    assert lines.extra_columns == ["产品明细.合同金额"]
    assert rows(settings, "jiandaoyun_crm__contracts", "_row_number, contract_no, amount::varchar") == [
        (3, "HT-1", "300.00"),
        (6, "HT-2", "50.00"),
    ]
    columns = "_row_number, contract_no, product_name, _extra->>'产品明细.合同金额'"
    assert rows(settings, "jiandaoyun_crm__contract_lines", columns) == [
        (3, "HT-1", "甲", "100"),
        (4, "HT-1", "乙", "200"),
        (5, "HT-1", "丙", "0"),
        (6, "HT-2", "甲", "50"),
    ]
    registered = deliveries.list_deliveries(settings)[0]
    assert registered.layout == "with_lines: sheet 合同, header in rows 1 to 2, bills filled down"


def test_a_wrong_total_over_merged_cells_rejects(settings: Settings) -> None:
    workbook = book(settings, CONTRACTS)
    sheet = workbook.add_worksheet("合同")
    with_sub_form(sheet, merged=True)
    sheet.write_row(6, 0, ["合计", "", "", "", 950])
    result = ingest_book(settings, workbook)
    assert (result.outcome, "950.00" in (result.reason or "") and "350.00" in (result.reason or "")) == (
        "rejected",
        True,
    )


def test_without_merged_ranges_the_layout_says_what_is_filled_in(settings: Settings) -> None:
    workbook = book(settings, CONTRACTS)
    with_sub_form(workbook.add_worksheet("合同"), merged=False)
    contracts, lines = ingest_book(settings, workbook).deliveries
    assert (contracts.rows_in_file, contracts.rows_loaded, contracts.rows_not_for_feed) == (4, 2, 2)
    assert (lines.rows_in_file, lines.rows_loaded) == (4, 4)
    assert quarantined(settings) == []


def test_a_merged_note_below_the_table_is_one_row(settings: Settings) -> None:
    workbook = book(settings)
    sheet = workbook.add_worksheet("回款")
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ["HK-1", "HT-1", "晨光", "2025-01-03", 5])
    sheet.merge_range(3, 0, 9, 7, "备注：以上为一月回款")
    (landed,) = ingest_book(settings, workbook).deliveries
    assert (landed.rows_in_file, landed.rows_loaded, landed.rows_quarantined) == (2, 1, 1)
    ((row, _, _, reason),) = quarantined(settings)
    assert (row, "a line around the table" in reason) == (4, True)


def test_a_sheet_a_month(settings: Settings) -> None:
    workbook = book(settings)
    for month in range(1, 13):
        sheet = workbook.add_worksheet(f"{month}月")
        header = HEADER if month % 2 else [*reversed(HEADER), "经办"]  # columns may stand in another order
        values = dict(zip(HEADER, [f"HK-{month}", "HT-1", "晨光", f"2025-{month:02}-03", month, "回款"], strict=False))
        sheet.write_row(0, 0, header)
        sheet.write_row(1, 0, [values.get(name, "") for name in header])
        if month != 4:  # one sheet without a totals row does not spoil the next one's
            sheet.write_row(2, 0, [{"合同编号": "合计", "回款金额": month}.get(name, "") for name in header])
    workbook.add_worksheet("说明").write(0, 0, "一月一表")
    hidden = workbook.add_worksheet("旧")
    hidden.write_row(0, 0, HEADER)
    hidden.write_row(1, 0, ["HK-99", "HT-1", "晨光", "2025-01-03", 5])
    hidden.hide()
    other = workbook.add_worksheet("汇总")
    other.write_row(0, 0, ["合同编号", "客户名称", "回款金额", "回款编号", "部门"])
    other.write_row(1, 0, ["HT-1", "晨光", 78, "HK-77", "一部"])
    result = ingest_book(settings, workbook)
    assert result.outcome == "committed", result.reason
    (landed,) = result.deliveries
    assert (landed.rows_loaded, landed.rows_declared_totals, landed.rows_quarantined) == (12, 11, 0)
    assert landed.extra_columns == ["备注", "经办"]
    assert any("12 sheets have the same columns" in note for note in landed.notes)
    assert any("hidden: sheet 旧" in note for note in landed.notes)
    assert any("its columns differ: sheet 汇总" in note for note in landed.notes)
    got = rows(settings, "jiandaoyun_crm__collections", "_row_number, collection_no, amount::varchar")
    assert got == [
        (2 if month == 1 else month * 10_000_000 + 2, f"HK-{month}", f"{month}.00") for month in range(1, 13)
    ]
    (registered,) = deliveries.list_deliveries(settings)
    assert registered.layout.startswith("sheets 1月, 2月 (rows from 20000001), 3月 (rows from 30000001)")


def test_sheets_that_each_have_what_the_feed_needs_are_all_read(settings: Settings) -> None:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, *lines in (
        ("汇总", ["部门", "姓名"], ["销售部", "两人"]),
        ("在职", ["工号", "姓名", "部门", "入职日期"], ["E1", "林美", "销售部", "2020-01-03"]),
        (
            "离职",
            ["姓名", "工号", "部门", "入职日期", "离职日期"],
            ["王伟", "E2", "销售部", "2020-01-03", "2024-12-31"],
        ),
    ):
        page = workbook.create_sheet(title)
        for line in lines:
            page.append(line)
    path = settings.inbox / "hr/employees/花名册.xlsx"
    path.parent.mkdir(parents=True)
    workbook.save(path)
    os.utime(path, (time.time() - 60,) * 2)
    (result,) = ingest(settings, "hr").files
    assert result.outcome == "committed", result
    found = rows(settings, "hr__employees", "employee_id, full_name, leave_date::varchar")
    assert found == [("E1", "林美", None), ("E2", "王伟", "2024-12-31")]


def test_a_wrong_total_on_the_second_sheet_rejects(settings: Settings) -> None:
    workbook = book(settings)
    for number, said in ((1, 5), (2, 11)):
        sheet = workbook.add_worksheet(f"{number}月")
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, [f"HK-{number}", "HT-1", "晨光", "2025-01-03", 5])
        sheet.write_row(2, 0, ["合计", "", "", "", said])
    result = ingest_book(settings, workbook)
    assert result.outcome == "rejected"
    assert "row 20000003" in (result.reason or "") and "11.00" in (result.reason or "")


def test_errors_and_formulas_never_computed_are_said_and_computed_ones_are_read(settings: Settings) -> None:
    workbook = book(settings)
    sheet = workbook.add_worksheet("回款")
    sheet.write_row(0, 0, HEADER)
    for row in range(1, 7):
        sheet.write_row(row, 0, [f"HK-{row}", "HT-1", "晨光", "2025-01-03", row, "回款"])
    sheet.write_formula(1, 4, "=2*21", None, 42)
    sheet.write_formula(2, 4, "=A1", None, "#REF!")
    sheet.write_formula(3, 4, "=2*21", None, "")
    sheet.write_formula(4, 1, "=VLOOKUP(1,A:B,2)", None, "#N/A")
    sheet.write_formula(5, 2, '=IF(1,"","x")', None, None)  # an honest blank is written as text
    sheet.write_string(6, 2, "=2*21")  # text that looks like a formula
    sheet.write_formula(7, 4, "=SUM(E2:E7)", None, "")
    sheet.write_string(7, 0, "合计")
    result = ingest_book(settings, workbook)
    assert result.outcome == "committed", result.reason
    assert any("row 8: the total of 回款金额 can't be read" in note for note in result.deliveries[0].notes)
    got = rows(settings, "jiandaoyun_crm__collections", "_row_number, amount::varchar, customer_name")
    assert (2, "42.00", "晨光") in got and (7, "6.00", "=2*21") in got
    refused = {row: (column, value, reason) for row, column, value, reason in quarantined(settings)}
    assert refused[3][:2] == ("amount", "#REF!") and "the error of a formula" in refused[3][2]
    assert refused[4][:2] == ("amount", "#NOT COMPUTED =2*21") and "does not hold" in refused[4][2]
    assert refused[5][:2] == ("contract_no", "#N/A")


def test_percent_formats_are_read_as_they_are_shown(settings: Settings) -> None:
    workbook = book(settings, CONTRACTS)
    sheet = workbook.add_worksheet("合同")
    percent = workbook.add_format({"num_format": "0.00%"})
    literal = workbook.add_format({"num_format": '0.0"%"'})
    sheet.write_row(0, 0, CONTRACT_COLUMNS)
    for row, (share, form) in enumerate(((0.125, percent), (0.07, percent), (1, percent), (33.3, literal)), start=1):
        sheet.write_row(row, 0, [f"HT-{row}", "合同", "晨光", "林", 100, "2025-01-03"])
        sheet.write_number(row, 6, share, form)
    result = ingest_book(settings, workbook)
    assert result.outcome == "committed", result.reason
    assert rows(settings, "jiandaoyun_crm__contracts", "split_percent_1::varchar") == [
        ("12.5000",),
        ("7.0000",),
        ("100.0000",),
        ("33.3000",),
    ]


@pytest.mark.parametrize(("shares", "is_clear"), [((0.5, 1), False), ((1,), False), ((0, 50), True), ((0,), True)])
def test_shares_that_may_be_percent_or_parts_of_one_are_refused(
    settings: Settings, shares: tuple[float, ...], is_clear: bool
) -> None:
    workbook = book(settings, CONTRACTS)
    sheet = workbook.add_worksheet("合同")
    sheet.write_row(0, 0, CONTRACT_COLUMNS)
    for row, share in enumerate(shares, start=1):
        sheet.write_row(row, 0, [f"HT-{row}", "合同", "晨光", "林", 100, "2025-01-03", share])
    result = ingest_book(settings, workbook)
    assert (result.outcome == "committed") is is_clear
    if not is_clear:
        assert "业绩比例1" in (result.reason or "") and "100 % or 1 %" in (result.reason or "")
        assert "percent format" in (result.remedy or "")


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("0.00%", "%"),
        ('0.00"%"', None),
        ("00000", "\0" + "00000"),
        ("[$$-409]#,##0.00", "\0$"),
        ('"US$"#,##0.00', "\0US$"),
        ("[$€-2] #,##0.00", "\0€"),
        ("#,##0.00 [$USD]", "\0USD"),
        ("[$¥-804]#,##0.00", None),
        ('_ "￥"* #,##0.00_ ', None),
        ("[$-804]#,##0", None),
        ('0.00"万元"', "\0万"),
        ('0!.0,"万"', None),  # divided by ten thousand: the number itself is whole
        ('#,##0,"千"', None),
        ('#,##0.00;[Red]"$"#,##0', None),
        ('yyyy"年"m"月"', None),
        ("#,##0.00_);[Red]\\(#,##0.00\\)", None),
        ("General", None),
    ],
)
def test_what_a_number_format_shows_beside_the_number(code: str, shown: str | None) -> None:
    assert shown_as(code) == shown


def test_ids_and_amounts_are_read_as_their_formats_show_them(settings: Settings) -> None:
    path = settings.inbox / NAME
    path.parent.mkdir(parents=True)
    workbook = xlsxwriter.Workbook(str(path))
    page = workbook.add_worksheet()
    for column, label in enumerate(["回款编号", "合同编号", "回款日期", "回款金额", "币种"]):
        page.write(0, column, label)
    codes = ["#,##0.00", "[$$-409]#,##0.00", "[$$-409]#,##0.00", '0.00"万元"', '"￥"#,##0.00']
    for row, (code, currency) in enumerate(zip(codes, ["CNY", "USD", "CNY", "CNY", "CNY"], strict=True), start=1):
        page.write_number(row, 0, row, workbook.add_format({"num_format": "00000"}))
        page.write_row(row, 1, ["HT1", "2025-01-03"])
        page.write_number(row, 3, -12.5, workbook.add_format({"num_format": code}))
        page.write(row, 4, currency)
    workbook.close()
    os.utime(path, (time.time() - 60,) * 2)
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert result.outcome == "committed", result
    assert rows(settings, "jiandaoyun_crm__collections", "collection_no, amount::varchar, currency_code") == [
        ("00001", "-12.50", "CNY"),
        ("00002", "-12.50", "USD"),
        ("00005", "-12.50", "CNY"),
    ]
    assert [(row, value) for row, _, value, _ in quarantined(settings)] == [(4, "-$12.5"), (5, "-12.5万")]


@pytest.mark.parametrize("stray", [" ", 7])
def test_a_stray_cell_far_away_is_refused_before_it_takes_the_memory(settings: Settings, stray: str | int) -> None:
    workbook = book(settings)
    sheet = workbook.add_worksheet("回款")
    sheet.write_row(0, 0, HEADER)
    sheet.write(1_048_575, 16_383, stray)  # a number's cell has nothing but its place
    result = ingest_book(settings, workbook)
    assert result.outcome == "rejected"
    assert "row 1048576 and column 16384" in (result.reason or "")
    assert "delete what stands far below" in (result.remedy or "")


@pytest.mark.parametrize("stray", [None, "x"])
def test_a_long_sheet_is_read_if_it_is_narrow(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, stray: str | None
) -> None:
    """What reading a sheet takes is told by its own last column, not by the last letter."""
    table = [HEADER, *([f"HK-{number}", *FIRST[1:7]] for number in range(999))]
    monkeypatch.setattr(sheet_marks, "MAX_BYTES", sheet_marks._memory(1_000, 8, 8 + 999 * 7) + 200)
    if stray is not None:
        table[500] += [*[None] * 17, stray]
    drop_sheet(settings, NAME, table)
    (result,) = deliveries.ingest_source(settings, "jiandaoyun_crm").files
    assert result.outcome == ("committed" if stray is None else "rejected"), result
    assert stray is None or "reaches to row 1000 and column 25 and has 7002 cells" in (result.reason or "")


def test_cells_that_do_not_say_where_they_are_and_prefixed_xml(settings: Settings) -> None:
    drop_sheet(settings, NAME, [HEADER, ["HK-1", "HT-1", "晨光", "2025-01-03", "=1+1"], [*FIRST[:4], 7]])
    path = settings.inbox / NAME
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    part = "xl/worksheets/sheet1.xml"
    members[part] = re.sub(rb'<c r="[A-Z]+\d+"', b"<c", members[part])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    os.utime(path, (time.time() - 60,) * 2)
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert result.outcome == "committed", result.reason
    assert rows(settings, "jiandaoyun_crm__collections", "collection_no") == [("HK-1",)]
    assert [(row[0], row[2]) for row in quarantined(settings)] == [(2, "#NOT COMPUTED =1+1")]


def test_days_of_the_other_calendar_and_marks_of_line_ends(settings: Settings) -> None:
    path = settings.inbox / NAME
    path.parent.mkdir(parents=True)
    workbook = xlsxwriter.Workbook(str(path), {"date_1904": True})
    sheet = workbook.add_worksheet("回款")
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ["HK-1", "HT-1", "晨\r光", "", 5])
    sheet.write_datetime(1, 3, datetime(2025, 1, 3), workbook.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.set_row(1, None, None, {"hidden": True})  # a hidden row is a row
    assert ingest_book(settings, workbook).outcome == "committed"
    columns = "collected_date, customer_name"
    assert rows(settings, "jiandaoyun_crm__collections", columns) == [(day("2025-01-03"), "晨\r光")]


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_workbook_never_ends_the_run(settings: Settings, seed: int) -> None:
    drop_sheet(settings, NAME, [HEADER, *(FIRST for _ in range(40)), [*FIRST[:4], "=1+1"]])
    path = settings.inbox / NAME
    content, dice = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(30):
        content[dice.randrange(len(content))] = dice.randrange(256)
    path.write_bytes(content[: dice.choice((len(content), len(content) // 2))])
    os.utime(path, (time.time() - 60,) * 2)
    drop_sheet(settings, "jiandaoyun_crm/collections/good.xlsx", [HEADER, FIRST])
    outcomes = {result.file_name: result for result in ingest(settings, "jiandaoyun_crm").files}
    damaged, good = outcomes[NAME], outcomes["jiandaoyun_crm/collections/good.xlsx"]
    assert good.outcome == "committed"
    assert damaged.outcome == "rejected" and damaged.remedy
    assert "fault of the program" not in (damaged.reason or ""), damaged.reason
