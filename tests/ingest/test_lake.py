"""Raw views: typed, whole, and only of what counts."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import pytest
from sqlalchemy import select

from attain.control import database
from attain.control.models import Delivery
from attain.ingest import contracts, deliveries, lake
from attain.settings import Settings
from tests.ingest.exports import deal, deals, ingest_one, quarantined, rows

NAME = "zoho_crm/deals/Deals_2026_01_26.csv"


def _described(settings: Settings, feed: contracts.Feed) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        lake.create_raw_views(settings, connection)
        found = connection.execute(f"describe raw.{feed.source}__{feed.name}").fetchall()
    return [(name, sql_type) for name, sql_type, *_ in found]


@pytest.mark.parametrize("delivered", [False, True], ids=["nothing delivered", "delivered"])
def test_views_have_the_contracts_columns_and_types(settings: Settings, delivered: bool) -> None:
    if delivered:
        ingest_one(settings, NAME, deals(deal(1)))
    for feed in contracts.feeds().values():
        expected = [(column.name, column.sql_type) for column in lake.raw_columns(feed)]
        assert _described(settings, feed) == expected
        assert len(expected) == len(feed.columns) + 11


def test_rows_carry_where_they_come_from(settings: Settings) -> None:
    delivery_id = ingest_one(settings, NAME, deals(deal(1))).deliveries[0].delivery_id
    columns = "_delivery_id, _row_number, _extra, _source_system, _file_name, _sequence, _extracted_at"
    assert rows(settings, "zoho_crm__deals", columns) == [
        (delivery_id, 2, None, "zoho_crm", NAME, 1, datetime(2026, 1, 26))
    ]


def test_only_committed_deliveries_count(settings: Settings) -> None:
    first = ingest_one(settings, NAME, deals(deal(1), deal(2, "x"))).deliveries[0].delivery_id
    ingest_one(settings, NAME, deals(deal(3)))
    ingest_one(settings, NAME, b"")
    assert len(quarantined(settings)) == 1
    deliveries.withdraw(settings, first, "wrong", "mei")
    assert rows(settings, "zoho_crm__deals", "deal_id") == [("404427000000000003",)]
    assert lake.quarantine_files(settings) == []


def test_deliveries_of_an_older_contract_read_as_null(settings: Settings) -> None:
    delivery_id = ingest_one(settings, NAME, deals(deal(1))).deliveries[0].delivery_id
    with database.session(settings) as session:
        delivery = session.scalars(select(Delivery)).one()
        delivery.contract_sha256 = "0" * 64
        part = settings.home / str(delivery.raw_path) / "part-00000.parquet"
    with duckdb.connect() as connection:  # as if `stage` and `closing_date` had been added to the contract since
        connection.execute(f"create table old as select * exclude (stage, closing_date) from '{part}'")
        part.unlink()
        connection.execute(f"copy old to '{part}' (format parquet)")
    ingest_one(settings, NAME, deals(deal(2)))
    assert rows(settings, "zoho_crm__deals", "_delivery_id = '" + delivery_id + "', stage, closing_date") == [
        (True, None, None),
        (False, "Closed Won", date(2025, 3, 4)),
    ]
