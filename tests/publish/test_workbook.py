"""The payout workbook: every sum as in the published tables, every text a text."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from attain.publish import release, tables, workbook
from attain.publish.workbook import band_words

SHEETS = [
    "Payouts 应付",
    "Totals 合计",
    "Lines 明细",
    "Statement lines 对账单",
    "Held 暂缓",
    "Checks 检查",
    "About 说明",
]


def sheet_rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Rows of a sheet by English title, found below its header of two languages."""
    rows = list(openpyxl.load_workbook(folder / "payouts.xlsx")[name].iter_rows(values_only=True))
    header = next(number for number, row in enumerate(rows) if "\n" in str(row[0]))
    titles = [str(title).split("\n")[0] for title in rows[header]]
    return [dict(zip(titles, row, strict=True)) for row in rows[header + 1 :]]


def cents(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.01"))


def test_sheets_and_headers_in_two_languages(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "payouts.xlsx")
    assert book.sheetnames == SHEETS
    for sheet in book:
        assert sheet.auto_filter.ref, sheet.title
        header = sheet[int("".join(filter(str.isdigit, sheet.auto_filter.ref.split(":")[0])))]
        assert all("\n" in cell.value for cell in header), sheet.title
    assert book["Payouts 应付"].freeze_panes == "D2"


def test_every_payout_and_total_is_that_of_the_published_table_to_the_cent(folder: Path) -> None:
    shown = sheet_rows(folder, "Payouts 应付")
    with tables.connect(folder) as engine:
        published = tables.rows(
            engine, "select * from incentive.fct_payout order by period desc, currency_code, payee_id"
        )
        totals = engine.execute(
            """select period, currency_code, sum(earned_amount), sum(held_amount), sum(payable_amount)
               from incentive.fct_payout group by all"""
        ).fetchall()
        to_date = engine.execute(
            """select 'all 合计', currency_code, sum(earned_amount), sum(held_amount), sum(payable_amount)
               from incentive.fct_payout group by all"""
        ).fetchall()
    assert [(row["Period"], row["Payee"], cents(row["Earned"]), cents(row["Payable"])) for row in shown] == [
        (row["period"], row["payee_id"], row["earned_amount"], row["payable_amount"]) for row in published
    ]
    summed = {
        (row["Period"], row["Currency"], cents(row["Earned"]), cents(row["Held"]), cents(row["Payable"]))
        for row in sheet_rows(folder, "Totals 合计")
    }
    assert summed == {*totals, *to_date}
    for row in sheet_rows(folder, "Totals 合计")[3:]:
        change = cents(row["Clawback, closing"]) - cents(row["Clawback, opening"])
        adjusted = cents(row["Draw, top-up"]) - cents(row["Draw, recovered"]) - cents(row["Penalty"])
        assert cents(row["Earned"]) + adjusted - cents(row["Held"]) + change == cents(row["Payable"])
    assert shown[0]["Period"] == "2026-03"


def test_amounts_have_the_decimals_of_their_currency(folder: Path) -> None:
    sheet = openpyxl.load_workbook(folder / "payouts.xlsx")["Payouts 应付"]
    formats = {row[5].value: row[6].number_format for row in sheet.iter_rows(min_row=2)}
    assert formats["JPY"].startswith("#,##0;")
    assert formats["CNY"].startswith("#,##0.00;")


def test_no_cell_is_a_formula_and_no_text_is_lost(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "payouts.xlsx")
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert not any(cell.hyperlink for sheet in book for row in sheet.iter_rows() for cell in row)
    texts = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "s"}
    assert {
        '=HYPERLINK("http://example.invalid","pay me")',
        "+86 138",
        "@team",
        "-1+2 Trading",
        "@sum",
        "+D-1",
        "=ask finance",
        "<script>alert(1)</script>",
    } <= texts


def test_lines_show_the_latest_periods_with_how_they_were_worked_out(folder: Path) -> None:
    lines = sheet_rows(folder, "Lines 明细")
    assert [row["Period"] for row in lines] == ["2026-03", "2026-02", "2025-12"]
    assert lines[0]["How it was worked out"] == "0 – 80,000: 1,000.5 × 3 %; from 80,000: 2,000 × 5.5 %"
    assert (lines[0]["Customer"], lines[0]["File"], lines[0]["Row"]) == ("-1+2 Trading", "收款.csv", 17)
    assert lines[0]["Rate"] == 0.046667
    assert (lines[1]["Held"], lines[1]["Reason"]) == ("held 暂缓", "late")


