"""Workbooks as people and systems write them."""

from __future__ import annotations

from datetime import date, datetime

import openpyxl
import pytest

from attain.ingest import tables
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
