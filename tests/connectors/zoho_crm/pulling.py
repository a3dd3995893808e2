"""Pulls as the tests make them, and a look at what lies in the inbox and in the lake after them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import duckdb

from attain.connectors import zoho_crm
from attain.connectors.pulled import Pulled
from attain.connectors.zoho_crm import Connection
from attain.ingest import lake
from attain.settings import Settings
from tests.connectors.zoho_server import Zoho, moment
from tests.ingest.exports import ingest


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def pull(
    settings: Settings, connection: Connection, *feeds: str, mode: str = "changes", clock: Clock | None = None
) -> dict[str, Pulled]:
    """Pull; what each feed came to."""
    time = clock or Clock()
    found = zoho_crm.pull(settings, connection, feeds, mode, sleep=time.sleep, clock=time)
    return {item.feed: item for item in found}


def pull_well(settings: Settings, connection: Connection, *feeds: str, mode: str = "changes") -> dict[str, Pulled]:
    """Pull, and see that no feed had a problem."""
    found = pull(settings, connection, *feeds, mode=mode)
    assert [item.problem for item in found.values() if item.problem] == []
    return found


def files(settings: Settings, feed: str) -> list[Path]:
    """The files that wait in a feed's inbox, without their manifests, which are held against them."""
    folder = settings.inbox / "zoho_crm" / feed
    found = sorted(path for path in folder.glob("*") if not path.name.endswith(".manifest.json"))
    assert not [path for path in found if path.name.startswith(".")], "a pull that has ended leaves no drafts"
    assert {f"{path.name}.manifest.json" for path in found} == {path.name for path in folder.glob("*.manifest.json")}
    for path in found:
        said = manifest(path)
        assert said["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert said["rows"] == len(lines(path))
        assert moment(said["extracted_at"]).tzinfo is not None
    return found


def manifest(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(f"{path}.manifest.json").read_text(encoding="utf-8"))
    return found


def lines(path: Path) -> list[str]:
    """Lines of a pulled file; of a zip the records of its CSV as such."""
    if path.suffix != ".zip":
        return path.read_text(encoding="utf-8").splitlines()
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        text = archive.read(member).decode()
    return [json.dumps(row) for row in csv.DictReader(io.StringIO(text, newline=""))]


def records(path: Path) -> list[dict[str, Any]]:
    """Records of a file of JSON Lines; numbers are text."""
    return [json.loads(line, parse_float=str, parse_int=str) for line in lines(path)]


def all_records(settings: Settings, feed: str) -> list[dict[str, Any]]:
    return [record for path in files(settings, feed) for record in records(path)]


def taken_in(settings: Settings) -> None:
    """Ingest what was pulled. Until ingest reads manifests, it would take them for files of their own."""
    report = ingest(settings)
    assert [file for file in report.files if file.needs_a_look] == []


def latest(settings: Settings, feed: str, key: str, *columns: str) -> dict[str, tuple[Any, ...]]:
    """The columns of each record's newest revision, by id; what is deleted is left out, as the models leave it out."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        lake.create_raw_views(settings, connection)
        found = connection.execute(
            f"select {key}, {', '.join(columns)} from raw.zoho_crm__{feed} where _is_gone is not true "
            f"qualify row_number() over ("
            f"partition by {key} order by modified_at desc nulls last, _sequence desc, _row_number desc) = 1"
        ).fetchall()
    return {row[0]: row[1:] for row in found}


def number(text: str) -> str:
    return text.removeprefix("#")


def deals_of(zoho: Zoho) -> dict[str, tuple[Any, ...]]:
    """What the CRM itself says of its deals: amount, stage, owner."""
    return {
        key: (number(record["Amount"]), record["Stage"], record["Owner"]["id"])
        for key, record in zoho.modules["Deals"].items()
    }


def landed_deals(settings: Settings) -> dict[str, tuple[Any, ...]]:
    found = latest(settings, "deals", "deal_id", "amount::varchar", "stage", "owner_id")
    return {key: tuple(row) for key, row in found.items()}
