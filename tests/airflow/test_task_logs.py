"""Logs of local runs do not grow for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from attain.airflow import task_logs


def test_a_large_log_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_logs, "LARGE_LOG_BYTES", 10)
    path = tmp_path / "logs" / "a.log"
    for line in (b"first line\n", b"second line\n", b"x\n"):
        with task_logs.open_log(path) as log:
            log.write(line)
    assert path.read_bytes() == b"x\n"
    assert path.with_name("a.log.1").read_bytes() == b"second line\n"


def test_a_small_log_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    for line in (b"one\n", b"two\n"):
        with task_logs.open_log(path) as log:
            log.write(line)
    assert path.read_bytes() == b"one\ntwo\n"
    assert list(tmp_path.iterdir()) == [path]
