"""What Airflow itself loads of attain: a listener that keeps the history of DAG runs in a file.

Loaded by every Airflow process, so nothing heavy is imported here.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, ClassVar

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from attain.airflow.environment import run_history
from attain.settings import Settings

log = logging.getLogger(__name__)


@hookimpl  # type: ignore[untyped-decorator]
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Record a DAG run that ended well."""
    _record(dag_run)


@hookimpl  # type: ignore[untyped-decorator]
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Record a DAG run that failed."""
    _record(dag_run)


def _record(dag_run: Any) -> None:
    """Append one line to `logs/airflow-runs.jsonl` of the home; a disk that is full must not stop the scheduler."""
    line = {
        "dag_id": dag_run.dag_id,
        "run_id": dag_run.run_id,
        "state": str(getattr(dag_run.state, "value", dag_run.state)),
        "started_at": dag_run.start_date.isoformat() if dag_run.start_date else None,
        "ended_at": dag_run.end_date.isoformat() if dag_run.end_date else None,
    }
    try:
        path = run_history(Settings.from_environment())
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError:
        log.exception("could not record the run %s", line)


class AttainPlugin(AirflowPlugin):  # type: ignore[misc]
    """Registers the listener, which is this module."""

    name = "attain"
    listeners: ClassVar[list[Any]] = [sys.modules[__name__]]