@pytest.mark.parametrize(("most", "shown"), [(1, ["2026-03"]), (2, ["2026-03", "2026-02"]), (0, [])])
def test_too_many_lines_are_said_and_whole_periods_left_out(
    folder: Path, tmp_path: Path, monkeypatch, most: int, shown: list[str]
) -> None:
    monkeypatch.setattr(workbook, "MAX_LINE_ROWS", most)
    (tmp_path / "parquet").symlink_to(folder / "parquet")
    workbook.write(tmp_path)
    folder = tmp_path
    sheet = openpyxl.load_workbook(folder / "payouts.xlsx")["Lines 明细"]
    assert sheet["A1"].value.startswith(f"Only {len(shown)} of the latest 3 periods fit")
    assert "parquet/incentive/fct_earning_line.parquet" in sheet["A1"].value
    rows = sheet_rows(folder, "Lines 明细")
    assert [row["Period"] for row in rows] == (shown or ["no period fits"])


def test_holds_checks_and_inputs_are_there(folder: Path) -> None:
    held = sheet_rows(folder, "Held 暂缓")
    assert [(row["Document or payee"], row["Amount"], row["What to do"]) for row in held] == [
        ("D-9", 99.99, "map the owner"),
        ("E2", None, "=ask finance"),
    ]
    checks = sheet_rows(folder, "Checks 检查")
    assert [(row["Outcome"], row["Severity"]) for row in checks] == [
        ("failed", "warning"),
        ("failed", "info"),
        ("passed", "critical"),
        ("passed", "critical"),
    ]
    (delivery,) = sheet_rows(folder, "About 说明")
    assert (delivery["File"], delivery["Rows in file"], delivery["Loaded"]) == ("收款.csv", 12, 10)
    facts = {
        row[0]: row[2]
        for row in openpyxl.load_workbook(folder / "payouts.xlsx")["About 说明"].iter_rows(values_only=True)
    }
    assert facts["Release 发布编号"] == folder.name
    assert str(facts["As of 截至日"])[:10] == "2026-03-31"
    assert f"attain verify {folder.name}" in facts["How to verify 如何核验"]


def test_an_amount_that_a_spreadsheet_would_change_is_written_as_text(settings, make_candidate) -> None:
    large = "9007199254740993.01"
    make_candidate(
        settings, payouts=[("P1", "E1", "2026-03", "CNY", large, "0", "0", "0", "0", large, "payable", None)]
    )
    folder = Path(release.publish(settings).path)
    (row,) = sheet_rows(folder, "Payouts 应付")
    assert (row["Payable"], row["Held"]) == ("9,007,199,254,740,993.01", 0)


def test_an_empty_release_says_so(settings, make_candidate) -> None:
    make_candidate(settings, payouts=[])
    folder = Path(release.publish(settings).path)
    sheet = openpyxl.load_workbook(folder / "payouts.xlsx")["Payouts 应付"]
    assert sheet["A2"].value == "nobody is assigned to a plan"


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("amount", "0 – 10: 10 × 5 %; from 10: 2 × 50.05 %"),
        ("units", "0 – 10: 10 × 0.05 a unit; from 10: 2 × 0.5005 a unit"),
        ("count", "0 – 10: 10 × 0.05 a deal; from 10: 2 × 0.5005 a deal"),
    ],
)
def test_a_rate_for_each_unit_is_money_and_no_percentage(measure: str, words: str) -> None:
    parts = [
        {"band": 1, "from": "0.000000", "to": "10.000000", "rate": "0.050000", "amount": "10.000000"},
        {"band": 2, "from": "10.000000", "to": None, "rate": "0.500500", "amount": "2.000000"},
    ]
    assert band_words(json.dumps(parts), measure) == words


@pytest.mark.parametrize(("parts", "words"), [(None, ""), ("[]", "")])
def test_lines_without_bands_have_no_words(parts: str | None, words: str) -> None:
    assert band_words(parts) == words
