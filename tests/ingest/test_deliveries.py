"""The register: once, in any order, across crashes; undone and delivered again."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet
from sqlalchemy import select

from attain.control import database
from attain.control.models import Arrival
from attain.errors import BadInput
from attain.ingest import deliveries, landing
from attain.settings import Settings
from tests.ingest.exports import DEALS_HEADER, deal, deals, drop, ingest, ingest_one, rows

GOOD = deals(deal(1), deal(2), deal(3))
NAME = "zoho_crm/deals/Deals_2026_01_26.csv"


def _arrivals(settings: Settings) -> list[tuple[str, str]]:
    with database.session(settings) as session:
        return [(a.file_name, a.outcome) for a in session.scalars(select(Arrival).order_by(Arrival.arrival_id))]


def test_what_the_register_says(settings: Settings) -> None:
    result = ingest_one(settings, NAME, GOOD)
    (delivery,) = deliveries.list_deliveries(settings)
    assert result.deliveries[0].delivery_id == delivery.delivery_id
    assert (delivery.source_system, delivery.source, delivery.feed) == ("zoho_crm", "zoho_crm", "deals")
    assert (delivery.status, delivery.sequence, delivery.file_name) == ("committed", 1, NAME)
    assert delivery.extracted_at is not None and delivery.extracted_at.date() == date(2026, 1, 26)
    assert (delivery.encoding, delivery.layout) == ("utf-8", "comma, header in row 1")
    assert (delivery.rows_in_file, delivery.rows_loaded) == (3, 3)
    assert delivery.raw_path == f"lake/raw/zoho_crm/deals/{delivery.delivery_id}"
    with database.session(settings) as session:
        arrival = session.scalars(select(Arrival)).one()
    archived = settings.home / str(arrival.archive_path)
    assert archived.read_bytes() == GOOD
    assert archived.stat().st_mode & 0o777 == 0o444
    assert not (settings.inbox / NAME).exists()
    assert list((settings.lake / "archive" / "pending").iterdir()) == []
    assert list((settings.lake / "landing").iterdir()) == []


def test_same_bytes_again_under_any_name_are_a_duplicate(settings: Settings) -> None:
    ingest_one(settings, NAME, GOOD)
    again = ingest_one(settings, "zoho_crm/deals/other.csv", GOOD)
    assert (again.outcome, again.deliveries) == ("duplicate", [])
    assert len(rows(settings, "zoho_crm__deals")) == 3
    assert _arrivals(settings) == [(NAME, "committed"), ("zoho_crm/deals/other.csv", "duplicate")]


def test_same_bytes_for_another_feed_are_its_own_delivery(settings: Settings) -> None:
    content = (
        b"Record Id,Deal Name,Stage,Account Name,Product Name,Amount,Closing Date\nzcrm_1,D,Won,Acme,GTX,5,2025-01-03\n"
    )
    for feed in ("deals", "accounts", "products"):
        assert ingest_one(settings, f"zoho_crm/{feed}/all.csv", content).outcome == "committed"
    assert len({delivery.delivery_id for delivery in deliveries.list_deliveries(settings)}) == 3


def test_corrected_file_is_a_revision_with_a_later_sequence(settings: Settings) -> None:
    ingest_one(settings, NAME, GOOD)
    ingest_one(settings, NAME, deals(deal(1, "100.01"), deal(2), deal(3)))
    revisions = rows(settings, "zoho_crm__deals", "_sequence, amount::varchar", "deal_id, _sequence")
    assert revisions[:2] == [(1, "100.00"), (2, "100.01")]
    assert len(revisions) == 6


def test_delivery_ids_do_not_depend_on_the_order_of_arrival(settings: Settings, tmp_path: Path) -> None:
    contents = {f"zoho_crm/deals/d{number}.csv": deals(deal(number)) for number in range(3)}
    other = replace(settings, home=tmp_path / "other", control_dsn="")
    for home, names in ((settings, list(contents)), (other, list(reversed(contents)))):
        for name in names:
            ingest_one(home, name, contents[name])
    first, second = ({d.delivery_id for d in deliveries.list_deliveries(home)} for home in (settings, other))
    assert first == second and len(first) == 3


def test_files_of_one_look_are_taken_by_their_day_then_name(settings: Settings) -> None:
    for name in ("b_20260102.csv", "a_20260103.csv", "c.csv"):
        drop(settings, f"zoho_crm/deals/{name}", deals(deal(len(name)), deal(ord(name[0]))))
    ingest(settings)
    assert [Path(d.file_name).name for d in deliveries.list_deliveries(settings)] == [
        "c.csv",
        "b_20260102.csv",
        "a_20260103.csv",
    ]


def test_withdraw_and_deliver_again(settings: Settings) -> None:
    first = ingest_one(settings, NAME, GOOD).deliveries[0].delivery_id
    deliveries.withdraw(settings, first, "wrong month", "mei")
    assert rows(settings, "zoho_crm__deals") == []
    (withdrawn,) = deliveries.list_deliveries(settings)
    assert (withdrawn.status, withdrawn.reason, withdrawn.withdrawn_by) == ("withdrawn", "wrong month", "mei")
    assert withdrawn.withdrawn_at is not None
    again = ingest_one(settings, NAME, GOOD)
    assert again.outcome == "committed"
    assert again.deliveries[0].delivery_id != first
    assert len(rows(settings, "zoho_crm__deals")) == 3


@pytest.mark.parametrize(
    ("delivery_id", "reason", "says"),
    [("nope", "because", "no delivery nope"), ("", " ", "needs a reason")],
)
def test_withdraw_refuses(settings: Settings, delivery_id: str, reason: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        deliveries.withdraw(settings, delivery_id, reason, "mei")


def test_withdrawing_twice_is_refused(settings: Settings) -> None:
    delivery_id = ingest_one(settings, NAME, GOOD).deliveries[0].delivery_id
    deliveries.withdraw(settings, delivery_id, "wrong", "mei")
    with pytest.raises(BadInput, match="is withdrawn"):
        deliveries.withdraw(settings, delivery_id, "wrong", "mei")


def test_rejected_file_is_in_the_register_and_can_be_sent_again(settings: Settings) -> None:
    bad = deals("1,Won", header="Record Id,Name")
    for _ in range(2):
        assert ingest_one(settings, NAME, bad).outcome == "rejected"
    assert [(d.status, d.rows_in_file, d.raw_path) for d in deliveries.list_deliveries(settings)] == [
        ("rejected", 0, None)
    ] * 2
    assert rows(settings, "zoho_crm__deals") == []


@pytest.mark.parametrize("name", [".hidden.csv", "~$open.xlsx", "half.csv.part", "half.csv.tmp"])
def test_files_that_are_not_deliveries_are_left_alone(settings: Settings, name: str) -> None:
    path = drop(settings, f"zoho_crm/deals/{name}", GOOD)
    assert ingest(settings).files == []
    assert path.exists()


@pytest.mark.parametrize(
    ("content", "name"),
    [(GOOD.rstrip(b"\n"), "a.csv"), (b"", "a.csv"), (b"PK\x03\x04", "a.xlsx")],
    ids=["open last line", "nothing yet", "workbook without its end"],
)
def test_half_written_file_waits(settings: Settings, content: bytes, name: str) -> None:
    path = drop(settings, f"zoho_crm/deals/{name}", content, age_seconds=0)
    assert [result.outcome for result in ingest(settings).files] == ["waiting"]
    assert path.exists() and _arrivals(settings) == []


def test_file_that_grows_between_two_looks_waits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop(settings, NAME, GOOD, age_seconds=0)

    def grow(_seconds: float) -> None:
        path.write_bytes(GOOD + deal(4).encode() + b"\n")

    monkeypatch.setattr("attain.ingest.deliveries.time.sleep", grow)
    assert [result.outcome for result in ingest(settings).files] == ["waiting"]
    monkeypatch.undo()
    assert [result.rows_loaded for result in ingest(settings).files] == [4]


def test_fresh_complete_file_is_taken_at_once(settings: Settings) -> None:
    drop(settings, NAME, GOOD, age_seconds=0)
    assert ingest(settings).committed == 1


def test_folder_that_nobody_knows(settings: Settings) -> None:
    path = drop(settings, "zoho/Deals.csv", GOOD)
    assert deliveries.source_systems(settings)[-1] == "zoho"
    (result,) = ingest(settings, "zoho").files
    assert result.outcome == "unknown"
    assert "no source or mapping of that name" in (result.reason or "")
    assert "attain mapping suggest zoho" in (result.remedy or "")
    assert path.exists()


@pytest.mark.parametrize("name", ["nowhere", "../outside", "."])
def test_source_system_without_folder(settings: Settings, name: str) -> None:
    with pytest.raises(BadInput, match="no source or mapping"):
        deliveries.ingest_source(settings, name)


def test_a_file_beside_the_folders_is_reported_with_its_likely_place(settings: Settings) -> None:
    settings.inbox.mkdir(parents=True)
    stray = settings.inbox / "pay.csv"
    stray.write_bytes(b"Receipt Number,Invoice Number,Date,Amount,Currency Code\nR1,I1,2025-01-02,10.00,CNY\n")
    (settings.inbox / "notes.csv").write_bytes(b"a,b\n1,2\n")
    (settings.inbox / ".hidden.csv").write_bytes(b"a,b\n1,2\n")
    assert deliveries.source_systems(settings)[-2:] == ["notes.csv", "pay.csv"]
    told = {name: deliveries.ingest_source(settings, name).files[0] for name in ("notes.csv", "pay.csv")}
    assert {file.outcome for file in told.values()} == {"unknown"}
    assert "inbox/finance/receipts/" in (told["pay.csv"].remedy or "")
    assert "inbox/<source>/<feed>/" in (told["notes.csv"].remedy or "")
    assert stray.exists()


def test_horizon_does_not_believe_in_the_future(settings: Settings) -> None:
    ingest_one(
        settings,
        NAME,
        deals(
            deal(1, created="2025-05-01 08:00:00"),
            deal(2, created="2025-05-02 23:30:00"),
            deal(3, created="2099-01-01 00:00:00"),
        ),
    )
    assert deliveries.list_deliveries(settings)[0].horizon_date == date(2025, 5, 2)


def test_closing_dates_reach_the_horizon_only_when_closed(settings: Settings) -> None:
    text = (
        "Record Id,Stage,Amount,Closing Date,Created Time\n"
        "1,Closed Won,5,2025-04-03,2025-01-01\n"
        "2,成交,5,2025-04-05,2025-01-01\n"
        "3,Qualification,5,2025-09-30,2025-01-01\n"
    )
    ingest_one(settings, NAME, text.encode())
    assert deliveries.list_deliveries(settings)[0].horizon_date == date(2025, 4, 5)


# --- killed between any two steps

STEPS = [
    ("note written, nothing moved", "deliveries._move"),
    ("moved, not hashed", "tables.look"),
    ("hashed, not archived", "deliveries._Ingest._archived"),
    ("archived, not opened", "reading.open_table"),
    ("opened, not landed", "landing.land"),
    ("landed, not in its place", "deliveries._Ingest._settle"),
    ("in its place, not registered", "deliveries._Ingest._register"),
    ("in the transaction", "deliveries._Ingest._delivery_row"),
    ("registered, note not removed", "deliveries.FileResult"),
    ("moved, its manifest still in the inbox", "deliveries._Ingest._take_manifest"),
    ("read, its manifest not archived", "deliveries._Ingest._archive_manifest"),
]
MANIFEST = b'{"mode": "snapshot", "rows": 3, "totals": {"Amount": "300.00"}}'

# One process loads everything once and forks a child a step; each child dies at its step like under `kill -9`.
KILLED = """
import os, sys
from pathlib import Path
import alembic.command, duckdb, numpy, pyarrow.compute, pyarrow.csv, pyarrow.parquet
from attain.ingest import deliveries, landing, reading, tables
from attain.settings import Settings
owners = {"deliveries": deliveries, "landing": landing, "reading": reading, "tables": tables}
owners["deliveries._Ingest"] = deliveries._Ingest
for home, place in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    child = os.fork()
    if child == 0:
        owner, name = place.rsplit(".", 1)
        setattr(owners[owner], name, lambda *args, **kwargs: os._exit(137))
        deliveries.ingest_source(Settings(home=Path(home)), "zoho_crm")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Settings]:
    """For each step a home whose ingest was killed there."""
    homes = {
        step: Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("killed"))}) for step, _ in STEPS
    }
    arguments = []
    for step, place in STEPS:
        drop(homes[step], f"{NAME}.manifest.json", MANIFEST)
        drop(homes[step], NAME, GOOD)
        arguments += [str(homes[step].home), place]
    died = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], timeout=120, check=True, stdout=subprocess.PIPE, text=True
    )
    assert died.stdout.split() == ["137"] * len(STEPS)
    return homes


