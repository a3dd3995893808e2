"""What deliveries mean: manifests, deleted records, full snapshots, the order of arrival, and what was known when."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as some

from attain.errors import BadInput
from attain.ingest import contracts, deliveries, history, lake, quarantine
from attain.settings import PROJECT_ROOT, Settings
from tests.ingest.exports import deal, deals, drop, drop_sheet, ingest, ingest_one, rows

FEED = "zoho_crm.deals"
FOLDER = "zoho_crm/deals"
TOMBSTONES = "Record Id,_deleted"


def keys(settings: Settings, feed: str = FEED) -> str:
    """The last digits of the keys that count now."""
    return " ".join(str(int(record.key[0][-4:])) for record in history.records(settings, feed))


def amounts(settings: Settings) -> dict[int, str]:
    return {int(r.key[0][-4:]): str(r.values["amount"]) for r in history.records(settings, FEED)}


def with_manifest(settings: Settings, name: str, content: bytes, **said: Any) -> deliveries.FileResult:
    """Drop a manifest, then its file, as a careful sender does; what became of the file."""
    drop(settings, f"{name}.manifest.json", json.dumps(said).encode())
    drop(settings, name, content)
    (result,) = ingest(settings).files
    return result


def snapshot(settings: Settings, day: int, *numbers: int) -> deliveries.FileResult:
    name = f"{FOLDER}/Deals_2026_02_{day:02d}.csv"
    return with_manifest(settings, name, deals(*map(deal, numbers)), mode="snapshot")


# --- manifests


def test_a_manifest_that_agrees_is_taken_in_with_its_file(settings: Settings) -> None:
    content = deals(deal(1, "10.50"), deal(2, closing="never"), deal(3, "5.25"), "合计,,,,115.75,,,")
    result = with_manifest(
        settings,
        f"{FOLDER}/a.csv",
        content,
        extracted_at="2026-01-26T08:30:00+08:00",
        rows=3,
        totals={"amount": "115.750"},
        sha256=hashlib.sha256(content).hexdigest().upper(),
    )
    assert (result.outcome, result.rows_loaded, result.rows_quarantined) == ("committed", 2, 1), result.reason
    (delivery,) = deliveries.list_deliveries(settings)
    assert (delivery.mode, delivery.extracted_at) == ("changes", datetime(2026, 1, 26, 0, 30))
    assert list(settings.inbox.rglob("*.json")) == []
    kept = [path.read_text() for path in (settings.lake / "archive").rglob("*.manifest.json")]
    assert [json.loads(text)["rows"] for text in kept] == [3]


@pytest.mark.parametrize(
    ("said", "reason", "remedy"),
    [
        ({"rows": 4}, "says 4 rows, but the file has 3", "export it again"),
        ({"totals": {"Amount": "300.01"}}, "adds up to 300.01, but the rows of the file add up to 300.00", "missing"),
        ({"totals": {"Amont": 300}}, "'Amont', a column that the file does not have; did you mean 'Amount'", "correct"),
        ({"totals": {"Deal Name": 3}}, "does not read as a number", "it reads Amount"),
        ({"totals": {"Amount": "3e2"}}, "no amount", "correct it"),
        ({"sha256": "0" * 64}, "but the file has", "send both again"),
        ({"sha256": "12"}, "no SHA-256", "correct it"),
        ({"row": 3}, "has a key 'row' that nobody knows; did you mean 'rows'", "mode, extracted_at, rows"),
        ({"mode": "full"}, "none of changes, events, snapshot", "correct it"),
        ({"extracted_at": "2026-01-26T08:30:00"}, "without its offset", "correct it"),
        ({"extracted_at": "yesterday"}, "no moment", "correct it"),
        ({"rows": True}, "no count", "correct it"),
        ([3], "should be an object", "correct it"),
    ],
    ids=str,
)
def test_a_manifest_that_disagrees_rejects_the_file_whole(
    settings: Settings, said: Any, reason: str, remedy: str
) -> None:
    drop(settings, f"{FOLDER}/a.csv.manifest.json", json.dumps(said).encode())
    drop(settings, f"{FOLDER}/a.csv", deals(deal(1), deal(2), deal(3)))
    (result,) = ingest(settings).files
    assert result.outcome == "rejected"
    assert reason in str(result.reason)
    assert remedy in str(result.remedy)
    assert rows(settings, "zoho_crm__deals") == []
    kept = settings.home / str(result.rejected_path)
    assert json.loads(kept.with_name(kept.name + ".manifest.json").read_text()) == said
    assert ingest_one(settings, f"{FOLDER}/a.csv", deals(deal(1), deal(2), deal(3))).outcome == "committed"


def test_a_total_that_cannot_be_checked_is_said(settings: Settings) -> None:
    result = with_manifest(settings, f"{FOLDER}/a.csv", deals(deal(1), deal(2, "x")), totals={"Amount": "150.00"})
    assert result.outcome == "committed"
    assert result.deliveries[0].notes == ["the manifest's total of Amount can't be checked, some cells can't be read"]


def test_a_manifest_waits_for_its_file_and_a_file_for_its_manifest(settings: Settings) -> None:
    name = f"{FOLDER}/a.csv"
    drop(settings, f"{name}.manifest.json", b'{"rows": 1}')
    (lone,) = ingest(settings).files
    assert (lone.file_name, lone.outcome) == (f"{name}.manifest.json", "waiting")
    drop(settings, f"{name}.manifest.json", b'{"rows": ', age_seconds=0)
    drop(settings, name, deals(deal(1)))
    (waiting,) = ingest(settings).files
    assert (waiting.outcome, waiting.reason) == ("waiting", "its manifest is still being written")
    drop(settings, f"{name}.manifest.json", b'{"rows": 1}')
    assert [file.outcome for file in ingest(settings).files] == ["committed"]


def test_a_manifest_that_comes_late_is_reported_and_counts_when_the_file_comes_again(settings: Settings) -> None:
    name, content = f"{FOLDER}/a.csv", deals(deal(1))
    ingest_one(settings, name, content)
    drop(settings, f"{name}.manifest.json", b'{"mode": "snapshot", "extracted_at": "2026-02-01T00:00:00Z", "rows": 1}')
    (late,) = ingest(settings).files
    assert late.outcome == "unknown" and late.needs_a_look
    assert "came after a.csv" in str(late.reason) and "put a.csv beside it again" in str(late.remedy)
    drop(settings, name, content)
    assert [file.outcome for file in ingest(settings).files] == ["duplicate"]
    assert rows(settings, "zoho_crm__deals", "_mode, _extracted_at") == [("snapshot", datetime(2026, 2, 1))]


def test_a_manifest_of_a_file_that_came_before_is_held_against_it(settings: Settings) -> None:
    name, content = f"{FOLDER}/a.csv", deals(deal(1))
    ingest_one(settings, name, content)
    again = with_manifest(settings, name, content, rows=2)
    assert (again.outcome, again.reason) == ("rejected", "its manifest says 2 rows, but the file has 1")
    assert len(rows(settings, "zoho_crm__deals")) == 1


def test_the_manifest_of_a_zip_speaks_of_all_its_files(settings: Settings) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Data/Deals_001.csv", deals(deal(1), deal(2)))
        archive.writestr("Data/Deals_002.csv", deals(deal(3, "1.00")))
    name = f"{FOLDER}/backup.zip"
    wrong = with_manifest(settings, name, packed.getvalue(), rows=3, totals={"Amount": "200.00"})
    assert "add up to 201.00" in str(wrong.reason)
    assert with_manifest(settings, name, packed.getvalue(), rows=3, totals={"Amount": 201}).outcome == "committed"


def test_manifests_of_workbooks_and_json_lines(settings: Settings) -> None:
    sheet = [["Record Id", "Deal Name", "Stage", "Amount", "Currency", "Closing Date", "Created Time"]]
    sheet.append(["zcrm_404427000000000001", "A", "Closed Won", "12.50", "CNY", "2025-03-04", "2025-01-03 10:00:00"])
    drop(settings, f"{FOLDER}/a.xlsx.manifest.json", b'{"rows": 1, "totals": {"Amount": "12.50"}}')
    drop_sheet(settings, f"{FOLDER}/a.xlsx", sheet)
    assert [(file.outcome, file.reason) for file in ingest(settings).files] == [("committed", None)]
    line = json.dumps(dict(zip(sheet[0], sheet[1], strict=True)) | {"Record Id": "2"}).encode() + b"\n"
    assert "says 2 rows" in str(with_manifest(settings, f"{FOLDER}/a.jsonl", line, rows=2).reason)
    assert with_manifest(settings, f"{FOLDER}/a.jsonl", line, rows=1, totals={"Amount": 12.5}).outcome == "committed"


# --- deleted records


@pytest.mark.parametrize("header", ["_deleted", "已删除"])
def test_a_mark_of_a_deleted_record_needs_only_its_key(settings: Settings, header: str) -> None:
    ingest_one(settings, f"{FOLDER}/Deals_2026_02_01.csv", deals(deal(1), deal(2), deal(3)))
    marks = f"Record Id,{header}\nzcrm_404427000000000001,true\nzcrm_404427000000000009,1\n,true\n"
    result = ingest_one(settings, f"{FOLDER}/Deals_2026_02_02.csv", marks.encode())
    assert (result.rows_loaded, result.rows_quarantined) == (2, 1), result.reason
    assert result.deliveries[0].extra_columns == []
    assert keys(settings) == "2 3"
    found = history.history(settings, FEED, ["404427000000000001"])
    assert [(item.what, item.ended_by) for item in found] == [("row", "deleted"), ("deleted", "")]


def test_marks_among_rows_and_marks_that_say_nothing(settings: Settings) -> None:
    header = "Record Id,Deal Name,Deal Owner,Stage,Amount,Currency,Closing Date,Created Time,_deleted"
    lines = [f"{deal(1)},false", f"{deal(2)},", "zcrm_404427000000000003,,,,rubbish,,,,yes", f"{deal(4)},perhaps"]
    lines.append("zcrm_404427000000000005,,,,,,,,")
    result = ingest_one(settings, f"{FOLDER}/a.csv", deals(*lines, header=header))
    assert (result.rows_loaded, result.rows_quarantined) == (3, 2)
    assert keys(settings) == "1 2"
    reasons = [row.reason for row in quarantine.listed(settings)]
    assert "neither yes nor no" in reasons[0] and "blank" in reasons[1]


def test_a_change_after_the_deletion_brings_a_record_back_and_one_before_it_does_not(settings: Settings) -> None:
    ingest_one(settings, f"{FOLDER}/Deals_2026_02_05.csv", f"{TOMBSTONES}\nzcrm_404427000000000001,true\n".encode())
    ingest_one(settings, f"{FOLDER}/Deals_2026_02_04.csv", deals(deal(1, "4.00")))
    assert keys(settings) == ""
    ingest_one(settings, f"{FOLDER}/Deals_2026_02_06.csv", deals(deal(1, "6.00")))
    assert amounts(settings) == {1: "6.00"}


# --- full snapshots


def test_a_record_missing_in_a_snapshot_is_deleted_and_stays_in_history(settings: Settings) -> None:
    snapshot(settings, 1, 1, 2, 3)
    snapshot(settings, 3, 1, 2)
    assert keys(settings) == "1 2"
    row, missing = history.history(settings, FEED, ["404427000000000003"])
    assert (row.what, row.ended_by, missing.what) == ("row", "missing in a snapshot", "missing")
    assert row.ending_delivery == missing.record.delivery_id == deliveries.list_deliveries(settings)[1].delivery_id
    snapshot(settings, 2, 1, 3, 4)  # late: it neither deletes nor brings back
    assert keys(settings) == "1 2"
    ingest_one(settings, f"{FOLDER}/Deals_2026_02_04.csv", deals(deal(3)))
    assert keys(settings) == "1 2 3"
    deliveries.withdraw(settings, deliveries.list_deliveries(settings)[1].delivery_id, "not whole", "mei")
    assert keys(settings) == "1 3 4"  # what the second says, less nothing: the third is withdrawn


def test_a_record_changed_after_the_extract_is_not_deleted_by_it(settings: Settings) -> None:
    header = "Record Id,Deal Name,Stage,Amount,Currency,Closing Date,Created Time,Modified Time"
    line = "{},A,Closed Won,1.00,CNY,2025-03-04,2025-01-03 10:00:00,{}"
    changed = deals(line.format(1, "2026-02-09 10:00:00"), line.format(2, "2026-02-01 10:00:00"), header=header)
    ingest_one(settings, f"{FOLDER}/Deals_2026_02_02.csv", changed)
    content = deals(line.format(3, "2026-02-01 10:00:00"), header=header)
    with_manifest(settings, f"{FOLDER}/full.csv", content, mode="snapshot", extracted_at="2026-02-05T00:00:00Z")
    assert keys(settings) == "1 3"


def test_many_missing_records_wait_for_a_person(settings: Settings) -> None:
    snapshot(settings, 1, *range(1, 101))
    half = snapshot(settings, 2, *range(1, 51)).deliveries[0].delivery_id
    assert len(keys(settings).split()) == 100
    (held,) = ingest(settings).held
    assert (held.delivery_id, held.vanished, held.known) == (half, 50, 100)
    assert len(held.examples) == 3 and "2%" in held.reason and f"confirm {half}" in held.remedy
    with pytest.raises(BadInput, match="those that wait"):
        deliveries.confirm(settings, "nobody", "gone", "mei")
    before = deliveries.list_deliveries(settings)[-1].received_at
    deliveries.confirm(settings, half, "the branch was sold", "mei")
    assert len(keys(settings).split()) == 50
    assert ingest(settings).held == []
    assert len(history.records(settings, FEED, known_at=before)) == 100
    snapshot(settings, 3, *range(1, 50))
    assert len(keys(settings).split()) == 49  # one of fifty may go without a question


def test_an_empty_snapshot_deletes_nothing_unasked(settings: Settings) -> None:
    snapshot(settings, 1, 1, 2)
    snapshot(settings, 2)
    assert keys(settings) == "1 2"
    assert [held.reason for held in ingest(settings).held] == ["it has no records at all"]


def test_a_quarantined_row_of_a_snapshot_proves_that_its_record_exists(settings: Settings) -> None:
    snapshot(settings, 1, 1, 2, 3)
    name = f"{FOLDER}/Deals_2026_02_02.csv"
    with_manifest(settings, name, deals(deal(1), deal(2, "x")), mode="snapshot")
    assert keys(settings) == "1 2"
    name = f"{FOLDER}/Deals_2026_02_03.csv"
    unreadable = deal(2).replace("zcrm_404427000000000002", "4.04E+17")
    result = with_manifest(settings, name, deals(deal(1), unreadable), mode="snapshot")
    assert keys(settings) == "1 2"
    (held,) = ingest(settings).held
    assert "key that can't be read" in held.reason
    changes = {"Record Id": "zcrm_404427000000000002"}
    deliveries.release_row(settings, result.deliveries[0].delivery_id, 3, changes, "looked it up", "mei")
    assert (keys(settings), ingest(settings).held) == ("1 2", [])


def test_the_parts_of_a_zip_are_one_snapshot_even_when_one_came_before(settings: Settings) -> None:
    def full(day: int, second: bytes) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("Deals_001.csv", deals(deal(1), deal(2)))
            archive.writestr("Deals_002.csv", second)
        with_manifest(settings, f"{FOLDER}/backup_2026_02_{day:02d}.zip", packed.getvalue(), mode="snapshot")

    full(1, deals(deal(3), deal(4)))
    full(2, deals(deal(3)))
    assert keys(settings) == "1 2 3"
    full(3, deals(deal(3), deal(4)))  # the very bytes of the first day
    assert keys(settings) == "1 2 3 4"


# --- order of arrival


def test_the_same_bytes_under_two_days_count_by_the_first_whichever_came_first(
    settings: Settings, tmp_path: Path
) -> None:
    other = replace(settings, home=tmp_path / "other", control_dsn=f"sqlite:///{tmp_path / 'other.db'}")
    files = [(26, "1.00"), (27, "2.00"), (28, "1.00")]
    for home, order in ((settings, files), (other, files[::-1])):
        for day, amount in order:
            ingest_one(home, f"{FOLDER}/Deals_2026_01_{day}.csv", deals(deal(1, amount)))
    assert amounts(settings) == amounts(other) == {1: "2.00"}


def test_a_corrected_file_of_the_same_day_supersedes_by_arrival(settings: Settings) -> None:
    for name, amount in (("发票_20260126.csv", "1.00"), ("发票_20260126(1).csv", "2.00"), ("更正.csv", "3.00")):
        ingest_one(settings, f"{FOLDER}/{name}", deals(deal(1, amount)))
        assert amounts(settings) == {1: amount}


def test_a_time_in_the_name_orders_files_of_one_day(settings: Settings) -> None:
    for hour, amount in ((18, "2.00"), (9, "1.00")):
        ingest_one(settings, f"{FOLDER}/Deals_20260126_{hour:02d}3000.csv", deals(deal(1, amount)))
    assert amounts(settings) == {1: "2.00"}
    assert rows(settings, "zoho_crm__deals", "_extracted_at")[0] == (datetime(2026, 1, 26, 10, 30),)


HEADER = "Record Id,Deal Name,Stage,Amount,Currency,Closing Date,Created Time,Modified Time,_deleted"


def _files(seed: int) -> list[tuple[str, bytes, bytes | None]]:
    """Dated files as a system would send them over some days: changes, deletions, bad rows, corrections, snapshots."""
    chance = Random(seed)
    alive: dict[int, tuple[str, int]] = dict.fromkeys(range(1, 9), ("100.00", 1))
    made = []
    for day in range(2, 8):
        touched = {}
        for number in chance.sample(range(1, 13), 4):
            what = chance.choice(["change", "change", "delete", "bad"])
            if what == "delete":
                alive.pop(number, None)
                touched[number] = f"{number},,,,,,,,true"
            else:
                amount = f"{chance.randint(1, 99)}.00"
                alive[number] = amount, day
                shown = "x" if what == "bad" else amount
                touched[number] = _line(number, shown, day)
        kind = chance.choice(["changes", "changes", "snapshot", "again"])
        name = f"{FOLDER}/Deals_2026_03_{day:02d}.csv"
        if kind == "snapshot":
            lines = [_line(number, *said) for number, said in alive.items()]
            made.append((name, deals(*lines, header=HEADER), b'{"mode": "snapshot"}'))
        else:
            made.append((name, deals(*touched.values(), header=HEADER), None))
        if kind == "again":
            made.append((f"{FOLDER}/copy.csv".replace("copy", f"copy_2026_04_{day:02d}"), made[-1][1], None))
    return made


def _line(number: int, amount: str, day: int) -> str:
    return f"{number},A,Closed Won,{amount},CNY,2025-03-04,2025-01-03 10:00:00,2026-03-{day:02d} 09:00:00,"


def _told(settings: Settings) -> list[Any]:
    found = [(r.key, r.values, r.row_number, r.extracted_at) for r in history.records(settings, FEED)]
    open_rows = sorted((row.row_number, row.reason, row.raw_row) for row in quarantine.listed(settings))
    return [found, open_rows, sorted((h.vanished, h.known, h.examples) for h in lake.held_snapshots(settings))]


@trials(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=some.integers(0, 10_000), order=some.integers(0, 10_000))
def test_any_order_and_any_number_of_times_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int, order: int
) -> None:
    files, shuffled, withdrawals = _files(seed), Random(order), 0
    homes = [Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("order"))}) for _ in range(2)]
    for name, content, said in files:
        _drop(homes[0], name, content, said)
    ingest(homes[0])
    twice = files * 2
    shuffled.shuffle(twice)
    while twice:
        batch = {name: (name, content, said) for name, content, said in twice[: shuffled.randint(5, 9)]}
        del twice[: len(batch)]
        for file in batch.values():
            _drop(homes[1], *file)
        ingest(homes[1])
        if withdrawals < 3 and shuffled.random() < 0.5:
            withdrawals += 1
            counting = [d for d in deliveries.list_deliveries(homes[1]) if d.status == "committed"]
            taken_back = shuffled.choice(counting)
            deliveries.withdraw(homes[1], taken_back.delivery_id, "try", "mei")
            twice.append(next(file for file in files if file[0] == taken_back.file_name))
    for file in files:  # what a cut batch left out
        _drop(homes[1], *file)
    ingest(homes[1])
    assert _told(homes[1]) == _told(homes[0])


def _drop(settings: Settings, name: str, content: bytes, said: bytes | None) -> None:
    if said is not None:
        drop(settings, f"{name}.manifest.json", said)
    drop(settings, name, content)


def test_the_macro_of_staging_and_the_records_verb_select_the_same(settings: Settings) -> None:
    for name, content, said in _files(7):
        _drop(settings, name, content, said)
    ingest(settings)
    macros = (PROJECT_ROOT / "dbt_project" / "macros" / "latest_revision.sql").read_text(encoding="utf-8")
    call = "{{ latest_revision('raw.zoho_crm__deals', key=['deal_id'], modified='modified_at') }}"
    with duckdb.connect() as connection:
        lake.create_raw_views(settings, connection)
        columns = "_source_system, deal_id, amount, _delivery_id, _row_number"
        found = [
            connection.execute(f"select {columns} from ({sql}) order by all").fetchall()
            for sql in (jinja2.Template(macros + call).render(), history.latest_sql(contracts.feed(FEED)))
        ]
    assert found[0] == found[1] and len(found[0]) > 3


LINES = "jiandaoyun_crm.contract_lines"


def _contracts(day: int, *lines: tuple[str, str, int]) -> tuple[str, bytes]:
    """An export of that day: contracts (number, product, quantity), each with its lines below one another."""
    header = "合同编号,合同名称,客户名称,签约人,签订日期,合同金额,产品明细.产品名称,产品明细.数量"
    told = [f"{number},合同,晨光,林,2026-01-05,100,{product},{quantity}" for number, product, quantity in lines]
    return f"jiandaoyun_crm/contracts/合同_202602{day:02d}.csv", "\n".join([header, *told]).encode()


def test_lines_of_a_document_are_known_together(settings: Settings) -> None:
    """Each of them is shown, now, as of any moment, and in its history: a newer file replaces all of a document's."""
    first = ("HT-1", "GTX", 1), ("HT-1", "Care", 2), ("HT-2", "GTX", 3)
    moments = []
    for day, lines in ((1, first), (2, [("HT-1", "GTX", 4)])):
        assert ingest_one(settings, *_contracts(day, *lines)).outcome == "committed"
        moments.append(deliveries.list_deliveries(settings)[-1].received_at)

    def told(known_at: datetime | None = None) -> list[tuple[str, str, int]]:
        found = history.records(settings, LINES, known_at=known_at)
        return [(record.key[0], record.values["product_name"], int(record.values["quantity"])) for record in found]

    assert told() == [("HT-1", "GTX", 4), ("HT-2", "GTX", 3)]
    assert told(moments[0]) == list(first)
    said = history.history(settings, LINES, ["HT-1"])
    assert [(item.record.values["product_name"], item.ended_by) for item in said] == [
        ("GTX", "superseded"),
        ("Care", "superseded"),
        ("GTX", ""),
    ]
    assert [(item.valid_from, item.valid_to) for item in said] == [(moments[0], moments[1])] * 2 + [(moments[1], None)]
    macros = (PROJECT_ROOT / "dbt_project" / "macros" / "latest_lines.sql").read_text(encoding="utf-8")
    call = "{{ latest_lines('raw.jiandaoyun_crm__contract_lines', key=['contract_no'], cells=['product_name'], "
    with duckdb.connect() as connection:
        lake.create_raw_views(settings, connection)
        columns = "contract_no, product_name, quantity, _delivery_id, _row_number"
        found = [
            connection.execute(f"select {columns} from ({sql}) order by all").fetchall()
            for sql in (
                jinja2.Template(macros + call + "modified='modified_at') }}").render(),
                history.latest_sql(contracts.feed(LINES)),
            )
        ]
    assert found[0] == found[1] and len(found[0]) == 2


