"""What all DAGs have in common: names of pools, owners and tags, and how often a task is tried. Light to import."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

# One slot: DuckDB has one writer at a time, and so has the register of deliveries.
WAREHOUSE_POOL = "attain_warehouse"
WAREHOUSE_POOL_SLOTS = 1

# Airflow's own; for tasks that only ask other systems, so that a slow answer does not keep the writers waiting.
NETWORK_POOL = "default_pool"

# With several files at once, all are taken in before the next step of a build: it then includes them all.
BEFORE_BUILDS = 100

# Before it no DAG has runs; nothing is ever caught up with, so it only has to lie in the past.
START_DATE = datetime(2026, 1, 1, tzinfo=UTC)

# The same as `attain.pipeline.LAYERS` (a test holds them equal), without what that module imports.
LAYERS = ("staging", "intermediate", "marts")


class Owner(StrEnum):
    """Who is asked when a DAG fails."""

    DATA_ENGINEERING = "data-engineering"
    SALES_OPERATIONS = "sales-operations"


class Tag(StrEnum):
    """Labels to find DAGs by in the UI."""

    INGEST = "ingest"
    MARTS = "marts"
    CRM = "crm"
    FINANCE = "finance"
    HR = "hr"
    PUBLISHED = "published"
    UPKEEP = "upkeep"


def tags(*chosen: Tag) -> list[str]:
    """The labels as Airflow wants them."""
    return [tag.value for tag in chosen]


def defaults(owner: Owner, priority_weight: int = 1) -> dict[str, Any]:
    """Arguments of every task: a step that found the writer's lock taken is tried again, and none runs for ever.

    Errors that trying again can't mend (bad input, a refusal of the gate) are made final by `attain.airflow.steps`.
    """
    return {
        "owner": owner.value,
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(hours=2),
        "pool": WAREHOUSE_POOL,
        "priority_weight": priority_weight,
    }
