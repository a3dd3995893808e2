"""The receipt says what was published, from which inputs, by which code."""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from attain.errors import BadInput
from attain.publish import receipts, tables


def test_it_names_inputs_code_settings_and_checks(folder: Path) -> None:
    receipt = receipts.read(folder)
    assert receipt["release_id"] == folder.name
    assert (receipt["as_of_date"], receipt["code_version"]) == ("2026-03-31", "1.2.3")
    assert receipt["settings"] == {
        "business_timezone": "Asia/Shanghai",
        "fx_max_age_days": 7,
        "fx_rate_type": "middle",
        "max_held_exposure": "0.05",
    }
    (item,) = receipt["inputs"]
    assert (item["delivery_id"], item["source"], item["feed"]) == ("delivery-first", "finance", "receipts")
    assert (item["file_name"], item["sha256"]) == ("收款.csv", "f" * 64)
    assert (item["rows_in_file"], item["rows_loaded"], item["rows_quarantined"]) == (12, 10, 1)
    assert receipt["plan_files"] == {"direct.yml": "aa"}
    assert (receipt["verdict"]["checks_run"], receipt["verdict"]["checks_passed"]) == (4, 2)
    assert {check["name"] for check in receipt["verdict"]["not_passed"]} == {"blank", "range"}


def test_every_file_has_its_hash_and_every_table_its_rows(folder: Path) -> None:
    receipt = receipts.read(folder)
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path.name != "receipt.json"
    }
    assert receipt["files"].keys() == there.keys()
    for name, path in there.items():
        content = path.read_bytes()
        assert receipt["files"][name] == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    with tables.connect(folder) as engine:
        for name, rows in receipt["tables"].items():
            assert engine.execute(f"select count(*) from {name}").fetchall() == [(rows,)]
    assert receipt["tables"]["incentive.fct_payout"] == 7


def test_payouts_are_exact_and_add_up(folder: Path) -> None:
    payouts = receipts.read(folder)["payouts"]
    assert payouts["payable_by_currency"] == {"CNY": "12645.97", "JPY": "12000.00", "USD": "0.00"}
    for currency, total in payouts["payable_by_currency"].items():
        parts = [Decimal(period.get(currency, 0)) for period in payouts["payable_by_period"].values()]
        assert sum(parts) == Decimal(total)


def test_it_has_sorted_keys_and_no_time_of_day(folder: Path) -> None:
    text = (folder / "receipt.json").read_text(encoding="utf-8")
    receipt = json.loads(text)
    assert text == json.dumps(receipt, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert not re.search(r"\d\d:\d\d", text)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"files": 1}'])
def test_what_is_not_a_receipt_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "receipt.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match="can't be read as a receipt"):
        receipts.read(tmp_path)