# --- what was known when


def test_as_of_any_moment_gives_what_was_known_then(settings: Settings) -> None:
    moments = []
    for day, lines in ((1, [deal(1, "1.00"), deal(2)]), (3, [deal(1, "3.00")]), (2, [deal(1, "2.00"), deal(3)])):
        ingest_one(settings, f"{FOLDER}/Deals_2026_02_{day:02d}.csv", deals(*lines))
        moments.append(deliveries.list_deliveries(settings)[-1].received_at)
    wrong = deliveries.list_deliveries(settings)[1].delivery_id
    deliveries.withdraw(settings, wrong, "wrong", "mei")

    def then(moment: datetime) -> dict[int, str]:
        return {int(r.key[0][-4:]): str(r.values["amount"]) for r in history.records(settings, FEED, known_at=moment)}

    assert then(moments[0] - timedelta(seconds=1)) == {}
    assert then(moments[0]) == {1: "1.00", 2: "100.00"}
    assert then(moments[1]) == {1: "3.00", 2: "100.00"}
    assert then(moments[2]) == {1: "3.00", 2: "100.00", 3: "100.00"}  # the withdrawn one counted then
    assert amounts(settings) == {1: "2.00", 2: "100.00", 3: "100.00"}
    told = history.history(settings, FEED, ["404427000000000001"])
    assert [str(item.record.values["amount"]) for item in told] == ["1.00", "3.00", "2.00"]
    assert [item.ended_by for item in told] == ["superseded", "withdrawn", ""]
    assert told[0].valid_to == told[1].valid_from == moments[1]
    assert told[1].valid_to == told[2].valid_from


