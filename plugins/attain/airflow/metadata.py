"""Airflow's metadata database: brought up to date, filled with the DAGs, freed of what dead runs left.

Call these functions, `sole_user` apart, only after `attain.airflow.environment.apply`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attain.airflow.conventions import WAREHOUSE_POOL, WAREHOUSE_POOL_SLOTS
from attain.errors import BadInput, Busy
from attain.settings import Settings


@contextmanager
def sole_user(settings: Settings, what: str) -> Iterator[int]:
    """Hold Airflow's state in this home for one local run or one served Airflow; the kernel frees it if we die.
    Yields the file descriptor that holds it.

    Args:
        settings: the home.
        what: who holds it, for the message of those who come second.

    Raises:
        Busy: another process holds it; names it.
    """
    settings.airflow_home.mkdir(parents=True, exist_ok=True)
    with (settings.airflow_home / ".lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise Busy(
                f"Airflow's state in {settings.home} is in use by {holder}",
                "wait until it has ended, or stop it; while Airflow is up it takes files from the inbox by itself",
            ) from None
        file.truncate(0)
        file.write(f"{what} (process {os.getpid()})\n")
        file.flush()
        yield file.fileno()


def migrate() -> None:
    """Create the metadata database, or bring it to this Airflow's schema; nothing to do is found out in no time."""
    from airflow.utils import db

    db.initdb()


def create_pool() -> None:
    """Make the pool that keeps writers apart."""
    from airflow.models.pool import Pool

    Pool.create_or_update_pool(
        name=WAREHOUSE_POOL,
        slots=WAREHOUSE_POOL_SLOTS,
        description="Whatever writes to the warehouse, the lake or the releases: one at a time.",
        include_deferred=False,
    )


def load_dags(settings: Settings) -> dict[str, Any]:
    """Parse the DAGs folder and store what it says, so that the UI and a scheduler know these DAGs. By DAG id.

    Raises:
        BadInput: a DAG file can't be imported.
    """
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    dags: dict[str, Any] = {}
    for bundle in manager.get_all_dag_bundles():
        bundle.initialize()
        bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        if bag.import_errors:
            name, error = next(iter(bag.import_errors.items()))
            raise BadInput(f"the DAG file {name} can't be imported:\n{error}", "mend the file; nothing has been run")
        sync_bag_to_db(bag, bundle.name, bundle.version)
        dags |= bag.dags
    if not dags:
        raise BadInput(f"no DAG was found in {settings.project / 'dags'}", "is the checkout complete?")
    return dags


def bury_dead_runs() -> int:
    """Mark what a killed local run left unfinished as failed, so that nobody waits for it; returns how many DAG runs.

    Only with `sole_user` held: it takes every run that a local run started for dead.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, State, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType
    from sqlalchemy import select, update

    with create_session() as session:
        dead = session.scalars(
            select(DagRun).where(
                DagRun.triggered_by == DagRunTriggeredByType.TEST,
                DagRun.state.in_([DagRunState.RUNNING, DagRunState.QUEUED]),
            )
        ).all()
        for run in dead:
            session.execute(
                update(TaskInstance)
                .where(
                    TaskInstance.dag_id == run.dag_id,
                    TaskInstance.run_id == run.run_id,
                    TaskInstance.state.is_(None) | TaskInstance.state.in_([s for s in State.unfinished if s]),
                )
                .values(state=TaskInstanceState.FAILED)
                .execution_options(synchronize_session=False)
            )
            run.state = DagRunState.FAILED
        return len(dead)


def forget_queued_events(dag_id: str) -> None:
    """Take the asset events off the queue of a DAG that is run now and takes all of them into account."""
    from airflow.models.asset import AssetDagRunQueue
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(AssetDagRunQueue).where(AssetDagRunQueue.target_dag_id == dag_id))


def xcoms(dag_id: str, run_id: str, key: str) -> list[Any]:
    """The values that the tasks of one DAG run pushed under `key`, in the order in which they were pushed."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        rows = session.scalars(
            select(XComModel)
            .where(XComModel.dag_id == dag_id, XComModel.run_id == run_id, XComModel.key == key)
            .order_by(XComModel.timestamp, XComModel.task_id, XComModel.map_index)
        ).all()
        return [XComModel.deserialize_value(row) for row in rows]
