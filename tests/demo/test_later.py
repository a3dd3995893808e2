"""What comes after the first export: later receipts, and 'corrections' that are wrong in one way and no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest

from attain import demo
from attain.demo import manifest
from attain.errors import BadInput
from attain.settings import Settings
from tests.demo.conftest import read_sheet

Records = Callable[[str], list[dict[str, str]]]
Receipts = dict[tuple[str, str], dict[str, str]]


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@pytest.fixture(scope="module")
def receipts(records: Records) -> Receipts:
    return {(record["单据编号"], record["发票号码"]): record for record in records("finance/receipts")}


@pytest.fixture(scope="module")
def invoices(records: Records) -> dict[str, dict[str, str]]:
    return {record["发票号码"]: record for record in records("finance/invoices")}


def sent(settings: Settings, path: str) -> tuple[Receipts, dict[int, tuple[str, str]]]:
    """Records of a receipts file by key, and keys by row number."""
    sheet = read_sheet(settings.inbox / path)
    keys = {
        row: (record["单据编号"], record["发票号码"]) for row, record in enumerate(sheet.records(), sheet.first_row)
    }
    return {(record["单据编号"], record["发票号码"]): record for record in sheet.records()}, keys


def test_each_later_file_brings_the_next_week(
    own_home: Settings, receipts: Receipts, invoices: dict[str, dict[str, str]]
) -> None:
    files = [demo.late_file(own_home) for _ in range(3)]
    assert len({file.name for file in files}) == 3
    assert [file.name for file in files] == sorted(file.name for file in files)
    last_day = "2026-10-31"
    for file in files:
        brought, _ = sent(own_home, file.relative_to(own_home.inbox).as_posix())
        assert brought
        assert not set(brought) & set(receipts)
        days = sorted(record["业务日期"] for record in brought.values())
        assert days[0] > last_day
        last_day = days[-1]
        assert {record["币别"] for record in brought.values()} == {"CNY"}
        for record in brought.values():
            paid = sum(number(r["收款金额"]) for key, r in receipts.items() if key[1] == record["发票号码"])
            assert paid + number(record["收款金额"]) <= number(invoices[record["发票号码"]]["价税合计"])
    assert manifest.read(own_home).late_files == 3


def test_later_files_come_to_an_end(own_home: Settings) -> None:
    report = manifest.read(own_home)
    report.late_files = 10
    manifest.write(own_home, report)
    assert demo.late_file(own_home).is_file()
    report.late_files = 100
    manifest.write(own_home, report)
    with pytest.raises(BadInput, match="later deliveries"):
        demo.late_file(own_home)
    assert manifest.read(own_home).late_files == 100


def test_refunds_lose_their_sign_and_nothing_else_changes(
    own_home: Settings, receipts: Receipts, invoices: dict[str, dict[str, str]]
) -> None:
    told = demo.corrupt(own_home)
    again, keys = sent(own_home, told.path)
    changed = {key for key in again if again[key] != receipts[key]}
    assert changed == {keys[row] for row in told.row_numbers}
    assert {key[0] for key in changed} == set(told.receipts)
    assert len(changed) >= 2
    for key in changed:
        assert again[key]["单据类型"] == "收款退款单"
        assert number(again[key]["收款金额"]) == -number(receipts[key]["收款金额"]) > 0
        assert {**again[key], "收款金额": ""} == {**receipts[key], "收款金额": ""}
    assert {invoices[key[1]]["来源单号"] for key in changed} == set(told.documents)
    month = {record["业务日期"][:7] for record in again.values()}
    assert len(month) == 1
    whole_month = {key for key, record in receipts.items() if record["业务日期"][:7] in month and key[1] in invoices}
    assert set(again) == whole_month, "the whole month is sent again, as a real correction is"
    assert told.rows == len(again)
    assert told.path in told.sentence


def test_an_invoice_paid_twice_has_received_too_much(
    own_home: Settings, receipts: Receipts, invoices: dict[str, dict[str, str]]
) -> None:
    told = demo.corrupt(own_home, "double_pay")
    again, keys = sent(own_home, told.path)
    assert not set(again) & set(receipts)
    assert set(again) == {keys[row] for row in told.row_numbers}
    (invoice_no,) = {key[1] for key in again}
    before = [record for key, record in receipts.items() if key[1] == invoice_no]
    assert Counter(record["收款金额"] for record in before) == Counter(r["收款金额"] for r in again.values())
    received = sum(number(record["收款金额"]) for record in (*before, *again.values()))
    assert received > number(invoices[invoice_no]["价税合计"])
    assert told.documents == [invoices[invoice_no]["来源单号"]]


def test_a_currency_without_rate_is_the_only_change(own_home: Settings, receipts: Receipts, records: Records) -> None:
    told = demo.corrupt(own_home, "unknown_currency_rate")
    again, keys = sent(own_home, told.path)
    assert set(again) == {keys[row] for row in told.row_numbers}
    assert again
    for key, record in again.items():
        assert receipts[key]["币别"] == "USD"
        assert {**record, "币别": "USD"} == receipts[key]
        assert record["币别"] not in {rate["From Currency"] for rate in records("finance/fx_rates")} | {"CNY", "USD"}


def test_the_same_corruption_is_the_same_file(own_home: Settings) -> None:
    first = demo.corrupt(own_home)
    content = (own_home.inbox / first.path).read_bytes()
    assert demo.corrupt(own_home) == first
    assert (own_home.inbox / first.path).read_bytes() == content


def test_an_unknown_kind_and_an_empty_home_are_refused(own_home: Settings, settings: Settings) -> None:
    with pytest.raises(BadInput, match="no_such_kind"):
        demo.corrupt(own_home, "no_such_kind")
    for act in (demo.corrupt, demo.late_file):
        with pytest.raises(BadInput, match="no sample company"):
            act(settings)
    assert not own_home.inbox.exists()
