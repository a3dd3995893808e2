"""Packed exports: what is taken in, how the register shows it, and what is refused before it can do harm."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from attain.control import database
from attain.control.models import Arrival
from attain.ingest import archives, deliveries, mappings, tables
from attain.settings import Settings
from tests.ingest.exports import deal, deals, drop, ingest, ingest_one, quarantined, rows

GOOD = deals(deal(1), deal(2), deal(3))
BACKUP = "zoho_crm/deals/backup_20260126.zip"


def pack(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def arrivals(settings: Settings) -> list[tuple[str, str, str | None]]:
    with database.session(settings) as session:
        found = session.scalars(select(Arrival).order_by(Arrival.arrival_id))
        return [(arrival.file_name, arrival.outcome, arrival.reason) for arrival in found]


def test_members_are_deliveries_of_one_arrival(settings: Settings) -> None:
    content = pack(
        ("Data/", b""),
        ("Data/Deals_002.csv", deals(deal(4), deal(5, "x"))),
        ("Data/Deals_001.csv", GOOD),
        ("__MACOSX/Data/._Deals_001.csv", b"\x00\x05"),
        (".DS_Store", b"\x00"),
        ("Data/Thumbs.db", b"\xd0\xcf\x11\xe0"),
        ("Data/~$Deals.xlsx", b"\x05wps"),
    )
    result = ingest_one(settings, BACKUP, content)
    assert result.outcome == "committed", result.reason
    assert [(landed.file_name, landed.rows_loaded, landed.rows_quarantined) for landed in result.deliveries] == [
        (f"{BACKUP}!Data/Deals_001.csv", 3, 0),
        (f"{BACKUP}!Data/Deals_002.csv", 1, 1),
    ]
    assert rows(settings, "zoho_crm__deals", "_file_name, _row_number, right(deal_id, 1)") == [
        (f"{BACKUP}!Data/Deals_001.csv", 2, "1"),
        (f"{BACKUP}!Data/Deals_001.csv", 3, "2"),
        (f"{BACKUP}!Data/Deals_001.csv", 4, "3"),
        (f"{BACKUP}!Data/Deals_002.csv", 2, "4"),
    ]
    assert [row[0] for row in quarantined(settings)] == [3]
    assert arrivals(settings) == [(BACKUP, "committed", None)]
    registered = deliveries.list_deliveries(settings)
    assert len({delivery.arrival_id for delivery in registered}) == 1
    assert {str(delivery.extracted_at) for delivery in registered} == {"2026-01-26 00:00:00"}
    (archived,) = (settings.lake / "archive").glob("??/*.zip")
    assert archived.read_bytes() == content


def test_packed_or_not_the_same_file_counts_once(settings: Settings) -> None:
    assert ingest_one(settings, "zoho_crm/deals/a.csv.gz", gzip.compress(GOOD, 1)).outcome == "committed"
    assert rows(settings, "zoho_crm__deals", "distinct _file_name, count(*) over ()", order="1") == [
        ("zoho_crm/deals/a.csv.gz", 3)
    ]
    for name, content in (
        ("a.csv.gz", gzip.compress(GOOD, 1)),
        ("b.csv.gz", gzip.compress(GOOD, 9)),
        ("b.csv", GOOD),
        ("b.zip", pack(("b.csv", GOOD), ("c.csv", GOOD))),
    ):
        assert ingest_one(settings, f"zoho_crm/deals/{name}", content).outcome == "duplicate", name
    both = ingest_one(settings, "zoho_crm/deals/d.zip", pack(("new.csv", deals(deal(4))), ("old.csv", GOOD)))
    assert (both.outcome, both.rows_loaded) == ("committed", 1)
    assert "old.csv: duplicate" in (both.reason or "")
    assert "old.csv: duplicate" in (arrivals(settings)[-1][2] or "")
    assert len(rows(settings, "zoho_crm__deals")) == 4


def test_twins_in_one_zip_count_once(settings: Settings) -> None:
    result = ingest_one(settings, BACKUP, pack(("a.csv", GOOD), ("b.csv", GOOD)))
    assert (result.outcome, result.rows_loaded) == ("committed", 3)
    assert "b.csv: duplicate" in (result.reason or "")


def test_a_bad_member_refuses_the_zip_and_the_mended_zip_is_taken(settings: Settings) -> None:
    first = ingest_one(settings, BACKUP, pack(("a.csv", GOOD), ("b.csv", b"Deal Name\nx\n")))
    assert first.outcome == "rejected"
    assert (first.reason or "").startswith("b.csv: missing columns of zoho_crm.deals")
    assert rows(settings, "zoho_crm__deals") == []
    (registered,) = deliveries.list_deliveries(settings)
    assert (registered.status, registered.file_name) == ("rejected", f"{BACKUP}!b.csv")
    second = ingest_one(settings, BACKUP, pack(("a.csv", GOOD), ("b.csv", deals(deal(4)))))
    assert (second.outcome, second.rows_loaded) == ("committed", 4)


def test_a_withdrawn_member_comes_back_with_the_same_zip(settings: Settings) -> None:
    content = pack(("a.csv", GOOD), ("b.csv", deals(deal(4))))
    result = ingest_one(settings, BACKUP, content)
    deliveries.withdraw(settings, result.deliveries[1].delivery_id, "wrong file", "lin")
    assert len(rows(settings, "zoho_crm__deals")) == 3
    again = ingest_one(settings, BACKUP, content)
    assert (again.outcome, again.rows_loaded) == ("committed", 1)
    assert len(rows(settings, "zoho_crm__deals")) == 4


def test_a_killed_run_leaves_no_half_of_a_zip(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = deliveries._Ingest._settle, []

    def settle_one(self: deliveries._Ingest, *args: object) -> tuple[str, str | None]:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, *args)  # type: ignore[arg-type]

    drop(settings, BACKUP, pack(("a.csv", GOOD), ("b.csv", deals(deal(4)))))
    monkeypatch.setattr(deliveries._Ingest, "_settle", settle_one)
    with pytest.raises(KeyboardInterrupt):
        ingest(settings)
    assert rows(settings, "zoho_crm__deals") == []
    monkeypatch.undo()
    (result,) = ingest(settings).files
    assert (result.outcome, result.rows_loaded) == ("committed", 4)


def test_mapping_knows_the_zip_or_its_members(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, mappings_dir=tmp_path)
    (settings.mappings_dir / "shop.yml").write_text(
        "title: Shop\nowner: ops\nfiles:\n"
        "- name: 'orders*.csv'\n  feeds:\n  - feed: zoho_crm.deals\n"
        "    columns: {deal_id: Id, stage: State, amount: Total}\n"
        "- {name: 'readme*', ignore: true, reason: a description}\n"
    )
    content = b"Id,State,Total\n1,Won,5\n"
    packed = pack(("orders_1.csv", content), ("readme.txt", b"hello"))
    result = ingest_one(settings, "shop/all.zip", packed)
    assert (result.outcome, result.rows_loaded) == ("committed", 1), result.reason
    assert "readme.txt: ignored, a description" in (result.reason or "")
    assert ingest_one(settings, "shop/orders_2.csv.gz", gzip.compress(content + b"2,Won,6\n")).rows_loaded == 2
    strange = ingest_one(settings, "shop/more.zip", pack(("invoices.csv", content)))
    assert (strange.outcome, "knows no file" in (strange.reason or "")) == ("rejected", True)


def test_a_mapping_is_suggested_from_packed_files(settings: Settings) -> None:
    drop(settings, "shop/all.zip", pack(("orders.csv", GOOD)))
    drop(settings, "shop/more.csv.gz", gzip.compress(GOOD))
    draft = mappings.suggest(settings, "shop")
    assert "name: orders.csv" in draft and "name: more.csv" in draft
    assert draft.count("feed: zoho_crm.deals") == 2


def test_names_of_members_from_windows_in_china(settings: Settings) -> None:
    ascii_name = "hk.csv"
    content = pack((ascii_name, GOOD)).replace(b"hk.csv", "商机".encode("gbk")[:2] + b".csv")
    result = ingest_one(settings, BACKUP, content)
    assert result.outcome == "committed", result.reason
    assert result.deliveries[0].file_name == f"{BACKUP}!商.csv"


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("deals.csv")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def _renamed(name: bytes) -> bytes:
    """A zip with a member name that Python would not write."""
    return pack(("x" * len(name), GOOD)).replace(b"x" * len(name), name)


def _locked() -> bytes:
    content = bytearray(pack(("deals.csv", GOOD)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _damaged() -> bytes:
    content = bytearray(pack(("deals.csv", GOOD)))
    content[60] ^= 0xFF
    return bytes(content)


def _lying() -> bytes:
    """A zip whose directory says that a member of 1 MB unpacks to 10 bytes."""
    content = bytearray(pack(("deals.csv", GOOD + b"," * (1 << 20))))
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(content)


@dataclass(frozen=True)
class Bad:
    case: str
    name: str
    content: Callable[[], bytes]
    says: str


BAD = [
    Bad("gzip cut off", "a.csv.gz", lambda: gzip.compress(GOOD)[:-9], "cut off"),
    Bad("gzip damaged", "a.csv.gz", lambda: gzip.compress(GOOD)[:-8] + b"\0" * 8, "damaged"),
    Bad("no gzip at all", "a.csv.gz", lambda: GOOD, "damaged"),
    Bad("empty gzip", "a.csv.gz", lambda: gzip.compress(b""), "empty"),
    Bad("empty file as gzip", "a.csv.gz", lambda: b"", "empty"),
    Bad("gzip bomb", "a.csv.gz", lambda: gzip.compress(GOOD + b",,,,,,,\n" * 200_000), "unpacks to more than"),
    Bad("gzip of a zip", "a.zip.gz", lambda: gzip.compress(pack(("a.csv", GOOD))), "another archive"),
    Bad("gzip of a tar", "a.tar.gz", lambda: gzip.compress(GOOD), "another archive"),
    Bad("gzip of no known kind", "a.gz", lambda: gzip.compress(GOOD), "'without suffix'"),
    Bad("gzip of a gzip under a false name", "a.csv.gz", lambda: gzip.compress(gzip.compress(GOOD)), "gzip"),
    Bad("no zip at all", "a.zip", lambda: GOOD, "damaged"),
    Bad("zip cut off", "a.zip", lambda: pack(("a.csv", GOOD))[:-30], "damaged"),
    Bad("empty file as zip", "a.zip", lambda: b"", "empty"),
    Bad("zip without members", "a.zip", pack, "no file"),
    Bad("zip with an empty member", "a.zip", lambda: pack(("a.csv", b"")), "a.csv: the file is empty"),
    Bad("zip bomb", "a.zip", lambda: pack(("a.csv", GOOD + b",,,,,,,\n" * 200_000)), "unpacks to more than"),
    Bad("bomb of many", "a.zip", lambda: pack(*((f"{n}.csv", b"," * 150_000) for n in range(10))), "unpacks to more"),
    Bad("zip that lies of its size", "a.zip", _lying, "damaged"),
    Bad("member damaged", "a.zip", _damaged, "damaged"),
    Bad("absolute name", "a.zip", lambda: _renamed(b"/etc/deals.csv"), "leads out"),
    Bad("drive letter", "a.zip", lambda: _renamed(b"C:/deals.csv"), "leads out"),
    Bad("network name", "a.zip", lambda: _renamed(b"\\\\host\\deals.csv"), "leads out"),
    Bad("name upwards", "a.zip", lambda: pack(("../deals.csv", GOOD)), "leads out"),
    Bad("name upwards inside", "a.zip", lambda: pack(("a/../../deals.csv", GOOD)), "leads out"),
    Bad("name upwards, backslash", "a.zip", lambda: _renamed(b"..\\deals.csv"), "leads out"),
    Bad("NUL in the name", "a.zip", lambda: _renamed(b"deals.csv\x00.txt"), "can't be shown"),
    Bad("line break in the name", "a.zip", lambda: _renamed(b"deals\n.csv"), "can't be shown"),
    Bad("link", "a.zip", lambda: pack((_link(), b"/etc/passwd")), "link"),
    Bad("zip in zip", "a.zip", lambda: pack(("b.zip", pack(("a.csv", GOOD)))), "another archive"),
    Bad("gz in zip", "a.zip", lambda: pack(("b.csv.gz", gzip.compress(GOOD))), "another archive"),
    Bad("zip in zip under a false name", "a.zip", lambda: pack(("b.csv", pack(("a.csv", GOOD)))), "zip"),
    Bad("two members but for case", "a.zip", lambda: pack(("a.csv", GOOD), ("A.csv", GOOD)), "two members"),
    Bad("locked", "a.zip", _locked, "password"),
    Bad("too many members", "a.zip", lambda: pack(*((f"{n}.csv", b"") for n in range(60))), "more than 50"),
    Bad("a picture among them", "a.zip", lambda: pack(("a.csv", GOOD), ("b.png", b"\x89PNG")), "b.png: files of kind"),
    Bad("another module among them", "a.zip", lambda: pack(("x.csv", b"Fields,Label\n1,2\n")), "x.csv: missing"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.case)
def test_refused(settings: Settings, bad: Bad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "FREE_UNPACKED_BYTES", 1 << 20)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 50)
    content = bad.content()
    result = ingest_one(settings, f"zoho_crm/deals/{bad.name}", content)
    assert (result.outcome, bad.says in (result.reason or "")) == ("rejected", True), result.reason
    assert result.remedy
    assert (settings.home / (result.rejected_path or "")).read_bytes() == content
    assert rows(settings, "zoho_crm__deals") == []
    assert list((settings.lake / "landing").iterdir()) == []


def test_two_members_of_one_name(settings: Settings) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = pack(("a.csv", GOOD), ("a.csv", deals(deal(4))))
    result = ingest_one(settings, BACKUP, content)
    assert (result.outcome, "two members" in (result.reason or "")) == ("rejected", True)


def test_a_long_directory_is_refused_unread(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pack(*((f"{number}.csv", b"") for number in range(200)))
    monkeypatch.setattr(archives, "MAX_MEMBERS", 1)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    result = ingest_one(settings, BACKUP, content)
    assert (result.outcome, "far more than 1" in (result.reason or "")) == ("rejected", True)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.zip", pack(("a.csv", GOOD))), ("a.csv.gz", gzip.compress(GOOD))],
    ids=["zip", "gzip"],
)
def test_a_half_written_archive_is_waited_for(settings: Settings, name: str, content: bytes) -> None:
    drop(settings, f"zoho_crm/deals/{name}", content[: len(content) // 2], age_seconds=1)
    assert [result.outcome for result in ingest(settings).files] == ["waiting"]
    drop(settings, f"zoho_crm/deals/{name}", content, age_seconds=1)
    assert [result.outcome for result in ingest(settings).files] == ["committed"]
