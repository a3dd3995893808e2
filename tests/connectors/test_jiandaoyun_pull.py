"""Pulling from a local 简道云: every record once, exactly as it is, whatever the API does in between."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest

from attain.connectors import jiandaoyun as connector
from attain.connectors import jiandaoyun_api
from attain.connectors.dropping import Memory
from attain.connectors.jiandaoyun_api import BadKey, Client
from attain.connectors.pulled import sole_puller
from attain.errors import BadInput, Busy
from attain.settings import Settings
from tests.connectors import jiandaoyun_company as company
from tests.connectors.jiandaoyun_company import clear, files, lines, pull, put_collection, put_contract, put_customer
from tests.connectors.jiandaoyun_server import KEY, STOPPED_KEY, Jiandaoyun, exact, member, widget
from tests.ingest.exports import day, ingest, moment, rows


def form(service: Jiandaoyun, entry_id: str = company.CUSTOMERS) -> Any:
    return service.forms[entry_id]


def numbers(settings: Settings, feed: str = "customers") -> list[str]:
    return [line["客户编号"] for line in lines(settings, feed)]


# ---------------------------------------------------------------- from 简道云 to rows


def test_what_is_pulled_is_what_is_there(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    """Three pages of customers, contracts with lines, refunds, members who left: rows equal records, both ways."""
    for number in range(1, 231):
        put_customer(form(jiandaoyun), number)
    for number in range(1, 4):
        put_contract(form(jiandaoyun, company.CONTRACTS), number)
        put_collection(form(jiandaoyun, company.COLLECTIONS), number)
    jiandaoyun.departments = [
        {"dept_no": 2, "name": "销售部", "parent_no": 1, "type": 0, "status": 1},
        {"dept_no": 3, "name": "华东组", "parent_no": 2, "type": 0, "status": 1, "seq": 4},
    ]
    jiandaoyun.members = [member("lin.mei", "林梅", departments=(3,)), member("li.wei", "李伟", departments=(2, 3))]
    found = pull(home, jiandaoyun)
    assert [(pulled.feed, pulled.records, pulled.problem) for pulled in found] == [
        ("customers", 230, None),
        ("contracts", 3, None),
        ("collections", 3, None),
        ("members", 2, None),
    ]
    report = ingest(home, "jiandaoyun_crm")
    assert [result.outcome for result in report.files] == ["committed"] * 4
    assert sum(result.rows_quarantined for result in report.files) == 0

    assert sorted(rows(home, "jiandaoyun_crm__customers", "customer_no, customer_name, owner_name, region")) == [
        (f"KH-{number:05d}", f"客户 {number}", "林梅", "浙江省杭州市西湖区文三路 1 号") for number in range(1, 231)
    ]
    columns = "contract_no, customer_no, owner_name, signed_date, amount::varchar, flow_status, created_at, modified_at"
    assert sorted(rows(home, "jiandaoyun_crm__contracts", columns)) == [
        (
            *(f"HT-{number}", f"KH-{number:05d}", "林梅", day("2025-01-03"), f"{number}234567.10", "ended"),
            *(moment("2025-01-03 02:00:00"), moment("2025-03-01 08:00:00")),
        )
        for number in range(1, 4)
    ]
    # The day is China's: 15:59:59 UTC is still the 31st there.
    columns = "collection_no, contract_no, collected_date, amount::varchar, collection_type, flow_status"
    assert sorted(rows(home, "jiandaoyun_crm__collections", columns)) == [
        ("HK-1", "HT-1", day("2025-03-31"), "-0.30", "refund", "approved"),
        ("HK-2", "HT-2", day("2025-03-31"), "100.00", "receipt", "approved"),
        ("HK-3", "HT-3", day("2025-03-31"), "-0.30", "refund", "approved"),
    ]
    assert sorted(rows(home, "jiandaoyun_crm__members", "username, full_name, department, member_status")) == [
        ("li.wei", "李伟", "销售部,华东组", "在职"),
        ("lin.mei", "林梅", "华东组", "在职"),
    ]
    ((extra,), *_) = rows(home, "jiandaoyun_crm__members", "_extra", order="username")
    assert json.loads(extra)["部门路径"] == "销售部,销售部/华东组"


def test_a_record_is_written_under_the_labels_of_its_form(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    put_contract(form(jiandaoyun, company.CONTRACTS), 7, addedByVendor={"x": 1})
    pull(home, jiandaoyun, "contracts")
    (line,) = lines(home, "contracts")
    assert line == {
        "_id": f"{7:024x}",
        "合同编号": "HT-7",
        "客户编号": "KH-00007",
        "签约人": {"name": "林梅", "username": "lin.mei"},
        "签订日期": "2025-01-02T16:00:00.000Z",
        "合同金额": "7234567.10",
        "产品明细": [{"_id": f"{7:022x}ff", "产品名称": "甲", "数量": "2.50", "单价": "99"}],
        "关联商机": {"id": "67221b3e0000000000000000"},
        "提交人": {"name": "小简", "username": "xiaojian"},
        "提交时间": "2025-01-03T02:00:00.000Z",
        "更新时间": "2025-03-01T08:00:00.000Z",
        "流程状态": "2",
        "更新人": {"name": "小简", "username": "xiaojian"},
        "addedByVendor": {"x": "1"},
    }
    (path,) = files(home, "contracts")
    assert '"合同金额": 7234567.10,' in path.read_text(encoding="utf-8")


def test_files_and_several_members_are_written_as_an_export_shows_them(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    put_customer(form(jiandaoyun), 1)
    pull(home, jiandaoyun, "customers")
    (line,) = lines(home, "customers")
    assert line["协作人"] == {"name": ["李伟", "赵敏"], "username": ["li.wei", "zhao"]}
    assert line["附件"] == ["执照.png"]
    assert "files.example" not in files(home, "customers")[0].read_text(encoding="utf-8")


# ---------------------------------------------------------------- changes


def test_only_what_changed_is_written_again(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    for number in range(1, 6):
        put_customer(form(jiandaoyun), number, "2026-01-05T00:00:00.000Z")
    pull(home, jiandaoyun, "customers")
    clear(home, "customers")
    put_customer(form(jiandaoyun), 2, "2026-01-05T03:00:00.000Z", 客户名称="改名")
    # The vendor's own samples have 更新时间 before 提交时间: a new record may hide behind the last moment.
    put_customer(form(jiandaoyun), 9, "2025-12-31T00:00:00.000Z", created="2026-01-05T03:00:00.000Z")
    jiandaoyun.calls.clear()
    (pulled,) = pull(home, jiandaoyun, "customers", now="2026-01-05T04:00:00")
    assert (pulled.records, pulled.deleted) == (2, 0)
    assert numbers(home) == ["KH-00002", "KH-00009"]
    assert all("filter" in body for body in jiandaoyun.reads())
    # The last moment is read again until a reading of it has found nothing new; from then on one call is enough.
    for expected in (1, 0, 0):
        jiandaoyun.calls.clear()
        (pulled,) = pull(home, jiandaoyun, "customers", now="2026-01-05T05:00:00")
        assert (pulled.records, len(jiandaoyun.reads())) == (0, expected)


def test_a_second_change_in_the_last_moment_is_not_missed(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    put_customer(form(jiandaoyun), 1, "2026-01-05T00:00:00.000Z")
    pull(home, jiandaoyun, "customers")
    clear(home, "customers")
    put_customer(form(jiandaoyun), 2, "2026-01-05T00:00:00.000Z")
    put_customer(form(jiandaoyun), 1, "2026-01-05T00:00:00.000Z", 客户名称="改名")
    pull(home, jiandaoyun, "customers", now="2026-01-05T02:00:00")
    assert numbers(home) == ["KH-00001", "KH-00002"]


def test_a_record_changed_while_its_form_is_read_is_read_by_the_next_pull(
    jiandaoyun: Jiandaoyun, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = form(jiandaoyun)
    for number in range(1, 151):
        put_customer(customers, number, "2026-01-05T00:00:00.000Z")
    asked = jiandaoyun._list

    def meanwhile(of: Any, body: dict[str, Any]) -> Any:
        answer = asked(of, body)
        if not body.get("data_id"):  # after the first page: one record of it changes, then one of the second
            put_customer(customers, 5, "2026-01-05T00:30:00.000Z", 客户名称="改名")
            put_customer(customers, 149, "2026-01-05T00:59:00.000Z")
        return answer

    monkeypatch.setattr(jiandaoyun, "_list", meanwhile)
    pull(home, jiandaoyun, "customers")
    monkeypatch.undo()
    clear(home, "customers")
    pull(home, jiandaoyun, "customers", now="2026-01-05T02:00:00")
    assert [line["客户名称"] for line in lines(home, "customers")] == ["改名"]


@pytest.mark.parametrize("filters", ["refused", "blind", "ignored"])
def test_a_filter_that_does_not_work_loses_nothing(jiandaoyun: Jiandaoyun, home: Settings, filters: str) -> None:
    for number in range(1, 4):
        put_customer(form(jiandaoyun), number, "2026-01-05T00:00:00.000Z")
    pull(home, jiandaoyun, "customers")
    clear(home, "customers")
    jiandaoyun.filters = filters
    put_customer(form(jiandaoyun), 3, "2026-01-05T03:00:00.000Z")
    (pulled,) = pull(home, jiandaoyun, "customers", now="2026-01-05T04:00:00")
    assert numbers(home) == ["KH-00003"]
    assert ("filter was not understood" in pulled.note) is (filters == "refused")


def test_without_a_moment_of_the_last_change_everything_is_read(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    put_customer(form(jiandaoyun), 1)
    for _ in range(2):
        form(jiandaoyun).modified = None
        pull(home, jiandaoyun, "customers")
    assert numbers(home) == ["KH-00001"]
    put_customer(form(jiandaoyun), 2)
    form(jiandaoyun).modified = None
    pull(home, jiandaoyun, "customers")
    assert sorted(numbers(home)) == ["KH-00001", "KH-00002"]


def test_a_change_that_moved_no_time_is_found_by_the_daily_reading(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    put_customer(form(jiandaoyun), 1, flowState=0)
    pull(home, jiandaoyun, "customers", now="2026-01-05T01:00:00")
    pull(home, jiandaoyun, "customers", now="2026-01-05T02:00:00")
    clear(home, "customers")
    put_customer(form(jiandaoyun), 1, flowState=1)
    assert pull(home, jiandaoyun, "customers", now="2026-01-05T03:00:00")[0].records == 0
    assert pull(home, jiandaoyun, "customers", now="2026-01-06T01:00:00")[0].records == 1


# ---------------------------------------------------------------- deletions


def test_a_deletion_is_written_with_the_key_of_the_record(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    for number in range(1, 4):
        put_customer(form(jiandaoyun), number)
    pull(home, jiandaoyun, "customers")
    clear(home, "customers")
    del form(jiandaoyun).records[f"{2:024x}"]
    form(jiandaoyun).modified = "2026-01-05T03:00:00.000Z"  # 简道云 says so much: the form has changed
    (pulled,) = pull(home, jiandaoyun, "customers", now="2026-01-05T04:00:00")
    assert (pulled.records, pulled.deleted) == (1, 1)
    gone = {"_id": f"{2:024x}", "客户编号": "KH-00002", "更新时间": "2026-01-05T04:00:00.000Z", "_deleted": True}
    assert lines(home, "customers") == [gone]
    clear(home, "customers")
    # Restored as it was: its own 更新时间 lies before its deletion, and must not lose against it.
    put_customer(form(jiandaoyun), 2)
    pull(home, jiandaoyun, "customers", now="2026-01-06T05:00:00")
    (line,) = lines(home, "customers")
    assert (line["客户编号"], line["更新时间"]) == ("KH-00002", "2026-01-06T05:00:00.000Z")


def test_a_deletion_that_moved_no_time_is_found_by_the_daily_reading(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    for number in range(1, 4):
        put_customer(form(jiandaoyun), number)
    pull(home, jiandaoyun, "customers")
    pull(home, jiandaoyun, "customers")
    del form(jiandaoyun).records[f"{2:024x}"]
    assert pull(home, jiandaoyun, "customers", now="2026-01-05T09:00:00")[0].deleted == 0
    assert pull(home, jiandaoyun, "customers", now="2026-01-06T09:00:00")[0].deleted == 1


def test_that_most_of_a_form_is_gone_is_not_believed_at_once(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    for number in range(1, 41):
        put_customer(form(jiandaoyun), number)
    pull(home, jiandaoyun, "customers")
    clear(home, "customers")
    for number in range(1, 31):
        del form(jiandaoyun).records[f"{number:024x}"]
    (pulled,) = pull(home, jiandaoyun, "customers", now="2026-01-06T09:00:00")
    assert (pulled.records, pulled.file) == (0, None)
    assert "30 of 40 records are no longer shown" in pulled.note and "--mode full" in pulled.note
    (pulled,) = pull(home, jiandaoyun, "customers", mode="full", now="2026-01-06T10:00:00")
    assert (pulled.records, pulled.deleted) == (40, 30)


def test_a_full_pull_is_a_snapshot_that_says_so(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    for number in range(1, 4):
        put_customer(form(jiandaoyun), number)
    pull(home, jiandaoyun, "customers")
    clear(home, "customers")
    pull(home, jiandaoyun, "customers", mode="full", now="2026-01-05T16:30:00")
    (path,) = files(home, "customers")
    assert path.name.startswith("api_2026-01-06_003000_")  # the day of the business, by which ingest orders files
    said = json.loads(path.with_name(f"{path.name}.manifest.json").read_text(encoding="utf-8"))
    assert said == {
        "mode": "snapshot",
        "extracted_at": "2026-01-06T00:30:00+08:00",
        "rows": 3,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert len(lines(home, "customers")) == 3


def test_those_who_left_stay_in_the_list_of_members(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    jiandaoyun.members = [member("lin.mei", "林梅"), member("li.wei", "李伟"), member("new", "新人", status=0)]
    pull(home, jiandaoyun, "members")
    clear(home, "members")
    jiandaoyun.members = [member("lin.mei", "林梅", status=-1), member("new", "新人", status=0)]
    (pulled,) = pull(home, jiandaoyun, "members")
    assert pulled.records == 2
    assert [(line["成员编号"], line["状态"]) for line in lines(home, "members")] == [
        ("li.wei", "离职"),
        ("lin.mei", "离职"),
    ]
    assert pull(home, jiandaoyun, "members")[0].records == 0
    pull(home, jiandaoyun, "members", mode="full", now="2026-01-07T00:00:00")
    assert len(lines(home, "members")) == 2 + 3


# ---------------------------------------------------------------- labels, aliases, fields


def test_a_renamed_field_is_said_and_written_under_its_new_label(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    put_customer(form(jiandaoyun), 1)
    pull(home, jiandaoyun, "customers")
    clear(home, "customers")
    form(jiandaoyun).widgets[1]["label"] = "客户全称"
    (pulled,) = pull(home, jiandaoyun, "customers")
    assert pulled.records == 0  # the record itself has not changed
    assert "_widget_1529400746002 was called '客户名称' and is called '客户全称' now" in pulled.note
    assert pull(home, jiandaoyun, "customers")[0].note == ""
    put_customer(form(jiandaoyun), 2, "2026-01-05T03:00:00.000Z", 客户全称="二")
    pull(home, jiandaoyun, "customers", now="2026-01-05T04:00:00")
    assert [line["客户全称"] for line in lines(home, "customers")] == ["二"]
    kept = company.with_forms(
        home, company.FORMS.replace("key: [客户编号]", "key: [客户编号], fields: {_widget_1529400746002: 客户名称}")
    )
    assert pull(kept, jiandaoyun, "customers", mode="full", now="2026-01-05T05:00:00")[0].note == ""
    assert lines(kept, "customers")[-1]["客户名称"] == "二"


def test_a_label_that_two_fields_share_belongs_to_neither(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    form(jiandaoyun).widgets += [widget(8, "备注"), widget(9, "备注 "), widget(10, "更新时间", "datetime")]
    put_customer(
        form(jiandaoyun), 1, _widget_1529400746008="甲", _widget_1529400746009="乙", _widget_1529400746010="2020-01-01"
    )
    (pulled,) = pull(home, jiandaoyun, "customers")
    (line,) = lines(home, "customers")
    assert (line["备注 (_widget_1529400746008)"], line["备注 (_widget_1529400746009)"]) == ("甲", "乙")
    assert "备注" not in line
    assert line["更新时间 (_widget_1529400746010)"] == "2020-01-01"
    assert line["更新时间"] == "2025-03-01T08:00:00.000Z"
    assert pulled.note.count("fields: {_widget_15294007460") == 3
    settings = company.with_forms(
        home,
        company.FORMS.replace("key: [客户编号]", "key: [客户编号], fields: {_widget_1529400746009: 备注}"),
    )
    pull(settings, jiandaoyun, "customers", mode="full", now="2026-01-05T09:00:00")
    line = lines(settings, "customers")[-1]
    assert (line["备注"], line["备注 (_widget_1529400746008)"]) == ("乙", "甲")


@pytest.mark.parametrize("alias", ["updateTime", "_id", "flowState"])
def test_an_alias_that_hides_a_system_field_is_refused(jiandaoyun: Jiandaoyun, home: Settings, alias: str) -> None:
    put_customer(form(jiandaoyun), 1)
    put_contract(form(jiandaoyun, company.CONTRACTS), 1)
    form(jiandaoyun).widgets[3]["name"] = alias
    found = {pulled.feed: pulled for pulled in pull(home, jiandaoyun)}
    problem = found["customers"].problem or ""
    assert all(word in problem for word in ("客户级别", "_widget_1529400746004", repr(alias), "jiandaoyun_crm.yml"))
    assert "another alias" in found["customers"].remedy
    assert found["contracts"].records == 1  # the other forms are pulled all the same


def test_a_field_added_without_a_word_is_taken_along(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    put_customer(form(jiandaoyun), 1)
    pull(home, jiandaoyun, "customers")
    clear(home, "customers")
    form(jiandaoyun).widgets.append(widget(8, "税号"))
    put_customer(form(jiandaoyun), 1, "2026-01-05T03:00:00.000Z", 税号="9133")
    pull(home, jiandaoyun, "customers", now="2026-01-05T04:00:00")
    assert [line["税号"] for line in lines(home, "customers")] == ["9133"]


def test_a_link_to_another_record_is_written_as_its_number(jiandaoyun: Jiandaoyun, settings: Settings) -> None:
    linked = "key: [回款编号], links: {合同编号: contracts}"
    home = company.with_forms(settings, company.FORMS.replace("key: [回款编号]", linked))
    collections = form(jiandaoyun, company.COLLECTIONS)
    collections.widgets[1]["type"] = "lookup"
    put_contract(form(jiandaoyun, company.CONTRACTS), 1)
    put_collection(collections, 1, 合同编号=f"{1:024x}")
    put_collection(collections, 2, 合同编号=f"{2:024x}")  # its contract is not there yet
    pull(home, jiandaoyun, "contracts", "collections")
    first, second = lines(home, "collections")
    assert first["合同编号"] == {"name": "HT-1", "id": f"{1:024x}"}
    assert second["合同编号"] == {"id": f"{2:024x}"}
    clear(home, "collections")
    put_contract(form(jiandaoyun, company.CONTRACTS), 2, "2026-01-05T03:00:00.000Z")
    pull(home, jiandaoyun, "contracts", "collections", now="2026-01-06T04:00:00")
    assert [line["合同编号"]["name"] for line in lines(home, "collections")] == ["HT-2"]


# ---------------------------------------------------------------- killed


@pytest.mark.parametrize("killed_before", ["the file is there", "it is remembered"])
def test_a_pull_that_is_killed_is_made_up_for(
    jiandaoyun: Jiandaoyun, home: Settings, monkeypatch: pytest.MonkeyPatch, killed_before: str
) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    for number in range(1, 4):
        put_customer(form(jiandaoyun), number)
    where: Any = connector.Draft if killed_before == "the file is there" else connector.State
    with monkeypatch.context() as patched:
        patched.setattr(where, "drop" if where is connector.Draft else "keep", dies)
        with pytest.raises(Killed):
            pull(home, jiandaoyun, "customers")
    left = home.inbox / "jiandaoyun_crm" / "customers" / ".api_2026-01-05_090000_abcd.jsonl.part"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"cut off")
    ingest(home, "jiandaoyun_crm")
    assert pull(home, jiandaoyun, "customers")[0].records == 3
    assert not left.exists()
    ingest(home, "jiandaoyun_crm")
    found = rows(home, "jiandaoyun_crm__customers", "distinct customer_no, customer_name", order="customer_no")
    assert found == [(f"KH-{number:05d}", f"客户 {number}") for number in range(1, 4)]


def test_a_manifest_whose_file_never_came_is_removed(
    jiandaoyun: Jiandaoyun, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_customer(form(jiandaoyun), 1)
    with monkeypatch.context() as patched:
        patched.setattr(connector.shutil, "copyfileobj", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pull(home, jiandaoyun, "customers", mode="full")
    folder = home.inbox / "jiandaoyun_crm" / "customers"
    (left,) = folder.iterdir()
    assert left.name.endswith(".jsonl.manifest.json")
    pull(home, jiandaoyun, "customers", mode="full")
    (path,) = files(home, "customers")
    assert sorted(found.name for found in folder.iterdir()) == [path.name, f"{path.name}.manifest.json"]


def test_two_pulls_at_once_do_not_meet(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    with sole_puller(home, "jiandaoyun_crm"), pytest.raises(Busy, match="another process pulls"):
        pull(home, jiandaoyun, "customers")


# ---------------------------------------------------------------- the forms file


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (company.CUSTOMERS, "0" * 24, ["feeds.customers.entry_id", "still the example's"]),
        (company.CUSTOMERS, "客户表", ["feeds.customers.entry_id", "'客户表' is no id", "address of the open form"]),
        ("key: [客户编号]", "keys: [客户编号]", ["feeds.customers", "'keys'", "did you mean 'key'"]),
        (", key: [客户编号]", "", ["feeds.customers", "lacks 'key'"]),
        ("key: [客户编号]", "key: []", ["feeds.customers.key", "names no header"]),
        (company.CONTRACTS, company.CUSTOMERS, ["feeds.contracts.entry_id", "the form of customers already"]),
        ("  members:", "  members: {department: all}", ["feeds.members.department", "'all'"]),
        ("key: [客户编号]", "key: [客户编号], links: {x: contracts}", ["feeds.customers.links.x", "no feed above it"]),
        ("feeds:", "feeds: [", ["is not YAML"]),
        ("key: [客户编号]", "key: [客户编号], fields: {a: x, b: x}", ["two fields", "'x'"]),
    ],
)
def test_a_slip_in_the_forms_file_is_named(settings: Settings, before: str, after: str, words: list[str]) -> None:
    home = company.with_forms(settings, company.FORMS.replace(before, after))
    with pytest.raises(BadInput) as raised:
        company.jiandaoyun_forms.load(home)
    assert "jiandaoyun_crm.yml" in raised.value.message
    assert [word for word in words if word not in str(raised.value)] == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("[客户代码]", ["feeds.customers.key", "'客户代码'", "客户编号"]),
        ("[客户编号], fields: {客户代码: x}", ["has no field '客户代码'", "客户编号 (code)"]),
    ],
)
def test_a_field_that_the_form_does_not_have_is_named(
    jiandaoyun: Jiandaoyun, settings: Settings, key: str, words: list[str]
) -> None:
    home = company.with_forms(settings, company.FORMS.replace("key: [客户编号]", f"key: {key}"))
    (pulled,) = pull(home, jiandaoyun, "customers")
    assert [word for word in words if word not in f"{pulled.problem}{pulled.remedy}"] == []


def test_the_example_is_good_once_its_ids_are_filled_in(settings: Settings) -> None:
    example = (settings.project / "connectors" / "jiandaoyun_crm.example.yml").read_text(encoding="utf-8")
    with pytest.raises(BadInput, match="still the example's"):
        company.jiandaoyun_forms.load(company.with_forms(settings, example))
    parts = example.split('"' + "0" * 24 + '"')
    filled = "".join(f'{part}"{number:024x}"' for number, part in enumerate(parts[:-1], start=1)) + parts[-1]
    assert company.jiandaoyun_forms.load(company.with_forms(settings, filled)).feeds == [
        *("customers", "contacts", "follow_ups", "opportunities", "quotes", "contracts", "collection_plans"),
        *("collections", "invoices", "sales_targets", "products", "members"),
    ]


def test_a_missing_forms_file_says_what_to_copy(settings: Settings) -> None:
    with pytest.raises(BadInput, match=r"copy jiandaoyun_crm\.example\.yml"):
        company.jiandaoyun_forms.load(settings)


def test_a_feed_that_is_not_in_the_file_is_refused(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    with pytest.raises(BadInput, match="names no feed 'quotes'"):
        pull(home, jiandaoyun, "quotes")
    with pytest.raises(BadInput, match="no mode 'all'"):
        pull(home, jiandaoyun, "customers", mode="all")


# ---------------------------------------------------------------- what goes wrong on the way


@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ([8303], [0.5]),
        ([429, 502], [0.5, 1.0]),
        (["cut"], [0.5]),
        (["garbage", 8304, 503], [0.5, 1.0, 2.0]),
    ],
)
def test_what_passes_by_itself_is_waited_for(
    jiandaoyun: Jiandaoyun, home: Settings, faults: list[Any], waits: list[float]
) -> None:
    put_customer(form(jiandaoyun), 1)
    jiandaoyun.faults = list(faults)
    clock = company.Clock()
    with company.client(jiandaoyun, clock=clock) as api:
        found = connector.pull(home, api, company.jiandaoyun_forms.load(home), ["customers"])
    assert found[0].records == 1
    assert [wait for wait in clock.waits if wait >= 0.5] == waits


def test_when_it_does_not_pass_nothing_is_written_and_the_next_pull_goes_on(
    jiandaoyun: Jiandaoyun, home: Settings
) -> None:
    for number in range(1, 231):
        put_customer(form(jiandaoyun), number)
    asked = jiandaoyun._list

    def dies(of: Any, body: dict[str, Any]) -> Any:
        return (502, {}) if body.get("data_id") else asked(of, body)

    jiandaoyun._list = dies  # type: ignore[method-assign]
    (pulled,) = pull(home, jiandaoyun, "customers")
    assert pulled.exit_code == Busy.exit_code
    assert f"in {jiandaoyun_api.ATTEMPTS} attempts: HTTP 502" in (pulled.problem or "")
    assert files(home, "customers") == []
    jiandaoyun._list = asked  # type: ignore[method-assign]
    assert pull(home, jiandaoyun, "customers")[0].records == 230


def test_calls_keep_within_the_limit(jiandaoyun: Jiandaoyun) -> None:
    clock = company.Clock()
    with company.client(jiandaoyun, clock=clock) as api:
        for _ in range(61):
            api.apps()
        assert clock.seconds >= 60 / 30  # 30 a second are allowed
        before = clock.seconds
        for _ in range(11):
            api.departments(1)
        assert clock.seconds - before >= 10 / 10


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (8302, ["may not do this", "code 8302"]),
        (2004, ["no application", "app_id"]),
        (3000, ["no form", company.CUSTOMERS, "entry_id"]),
        (7103, ["suspended"]),
        (4999, ["code 4999", "11261"]),
        ({"surprise": []}, ["no list 'widgets'", "surprise"]),
    ],
)
def test_a_refusal_says_what_to_do(jiandaoyun: Jiandaoyun, home: Settings, fault: Any, words: list[str]) -> None:
    jiandaoyun.faults = [fault]
    try:
        (pulled,) = pull(home, jiandaoyun, "customers")
        said = f"{pulled.problem} {pulled.remedy}"
    except BadKey as error:
        said = str(error)
    assert [word for word in words if word not in said] == []


def test_pages_out_of_order_are_refused(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    jiandaoyun._list = lambda *_: (200, {"data": [{"_id": "b"}, {"_id": "a"}]})  # type: ignore[method-assign]
    (pulled,) = pull(home, jiandaoyun, "customers")
    assert "the record a after b" in (pulled.problem or "")
    assert files(home, "customers") == []


def test_a_bad_key_ends_the_pull_and_is_never_said(
    jiandaoyun: Jiandaoyun, home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    put_customer(form(jiandaoyun), 1)
    pull(home, jiandaoyun)
    with pytest.raises(BadKey, match="does not accept the API key") as raised:
        pull(home, jiandaoyun, key=STOPPED_KEY)
    client = Client(KEY, jiandaoyun.address)
    said = f"{raised.value} {raised.value!r} {client!r} {vars(client)['address']} {caplog.text}"
    assert "SECRET" not in said and "STOPPED" not in said


@pytest.mark.parametrize("domain", ["http://api.jiandaoyun.com/api", "ftp://x", "https://", "https://u:p@x/api"])
def test_a_key_travels_only_under_tls(domain: str) -> None:
    with pytest.raises(BadInput, match="api_domain"):
        Client(KEY, domain)


def test_a_domain_may_be_written_short() -> None:
    assert jiandaoyun_api.base_address("api.jiandaoyun.com") == "https://api.jiandaoyun.com/api"
    assert jiandaoyun_api.base_address("https://jdy.example.cn/open/api/") == "https://jdy.example.cn/open/api"
    assert jiandaoyun_api.base_address("") == "https://api.jiandaoyun.com/api"


@pytest.mark.parametrize("key", ["", " ", "ключ"])
def test_a_connection_without_a_key_is_refused(key: str) -> None:
    with pytest.raises(BadKey, match="no API key"):
        Client(key)


@pytest.mark.parametrize("remembered", ["{", "[]", '{"records": {"a": 1}, "modified": 5, "widgets": {}, "gone": []}'])
def test_a_memory_that_cannot_be_read_is_a_first_pull(jiandaoyun: Jiandaoyun, home: Settings, remembered: str) -> None:
    put_customer(form(jiandaoyun), 1)
    path = Memory(home, "jiandaoyun_crm", "customers").path
    path.parent.mkdir(parents=True)
    path.write_text(remembered, encoding="utf-8")
    assert pull(home, jiandaoyun, "customers")[0].records == 1


def test_an_amount_keeps_its_digits(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    put_contract(form(jiandaoyun, company.CONTRACTS), 1, 合同金额=exact("123456789012345.67"))
    pull(home, jiandaoyun, "contracts")
    ingest(home, "jiandaoyun_crm")
    assert rows(home, "jiandaoyun_crm__contracts", "amount::varchar") == [("123456789012345.67",)]


# ---------------------------------------------------------------- the door


def test_the_verbs_pull_and_ingest(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    """`attain pull`, then `attain ingest`, with a connection in the environment; a stopped key ends with code 2."""

    def attain(*words: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
        connection = {"conn_type": "jiandaoyun", "password": key, "extra": {"api_domain": jiandaoyun.address}}
        environment = {
            **os.environ,
            "PYTHONPATH": str(home.project / "plugins"),
            "ATTAIN_HOME": str(home.home),
            "ATTAIN_CONNECTORS": str(home.connectors_dir),
            "AIRFLOW_CONN_JIANDAOYUN_CRM": json.dumps(connection),
        }
        command = [sys.executable, "-c", "from attain.cli import main; main()", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    for number in range(1, 4):
        put_contract(form(jiandaoyun, company.CONTRACTS), number)
    done = attain("pull", "jiandaoyun_crm", "contracts")
    assert done.returncode == 0, done.stderr
    assert "jiandaoyun_crm/contracts/api_" in done.stdout
    refused = attain("pull", "jiandaoyun_crm", "contracts", key=STOPPED_KEY)
    assert refused.returncode == 2
    assert "does not accept the API key" in refused.stderr
    assert attain("ingest", "jiandaoyun_crm").returncode == 0
    assert rows(home, "jiandaoyun_crm__contracts", "contract_no", order="1") == [("HT-1",), ("HT-2",), ("HT-3",)]
    written = b"".join(path.read_bytes() for path in home.home.rglob("*") if path.is_file())
    said = done.stdout + done.stderr + refused.stdout + refused.stderr
    for secret in (KEY, STOPPED_KEY):
        assert secret not in said and secret.encode() not in written
