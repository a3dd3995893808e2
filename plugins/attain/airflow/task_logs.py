"""Sends what one process logs and prints to files while it runs DAGs, task by task, where Airflow's UI looks.

`dag.test()` runs tasks inside its own process and keeps no logs; this makes up for that. The terminal stays free for
progress lines.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from attain import progress

LARGE_LOG_BYTES = 20_000_000


@dataclass(frozen=True)
class Failure:
    """A task that failed: its ids, the exception it ended with, and the file its log is in."""

    dag_id: str
    task_id: str
    error: BaseException | str | None
    log_file: Path


class TaskLogs:
    """A binary sink of log lines: they go to the log of the task that runs, between tasks to a general file.

    Args:
        folder: Airflow's base log folder.
        general: file of what is logged and printed outside tasks.
    """

    def __init__(self, folder: Path, general: Path) -> None:
        self.folder = folder
        self.failures: list[Failure] = []
        self.general: BinaryIO = open_log(general)
        self._current: BinaryIO = self.general
        self._current_path = general

    def write(self, line: bytes) -> int:
        """Append to the present file."""
        return self._current.write(line) or 0

    def flush(self) -> None:
        """Nothing is buffered; log handlers call this all the same."""

    def listener(self) -> Any:
        """What Airflow's listener manager must be given for the sink to follow the tasks."""
        from airflow.listeners import hookimpl
        from airflow.utils.helpers import log_filename_template_renderer

        render = log_filename_template_renderer()
        logs = self

        class FollowTasks:
            @hookimpl  # type: ignore[untyped-decorator]
            def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
                logs._enter(logs.folder / render(ti=task_instance, try_number=task_instance.try_number))

            @hookimpl  # type: ignore[untyped-decorator]
            def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
                logs._leave()

            @hookimpl  # type: ignore[untyped-decorator]
            def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
                logs._leave()

            @hookimpl  # type: ignore[untyped-decorator]
            def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
                ids = (task_instance.dag_id, task_instance.task_id)
                logs.failures.append(Failure(*ids, error=error, log_file=logs._current_path))
                logs._leave()

        return FollowTasks()

    def _enter(self, path: Path) -> None:
        self._leave()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._current, self._current_path = path.open("ab", buffering=0), path

    def _leave(self) -> None:
        if self._current is not self.general:
            self._current.close()
        self._current, self._current_path = self.general, Path(self.general.name)


def open_log(path: Path) -> BinaryIO:
    """Open a log file to append to, unbuffered; one that has grown large becomes `<name>.1` first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGE_LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab", buffering=0)


class _LoggedLines(io.TextIOBase):
    """Stands in for standard output or error: each line that a task prints becomes a line of its log."""

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(name)
        self._rest = ""
        self._is_logging = False

    def write(self, text: str) -> int:
        if self._is_logging:  # logging itself complains to standard error when it can't write
            return len(text)
        *lines, self._rest = (self._rest + text).split("\n")
        self._is_logging = True
        try:
            for line in lines:
                if line.strip():
                    self._log.info("%s", line.rstrip())
        finally:
            self._is_logging = False
        return len(text)


@contextmanager
def quiet_terminal(general: BinaryIO) -> Iterator[None]:
    """Send standard output and error, of this process and of what it starts, to `general`; progress lines alone still
    reach the terminal. Enter it before Airflow is imported: Airflow's loggers keep the streams that they find."""
    sys.stdout.flush()
    sys.stderr.flush()
    terminal_out, terminal_err = os.dup(1), os.dup(2)
    kept = sys.stdout, sys.stderr
    with os.fdopen(os.dup(terminal_err), "w", encoding="utf-8", errors="replace") as terminal:
        progress.send_to(terminal)
        try:
            os.dup2(general.fileno(), 1)
            os.dup2(general.fileno(), 2)
            sys.stdout = open(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
            yield
        finally:
            sys.stdout, sys.stderr = kept
            os.dup2(terminal_out, 1)
            os.dup2(terminal_err, 2)
            os.close(terminal_out)
            os.close(terminal_err)
            progress.send_to(None)


@contextmanager
def recorded(logs: TaskLogs) -> Iterator[None]:
    """Make Airflow, the tasks and every library log to `logs`, as the lines of JSON that Airflow's UI reads."""
    from airflow.sdk.listener import get_listener_manager
    from airflow.sdk.log import configure_logging

    configure_logging(json_output=True, output=logs, cache_logger_on_first_use=False)  # type: ignore[arg-type]
    manager = get_listener_manager()
    listener = logs.listener()
    manager.add_listener(listener)
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _LoggedLines("task.stdout"), _LoggedLines("task.stderr")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
        manager.pm.unregister(listener)
        logs._leave()
