"""Makes room in a home. Nothing that can't be rebuilt is touched: not the lake, not the control database.

Everything here says what it removed, and takes the present time as an argument.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from attain.airflow.environment import dag_processor_logs, log_folder
from attain.control import database, lock, models
from attain.errors import BadInput
from attain.publish import release
from attain.settings import Settings

_REMOVING = ".removing-"
# Files are written beside their place as `.<name>.<process id>` and renamed; one that is still there was left behind.
_DRAFT = re.compile(r"\..+\.\d+")


def remove_dead_builds(settings: Settings) -> list[str]:
    """Remove what killed runs left: half-built releases, drafts of files, spilled data of the warehouse's engine.

    Returns:
        What was removed, as paths relative to the home.

    Raises:
        Busy: a run is at work in this home; then nothing is left behind yet.
    """
    with lock.writer(settings):
        before = set(_hidden(settings.releases))
        release.recover(settings)
        removed = sorted(before - set(_hidden(settings.releases)))
        for left in _hidden(settings.releases):
            if left.name.startswith(_REMOVING):
                shutil.rmtree(left)
                removed.append(left)
        for left in _hidden(settings.warehouse):
            if left.is_file() and _DRAFT.fullmatch(left.name):
                left.unlink()
                removed.append(left)
        spilled = settings.warehouse_file.with_name(settings.warehouse_file.name + ".tmp")
        if spilled.is_dir():
            shutil.rmtree(spilled)
            removed.append(spilled)
        return [path.relative_to(settings.home).as_posix() for path in removed]


def remove_old_releases(settings: Settings, now: datetime, keep_releases: int, keep_days: int) -> list[str]:
    """Remove the folders of old releases; their entries in the register stay.

    Kept are the current release, the `keep_releases` that were published last, and every one that was the current one
    at any moment of the last `keep_days` days before `now`.

    Args:
        settings: the home.
        now: the present moment, with its time zone.
        keep_releases: how many of the newest to keep, at least 1.
        keep_days: days for which somebody may still be reading what was current, at least 0.

    Returns:
        Ids of the releases that were removed, oldest first.

    Raises:
        BadInput: a limit that would empty the home.
        Busy: a run is at work in this home.
    """
    if keep_releases < 1 or keep_days < 0:
        raise BadInput(
            f"keep_releases={keep_releases}, keep_days={keep_days} would remove what is in use",
            "keep at least 1 release and 0 days",
        )
    with lock.writer(settings):
        newest_first = release.releases(settings)
        kept = {entry.release_id for entry in newest_first[:keep_releases]}
        kept |= {entry.release_id for entry in newest_first if entry.is_current}
        kept |= _current_since(settings, now.astimezone(UTC).replace(tzinfo=None) - timedelta(days=keep_days))
        removed = []
        for entry in reversed(newest_first):
            if entry.is_there and entry.release_id not in kept:
                # Out of sight in one step: nobody ever finds half a release.
                folder = settings.releases / entry.release_id
                hidden = folder.with_name(_REMOVING + entry.release_id)
                folder.rename(hidden)
                shutil.rmtree(hidden)
                removed.append(entry.release_id)
        return removed


def remove_old_task_logs(settings: Settings, now: datetime, keep_days: int) -> list[str]:
    """Remove the logs of task runs, and of the DAG processor, in which nothing was written for `keep_days` days.

    Returns:
        The folders that were removed, relative to the folder of the logs.
    """
    if keep_days < 1:
        raise BadInput(f"keep_days={keep_days} would remove logs that are being written", "keep at least 1 day")
    oldest = (now - timedelta(days=keep_days)).timestamp()
    logs = log_folder(settings)
    removed = []
    for folder in sorted([*logs.glob("dag_id=*/run_id=*"), *dag_processor_logs(settings).glob("*")]):
        if folder.is_dir() and not folder.is_symlink() and _last_written(folder) < oldest:
            shutil.rmtree(folder)
            removed.append(folder.relative_to(logs).as_posix())
    return removed


def _hidden(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.name.startswith("."))


def _current_since(settings: Settings, moment: datetime) -> set[str]:
    """Releases that `current` pointed at, at any time from `moment` (UTC) on."""
    with database.session(settings) as session:
        moves = session.scalars(select(models.PointerMove).order_by(models.PointerMove.move_id)).all()
        since = {move.release_id for move in moves if move.moved_at >= moment}
        before = [move.release_id for move in moves if move.moved_at < moment]
    return since | set(before[-1:])


def _last_written(folder: Path) -> float:
    return max((path.stat().st_mtime for path in folder.rglob("*") if path.is_file()), default=folder.stat().st_mtime)
