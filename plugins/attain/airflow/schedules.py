"""When the DAGs run: assets between them, the clock only where files come in."""

from __future__ import annotations

from airflow.sdk import Asset, AssetAny, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable

from attain import assets
from attain.airflow.triggers import InboxTrigger

TIMEZONE = "Asia/Shanghai"


def inbox(source: str) -> Asset:
    """The files waiting in the inbox of `source`; a watcher in the triggerer tells when they have come to rest."""
    watcher = AssetWatcher(name=f"inbox_{source}", trigger=InboxTrigger(source=source))
    return Asset(name=f"inbox_{source}", uri=assets.inbox(source), watchers=[watcher])


def deliveries(source: str) -> Asset:
    """What the register holds from `source`: changed by an ingest that committed or rejected something."""
    return Asset(name=f"deliveries_{source}", uri=assets.deliveries(source))


def release() -> Asset:
    """What BI and finance read: changed when a release was published."""
    return Asset(name="release", uri=assets.RELEASE)


def when_files_arrive(source: str, cron: str) -> AssetOrTimeSchedule:
    """Run when files have come to rest in the inbox of `source`, and at `cron` (local time) in any case."""
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(cron, timezone=TIMEZONE), assets=[inbox(source)])


def when_anything_was_delivered() -> AssetAny:
    """Run when any source has delivered. Deliveries during a run start another one after it, so none is left out."""
    return AssetAny(*(deliveries(source) for source in (*assets.CONTRACT_SOURCES, assets.MAPPED)))


def daily(cron: str) -> CronTriggerTimetable:
    """Run at `cron`, local time."""
    return CronTriggerTimetable(cron, timezone=TIMEZONE)
