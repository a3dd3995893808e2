"""What the DAGs' tasks call: one function of attain each, its result as JSON for XCom, its errors in Airflow's terms.

Everything heavy is imported inside the functions, so that a DAG file that names this module is parsed in no time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from attain import progress
from attain.errors import BadInput, Busy, Refused
from attain.settings import Settings

# Keys under which results lie in XCom; pushed before a task ends, so that skipped and failed tasks leave theirs too.
INGEST_REPORT = "ingest_report"
PULL_REPORT = "pull_report"
CANDIDATE = "candidate"
VERDICT = "verdict"
RELEASE = "release"

log = logging.getLogger(__name__)


def mapped_source_systems() -> list[str]:
    """Names of all source systems that are read through a mapping file."""
    from attain.assets import CONTRACT_SOURCES
    from attain.ingest import deliveries

    return [name for name in deliveries.source_systems(Settings.from_environment()) if name not in CONTRACT_SOURCES]


def pull(source: str, mode: str) -> None:
    """Pull what is new in the system `source` into its inbox; mode `full`: everything.

    Raises:
        AirflowSkipException: there is no connection to it, or files in its inbox started this run: the system is asked
            at the times of the schedule, not whenever somebody drops a file (or a pull has just dropped one).
        AirflowFailException: the connection, or the rights of its user, have to be mended.
        Busy: the system, or the secrets backend that keeps its connection, is out of reach or asks for patience;
            worth another try.
    """
    from attain.airflow import pull as pulling

    if get_current_context()["dag_run"].run_type.value == "asset_triggered":
        raise AirflowSkipException("files arrived; records are pulled at the times of the schedule")
    with _step(f"ask for the connection {source}"):
        is_there = pulling.has_connection(source)
    if not is_there:
        raise AirflowSkipException(f"there is no connection {source}; only files of the inbox are taken in")
    with _step(f"pull from {source}"):
        found = pulling.pull(Settings.from_environment(), source, (), mode)
        _push(PULL_REPORT, found)
        for feed in found:
            log.log(
                logging.INFO if feed.problem is None else logging.WARNING,
                "%s: %d records, %s",
                feed.feed,
                feed.records,
                feed.problem or feed.file or feed.note,
            )
        for feed in found:
            if feed.problem is not None:
                kind = Busy if feed.exit_code == Busy.exit_code else BadInput
                raise kind(f"{feed.feed}: {feed.problem}", feed.remedy)


def tell_of_failed_pull() -> None:
    """Fail, so that a DAG run whose pull failed is not taken for a good one because its ingest went well.

    Raises:
        AirflowFailException: always.
    """
    raise AirflowFailException("the pull failed, its log says why; the files in the inbox were taken in all the same")


def ingest(source_system: str) -> None:
    """Take in what waits in the inbox of `source_system`.

    Raises:
        AirflowSkipException: nothing new; a skipped task changes no asset, so nothing is built because of it.
    """
    from attain import pipeline
    from attain.ingest import deliveries

    settings = Settings.from_environment()
    with _step(f"ingest {source_system}"):
        pipeline.take_pushes(settings, source_system)
        report = deliveries.ingest_source(settings, source_system)
    _push(INGEST_REPORT, report)
    for file in report.files:
        log.log(
            logging.INFO if file.reason is None else logging.WARNING,
            "%s: %s, %d rows loaded, %d quarantined%s",
            file.file_name,
            file.outcome,
            file.rows_loaded,
            file.rows_quarantined,
            f"; {file.reason}; {file.remedy}" if file.reason else "",
        )
    if not changes_register(report) and not awaits_build(settings, source_system):
        raise AirflowSkipException(f"nothing new in inbox/{source_system}")


def prepare() -> str | None:
    """Make the candidate: what would be published from all that is committed by now.

    Returns:
        The candidate's run id; None when the current release was made of the very same inputs.
    """
    from attain import pipeline

    with _step("prepare the warehouse"):
        prepared = pipeline.prepare(Settings.from_environment())
    _push(CANDIDATE, prepared)
    log.info("%s", prepared)
    return prepared.run_id if prepared.is_new else None


def build_layer(layer: str, candidate: str) -> None:
    """Build one layer of the candidate of that run id with dbt."""
    from attain.transform import dbt

    with _step(f"dbt {layer}"):
        dbt.build_layer(Settings.from_environment(), layer, candidate)


def check(candidate: str) -> None:
    """Ask the gate about the candidate of that run id.

    Raises:
        AirflowFailException: the gate refuses it.
    """
    from attain.quality import verdict

    with _step("quality gate"):
        found = verdict.check(Settings.from_environment(), candidate)
    _push(VERDICT, found)
    log.info("%s", found)
    if found.is_refused:
        raise AirflowFailException("refused, the release before it stays current: " + "; ".join(found.refusals))


def publish(candidate: str) -> None:
    """Publish the candidate of that run id."""
    from attain.publish import release

    with _step("publish the release"):
        published = release.publish(Settings.from_environment(), candidate)
    _push(RELEASE, published)
    log.info("%s", published)


def remove_dead_builds() -> list[str]:
    """Remove what killed runs left in the home; returns what that was."""
    from attain.airflow import housekeeping

    with _step("remove dead builds"):
        return housekeeping.remove_dead_builds(Settings.from_environment())


def remove_old_releases(now: datetime, keep_releases: int, keep_days: int) -> list[str]:
    """Remove releases that nobody can be reading any more; returns their ids."""
    from attain.airflow import housekeeping

    with _step("remove old releases"):
        return housekeeping.remove_old_releases(Settings.from_environment(), now, keep_releases, keep_days)


def remove_old_task_logs(now: datetime, keep_days: int) -> list[str]:
    """Remove task logs that nothing was written to for `keep_days` days; returns their folders."""
    from attain.airflow import housekeeping

    with _step("remove old task logs"):
        return housekeeping.remove_old_task_logs(Settings.from_environment(), now, keep_days)


def changes_register(report: Any) -> bool:
    """Whether an ingest report tells of a file that was committed or rejected, not only of none or of duplicates."""
    return bool(report.committed or report.rejected)


def awaits_build(settings: Settings, source_system: str) -> bool:
    """Whether this source tells something that is not in the last candidate, though no new file does.

    A person has confirmed what a snapshot lacks, released a row or withdrawn a delivery; a snapshot came again, which
    is a duplicate by its bytes; or an ingest was killed before it could say that something had changed.
    """
    from attain.ingest import lake
    from attain.transform import candidate

    try:
        built = candidate.load_candidate(settings).told
    except BadInput:  # there is no candidate
        built = {}
    return lake.known(settings).told_by_source().get(source_system) != built.get(source_system)


def to_json(result: Any) -> Any:
    """A step's dataclass, or a list of some, as plain JSON values."""
    from pydantic import TypeAdapter

    if isinstance(result, list):
        return [to_json(item) for item in result]
    return TypeAdapter(type(result)).dump_python(result, mode="json")


def from_json(kind: type[Any], value: Any) -> Any:
    """The dataclass of type `kind` that `to_json` made `value` of."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(value)


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Show the step's progress, and let errors that a retry can't mend fail the task for good."""
    try:
        with progress.step(name):
            yield
    except (BadInput, Refused) as error:
        raise AirflowFailException(str(error)) from error


def _push(key: str, result: Any) -> None:
    get_current_context()["ti"].xcom_push(key=key, value=to_json(result))