@pytest.mark.parametrize("step", [step for step, _ in STEPS])
def test_killed_at_any_step_nothing_is_lost_or_doubled(killed: dict[str, Settings], step: str) -> None:
    settings = killed[step]
    with database.session(settings) as session:
        counted = len(session.scalars(select(Arrival)).all())
    report = ingest(settings)
    assert len(rows(settings, "zoho_crm__deals")) == 3
    assert _arrivals(settings) == [(NAME, "committed")]
    assert report.committed == 1 - counted
    (delivery,) = deliveries.list_deliveries(settings)
    assert delivery.mode == "snapshot"
    with database.session(settings) as session:
        (kept,) = session.scalars(select(Arrival.manifest_path))
    assert (settings.home / str(kept)).read_bytes() == MANIFEST
    assert [path.name for path in (settings.lake / "raw" / "zoho_crm" / "deals").iterdir()] == [delivery.delivery_id]
    assert list((settings.lake / "archive" / "pending").iterdir()) == []
    assert list((settings.lake / "landing").iterdir()) == []
    assert [path for path in settings.inbox.rglob("*") if path.is_file()] == []
    assert ingest(settings).files == []


RELEASE_STEPS = ["_keep", "_release", "_settle", "_register", "_delivery_row"]
RELEASED_KILLED = """
import os, sys
from pathlib import Path
import alembic.command, duckdb, pyarrow.compute, pyarrow.csv, pyarrow.parquet
from attain.ingest import deliveries
from attain.settings import Settings
for home, delivery_id, step in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3], strict=True):
    child = os.fork()
    if child == 0:
        setattr(deliveries._Ingest, step, lambda *args, **kwargs: os._exit(137))
        deliveries.release_row(Settings(home=Path(home)), delivery_id, 3, {"amount": "7.00"}, "asked", "mei")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_release_killed_at_any_step_has_happened_once_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    homes, arguments = [], []
    for step in RELEASE_STEPS:
        home = Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("released"))})
        made = ingest_one(home, NAME, deals(deal(1), deal(2, "x"))).deliveries[0].delivery_id
        homes.append((home, made))
        arguments += [str(home.home), made, step]
    died = subprocess.run(
        [sys.executable, "-c", RELEASED_KILLED, *arguments], timeout=120, check=True, stdout=subprocess.PIPE, text=True
    )
    assert died.stdout.split() == ["137"] * len(RELEASE_STEPS)
    for settings, made in homes:
        assert len(rows(settings, "zoho_crm__deals")) == 1
        deliveries.release_row(settings, made, 3, {"amount": "7.00"}, "asked", "mei")
        assert len(rows(settings, "zoho_crm__deals")) == 2
        assert ingest(settings).files == []
        assert len(rows(settings, "zoho_crm__deals")) == 2


def test_leftovers_without_a_delivery_are_removed(settings: Settings) -> None:
    ingest_one(settings, NAME, deals(deal(1), deal(2, "x")))
    stray = settings.lake / "raw" / "zoho_crm" / "deals" / "0" / "part-00000.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"half")
    (settings.lake / "quarantine" / "zoho_crm" / "deals" / "0.parquet").write_bytes(b"half")
    ingest(settings)
    assert not stray.parent.exists()
    assert len(list((settings.lake / "quarantine" / "zoho_crm" / "deals").iterdir())) == 1
    assert len(rows(settings, "zoho_crm__deals")) == 1


def test_a_fault_of_the_program_keeps_no_other_file_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    land = landing.land

    def fail_on_two_rows(*args: Any, **kwargs: Any) -> landing.Landed:
        landed = land(*args, **kwargs)
        if landed.rows_in_file == 2:
            landed.rows_loaded -= 1
            landed.hold_account()
        return landed

    monkeypatch.setattr(landing, "land", fail_on_two_rows)
    drop(settings, "zoho_crm/deals/a.csv", deals(deal(1), deal(2)))
    drop(settings, "zoho_crm/deals/b.csv", GOOD)
    first, second = ingest(settings).files
    assert (first.outcome, second.outcome) == ("rejected", "committed")
    assert "2 rows in the file, but 1 accounted for" in (first.reason or "")
    assert len(rows(settings, "zoho_crm__deals")) == 3


def test_remains_of_cut_off_writes_are_removed(settings: Settings) -> None:
    pending = settings.lake / "archive" / "pending"
    pending.mkdir(parents=True)
    for name in ("a.draft", "a.copy", "b.json"):
        (pending / name).write_bytes(b"{")
    assert ingest(settings).files == []
    assert list(pending.iterdir()) == []


def test_a_note_that_lost_its_sense_is_not_thrown_away_with_its_file(settings: Settings) -> None:
    pending = settings.lake / "archive" / "pending"
    pending.mkdir(parents=True)
    (pending / "a.json").write_bytes(b"{")
    (pending / "a.file").write_bytes(GOOD)
    with pytest.raises(BadInput, match=r"note a\.json"):
        ingest(settings)
    assert (pending / "a.file").read_bytes() == GOOD


def test_inbox_on_another_file_system(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def far(self: Path, target: Path) -> Path:
        if settings.inbox in self.parents:
            raise OSError(errno.EXDEV, "far")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", far)
    assert ingest_one(settings, NAME, GOOD).rows_loaded == 3
    assert not (settings.inbox / NAME).exists()


def test_inbox_that_cannot_be_emptied(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_source: Path, _target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = drop(settings, NAME, GOOD)
    monkeypatch.setattr(deliveries, "_move", refuse)
    (result,) = ingest(settings).files
    assert (result.outcome, result.remedy) == ("waiting", "make the inbox and its files writable for attain")
    assert path.exists() and _arrivals(settings) == []


def test_a_name_that_is_no_text_is_taken_in(settings: Settings) -> None:
    folder = settings.inbox / "zoho_crm" / "deals"
    folder.mkdir(parents=True)
    path = os.fsencode(folder) + b"/\xb7\xa2.csv"  # a GBK name on a UTF-8 system
    with open(path, "wb") as stream:  # noqa: PTH123 (a Path can't hold these bytes)
        stream.write(GOOD)
    os.utime(path, (1, 1))
    (result,) = ingest(settings).files
    assert result.outcome == "committed"
    assert result.file_name == "zoho_crm/deals/\\xb7\\xa2.csv"


def test_rows_of_long_texts_are_written_before_they_fill_the_memory(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row group ends by its bytes, too; and whoever lands a file finds Arrow's memory as it was."""
    monkeypatch.setattr("attain.ingest.delimited.BLOCK_BYTES", 20_000)
    monkeypatch.setattr("attain.ingest.tables.BYTES_A_BATCH", 20_000)
    monkeypatch.setattr("attain.ingest.landing._ROW_GROUP_BYTES", 100_000)
    before = pyarrow.default_memory_pool().backend_name
    lines = [deal(number) + "," + "x" * 5_000 for number in range(100)]
    content = "\n".join([DEALS_HEADER + ",Description", *lines]).encode()
    assert ingest_one(settings, "zoho_crm/deals/export.csv", content).outcome == "committed"
    (delivery,) = deliveries.list_deliveries(settings)
    with parquet.ParquetFile(settings.home / str(delivery.raw_path) / landing.PART_NAME) as landed:
        sizes = [landed.metadata.row_group(number).num_rows for number in range(landed.num_row_groups)]
    assert sum(sizes) == 100 and len(sizes) > 5, sizes
    assert pyarrow.default_memory_pool().backend_name == before
