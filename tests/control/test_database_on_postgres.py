"""The control database on a real PostgreSQL, as it is served: the same tables, the same register, the same money."""

from __future__ import annotations

import dataclasses
import os
from datetime import datetime
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from attain.control import database
from attain.control.models import Base, Hold
from attain.errors import BadInput
from attain.ingest import deliveries
from attain.settings import Settings

pytest_plugins = ["tests.postgres_server"]

RECEIPTS = (
    b"Receipt Number,Invoice Number,Date,Amount,Currency Code\nR1,I1,2025-01-02,10.00,CNY\nR2,I1,2025-01-03,x,CNY\n"
)


@pytest.fixture
def served(settings: Settings, postgres_server, postgres_database: str) -> Settings:
    address = postgres_server.dsn(postgres_database).replace("postgresql://", "postgresql+psycopg://")
    served = dataclasses.replace(settings, control_dsn=address, max_quarantine_ratio=1.0)
    yield served
    database.engine(served).dispose()


def drop(settings: Settings, name: str, content: bytes) -> None:
    file = settings.inbox / "finance" / "receipts" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (1_700_000_000, 1_700_000_000))


def test_models_equal_migrations(served: Settings) -> None:
    database.upgrade(served)
    with database.engine(served).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_register_works_as_on_sqlite(served: Settings) -> None:
    drop(served, "first.csv", RECEIPTS)
    drop(served, "again.csv", RECEIPTS)
    report = deliveries.ingest_source(served, "finance")
    assert sorted(file.outcome for file in report.files) == ["committed", "duplicate"]
    (delivery,) = deliveries.list_deliveries(served)
    assert (delivery.rows_in_file, delivery.rows_loaded, delivery.rows_quarantined) == (2, 1, 1)
    deliveries.withdraw(served, delivery.delivery_id, "wrong", "somebody")
    assert [found.status for found in deliveries.list_deliveries(served)] == ["withdrawn"]
    with pytest.raises(BadInput):
        deliveries.withdraw(served, "nothing", "wrong", "somebody")
    assert not (served.home / "control.db").exists()


def test_money_stays_exact(served: Settings) -> None:
    amount = Decimal("9999999999999999.99")
    with database.session(served) as session:
        session.add(
            Hold(
                hold_id="h",
                fingerprint="f" * 64,
                payee_id="E1",
                check_name="c",
                reason="r",
                exposure_amount=amount,
                currency_code="CNY",
                created_at=datetime(2026, 1, 1),
            )
        )
    with database.session(served) as session:
        assert session.scalars(select(Hold.exposure_amount)).one() == amount
