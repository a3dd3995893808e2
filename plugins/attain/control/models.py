"""Tables of the control database: what arrived, what was built, what is published, what is held.

Embedded it is SQLite in the home, served it is PostgreSQL. Paths are relative to the home. Times are UTC.
The schema is made by the Alembic migrations beside this file; a test holds the two equal.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, DateTime, ForeignKey, Index, Integer, Numeric, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine


class Money(TypeDecorator[Decimal]):
    """Money with two decimals, exact on every engine: SQLite has no decimals, so there it is text.

    Accepts Decimal, int and decimal text; more than two decimals are an error, never rounded.
    """

    impl = Numeric(18, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(21) if dialect.name == "sqlite" else Numeric(18, 2))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        exact = Decimal(value)
        if exact != exact.quantize(Decimal("0.01")):
            raise ValueError(f"{value} has more than two decimals")
        return f"{exact:.2f}" if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Base(DeclarativeBase):
    """Base of every control table."""


class Arrival(Base):
    """A file seen in the inbox, whatever became of it. The same bytes twice are two arrivals of one delivery."""

    __tablename__ = "arrival"

    arrival_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    source_system: Mapped[str] = mapped_column(String(64), doc="Folder of the inbox it was put in.")
    file_name: Mapped[str] = mapped_column(Text, doc="Path below the inbox, as it was dropped.")
    content_sha256: Mapped[str] = mapped_column(String(64), index=True)
    byte_size: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(DateTime)
    outcome: Mapped[str] = mapped_column(String(16), doc="committed, duplicate, rejected or ignored.")
    reason: Mapped[str | None] = mapped_column(Text)
    remedy: Mapped[str | None] = mapped_column(Text, doc="What to do about a rejected file.")
    rejected_path: Mapped[str | None] = mapped_column(Text, doc="A rejected file under its own name.")
    archive_path: Mapped[str | None] = mapped_column(Text, doc="The original bytes, read-only, named by content.")
    manifest_path: Mapped[str | None] = mapped_column(Text, doc="The manifest that came beside it, archived too.")


class Delivery(Base):
    """The rows that one file brought for one feed. Rows count only while the status is `committed`."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_feed", "source", "feed", "status"),)

    delivery_id: Mapped[str] = mapped_column(String(40), primary_key=True, doc="From content, feed and mapping.")
    sequence: Mapped[int] = mapped_column(Integer, unique=True, doc="Order of arrival.")
    arrival_id: Mapped[int] = mapped_column(ForeignKey("arrival.arrival_id"))
    source_system: Mapped[str] = mapped_column(String(64), doc="Who sent it: zoho_crm, or a mapping's name.")
    source: Mapped[str] = mapped_column(String(64), doc="Source of the contract it was read by.")
    feed: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(Text, doc="As the arrival's; of a zip's member with `!` and its name.")
    content_sha256: Mapped[str] = mapped_column(String(64), index=True, doc="Of the bytes read: unpacked, if packed.")
    file_format: Mapped[str] = mapped_column(String(16), doc="csv, json, jsonl, html, xls or xlsx.")
    encoding: Mapped[str | None] = mapped_column(String(32))
    layout: Mapped[str | None] = mapped_column(Text, doc="Sheet and header row, or delimiter, as read.")
    mapping_name: Mapped[str | None] = mapped_column(String(64))
    mapping_sha256: Mapped[str | None] = mapped_column(String(64))
    contract_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), doc="committed, rejected or withdrawn.")
    received_at: Mapped[datetime] = mapped_column(DateTime)
    extracted_at: Mapped[datetime | None] = mapped_column(DateTime, doc="When the export was made, if it says so.")
    horizon_date: Mapped[date | None] = mapped_column(Date, doc="Last day its rows tell of.")
    rows_in_file: Mapped[int] = mapped_column(BigInteger)
    rows_loaded: Mapped[int] = mapped_column(BigInteger)
    rows_quarantined: Mapped[int] = mapped_column(BigInteger)
    rows_declared_totals: Mapped[int] = mapped_column(BigInteger, doc="Totals rows, checked and left out.")
    rows_not_for_feed: Mapped[int] = mapped_column(
        BigInteger, default=0, doc="Rows a mapping's `where` or `distinct` left to other feeds."
    )
    extra_columns: Mapped[list[str]] = mapped_column(JSON, doc="Columns the contract does not know, kept.")
    headers: Mapped[dict[str, str] | None] = mapped_column(
        JSON, doc="Header that each column of the contract stood under, in one form. NULL: not known."
    )
    reason: Mapped[str | None] = mapped_column(Text, doc="Why it was rejected or withdrawn.")
    raw_path: Mapped[str | None] = mapped_column(Text, doc="Folder of its typed Parquet.")
    quarantine_path: Mapped[str | None] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(128))
    mode: Mapped[str | None] = mapped_column(
        String(16), doc="changes, events or snapshot: its manifest's, else its contract's. NULL: changes."
    )
    rows_deleted: Mapped[int | None] = mapped_column(
        BigInteger, doc="Of the loaded rows, those that mark a record as deleted. NULL: none."
    )
    origin_delivery_id: Mapped[str | None] = mapped_column(
        String(40), doc="Of a row released from quarantine: the delivery it came in."
    )
    origin_row_number: Mapped[int | None] = mapped_column(BigInteger, doc="And its row there.")
    released_by: Mapped[str | None] = mapped_column(String(128))


