"""Payee holds (rule D5): kept in the control database for the candidate's inputs, and laid before dbt in its warehouse.

They belong to a fingerprint: the same inputs have the same holds when they are built again, other inputs have none
until the gate has looked at them. A hold is lifted by sending what makes the check pass, which is another fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
from sqlalchemy import select

from attain.control import database
from attain.control.models import Hold
from attain.quality.results import HeldPayee
from attain.settings import Settings
from attain.transform import dbt

# The staging view of control.hold and all that is built on it.
DEPENDENTS = "source:control.hold+"


def recorded(settings: Settings, fingerprint: str) -> list[HeldPayee]:
    """The holds that the control database has for these inputs, by payee, check and currency."""
    with database.session(settings) as session:
        found = session.scalars(select(Hold).where(Hold.fingerprint == fingerprint)).all()
        held = [
            HeldPayee(
                payee_id=hold.payee_id,
                check_name=hold.check_name,
                reason=hold.reason,
                remedy="",
                exposure_amount=str(hold.exposure_amount),
                currency_code=hold.currency_code,
            )
            for hold in found
        ]
    return sorted(held, key=lambda hold: (hold.payee_id, hold.check_name, hold.currency_code))


def apply(settings: Settings, run_id: str, fingerprint: str, held: Sequence[HeldPayee]) -> None:
    """Record holds for these inputs, hand them to dbt as `control.hold`, and rebuild what depends on them.

    Recorded holds that are not among `held` are kept: the same inputs are never held less than before.
    """
    _record(settings, fingerprint, held)
    _lay_before_dbt(settings, fingerprint)
    dbt.build_selected(settings, DEPENDENTS, run_id)


def _record(settings: Settings, fingerprint: str, held: Sequence[HeldPayee]) -> None:
    with database.session(settings) as session:
        for hold in held:
            session.merge(
                Hold(
                    hold_id=hold_id(fingerprint, hold),
                    fingerprint=fingerprint,
                    payee_id=hold.payee_id,
                    check_name=hold.check_name,
                    reason=hold.reason,
                    exposure_amount=Decimal(hold.exposure_amount),
                    currency_code=hold.currency_code,
                    created_at=datetime.now(UTC).replace(tzinfo=None),
                )
            )


def _lay_before_dbt(settings: Settings, fingerprint: str) -> None:
    rows = [
        [
            hold_id(fingerprint, hold),
            hold.payee_id,
            hold.check_name,
            hold.reason,
            Decimal(hold.exposure_amount),
            hold.currency_code,
        ]
        for hold in recorded(settings, fingerprint)
    ]
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.begin()
        connection.execute("delete from control.hold")
        connection.executemany(
            """
            insert into control.hold (hold_id, payee_id, check_name, reason, exposure_amount, currency_code)
            values (?, ?, ?, ?, ?, ?)
            """,
            rows,
        )
        connection.commit()


def hold_id(fingerprint: str, hold: HeldPayee) -> str:
    """Id of a hold: the same inputs, payee, check and currency give the same one."""
    key = "\x1f".join([fingerprint, hold.payee_id, hold.check_name, hold.currency_code])
    return hashlib.sha256(key.encode()).hexdigest()[:32]
