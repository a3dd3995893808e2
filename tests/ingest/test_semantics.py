"""What deliveries mean: manifests, deleted records, full snapshots, the order of arrival, and what was known when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attain.errors import BadInput
from attain.ingest import deliveries, history, lake, quarantine
from attain.settings import Settings
from tests.ingest.exports import deal, deals, drop, ingest, ingest_one, rows

FEED = "zoho_crm.deals"
FOLDER = "zoho_crm/deals"


def known(settings: Settings, feed: str = FEED) -> dict[str, Any]:
    """Key → amount of every record that counts now."""
    return {"/".join(record.key)[-2:]: record.values.get("amount") for record in history.records(settings, feed)}


def keys(settings: Settings, feed: str = FEED) -> str:
    return "".join(sorted(record.key[0][-1] for record in history.records(settings, feed)))


def manifest(settings: Settings, name: str, content: bytes, **said: Any) -> None:
    """Drop a file with its manifest, as a careful sender does."""
    drop(settings, f"{name}.manifest.json", json.dumps(said).encode())
    drop(settings, name, content)


def snapshot(settings: Settings, day: str, *numbers: int, **said: Any) -> deliveries.FileResult:
    name = f"{FOLDER}/Deals_{day}.csv"
    manifest(settings, name, deals(*map(deal, numbers)), mode="snapshot", **said)
    (result,) = ingest(settings).files
    return result


# --- manifests


def test_a_manifest_that_agrees_is_taken_in_with_its_file(settings: Settings) -> None:
    content = deals(deal(1, "10.50"), deal(2, "x"), deal(3, "5.25"))
    manifest(
        settings,
        f"{FOLDER}/a.csv",
        content,
        mode="changes",
        extracted_at="2026-01-26T08:30:00+08:00",
        rows=3,
        sha256=hashlib.sha256(content).hexdigest().upper(),
    )
    (result,) = ingest(settings).files
    assert (result.outcome, result.rows_loaded, result.rows_quarantined) == ("committed", 2, 1)
    (delivery,) = deliveries.list_deliveries(settings)
    assert (delivery.mode, delivery.extracted_at) == ("changes", datetime(2026, 1, 26, 0, 30))
    assert list(settings.inbox.rglob("*.json")) == []
