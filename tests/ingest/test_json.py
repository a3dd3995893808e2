"""JSON as APIs answer it: what becomes a row, what is kept exactly, what is refused."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from attain.ingest import json_records
from attain.ingest.contracts import normalise_header
from attain.settings import Settings
from tests.ingest.exports import day, drop, ingest, ingest_one, moment, quarantined, rows

ZOHO = b"""{"data": [
 {"Owner": {"name": "Mei Lin", "id": "3388926000000166021", "email": "mei@example.com"}, "$currency_symbol": "$",
  "id": "3388926000000285001", "Deal_Name": "\xe5\x90\x88\xe8\xae\xa1\xe8\xb4\xb8\xe6\x98\x93", "Stage": "Closed Won",
  "Account_Name": {"name": "Benton", "id": "3388926000000285004"}, "Amount": 1234.10, "Currency": "CNY",
  "Closing_Date": "2025-03-04", "Created_Time": "2025-01-03T10:00:00+05:30", "Tag": [{"name": "hot", "id": "1"}],
  "Colours": ["red", "blue"], "Exchange_Rate": 1, "Approval": {"delegate": false, "steps": [1.50, 2]}},
 {"Owner": null, "id": 404427000000249265, "Deal_Name": null, "Stage": "Lost", "Amount": null}
], "info": {"per_page": 200, "count": 2, "page": 1, "more_records": false}}"""

JIANDAOYUN = """[{"_id": "59e9a2fe283ffa7c11b1ddbf", "合同编号": "HT-1", "客户名称": "晨光",
 "签约人": {"name": "小简", "username": "xiaojian", "status": 1, "type": 0, "departments": [1, 3]},
 "签订日期": "2025-01-02T16:00:00.000Z", "合同金额": 100, "flowState": 0,
 "明细": [{"_id": "6", "产品": "甲", "数量": 2.50}],
 "createTime": "2017-10-20T22:41:51.430Z", "updateTime": "2017-10-20T11:12:15.293Z"}]"""


def lines(*records: str) -> bytes:
    return "".join(record + "\n" for record in records).encode()


def test_an_answer_of_zoho(settings: Settings) -> None:
    result = ingest_one(settings, "zoho_crm/deals/page_1.json", ZOHO)
    assert result.outcome == "committed", result.reason
    columns = "_row_number, deal_id, deal_name, owner_id, owner_name, account_id, account_name, amount::varchar"
    assert rows(settings, "zoho_crm__deals", f"{columns}, closing_date, created_at") == [
        (
            *(1, "3388926000000285001", "合计贸易", "3388926000000166021", "Mei Lin"),
            *("3388926000000285004", "Benton", "1234.10", day("2025-03-04"), moment("2025-01-03 04:30:00")),
        ),
        (2, "404427000000249265", None, None, None, None, None, None, None, None),
    ]
    ((extra,), _) = rows(settings, "zoho_crm__deals", "_extra")
    assert json.loads(extra) == {
        "$currency_symbol": "$",
        "Owner.email": "mei@example.com",
        "Tag": '[{"name": "hot", "id": "1"}]',
        "Colours": "red,blue",
        "Exchange_Rate": "1",
        "Approval.delegate": "false",
        "Approval.steps": "1.50,2",
    }


def test_records_of_jiandaoyun(settings: Settings) -> None:
    result = ingest_one(settings, "jiandaoyun_crm/contracts/合同.json", JIANDAOYUN.encode())
    assert result.outcome == "committed", result.reason
    columns = "contract_no, owner_name, owner_username, signed_date, amount::varchar, flow_status, created_at"
    assert rows(settings, "jiandaoyun_crm__contracts", columns) == [
        ("HT-1", "小简", "xiaojian", day("2025-01-03"), "100.00", "running", moment("2017-10-20 22:41:51.430"))
    ]
    ((extra,),) = rows(settings, "jiandaoyun_crm__contracts", "_extra")
    kept = json.loads(extra)
    assert kept["签约人.departments"] == "1,3"
    assert kept["明细"] == '[{"_id": "6", "产品": "甲", "数量": 2.50}]'


PUSH = (
    '{"op": "data_%s", "data": {"_id": "5", "合同编号": "HT-1", "合同金额": %s, "flowState": 0, "deleteTime": %s,'
    ' "签订日期": "2025-01-02T16:00:00.000Z", "签约人": {"name": "小简"}, "updateTime": "2025-01-0%sT02:00:00.000Z"}}'
)


def test_pushes_of_jiandaoyun(settings: Settings) -> None:
    pushes = [PUSH % ("create", 100, "null", 3), PUSH % ("update", 120, "null", 4)]
    pushes += [
        PUSH % ("remove", 120, '"2025-01-06T02:00:00.000Z"', 4),
        '{"op": "form_update", "data": {"name": "合同"}}',
    ]
    result = ingest_one(settings, "jiandaoyun_crm/contracts/pushes.jsonl", lines(*pushes))
    assert result.outcome == "committed", result
    columns = "_row_number, contract_no, amount::varchar, modified_at, _is_deleted"
    assert rows(settings, "jiandaoyun_crm__contracts", columns) == [
        (1, "HT-1", "100.00", moment("2025-01-03 02:00:00"), False),
        (2, "HT-1", "120.00", moment("2025-01-04 02:00:00"), False),
        (3, "HT-1", "120.00", moment("2025-01-06 02:00:00"), True),
    ]
    ((number, _, _, reason),) = quarantined(settings)
    assert (number, "form_update" in reason) == (4, True)
    alone = ingest_one(settings, "jiandaoyun_crm/contracts/push.json", (PUSH % ("create", 7, "null", 3)).encode())
    assert alone.rows_loaded == 1, alone


def test_a_finished_flow_is_not_taken_for_an_approved_one(settings: Settings) -> None:
    content = JIANDAOYUN.replace('"flowState": 0', '"flowState": 1').encode()
    result = ingest_one(settings, "jiandaoyun_crm/contracts/合同.json", content)
    assert (result.rows_loaded, result.rows_quarantined) == (0, 1)
    assert quarantined(settings)[0][1:3] == ("flow_status", "1")


def test_lines_keep_their_numbers_and_bad_ones_are_set_aside(settings: Settings) -> None:
    content = lines(
        '{"id": "1", "Stage": "Won", "Amount": 1.10}',
        "",
        '{"id": "2", "Stage": "Won", "Amount": 10.005}',
        "oops",
        '{"Stage": "Won", "id": "3"} {"id": "4"}',
        "[1]",
        '{"id": "5", "id": "6", "Stage": "Won"}',
        r'{"id": "7", "Stage": "Won", "Deal_Name": "\ud83d"}',
        r'{"id": "8", "Stage": "Won", "Deal_Name": "\ud83d\ude00"}',
        r'{"id": "9", "Stage": "W\u0000n"}',
        '{"id": "10", "Stage": "Won", "Owner": {"id": "1"}, "Owner.id": "2"}',
        '{"id": "11", "Stage": "Won", "Amount": NaN}',
    )
    result = ingest_one(settings, "zoho_crm/deals/deals.jsonl", content)
    assert result.outcome == "committed", result.reason
    assert rows(settings, "zoho_crm__deals", "_row_number, deal_id, amount::varchar, deal_name") == [
        (1, "1", "1.10", None),
        (9, "8", None, "😀"),
    ]
    said = {number: reason for number, _, _, reason in quarantined(settings)}
    assert sorted(said) == [3, 4, 5, 6, 7, 8, 10, 11, 12]
    for number, part in (
        (3, "more than 2 decimals"),
        (4, "no JSON record"),
        (5, "something follows"),
        (6, "no object"),
        (7, "'id' is there twice"),
        (8, "half a letter"),
        (10, "NUL"),
        (11, "'Owner.id' twice"),
        (12, "not a number"),
    ):
        assert part in said[number], said[number]


@dataclass(frozen=True)
class File:
    case: str
    content: bytes
    outcome: str = "rejected"
    says: str = ""
    loaded: int = 0
    refused: int = 0
    suffix: str = ".json"


ONE = b'{"id": "1", "Stage": "Won"}'
FILES = [
    File("plain list", b"[" + ONE + b"]", "committed", loaded=1),
    File("list over lines", b"[\n" + ONE + b",\n" + ONE.replace(b"1", b"2") + b"\n]\n", "committed", loaded=2),
    File("lines named json", ONE + b"\n" + ONE + b"\n", "committed", loaded=2),
    File("lines, no last line end", ONE + b"\n" + ONE, "committed", loaded=2, suffix=".ndjson"),
    File("lines with CRLF", ONE + b"\r\n" + ONE + b"\r\n", "committed", loaded=2, suffix=".jsonl"),
    File("lines, packed", gzip.compress(ONE + b"\n"), "committed", loaded=1, suffix=".jsonl.gz"),
    File("users under their own key", b'{"info": {"n": 1}, "deals": [' + ONE + b"]}", "committed", loaded=1),
    File("data beside another list", b'{"x": [{"a": 1}], "data": [' + ONE + b"]}", "committed", loaded=1),
    File("data beside plain values", b'{"x": [1, 2], "data": [' + ONE + b"]}", "committed", loaded=1),
    File("a list deep in an answer", b'{"code": 0, "data": {"n": 1, "list": [' + ONE + b"]}}", "committed", loaded=1),
    File("a response", b'{"response": {"result": {"deals": [' + ONE + b"]}}}", "committed", loaded=1),
    File("two lists deep in an answer", b'{"data": {"x": [{"a": 1}], "y": [' + ONE + b"]}}", says="several lists"),
    File("pages by line", (b'{"data": [' + ONE + b'], "info": {"page": 1}}\n') * 2, "committed", loaded=2),
    File("pages in a list", b'[{"data": [' + ONE + b'], "info": {}}, {"data": [' + ONE + b"]}]", "committed", loaded=2),
    File("pages one after another", b'{\n"data": [' + ONE + b']}\n{\n"data": [' + ONE + b"]}", "committed", loaded=2),
    File("records one after another", ONE.replace(b", ", b",\n") * 2, "committed", loaded=2),
    File("one record", b'{"id": "1", "Tag": [{"n": 1}], "Owner": {"id": "2"}, "Stage": "Won"}', "committed", loaded=1),
    File("with BOM", b"\xef\xbb\xbf[" + ONE + b"]", "committed", loaded=1),
    File("UTF-16", ("[" + ONE.decode() + "]").encode("utf-16"), "committed", loaded=1),
    File("GB18030", '[{"id": "1", "Stage": "赢单", "Deal_Name": "合同"}]'.encode("gb18030"), "committed", loaded=1),
    File("other keys in each record", b'[{"id": "1"}, {"Stage": "Won", "id": "2"}]', "committed", loaded=1, refused=1),
    File("a number among the records", b"[" + ONE + b", 7]", "committed", loaded=1, refused=1),
    File("number as id", b'[{"id": 404427000000249265, "Stage": "Won"}]', "committed", loaded=1),
    File("id as a power of ten", b'[{"id": 4.04427E+17, "Stage": "Won"}]', "committed", refused=1),
    File("two lists", b'{"x": [{"a": 1}], "y": [' + ONE + b"]}", says="several lists, 'x', 'y'"),
    File("empty list", b'{"data": [], "info": {}}', says="no record"),
    File("an error message", b'{"code": "INVALID_TOKEN", "status": "error"}', says="no record"),
    File("list of lists", b'[["id", "Stage"], ["1", "Won"]]', says="no record"),
    File("blank", b" \n ", says="too early"),
    File("cut off in a record", b"[" + ONE + b', {"id": "2", "Sta', says="no JSON"),
    File("cut off between records", b"[" + ONE + b", ", says="no JSON"),
    File("cut off after a record", b"[" + ONE, says="cut off"),
    File("cut off wrapper", b'{"data": [' + ONE + b"]", says="cut off"),
    File("cut off line", ONE + b'\n{"id": "2", "St', says="cut off", suffix=".jsonl"),
    File("no commas", b"[" + ONE + ONE + b"]", says="instead of ,"),
    File("comma at the end", b"[" + ONE + b",]", says="no JSON"),
    File("two documents", b"[" + ONE + b"][" + ONE + b"]", says="something follows"),
    File("key twice in the wrapper", b'{"data": [' + ONE + b'], "data": []}', says="twice"),
    File("key twice in a record", b'[{"id": "1", "id": "2", "Stage": "Won"}]', says="'id' is there twice"),
    File("nested without end", b"[" + b'{"a":' * 100_000, says="nested too deep"),
    File("plain text", b"Record Id,Stage\n1,Won\n", says="no JSON", suffix=".json"),
    File("web page", b"<html><body>Sign in</body></html>", says="web page"),
    File("missing key column", b'[{"Stage": "Won"}]', says="deal_id"),
    File("spelled two ways", b'[{"id": "1", "ID": "2", "Stage": "Won"}]', says="more than once"),
    File("Latin-1", '[{"id": "1", "Stage": "Zoé"}]'.encode("latin-1"), says="neither UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.case)
def test_files(settings: Settings, file: File) -> None:
    result = ingest_one(settings, f"zoho_crm/deals/page{file.suffix}", file.content)
    assert (result.outcome, file.says in (result.reason or "")) == (file.outcome, True), result
    assert (result.rows_loaded, result.rows_quarantined) == (file.loaded, file.refused), result
    assert bool(result.remedy) == (file.outcome == "rejected")
    assert len(rows(settings, "zoho_crm__deals")) == file.loaded


def test_records_across_the_edges_of_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "_CHUNK", 7)
    written = [{"id": number, "text": "合" * number, "n": 10**number} for number in range(40)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"info": 1234567890123, "data": written, "more": False}), encoding="utf-8")
    read = [record.cells for _, record in json_records.records(path, "utf-8", as_lines=False)]
    assert read == [{key: str(value) for key, value in record.items()} for record in written]


def test_a_value_without_end_is_refused_before_it_fills_the_memory(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_records, "MAX_RECORD_CHARACTERS", 1 << 18)
    for suffix, says in ((".json", "no value ends"), (".jsonl", "longer than")):
        content = b'[{"id": "' if suffix == ".json" else b'{"id": "'
        result = ingest_one(settings, f"zoho_crm/deals/long{suffix}", content + b"x" * (1 << 20))
        assert (result.outcome, says in (result.reason or "")) == ("rejected", True), result.reason


def test_an_answer_of_many_batches_holds_its_account(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attain.ingest.tables.BYTES_A_BATCH", 4_000)
    content = lines(*(json.dumps({"id": str(n), "Stage": "Won", "Amount": "x" if n == 7 else n}) for n in range(500)))
    result = ingest_one(settings, "zoho_crm/deals/many.jsonl", content)
    assert (result.rows_loaded, result.rows_quarantined) == (499, 1)
    assert rows(settings, "zoho_crm__deals", "sum(_row_number), sum(amount)::varchar", order="1") == [
        (500 * 501 // 2 - 8, f"{499 * 500 // 2 - 7}.00")
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Deal_Name", "Deal Name", True),
        ("Account_Name.id", "account name.ID", True),
        ("_id", "id", False),
        ("a__b", "ab", False),
        ("合同_编号", "合同编号", True),
    ],
)
def test_names_of_an_api_are_those_of_the_export(one: str, other: str, same: bool) -> None:
    assert (normalise_header(one) == normalise_header(other)) is same


def test_a_half_written_list_is_waited_for(settings: Settings) -> None:
    drop(settings, "zoho_crm/deals/a.json", b"[" + ONE + b",", age_seconds=1)
    assert [result.outcome for result in ingest(settings).files] == ["waiting"]
