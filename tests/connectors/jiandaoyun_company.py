"""A small company on the local 简道云: its forms, and the forms file that names them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from attain.connectors import jiandaoyun, jiandaoyun_forms
from attain.connectors.jiandaoyun_api import Client
from attain.connectors.pulled import Pulled
from attain.ingest import json_records
from attain.settings import Settings
from tests.connectors.jiandaoyun_server import APP, KEY, FormOnServer, Jiandaoyun, at, exact, member, widget

CUSTOMERS, CONTRACTS, COLLECTIONS = (f"5cd65fc5272c106bbc2bbc{number}" for number in (40, 41, 42))
FORMS = f"""
app_id: {APP}
feeds:
  customers: {{entry_id: {CUSTOMERS}, key: [客户编号]}}
  contracts: {{entry_id: {CONTRACTS}, key: [合同编号]}}
  collections: {{entry_id: {COLLECTIONS}, key: [回款编号]}}
  members:
"""


def customers() -> FormOnServer:
    return FormOnServer(
        CUSTOMERS,
        "客户表",
        [
            widget(1, "客户编号", "sn", alias="code"),
            widget(2, "客户名称"),
            widget(3, "负责人", "user"),
            widget(4, "客户级别", "combo"),
            widget(5, "所在区域", "address"),
            widget(6, "协作人", "usergroup"),
            widget(7, "附件", "upload"),
        ],
    )


def put_customer(
    form: FormOnServer, number: int, updated: str = "2025-03-01T08:00:00.000Z", **more: Any
) -> dict[str, Any]:
    values = {
        "客户编号": f"KH-{number:05d}",
        "客户名称": f"客户 {number}",
        "负责人": member("lin.mei", "林梅"),
        "客户级别": "A",
        "所在区域": {"province": "浙江省", "city": "杭州市", "district": "西湖区", "detail": "文三路 1 号"},
        "协作人": [member("li.wei", "李伟"), member("zhao", "赵敏")],
        "附件": [{"name": "执照.png", "size": 262144, "mime": "image/png", "url": f"https://files.example/{number}"}],
    }
    return form.put(number, updated, **{**values, **more})


def contracts() -> FormOnServer:
    lines = [widget(21, "产品名称", alias="product"), widget(22, "数量", "number"), widget(23, "单价", "number")]
    return FormOnServer(
        CONTRACTS,
        "合同订单",
        [
            widget(11, "合同编号", alias="no"),
            widget(12, "客户编号"),
            widget(13, "签约人", "user"),
            widget(14, "签订日期", "datetime"),
            widget(15, "合同金额", "number", alias="amount"),
            widget(16, "产品明细", "subform", items=lines),
            widget(17, "关联商机", "lookup"),
        ],
    )


def put_contract(
    form: FormOnServer, number: int, updated: str = "2025-03-01T08:00:00.000Z", **more: Any
) -> dict[str, Any]:
    line = {"_id": f"{number:022x}ff", "_widget_1529400746021": "甲", "_widget_1529400746022": exact("2.50")}
    values = {
        "合同编号": f"HT-{number}",
        "客户编号": f"KH-{number:05d}",
        "签约人": member("lin.mei", "林梅"),
        "签订日期": "2025-01-02T16:00:00.000Z",
        "合同金额": exact(f"{number}234567.10"),
        "产品明细": [line | {"_widget_1529400746023": 99}],
        "关联商机": "67221b3e0000000000000000",
        "flowState": 2,
    }
    return form.put(number, updated, **{**values, **more})


def collections() -> FormOnServer:
    return FormOnServer(
        COLLECTIONS,
        "回款",
        [
            widget(31, "回款编号"),
            widget(32, "合同编号"),
            widget(33, "负责人", "user"),
            widget(34, "回款日期", "datetime"),
            widget(35, "回款金额", "number"),
            widget(36, "回款类型", "radiogroup"),
        ],
    )


def put_collection(
    form: FormOnServer, number: int, updated: str = "2025-03-01T08:00:00.000Z", **more: Any
) -> dict[str, Any]:
    values = {
        "回款编号": f"HK-{number}",
        "合同编号": f"HT-{number}",
        "负责人": member("lin.mei", "林梅"),
        "回款日期": "2025-03-31T15:59:59.999Z",
        "回款金额": exact("-0.30") if number % 2 else exact("100"),
        "回款类型": "退款" if number % 2 else "回款",
    }
    return form.put(number, updated, **{**values, **more})


def with_forms(settings: Settings, text: str = FORMS) -> Settings:
    """Settings whose forms file says `text`."""
    folder = settings.home.parent / "connectors"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "jiandaoyun_crm.yml").write_text(text, encoding="utf-8")
    return replace(settings, connectors_dir=folder)


class Clock:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.seconds += seconds


def client(service: Jiandaoyun, key: str = KEY, clock: Clock | None = None) -> Client:
    clock = clock or Clock()
    return Client(key, service.address, clock, clock.sleep)


def pull(
    settings: Settings,
    service: Jiandaoyun,
    *feeds: str,
    mode: str = "changes",
    now: str = "2026-01-05T01:00:00",
    key: str = KEY,
) -> list[Pulled]:
    def moment() -> datetime:
        return at(now)

    with client(service, key) as api:
        return jiandaoyun.pull(settings, api, jiandaoyun_forms.load(settings), feeds, mode, moment)


def lines(settings: Settings, feed: str) -> list[dict[str, Any]]:
    """All records that wait in the inbox of a feed, numbers as they are written."""
    found: list[dict[str, Any]] = []
    for path in files(settings, feed):
        text = path.read_text(encoding="utf-8")
        assert text.endswith("\n")
        found += [json_records._DECODER.decode(line) for line in text.splitlines()]
    return found


def files(settings: Settings, feed: str) -> list[Path]:
    folder = settings.inbox / "jiandaoyun_crm" / feed
    return sorted(path for path in folder.glob("*.jsonl")) if folder.is_dir() else []


def clear(settings: Settings, feed: str) -> None:
    for path in (settings.inbox / "jiandaoyun_crm" / feed).iterdir():
        path.unlink()
