"""Publishing is all or nothing, whatever instant it is killed at, and a release can be checked for ever after."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from attain.control import database, models
from attain.errors import BadInput, Busy, Refused
from attain.publish import receipts, release
from attain.settings import Settings


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain file in place of the workbook and of the page, which have tests of their own and take half the time."""

    def plain(name: str) -> Callable[[Path], None]:
        return lambda folder: (folder / name).write_bytes((folder / "attain.duckdb").read_bytes()[:4096])

    monkeypatch.setattr(release.workbook, "write", plain("payouts.xlsx"))
    monkeypatch.setattr(release.report, "write", plain("report.html"))


def moves(settings: Settings) -> list[tuple[str, str]]:
    with database.session(settings) as session:
        found = session.scalars(select(models.PointerMove).order_by(models.PointerMove.move_id))
        return [(move.release_id, move.cause) for move in found]


def in_another_process(action: Callable[[], object], kill_at: str | None = None, after: float | None = None) -> int:
    """Do something in a process that is killed (SIGKILL) at a step, or after some seconds; returns how it ended."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if kill_at is not None:
                release._reached = lambda step: os.kill(os.getpid(), signal.SIGKILL) if step == kill_at else None  # type: ignore[assignment,return-value]
            action()
            status = 0
        finally:
            os._exit(status)
    if after is not None:
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return status


def must_be_sound(settings: Settings) -> str | None:
    """`current` is complete, or is not there at all; returns what it points at."""
    current = release.current_release_id(settings)
    if current is not None:
        folder = settings.releases / current
        assert receipts.differences(folder) == []
        assert (settings.releases / "current" / "receipt.json").samefile(folder / "receipt.json")
    return current


def names(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.releases.iterdir())


def test_a_candidate_becomes_a_release(settings, make_candidate) -> None:
    made = make_candidate(settings)
    published = release.publish(settings, made.candidate.run_id)
    assert published.release_id == made.candidate.release_id
    assert published.cause == "publish"
    assert published.payout_totals == {"CNY": "12645.97", "JPY": "12000.00", "USD": "0.00"}
    assert published.tables["incentive.fct_payout"] == 7
    assert names(settings) == [published.release_id, "current"]
    folder = settings.releases / "current"
    assert sorted(path.name for path in folder.iterdir()) == [
        "attain.duckdb",
        "parquet",
        "payouts.xlsx",
        "receipt.json",
        "report.html",
        "statements",
    ]
    assert all(path.stat().st_mode & 0o222 == 0 for path in folder.rglob("*") if path.is_file())
    (entry,) = release.releases(settings)
    assert (entry.release_id, entry.is_current, entry.is_there) == (published.release_id, True, True)
    assert entry.payout_totals == published.payout_totals
    assert moves(settings) == [(published.release_id, "publish")]


@pytest.mark.usefixtures("quick")
def test_publishing_passes_the_steps_in_order(settings, make_candidate, monkeypatch) -> None:
    make_candidate(settings)
    passed: list[str] = []
    monkeypatch.setattr(release, "_reached", passed.append)
    release.publish(settings)
    assert tuple(passed) == release.STEPS


@pytest.mark.usefixtures("quick", "published")
def test_what_is_current_is_not_published_twice(settings) -> None:
    first = release.publish(settings)
    again = release.publish(settings)
    assert again.cause == "unchanged"
    assert again.release_id == first.release_id
    assert moves(settings) == [(first.release_id, "publish")]


@pytest.mark.usefixtures("quick", "published")
def test_a_refused_candidate_is_not_published(settings, make_candidate) -> None:
    good = release.publish(settings)
    make_candidate(settings, of="bad", refusals=("incentive.fct_payout: sums failed", "pay differs"))
    with pytest.raises(Refused, match=r"sums failed\n  pay differs") as refusal:
        release.publish(settings)
    assert refusal.value.exit_code == 1
    assert must_be_sound(settings) == good.release_id
    assert names(settings) == [good.release_id, "current"]


@pytest.mark.usefixtures("quick")
def test_a_candidate_changed_after_the_check_is_not_published(settings, make_candidate) -> None:
    make_candidate(settings)
    with duckdb.connect(str(settings.warehouse_file)) as warehouse:
        warehouse.execute("update incentive.fct_payout set payable_amount = 1000000")
    with pytest.raises(Refused, match="changed after"):
        release.publish(settings)
    assert must_be_sound(settings) is None


@pytest.mark.usefixtures("quick")
def test_an_input_withdrawn_after_the_build_stops_it(settings, make_candidate) -> None:
    made = make_candidate(settings)
    with database.session(settings) as session:
        session.get_one(models.Delivery, made.candidate.delivery_ids[0]).status = "withdrawn"
    with pytest.raises(Busy, match="withdrawn"):
        release.publish(settings)
    assert must_be_sound(settings) is None


@pytest.mark.parametrize(
    ("step", "is_first"),
    [(step, False) for step in release.STEPS] + [(step, True) for step in release.STEPS[-5:]],
)
@pytest.mark.usefixtures("quick")
def test_killed_at_any_step_nothing_half_is_seen_and_the_next_run_finishes(
    settings, published_home, make_candidate, step: str, is_first: bool
) -> None:
    before = None
    if not is_first:
        shutil.copytree(published_home, settings.home, symlinks=True)
        before = release.current_release_id(settings)
    made = make_candidate(settings, of="next")
    ended = in_another_process(lambda: release.publish(settings), kill_at=step)
    assert os.WIFSIGNALED(ended), f"the step {step!r} was not reached"
    is_moved = step in {"pointer moved", "switched for BI"}
    assert must_be_sound(settings) == (made.candidate.release_id if is_moved else before)

    release.publish(settings)
    assert must_be_sound(settings) == made.candidate.release_id
    assert names(settings) == sorted(filter(None, [before, made.candidate.release_id, "current"]))
    assert release.verify_release(settings).files == 24
    history = [(before, "publish")] if before else []
    assert moves(settings) == [*history, (made.candidate.release_id, "publish")]


def test_killed_at_any_instant(settings, make_candidate) -> None:
    made = make_candidate(settings)
    for after in (0.05, 0.1, 0.2, 0.3, 0.45, 0.6):
        in_another_process(lambda: release.publish(settings), after=after)
        assert must_be_sound(settings) in {None, made.candidate.release_id}
    release.publish(settings)
    assert must_be_sound(settings) == made.candidate.release_id
    assert names(settings) == [made.candidate.release_id, "current"]
    assert len(release.releases(settings)) == 1


@pytest.mark.usefixtures("quick")
def test_a_complete_release_left_unregistered_is_kept_when_the_inputs_have_moved_on(settings, make_candidate) -> None:
    orphan = make_candidate(settings, of="orphan").candidate.release_id
    in_another_process(lambda: release.publish(settings), kill_at="renamed")
    later = make_candidate(settings, of="later").candidate.release_id
    release.publish(settings)
    assert must_be_sound(settings) == later
    assert {entry.release_id: entry.is_current for entry in release.releases(settings)} == {orphan: False, later: True}
    assert moves(settings) == [(later, "publish")]


@pytest.mark.usefixtures("quick", "published")
def test_a_recorded_move_is_made_before_anything_else(settings, make_candidate) -> None:
    first = release.publish(settings).release_id
    second = make_candidate(settings, of="second").candidate.release_id
    in_another_process(lambda: release.publish(settings), kill_at="registered")
    assert must_be_sound(settings) == first
    release.recover(settings)
    assert must_be_sound(settings) == second
    assert moves(settings) == [(first, "publish"), (second, "publish")]


@pytest.mark.usefixtures("quick", "published")
def test_rollback_goes_back_and_is_recorded(settings, make_candidate) -> None:
    first = release.publish(settings).release_id
    make_candidate(settings, of="second")
    second = release.publish(settings).release_id
    release.rollback(settings, first, "zhang")
    assert must_be_sound(settings) == first
    assert moves(settings) == [(first, "publish"), (second, "publish"), (first, "rollback")]
    listed = {entry.release_id: entry for entry in release.releases(settings)}
    assert (listed[first].is_current, listed[first].last_cause, listed[first].last_moved_by) == (
        True,
        "rollback",
        "zhang",
    )
    assert not listed[second].is_current
    release.rollback(settings, first, "zhang")
    assert len(moves(settings)) == 3


@pytest.mark.usefixtures("quick", "published")
def test_a_killed_rollback_is_finished(settings, make_candidate) -> None:
    first = release.publish(settings).release_id
    make_candidate(settings, of="second")
    second = release.publish(settings).release_id
    in_another_process(lambda: release.rollback(settings, first, "zhang"), kill_at="pointer made")
    assert must_be_sound(settings) == second
    release.recover(settings)
    assert must_be_sound(settings) == first
    assert names(settings) == sorted([first, second, "current"])


@pytest.mark.usefixtures("quick", "published")
def test_rollback_needs_a_whole_release(settings, make_candidate) -> None:
    first = release.publish(settings).release_id
    make_candidate(settings, of="second")
    second = release.publish(settings).release_id
    with pytest.raises(BadInput, match=r"there is no release '\.\./x'"):
        release.rollback(settings, "../x", "zhang")
    change(settings.releases / first / "report.html")
    with pytest.raises(BadInput, match=r"report\.html has been changed"):
        release.rollback(settings, first, "zhang")
    assert must_be_sound(settings) == second


@pytest.mark.usefixtures("quick", "published")
def test_inputs_that_come_back_are_pointed_at_again_and_not_rewritten(settings, make_candidate) -> None:
    first = release.publish(settings)
    written = (Path(first.path) / "attain.duckdb").stat()
    make_candidate(settings, of="second")
    second = release.publish(settings)
    make_candidate(settings, of="first")
    again = release.publish(settings)
    assert (again.release_id, again.cause) == (first.release_id, "republish")
    assert must_be_sound(settings) == first.release_id
    assert (Path(first.path) / "attain.duckdb").stat().st_ino == written.st_ino
    assert moves(settings)[1:] == [(second.release_id, "publish"), (first.release_id, "republish")]


@pytest.mark.usefixtures("quick", "published")
def test_a_damaged_release_is_never_pointed_at(settings, make_candidate) -> None:
    first = release.publish(settings)
    make_candidate(settings, of="second")
    second = release.publish(settings)
    change(Path(first.path) / "payouts.xlsx")
    make_candidate(settings, of="first")
    with pytest.raises(BadInput, match=r"payouts\.xlsx has been changed"):
        release.publish(settings)
    assert must_be_sound(settings) == second.release_id


@pytest.mark.usefixtures("quick")
def test_a_release_taken_away_is_built_again_to_the_same_bytes_only(settings, make_candidate) -> None:
    make_candidate(settings)
    first = release.publish(settings)
    receipt = (Path(first.path) / "receipt.json").read_bytes()
    shutil.rmtree(first.path)
    assert not release.releases(settings)[0].is_there
    release.publish(settings)
    assert (Path(first.path) / "receipt.json").read_bytes() == receipt

    shutil.rmtree(first.path)
    make_candidate(settings, payouts=[("P1", "E1", "2026-03", "CNY", "1", "0", "0", "0", "0", "1", "payable", None)])
    with pytest.raises(BadInput, match="differs from it"):
        release.publish(settings)
    assert not Path(first.path).exists()


def change(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(path: Path) -> None:
    path.unlink()


def add(path: Path) -> None:
    (path.parent / "more.parquet").write_bytes(b"more")


@pytest.mark.parametrize(
    ("file", "damage", "said"),
    [
        ("attain.duckdb", change, "attain.duckdb has been changed"),
        ("parquet/incentive/fct_payout.parquet", change, "parquet/incentive/fct_payout.parquet has been changed"),
        ("payouts.xlsx", remove, "payouts.xlsx is missing"),
        ("parquet/kpi/dim_employee.parquet", add, "parquet/kpi/more.parquet is not on the receipt"),
        ("receipt.json", remove, "has no receipt.json"),
    ],
)
@pytest.mark.usefixtures("quick", "published")
def test_verify_sees_any_damage(settings, file: str, damage: Callable[[Path], None], said: str) -> None:
    published = release.publish(settings)
    assert release.verify_release(settings, published.release_id).files == 24
    damage(Path(published.path) / file)
    with pytest.raises(BadInput, match=said):
        release.verify_release(settings)


@pytest.mark.usefixtures("quick", "published")
def test_verify_sees_a_receipt_written_anew(settings) -> None:
    published = release.publish(settings)
    receipt = Path(published.path) / "receipt.json"
    receipt.chmod(0o644)
    receipt.write_text(receipt.read_text(encoding="utf-8").replace("12645.97", "99999.97"), encoding="utf-8")
    with pytest.raises(BadInput, match="not the one that was registered"):
        release.verify_release(settings)


def test_nothing_to_verify_or_publish(settings) -> None:
    with pytest.raises(BadInput, match="no current release"):
        release.verify_release(settings)
    with pytest.raises(BadInput):
        release.publish(settings)
    assert release.releases(settings) == []


@pytest.mark.usefixtures("quick")
def test_another_process_at_work_is_not_disturbed(settings, make_candidate) -> None:
    make_candidate(settings)
    with another_writer(settings), pytest.raises(Busy, match="another run"):
        release.publish(settings)
    assert release.publish(settings).cause == "publish"


@contextlib.contextmanager
def another_writer(settings: Settings) -> Iterator[None]:
    from attain.control import lock

    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        with lock.writer(settings):
            os.write(ready[1], b"x")
            os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    try:
        yield
    finally:
        os.write(done[1], b"x")
        os.waitpid(child, 0)
        for descriptor in (*ready, *done):
            os.close(descriptor)


@pytest.mark.usefixtures("quick", "published")
def test_a_reader_never_finds_current_missing(settings, make_candidate) -> None:
    first = release.publish(settings).release_id
    make_candidate(settings, of="second")
    second = release.publish(settings).release_id
    found: list[str] = []
    stopped = threading.Event()

    def read() -> None:
        while not stopped.is_set():
            folder = (settings.releases / "current").resolve(strict=True)
            found.append(receipts.read(folder)["release_id"] if folder.name in {first, second} else folder.name)

    reader = threading.Thread(target=read)
    reader.start()
    for wanted in (first, second) * 5:
        release.rollback(settings, wanted, "test")
        seen = len(found)
        while len(found) < seen + 3 and reader.is_alive():
            time.sleep(0.001)
    stopped.set()
    reader.join()
    assert set(found) == {first, second}


def test_two_homes_make_the_same_bytes(tmp_path: Path, make_candidate) -> None:
    folders = []
    for name in ("one", "other"):
        settings = Settings.from_environment({"ATTAIN_HOME": str(tmp_path / name)})
        make_candidate(settings)
        folders.append(Path(release.publish(settings).path))
        time.sleep(1.1)  # the second of a clock that must not show in the bytes
    one, other = ({path.relative_to(f): path.read_bytes() for path in f.rglob("*") if path.is_file()} for f in folders)
    assert len(one) == 25
    assert one == other
