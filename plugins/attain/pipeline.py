"""The main job as plain functions: the command line calls them in order, the DAGs' tasks call them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from attain import progress
from attain.control import lock
from attain.errors import BadInput, Refused
from attain.ingest import deliveries
from attain.publish import release
from attain.quality import verdict
from attain.settings import Settings
from attain.transform import candidate, dbt

LAYERS = ("staging", "intermediate", "marts")


@dataclass
class RunReport:
    """What one run did, for its summary.

    Attributes:
        ingested: one report a source system that was looked at.
        candidate: what was to be published; None when the home has no committed delivery at all.
        verdict: the gate's verdict; None when nothing was new.
        published: the release made by this run; None when nothing was new or the gate refused.
    """

    ingested: list[deliveries.IngestReport] = field(default_factory=list)
    candidate: candidate.Candidate | None = None
    verdict: verdict.Verdict | None = None
    published: release.PublishedRelease | None = None


def ingest(
    settings: Settings, source_systems: Sequence[str] = (), without: Sequence[str] = ()
) -> list[deliveries.IngestReport]:
    """Take in every settled file of the named source systems (all, when none is named), and the pushes that wait.

    `without` names columns (`feed.column`) that exports had and may lack from now on.
    """
    reports = []
    for name in source_systems or deliveries.source_systems(settings):
        take_pushes(settings, name)
        with progress.step(f"ingest {name}"):
            reports.append(deliveries.ingest_source(settings, name, without))
    return reports


def take_pushes(settings: Settings, source_system: str) -> None:
    """Put the pushes of this source that wait in a journal into its inbox; most sources have none."""
    if (settings.home / "connectors" / source_system / "journal").is_dir():
        from attain.connectors import jiandaoyun_push

        jiandaoyun_push.roll(settings)


def prepare(settings: Settings) -> candidate.Candidate:
    """Finish or clear away what a killed run has left among the releases, then see what is to be published."""
    with lock.writer(settings):
        release.recover(settings)
        return candidate.prepare(settings)


def build(settings: Settings) -> candidate.Candidate:
    """Build the candidate: the private warehouse, layer by layer. Does nothing when there is nothing new."""
    with lock.writer(settings):
        with progress.step("prepare the warehouse"):
            prepared = prepare(settings)
        if prepared.is_new:
            for layer in LAYERS:
                with progress.step(f"dbt {layer}"):
                    dbt.build_layer(settings, layer, prepared.run_id)
    return prepared


def check(settings: Settings, run_id: str | None = None) -> verdict.Verdict:
    """Ask the gate about the candidate."""
    with lock.writer(settings), progress.step("quality gate"):
        return verdict.check(settings, run_id)


def publish(settings: Settings, run_id: str | None = None) -> release.PublishedRelease:
    """Publish the candidate that the gate has passed.

    Raises:
        Refused: the gate did not pass it; what was published before stays current.
    """
    with lock.writer(settings), progress.step("publish the release"):
        return release.publish(settings, run_id)


def run(settings: Settings) -> RunReport:
    """Ingest, build, check and publish, in this order, under one writer's lock.

    A refusal is part of the report (`verdict.is_refused`), not an exception, so that the summary can explain it. So
    is a home with no delivery yet whose files could not be taken in: then there is no candidate.
    """
    if settings.known_at is not None:
        raise BadInput(
            "ATTAIN_KNOWN_AT is set, and a run would put that past in front of readers",
            "unset it to run; to look at the past: attain build, then the warehouse",
        )
    report = RunReport()
    with lock.writer(settings):
        report.ingested = ingest(settings)
        try:
            report.candidate = build(settings)
        except BadInput:
            if any(file.needs_a_look for found in report.ingested for file in found.files):
                return report  # nothing to build from, and the summary says what is wrong with the files
            raise
        if not report.candidate.is_new:
            return report
        report.verdict = check(settings, report.candidate.run_id)
        try:
            report.published = publish(settings, report.candidate.run_id)
        except Refused:
            if not report.verdict.is_refused:
                raise
    return report