# --- out of quarantine


def test_a_released_row_counts_where_it_came_from_and_can_be_taken_back(settings: Settings) -> None:
    name = f"{FOLDER}/Deals_2026_02_01.csv"
    origin = ingest_one(settings, name, deals(deal(1), deal(2, '"1,2,3"'))).deliveries[0].delivery_id
    (row,) = quarantine.listed(settings)
    assert (row.file_name, row.row_number, row.column_name, row.value) == (name, 3, "amount", "1,2,3")
    with pytest.raises(BadInput, match="can be read in two ways"):
        deliveries.release_row(settings, origin, 3, {}, "as it is", "mei")
    with pytest.raises(BadInput, match="did you mean 'amount'"):
        deliveries.release_row(settings, origin, 3, {"amout": "1"}, "slip", "mei")
    with pytest.raises(BadInput, match="is not in quarantine"):
        deliveries.release_row(settings, origin, 2, {}, "no such row", "mei")
    with pytest.raises(BadInput, match="needs a reason"):
        deliveries.release_row(settings, origin, 3, {"amount": "123"}, " ", "mei")
    made = deliveries.release_row(settings, origin, 3, {"amount": "123"}, "asked finance", "mei")
    assert amounts(settings) == {1: "100.00", 2: "123.00"}
    released = deliveries.list_deliveries(settings)[-1]
    assert (released.origin_delivery_id, released.origin_row_number) == (origin, 3)
    assert (released.reason, released.released_by, released.rows_in_file) == ("asked finance", "mei", 1)
    where = "_delivery_id, _row_number, _extracted_at"
    assert rows(settings, "zoho_crm__deals", where)[-1] == (made.delivery_id, 3, datetime(2026, 2, 1))
    assert quarantine.listed(settings) == []
    assert [item.state for item in quarantine.listed(settings, everything=True)] == ["released"]
    with pytest.raises(BadInput, match="released before"):
        deliveries.release_row(settings, origin, 3, {"amount": "123"}, "again", "mei")
    deliveries.withdraw(settings, made.delivery_id, "wrong amount", "mei")
    assert [item.state for item in quarantine.listed(settings)] == ["open"]
    deliveries.release_row(settings, origin, 3, {"Amount": "124"}, "now right", "mei")
    assert amounts(settings)[2] == "124.00"
    deliveries.withdraw(settings, origin, "wrong file", "mei")
    assert amounts(settings) == {}


