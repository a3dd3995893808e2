"""The main job in one process: the real DAGs, run in the order of their assets, with Airflow's own history and logs.

There is no scheduler: each DAG is run by `dag.test()` against the metadata database of the home, so that Airflow,
started later, shows these runs like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from attain import progress
from attain.airflow import environment, metadata
from attain.airflow.task_logs import Failure, TaskLogs, quiet_terminal, recorded
from attain.control import lock
from attain.errors import AttainError, Refused
from attain.pipeline import RunReport
from attain.settings import Settings

# Tasks that ask another system, or tell that this failed.
PULLING = ("pull", "tell_of_failed_pull")


def general_log(settings: Settings) -> Path:
    """What Airflow itself logged during the local runs of this home; the tasks' logs are in the folder beside it."""
    return settings.logs / "airflow-local-run.log"


def run(settings: Settings) -> RunReport:
    """Run every DAG that assets tie to another one, producers first, and report what they did.

    Unlike under a scheduler a DAG runs although no asset it waits for has changed (its own first task finds out
    whether there is anything to do), so that a changed plan and what a killed run left undone are caught up with.
    Nothing is tried twice, because somebody is watching.

    Raises:
        Busy: another run, or a started Airflow, uses this home.
        BadInput: a task met an input that can't be used; the message names the task's log.
        AttainError: a task failed otherwise; the message names the task and its log.
    """
    with metadata.sole_user(settings, "a local run"), lock.writer(settings):
        environment.apply(settings)
        logs = TaskLogs(environment.log_folder(settings), general_log(settings))
        with quiet_terminal(logs.general):
            return _run(settings, logs)


def _run(settings: Settings, logs: TaskLogs) -> RunReport:
    with progress.step("start Airflow"):
        import airflow.models  # noqa: F401  (loading it is the step)

        from attain.airflow import graph
    with progress.step("bring Airflow's database up to date"):
        metadata.migrate()
        metadata.create_pool()
        dags = metadata.load_dags(settings)
    with progress.step("start Airflow's task API"):
        _warm_up()
    metadata.bury_dead_runs()
    report = RunReport()
    unpulled: Failure | None = None
    with recorded(logs):
        for dag_id in graph.in_order({dag_id: graph.flow(dag) for dag_id, dag in dags.items()}):
            metadata.forget_queued_events(dag_id)
            for task in dags[dag_id].tasks:
                task.retries = 0
            dag_run = dags[dag_id].test()
            _add_to(report, partial(metadata.xcoms, dag_id, dag_run.run_id))
            if pulls := [failure for failure in logs.failures if failure.task_id in PULLING]:
                # The files that are there are worth a run without it; it is told of at the end.
                unpulled = unpulled or pulls[0]
                logs.failures = [failure for failure in logs.failures if failure.task_id not in PULLING]
                if not logs.failures:
                    continue
            if logs.failures:
                if report.verdict is not None and report.verdict.is_refused:
                    break
                raise _named(logs.failures[0])
            if dag_run.state != "success":
                raise AttainError(f"the DAG {dag_id} ended {dag_run.state}", f"read {general_log(settings)}")
    if unpulled is not None and not (report.verdict is not None and report.verdict.is_refused):
        raise _named(unpulled)
    return report


def _warm_up() -> None:
    """Make the task API that lives in this process answer once; it takes seconds, which are not the first task's."""
    import httpx
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    with httpx.Client(transport=in_process_api_server().transport, base_url="http://in-process.invalid") as client:
        client.get("/health")


def _add_to(report: RunReport, pushed: Callable[[str], list[Any]]) -> None:
    """Complete the report by what the tasks of one DAG run pushed."""
    from attain.airflow import steps
    from attain.ingest.deliveries import IngestReport
    from attain.publish.release import PublishedRelease
    from attain.quality.verdict import Verdict
    from attain.transform.candidate import Candidate

    report.ingested += [steps.from_json(IngestReport, value) for value in pushed(steps.INGEST_REPORT)]
    for value in pushed(steps.CANDIDATE):
        report.candidate = steps.from_json(Candidate, value)
    for value in pushed(steps.VERDICT):
        report.verdict = steps.from_json(Verdict, value)
    for value in pushed(steps.RELEASE):
        report.published = steps.from_json(PublishedRelease, value)


def _named(failure: Failure) -> AttainError:
    """The error of a failed task, with the task and its log in it; an error of attain keeps its exit code."""
    where = f"{failure.dag_id}.{failure.task_id}"
    error = failure.error
    while isinstance(error, BaseException) and not isinstance(error, AttainError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, AttainError) and not isinstance(error, Refused):
        return type(error)(f"{where}: {error.message}", f"{error.remedy}\n  log: {failure.log_file}".lstrip())
    kind = f"{type(error).__name__}: " if isinstance(error, BaseException) else ""
    return AttainError(f"the task {where} failed: {kind}{error}", f"read its log: {failure.log_file}")
