"""What the tasks hand to Airflow: results as JSON, final and passing errors, and when an ingest is news."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date, datetime

import pytest

from attain.control import database, models
from attain.errors import BadInput, Busy, Refused
from attain.ingest import deliveries, lake
from attain.ingest.deliveries import DeliveryResult, FileResult, IngestReport
from attain.publish.release import PublishedRelease
from attain.quality.results import CheckResult, Verdict
from attain.settings import Settings
from attain.transform.candidate import CANDIDATE_FILE, Candidate
from tests.ingest.exports import deal, deals, drop, ingest

pytestmark = pytest.mark.usefixtures("airflow_here")

CANDIDATE = Candidate("5a3bc8ba857e", "5a3b", "20260331-5a3bc8ba857e", date(2026, 3, 31), "1", ["a", "b"], True)
CHECK = CheckResult("n", "dbt", "critical", "rows", "failed", 2, "o", "r", "d", "t", sample_rows=[{"a": "1"}])
RESULTS = [
    IngestReport("hr", [FileResult("hr/a.csv", "committed", [DeliveryResult("d", "employees", 3, 2, 1, 0, 0, ["x"])])]),
    CANDIDATE,
    Verdict("5a3b", "r", "f", "s", True, ["two rows"], results=[CHECK]),
    PublishedRelease("r", "f", date(2026, 3, 31), "1", "/home/r", "publish", 2, {"kpi.dim_kpi": 8}, {"CNY": "12.50"}),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_results_survive_the_way_through_xcom(result: object) -> None:
    from attain.airflow import steps

    assert steps.from_json(type(result), json.loads(json.dumps(steps.to_json(result)))) == result


@pytest.mark.parametrize("error", [BadInput("odd", "mend it"), Refused("no", "mend it")])
def test_an_error_that_a_retry_cannot_mend_is_final(error: Exception) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from attain.airflow import steps

    with pytest.raises(AirflowFailException, match="what to do: mend it") as raised, steps._step("a step"):
        raise error
    assert raised.value.__cause__ is error


def test_a_busy_home_is_tried_again() -> None:
    from attain.airflow import steps

    with pytest.raises(Busy), steps._step("a step"):
        raise Busy("somebody else is at work")


@pytest.mark.parametrize(
    ("outcome", "is_news"),
    [("committed", True), ("rejected", True), ("duplicate", False), ("waiting", False), ("unknown", False)],
)
def test_what_makes_an_ingest_news(outcome: str, is_news: bool) -> None:
    from attain.airflow import steps

    assert steps.changes_register(IngestReport("hr", [FileResult("hr/a.csv", outcome)])) is is_news
    assert not steps.changes_register(IngestReport("hr"))


def add_delivery(settings: Settings, delivery_id: str, source_system: str, status: str = "committed") -> None:
    with database.session(settings) as session:
        arrival = models.Arrival(
            source_system=source_system,
            file_name=f"{source_system}/a.csv",
            content_sha256=delivery_id,
            byte_size=1,
            received_at=datetime(2026, 3, 1),
            outcome="committed",
        )
        session.add(arrival)
        session.flush()
        session.add(
            models.Delivery(
                delivery_id=delivery_id,
                sequence=arrival.arrival_id,
                arrival_id=arrival.arrival_id,
                source_system=source_system,
                source="hr",
                feed="employees",
                file_name=arrival.file_name,
                content_sha256=delivery_id,
                file_format="csv",
                contract_sha256="",
                status=status,
                received_at=arrival.received_at,
                rows_in_file=1,
                rows_loaded=1,
                rows_quarantined=0,
                rows_declared_totals=0,
                rows_not_for_feed=0,
                extra_columns=[],
            )
        )


def candidate_of_all(settings: Settings) -> None:
    """Leave the candidate that a build of what is known by now would leave."""
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    stored = asdict(replace(CANDIDATE, told=lake.known(settings).told_by_source()))
    (settings.warehouse / CANDIDATE_FILE).write_text(json.dumps(stored, default=str), encoding="utf-8")


def test_what_a_killed_ingest_committed_is_still_news(settings: Settings) -> None:
    from attain.airflow import steps

    assert not steps.awaits_build(settings, "hr")
    add_delivery(settings, "d1", "hr")
    add_delivery(settings, "d2", "hr", status="rejected")
    assert steps.awaits_build(settings, "hr")
    assert not steps.awaits_build(settings, "finance")
    candidate_of_all(settings)
    assert not steps.awaits_build(settings, "hr")
    add_delivery(settings, "d3", "hr")
    assert steps.awaits_build(settings, "hr")


def test_a_repeated_snapshot_a_confirmation_and_a_withdrawal_are_news(settings: Settings) -> None:
    """None of them brings a new file, each changes which records there are."""
    from attain.airflow import steps

    def snapshot(day: int, *numbers: int) -> IngestReport:
        name = f"zoho_crm/deals/Deals_2026_02_{day:02d}.csv"
        drop(settings, f"{name}.manifest.json", b'{"mode": "snapshot"}')
        drop(settings, name, deals(*map(deal, numbers)))
        return ingest(settings)

    snapshot(1, 1, 2, 3, 4)
    candidate_of_all(settings)
    assert not steps.awaits_build(settings, "zoho_crm")

    snapshot(2, 1)
    candidate_of_all(settings)
    assert not steps.awaits_build(settings, "zoho_crm")
    (held,) = lake.held_snapshots(settings)
    deliveries.confirm(settings, held.delivery_id, "the pipeline was cleaned", "ann")
    assert steps.awaits_build(settings, "zoho_crm")
    assert not steps.awaits_build(settings, "hr")
    candidate_of_all(settings)
    assert not steps.awaits_build(settings, "zoho_crm")

    again = snapshot(3, 1, 2, 3, 4)
    assert [file.outcome for file in again.files] == ["duplicate"]
    assert not steps.changes_register(again)
    assert steps.awaits_build(settings, "zoho_crm")
    candidate_of_all(settings)

    deliveries.withdraw(settings, held.delivery_id, "half an export", "ann")
    assert steps.awaits_build(settings, "zoho_crm")
    assert not steps.awaits_build(settings, "hr")