def test_a_row_that_comes_again_and_is_good_is_no_longer_open(settings: Settings) -> None:
    ingest_one(settings, f"{FOLDER}/Deals_2026_02_02.csv", deals(deal(1, "x"), deal(2, "y"), deal(3)))
    ingest_one(settings, f"{FOLDER}/Deals_2026_02_01.csv", deals(deal(1)))  # older: it tells nothing of the second day
    assert len(quarantine.listed(settings, FEED)) == 2
    text = quarantine.as_csv(quarantine.listed(settings))
    header, first, second = csv.reader(io.StringIO(text))
    assert header[8:] == [f"_quarantine {name}" for name in ("file", "row", "column", "reason", "remedy", "text")]
    first[4], second[4] = "7.00", "still wrong"
    made = io.StringIO()
    csv.writer(made).writerows([header, first, second])
    result = ingest_one(settings, f"{FOLDER}/mended.csv", made.getvalue().encode("utf-8-sig"))
    assert (result.rows_loaded, result.rows_quarantined) == (1, 1)
    assert result.deliveries[0].extra_columns == []
    assert amounts(settings) == {1: "7.00", 3: "100.00"}
    assert [(row.value, row.state) for row in quarantine.listed(settings, everything=True)] == [
        ("x", "superseded"),
        ("y", "open"),
        ("still wrong", "open"),
    ]


def test_a_row_that_could_not_be_taken_apart_is_sent_again_not_released(settings: Settings) -> None:
    result = ingest_one(settings, f"{FOLDER}/a.csv", deals(deal(1), deal(2) + ",one too many"))
    with pytest.raises(BadInput, match="the row has 9 cells, the header 8"):
        deliveries.release_row(settings, result.deliveries[0].delivery_id, 3, {}, "try", "mei")
    assert "one too many" in quarantine.as_csv(quarantine.listed(settings))