class Sighting(Base):
    """A delivery's bytes that arrived once more: the same rows, so nothing is counted twice.

    It matters for two things only: a snapshot that comes again says that the system looks like that again, and files of
    one content under several dated names count by a date that does not depend on which of them came first.
    """

    __tablename__ = "sighting"

    sighting_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("delivery.delivery_id"), index=True)
    arrival_id: Mapped[int] = mapped_column(ForeignKey("arrival.arrival_id"))
    received_at: Mapped[datetime] = mapped_column(DateTime)
    extracted_at: Mapped[datetime | None] = mapped_column(DateTime, doc="When it says it was made; NULL: no news.")
    mode: Mapped[str] = mapped_column(String(16), doc="changes, events or snapshot, as the delivery's.")


class VanishConfirmation(Base):
    """A person's word that the records missing in a snapshot are really gone, however many they are."""

    __tablename__ = "vanish_confirmation"

    confirmation_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    arrival_id: Mapped[int] = mapped_column(ForeignKey("arrival.arrival_id"), doc="The snapshot: all its parts.")
    source: Mapped[str] = mapped_column(String(64))
    feed: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime] = mapped_column(DateTime)
    confirmed_by: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text)


class Release(Base):
    """A published release. Its id is derived from its inputs and is used once."""

    __tablename__ = "release"

    release_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    as_of_date: Mapped[date] = mapped_column(Date)
    code_version: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime] = mapped_column(DateTime)
    receipt_sha256: Mapped[str] = mapped_column(String(64))
    payout_totals: Mapped[dict[str, str]] = mapped_column(JSON, doc="Payable money by currency, as decimal text.")


class PointerMove(Base):
    """Each time `current` was pointed at a release: by publishing, by republishing, by a rollback."""

    __tablename__ = "pointer_move"

    move_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    release_id: Mapped[str] = mapped_column(ForeignKey("release.release_id"))
    moved_at: Mapped[datetime] = mapped_column(DateTime)
    cause: Mapped[str] = mapped_column(String(16), doc="publish, republish or rollback.")
    moved_by: Mapped[str] = mapped_column(String(128))


class Hold(Base):
    """A payee whose pay is kept back until somebody has looked (rule D5)."""

    __tablename__ = "hold"

    hold_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), index=True, doc="Inputs of the candidate it was found in.")
    payee_id: Mapped[str] = mapped_column(String(128))
    check_name: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    exposure_amount: Mapped[Decimal] = mapped_column(Money)
    currency_code: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(DateTime)


class Run(Base):
    """One run of the main job, however it was started."""

    __tablename__ = "run"

    run_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(DateTime)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime)
    state: Mapped[str] = mapped_column(String(16), doc="building, refused, published, unchanged or failed.")
    release_id: Mapped[str | None] = mapped_column(String(64))
