"""Where attain lives and how it is set: everything from the environment, read once, passed on as one object.

`ATTAIN_HOME` holds all state. Two homes never meet: nothing outside a home is written, and every path in the
control database is relative to its home, so that a home can be moved.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from attain.errors import BadInput

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """All settings of one run.

    Attributes:
        home: folder of all state (`ATTAIN_HOME`, default `var/` of the project).
        project: folder of the checkout: dags, dbt project, plans, mappings, expectations.
        plans_dir: folder of the plan files (`ATTAIN_PLANS`, default `plans/`).
        mappings_dir: folder of the mapping files (`ATTAIN_MAPPINGS`, default `mappings/`).
        connectors_dir: folder of the files that say which forms and fields a connector asks for
            (`ATTAIN_CONNECTORS`, default `connectors/`).
        identities_dir: folder of the files that say who is who (`ATTAIN_IDENTITIES`, default `identities/`).
        timezone: the business time zone; it decides the period of an event (rule C4; `ATTAIN_TIMEZONE`).
        fx_max_age_days: a rate older than this is a hold (rule C3; `ATTAIN_FX_MAX_AGE_DAYS`).
        fx_rate_type: name of the rate type used to convert credit (rule C3; `ATTAIN_FX_RATE_TYPE`).
        max_held_exposure: share of a release's payout that row-level holds may cover before the whole release
            is refused (0–1; `ATTAIN_MAX_HELD_EXPOSURE`).
        max_quarantine_ratio: share of a file's rows that may be quarantined before the whole file is rejected
            (0–1; `ATTAIN_MAX_QUARANTINE_RATIO`).
        max_vanished_ratio: share of the known records that a full snapshot may lack before their deletion waits for a
            person (0–1; `ATTAIN_MAX_VANISHED_RATIO`).
        memory_limit_gb: memory in GB that building models may take; what needs more goes through files in the
            warehouse (`ATTAIN_MEMORY_LIMIT_GB`).
        known_at: build from what had been received by this moment, as it was known then (UTC without zone;
            `ATTAIN_KNOWN_AT`); such a candidate can be looked at, not published. None: from all there is.
        scratch: folder of a warehouse that is nobody's candidate (a simulation's); what is built in it can't be
            published. None: the home's own. Never set from the environment.
        as_of: the day the run is computed for; None: the last day that the deliveries themselves tell of
            (`ATTAIN_AS_OF`). The machine's clock never decides it.
        control_dsn: SQLAlchemy URL of the control database (`ATTAIN_CONTROL_DSN`, default SQLite in the home).
        bi_dsn: PostgreSQL that BI reads (`ATTAIN_BI_DSN`); empty: releases are files only. Never printed or logged.
    """

    home: Path
    project: Path = PROJECT_ROOT
    plans_dir: Path = PROJECT_ROOT / "plans"
    mappings_dir: Path = PROJECT_ROOT / "mappings"
    connectors_dir: Path = PROJECT_ROOT / "connectors"
    identities_dir: Path = PROJECT_ROOT / "identities"
    timezone: str = "Asia/Shanghai"
    fx_max_age_days: int = 7
    fx_rate_type: str = "middle"
    max_held_exposure: float = 0.05
    max_quarantine_ratio: float = 0.20
    max_vanished_ratio: float = 0.02
    memory_limit_gb: int = 4
    known_at: datetime | None = None
    as_of: date | None = None
    scratch: Path | None = None
    control_dsn: str = field(default="", repr=False)
    bi_dsn: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from environment variables.

        Raises:
            BadInput: a value that can't be read, with its name, value and what would be accepted.
        """
        env = os.environ if environment is None else environment
        home = Path(env.get("ATTAIN_HOME") or PROJECT_ROOT / "var").expanduser().absolute()
        timezone = env.get("ATTAIN_TIMEZONE") or "Asia/Shanghai"
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            raise BadInput(
                f"ATTAIN_TIMEZONE={timezone!r} is not a time zone", "use an IANA name such as Asia/Shanghai"
            ) from None
        return cls(
            home=home,
            plans_dir=Path(env.get("ATTAIN_PLANS") or PROJECT_ROOT / "plans").expanduser().absolute(),
            mappings_dir=Path(env.get("ATTAIN_MAPPINGS") or PROJECT_ROOT / "mappings").expanduser().absolute(),
            connectors_dir=Path(env.get("ATTAIN_CONNECTORS") or PROJECT_ROOT / "connectors").expanduser().absolute(),
            identities_dir=Path(env.get("ATTAIN_IDENTITIES") or PROJECT_ROOT / "identities").expanduser().absolute(),
            timezone=timezone,
            fx_max_age_days=_integer(env, "ATTAIN_FX_MAX_AGE_DAYS", 7),
            fx_rate_type=env.get("ATTAIN_FX_RATE_TYPE") or "middle",
            max_held_exposure=_share(env, "ATTAIN_MAX_HELD_EXPOSURE", 0.05),
            max_quarantine_ratio=_share(env, "ATTAIN_MAX_QUARANTINE_RATIO", 0.20),
            max_vanished_ratio=_share(env, "ATTAIN_MAX_VANISHED_RATIO", 0.02),
            memory_limit_gb=_integer(env, "ATTAIN_MEMORY_LIMIT_GB", 4),
            known_at=_moment(env, "ATTAIN_KNOWN_AT", timezone),
            as_of=_day(env, "ATTAIN_AS_OF"),
            control_dsn=env.get("ATTAIN_CONTROL_DSN") or f"sqlite:///{home / 'control.db'}",
            bi_dsn=env.get("ATTAIN_BI_DSN") or "",
        )

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        """Folder of the private warehouse; the DuckDB file in it is `warehouse_file`."""
        return self.scratch or self.home / "warehouse"

    @property
    def warehouse_file(self) -> Path:
        return self.warehouse / "attain.duckdb"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def airflow_home(self) -> Path:
        return self.home / "airflow"

    @property
    def dbt_project(self) -> Path:
        return self.project / "dbt_project"

    @property
    def expectations_dir(self) -> Path:
        return self.project / "expectations"


def _integer(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name)
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise BadInput(f"{name}={text!r} is not a whole number", f"unset it or give one, e.g. {default}") from None


def _share(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise BadInput(f"{name}={text!r} is not a share", "give a number from 0 to 1, e.g. 0.05")
    return value


def _day(env: Mapping[str, str], name: str) -> date | None:
    text = env.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{name}={text!r} is not a day", "write it as YYYY-MM-DD") from None


def _moment(env: Mapping[str, str], name: str, timezone: str) -> datetime | None:
    text = env.get(name)
    return moment(text, timezone, name) if text else None


def moment(text: str, timezone: str, what: str) -> datetime:
    """A moment in ISO 8601 as UTC without zone; one without offset is in `timezone`, and a day means its end.

    Raises:
        BadInput: it is none; the message names `what` it was for.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            found = datetime.combine(date.fromisoformat(text), time.max)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{what}={text!r} is not a moment", "write it like 2026-01-26T18:00:00+08:00") from None
    zoned = found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(timezone))
    return zoned.astimezone(UTC).replace(tzinfo=None)
