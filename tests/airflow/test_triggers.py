"""The inbox is watched: a set of files is announced when it has come to rest, and once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from attain.assets import MAPPED
from attain.settings import Settings

pytestmark = pytest.mark.usefixtures("airflow_here")

LOOK_SECONDS = 0.1


def drop(settings: Settings, name: str, content: str = "x") -> Path:
    path = settings.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


async def events(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, source: str, seconds: float, **more: Any
) -> list[list[str]]:
    """Files of every event that a watcher of `source` fires within `seconds`."""
    from attain.airflow.triggers import InboxTrigger

    monkeypatch.setenv("ATTAIN_HOME", str(settings.home))
    fired: list[list[str]] = []

    async def watch() -> None:
        async for event in InboxTrigger(source=source, look_seconds=LOOK_SECONDS, **more).run():
            fired.append(event.payload["files"])

    task = asyncio.create_task(watch())
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return fired


def test_a_set_of_files_is_announced_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(settings, "hr/employees/a.csv")
    drop(settings, "hr/targets/b.csv")
    fired = asyncio.run(events(settings, monkeypatch, "hr", 1.0))
    assert fired == [["hr/employees/a.csv", "hr/targets/b.csv"]]


def test_a_growing_file_is_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop(settings, "hr/employees/a.csv", "")

    async def grow() -> list[list[str]]:
        watching = asyncio.create_task(events(settings, monkeypatch, "hr", 2.0))
        for _ in range(20):
            with path.open("a", encoding="utf-8") as file:
                file.write("a row\n")
            await asyncio.sleep(LOOK_SECONDS / 2)
            assert not watching.done()
        before = len(path.read_text(encoding="utf-8"))
        fired = await watching
        assert len(path.read_text(encoding="utf-8")) == before
        return fired

    assert asyncio.run(grow()) == [["hr/employees/a.csv"]]


def test_a_file_of_the_same_name_is_announced_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def again() -> list[list[str]]:
        watching = asyncio.create_task(events(settings, monkeypatch, "hr", 2.0))
        path = drop(settings, "hr/employees/a.csv", "first")
        await asyncio.sleep(0.8)
        path.unlink()
        drop(settings, "hr/employees/a.csv", "second!")
        return await watching

    assert asyncio.run(again()) == [["hr/employees/a.csv"]] * 2


def test_files_that_stay_are_announced_again_ever_more_rarely(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(settings, "hr/employees/a.csv")
    fired = asyncio.run(events(settings, monkeypatch, "hr", 3.0, remind_seconds=0.3))
    # At once, after 0.3 s, and then after twice the time, and again twice: not every 0.3 s.
    assert 2 <= len(fired) <= 4


def test_sources_are_kept_apart(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(settings, "hr/employees/a.csv")
    drop(settings, "old_crm/deals/b.csv")
    assert asyncio.run(events(settings, monkeypatch, "finance", 0.5)) == []
    assert asyncio.run(events(settings, monkeypatch, MAPPED, 0.5)) == [["old_crm/deals/b.csv"]]


def test_hidden_files_and_links_are_left_out(settings: Settings, tmp_path: Path) -> None:
    from attain.airflow.triggers import look

    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("x", encoding="utf-8")
    drop(settings, "hr/employees/.a.csv.part")
    (settings.inbox / "hr" / "employees" / "link.csv").symlink_to(outside / "secret.csv")
    (settings.inbox / "hr" / "more").symlink_to(outside)
    (settings.inbox / "other").symlink_to(outside)
    assert look(settings.inbox, "hr") == frozenset()
    assert look(settings.inbox, MAPPED) == frozenset()
    assert look(tmp_path / "no inbox", MAPPED) == frozenset()


def test_a_trigger_names_no_path_of_this_machine(settings: Settings) -> None:
    from attain.airflow.triggers import InboxTrigger

    path, arguments = InboxTrigger(source="hr").serialize()
    assert path == "attain.airflow.triggers.InboxTrigger"
    assert InboxTrigger(**arguments).serialize() == (path, arguments)
    assert "/" not in str(arguments)
